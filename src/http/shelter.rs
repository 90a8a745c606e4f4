//! Around the gate and every handler: what need not get to them, and an answer whatever happens in them.

use std::future::Future;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use tokio::time::timeout;

use super::envelope::weighted;
use super::patience::{Patience, punctual};
use crate::problem::{Kind, Problem};

/// An address longer than this is nobody's honest query.
const LONGEST_ADDRESS: usize = 32 * 1024;

/// The middleware.
///
/// # Errors
/// With a problem for a request that is lost, as it is after a panic or when its time is up.
pub async fn shelter<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if let Some(problem) = refuse_early(&request) {
        return Ok(request.error_response(problem).map_into_right_body());
    }
    let patience = request.app_data::<web::Data<Patience>>().map(|patience| ***patience).unwrap_or_default();
    let payload = request.take_payload();
    request.set_payload(punctual(payload, patience.body));
    let answered = timeout(patience.answer, catch_panic(next.call(request))).await;
    answered.unwrap_or_else(|_| Err(overdue().into())).map(ServiceResponse::map_into_left_body)
}

/// A bug in one request must neither end the worker nor leave the caller without an answer.
async fn catch_panic<B>(
    call: impl Future<Output = Result<ServiceResponse<B>, Error>>,
) -> Result<ServiceResponse<B>, Error> {
    use futures_util::FutureExt;
    let caught = std::panic::AssertUnwindSafe(call).catch_unwind().await;
    caught.unwrap_or_else(|_| Err(Problem::internal("a panic").into()))
}

fn overdue() -> Problem {
    tracing::error!("a request was given up: it took too long");
    Problem::new(Kind::Unavailable)
        .saying("处理时间过长，已放弃；请稍后重试。", "It took too long and was given up; try again later.")
}

/// What no handler needs to look at.
fn refuse_early(request: &ServiceRequest) -> Option<Problem> {
    if request.uri().to_string().len() > LONGEST_ADDRESS {
        return Some(Problem::new(Kind::UriTooLong));
    }
    let json = request.match_info().as_str().starts_with("/v1/");
    (json && !accepts_json(request.headers())).then(|| Problem::new(Kind::NotAcceptable))
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

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn json_must_be_acceptable() {
        let accepts = |value| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(value));
            accepts_json(&headers)
        };
        assert!(accepts("text/html, */*;q=0.1"));
        assert!(accepts("application/json"));
        assert!(!accepts("text/csv"));
        assert!(!accepts("application/json;q=0"));
    }
}
