//! Query parameters, parsed with every fault reported at once. An unknown one is refused: a filter that is silently
//! ignored answers another question than was asked.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use deserr::Deserr;
use serde_json::{Map, Value};

use crate::problem::{Faults, FieldFault, Problem, not_allowed};

/// Parsed query parameters.
pub struct Parameters<T>(pub T);

impl<T: Deserr<Faults> + 'static> FromRequest for Parameters<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parsed = named_values(request.query_string())
            .and_then(|values| deserr::deserialize(Value::Object(values)))
            .map(Self)
            .map_err(Problem::invalid_parameters);
        ready(parsed)
    }
}

/// The parameters by name, each at most once. A list is one value with commas.
pub fn named_values(query: &str) -> Result<Map<String, Value>, Faults> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
        .map_err(|_| Faults::one("", FieldFault::new("format", "查询参数无法读出", "the query could not be read")))?;
    let mut values = Map::new();
    let mut faults = Faults::default();
    for (name, value) in pairs {
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        if values.insert(name, Value::String(value)).is_some() {
            faults.add(pointer, FieldFault::new("duplicate", "参数只能出现一次", "stands there twice"));
        }
    }
    if faults.is_empty() { Ok(values) } else { Err(faults) }
}

/// A parameter that is true or false, or not given.
///
/// # Errors
/// `not_allowed`.
pub fn flag(text: Option<String>) -> Result<Option<bool>, FieldFault> {
    match text.as_deref() {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(not_allowed(&["true", "false"])),
    }
}
