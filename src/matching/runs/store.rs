//! SQL of matching runs.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::RunState;
use crate::database::lock;
use crate::database::schema::{
    demands, experts, matching_run_matches, matching_runs, organisations, policies, results,
};
use crate::registry::Kind;

/// A run.
#[derive(Clone, Debug, Serialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = matching_runs)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-00000000000e", "source": "demand", "kinds": ["result", "expert"], "limit": 20,
    "state": "running", "total": 134, "done": 64, "created_at": "2026-11-25T02:03:04Z"
}))]
pub struct MatchingRun {
    pub id: Uuid,
    /// The kind of records that are matched.
    #[schema(value_type = Kind)]
    pub source: String,
    /// The kinds that they are matched with.
    #[schema(value_type = Vec<Kind>, max_items = 3)]
    pub kinds: Vec<String>,
    /// Matches of each record and kind, at most.
    #[schema(minimum = 1, maximum = 100)]
    pub limit: i16,
    pub state: RunState,
    /// Records that there were when it began.
    #[schema(minimum = 0)]
    pub total: i64,
    /// Records that were looked at.
    #[schema(minimum = 0)]
    pub done: i64,
    #[serde(skip)]
    pub last_id: Uuid,
    pub created_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
}

/// What was found for one record among one kind.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = matching_run_matches)]
pub struct Matched {
    pub run_id: Uuid,
    pub query_id: Uuid,
    pub kind: String,
    pub title: String,
    pub matches: Value,
}

/// Queues a run.
///
/// # Errors
/// What the database says.
pub async fn create(
    source: Kind,
    kinds: &[Kind],
    limit: i16,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<MatchingRun> {
    let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let row = (
        matching_runs::id.eq(Uuid::now_v7()),
        matching_runs::source.eq(source.as_str()),
        matching_runs::kinds.eq(words),
        matching_runs::limit.eq(limit),
        matching_runs::total.eq(count(source, connection).await?),
        matching_runs::created_by.eq(by),
    );
    let made = diesel::insert_into(matching_runs::table).values(row).returning(MatchingRun::as_returning());
    made.get_result(connection).await
}

async fn count(kind: Kind, connection: &mut AsyncPgConnection) -> QueryResult<i64> {
    macro_rules! living {
        ($table:ident) => {
            $table::table.filter($table::deleted_at.is_null()).count().get_result(connection).await
        };
    }
    match kind {
        Kind::Result => living!(results),
        Kind::Expert => living!(experts),
        Kind::Organisation => living!(organisations),
        Kind::Demand => living!(demands),
        Kind::Policy => living!(policies),
    }
}

/// A run.
///
/// # Errors
/// What the database says.
pub async fn find(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<MatchingRun>> {
    matching_runs::table.find(id).select(MatchingRun::as_select()).first(connection).await.optional()
}

/// One page of runs, newest first.
///
/// # Errors
/// What the database says.
pub async fn page(
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<MatchingRun>> {
    let mut query = matching_runs::table.into_boxed();
    if let Some(after) = after {
        query = query.filter(matching_runs::id.lt(after));
    }
    query.order(matching_runs::id.desc()).limit(limit).select(MatchingRun::as_select()).load(connection).await
}

/// Ends a run that has not ended; false if it has.
///
/// # Errors
/// What the database says.
pub async fn end(id: Uuid, state: RunState, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let open = matching_runs::table.find(id).filter(matching_runs::ended_at.is_null());
    let ended = (matching_runs::state.eq(state), matching_runs::ended_at.eq(Utc::now()));
    Ok(diesel::update(open).set(ended).execute(connection).await? == 1)
}

/// The oldest run that nobody works on. It is held by the connection, until it lets go or breaks.
///
/// # Errors
/// What the database says.
pub async fn claim(connection: &mut AsyncPgConnection) -> QueryResult<Option<MatchingRun>> {
    let open = matching_runs::table.filter(matching_runs::ended_at.is_null()).order(matching_runs::id);
    let runs: Vec<MatchingRun> = open.select(MatchingRun::as_select()).load(connection).await?;
    for run in runs {
        if lock::try_hold(lock::of(run.id), connection).await? {
            // Another process may have gone on with it, or ended it, between the look and the hold.
            match find(run.id, connection).await? {
                Some(current) if current.ended_at.is_none() => return Ok(Some(current)),
                _ => release(run.id, connection).await?,
            }
        }
    }
    Ok(None)
}

/// Lets go of a run.
///
/// # Errors
/// What the database says.
pub async fn release(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    lock::let_go(lock::of(id), connection).await
}

/// Keeps what a batch found, and how far the run has come; false if the run was cancelled meanwhile, and then nothing is
/// kept.
///
/// # Errors
/// What the database says.
pub async fn advance(
    run: &MatchingRun,
    found: &[Matched],
    looked_at: i64,
    last: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<bool> {
    let open = matching_runs::table.find(run.id).filter(matching_runs::ended_at.is_null());
    let further = (
        matching_runs::state.eq(RunState::Running),
        matching_runs::done.eq(matching_runs::done + looked_at),
        matching_runs::last_id.eq(last),
    );
    if diesel::update(open).set(further).execute(connection).await? == 0 {
        return Ok(false);
    }
    diesel::insert_into(matching_run_matches::table).values(found).execute(connection).await.map(|_| true)
}

/// What was found, in the order of the records, after one of them.
///
/// # Errors
/// What the database says.
pub async fn matches_after(
    run: Uuid,
    after: Option<&(Uuid, String)>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Matched>> {
    let mut query = matching_run_matches::table.filter(matching_run_matches::run_id.eq(run)).into_boxed();
    if let Some((id, kind)) = after {
        let later = matching_run_matches::query_id.gt(id);
        let same = matching_run_matches::query_id.eq(id).and(matching_run_matches::kind.gt(kind));
        query = query.filter(later.or(same));
    }
    let ordered = query.order((matching_run_matches::query_id, matching_run_matches::kind)).limit(limit);
    ordered.select(Matched::as_select()).load(connection).await
}

/// Titles or names of records.
///
/// # Errors
/// What the database says.
pub async fn titles(kind: Kind, ids: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<Vec<(Uuid, String)>> {
    macro_rules! of {
        ($table:ident, $name:ident) => {
            $table::table.filter($table::id.eq_any(ids)).select(($table::id, $table::$name)).load(connection).await
        };
    }
    match kind {
        Kind::Result => of!(results, title),
        Kind::Expert => of!(experts, name),
        Kind::Organisation => of!(organisations, name),
        Kind::Demand => of!(demands, title),
        Kind::Policy => of!(policies, title),
    }
}
