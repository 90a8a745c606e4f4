//! Who calls: people with accounts and passwords, partner sites with secrets, the tokens that both get, and the roles
//! that the table of access speaks of.

pub mod accounts;
mod caller;
pub mod keys;
pub mod links;
mod member;
pub mod partners;
pub mod passwords;
pub mod second_factor;
pub mod secret;
pub mod sessions;
mod throttle;
pub mod tokens;
mod watch;

pub use accounts::{NewUser, account_of, add, organisation_of_code};
pub use caller::{Caller, SignedIn, bearer_of, identify};
pub use member::{Member, Role, Scope};
pub use secret::{OneTime, Secret};
pub use throttle::forget_old as forget_old_failures;
pub use watch::{CHANNEL, renew, watch};
