//! The audit log: every sign-in, refusal, view of personal data and change, with who, from where, what and the request.
//!
//! Events are only ever appended, and each bears a hash over itself and the one before, so that one that was removed
//! or rewritten shows ([`verify`]).

mod event;
pub mod routes;
mod store;
mod verify;

pub use event::{Action, Event, Origin, printable};
pub use store::record;
pub use verify::{Chain, Head, verify};
