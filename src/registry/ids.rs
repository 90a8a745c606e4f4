//! Ids of other records, as a writer names them.

use uuid::Uuid;

use super::fields::distinct;
use crate::problem::{Answer, FieldFault, Problem};

/// One id.
///
/// # Errors
/// `format`.
pub fn id(text: String) -> Result<Uuid, FieldFault> {
    // Only the hyphenated form: what is sent back is what was sent.
    let parsed = Uuid::try_parse(&text).ok().filter(|_| text.len() == 36);
    parsed.ok_or_else(|| FieldFault::new("format", "应为 UUID", "must be a UUID"))
}

/// The id in an address. What is none is not there.
///
/// # Errors
/// `not-found`.
pub fn of_address(text: &str) -> Answer<Uuid> {
    id(text.to_owned()).map_err(|_| Problem::not_found())
}

/// One id or none.
///
/// # Errors
/// `format`.
pub fn optional_id(text: Option<String>) -> Result<Option<Uuid>, FieldFault> {
    text.map(id).transpose()
}

/// At most `MOST` ids, each only once.
///
/// # Errors
/// `format` at each that is none, `too_many`, `duplicate`.
pub fn ids<const MOST: usize>(texts: Vec<String>) -> Result<Vec<Uuid>, FieldFault> {
    let parsed: Result<Vec<Uuid>, FieldFault> = texts.into_iter().map(id).collect();
    distinct::<MOST, _>(parsed?)
}
