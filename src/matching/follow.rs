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
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::changes::{Place, by_kind, changes_between, newest_change};
use super::documents;
use super::work::WorkError;
use super::{Engine, IndexError, KindIndex};
use crate::background;
use crate::database::Database;
use crate::database::notices::Notices;
use crate::registry::Kind;

/// Notices of changed records.
pub const CHANNEL: &str = "duijie_changes";
/// Changes a step; each step is one commit of the index.
const BATCH: i64 = 2000;
/// A look at the table without having been woken: for a notice that was lost.
const PATIENCE: Duration = Duration::from_secs(1);
/// A look while a commit waits behind an older open transaction.
const IMPATIENCE: Duration = Duration::from_millis(50);
/// Between two commits, at least and at most: changes that come fast share them, the more the longer a commit takes.
const PACE: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(300)];
/// The pause after a commit is so many times as long as it took, so that searching has the processor.
const REST: u32 = 10;
/// Between two notes of an index that nothing changes in.
const NOTING: Duration = Duration::from_mins(1);
/// A pause after the database or the disk failed.
const RECOVERY: Duration = Duration::from_secs(2);

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

    const fn place(&self) -> Place {
        Place { xid: self.xid, seq: self.seq }
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

    /// For those who wait for whatever comes next.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let horizon = *self.0.borrow();
        Progress(self.0.clone(), horizon)
    }

    /// Waits until a write can be found, at most so long; true if it can.
    pub async fn reached(&self, xid: u64, wait: Duration) -> bool {
        let mut receiver = self.0.clone();
        let reached = receiver.wait_for(|horizon| horizon.is_some_and(|horizon| xid < horizon));
        matches!(tokio::time::timeout(wait, reached).await, Ok(Ok(_)))
    }
}

/// Tells when there may be more than was seen.
pub struct Progress(watch::Receiver<Option<u64>>, Option<u64>);

impl Progress {
    /// Waits until transactions have ended that had not the last time, until a moment; true if some have.
    pub async fn further(&mut self, deadline: Instant) -> bool {
        let before = self.1;
        let further = self.0.wait_for(|horizon| *horizon > before);
        match tokio::time::timeout_at(deadline, further).await {
            Ok(Ok(horizon)) => {
                self.1 = *horizon;
                true
            }
            _ => false,
        }
    }
}

/// How far this process's index has come; for those who work on what it holds as long as it is kept current, without
/// being a reason to go on.
pub struct Trail(watch::Receiver<u64>);

impl Trail {
    /// Waits until the index holds every change of the transactions before one that is later than this; that one.
    /// Nothing once nobody keeps the index current.
    pub async fn beyond(&mut self, xid: u64) -> Option<u64> {
        self.0.wait_for(|horizon| *horizon > xid).await.ok().map(|horizon| *horizon)
    }
}

/// Keeps the indexes of an engine current.
pub struct Follower {
    database: Database,
    notices: Notices,
    engine: Arc<Engine>,
    freshness: watch::Sender<Option<u64>>,
    trail: watch::Sender<u64>,
}

impl Follower {
    /// A follower of what notices of changes tells, and what tells how far it has come.
    #[must_use]
    pub fn new(database: Database, notices: Notices, engine: Arc<Engine>) -> (Self, Freshness) {
        let (freshness, receiver) = watch::channel(None);
        (Self { database, notices, engine, freshness, trail: watch::Sender::new(0) }, Freshness(receiver))
    }

    /// For those who come after it.
    #[must_use]
    pub fn trail(&self) -> Trail {
        Trail(self.trail.subscribe())
    }

    /// Follows until nobody waits for it any more. A database or disk that fails is tried again.
    pub async fn run(mut self) {
        let freshness = self.freshness.clone();
        tokio::select! {
            () = self.follow_on() => {}
            () = freshness.closed() => {}
        }
    }

    async fn follow_on(&mut self) {
        loop {
            if let Err(error) = self.follow().await {
                tracing::error!(%error, "the index fell behind; trying again");
                tokio::time::sleep(RECOVERY).await;
            }
            // What a step that failed had taken in must not go into the next commit, nor may a disk that was full
            // once keep the index from following.
            let engine = Arc::clone(&self.engine);
            match background::run(move || engine.roll_back()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the index cannot go back to its last commit"),
                Err(error) => tracing::error!(%error, "the index cannot go back to its last commit"),
            }
        }
    }

    async fn follow(&mut self) -> Result<(), WorkError> {
        let mut reader = self.database.lasting_connection().await?;
        let position = self.build_missing(&mut reader).await?;
        let now = Instant::now();
        let mut reached = Reached { position, next: now, noted: now };
        loop {
            let patience = if self.catch_up(&mut reached, &mut reader).await? { IMPATIENCE } else { PATIENCE };
            self.notices.wait(patience).await;
            tokio::time::sleep_until(reached.next).await;
            self.notices.forget();
        }
    }

    /// Builds the indexes that cannot go on from where they stand; where all of them can go on from.
    async fn build_missing(&self, connection: &mut AsyncPgConnection) -> Result<Position, WorkError> {
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
    async fn build(&self, kind: Kind, now: &Position, connection: &mut AsyncPgConnection) -> Result<(), WorkError> {
        tracing::info!(kind = kind.as_str(), "building the index");
        self.engine.index_of(kind).clear()?;
        let mut after = Uuid::nil();
        // While one batch is taken in, the next is read.
        let mut filling = None;
        loop {
            let loaded = documents::load_after(kind, after, BATCH, self.engine.meaning_version(), connection).await;
            // Also where reading failed: what is still taken in must not come after the way back.
            if let Some(filling) = filling.take() {
                written(filling).await?;
            }
            let loaded = loaded?;
            let Some(last) = loaded.last else { break };
            after = last;
            filling = Some(self.write(kind, move |index| index.fill(loaded.changes)));
        }
        self.commit(kind, now).await
    }

    /// Brings every index up to now; true if something committed waits behind an open transaction.
    async fn catch_up(&self, reached: &mut Reached, connection: &mut AsyncPgConnection) -> Result<bool, WorkError> {
        loop {
            let began = Instant::now();
            let step = Step::read(Some(&reached.position), connection).await?;
            for (kind, ids) in &step.changed {
                let loaded = documents::load(*kind, ids, self.engine.meaning_version(), connection).await?;
                written(self.write(*kind, |index| index.apply(loaded.changes))).await?;
            }
            if !step.changed.is_empty() {
                // The others note from time to time how far they have come: so much is read again after a start.
                let all = reached.noted.elapsed() > NOTING;
                for kind in Kind::ALL.into_iter().filter(|kind| all || step.changed.contains_key(kind)) {
                    self.commit(kind, &step.reached).await?;
                }
                let now = Instant::now();
                reached.next = now + ((now - began) * REST).clamp(PACE[0], PACE[1]);
                reached.noted = if all { now } else { reached.noted };
            }
            reached.position = step.reached;
            if !step.more {
                let horizon = reached.position.xid.unsigned_abs();
                self.freshness.send_replace(Some(horizon));
                self.trail.send_if_modified(|before| std::mem::replace(before, horizon) != horizon);
                return Ok(step.waiting);
            }
        }
    }

    async fn commit(&self, kind: Kind, position: &Position) -> Result<(), WorkError> {
        let position = position.to_string();
        written(self.write(kind, move |index| index.commit(&position))).await
    }

    /// Writing to the index is work of the processor and the disk, not for the task that other futures share.
    fn write(
        &self,
        kind: Kind,
        write: impl FnOnce(&KindIndex) -> Written + Send + 'static,
    ) -> impl Future<Output = std::io::Result<Written>> {
        let engine = Arc::clone(&self.engine);
        background::run(move || write(engine.index_of(kind)))
    }
}

type Written = Result<(), IndexError>;

async fn written(writing: impl Future<Output = std::io::Result<Written>>) -> Result<(), WorkError> {
    Ok(writing.await??)
}

/// How far the indexes have come.
struct Reached {
    position: Position,
    /// When the next commit may be, and when every index last noted its position.
    next: Instant,
    noted: Instant,
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
                    Some(position) => changes_between(position.place(), horizon.xid, BATCH, connection).await?,
                    None => Vec::new(),
                };
                let more = i64::try_from(rows.len()).is_ok_and(|count| count >= BATCH);
                let reached = match rows.last() {
                    Some(last) if more => Position { xid: last.place.xid, seq: last.place.seq, ..horizon.clone() },
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
