//! Who must not meet at an event, and who must (排期约束).

pub mod routes;
pub mod store;
