//! Finds pairs among what changed, behind the index of its process: one process at a time, from a place that moves in the
//! transaction that keeps what was found.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use super::DuplicateKind;
use super::compare::{Traits, compare};
use super::finding::{self, Found, OpenPair, in_order};
use crate::background;
use crate::database::Database;
use crate::matching::behind::{self, Behind};
use crate::matching::changes::{ChangeRow, Place, by_kind};
use crate::matching::follow::Trail;
use crate::matching::work::WorkError;
use crate::matching::{Engine, IndexError};
use crate::registry::Kind;

/// Results whose words are most like those of a title, at most: near titles are among the first.
const MOST_ALIKE: usize = 30;

/// Works as long as somebody uses the engine. What fails is tried again.
pub async fn work(engine: Weak<Engine>, database: Database, trail: Trail) {
    behind::work(&Finder(engine.clone()), &engine, &database, trail).await;
}

struct Finder(Weak<Engine>);

impl Behind for Finder {
    const NAME: &str = "duplicates";
    const LOCK: i64 = i64::from_be_bytes(*b"dj twice");
    const BATCH: i64 = 128;

    async fn place(&self, connection: &mut AsyncPgConnection) -> QueryResult<Option<Place>> {
        finding::place(connection).await.map(Some)
    }

    async fn step(
        &self,
        places: (Place, Place),
        changes: &[ChangeRow],
        connection: &mut AsyncPgConnection,
    ) -> Result<(), WorkError> {
        let Some(engine) = self.0.upgrade() else { return Ok(()) };
        let (mut changed, mut found, mut resolved) = (by_kind(changes), Vec::new(), Vec::new());
        for kind in DuplicateKind::ALL {
            if let Some(ids) = changed.remove(&kind.record()) {
                let seen = look(kind, &ids, &engine, connection).await?;
                found.extend(seen.found);
                resolved.extend(seen.resolved);
            }
        }
        finding::keep(places, &found, &resolved, connection).await?;
        Ok(())
    }
}

/// What was seen of some records.
struct Seen {
    found: Vec<Found>,
    /// Open pairs that are alike no more.
    resolved: Vec<Uuid>,
}

/// Looks for what may be the same as records that changed.
async fn look(
    kind: DuplicateKind,
    ids: &[Uuid],
    engine: &Arc<Engine>,
    connection: &mut AsyncPgConnection,
) -> Result<Seen, WorkError> {
    let changed = finding::traits_of(kind, ids, connection).await?;
    let keys: Vec<(Uuid, String)> =
        changed.iter().flat_map(|one| one.keys(kind).into_iter().map(|key| (one.id, key))).collect();
    finding::keep_keys(kind, ids, &keys, connection).await?;
    let mut pairs = finding::alike(ids, connection).await?;
    if kind == DuplicateKind::Result {
        pairs.extend(near_titles(Arc::clone(engine), &changed).await?);
    }
    let open = finding::open_pairs(ids, connection).await?;
    let pairs = in_order(pairs.into_iter().chain(open.iter().map(|open| open.pair)));
    let mut traits: HashMap<Uuid, Traits> = changed.into_iter().map(|one| (one.id, one)).collect();
    let others: HashSet<Uuid> = pairs.iter().flat_map(|(one, other)| [*one, *other]).collect();
    let others: Vec<Uuid> = others.into_iter().filter(|id| !traits.contains_key(id)).collect();
    if !others.is_empty() {
        let others = finding::traits_of(kind, &others, connection).await?;
        traits.extend(others.into_iter().map(|one| (one.id, one)));
    }
    let names = finding::names_of(traits.values().filter_map(|one| one.organisation), connection).await?;
    Ok(seen(kind, &pairs, &traits, &names, &open))
}

/// Compares pairs; an open one that is alike no more is resolved, unless a person reported it and both are there.
fn seen(
    kind: DuplicateKind,
    pairs: &[(Uuid, Uuid)],
    traits: &HashMap<Uuid, Traits>,
    names: &HashMap<Uuid, String>,
    open: &[OpenPair],
) -> Seen {
    let both = pairs.iter().filter_map(|(one, other)| Some((traits.get(one)?, traits.get(other)?)));
    let compared = both.map(|both| Found { kind, pair: (both.0.id, both.1.id), reasons: compare(kind, both, names) });
    let found: Vec<Found> = compared.filter(|found| !found.reasons.is_empty()).collect();
    let alike: HashSet<(Uuid, Uuid)> = found.iter().map(|found| found.pair).collect();
    let lives = |id: &Uuid| traits.get(id).is_some_and(|one| one.living);
    let stays =
        |open: &OpenPair| alike.contains(&open.pair) || open.is_reported && lives(&open.pair.0) && lives(&open.pair.1);
    let resolved = open.iter().filter(|open| !stays(open)).map(|open| open.id).collect();
    Seen { found, resolved }
}

/// Results with titles whose words are most alike, by the index.
async fn near_titles(engine: Arc<Engine>, changed: &[Traits]) -> Result<Vec<(Uuid, Uuid)>, WorkError> {
    let living = changed.iter().filter(|one| one.living);
    let titles: Vec<(Uuid, String)> = living.map(|one| (one.id, one.title.clone())).collect();
    let found = background::run_idle(move || {
        let mut pairs = Vec::new();
        for (id, title) in titles {
            let near = engine.alike(Kind::Result, &title, id, MOST_ALIKE)?;
            pairs.extend(near.into_iter().map(|other| (id, other)));
        }
        Ok::<_, IndexError>(pairs)
    });
    Ok(found.await??)
}
