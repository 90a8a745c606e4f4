//! Work that comes behind the index of its process: it goes by the changes that the index holds, from a place that the
//! database keeps, one process at a time.

use std::sync::Weak;
use std::time::Duration;

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;

use super::Engine;
use super::changes::{ChangeRow, Place, changes_between};
use super::follow::Trail;
use super::work::WorkError;
use crate::database::{Database, WorkerConnection, lock};

/// A pause after the database failed, or while another process is at it.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) trait Behind: Sync {
    /// What the log calls it.
    const NAME: &str;
    /// The lock of the process that is at it.
    const LOCK: i64;
    /// Changes a step.
    const BATCH: i64;

    /// How far it has come; nothing if a later one took its place.
    fn place(&self, connection: &mut AsyncPgConnection) -> impl Future<Output = QueryResult<Option<Place>>> + Send;

    /// Does what changes ask for, and goes on from one place to another. No transaction may be open while it takes its
    /// time: every index would wait for that.
    fn step(
        &self,
        places: (Place, Place),
        changes: &[ChangeRow],
        connection: &mut AsyncPgConnection,
    ) -> impl Future<Output = Result<(), WorkError>> + Send;

    /// It has come by all changes.
    fn caught_up(&self, _: &mut AsyncPgConnection) -> impl Future<Output = Result<(), WorkError>> + Send {
        std::future::ready(Ok(()))
    }
}

/// Works as long as somebody uses the engine. What fails is tried again.
pub(crate) async fn work<B: Behind>(behind: &B, engine: &Weak<Engine>, database: &Database, mut trail: Trail) {
    while engine.strong_count() > 0 {
        match follow(behind, engine, database, &mut trail).await {
            Ok(()) => return,
            Err(error) => {
                tracing::error!(%error, "{} fell behind; trying again", B::NAME);
                tokio::time::sleep(PATIENCE).await;
            }
        }
    }
}

/// Follows until nobody keeps the index current, or a later one took its place. Where nothing is written it does nothing.
async fn follow<B: Behind>(
    behind: &B,
    engine: &Weak<Engine>,
    database: &Database,
    trail: &mut Trail,
) -> Result<(), WorkError> {
    let mut reached = 0;
    while let Some(horizon) = trail.beyond(reached).await {
        let mut connection = database.worker_connection().await?;
        let Some((_, changes)) = next(behind, horizon, &mut connection).await? else {
            tracing::warn!("{}: a later process took the place of this one", B::NAME);
            return Ok(());
        };
        if changes.is_empty() {
            reached = horizon;
        } else if lock::try_hold(B::LOCK, &mut connection).await? {
            let caught_up = catch_up(behind, horizon, engine, &mut connection).await;
            lock::let_go(B::LOCK, &mut connection).await?;
            caught_up?;
            reached = horizon;
        } else {
            drop(connection);
            tokio::time::sleep(PATIENCE).await;
        }
    }
    Ok(())
}

/// Where it stands, and the next changes that the index holds.
async fn next<B: Behind>(
    behind: &B,
    horizon: u64,
    connection: &mut AsyncPgConnection,
) -> Result<Option<(Place, Vec<ChangeRow>)>, WorkError> {
    let Some(place) = behind.place(connection).await? else { return Ok(None) };
    let changes = changes_between(place, horizon.cast_signed(), B::BATCH, connection).await?;
    Ok(Some((place, changes)))
}

/// Goes by every change that the index holds.
async fn catch_up<B: Behind>(
    behind: &B,
    horizon: u64,
    engine: &Weak<Engine>,
    connection: &mut WorkerConnection,
) -> Result<(), WorkError> {
    // What a service that ended has not come to is for another, or for itself when it is started again.
    while engine.strong_count() > 0 {
        let Some((place, changes)) = next(behind, horizon, connection).await? else { break };
        let Some(last) = changes.last() else { return behind.caught_up(connection).await };
        behind.step((place, last.place), &changes, connection).await?;
        // Whether there are many more is not known.
        connection.keep();
    }
    Ok(())
}
