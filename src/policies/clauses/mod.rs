//! Clauses of policies (条款): kept as they were cut, each with who is responsible and whom it is for, as the rules found it
//! or as staff confirmed it.

mod keeping;
pub mod routes;
pub mod store;
mod view;

pub use keeping::{keep, tell};
pub use view::{Clause, ClauseAudience, ConfirmedAudience};
