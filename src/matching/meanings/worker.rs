//! Computes what records mean, behind the index of its process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Duration;

use diesel_async::AsyncPgConnection;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use uuid::Uuid;

use super::store::{self, Meaning, Place};
use super::{digest, text_of};
use crate::background;
use crate::database::Database;
use crate::matching::follow::{ChangeRow, Trail, by_kind, changes_between};
use crate::matching::work::WorkError;
use crate::matching::{Change, Engine, documents};
use crate::meaning::{Compact, Embedder, ModelError, Vector};
use crate::registry::Kind;

/// Changes a step: a fraction of a second of work, and no more than that to do again after a crash.
const BATCH: i64 = 16;
/// A pause after the database failed, or while another process is at it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Works as long as somebody uses the engine, if that has a model of meaning. What fails is tried again.
pub async fn work(engine: Weak<Engine>, database: Database, mut trail: Trail) {
    let Some(embedder) = engine.upgrade().and_then(|engine| engine.embedder.clone()) else { return };
    let Some(workshop) = Workshop::open(embedder).await else { return };
    while engine.strong_count() > 0 {
        match workshop.follow(&engine, &database, &mut trail).await {
            Ok(()) => return,
            Err(error) => {
                tracing::error!(%error, "meanings fell behind; trying again");
                tokio::time::sleep(PATIENCE).await;
            }
        }
    }
}

/// The model, and threads of its own that give way to what answers callers.
struct Workshop {
    embedder: Arc<Embedder>,
    threads: Arc<ThreadPool>,
}

/// What changes ask for.
#[derive(Default)]
struct Task {
    wanting: Vec<Wanting>,
    /// Records that were deleted or have no text any more.
    gone: Vec<(Kind, Uuid)>,
}

/// A record whose text has no vectors yet.
struct Wanting {
    kind: Kind,
    record: Uuid,
    version: i64,
    text: String,
}

impl Workshop {
    async fn open(embedder: Arc<Embedder>) -> Option<Self> {
        // Threads have the niceness of the thread that starts them.
        let threads = background::run(|| ThreadPoolBuilder::new().thread_name(|_| "meaning".to_owned()).build()).await;
        match threads.and_then(|threads| threads.map_err(std::io::Error::other)) {
            Ok(threads) => Some(Self { embedder, threads: Arc::new(threads) }),
            Err(error) => {
                tracing::error!(%error, "there are no threads for meanings; records are found by words alone");
                None
            }
        }
    }

    /// Follows until nobody keeps the index current, or another model took the place of this one. Where nothing is
    /// written it does nothing.
    async fn follow(&self, engine: &Weak<Engine>, database: &Database, trail: &mut Trail) -> Result<(), WorkError> {
        let mut connection = database.lasting_connection().await?;
        let mut reached = 0;
        while let Some(horizon) = trail.beyond(reached).await {
            let Some((_, changes)) = self.next(horizon, &mut connection).await? else {
                tracing::warn!("a later model of meaning took the place of this process's");
                return Ok(());
            };
            if changes.is_empty() {
                reached = horizon;
            } else if store::claim(&mut connection).await? {
                let caught_up = self.catch_up(horizon, engine, &mut connection).await;
                store::release(&mut connection).await?;
                caught_up?;
                reached = horizon;
            } else {
                tokio::time::sleep(PATIENCE).await;
            }
        }
        Ok(())
    }

    /// Where the model stands, and the next changes that the index holds.
    async fn next(
        &self,
        horizon: u64,
        connection: &mut AsyncPgConnection,
    ) -> Result<Option<(Place, Vec<ChangeRow>)>, WorkError> {
        let Some(place) = store::place(self.embedder.version(), connection).await? else { return Ok(None) };
        let changes = changes_between((place.xid, place.seq), horizon.cast_signed(), BATCH, connection).await?;
        Ok(Some((place, changes)))
    }

    /// Computes what the changes ask for that the index holds.
    async fn catch_up(
        &self,
        horizon: u64,
        engine: &Weak<Engine>,
        connection: &mut AsyncPgConnection,
    ) -> Result<(), WorkError> {
        // What a service that ended has not come to is for another, or for itself when it is started again.
        while engine.strong_count() > 0 {
            let Some((place, changes)) = self.next(horizon, connection).await? else { return Ok(()) };
            let Some(last) = changes.last() else {
                store::take_over(self.embedder.version(), connection).await?;
                return Ok(());
            };
            let reached = Place { xid: last.xid, seq: last.seq };
            let Task { wanting, gone } = self.task(&changes, connection).await?;
            // No transaction is open meanwhile: nobody's index waits for this.
            let computed = self.compute(wanting).await?;
            store::keep(self.embedder.version(), (place, reached), &computed, &gone, connection).await?;
        }
        Ok(())
    }

    /// What is to be done for the records of changes, as they are now. Those that have their vectors ask for nothing.
    async fn task(&self, changes: &[ChangeRow], connection: &mut AsyncPgConnection) -> Result<Task, WorkError> {
        let mut task = Task::default();
        for (kind, ids) in by_kind(changes) {
            for change in documents::load(kind, &ids, Some(self.embedder.version()), connection).await?.changes {
                match change {
                    Change::Remove(record) => task.gone.push((kind, record)),
                    Change::Put(document) if document.meaning.is_empty() => match text_of(&document) {
                        text if text.is_empty() => task.gone.push((kind, document.id)),
                        text => {
                            let (record, version) = (document.id, document.version);
                            task.wanting.push(Wanting { kind, record, version, text });
                        }
                    },
                    Change::Put(_) => {}
                }
            }
        }
        Ok(task)
    }

    async fn compute(&self, wanting: Vec<Wanting>) -> Result<Vec<Meaning>, WorkError> {
        if wanting.is_empty() {
            return Ok(Vec::new());
        }
        let (embedder, threads) = (Arc::clone(&self.embedder), Arc::clone(&self.threads));
        let compute =
            move || threads.install(|| wanting.par_iter().filter_map(|one| meaning(&embedder, one)).collect());
        Ok(background::run(compute).await?)
    }
}

/// The meaning of a record. One that cannot be had is left out, so that the others need not wait for it.
fn meaning(embedder: &Embedder, Wanting { kind, record, version, text }: &Wanting) -> Option<Meaning> {
    // The model has no state that a panic could spoil.
    let error = match catch_unwind(AssertUnwindSafe(|| vectors(embedder, text))) {
        Ok(Ok(vectors)) => {
            return Some(Meaning { kind: *kind, record: *record, version: *version, digest: digest(text), vectors });
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "a panic".to_owned(),
    };
    tracing::error!(kind = kind.as_str(), %record, error, "a record has no meaning; it is found by its words");
    None
}

fn vectors(embedder: &Embedder, text: &str) -> Result<Vec<Compact>, ModelError> {
    let windows: Vec<&str> = embedder.windows(text).iter().map(|window| window.text).collect();
    Ok(embedder.embed_passages(&windows)?.iter().map(Vector::compact).collect())
}
