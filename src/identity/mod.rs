//! Who calls: accounts, passwords, access tokens, and the roles that decide what a caller may do.

mod caller;
mod member;
pub mod passwords;
pub mod routes;
mod store;
pub mod tokens;

pub use caller::Caller;
pub use member::Role;
pub use store::{NewUser, add, organisation_of_code, signing_keys};
