//! SQL of the change table: every change of a record, in the order of the transactions that made them.

use std::collections::HashMap;

use diesel::pg::Pg;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::registry::Kind;

/// A place in the table. Who is there has come by every change up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(crate) struct Place {
    #[diesel(sql_type = BigInt)]
    pub xid: i64,
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
}

/// A change of a record, and where it stands in the table.
#[derive(QueryableByName)]
pub(crate) struct ChangeRow {
    #[diesel(embed)]
    pub place: Place,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = SqlUuid)]
    record_id: Uuid,
}

#[derive(QueryableByName)]
struct Transaction {
    #[diesel(sql_type = BigInt)]
    xid: i64,
}

impl Place {
    /// A statement that goes on from this place, which is `$1` and `$2`, to another, which is `$3` and `$4`.
    pub fn moved(self, to: Self, statement: &str) -> BoxedSqlQuery<'_, Pg, SqlQuery> {
        diesel::sql_query(statement)
            .into_boxed()
            .bind::<Text, _>(self.xid.to_string())
            .bind::<BigInt, _>(self.seq)
            .bind::<Text, _>(to.xid.to_string())
            .bind::<BigInt, _>(to.seq)
    }
}

/// The id of the running transaction: where its writes stand among all.
///
/// # Errors
/// What the database says.
pub async fn position_of_write(connection: &mut AsyncPgConnection) -> QueryResult<u64> {
    let query = diesel::sql_query("SELECT pg_current_xact_id()::text::bigint AS xid");
    let write: Transaction = query.get_result(connection).await?;
    Ok(write.xid.unsigned_abs())
}

/// The changes after a place, of transactions before one, in their order; at most so many.
pub(super) async fn changes_between(
    after: Place,
    before: i64,
    most: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<ChangeRow>> {
    // In the order of the column, which the primary key has; `xid` alone would be the number that is made of it.
    let query = "SELECT xid::text::bigint AS xid, seq, kind, record_id FROM changes
                 WHERE (xid, seq) > ($1::text::xid8, $2) AND xid < $3::text::xid8 ORDER BY changes.xid, seq LIMIT $4";
    diesel::sql_query(query)
        .bind::<Text, _>(after.xid.to_string())
        .bind::<BigInt, _>(after.seq)
        .bind::<Text, _>(before.to_string())
        .bind::<BigInt, _>(most)
        .load(connection)
        .await
}

/// The transaction of the newest change that committed; 0 where there is none.
pub(super) async fn newest_change(connection: &mut AsyncPgConnection) -> QueryResult<i64> {
    let query =
        "SELECT coalesce((SELECT xid FROM changes ORDER BY xid DESC, seq DESC LIMIT 1)::text::bigint, 0) AS xid";
    let row: Transaction = diesel::sql_query(query).get_result(connection).await?;
    Ok(row.xid)
}

/// The ids of what changed, by kind, each once.
pub(crate) fn by_kind(rows: &[ChangeRow]) -> HashMap<Kind, Vec<Uuid>> {
    let mut changed: HashMap<Kind, Vec<Uuid>> = HashMap::new();
    for row in rows {
        if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.as_str() == row.kind) {
            changed.entry(kind).or_default().push(row.record_id);
        }
    }
    for ids in changed.values_mut() {
        ids.sort_unstable();
        ids.dedup();
    }
    changed
}
