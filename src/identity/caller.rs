//! The caller of a request, from its access token.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest, web};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problem::{Kind, Problem};
use crate::server::State;

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

/// Who calls. Without a token: the public.
#[derive(Clone, Debug, Default)]
pub struct Caller(Option<Member>);

/// Someone signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub user: Uuid,
    pub role: Role,
    /// The organisation of an account of role `enterprise`.
    pub organisation: Option<Uuid>,
    /// The record of an account of role `expert`.
    pub expert: Option<Uuid>,
}

impl Caller {
    #[must_use]
    pub fn member(member: Member) -> Self {
        Self(Some(member))
    }

    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        self.0.is_some()
    }

    #[must_use]
    pub fn is_staff(&self) -> bool {
        self.0.as_ref().is_some_and(|member| member.role == Role::Staff)
    }

    #[must_use]
    pub fn user(&self) -> Option<Uuid> {
        self.0.as_ref().map(|member| member.user)
    }

    #[must_use]
    pub fn organisation(&self) -> Option<Uuid> {
        self.0.as_ref().and_then(|member| member.organisation)
    }

    #[must_use]
    pub fn expert(&self) -> Option<Uuid> {
        self.0.as_ref().and_then(|member| member.expert)
    }

    /// The account of whoever is signed in.
    ///
    /// # Errors
    /// `unauthenticated` for the public.
    pub fn signed_in(&self) -> Result<Uuid, Problem> {
        self.user().ok_or_else(unauthenticated)
    }

    /// The problem of a caller who may not: sign in first, or not allowed at all.
    #[must_use]
    pub fn refused(&self) -> Problem {
        if self.is_signed_in() { Problem::new(Kind::Forbidden) } else { unauthenticated() }
    }
}

/// RFC 6750, section 3: what to bring.
fn unauthenticated() -> Problem {
    Problem::new(Kind::Unauthenticated)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"duijie\""))
}

fn refused_token() -> Problem {
    Problem::new(Kind::Unauthenticated).with_header(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer realm=\"duijie\", error=\"invalid_token\""),
    )
}

/// A request without `Authorization` is the public's; one with a token that is not good is refused, not taken as public.
impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(header) = request.headers().get(header::AUTHORIZATION) else {
            return ready(Ok(Self::default()));
        };
        let Some(state) = request.app_data::<web::Data<State>>() else {
            return ready(Err(Problem::internal("no state in the request")));
        };
        let token = header.to_str().ok().and_then(bearer);
        let member = token.and_then(|token| state.tokens.verify(token));
        ready(member.map(Self::member).ok_or_else(refused_token))
    }
}

/// The token of `Bearer …`; the scheme's case does not matter (RFC 9110, 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
