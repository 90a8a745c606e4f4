//! What the centre keeps: organisations, experts, results, demands and policies.
//!
//! A concept is its fields and rules (`mod.rs`) and its SQL (`store.rs`); what all share stands beside them:
//! the record, its routes, its description and its history.

pub mod codes;
pub mod columns;
pub mod demands;
pub mod description;
pub mod experts;
pub mod fields;
pub mod history;
pub mod ids;
mod insertion;
pub mod organisations;
pub mod policies;
pub mod record;
mod refusals;
pub mod results;
pub mod routes;
mod shapes;
pub mod words;

pub use record::{Concept, Kind, Page, Record, Stamp, Store};
pub(crate) use refusals::refused_write;
