//! The caller of a request, from its access token, verified once at the gate.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use uuid::Uuid;

use super::member::{Member, Role, Scope};
use super::tokens::Tokens;
use crate::http::Address;
use crate::problem::{Kind, Problem};

/// Who calls. Without a token: the public.
#[derive(Clone, Debug, Default)]
pub struct Caller(Option<Member>);

impl Caller {
    /// Somebody for whom the service does something beside requests, with what they may.
    #[must_use]
    pub fn on_behalf_of(member: Member) -> Self {
        Self(Some(member))
    }

    #[must_use]
    pub fn role(&self) -> Role {
        self.0.as_ref().map_or(Role::Public, |member| member.role)
    }

    #[must_use]
    pub fn user(&self) -> Option<Uuid> {
        self.0.as_ref().map(|member| member.user)
    }

    #[must_use]
    pub fn session(&self) -> Option<Uuid> {
        self.0.as_ref().map(|member| member.session)
    }

    /// Whose records are the caller's own: an organisation's, an expert's or a partner site's.
    #[must_use]
    pub fn owner(&self) -> Option<Uuid> {
        self.0.as_ref().and_then(Member::owner)
    }

    /// The name of a partner site.
    #[must_use]
    pub fn partner(&self) -> Option<&str> {
        self.0.as_ref().and_then(|member| member.partner.as_deref())
    }

    /// Was a second factor shown at sign-in?
    #[must_use]
    pub fn is_strong(&self) -> bool {
        self.0.as_ref().is_some_and(|member| member.strong)
    }

    #[must_use]
    pub fn has_scope(&self, scope: Scope) -> bool {
        self.0.as_ref().is_some_and(|member| member.scopes.contains(&scope))
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
        if self.0.is_some() { Problem::new(Kind::Forbidden) } else { unauthenticated() }
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

/// Who sends a request. Without `Authorization` it is the public's; one with a token that is not good, or that comes
/// from where its owner does not call from, is refused, not taken as public.
///
/// # Errors
/// `unauthenticated`.
pub fn identify(request: &ServiceRequest) -> Result<Caller, Problem> {
    let Some(header) = request.headers().get(header::AUTHORIZATION) else {
        return Ok(Caller::default());
    };
    // The token endpoint takes the secret of a partner site in this header; it looks at it by itself.
    if request.match_info().as_str() == super::partners::TOKEN_ENDPOINT {
        return Ok(Caller::default());
    }
    let tokens = request.app_data::<web::Data<Tokens>>().ok_or_else(|| Problem::internal("no tokens"))?;
    let address: IpAddr = Address::of(request.request()).0;
    let token = bearer(header);
    let member = token.and_then(|token| tokens.verify(token, address));
    member.map(|member| Caller(Some(member))).ok_or_else(refused_token)
}

/// The caller that the gate let pass. Where there was no gate nobody gets further.
impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        ready(caller.ok_or_else(|| Problem::internal("a request came past the gate")))
    }
}

/// Someone signed in, whatever the role.
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

/// The token that a request bears.
#[must_use]
pub fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION).and_then(bearer)
}

/// The token of `Bearer …`; the scheme's case does not matter (RFC 9110, 11.1).
fn bearer(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
