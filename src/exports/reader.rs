//! Records in the order of their ids, all of one snapshot, a batch at a time.

use std::sync::Arc;

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::access::{self, Action};
use crate::changes::{self, Position};
use crate::database::{Database, DatabaseError};
use crate::identity::Caller;
use crate::registry::{Concept, Record};

/// Exports that run at once: each holds a connection of its own.
pub const AT_ONCE: usize = 4;

/// Records a batch, some megabytes at most.
const BATCH: i64 = 1000;

/// Batches that are read ahead of who takes them.
const AHEAD: usize = 2;

/// Who takes nothing for a minute loses the snapshot, which holds up the broom of the database.
const PATIENCE: &str = "SET idle_in_transaction_session_timeout = '60s'";
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Ids after one and up to another.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    pub after: Uuid,
    pub until: Uuid,
}

/// Why an export broke off.
#[derive(Debug, thiserror::Error)]
#[error("the export broke off")]
pub struct BrokenOff;

/// What is read, as it comes.
pub type Batches<C> = Receiver<Result<Vec<Record<C>>, BrokenOff>>;

/// Begins to read. The position is where the change feed goes on from what the export holds.
///
/// # Errors
/// What the database says.
pub async fn read<C: Concept>(
    range: Range,
    caller: Caller,
    database: &Database,
    permit: OwnedSemaphorePermit,
) -> Result<(Batches<C>, Position), DatabaseError> {
    let mut connection = database.lasting_connection().await?;
    diesel::sql_query(PATIENCE).execute(&mut connection).await?;
    diesel::sql_query(SNAPSHOT).execute(&mut connection).await?;
    let position = changes::now(&mut connection).await?;
    let (sender, batches) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let read = send_all::<C>(range, &caller, &mut connection, &sender).await;
        if let Err(error) = read {
            tracing::error!(%error, "an export broke off");
            // Whoever took it may be gone.
            let _ = sender.send(Err(BrokenOff)).await;
        }
        drop(permit);
    });
    Ok((batches, position))
}

async fn send_all<C: Concept>(
    range: Range,
    caller: &Caller,
    connection: &mut AsyncPgConnection,
    sender: &Sender<Result<Vec<Record<C>>, BrokenOff>>,
) -> diesel::QueryResult<()> {
    let mut after = range.after;
    loop {
        let mut batch = C::following(after, BATCH, connection).await?;
        let Some(last) = batch.last().map(|record| record.stamp.id) else { return Ok(()) };
        after = last;
        batch.retain(|record| record.stamp.id <= range.until && is_for(caller, record));
        // How people are reached is shown one record at a time, where every view is noted.
        for record in &mut batch {
            record.fields.conceal();
        }
        let is_taken = sender.send(Ok(batch)).await.is_ok();
        if !is_taken || last >= range.until {
            return Ok(());
        }
    }
}

fn is_for<C: Concept>(caller: &Caller, record: &Record<C>) -> bool {
    record.stamp.deleted_at.is_none() && access::may(caller, Action::Read, record)
}

/// Room for one more export, if there is.
#[must_use]
pub fn room(exports: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(exports).try_acquire_owned().ok()
}
