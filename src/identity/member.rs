//! Accounts as the rest of the service sees them: who, in which role, for whom.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What an account may do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsExpression, FromSqlRow, clap::ValueEnum,
)]
#[diesel(sql_type = Text)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The centre's staff: writes everything.
    Staff,
    /// An enterprise: writes itself and its demands.
    Enterprise,
    /// An expert: writes its own record.
    Expert,
}

impl Role {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Enterprise => "enterprise",
            Self::Expert => "expert",
        }
    }
}

impl diesel::serialize::ToSql<Text, diesel::pg::Pg> for Role {
    fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
        <str as diesel::serialize::ToSql<Text, diesel::pg::Pg>>::to_sql(self.as_str(), out)
    }
}

impl diesel::deserialize::FromSql<Text, diesel::pg::Pg> for Role {
    fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
        let text = <String as diesel::deserialize::FromSql<Text, diesel::pg::Pg>>::from_sql(bytes)?;
        let role = [Self::Staff, Self::Enterprise, Self::Expert].into_iter().find(|role| role.as_str() == text);
        role.ok_or_else(|| format!("{text} is not a role").into())
    }
}

/// Someone signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub user: Uuid,
    pub session: Uuid,
    pub role: Role,
    /// The organisation of an account of role `enterprise`.
    pub organisation: Option<Uuid>,
    /// The record of an account of role `expert`.
    pub expert: Option<Uuid>,
}
