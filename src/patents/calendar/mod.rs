//! The calendar of working days that deadlines are moved by: the State Council's notices, and what the centre sets itself.

mod days;
mod notices;
pub mod routes;
pub mod store;

pub use days::{Calendar, number_for};
