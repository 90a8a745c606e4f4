//! SQL of schedules.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Jsonb, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::sheet::Sheet;
use crate::database::schema::{event_meetings, event_schedules};
use crate::events::participants::store as participants;
use crate::events::rules::store as rules;
use crate::events::store as events;

/// Rows of one statement: each has five parameters.
const ROWS: usize = 5000;

/// A meeting as it is kept.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = event_meetings)]
pub struct MeetingRow {
    pub event_id: Uuid,
    pub slot: i16,
    pub table_number: i16,
    pub enterprise_id: Uuid,
    pub expert_id: Uuid,
}

/// What is known of the last plan.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = event_schedules)]
pub struct ScheduleRow {
    pub event_id: Uuid,
    pub revision: i64,
    pub total: i64,
    pub bound: i64,
    pub changes: Value,
    pub planned_at: DateTime<Utc>,
}

/// All that a plan of an event goes by, as it is at one moment.
///
/// # Errors
/// What the database says.
pub async fn sheet(event: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<Sheet>> {
    connection
        .transaction(async |connection| {
            let Some(event) = events::hold(event, connection).await? else { return Ok(None) };
            let accepted = participants::accepted(event.id, connection).await?;
            let invited = participants::page(event.id, None, i64::MAX, connection).await?;
            let names = participants::names(&invited, connection).await?;
            let [enterprises, experts] = Sheet::seated(accepted);
            Ok(Some(Sheet {
                slots: events::slots(&[event.id], connection).await?,
                wishes: participants::wishes(event.id, connection).await?,
                rules: rules::find(event.id, connection).await?,
                before: meetings(event.id, connection).await?,
                event,
                enterprises,
                experts,
                names,
            }))
        })
        .await
}

/// The meetings of an event, by slot and table.
///
/// # Errors
/// What the database says.
pub async fn meetings(event: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Vec<MeetingRow>> {
    let of = event_meetings::table.filter(event_meetings::event_id.eq(event));
    let ordered = of.order((event_meetings::slot, event_meetings::table_number));
    ordered.select(MeetingRow::as_select()).load(connection).await
}

/// What is known of the last plan of an event.
///
/// # Errors
/// What the database says.
pub async fn find(event: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<ScheduleRow>> {
    event_schedules::table.find(event).select(ScheduleRow::as_select()).first(connection).await.optional()
}

/// Keeps a plan in place of the one before. The event must be held.
///
/// # Errors
/// What the database says.
pub async fn keep(
    schedule: &ScheduleRow,
    planned: &[MeetingRow],
    connection: &mut AsyncPgConnection,
) -> QueryResult<()> {
    let before = event_meetings::table.filter(event_meetings::event_id.eq(schedule.event_id));
    diesel::delete(before).execute(connection).await?;
    for rows in planned.chunks(ROWS) {
        diesel::insert_into(event_meetings::table).values(rows).execute(connection).await?;
    }
    let keep = diesel::sql_query(
        "INSERT INTO event_schedules (event_id, revision, total, bound, changes) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (event_id) DO UPDATE SET revision = $2, total = $3, bound = $4, changes = $5, planned_at = now()",
    );
    keep.bind::<SqlUuid, _>(schedule.event_id)
        .bind::<BigInt, _>(schedule.revision)
        .bind::<BigInt, _>(schedule.total)
        .bind::<BigInt, _>(schedule.bound)
        .bind::<Jsonb, _>(&schedule.changes)
        .execute(connection)
        .await
        .map(drop)
}

/// The lock of whoever plans an event: the random half of its id.
#[must_use]
pub fn lock_of(event: Uuid) -> i64 {
    event.as_u64_pair().1.cast_signed()
}
