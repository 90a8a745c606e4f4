//! SQL of harvesting.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as Id};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::arguments::Selection;
use crate::changes::Position;
use crate::database::schema::harvest_items;

/// Held while datestamps are given, and shared while they are told.
const LOCK: i64 = i64::from_be_bytes(*b"dj harve");

/// A record that was once public.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = harvest_items)]
pub struct ItemRow {
    pub record_id: Uuid,
    pub kind: String,
    pub changed_at: DateTime<Utc>,
    pub deleted: bool,
    pub sets: Vec<String>,
}

#[derive(QueryableByName)]
struct PlaceRow {
    #[diesel(sql_type = BigInt)]
    xid: i64,
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

#[derive(QueryableByName)]
struct MomentRow {
    #[diesel(sql_type = Timestamptz)]
    moment: DateTime<Utc>,
}

/// How far the items are written, in the database of a position.
///
/// # Errors
/// What the database says.
pub async fn place(now: Position, connection: &mut AsyncPgConnection) -> QueryResult<Position> {
    let query = diesel::sql_query("SELECT xid::text::bigint AS xid, seq FROM harvest_position");
    let row: PlaceRow = query.get_result(connection).await?;
    Ok(now.at(row.xid, row.seq))
}

/// What has become of records, told with one datestamp.
pub struct Step {
    /// Kinds, ids and sets of those that are public; the sets with blanks between them.
    pub public: (Vec<&'static str>, Vec<Uuid>, Vec<String>),
    /// The ids of those that are not.
    pub hidden: Vec<Uuid>,
    pub from: Position,
    pub to: Position,
}

/// Keeps a step, if no other process has; a transaction is open on the connection. Nothing is told while datestamps are given:
/// so none is given that lies before the date of an answer.
///
/// # Errors
/// What the database says.
pub async fn keep(step: &Step, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let lock = diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(LOCK);
    lock.execute(connection).await?;
    let moved = diesel::sql_query(
        "UPDATE harvest_position SET xid = $3::text::xid8, seq = $4 WHERE (xid, seq) = ($1::text::xid8, $2)",
    )
    .bind::<Text, _>(step.from.xid.to_string())
    .bind::<BigInt, _>(step.from.seq)
    .bind::<Text, _>(step.to.xid.to_string())
    .bind::<BigInt, _>(step.to.seq);
    if moved.execute(connection).await? == 0 {
        return Ok(());
    }
    let (kinds, ids, sets) = &step.public;
    // Though the clock be put back.
    let moment = "greatest(clock_timestamp(), (SELECT max(changed_at) FROM harvest_items))";
    let put = format!(
        "INSERT INTO harvest_items (kind, record_id, changed_at, deleted, sets)
         SELECT kind, id, {moment}, false, string_to_array(sets, ' ') FROM unnest($1, $2, $3) AS public (kind, id, sets)
         ON CONFLICT (record_id) DO UPDATE SET changed_at = excluded.changed_at, deleted = false, sets = excluded.sets"
    );
    let put = diesel::sql_query(put).bind::<Array<Text>, _>(kinds).bind::<Array<Id>, _>(ids);
    put.bind::<Array<Text>, _>(sets).execute(connection).await?;
    let hide = format!(
        "UPDATE harvest_items SET changed_at = {moment}, deleted = true WHERE record_id = ANY ($1) AND NOT deleted"
    );
    diesel::sql_query(hide).bind::<Array<Id>, _>(&step.hidden).execute(connection).await.map(drop)
}

/// The date of an answer: no datestamp that is given later lies before it. A transaction is open on the connection.
///
/// # Errors
/// What the database says.
pub async fn response_date(connection: &mut AsyncPgConnection) -> QueryResult<DateTime<Utc>> {
    let lock = diesel::sql_query("SELECT pg_advisory_xact_lock_shared($1)").bind::<BigInt, _>(LOCK);
    lock.execute(connection).await?;
    let row: MomentRow = diesel::sql_query("SELECT clock_timestamp() AS moment").get_result(connection).await?;
    Ok(row.moment)
}

/// The next of a selection, in the order of their ids.
///
/// # Errors
/// What the database says.
pub async fn page(selection: &Selection, limit: i64, connection: &mut AsyncPgConnection) -> QueryResult<Vec<ItemRow>> {
    let mut query = harvest_items::table.into_boxed();
    if let Some((after, _)) = selection.after {
        query = query.filter(harvest_items::record_id.gt(after));
    }
    if let Some(from) = selection.from {
        query = query.filter(harvest_items::changed_at.ge(from));
    }
    if let Some(until) = selection.until {
        query = query.filter(harvest_items::changed_at.lt(until + TimeDelta::seconds(1)));
    }
    if let Some(set) = &selection.set {
        query = query.filter(harvest_items::sets.contains(vec![set.clone()]));
    }
    query.order(harvest_items::record_id).limit(limit).select(ItemRow::as_select()).load(connection).await
}

/// One of them.
///
/// # Errors
/// What the database says.
pub async fn find(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<ItemRow>> {
    harvest_items::table.find(id).select(ItemRow::as_select()).first(connection).await.optional()
}

/// The first datestamp that there is.
///
/// # Errors
/// What the database says.
pub async fn earliest(connection: &mut AsyncPgConnection) -> QueryResult<Option<DateTime<Utc>>> {
    harvest_items::table.select(diesel::dsl::min(harvest_items::changed_at)).first(connection).await
}
