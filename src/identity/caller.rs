//! The caller of a request, from its access token.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest, web};
use uuid::Uuid;

use super::member::{Member, Role};
use super::tokens::Tokens;
use crate::problem::{Kind, Problem};

/// Who calls. Without a token: the public.
#[derive(Clone, Debug, Default)]
pub struct Caller(Option<Member>);

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
        let Some(tokens) = request.app_data::<web::Data<Tokens>>() else {
            return ready(Err(Problem::internal("no tokens in the request")));
        };
        let token = header.to_str().ok().and_then(bearer);
        let member = token.and_then(|token| tokens.verify(token));
        ready(member.map(Self::member).ok_or_else(refused_token))
    }
}

/// Someone signed in, whatever the role. Named before the body, it refuses the public before the body is read.
pub struct SignedIn {
    pub user: Uuid,
    pub session: Uuid,
}

impl FromRequest for SignedIn {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload).into_inner();
        ready(caller.and_then(|caller| match caller.0 {
            Some(member) => Ok(Self { user: member.user, session: member.session }),
            None => Err(unauthenticated()),
        }))
    }
}

/// The token of `Bearer …`; the scheme's case does not matter (RFC 9110, 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
