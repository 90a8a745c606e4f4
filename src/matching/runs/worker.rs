//! Works on runs, one at a time in a process, on all its processors.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde_json::{Value, json};
use uuid::Uuid;

use super::store::{self, Matched, MatchingRun};
use super::{RunState, counterparts};
use crate::background;
use crate::database::Database;
use crate::database::notices::Notices;
use crate::matching::follow::Freshness;
use crate::matching::requests::{asks, request_for};
use crate::matching::shares::shares;
use crate::matching::work::WorkError;
use crate::matching::{Change, Document, Engine, IndexError, Match, Query, Viewer, documents};
use crate::registry::Kind;

/// Notices of matching runs.
pub const CHANNEL: &str = "duijie_runs";
/// Records a batch: some seconds of work over a million, and little to do again after a crash.
const BATCH: i64 = 64;
/// A look without having been woken.
const PATIENCE: Duration = Duration::from_secs(2);
/// Terms that tell why, in a downloaded line.
const TERMS: usize = 8;

/// Works as long as somebody uses the engine. What fails is tried again: a run goes on after its last batch.
pub async fn work(engine: Weak<Engine>, database: Database, freshness: Freshness, mut notices: Notices) {
    freshness.built().await;
    // The follower goes on as long as somebody asks how far it is.
    drop(freshness);
    while engine.strong_count() > 0 {
        if let Err(error) = wait_and_work(&engine, &database, &mut notices).await {
            tracing::error!(%error, "a matching run stopped; trying again");
            tokio::time::sleep(PATIENCE).await;
        }
    }
}

async fn wait_and_work(engine: &Weak<Engine>, database: &Database, notices: &mut Notices) -> Result<(), WorkError> {
    while engine.strong_count() > 0 {
        let mut connection = database.worker_connection().await?;
        while let Some(run) = store::claim(&mut connection).await? {
            connection.keep();
            let Some(engine) = engine.upgrade() else { return Ok(()) };
            tracing::info!(run = %run.id, source = run.source, done = run.done, "a matching run goes on");
            let finished = go_on(&run, &engine, &mut connection).await;
            store::release(run.id, &mut connection).await?;
            finished?;
        }
        drop(connection);
        notices.wait(PATIENCE).await;
    }
    Ok(())
}

/// Matches the records of a run from where it stands to its end, or until it is cancelled.
async fn go_on(run: &MatchingRun, engine: &Arc<Engine>, connection: &mut AsyncPgConnection) -> Result<(), WorkError> {
    let Some(source) = Kind::ALL.into_iter().find(|kind| kind.as_str() == run.source) else { return Ok(()) };
    let kinds: Vec<Kind> = counterparts(source)
        .iter()
        .copied()
        .filter(|kind| run.kinds.iter().any(|word| word == kind.as_str()))
        .collect();
    let mut last = run.last_id;
    loop {
        let loaded = documents::load_after(source, last, BATCH, engine.meaning_version(), connection).await?;
        let Some(reached) = loaded.last else {
            store::end(run.id, RunState::Completed, connection).await?;
            return Ok(());
        };
        let living = loaded.changes.into_iter().filter_map(|change| match change {
            Change::Put(document) => Some(*document),
            Change::Remove(_) => None,
        });
        let living: Vec<Document> = living.collect();
        let looked_at = i64::try_from(living.len()).unwrap_or_default();
        let open: Vec<Document> = living.into_iter().filter(Document::is_open).collect();
        let (engine, kinds, limit) = (Arc::clone(engine), kinds.clone(), usize::from(run.limit.unsigned_abs()));
        let matched = background::run(move || match_all(&engine, source, &kinds, limit, &open)).await??;
        let found = described(run.id, matched, connection).await?;
        let kept = connection
            .transaction(async |connection| store::advance(run, &found, looked_at, reached, connection).await);
        if !kept.await? {
            return Ok(());
        }
        last = reached;
    }
}

/// A record and what was found for it among a kind.
struct Found {
    query: Uuid,
    title: String,
    kind: Kind,
    matches: Vec<Match>,
}

/// Matches records on all processors.
fn match_all(
    engine: &Engine,
    source: Kind,
    kinds: &[Kind],
    limit: usize,
    records: &[Document],
) -> Result<Vec<Found>, IndexError> {
    std::thread::scope(|scope| {
        let parts: Vec<_> = shares(records)
            .into_iter()
            .map(|part| scope.spawn(move || match_part(engine, source, kinds, limit, part)))
            .collect();
        let mut found = Vec::with_capacity(records.len() * kinds.len());
        for part in parts {
            // A panic in a part is one of this task, which tells of it.
            found.extend(part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(found)
    })
}

fn match_part(
    engine: &Engine,
    source: Kind,
    kinds: &[Kind],
    limit: usize,
    records: &[Document],
) -> Result<Vec<Found>, IndexError> {
    let mut found = Vec::new();
    for record in records {
        for kind in kinds {
            let query = Query::from(record.clone());
            let request = request_for(*kind, query, asks(source), &[], Viewer::centre(), limit);
            let matches = engine.matches(&request)?;
            found.push(Found { query: record.id, title: name_of(record), kind: *kind, matches });
        }
    }
    Ok(found)
}

/// People and organisations go by their names.
fn name_of(record: &Document) -> String {
    record.names.as_slice().first().unwrap_or(&record.title).clone()
}

/// Rows to be kept, with the titles of what was found.
async fn described(
    run: Uuid,
    found: Vec<Found>,
    connection: &mut AsyncPgConnection,
) -> Result<Vec<Matched>, WorkError> {
    let mut titles: HashMap<Uuid, String> = HashMap::new();
    for kind in Kind::ALL {
        let of_kind = found.iter().filter(|found| found.kind == kind);
        let mut ids: Vec<Uuid> = of_kind.flat_map(|found| found.matches.iter().map(|one| one.id)).collect();
        ids.sort_unstable();
        ids.dedup();
        if !ids.is_empty() {
            titles.extend(store::titles(kind, &ids, connection).await?);
        }
    }
    let rows = found.into_iter().map(|found| Matched {
        run_id: run,
        query_id: found.query,
        kind: found.kind.as_str().to_owned(),
        title: found.title,
        matches: found.matches.iter().map(|one| line(one, titles.get(&one.id))).collect(),
    });
    Ok(rows.collect())
}

fn line(found: &Match, title: Option<&String>) -> Value {
    let terms: Vec<&str> = found.explanation.terms.iter().take(TERMS).map(|shared| shared.term.as_str()).collect();
    // As exactly as it is: the shortest number that means it.
    let score: f64 = found.score.to_string().parse().unwrap_or_default();
    json!({ "id": found.id, "title": title, "score": score, "level": found.level, "terms": terms })
}
