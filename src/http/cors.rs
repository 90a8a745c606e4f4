//! Which other web sites' pages may call the API (CORS), by the settings. Tokens travel in a header, so there is no need
//! of credentials mode.

use std::str::FromStr;

use actix_cors::Cors;
use actix_web::http::Uri;
use actix_web::http::header::{self, HeaderName};
use actix_web::middleware::Condition;

use super::idempotency::IDEMPOTENCY_KEY;
use super::limits::{RATELIMIT, RATELIMIT_POLICY};
use super::prefer::{PREFER, PREFERENCE_APPLIED};
use super::trace::{REQUEST_ID, TRACEPARENT};
use crate::exports::routes::CHANGE_POSITION;

/// Seconds that a browser may keep the answer to a preflight; none keeps it for longer.
const KEPT: usize = 7200;

/// The origin of a web site (RFC 6454), as browsers write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteOrigin(String);

impl FromStr for SiteOrigin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "an origin is https://host or https://host:port, in small letters and without a path";
        let uri: Uri = text.parse().map_err(|_| wrong)?;
        let (scheme, host) = (uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default());
        let port = match (scheme, uri.port_u16()) {
            // A browser leaves these out.
            ("https", Some(443)) | ("http", Some(80)) => return Err(wrong),
            ("https" | "http", Some(port)) => format!(":{port}"),
            ("https" | "http", None) => String::new(),
            _ => return Err(wrong),
        };
        let origin = format!("{scheme}://{}{port}", host.to_ascii_lowercase());
        if origin == text && !host.contains('*') { Ok(Self(origin)) } else { Err(wrong) }
    }
}

/// The middleware; without origins it does nothing.
#[must_use]
pub fn cors(origins: &[SiteOrigin]) -> Condition<Cors> {
    let cors = origins.iter().fold(Cors::default(), |cors, origin| cors.allowed_origin(&origin.0));
    let cors = cors
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers(asked())
        .expose_headers(answered())
        .max_age(KEPT)
        // The envelope says it of every answer.
        .disable_vary_header();
    Condition::new(!origins.is_empty(), cors)
}

/// The headers of requests that the API reads.
fn asked() -> [HeaderName; 8] {
    [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::ACCEPT_LANGUAGE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        IDEMPOTENCY_KEY,
        PREFER,
        TRACEPARENT,
    ]
}

/// The headers of answers that say something to the caller.
fn answered() -> [HeaderName; 10] {
    [
        header::ETAG,
        header::LINK,
        header::LOCATION,
        header::RETRY_AFTER,
        header::WWW_AUTHENTICATE,
        RATELIMIT,
        RATELIMIT_POLICY,
        PREFERENCE_APPLIED,
        REQUEST_ID,
        CHANGE_POSITION,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for right in ["https://example.com", "https://a.example.com:8443", "http://localhost:3000", "http://[::1]:3000"]
        {
            assert!(right.parse::<SiteOrigin>().is_ok(), "{right}");
        }
        for wrong in [
            "*",
            "",
            "null",
            "example.com",
            "https://",
            "https://example.com/",
            "https://example.com/a",
            "https://*.example.com",
            "https://Example.com",
            "https://example.com:443",
            "http://example.com:80",
            "https://li@example.com",
            "https://example.com?a",
            "ftp://example.com",
            "https://example.com:x",
            "https://example.com:08443",
        ] {
            assert!(wrong.parse::<SiteOrigin>().is_err(), "{wrong}");
        }
    }
}
