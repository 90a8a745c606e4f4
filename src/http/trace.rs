//! W3C trace context: `traceparent` in and out, and a request id of our own.

use actix_web::http::header::{HeaderMap, HeaderName};
use uuid::Uuid;

pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a request is called in logs and answers.
#[derive(Clone, Debug)]
pub struct Trace {
    pub trace_id: String,
    span_id: String,
    flags: String,
    pub request_id: String,
}

impl Trace {
    /// Goes on with the caller's trace if it sends a valid one, else begins a new one.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let sent = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(parse);
        let (trace_id, flags) = sent.unwrap_or_else(|| (Uuid::new_v4().simple().to_string(), "00".to_owned()));
        let span_id = Uuid::new_v4().simple().to_string()[..16].to_owned();
        Self { trace_id, span_id, flags, request_id: Uuid::now_v7().to_string() }
    }

    /// The `traceparent` of the answer: the caller's trace, our span.
    #[must_use]
    pub fn parent(&self) -> String {
        format!("00-{}-{}-{}", self.trace_id, self.span_id, self.flags)
    }
}

/// Trace id and flags of `00-<32 hex>-<16 hex>-<2 hex>`; anything else is as if it had not been sent.
fn parse(header: &str) -> Option<(String, String)> {
    let mut parts = header.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let something = |text: &str| text.bytes().any(|byte| byte != b'0');
    let whole = hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
    let valid = whole && hex(trace, 32) && something(trace) && hex(parent, 16) && something(parent) && hex(flags, 2);
    valid.then(|| (trace.to_owned(), flags.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_valid_parent_is_followed() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let valid = format!("00-{trace}-00f067aa0ba902b7-01");
        assert_eq!(parse(&valid), Some((trace.to_owned(), "01".to_owned())));
        let wrong = [
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
            format!("ff-{trace}-00f067aa0ba902b7-01"),
            format!("{valid}-more"),
            String::new(),
        ];
        for header in wrong {
            assert_eq!(parse(&header), None, "{header}");
        }
    }
}
