//! SQL of events and their slots.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::inputs::NewEvent;
use crate::database::schema::{event_slots, events};

/// An event as it is kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = events)]
pub struct EventRow {
    pub id: Uuid,
    pub version: i64,
    pub revision: i64,
    pub title: String,
    pub place: String,
    pub tables: i16,
    pub created_at: DateTime<Utc>,
}

/// A slot as it is kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = event_slots)]
pub struct SlotRow {
    pub event_id: Uuid,
    pub number: i16,
    pub begins_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
}

/// Keeps a new event.
///
/// # Errors
/// What the database says.
pub async fn create(id: Uuid, new: &NewEvent, by: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let row = (
        events::id.eq(id),
        events::title.eq(&*new.title),
        events::place.eq(&*new.place),
        events::tables.eq(new.tables),
        events::created_by.eq(by),
    );
    diesel::insert_into(events::table).values(row).execute(connection).await?;
    keep_slots(id, new, connection).await
}

/// Changes an event from a version; false if it is of another by now. Meetings in slots that there are no more go with them.
///
/// # Errors
/// What the database says.
pub async fn replace(id: Uuid, version: i64, new: &NewEvent, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let same = events::table.find(id).filter(events::version.eq(version));
    let set = (
        events::version.eq(events::version + 1),
        events::revision.eq(events::revision + 1),
        events::title.eq(&*new.title),
        events::place.eq(&*new.place),
        events::tables.eq(new.tables),
    );
    if diesel::update(same).set(set).execute(connection).await? == 0 {
        return Ok(false);
    }
    let count = i16::try_from(new.slots.len()).unwrap_or(i16::MAX);
    let gone = event_slots::table.filter(event_slots::event_id.eq(id).and(event_slots::number.gt(count)));
    diesel::delete(gone).execute(connection).await?;
    keep_slots(id, new, connection).await.map(|()| true)
}

async fn keep_slots(id: Uuid, new: &NewEvent, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    for (number, slot) in (1_i16..).zip(&new.slots) {
        let times = (event_slots::begins_at.eq(slot.begins_at), event_slots::ends_at.eq(slot.ends_at));
        let row = (event_slots::event_id.eq(id), event_slots::number.eq(number), times);
        let insertion = diesel::insert_into(event_slots::table).values(row);
        let target = (event_slots::event_id, event_slots::number);
        insertion.on_conflict(target).do_update().set(times).execute(connection).await?;
    }
    Ok(())
}

/// Notes that something changed that a plan goes by, and keeps others from it until the transaction ends; false if there is
/// no such event.
///
/// # Errors
/// What the database says.
pub async fn touch(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let further = events::revision.eq(events::revision + 1);
    Ok(diesel::update(events::table.find(id)).set(further).execute(connection).await? == 1)
}

/// An event.
///
/// # Errors
/// What the database says.
pub async fn find(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<EventRow>> {
    events::table.find(id).select(EventRow::as_select()).first(connection).await.optional()
}

/// An event that stays as it is until the transaction ends.
///
/// # Errors
/// What the database says.
pub async fn hold(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<EventRow>> {
    events::table.find(id).select(EventRow::as_select()).for_update().first(connection).await.optional()
}

/// One page of events, newest first.
///
/// # Errors
/// What the database says.
pub async fn page(after: Option<Uuid>, limit: i64, connection: &mut AsyncPgConnection) -> QueryResult<Vec<EventRow>> {
    let mut query = events::table.into_boxed();
    if let Some(after) = after {
        query = query.filter(events::id.lt(after));
    }
    query.order(events::id.desc()).limit(limit).select(EventRow::as_select()).load(connection).await
}

/// The slots of events, in order.
///
/// # Errors
/// What the database says.
pub async fn slots(ids: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<Vec<SlotRow>> {
    let of = event_slots::table.filter(event_slots::event_id.eq_any(ids));
    of.order((event_slots::event_id, event_slots::number)).select(SlotRow::as_select()).load(connection).await
}
