//! The one error of the service: an RFC 9457 problem document.
//!
//! A problem says its [`Kind`] (from the closed catalogue, each with a page of its own), a sentence for the reader
//! in Chinese and English, and for invalid input every fault found. What went wrong inside is logged, never sent.

mod catalogue;
mod faults;
pub mod pages;

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

pub use catalogue::Kind;
pub use faults::{Fault, Faults, FieldFault, not_allowed};

/// The language of a reader, from `Accept-Language`. Chinese unless English is preferred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    Chinese,
    English,
}

impl Language {
    /// As `Content-Language` and HTML name it (RFC 5646).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }
}

/// A sentence in both languages of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    zh: Cow<'static, str>,
    en: Cow<'static, str>,
}

impl Message {
    pub fn new(zh: impl Into<Cow<'static, str>>, en: impl Into<Cow<'static, str>>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    #[must_use]
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.zh,
            Language::English => &self.en,
        }
    }
}

/// An answer that is not what the caller hoped for.
#[derive(Debug)]
pub struct Problem {
    pub kind: Kind,
    detail: Option<Message>,
    faults: Faults,
    headers: Vec<(HeaderName, HeaderValue)>,
}

pub type Answer<T> = Result<T, Problem>;

impl Problem {
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind, detail: None, faults: Faults::default(), headers: Vec::new() }
    }

    #[must_use]
    pub fn saying(mut self, zh: impl Into<Cow<'static, str>>, en: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(Message::new(zh, en));
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// A body that was read but breaks rules: every fault at once.
    #[must_use]
    pub fn invalid(faults: Faults) -> Self {
        Self { faults, ..Self::new(Kind::InvalidInput) }
    }

    /// A body with one fault that only the database could see, such as a reference to nothing.
    #[must_use]
    pub fn invalid_field(pointer: &str, fault: FieldFault) -> Self {
        Self::invalid(Faults::one(pointer, fault))
    }

    /// Query parameters that break rules; pointers are relative to the set of parameters.
    #[must_use]
    pub fn invalid_parameters(faults: Faults) -> Self {
        Self { faults, ..Self::new(Kind::InvalidParameter) }
    }

    /// A value that must be unique and is taken.
    #[must_use]
    pub fn conflict(pointer: &str, fault: FieldFault) -> Self {
        Self { faults: Faults::one(pointer, fault), ..Self::new(Kind::Conflict) }
    }

    /// Everything that stands in the way of what was asked for.
    #[must_use]
    pub fn conflicts(faults: Faults) -> Self {
        Self { faults, ..Self::new(Kind::Conflict) }
    }

    /// A token that may not be used for this (RFC 6750, 3.1).
    #[must_use]
    pub fn insufficient_scope(scope: &str) -> Self {
        let challenge = format!("Bearer realm=\"duijie\", error=\"insufficient_scope\", scope=\"{scope}\"");
        let problem = Self::new(Kind::InsufficientScope);
        match HeaderValue::from_str(&challenge) {
            Ok(value) => problem.with_header(header::WWW_AUTHENTICATE, value),
            Err(_) => problem,
        }
    }

    /// Too often: what to wait, in seconds (RFC 6585, 4).
    #[must_use]
    pub fn too_many_requests(seconds: u64) -> Self {
        Self::new(Kind::TooManyRequests).with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound)
    }

    /// Something broke inside. The cause goes to the log under the request's span; the caller learns nothing of it.
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::new(Kind::Internal)
    }

    /// The document as it is sent.
    #[must_use]
    pub fn document(&self, language: Language, instance: String, trace_id: String) -> ProblemDocument {
        let explained =
            self.detail.as_ref().map_or_else(|| self.kind.explanation(language), |d| d.in_language(language));
        ProblemDocument {
            r#type: format!("/problems/{}", self.kind.slug()),
            title: self.kind.title(language).to_owned(),
            status: self.kind.status().as_u16(),
            detail: explained.to_owned(),
            instance,
            trace_id,
            errors: self.faults.in_language(language),
        }
    }

    /// The faults of the input, for whoever tells them elsewhere than in an answer.
    #[must_use]
    pub fn into_faults(self) -> Faults {
        self.faults
    }

    #[must_use]
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.kind.slug())
    }
}

impl std::error::Error for Problem {}

/// Only the status: the body is written where the request is known ([`crate::http::envelope`]).
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.kind.status())
    }
}

impl From<diesel::result::Error> for Problem {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind, Error};
        match &error {
            Error::NotFound => Self::not_found(),
            Error::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _) => {
                tracing::error!(%error, "lost the database");
                Self::new(Kind::Unavailable)
            }
            _ => Self::internal(error),
        }
    }
}

/// `application/problem+json` (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Where this kind of problem is explained, relative to this service.
    #[schema(example = "/problems/invalid-input", format = "uri-reference", max_length = 200)]
    pub r#type: String,
    /// The kind of problem, in the language of `Accept-Language` (`zh-CN`, `en`).
    #[schema(max_length = 200)]
    pub title: String,
    /// The HTTP status code.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What went wrong this time.
    #[schema(max_length = 2000)]
    pub detail: String,
    /// The path that was asked for.
    #[schema(format = "uri-reference", max_length = 4000)]
    pub instance: String,
    /// The W3C trace id of the request; name it when you ask us about this answer.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    pub trace_id: String,
    /// Every fault of the input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub errors: Vec<Fault>,
}
