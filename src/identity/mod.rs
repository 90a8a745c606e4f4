//! Who calls: accounts, passwords, access tokens, and the roles that decide what a caller may do.

mod caller;
pub mod keys;
mod member;
pub mod passwords;
pub mod routes;
pub mod secret;
mod sessions;
mod store;
pub mod tokens;
mod watch;

pub use caller::Caller;
pub use member::Role;
pub use secret::Secret;
pub use store::{NewUser, add, organisation_of_code};
pub use watch::watch;
