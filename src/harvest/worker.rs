//! Gives datestamps: what changes is written down for harvesters as the change feed tells it, by one process at a time.

use std::collections::{BTreeMap, HashSet};
use std::sync::Weak;
use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection};
use tokio::time::Instant;
use uuid::Uuid;

use super::item::{self, Item};
use super::store::{self, Step};
use crate::changes::{self, Position};
use crate::database::{Database, DatabaseError};
use crate::matching::follow::{Freshness, Progress};
use crate::registry::Kind;

/// Changes a step.
const BATCH: i64 = 1000;
/// A look though nothing seems to have changed.
const PATIENCE: Duration = Duration::from_secs(10);
/// A pause after the database failed.
const RECOVERY: Duration = Duration::from_secs(1);

/// Works as long as the service runs. What fails is tried again.
pub async fn work<T>(running: Weak<T>, database: Database, freshness: Freshness) {
    // Where an index is built from nothing, that has the machine to itself.
    freshness.built().await;
    let mut progress = freshness.progress();
    drop(freshness);
    while running.strong_count() > 0 {
        if let Err(error) = follow(&running, &database, &mut progress).await {
            tracing::error!(%error, "what harvesters are told fell behind; trying again");
            tokio::time::sleep(RECOVERY).await;
        }
    }
}

async fn follow<T>(running: &Weak<T>, database: &Database, progress: &mut Progress) -> Result<(), DatabaseError> {
    while running.strong_count() > 0 {
        let mut connection = database.worker_connection().await?;
        while running.strong_count() > 0 && step(&mut connection).await? {
            connection.keep();
        }
        drop(connection);
        progress.further(Instant::now() + PATIENCE).await;
    }
    Ok(())
}

/// Goes by some changes; whether there may be more.
async fn step(connection: &mut AsyncPgConnection) -> Result<bool, DatabaseError> {
    let now = changes::now(connection).await?;
    let from = store::place(now, connection).await?;
    let rows = changes::between((from, now), &Kind::ALL, BATCH, connection).await?;
    let Some(last) = rows.last() else { return Ok(false) };
    let to = now.at(last.xid, last.seq);
    let mut changed: BTreeMap<Kind, HashSet<Uuid>> = BTreeMap::new();
    for row in &rows {
        if let Some(kind) = row.kind() {
            changed.entry(kind).or_default().insert(row.record_id);
        }
    }
    let step = seen((from, to), changed, connection).await?;
    connection.transaction(async |connection| store::keep(&step, connection).await).await?;
    Ok(true)
}

/// What has become of the records. No transaction is open meanwhile: those who wait for changes would wait for it.
async fn seen(
    (from, to): (Position, Position),
    changed: BTreeMap<Kind, HashSet<Uuid>>,
    connection: &mut AsyncPgConnection,
) -> diesel::QueryResult<Step> {
    let mut step = Step { public: Default::default(), hidden: Vec::new(), from, to };
    for (kind, mut ids) in changed {
        let all: Vec<Uuid> = ids.iter().copied().collect();
        for Item { id, sets, .. } in item::public(kind, &all, connection).await? {
            ids.remove(&id);
            step.public.0.push(kind.as_str());
            step.public.1.push(id);
            step.public.2.push(sets.join(" "));
        }
        step.hidden.extend(ids);
    }
    Ok(step)
}
