//! Around every request: its name in the log, its language, and problems where anything went wrong.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Instant;

use actix_cors::CorsError;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::{InternalError, PayloadError};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse};
use tracing::Instrument;

use super::body::unreadable;
use super::patience::Running;
use super::security::{self, secure};
use super::trace::{REQUEST_ID, TRACEPARENT, Trace};
use crate::problem::{Kind, Language, Problem};

/// Marks a request for the head of an answer alone.
pub struct OnlyHead;

/// The middleware.
///
/// # Errors
/// Only with the answer inside: a problem document for a request that is lost.
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
    let _running = request.conn_data::<Running>().map(Running::begin);
    // HEAD is GET without the body, which the connection leaves out by itself.
    if request.method() == Method::HEAD {
        request.extensions_mut().insert(OnlyHead);
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
    security: security::Asked,
}

impl Asked {
    fn of(request: &ServiceRequest) -> Self {
        let headers = request.headers();
        Self {
            trace: Trace::of(headers),
            language: preferred_language(headers),
            path: request.path().to_owned(),
            security: security::Asked::of(request),
        }
    }
}

async fn answer<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    asked: &Asked,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut response = match next.call(request).await {
        Ok(response) => response.map_into_boxed_body(),
        Err(error) => {
            let given = error.error_response();
            let document = documented(Some(&error), StatusCode::INTERNAL_SERVER_ERROR, given.headers(), asked);
            return Err(InternalError::from_response(error, document).into());
        }
    };
    if response.status().is_client_error() || response.status().is_server_error() {
        response = as_problem(response, asked);
    }
    name(response.headers_mut(), asked);
    Ok(response)
}

/// An answer that is an error, as a problem document. A health report and an OAuth error say all in their own bodies.
fn as_problem(response: ServiceResponse<BoxBody>, asked: &Asked) -> ServiceResponse<BoxBody> {
    let raised = response.response().error();
    let told = response.headers().contains_key(header::CONTENT_TYPE) && raised.is_none();
    if told && response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().ends_with(b"json")) {
        return response;
    }
    let document = documented(raised, response.status(), response.headers(), asked);
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, document)
}

/// The document of an error, whoever raised it.
fn documented(raised: Option<&Error>, status: StatusCode, given: &HeaderMap, asked: &Asked) -> HttpResponse {
    if let Some(problem) = raised.and_then(|error| error.as_error::<Problem>()) {
        return written(problem, given, asked);
    }
    let problem = match raised {
        Some(error) if error.as_error::<PayloadError>().is_some() => unreadable(error),
        Some(error) if error.as_error::<CorsError>().is_some() => Problem::new(Kind::InvalidHeader)
            .saying("不接受来自该网站的这种请求。", "A request of this kind is not taken from that site."),
        // The framework's own: unreadable paths, wrong methods of a resource.
        _ => Problem::new(Kind::of_status(status)),
    };
    written(&problem, given, asked)
}

/// A problem as an answer, with the headers that were given to the answer before.
fn written(problem: &Problem, given: &HeaderMap, asked: &Asked) -> HttpResponse {
    let document = problem.document(asked.language, asked.path.clone(), asked.trace.trace_id.clone());
    let mut answer = HttpResponse::build(problem.kind.status());
    let of_content = [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LENGTH];
    for header in given.iter().filter(|(name, _)| !of_content.contains(name)) {
        answer.append_header(header);
    }
    for (name, value) in problem.headers() {
        answer.insert_header((name.clone(), value.clone()));
    }
    answer.insert_header((header::CONTENT_LANGUAGE, asked.language.code())).content_type("application/problem+json");
    let mut response = answer.body(serde_json::to_string(&document).unwrap_or_default());
    name(response.headers_mut(), asked);
    response
}

/// What every answer bears.
fn name(headers: &mut HeaderMap, asked: &Asked) {
    let mut insert = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    insert(REQUEST_ID, &asked.trace.request_id);
    insert(TRACEPARENT, &asked.trace.parent());
    insert(header::VARY, "Accept, Accept-Encoding, Accept-Language, Authorization, Origin");
    secure(headers, asked.security);
}

/// The language that the caller reads.
impl FromRequest for Language {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(preferred_language(request.headers())))
    }
}

/// English only where it is preferred to Chinese.
#[must_use]
pub fn preferred_language(headers: &HeaderMap) -> Language {
    let Some(header) = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else {
        return Language::Chinese;
    };
    let weight = |prefix: &str| {
        let ranges = header.split(',').map(weighted);
        ranges.filter(|(range, _)| range.starts_with(prefix)).map(|(_, weight)| weight).fold(0.0, f32::max)
    };
    if weight("en") > weight("zh") { Language::English } else { Language::Chinese }
}

/// A range and its weight, `q=1` unless said otherwise.
pub(super) fn weighted(item: &str) -> (String, f32) {
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
}
