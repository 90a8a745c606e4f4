//! `Prefer: wait=n` (RFC 7240): hold the answer to a write until it can be found.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::HeaderName;
use actix_web::{FromRequest, HttpRequest};

use crate::problem::Problem;

/// Longer than this no answer is held.
const MOST: u64 = 30;

pub const PREFER: HeaderName = HeaderName::from_static("prefer");
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The preferences of a request; what is not understood is ignored, as the RFC says.
pub struct Prefer {
    pub wait: Option<Duration>,
}

impl FromRequest for Prefer {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let lines = request.headers().get_all(PREFER).filter_map(|value| value.to_str().ok());
        ready(Ok(Self { wait: lines.flat_map(|line| line.split(',')).find_map(wait) }))
    }
}

fn wait(preference: &str) -> Option<Duration> {
    let (name, value) = preference.split(';').next()?.split_once('=')?;
    let seconds: u64 = value.trim().trim_matches('"').parse().ok()?;
    name.trim().eq_ignore_ascii_case("wait").then(|| Duration::from_secs(seconds.min(MOST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_is_bounded_and_the_rest_ignored() {
        assert_eq!(wait("wait=5"), Some(Duration::from_secs(5)));
        assert_eq!(wait(" Wait = \"7\" ; x"), Some(Duration::from_secs(7)));
        assert_eq!(wait("wait=999999"), Some(Duration::from_secs(MOST)));
        assert_eq!(wait("wait=-1"), None);
        assert_eq!(wait("respond-async"), None);
    }
}
