//! SQL of the audit log. The database itself numbers events and chains their hashes.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::event::{Event, Origin};
use crate::database::schema::audit_events;

/// Notes an event. It is the last thing in a transaction that changes something: until that ends nobody else can note
/// one, so that the chain has no fork.
///
/// # Errors
/// What the database says; then what was to be noted must not be done or shown.
pub async fn record(origin: &Origin, event: &Event, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let target = event.target.as_ref();
    let row = (
        audit_events::action.eq(event.action),
        audit_events::actor.eq(origin.actor),
        audit_events::role.eq(origin.role),
        audit_events::session.eq(origin.session),
        audit_events::address.eq(&origin.address),
        audit_events::target_kind.eq(target.map(|(kind, _)| *kind)),
        audit_events::target_id.eq(target.map(|(_, id)| id)),
        audit_events::request_id.eq(&origin.request_id),
        audit_events::details.eq(event.details.to_string()),
    );
    diesel::insert_into(audit_events::table).values(row).execute(connection).await.map(drop)
}
