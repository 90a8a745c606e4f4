//! What all routes share: reading input, paging, conditions, retries, traces and the shape of problems.

mod body;
pub mod conditions;
pub mod envelope;
pub mod idempotency;
pub mod methods;
pub mod paging;
mod parameters;
mod prefer;
mod trace;

pub use body::{BODY_LIMIT, Body, read_json};
pub use conditions::Conditions;
pub use methods::Methods;
pub use parameters::Parameters;
pub use prefer::Prefer;
pub use trace::Trace;
