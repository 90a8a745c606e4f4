//! SQL of the change feed.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Text, Uuid as Id};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::Position;
use crate::registry::Kind;

/// A change of a record, and where it stands.
#[derive(Clone, QueryableByName)]
pub struct ChangeRow {
    #[diesel(sql_type = BigInt)]
    pub xid: i64,
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Id)]
    pub record_id: Uuid,
    #[diesel(sql_type = BigInt)]
    pub version: i64,
}

impl ChangeRow {
    /// Of what kind the record is.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == self.kind)
    }
}

#[derive(QueryableByName)]
struct NowRow {
    #[diesel(sql_type = Text)]
    database: String,
    #[diesel(sql_type = BigInt)]
    xid: i64,
}

/// An earlier version of a record.
#[derive(QueryableByName)]
pub struct VersionRow {
    #[diesel(sql_type = Id)]
    pub record_id: Uuid,
    #[diesel(sql_type = BigInt)]
    pub version: i64,
    #[diesel(sql_type = Jsonb)]
    pub record: Value,
}

/// Before everything that the snapshot of a transaction may not hold: of what comes later it may hold some already.
///
/// # Errors
/// What the database says.
pub async fn now(connection: &mut AsyncPgConnection) -> QueryResult<Position> {
    let query =
        "SELECT concat(system_identifier, '/', (SELECT oid FROM pg_database WHERE datname = current_database()))
                     AS database, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xid
                 FROM pg_control_system()";
    let row: NowRow = diesel::sql_query(query).get_result(connection).await?;
    Ok(Position::new(&row.database, row.xid, -1))
}

/// The changes after a position and before another, of some kinds, in their order; at most so many.
///
/// # Errors
/// What the database says.
pub async fn between(
    (after, before): (Position, Position),
    kinds: &[Kind],
    most: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<ChangeRow>> {
    let query = "SELECT xid::text::bigint AS xid, seq, kind, record_id, version FROM changes
                 WHERE (xid, seq) > ($1::text::xid8, $2) AND xid < $3::text::xid8 AND is_write AND kind = ANY ($4)
                 ORDER BY changes.xid, seq LIMIT $5";
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    diesel::sql_query(query)
        .bind::<Text, _>(after.xid.to_string())
        .bind::<BigInt, _>(after.seq)
        .bind::<Text, _>(before.xid.to_string())
        .bind::<Array<Text>, _>(kinds)
        .bind::<BigInt, _>(most)
        .load(connection)
        .await
}

/// Earlier versions of records, those that were kept.
pub(super) async fn versions(
    wanted: &[(Uuid, i64)],
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<VersionRow>> {
    let (ids, versions): (Vec<Uuid>, Vec<i64>) = wanted.iter().copied().unzip();
    let query = "SELECT record_id, version, record FROM record_versions
                 JOIN unnest($1, $2) AS wanted (id, number) ON record_id = id AND version = number";
    let query = diesel::sql_query(query).bind::<Array<Id>, _>(ids).bind::<Array<BigInt>, _>(versions);
    query.load(connection).await
}
