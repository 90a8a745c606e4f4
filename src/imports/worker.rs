//! Works on imports, one at a time in a process: a thread reads the file, the task writes.

use std::collections::HashMap;
use std::fs::File;
use std::ops::ControlFlow;
use std::sync::Weak;
use std::time::Duration;

use diesel_async::{AnsiTransactionManager, AsyncConnection, AsyncPgConnection, TransactionManager};
use tokio::sync::mpsc::{self, Receiver, Sender};
use uuid::Uuid;

use super::draft::{Draft, Key};
use super::faults::RowFault;
use super::heading::{Heading, Mapping, Origin};
use super::reading::{self, Content, ReadError, Row};
use super::store::{self, Counts, Import, KeptRow};
use super::writing::{self, Done};
use super::{ImportState, RowOutcome};
use crate::background;
use crate::database::notices::Notices;
use crate::database::{Database, DatabaseError};
use crate::identity::Caller;
use crate::problem::FieldFault;
use crate::registry::demands::Demand;
use crate::registry::experts::Expert;
use crate::registry::organisations::Organisation;
use crate::registry::policies::Policy;
use crate::registry::results::ResearchResult;
use crate::registry::{Concept, Kind};

/// Notices of imports.
pub const CHANNEL: &str = "duijie_imports";
/// Rows a batch: a statement of some hundred kilobytes, and little to do again after a crash.
const BATCH: usize = 500;
/// Batches that are read ahead.
const AHEAD: usize = 2;
/// Rows above the heading, at most: a title, a date.
const MOST_ABOVE: usize = 10;
/// A look without having been woken.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why work on an import stopped. It is taken up again.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the database refused: {0}")]
    Query(#[from] diesel::result::Error),
    #[error("a file cannot be read: {0}")]
    Disk(#[from] std::io::Error),
    #[error("what became of a row cannot be kept: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the import was cancelled")]
    Cancelled,
}

/// Works as long as the service runs. What fails is tried again: an import goes on after its last batch.
pub async fn work<T>(running: Weak<T>, database: Database, mut notices: Notices) {
    while running.strong_count() > 0 {
        if let Err(error) = wait_and_work(&running, &database, &mut notices).await {
            tracing::error!(%error, "an import stopped; trying again");
            tokio::time::sleep(PATIENCE).await;
        }
    }
}

async fn wait_and_work<T>(running: &Weak<T>, database: &Database, notices: &mut Notices) -> Result<(), WorkError> {
    while running.strong_count() > 0 {
        let mut connection = database.worker_connection().await?;
        while let Some(import) = store::claim(&mut connection).await? {
            connection.keep();
            work_on(&import, &mut connection).await?;
        }
        drop(connection);
        notices.wait(PATIENCE).await;
    }
    Ok(())
}

/// Works on an import that is claimed, to its end.
async fn work_on(import: &Import, connection: &mut AsyncPgConnection) -> Result<(), WorkError> {
    tracing::info!(import = %import.id, kind = import.kind, done = import.done, "an import goes on");
    let finished = go_on(import, connection).await;
    store::release(import.id, connection).await?;
    finished
}

/// Works until an import has ended, whoever else does.
///
/// # Errors
/// What the database or the disk says.
pub async fn finish(id: Uuid, connection: &mut AsyncPgConnection) -> Result<Option<Import>, WorkError> {
    loop {
        match store::find(id, connection).await? {
            Some(import) if import.ended_at.is_none() => {}
            ended => return Ok(ended),
        }
        match store::claim(connection).await? {
            Some(import) => Box::pin(work_on(&import, connection)).await?,
            None => tokio::time::sleep(PATIENCE / 10).await,
        }
    }
}

async fn go_on(import: &Import, connection: &mut AsyncPgConnection) -> Result<(), WorkError> {
    let (file, caller) =
        (store::file(import.id, connection).await?, store::caller(import.created_by, connection).await?);
    let (Some(file), Some(caller), Some(kind)) = (file, caller, import.kind()) else {
        let fault = FieldFault::new("forbidden", "提交导入的账号已停用", "the account of the import is disabled");
        return refuse(import, vec![RowFault::of_row(fault)], connection).await;
    };
    let job = Job { import, kind, mapping: serde_json::from_value(import.mapping.clone())?, file, caller };
    let (file, format, sheet) = (job.file.try_clone()?, import.format, import.sheet.clone());
    match background::run(move || reading::expected(file, format, sheet.as_deref())).await? {
        Ok(expected) => store::expect(import.id, expected, connection).await?,
        Err(ReadError::File(fault)) => return refuse(import, vec![RowFault::of_row(fault)], connection).await,
        Err(ReadError::Disk(error)) => return Err(error.into()),
    }
    let worked = match kind {
        Kind::Result => job.work::<ResearchResult>(connection).await,
        Kind::Expert => job.work::<Expert>(connection).await,
        Kind::Organisation => job.work::<Organisation>(connection).await,
        Kind::Demand => job.work::<Demand>(connection).await,
        Kind::Policy => job.work::<Policy>(connection).await,
    };
    match worked {
        Err(WorkError::Cancelled) => Ok(()),
        other => other,
    }
}

/// Ends an import whose file, or heading, or every row at once cannot be taken.
async fn refuse(import: &Import, faults: Vec<RowFault>, connection: &mut AsyncPgConnection) -> Result<(), WorkError> {
    let faults = serde_json::to_value(faults)?;
    let row = KeptRow { import_id: import.id, number: 0, outcome: RowOutcome::Refused, record_id: None, faults };
    connection
        .transaction(async |connection| {
            if store::end(import.id, ImportState::Refused, connection).await? {
                store::keep_rows(&[row], connection).await?;
            }
            Ok::<_, diesel::result::Error>(())
        })
        .await?;
    Ok(())
}

/// What is worked on.
struct Job<'j> {
    import: &'j Import,
    kind: Kind,
    mapping: Mapping,
    file: File,
    caller: Caller,
}

/// What comes of reading a file.
enum Read {
    Rows(Vec<Draft>),
    Refused(Vec<RowFault>),
}

/// What came of going through a file.
enum Passed {
    All(Counts),
    Refused(Vec<RowFault>),
}

impl Job<'_> {
    async fn work<C: Concept>(&self, connection: &mut AsyncPgConnection) -> Result<(), WorkError> {
        let Import { id, dry_run, whole, done, .. } = *self.import;
        let passed = if whole && !dry_run {
            store::begin_anew(id, connection).await?;
            match self.check::<C>(0, connection).await? {
                Passed::All(counts) if counts.refused == 0 => self.write_whole::<C>(connection).await?,
                other => other,
            }
        } else if dry_run {
            self.check::<C>(done, connection).await?
        } else {
            self.write::<C>(done, connection).await?
        };
        match passed {
            Passed::Refused(faults) => refuse(self.import, faults, connection).await,
            Passed::All(counts) => {
                let is_refused = whole && counts.refused > 0;
                let state = if is_refused { ImportState::Refused } else { ImportState::Completed };
                store::end(id, state, connection).await?;
                Ok(())
            }
        }
    }

    /// Writes batch by batch, each with how far the import has come.
    async fn write<C: Concept>(&self, skip: i64, connection: &mut AsyncPgConnection) -> Result<Passed, WorkError> {
        let (mut rows, mut counts) = (self.begin_to_read(skip), Counts::default());
        while let Some(read) = rows.recv().await {
            let drafts = match read? {
                Read::Rows(drafts) => drafts,
                Read::Refused(faults) => return Ok(Passed::Refused(faults)),
            };
            let written = connection.transaction(async |connection| {
                let done = writing::write::<C>(self.import, &self.caller, drafts, connection).await?;
                self.keep(&done, connection).await?;
                Ok::<_, WorkError>(done.counts)
            });
            counts.add(written.await?);
        }
        Ok(Passed::All(counts))
    }

    /// Writes batch by batch and takes each back: what is wrong with a row is what would be.
    async fn check<C: Concept>(&self, skip: i64, connection: &mut AsyncPgConnection) -> Result<Passed, WorkError> {
        let (mut rows, mut counts) = (self.begin_to_read(skip), Counts::default());
        while let Some(read) = rows.recv().await {
            let drafts = match read? {
                Read::Rows(drafts) => drafts,
                Read::Refused(faults) => return Ok(Passed::Refused(faults)),
            };
            AnsiTransactionManager::begin_transaction(connection).await?;
            let mut done = writing::write::<C>(self.import, &self.caller, drafts, connection).await?;
            AnsiTransactionManager::rollback_transaction(connection).await?;
            done.rows.retain(|row| row.outcome == RowOutcome::Refused);
            connection.transaction(async |connection| self.keep(&done, connection).await).await?;
            counts.add(done.counts);
        }
        Ok(Passed::All(counts))
    }

    /// Writes all rows in one transaction, once they were found right; nothing if one is wrong by now.
    async fn write_whole<C: Concept>(&self, connection: &mut AsyncPgConnection) -> Result<Passed, WorkError> {
        let (mut rows, mut counts) = (self.begin_to_read(0), Counts::default());
        AnsiTransactionManager::begin_transaction(connection).await?;
        while let Some(read) = rows.recv().await {
            let drafts = match read? {
                Read::Rows(drafts) => drafts,
                Read::Refused(faults) => {
                    AnsiTransactionManager::rollback_transaction(connection).await?;
                    return Ok(Passed::Refused(faults));
                }
            };
            let mut done = writing::write::<C>(self.import, &self.caller, drafts, connection).await?;
            counts.add(done.counts);
            if done.counts.refused > 0 {
                AnsiTransactionManager::rollback_transaction(connection).await?;
                done.rows.retain(|row| row.outcome == RowOutcome::Refused);
                store::keep_rows(&done.rows, connection).await?;
                return Ok(Passed::All(counts));
            }
            store::keep_rows(&done.rows, connection).await?;
        }
        // Only now, so that it could be cancelled meanwhile.
        store::forget_counts(self.import.id, connection).await?;
        let is_kept = store::advance(self.import.id, counts, connection).await?;
        if is_kept {
            AnsiTransactionManager::commit_transaction(connection).await?;
            Ok(Passed::All(counts))
        } else {
            AnsiTransactionManager::rollback_transaction(connection).await?;
            Err(WorkError::Cancelled)
        }
    }

    async fn keep(&self, done: &Done, connection: &mut AsyncPgConnection) -> Result<(), WorkError> {
        if !store::advance(self.import.id, done.counts, connection).await? {
            return Err(WorkError::Cancelled);
        }
        Ok(store::keep_rows(&done.rows, connection).await?)
    }

    /// Begins to read the file, but for the first of its rows.
    fn begin_to_read(&self, skip: i64) -> Receiver<Result<Read, WorkError>> {
        let (sender, rows) = mpsc::channel(AHEAD);
        let file = self.file.try_clone();
        let (kind, mapping, partner) = (self.kind, self.mapping.clone(), self.import.partner.clone());
        let (format, sheet) = (self.import.format, self.import.sheet.clone());
        tokio::spawn(async move {
            let told = sender.clone();
            let read = background::run(move || {
                let origin = Origin { kind, mapping: &mapping, partner: partner.as_deref() };
                let mut reader = Reader::new(origin, skip, &sender);
                let read = file.map_err(ReadError::Disk);
                read.and_then(|file| reading::read(file, format, sheet.as_deref(), |row| reader.take(row)))?;
                reader.end();
                Ok::<(), ReadError>(())
            });
            let failed = match read.await {
                Ok(Ok(())) => return,
                Ok(Err(ReadError::File(fault))) => Ok(Read::Refused(vec![RowFault::of_row(fault)])),
                Ok(Err(ReadError::Disk(error))) | Err(error) => Err(error.into()),
            };
            // Whoever works on it may have stopped.
            let _ = told.send(failed).await;
        });
        rows
    }
}

/// Makes rows of a file into batches.
struct Reader<'r> {
    origin: Origin<'r>,
    heading: Option<Heading>,
    above: usize,
    skip: i64,
    batch: Vec<Draft>,
    /// The row of each key that was there.
    seen: HashMap<u64, i64>,
    sender: &'r Sender<Result<Read, WorkError>>,
}

impl<'r> Reader<'r> {
    fn new(origin: Origin<'r>, skip: i64, sender: &'r Sender<Result<Read, WorkError>>) -> Self {
        Self { origin, heading: None, above: 0, skip, batch: Vec::new(), seen: HashMap::new(), sender }
    }

    fn take(&mut self, row: Row) -> ControlFlow<()> {
        if self.heading.is_none()
            && let Content::Cells(cells) = &row.content
        {
            return self.take_heading(cells);
        }
        let mut draft = Draft::read(row, &self.origin, self.heading.get_or_insert_default());
        self.note_keys(&mut draft);
        if self.skip > 0 {
            self.skip -= 1;
            return ControlFlow::Continue(());
        }
        self.batch.push(draft);
        if self.batch.len() < BATCH { ControlFlow::Continue(()) } else { self.send_batch() }
    }

    /// A row above all others names the columns, below a title perhaps.
    fn take_heading(&mut self, cells: &[reading::Cell]) -> ControlFlow<()> {
        let is_one = Heading::is_one(&self.origin, cells);
        self.above += 1;
        if !is_one && self.above < MOST_ABOVE && cells.iter().filter(|cell| **cell != reading::Cell::Empty).count() < 2
        {
            return ControlFlow::Continue(());
        }
        match Heading::read(&self.origin, cells) {
            Ok(heading) => {
                self.heading = Some(heading);
                ControlFlow::Continue(())
            }
            Err(faults) => {
                // Whoever works on it may have stopped.
                let _ = self.sender.blocking_send(Ok(Read::Refused(faults)));
                ControlFlow::Break(())
            }
        }
    }

    /// No two rows are of one record: which would it be then?
    fn note_keys(&mut self, draft: &mut Draft) {
        let code = draft.members.get("credit_code").and_then(serde_json::Value::as_str);
        let code = code.map(|code| Key::CreditCode(code.trim().to_ascii_uppercase()));
        let code = code.filter(|code| self.origin.kind == Kind::Organisation && *code != draft.key);
        for key in std::iter::once(draft.key.clone()).chain(code) {
            let is_content = matches!(key, Key::Content(_));
            if is_content && !draft.faults.is_empty() {
                continue;
            }
            match self.seen.insert(key.short(), draft.number) {
                None => {}
                Some(_) if is_content => draft.is_again = true,
                Some(row) => draft.faults.push(RowFault::of_row(FieldFault::new(
                    "duplicate",
                    format!("与第 {row} 行是同一条记录"),
                    format!("is the same record as row {row}"),
                ))),
            }
        }
    }

    fn send_batch(&mut self) -> ControlFlow<()> {
        let batch = std::mem::take(&mut self.batch);
        match self.sender.blocking_send(Ok(Read::Rows(batch))) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    fn end(mut self) {
        if !self.batch.is_empty() {
            let _ = self.send_batch();
        } else if self.heading.is_none() && self.above > 0 {
            let fault =
                FieldFault::new("no_heading", "没有找到写有列名的一行", "there is no row with the names of columns");
            let _ = self.sender.blocking_send(Ok(Read::Refused(vec![RowFault::of_row(fault)])));
        }
    }
}
