//! What all routes share: reading input, paging, conditions, retries, traces and the shape of problems.

mod address;
mod body;
pub mod conditions;
pub mod envelope;
pub mod idempotency;
pub mod methods;
pub mod paging;
mod parameters;
mod prefer;
mod trace;

pub use address::{Address, TrustedProxies};
pub use body::{BODY_LIMIT, Body, JSON, MERGE_PATCH, Patch, read_json};
pub use conditions::Conditions;
pub use idempotency::{Creation, Keyed, keep_sealed};
pub use parameters::Parameters;
pub use prefer::Prefer;
pub use trace::Trace;
