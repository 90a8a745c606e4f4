//! Matches what changed, behind the index of its process.

use std::sync::Weak;

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;

use super::{SIDES, match_all, store};
use crate::background;
use crate::database::Database;
use crate::matching::behind::{self, Behind};
use crate::matching::changes::{ChangeRow, Place, by_kind};
use crate::matching::follow::Trail;
use crate::matching::work::WorkError;
use crate::matching::{Change, Document, Engine, documents};
use crate::registry::Kind;

/// Works as long as somebody uses the engine. What fails is tried again.
pub async fn work(engine: Weak<Engine>, database: Database, trail: Trail) {
    behind::work(&Alerts(engine.clone()), &engine, &database, trail).await;
}

struct Alerts(Weak<Engine>);

impl Behind for Alerts {
    const NAME: &str = "alerts";
    const LOCK: i64 = i64::from_be_bytes(*b"dj alert");
    /// A fraction of a second of work, so that what is found is told soon, however much is written at once.
    const BATCH: i64 = 64;

    async fn place(&self, connection: &mut AsyncPgConnection) -> QueryResult<Option<Place>> {
        store::place(connection).await.map(Some)
    }

    async fn step(
        &self,
        (from, to): (Place, Place),
        changes: &[ChangeRow],
        connection: &mut AsyncPgConnection,
    ) -> Result<(), WorkError> {
        let Some(engine) = self.0.upgrade() else { return Ok(()) };
        let records = open_records(changes, engine.meaning_version(), connection).await?;
        let found = background::run_idle(move || match_all(&engine, &records)).await??;
        store::tell(from, to, found, connection).await?;
        Ok(())
    }
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
            Change::Put(document) => Some(*document).filter(Document::is_open),
            Change::Remove(_) => None,
        });
        records.extend(open.map(|document| (kind, document)));
    }
    Ok(records)
}
