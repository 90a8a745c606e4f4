//! SQL of merges.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Uuid as Id};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::references::Replacing;
use super::view::{MergeView, Moved};
use crate::database::schema::{merge_moves, merges};
use crate::duplicates::DuplicateKind;
use crate::registry::Kind;

/// Merges are made and undone one after the other: they move many rows, in an order of their own.
const LOCK: i64 = i64::from_be_bytes(*b"dj merge");

/// A merge as it is kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = merges)]
pub struct MergeRow {
    pub id: Uuid,
    pub kept_id: Uuid,
    pub other_id: Uuid,
    pub kept_version: i64,
    pub merged_version: Option<i64>,
}

/// A merge to be made.
pub struct NewMergeRow {
    pub duplicate: Uuid,
    pub kind: DuplicateKind,
    /// Of the kept record and of the other: the id and the version before.
    pub kept: (Uuid, i64),
    pub other: (Uuid, i64),
    pub by: Uuid,
}

#[derive(QueryableByName)]
struct Reached {
    #[diesel(sql_type = Nullable<Id>)]
    kept_id: Option<Uuid>,
}

/// Waits until no other transaction merges or parts. A transaction is open.
///
/// # Errors
/// What the database says.
pub async fn wait_for_turn(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let lock = diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(LOCK);
    lock.execute(connection).await.map(drop)
}

/// Holds records as they are to the end of the transaction.
///
/// # Errors
/// What the database says.
pub async fn hold(kind: Kind, ids: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let hold = format!("SELECT id FROM {} WHERE id = ANY ($1) ORDER BY id FOR UPDATE", kind.plural());
    diesel::sql_query(hold).bind::<Array<Id>, _>(ids).execute(connection).await.map(drop)
}

/// Begins a merge, in whose transaction references may be moved.
///
/// # Errors
/// What the database says, also of a pair that is not open.
pub async fn begin(new: &NewMergeRow, connection: &mut AsyncPgConnection) -> QueryResult<Replacing> {
    let id = Uuid::now_v7();
    let row = (
        merges::id.eq(id),
        merges::duplicate_id.eq(new.duplicate),
        merges::kind.eq(new.kind),
        merges::kept_id.eq(new.kept.0),
        merges::other_id.eq(new.other.0),
        merges::kept_version.eq(new.kept.1),
        merges::other_version.eq(new.other.1),
        merges::made_by.eq(new.by),
    );
    diesel::insert_into(merges::table).values(row).execute(connection).await?;
    Ok(Replacing { merge: id, kept: new.kept.0, other: new.other.0, by: new.by })
}

/// Notes which version of the kept record the merge made.
///
/// # Errors
/// What the database says.
pub async fn finish(merge: Uuid, version: i64, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let finish = diesel::update(merges::table.find(merge)).set(merges::merged_version.eq(version));
    finish.execute(connection).await.map(drop)
}

/// The merge of a pair that is not undone.
///
/// # Errors
/// What the database says.
pub async fn find(pair: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<MergeRow>> {
    let standing = merges::table.filter(merges::duplicate_id.eq(pair)).filter(merges::undone_at.is_null());
    standing.select(MergeRow::as_select()).first(connection).await.optional()
}

/// Begins the undoing of a merge, in whose transaction its record may come back.
///
/// # Errors
/// What the database says, also of one that was undone.
pub async fn undo(merge: Uuid, by: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let undo = "UPDATE merges SET undone_at = now(), undone_by = $2, undone_xid = pg_current_xact_id() WHERE id = $1";
    diesel::sql_query(undo).bind::<Id, _>(merge).bind::<Id, _>(by).execute(connection).await.map(drop)
}

/// Brings the tombstone of a record back with the fields that it had.
///
/// # Errors
/// What the database says.
pub async fn revive(kind: Kind, id: Uuid, by: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let revive = format!(
        "UPDATE {} SET version = version + 1, updated_at = clock_timestamp(), updated_by = $2, deleted_at = NULL,
             deleted_by = NULL, deleted_reason = NULL WHERE id = $1",
        kind.plural()
    );
    diesel::sql_query(revive).bind::<Id, _>(id).bind::<Id, _>(by).execute(connection).await.map(drop)
}

/// The merge of a pair that stands, with what it moved.
///
/// # Errors
/// What the database says.
pub async fn standing(pair: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<MergeView>> {
    let Some(merge) = find(pair, connection).await? else { return Ok(None) };
    let noted = merges::table.find(merge.id).select((merges::made_at, merges::made_by)).first(connection);
    let (made_at, made_by) = noted.await?;
    let moves = merge_moves::table.filter(merge_moves::merge_id.eq(merge.id));
    let columns = (merge_moves::table_name, merge_moves::column_name);
    let counted = moves.group_by(columns).order(columns).select((columns, diesel::dsl::count_star()));
    let counted: Vec<((String, String), i64)> = counted.load(connection).await?;
    let moved = counted.into_iter().filter_map(|((table, column), count)| Moved::of(&table, &column, count)).collect();
    Ok(Some(MergeView {
        kept_id: merge.kept_id,
        other_id: merge.other_id,
        merged_at: made_at,
        merged_by: made_by,
        moved,
    }))
}

/// The record that stands in the place of one that was merged, through all merges; none for what was not merged.
///
/// # Errors
/// What the database says.
pub async fn successor(kind: Kind, id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<Uuid>> {
    let reached = "WITH RECURSIVE following AS (
                       SELECT kept_id, 1 AS step FROM merges WHERE other_id = $1 AND kind = $2 AND undone_at IS NULL
                       UNION ALL
                       SELECT merges.kept_id, step + 1 FROM following
                       JOIN merges ON merges.other_id = following.kept_id AND merges.undone_at IS NULL)
                   SELECT (SELECT kept_id FROM following ORDER BY step DESC LIMIT 1) AS kept_id";
    let reached = diesel::sql_query(reached).bind::<Id, _>(id).bind::<Text, _>(kind.as_str());
    reached.get_result::<Reached>(connection).await.map(|reached| reached.kept_id)
}
