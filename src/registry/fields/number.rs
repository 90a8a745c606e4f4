//! Numbers.

use deserr::Deserr;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::SmallInt;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::{Faults, FieldFault};

/// Technology readiness level, 1 to 9 (GB/T 22900): laboratory 1–4, pilot 5–6, demonstration 7–8, industrial 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, AsExpression, FromSqlRow)]
#[diesel(sql_type = SmallInt)]
#[serde(transparent)]
#[deserr(error = Faults, try_from(i64) = Self::parse -> FieldFault)]
pub struct Maturity(i16);

impl Maturity {
    /// # Errors
    /// `out_of_range`.
    pub fn parse(level: i64) -> Result<Self, FieldFault> {
        match i16::try_from(level) {
            Ok(level @ 1..=9) => Ok(Self(level)),
            _ => Err(FieldFault::new("out_of_range", "技术成熟度为 1 到 9 级", "a readiness level is 1 to 9")),
        }
    }

    #[must_use]
    pub fn level(self) -> u8 {
        u8::try_from(self.0).unwrap_or_default()
    }
}

impl diesel::serialize::ToSql<SmallInt, diesel::pg::Pg> for Maturity {
    fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
        <i16 as diesel::serialize::ToSql<SmallInt, diesel::pg::Pg>>::to_sql(&self.0, out)
    }
}

impl diesel::deserialize::FromSql<SmallInt, diesel::pg::Pg> for Maturity {
    fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
        <i16 as diesel::deserialize::FromSql<SmallInt, diesel::pg::Pg>>::from_sql(bytes).map(Self)
    }
}

impl PartialSchema for Maturity {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .minimum(Some(1))
            .maximum(Some(9))
            .examples([6])
            .into()
    }
}
impl ToSchema for Maturity {}
