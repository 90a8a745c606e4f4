//! SQL of sitemaps. No query looks at more than the rows of one slice.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as Id};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{SLICE, Slice};
use crate::registry::Kind;

#[derive(diesel::QueryableByName)]
struct SliceRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Timestamptz)]
    changed_at: DateTime<Utc>,
}

#[derive(diesel::QueryableByName)]
struct MomentRow {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    living: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    gone: Option<DateTime<Utc>>,
}

#[derive(diesel::QueryableByName)]
struct RecordRow {
    #[diesel(sql_type = Id)]
    record_id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    changed_at: DateTime<Utc>,
}

/// When something in a slice last changed: one look into the index.
fn last(kind: &str, number: &str, deleted: bool) -> String {
    format!(
        "(SELECT changed_at FROM harvest_items WHERE kind = {kind} AND (place - 1) / {SLICE} = {number}
          AND deleted = {deleted} ORDER BY changed_at DESC LIMIT 1)"
    )
}

/// Every slice in which something is public, in the order of kinds and numbers, with when something in it last changed.
///
/// # Errors
/// What the database says.
pub async fn slices(connection: &mut AsyncPgConnection) -> diesel::QueryResult<Vec<(Slice, DateTime<Utc>)>> {
    let (living, gone) = (last("kinds.kind", "number", false), last("kinds.kind", "number", true));
    let query = format!(
        "SELECT kinds.kind, number, greatest(living, gone) AS changed_at
         FROM unnest($1) WITH ORDINALITY AS kinds (kind, turn),
              LATERAL (SELECT max(place) AS most FROM harvest_items WHERE kind = kinds.kind) AS places,
              LATERAL generate_series(0, (most - 1) / {SLICE}) AS number,
              LATERAL (SELECT {living} AS living, {gone} AS gone) AS changes
         WHERE living IS NOT NULL ORDER BY turn, number"
    );
    let kinds = Kind::ALL.map(Kind::as_str).to_vec();
    let rows: Vec<SliceRow> = diesel::sql_query(query).bind::<Array<Text>, _>(kinds).load(connection).await?;
    let slices = rows.into_iter().filter_map(|row| {
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == row.kind)?;
        Some((Slice { kind, number: row.number }, row.changed_at))
    });
    Ok(slices.collect())
}

/// When something in a slice last changed; none where nothing in it is public.
///
/// # Errors
/// What the database says.
pub async fn changed_at(
    slice: Slice,
    connection: &mut AsyncPgConnection,
) -> diesel::QueryResult<Option<DateTime<Utc>>> {
    let query = format!("SELECT {} AS living, {} AS gone", last("$1", "$2", false), last("$1", "$2", true));
    let query = diesel::sql_query(query).bind::<Text, _>(slice.kind.as_str()).bind::<BigInt, _>(slice.number);
    let row: MomentRow = query.get_result(connection).await?;
    Ok(row.living.map(|living| row.gone.map_or(living, |gone| living.max(gone))))
}

/// What is public in a slice, in the order in which it became so.
///
/// # Errors
/// What the database says.
pub async fn records(
    slice: Slice,
    connection: &mut AsyncPgConnection,
) -> diesel::QueryResult<Vec<(Uuid, DateTime<Utc>)>> {
    let query = "SELECT record_id, changed_at FROM harvest_items
                 WHERE kind = $1 AND place > $2 AND place <= $3 AND NOT deleted ORDER BY place";
    let first = slice.number.saturating_mul(SLICE);
    let query = diesel::sql_query(query)
        .bind::<Text, _>(slice.kind.as_str())
        .bind::<BigInt, _>(first)
        .bind::<BigInt, _>(first.saturating_add(SLICE));
    let rows: Vec<RecordRow> = query.load(connection).await?;
    Ok(rows.into_iter().map(|row| (row.record_id, row.changed_at)).collect())
}
