//! Conditional requests (RFC 9110, section 13): strong ETags, `If-Match` and `If-None-Match`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest};
use serde_json::Value;

use crate::problem::{Kind, Problem};

/// The strong ETag of a version of a record. A view without the personal data is another representation, so it has
/// another tag (RFC 9110, 8.8.3); both name the same version.
#[must_use]
pub fn etag(version: i64, concealed: bool) -> String {
    if concealed { format!("\"{version}-public\"") } else { format!("\"{version}\"") }
}

/// The strong ETag of a record as it was answered, with its personal data.
#[must_use]
pub fn etag_of(answer: &Value) -> String {
    etag(answer["version"].as_i64().unwrap_or(1), false)
}

/// The condition headers of a request.
pub struct Conditions {
    if_match: Option<String>,
    if_none_match: Option<String>,
}

impl FromRequest for Conditions {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let headers = request.headers();
        ready(Ok(Self {
            if_match: list(headers, header::IF_MATCH),
            if_none_match: list(headers, header::IF_NONE_MATCH),
        }))
    }
}

/// A header that may come in several lines, as one list. An empty one says nothing.
fn list(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    let lines: Vec<&str> =
        headers.get_all(name).filter_map(|value| value.to_str().ok()).filter(|line| !line.trim().is_empty()).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

impl Conditions {
    /// Does the caller have this very representation already?
    #[must_use]
    pub fn is_known(&self, etag: &str) -> bool {
        let Some(tags) = &self.if_none_match else {
            return false;
        };
        // If-None-Match compares weakly.
        tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
    }

    /// A change goes on only from the version that the caller has read.
    ///
    /// # Errors
    /// `precondition-required` without `If-Match`, `precondition-failed` if it names another version.
    pub fn allow_change(&self, version: i64) -> Result<(), Problem> {
        self.allow_change_of(&[etag(version, false), etag(version, true)])
    }

    /// The same for what has other tags than a version: those that it has now.
    ///
    /// # Errors
    /// As [`Conditions::allow_change`].
    pub fn allow_change_of(&self, current: &[String]) -> Result<(), Problem> {
        let Some(tags) = &self.if_match else {
            return Err(Problem::new(Kind::PreconditionRequired));
        };
        // If-Match compares strongly: a weak tag never matches.
        let matches = tags.split(',').map(str::trim).any(|tag| tag == "*" || current.iter().any(|known| known == tag));
        if matches { Ok(()) } else { Err(Problem::new(Kind::PreconditionFailed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn having(if_match: Option<&str>, if_none_match: Option<&str>) -> Conditions {
        Conditions { if_match: if_match.map(str::to_owned), if_none_match: if_none_match.map(str::to_owned) }
    }

    #[test]
    fn if_match_is_strong_and_required() {
        let refusal = |tags| having(tags, None).allow_change(3).err().map(|problem| problem.kind);
        assert_eq!(refusal(None), Some(Kind::PreconditionRequired));
        assert_eq!(refusal(Some("\"2\"")), Some(Kind::PreconditionFailed));
        assert_eq!(refusal(Some("W/\"3\"")), Some(Kind::PreconditionFailed));
        assert_eq!(refusal(Some("3")), Some(Kind::PreconditionFailed));
        for right in ["\"3\"", "\"3-public\"", "\"1\", \"3\"", "*"] {
            assert_eq!(refusal(Some(right)), None, "{right}");
        }
    }

    #[test]
    fn an_empty_header_says_nothing() {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, header::HeaderValue::from_static(" "));
        assert_eq!(list(&headers, header::IF_MATCH), None);
        headers.append(header::IF_MATCH, header::HeaderValue::from_static("\"1\""));
        assert_eq!(list(&headers, header::IF_MATCH).as_deref(), Some("\"1\""));
    }

    #[test]
    fn if_none_match_is_weak() {
        assert!(having(None, Some("W/\"3\"")).is_known("\"3\""));
        assert!(having(None, Some("\"1\",\"3\"")).is_known("\"3\""));
        assert!(!having(None, Some("\"3\"")).is_known("\"3-public\""));
        assert!(!having(None, None).is_known("\"3\""));
    }
}
