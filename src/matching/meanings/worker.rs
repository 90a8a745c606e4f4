//! Computes what records mean, behind the index of its process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use uuid::Uuid;

use super::store::{self, Meaning};
use super::{digest, text_of, understood};
use crate::background;
use crate::database::Database;
use crate::matching::behind::{self, Behind};
use crate::matching::changes::{ChangeRow, Place, by_kind};
use crate::matching::follow::Trail;
use crate::matching::work::WorkError;
use crate::matching::{Change, Engine, documents};
use crate::meaning::Embedder;
use crate::registry::Kind;

/// Works as long as somebody uses the engine, if that has a model of meaning. What fails is tried again.
pub async fn work(engine: Weak<Engine>, database: Database, trail: Trail) {
    let Some(embedder) = engine.upgrade().and_then(|engine| engine.embedder.clone()) else { return };
    let Some(workshop) = Workshop::open(embedder).await else { return };
    behind::work(&workshop, &engine, &database, trail).await;
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

impl Behind for Workshop {
    const NAME: &str = "meanings";
    const LOCK: i64 = i64::from_be_bytes(*b"dj means");
    /// A fraction of a second of work, and no more than that to do again after a crash.
    const BATCH: i64 = 16;

    async fn place(&self, connection: &mut AsyncPgConnection) -> QueryResult<Option<Place>> {
        store::place(self.embedder.version(), connection).await
    }

    async fn step(
        &self,
        places: (Place, Place),
        changes: &[ChangeRow],
        connection: &mut AsyncPgConnection,
    ) -> Result<(), WorkError> {
        let Task { wanting, gone } = self.task(changes, connection).await?;
        let computed = self.compute(wanting).await?;
        store::keep(self.embedder.version(), places, &computed, &gone, connection).await?;
        Ok(())
    }

    async fn caught_up(&self, connection: &mut AsyncPgConnection) -> Result<(), WorkError> {
        store::take_over(self.embedder.version(), connection).await?;
        Ok(())
    }
}

/// The meaning of a record. One that cannot be had is left out, so that the others need not wait for it.
fn meaning(embedder: &Embedder, Wanting { kind, record, version, text }: &Wanting) -> Option<Meaning> {
    // The model has no state that a panic could spoil.
    let error = match catch_unwind(AssertUnwindSafe(|| understood(text, embedder))) {
        Ok(Ok((vectors, sentences))) => {
            let (kind, record, version, digest) = (*kind, *record, *version, digest(text));
            return Some(Meaning { kind, record, version, digest, vectors, sentences });
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "a panic".to_owned(),
    };
    tracing::error!(kind = kind.as_str(), %record, error, "a record has no meaning; it is found by its words");
    None
}
