//! Follows the change table: keeps the index current to the second and never skips a commit.
//!
//! Every change is a row that was appended in the change's own transaction. The reader takes only rows of
//! transactions older than every one still open (`pg_snapshot_xmin`), in their order, so a commit that comes late is
//! never behind the reader's position. The position is stored inside the index's own commit; an index that has none,
//! or that is of another database, is built anew from what the tables hold.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::StreamExt;
use tokio::sync::watch;
use uuid::Uuid;

use super::documents;
use super::{Change, Engine, IndexError};
use crate::database::{Database, DatabaseError};
use crate::registry::Kind;

/// Changes a step; each step is one commit of the index.
const BATCH: i64 = 2000;
/// A look at the table without having been woken: for a notice that was lost.
const PATIENCE: Duration = Duration::from_secs(1);
/// A look while a commit waits behind an older open transaction.
const IMPATIENCE: Duration = Duration::from_millis(50);
/// A pause after the database or the disk failed.
const RECOVERY: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the database refused: {0}")]
    Query(#[from] diesel::result::Error),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error("the indexing task stopped: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// How far an index has come in the change table of one database.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Position {
    /// Tells databases apart: cluster and database.
    database: String,
    /// Every change up to this pair is in the index, and no later one.
    xid: i64,
    seq: i64,
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} {}", self.database, self.xid, self.seq)
    }
}

impl Position {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let (database, xid, seq) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { database: database.to_owned(), xid: xid.parse().ok()?, seq: seq.parse().ok()? })
    }
}

#[derive(QueryableByName)]
struct HorizonRow {
    /// Which cluster and which database of it.
    #[diesel(sql_type = Text)]
    database: String,
    #[diesel(sql_type = BigInt)]
    xid: i64,
}

#[derive(QueryableByName)]
struct ChangeRow {
    #[diesel(sql_type = BigInt)]
    xid: i64,
    #[diesel(sql_type = BigInt)]
    seq: i64,
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

/// The id of the running transaction: where its writes stand among all.
///
/// # Errors
/// What the database says.
pub async fn position_of_write(connection: &mut AsyncPgConnection) -> QueryResult<u64> {
    let query = diesel::sql_query("SELECT pg_current_xact_id()::text::bigint AS xid");
    let write: Transaction = query.get_result(connection).await?;
    Ok(write.xid.unsigned_abs())
}

/// How far this process's index has come; for those who wait.
#[derive(Clone)]
pub struct Freshness(watch::Receiver<Option<u64>>);

impl Freshness {
    /// Has the index held what the database holds since the process began?
    #[must_use]
    pub fn is_built(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits until the index is built.
    pub async fn built(&self) {
        // The sender lives as long as the process; without it there is nothing to wait for.
        let _ = self.0.clone().wait_for(Option::is_some).await;
    }

    /// Waits until a write can be found, at most so long; true if it can.
    pub async fn reached(&self, xid: u64, wait: Duration) -> bool {
        let mut receiver = self.0.clone();
        let reached = receiver.wait_for(|horizon| horizon.is_some_and(|horizon| xid < horizon));
        matches!(tokio::time::timeout(wait, reached).await, Ok(Ok(_)))
    }
}

/// Keeps the indexes of an engine current.
pub struct Follower {
    database: Database,
    engine: Arc<Engine>,
    freshness: watch::Sender<Option<u64>>,
}

impl Follower {
    /// A follower and what tells how far it has come.
    #[must_use]
    pub fn new(database: Database, engine: Arc<Engine>) -> (Self, Freshness) {
        let (freshness, receiver) = watch::channel(None);
        (Self { database, engine, freshness }, Freshness(receiver))
    }

    /// Follows until nobody waits for it any more. A database or disk that fails is tried again.
    pub async fn run(self) {
        tokio::select! {
            () = self.follow_on() => {}
            () = self.freshness.closed() => {}
        }
    }

    async fn follow_on(&self) {
        loop {
            if let Err(error) = self.follow().await {
                tracing::error!(%error, "the index fell behind; trying again");
                tokio::time::sleep(RECOVERY).await;
            }
            // What a step that failed had taken in must not go into the next commit, nor may a disk that was full
            // once keep the index from following.
            let engine = Arc::clone(&self.engine);
            match tokio::task::spawn_blocking(move || engine.roll_back()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the index cannot go back to its last commit"),
                Err(error) => tracing::error!(%error, "the index cannot go back to its last commit"),
            }
        }
    }

    async fn follow(&self) -> Result<(), FollowError> {
        let mut listener = self.database.lasting_connection().await?;
        diesel::sql_query("LISTEN duijie_changes").execute(&mut listener).await?;
        let mut notices = std::pin::pin!(listener.notifications_stream());
        let mut reader = self.database.lasting_connection().await?;
        let mut position = self.build_missing(&mut reader).await?;
        loop {
            let patience = if self.catch_up(&mut position, &mut reader).await? { IMPATIENCE } else { PATIENCE };
            match tokio::time::timeout(patience, notices.next()).await {
                Err(_) => {}
                Ok(Some(notice)) => drop(notice?),
                Ok(None) => return Ok(()),
            }
        }
    }

    /// Builds the indexes that cannot go on from where they stand; where all of them can go on from.
    async fn build_missing(&self, connection: &mut AsyncPgConnection) -> Result<Position, FollowError> {
        let now = Step::read(None, connection).await?.horizon;
        let mut lowest = now.clone();
        for kind in Kind::ALL {
            let kept = self.engine.index_of(kind).position().and_then(|text| Position::parse(&text));
            match kept.filter(|kept| kept.database == now.database && kept.xid <= now.xid) {
                Some(kept) if (kept.xid, kept.seq) < (lowest.xid, lowest.seq) => lowest = kept,
                Some(_) => {}
                None => self.build(kind, &now, connection).await?,
            }
        }
        Ok(lowest)
    }

    /// Builds one index from what the tables hold. Changes that commit while it is built come after its position.
    async fn build(&self, kind: Kind, now: &Position, connection: &mut AsyncPgConnection) -> Result<(), FollowError> {
        tracing::info!(kind = kind.as_str(), "building the index");
        self.engine.index_of(kind).clear()?;
        let mut after = Uuid::nil();
        loop {
            let loaded = documents::load_after(kind, after, BATCH, connection).await?;
            let Some(last) = loaded.last else { break };
            after = last;
            self.apply(kind, loaded.changes).await?;
        }
        self.commit(kind, now).await
    }

    /// Brings every index up to now; true if something committed waits behind an open transaction.
    async fn catch_up(&self, position: &mut Position, connection: &mut AsyncPgConnection) -> Result<bool, FollowError> {
        loop {
            let step = Step::read(Some(position), connection).await?;
            if !step.changed.is_empty() {
                for (kind, ids) in &step.changed {
                    let loaded = documents::load(*kind, ids, connection).await?;
                    self.apply(*kind, loaded.changes).await?;
                }
                for kind in Kind::ALL {
                    self.commit(kind, &step.reached).await?;
                }
            }
            *position = step.reached;
            if !step.more {
                self.freshness.send_replace(Some(position.xid.unsigned_abs()));
                return Ok(step.waiting);
            }
        }
    }

    /// Writing to the index is work of the processor and the disk, not for the task that other futures share.
    async fn apply(&self, kind: Kind, changes: Vec<Change>) -> Result<(), FollowError> {
        let engine = Arc::clone(&self.engine);
        Ok(tokio::task::spawn_blocking(move || engine.index_of(kind).apply(changes)).await??)
    }

    async fn commit(&self, kind: Kind, position: &Position) -> Result<(), FollowError> {
        let (engine, position) = (Arc::clone(&self.engine), position.to_string());
        Ok(tokio::task::spawn_blocking(move || engine.index_of(kind).commit(&position)).await??)
    }
}

/// The next changes, read in one snapshot.
struct Step {
    /// The ids that changed, by kind.
    changed: HashMap<Kind, Vec<Uuid>>,
    /// Where the index stands once it holds them.
    reached: Position,
    /// The oldest transaction still open.
    horizon: Position,
    /// There are more than one step takes.
    more: bool,
    /// Something that committed waits behind an open transaction.
    waiting: bool,
}

impl Step {
    async fn read(from: Option<&Position>, connection: &mut AsyncPgConnection) -> QueryResult<Self> {
        let mut transaction = connection.build_transaction().repeatable_read().read_only();
        transaction
            .run(async |connection| {
                let horizon = horizon(connection).await?;
                let rows = match from {
                    Some(position) => changes_between(position, horizon.xid, connection).await?,
                    None => Vec::new(),
                };
                let more = i64::try_from(rows.len()).is_ok_and(|count| count >= BATCH);
                let reached = match rows.last() {
                    Some(last) if more => Position { xid: last.xid, seq: last.seq, ..horizon.clone() },
                    _ => horizon.clone(),
                };
                let waiting = newest_change(connection).await? >= horizon.xid;
                Ok(Self { changed: by_kind(&rows), reached, horizon, more, waiting })
            })
            .await
    }
}

/// The oldest transaction still open, as the position before it.
async fn horizon(connection: &mut AsyncPgConnection) -> QueryResult<Position> {
    let query =
        "SELECT concat(system_identifier, '/', (SELECT oid FROM pg_database WHERE datname = current_database()))
                     AS database, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xid
                 FROM pg_control_system()";
    let row: HorizonRow = diesel::sql_query(query).get_result(connection).await?;
    Ok(Position { database: row.database, xid: row.xid, seq: -1 })
}

async fn changes_between(
    from: &Position,
    before: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<ChangeRow>> {
    let query = "SELECT xid::text::bigint AS xid, seq, kind, record_id FROM changes
                 WHERE (xid, seq) > ($1::text::xid8, $2) AND xid < $3::text::xid8 ORDER BY xid, seq LIMIT $4";
    diesel::sql_query(query)
        .bind::<Text, _>(from.xid.to_string())
        .bind::<BigInt, _>(from.seq)
        .bind::<Text, _>(before.to_string())
        .bind::<BigInt, _>(BATCH)
        .load(connection)
        .await
}

async fn newest_change(connection: &mut AsyncPgConnection) -> QueryResult<i64> {
    let query =
        "SELECT coalesce((SELECT xid FROM changes ORDER BY xid DESC, seq DESC LIMIT 1)::text::bigint, 0) AS xid";
    let row: Transaction = diesel::sql_query(query).get_result(connection).await?;
    Ok(row.xid)
}

fn by_kind(rows: &[ChangeRow]) -> HashMap<Kind, Vec<Uuid>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_back_as_it_was_written() {
        let position = Position { database: "7/5".to_owned(), xid: 42, seq: -1 };
        assert_eq!(Position::parse(&position.to_string()), Some(position));
        assert_eq!(Position::parse("7/5 x 1"), None);
        assert_eq!(Position::parse(""), None);
    }
}
