//! What an address takes: 405 with `Allow`, `OPTIONS`, or no such address.

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::access::Operations;
use crate::problem::{Answer, Kind, Problem};

/// Whatever no route took: `OPTIONS`, a method that the address does not take, or no such address.
///
/// # Errors
/// `method-not-allowed`, `not-found`.
pub async fn unknown(request: HttpRequest, operations: web::Data<Operations>) -> Answer<HttpResponse> {
    let methods = operations.methods(request.match_info().as_str());
    if methods.is_empty() {
        return Err(Problem::not_found());
    }
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    let allow = HeaderValue::from_str(&names.join(", ")).map_err(Problem::internal)?;
    if request.method() == Method::OPTIONS {
        return Ok(HttpResponse::build(StatusCode::NO_CONTENT).insert_header((header::ALLOW, allow)).finish());
    }
    Err(Problem::new(Kind::MethodNotAllowed).with_header(header::ALLOW, allow))
}
