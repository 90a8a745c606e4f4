//! Policies (政策) read closely: their numbers, parts and clauses, who is responsible, whom each clause is for and which firms
//! it fits; what is attached, and feeds.
//!
//! The record itself is `registry/policies`. Whenever a version of it is written, it is read (`reading`) and its clauses are
//! kept in the same transaction; what came in another way, `unread` reads soon after.

pub mod audience;
pub mod clauses;
pub mod cutting;
pub mod feeds;
pub mod files;
pub mod fitting;
mod html;
pub mod number;
pub mod presentation;
mod reading;
mod unread;

use actix_web::web::ServiceConfig;
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::access::{self, Action};
use crate::identity::Caller;
use crate::problem::{Answer, Kind, Problem};
use crate::registry::policies::Policy;
use crate::registry::{Record, Store, ids};

pub use html::plain;
pub use reading::{RULES, Reading};
pub use unread::read_unread;

/// Registers the routes of what is read out of policies.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(clauses::routes::list)
        .service(clauses::routes::read)
        .service(clauses::routes::confirm)
        .service(presentation::read)
        .service(files::create)
        .service(files::list)
        .service(files::download)
        .service(fitting::routes::list)
        .service(feeds::read);
}

/// The policy of an address that the caller may read, with its clauses at hand.
async fn found(id: &str, caller: &Caller, connection: &mut AsyncPgConnection) -> Answer<Record<Policy>> {
    let policy = Policy::find(ids::of_address(id)?, connection).await?.ok_or_else(Problem::not_found)?;
    if !access::may(caller, Action::Read, &policy) {
        return Err(Problem::not_found());
    }
    if policy.stamp.deleted_at.is_some() {
        return Err(Problem::new(Kind::Gone));
    }
    if !clauses::store::is_read(&policy, connection).await? {
        connection.transaction(async |connection| unread::read(policy.stamp.id, connection).await).await?;
    }
    Ok(policy)
}
