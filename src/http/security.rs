//! What browsers are told of every answer, so that nothing of it is run, framed or passed on that is not meant to be
//! (OWASP Secure Headers).

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::web;

use crate::identity::tokens::Tokens;

/// Data: nothing in it is to be run or shown.
const DATA: &str = "default-src 'none'; frame-ancestors 'none'";
/// The pages for people: their style and script come from the service, their form goes to it.
const PAGES: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
                     base-uri 'none'; frame-ancestors 'none'";
/// The pages of the API: their images are in their style, and the logo brings the colours that the hash is of.
const DOCS: &str = "default-src 'none'; style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; \
                    script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'none'; \
                    base-uri 'none'; frame-ancestors 'none'";

const OF_EVERY_ANSWER: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    // Pages of origins that CORS lets in fetch all the same: this is about what is embedded.
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// What must be known of a request to secure its answer.
#[derive(Clone, Copy)]
pub struct Asked {
    /// The service is reached by TLS, so its own address says.
    by_tls: bool,
    docs: bool,
    /// What is answered may be meant for one caller only.
    private: bool,
}

impl Asked {
    #[must_use]
    pub fn of(request: &ServiceRequest) -> Self {
        let tokens = request.app_data::<web::Data<Tokens>>();
        let path = request.match_info().as_str();
        Self {
            by_tls: tokens.is_some_and(|tokens| tokens.issuer().starts_with("https://")),
            docs: path.starts_with("/docs/"),
            private: path.starts_with("/v1/") && request.headers().contains_key(header::AUTHORIZATION),
        }
    }
}

/// Adds the headers. How long an answer may be kept its handler may have said.
pub fn secure(headers: &mut HeaderMap, asked: Asked) {
    for (name, value) in OF_EVERY_ANSWER {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let content = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let policy = match (asked.docs, content.starts_with(b"text/html")) {
        (true, _) => DOCS,
        (false, true) => PAGES,
        (false, false) => DATA,
    };
    let kept = headers.contains_key(header::CACHE_CONTROL);
    let transient = asked.private || content == b"application/problem+json";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    if transient && !kept {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if asked.by_tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secured(asked: Asked, given: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
        secure(&mut headers, asked);
        headers
    }

    #[test]
    fn tls_is_insisted_on_only_where_there_is_some() {
        for by_tls in [false, true] {
            let headers = secured(Asked { by_tls, docs: false, private: false }, &[]);
            assert_eq!(headers.contains_key(header::STRICT_TRANSPORT_SECURITY), by_tls);
        }
    }

    #[test]
    fn what_a_handler_says_of_keeping_stands() {
        let kept = |private, given: &[(HeaderName, &'static str)]| {
            let headers = secured(Asked { by_tls: false, docs: false, private }, given);
            headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        assert_eq!(kept(false, &[]), None);
        assert_eq!(kept(true, &[]).as_deref(), Some("no-store"));
        assert_eq!(kept(true, &[(header::CACHE_CONTROL, "max-age=60")]).as_deref(), Some("max-age=60"));
        assert_eq!(kept(false, &[(header::CONTENT_TYPE, "application/problem+json")]).as_deref(), Some("no-store"));
    }
}
