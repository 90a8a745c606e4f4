//! Around the gate and every handler: what need not get to them, and an answer whatever happens in them.

use std::future::Future;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use tokio::time::timeout;

use super::accept::accepts;
use super::patience::{Patience, punctual};
use crate::access::Operations;
use crate::problem::{Kind, Problem};

/// An address longer than this is nobody's honest query.
const LONGEST_ADDRESS: usize = 32 * 1024;

/// Takes bodies that are a hundred times as large as any other.
const TAKES_FILES: &str = "/v1/imports";

/// What every operation answers with, if only where something went wrong.
const JSON: [&str; 2] = ["application/json", "application/problem+json"];

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
    let patience = if request.match_info().as_str() == TAKES_FILES { patience.of_files() } else { patience };
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
    let api = request.match_info().as_str().starts_with("/v1/");
    (api && !accepts(request.headers(), JSON.into_iter().chain(others(request))))
        .then(|| Problem::new(Kind::NotAcceptable))
}

/// What else than JSON the operation answers with.
fn others(request: &ServiceRequest) -> impl Iterator<Item = &str> {
    let operations = request.app_data::<web::Data<Operations>>();
    let found = operations.and_then(|all| all.find(request.method(), request.match_info().as_str()));
    found.into_iter().flat_map(|(operation, _)| operation.media_types.iter().map(String::as_str))
}
