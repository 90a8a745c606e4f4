//! Who calls: accounts, passwords, access tokens, and the roles that decide what a caller may do.

mod caller;
pub mod passwords;
pub mod routes;
mod store;
pub mod tokens;

pub use caller::{Caller, Role};
pub use store::{NewUser, add, organisation_of_code, signing_keys};
