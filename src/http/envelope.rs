//! Around every request: its name in the log, its language, and problems where anything went wrong.

use std::future::Future;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};
use tracing::Instrument;

use super::trace::{REQUEST_ID, TRACEPARENT, Trace};
use crate::problem::{Kind, Language, Problem};

/// An address longer than this is nobody's honest query.
const LONGEST_ADDRESS: usize = 32 * 1024;

/// The middleware.
///
/// # Errors
/// Only with the answer inside: a problem document for a request that is lost, as it is after a panic.
pub async fn envelope<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let asked = Asked::of(&request);
    let span = tracing::info_span!(
        "request",
        method = %request.method(),
        path = asked.path,
        request_id = asked.trace.request_id,
        trace_id = asked.trace.trace_id
    );
    request.extensions_mut().insert(asked.trace.clone());
    // HEAD is GET without the body, which the connection leaves out by itself.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let started = Instant::now();
    let answered = answer(request, next, &asked).instrument(span.clone()).await;
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    let status = answered.as_ref().map_or(StatusCode::INTERNAL_SERVER_ERROR, ServiceResponse::status).as_u16();
    span.in_scope(|| tracing::info!(status, milliseconds, "answered"));
    answered
}

/// What an answer needs to know of its request.
struct Asked {
    trace: Trace,
    language: Language,
    path: String,
}

impl Asked {
    fn of(request: &ServiceRequest) -> Self {
        let headers = request.headers();
        Self { trace: Trace::of(headers), language: preferred_language(headers), path: request.path().to_owned() }
    }
}

async fn answer<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    asked: &Asked,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Some(problem) = refuse_early(&request) {
        return Ok(request.into_response(documented(&problem, asked, None)));
    }
    let mut response = match catch_panic(next.call(request)).await {
        Ok(response) => response.map_into_boxed_body(),
        Err(error) => {
            let kind = error.as_error::<Problem>().map_or(Kind::Internal, |problem| problem.kind);
            let document = documented(&Problem::new(kind), asked, None);
            return Err(InternalError::from_response(error, document).into());
        }
    };
    if response.status().is_client_error() || response.status().is_server_error() {
        response = as_problem(response, asked);
    }
    name(response.headers_mut(), &asked.trace);
    Ok(response)
}

/// A bug in one request must neither end the worker nor leave the caller without an answer.
async fn catch_panic<B>(
    call: impl Future<Output = Result<ServiceResponse<B>, Error>>,
) -> Result<ServiceResponse<B>, Error> {
    use futures_util::FutureExt;
    let caught = std::panic::AssertUnwindSafe(call).catch_unwind().await;
    caught.unwrap_or_else(|_| Err(Problem::internal("a panic").into()))
}

/// What no handler needs to look at.
fn refuse_early(request: &ServiceRequest) -> Option<Problem> {
    if request.uri().to_string().len() > LONGEST_ADDRESS {
        return Some(Problem::new(Kind::UriTooLong));
    }
    let json = request.path().starts_with("/v1/");
    (json && !accepts_json(request.headers())).then(|| Problem::new(Kind::NotAcceptable))
}

/// An answer that is an error, as a problem document. A health report and an OAuth error say all in their own bodies.
fn as_problem(response: ServiceResponse<BoxBody>, asked: &Asked) -> ServiceResponse<BoxBody> {
    let raised = response.response().error();
    let told = response.headers().contains_key(header::CONTENT_TYPE) && raised.is_none();
    if told && response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().ends_with(b"json")) {
        return response;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    let document = match raised.and_then(|error| error.as_error::<Problem>()) {
        Some(problem) => documented(problem, asked, allow),
        // The framework's own: unreadable paths, wrong methods of a resource, oversized bodies.
        None => documented(&Problem::new(Kind::of_status(response.status())), asked, allow),
    };
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, document)
}

fn documented(problem: &Problem, asked: &Asked, allow: Option<HeaderValue>) -> HttpResponse {
    let document = problem.document(asked.language, asked.path.clone(), asked.trace.trace_id.clone());
    let mut answer = HttpResponse::build(problem.kind.status());
    for (name, value) in problem.headers() {
        answer.insert_header((name.clone(), value.clone()));
    }
    if let Some(allow) = allow {
        answer.insert_header((header::ALLOW, allow));
    }
    let code = match asked.language {
        Language::Chinese => "zh-CN",
        Language::English => "en",
    };
    answer.insert_header((header::CONTENT_LANGUAGE, code)).content_type("application/problem+json");
    let mut response = answer.body(serde_json::to_string(&document).unwrap_or_default());
    name(response.headers_mut(), &asked.trace);
    response
}

/// What every answer bears.
fn name(headers: &mut HeaderMap, trace: &Trace) {
    let mut insert = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    insert(REQUEST_ID, &trace.request_id);
    insert(TRACEPARENT, &trace.parent());
    insert(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding, Accept-Language, Authorization"));
}

/// English only where it is preferred to Chinese.
fn preferred_language(headers: &HeaderMap) -> Language {
    let Some(header) = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else {
        return Language::Chinese;
    };
    let weight = |prefix: &str| {
        let ranges = header.split(',').map(weighted);
        ranges.filter(|(range, _)| range.starts_with(prefix)).map(|(_, weight)| weight).fold(0.0, f32::max)
    };
    if weight("en") > weight("zh") { Language::English } else { Language::Chinese }
}

/// May the answer be JSON (RFC 9110, 12.5.1)?
fn accepts_json(headers: &HeaderMap) -> bool {
    let Some(header) = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()) else {
        return true;
    };
    let json = ["*/*", "application/*", "application/json", "application/problem+json"];
    header.trim().is_empty()
        || header.split(',').map(weighted).any(|(range, weight)| weight > 0.0 && json.contains(&range.as_str()))
}

/// A range and its weight, `q=1` unless said otherwise.
fn weighted(item: &str) -> (String, f32) {
    let mut parts = item.split(';');
    let range = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let weight = parts.find_map(|part| part.trim().strip_prefix("q=").and_then(|q| q.parse().ok()));
    (range, weight.unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: header::HeaderName, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn chinese_unless_english_is_preferred() {
        let language = |value| preferred_language(&with(header::ACCEPT_LANGUAGE, value));
        assert_eq!(language("en-GB,en;q=0.9"), Language::English);
        assert_eq!(language("zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese);
        assert_eq!(language("fr"), Language::Chinese);
        assert_eq!(preferred_language(&HeaderMap::new()), Language::Chinese);
    }

    #[test]
    fn json_must_be_acceptable() {
        let accepts = |value| accepts_json(&with(header::ACCEPT, value));
        assert!(accepts("text/html, */*;q=0.1"));
        assert!(accepts("application/json"));
        assert!(!accepts("text/csv"));
        assert!(!accepts("application/json;q=0"));
    }
}
