//! SQL of pairs.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::compare::{PairReason, nearness, numbers};
use super::finding::Found;
use super::requests::DuplicateFilter;
use super::{DuplicateKind, DuplicateState};
use crate::database::schema::duplicates;

/// A pair as it is kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = duplicates)]
pub struct PairRow {
    pub id: Uuid,
    pub version: i64,
    pub kind: DuplicateKind,
    pub one_id: Uuid,
    pub other_id: Uuid,
    pub reasons: Value,
    pub nearness: f64,
    pub state: DuplicateState,
    pub found_at: DateTime<Utc>,
    pub reported_by: Option<Uuid>,
    pub decided_at: Option<DateTime<Utc>>,
    pub decided_by: Option<Uuid>,
    pub note: Option<String>,
}

impl PairRow {
    /// Why the two may be the same.
    #[must_use]
    pub fn reasons(&self) -> Vec<PairReason> {
        serde_json::from_value(self.reasons.clone()).unwrap_or_default()
    }

    /// The other of its two records; none for a record that it is not of.
    #[must_use]
    pub fn other_than(&self, id: Uuid) -> Option<Uuid> {
        match id {
            _ if id == self.one_id => Some(self.other_id),
            _ if id == self.other_id => Some(self.one_id),
            _ => None,
        }
    }
}

/// One page of pairs, newest first.
///
/// # Errors
/// What the database says.
pub async fn page(
    filter: &DuplicateFilter,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<PairRow>> {
    let mut query = duplicates::table.into_boxed();
    if let Some(kind) = filter.kind {
        query = query.filter(duplicates::kind.eq(kind));
    }
    if let Some(state) = filter.state {
        query = query.filter(duplicates::state.eq(state));
    }
    if let Some(record) = filter.record_id {
        query = query.filter(duplicates::one_id.eq(record).or(duplicates::other_id.eq(record)));
    }
    if let Some(after) = after {
        query = query.filter(duplicates::id.lt(after));
    }
    query.order(duplicates::id.desc()).limit(limit).select(PairRow::as_select()).load(connection).await
}

/// A pair.
///
/// # Errors
/// What the database says.
pub async fn find(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<PairRow>> {
    duplicates::table.find(id).select(PairRow::as_select()).first(connection).await.optional()
}

/// Holds a pair as it is to the end of the transaction.
///
/// # Errors
/// What the database says.
pub async fn hold(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<PairRow> {
    duplicates::table.find(id).select(PairRow::as_select()).for_update().first(connection).await
}

/// Keeps a pair that a person reports, and its id. One that is known is open with one reason more; one that is merged
/// stays so, and is none.
///
/// # Errors
/// What the database says.
pub async fn report(found: &Found, by: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<Uuid>> {
    use diesel::query_dsl::methods::FilterDsl;

    let (one, other) = found.pair;
    let reasons = serde_json::to_value(&found.reasons).unwrap_or_default();
    let row = (
        duplicates::id.eq(Uuid::now_v7()),
        duplicates::kind.eq(found.kind),
        duplicates::one_id.eq(one),
        duplicates::other_id.eq(other),
        duplicates::reasons.eq(&reasons),
        duplicates::numbers.eq(numbers(&found.reasons)),
        duplicates::nearness.eq(nearness(&found.reasons)),
        duplicates::reported_by.eq(by),
    );
    let again = (
        duplicates::version.eq(duplicates::version + 1),
        duplicates::state.eq(DuplicateState::Open),
        duplicates::reasons.eq(&reasons),
        duplicates::numbers.eq(numbers(&found.reasons)),
        duplicates::nearness.eq(nearness(&found.reasons)),
        duplicates::reported_by.eq(by),
    );
    let insert = diesel::insert_into(duplicates::table).values(row);
    let insert = insert.on_conflict((duplicates::one_id, duplicates::other_id)).do_update().set(again);
    let insert = insert.filter(duplicates::state.ne(DuplicateState::Merged)).returning(duplicates::id);
    insert.get_result(connection).await.optional()
}

/// Notes what a person decided of a pair that is held.
///
/// # Errors
/// What the database says.
pub async fn decide(
    pair: &PairRow,
    state: DuplicateState,
    note: Option<&str>,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<PairRow> {
    let decided = (
        duplicates::version.eq(pair.version + 1),
        duplicates::state.eq(state),
        duplicates::decided_at.eq(Utc::now()),
        duplicates::decided_by.eq(by),
        duplicates::note.eq(note),
    );
    let decide = diesel::update(duplicates::table.find(pair.id)).set(decided).returning(PairRow::as_returning());
    decide.get_result(connection).await
}
