//! What all routes share: reading input, paging, conditions, retries, limits, traces and the shape of problems.

mod accept;
mod address;
mod body;
pub mod conditions;
pub mod cors;
pub mod envelope;
pub mod idempotency;
pub mod limits;
pub mod methods;
pub mod paging;
mod parameters;
pub mod patience;
pub mod prefer;
mod security;
mod shelter;
mod spreadsheet;
mod trace;
mod xml;

pub use accept::prefers;
pub use address::{Address, TrustedProxies};
pub(crate) use body::unreadable;
pub use body::{BODY_LIMIT, Body, JSON, MERGE_PATCH, Patch, read_bytes, read_json};
pub use conditions::Conditions;
pub use cors::SiteOrigin;
pub use envelope::{OnlyHead, preferred_language};
pub use idempotency::{Creation, Keyed, keep_sealed};
pub use limits::{Charge, Limits, Payer};
pub use parameters::{Parameters, flag};
pub use patience::Patience;
pub use prefer::Prefer;
pub use shelter::shelter;
pub use spreadsheet::harmless;
pub use trace::Trace;
pub use xml::Xml;
