//! What an address takes: 405 with `Allow`, `OPTIONS`, or no such address.

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::problem::{Answer, Kind, Problem};

/// The methods of every address of the contract.
pub struct Methods(Vec<(String, Vec<Method>)>);

impl Methods {
    /// By templates of addresses, such as `/v1/results/{id}`.
    #[must_use]
    pub fn new(by_template: Vec<(String, Vec<Method>)>) -> Self {
        Self(by_template)
    }

    /// The methods that an address takes; none if there is no such address.
    #[must_use]
    pub fn of(&self, address: &str) -> &[Method] {
        self.0.iter().find(|(template, _)| fits(template, address)).map_or(&[], |(_, methods)| methods)
    }
}

/// Whatever no route took: `OPTIONS`, a method that the address does not take, or no such address.
///
/// # Errors
/// `method-not-allowed`, `not-found`.
pub async fn unknown(request: HttpRequest, methods: web::Data<Methods>) -> Answer<HttpResponse> {
    let methods = methods.of(request.path());
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

fn fits(template: &str, address: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), address.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(text)) if part == text || (part.starts_with('{') && !text.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_takes_the_methods_of_its_template() {
        let methods = Methods::new(vec![
            ("/v1/results".to_owned(), vec![Method::GET]),
            ("/v1/results/{id}".to_owned(), vec![Method::DELETE]),
        ]);
        assert_eq!(methods.of("/v1/results"), [Method::GET]);
        assert_eq!(methods.of("/v1/results/x"), [Method::DELETE]);
        assert!(methods.of("/v1/results/").is_empty());
        assert!(methods.of("/v2/results").is_empty());
    }
}
