//! Request bodies: JSON, bounded, parsed with every fault reported at once.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use deserr::Deserr;
use serde_json::Value;

use super::patience::is_late;
use crate::problem::{Faults, Kind, Problem};

/// Bytes of a body. A result of 20 000 characters with all its fields is a tenth of this.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// What a body is sent as.
pub const JSON: &[&str] = &["application/json"];
/// RFC 7396 has a type of its own; plain JSON is taken for it too.
pub const MERGE_PATCH: &[&str] = &["application/merge-patch+json", "application/json"];

/// A parsed JSON body.
pub struct Body<T>(pub T);

impl<T: Deserr<Faults> + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let value = read_json(request, payload, JSON);
        Box::pin(async move {
            let (value, _) = value.await?;
            deserr::deserialize(value).map(Self).map_err(Problem::invalid)
        })
    }
}

/// A parsed body that amends: JSON Merge Patch (RFC 7396).
pub struct Patch<T>(pub T);

impl<T: Deserr<Faults> + 'static> FromRequest for Patch<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let value = read_json(request, payload, MERGE_PATCH);
        Box::pin(async move {
            let (value, _) = value.await?;
            deserr::deserialize(value).map(Self).map_err(Problem::invalid)
        })
    }
}

/// Reads a JSON body of one of the media types: the value, and the bytes it came in.
///
/// # Errors
/// `unsupported-media-type`, `payload-too-large` or `malformed-body`.
pub fn read_json(
    request: &HttpRequest,
    payload: &mut Payload,
    accepted: &'static [&'static str],
) -> impl Future<Output = Result<(Value, Bytes), Problem>> + use<> {
    let declared = declared_type(request);
    let bytes = Bytes::from_request(request, payload);
    async move {
        if !accepted.contains(&declared.as_str()) {
            let list = accepted.join(", ");
            return Err(
                Problem::new(Kind::UnsupportedMediaType).saying(format!("请以 {list} 发送"), format!("send {list}"))
            );
        }
        let bytes = bytes.await.map_err(|error| unreadable(&error))?;
        let mut value = serde_json::from_slice(&bytes).map_err(|error| malformed(&error))?;
        make_whole(&mut value);
        Ok((value, bytes))
    }
}

/// `3.0` is the integer 3 (JSON Schema 2020-12, 4.2.3; RFC 8259, 6): some senders know no other numbers.
fn make_whole(value: &mut Value) {
    match value {
        Value::Number(number) => {
            // Beyond 2^53 neighbouring integers are one number.
            let whole = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0);
            if let Some(whole) = whole.filter(|_| number.is_f64()) {
                #[expect(clippy::cast_possible_truncation, reason = "a whole number of at most 53 bits")]
                let integer = whole as i64;
                *number = integer.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(make_whole),
        Value::Object(members) => members.values_mut().for_each(make_whole),
        _ => {}
    }
}

/// Reads a body that is no JSON, of at most so many bytes.
///
/// # Errors
/// `payload-too-large`, `timed-out` or `malformed-body`.
pub async fn read_bytes(payload: actix_web::web::Payload, most: usize) -> Result<Bytes, Problem> {
    let read = payload.to_bytes_limited(most).await.map_err(|_| {
        let most = most / (1024 * 1024);
        Problem::new(Kind::PayloadTooLarge)
            .saying(format!("请求体至多 {most} MiB"), format!("a body has at most {most} MiB"))
    })?;
    read.map_err(|error| unreadable(&error))
}

/// The media type without its parameters; JSON is UTF-8 whatever they say (RFC 8259, 8.1).
fn declared_type(request: &HttpRequest) -> String {
    let header = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The problem of a body that could not be read.
pub(crate) fn unreadable(error: &actix_web::Error) -> Problem {
    match error.as_error::<PayloadError>() {
        Some(late) if is_late(late) => Problem::new(Kind::TimedOut),
        Some(PayloadError::Overflow) => {
            let most = BODY_LIMIT / 1024;
            Problem::new(Kind::PayloadTooLarge)
                .saying(format!("请求体至多 {most} KiB"), format!("a body has at most {most} KiB"))
        }
        _ if error.as_response_error().status_code() == Kind::PayloadTooLarge.status() => {
            Problem::new(Kind::PayloadTooLarge)
        }
        _ => Problem::new(Kind::MalformedBody),
    }
}

fn malformed(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Problem::new(Kind::MalformedBody).saying(
        format!("第 {line} 行第 {column} 列附近不是合法的 JSON"),
        format!("not valid JSON near line {line}, column {column}"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_without_a_fraction_is_an_integer() {
        let mut body = json!({"min": 3.0, "list": [1e3, -0.0, 1.5, 1e30, 7], "text": "3.0"});
        make_whole(&mut body);
        assert_eq!(body, json!({"min": 3, "list": [1000, 0, 1.5, 1e30, 7], "text": "3.0"}));
    }
}
