//! Matches what changed, behind the index of its process.

use std::sync::Weak;
use std::time::Duration;

use diesel_async::AsyncPgConnection;

use super::store::{self, Place};
use super::{SIDES, match_all};
use crate::background;
use crate::database::Database;
use crate::matching::follow::{ChangeRow, Trail, by_kind, changes_between};
use crate::matching::requests::is_open;
use crate::matching::work::WorkError;
use crate::matching::{Change, Document, Engine, documents};
use crate::registry::Kind;

/// Changes a step: a fraction of a second of work, so that what is found is told soon, however much is written at once.
const BATCH: i64 = 64;
/// A pause after the database failed, or while another process is at it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Works as long as somebody uses the engine. What fails is tried again.
pub async fn work(engine: Weak<Engine>, database: Database, mut trail: Trail) {
    while engine.strong_count() > 0 {
        if let Err(error) = follow(&engine, &database, &mut trail).await {
            tracing::error!(%error, "alerts fell behind; trying again");
            tokio::time::sleep(PATIENCE).await;
        }
    }
}

/// Follows until nobody keeps the index current. Where nothing is written it does nothing.
async fn follow(engine: &Weak<Engine>, database: &Database, trail: &mut Trail) -> Result<(), WorkError> {
    let mut connection = database.lasting_connection().await?;
    let mut reached = 0;
    while let Some(horizon) = trail.beyond(reached).await {
        if next(horizon, &mut connection).await?.1.is_empty() {
            reached = horizon;
        } else if store::claim(&mut connection).await? {
            let caught_up = catch_up(horizon, engine, &mut connection).await;
            store::release(&mut connection).await?;
            caught_up?;
            reached = horizon;
        } else {
            tokio::time::sleep(PATIENCE).await;
        }
    }
    Ok(())
}

/// Where the alerts stand, and the next changes that the index holds.
async fn next(horizon: u64, connection: &mut AsyncPgConnection) -> Result<(Place, Vec<ChangeRow>), WorkError> {
    let place = store::place(connection).await?;
    let changes = changes_between((place.xid, place.seq), horizon.cast_signed(), BATCH, connection).await?;
    Ok((place, changes))
}

/// Matches every change that the index holds, and tells of it.
async fn catch_up(horizon: u64, engine: &Weak<Engine>, connection: &mut AsyncPgConnection) -> Result<(), WorkError> {
    // What a service that ended has not come to is for another, or for itself when it is started again.
    while let Some(engine) = engine.upgrade() {
        let (place, changes) = next(horizon, connection).await?;
        let Some(last) = changes.last() else { break };
        let reached = Place { xid: last.xid, seq: last.seq };
        let records = open_records(&changes, engine.meaning_version(), connection).await?;
        // No transaction is open meanwhile: nobody's index waits for this.
        let pairs = background::run(move || match_all(&engine, &records)).await??;
        store::tell(place, reached, pairs, connection).await?;
    }
    Ok(())
}

/// Those that changed and that ask or are offered now.
async fn open_records(
    changes: &[ChangeRow],
    model: Option<&str>,
    connection: &mut AsyncPgConnection,
) -> Result<Vec<(Kind, Document)>, WorkError> {
    let mut records = Vec::new();
    for (kind, ids) in by_kind(changes).into_iter().filter(|(kind, _)| SIDES.contains(kind)) {
        let loaded = documents::load(kind, &ids, model, connection).await?.changes.into_iter();
        let open = loaded.filter_map(|change| match change {
            Change::Put(document) => Some(*document).filter(|document| is_open(kind, document)),
            Change::Remove(_) => None,
        });
        records.extend(open.map(|document| (kind, document)));
    }
    Ok(records)
}
