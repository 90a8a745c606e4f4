//! Whatever an index went through, it equals one built from nothing of the records that live.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tantivy::index::SegmentId;
use uuid::Uuid;

use super::*;
use crate::matching::evaluation::Indexed;
use crate::matching::{Facet, Filter, MatchRequest, Model, Query, SearchRequest, Viewer};
use crate::registry::Kind;

const WORDS: [&str; 16] = [
    "印染", "废水", "脱色", "球墨", "铸铁", "缩松", "冒口", "红枣", "干燥", "裂果", "电缆", "护套", "耐寒", "模具",
    "冲压", "涂层",
];
const OWNERS: [Uuid; 2] = [Uuid::from_u128(77), Uuid::from_u128(78)];

fn text(random: &mut StdRng, most: usize) -> String {
    let length = random.random_range(0..=most);
    (0..length).filter_map(|_| WORDS.choose(random).copied()).collect()
}

fn document(id: u128, version: i64, random: &mut StdRng) -> Document {
    let names = ["陈志远", "单雄信", "恒锐五金"];
    Document {
        id: Uuid::from_u128(id),
        version,
        audience: *Audience::ALL.choose(random).expect("an audience"),
        owners: OWNERS.choose(random).copied().into_iter().collect(),
        title: text(random, 4),
        keywords: (0..3).map(|_| text(random, 2)).filter(|keyword| !keyword.is_empty()).collect(),
        body: vec![text(random, 40)],
        names: names.choose(random).map(|name| (*name).to_owned()).into_iter().collect(),
        facets: Facet::value("status", "published").into_iter().collect(),
        maturity: Some(random.random_range(1..=9)),
        price: None,
        deadline: None,
        updated_at: DateTime::<Utc>::UNIX_EPOCH,
        meaning: Vec::new(),
    }
}

/// Random changes in random commits, with merges between them; what lives in the end.
fn live(index: &KindIndex, ids: u128, commits: usize, random: &mut StdRng) -> BTreeMap<Uuid, Document> {
    let mut living: BTreeMap<Uuid, Document> = BTreeMap::new();
    for version in 1..=i64::try_from(commits).expect("a number") {
        let mut changes = Vec::new();
        for _ in 0..random.random_range(1..=ids / 3) {
            let id = random.random_range(0..ids);
            if random.random_bool(0.3) {
                living.remove(&Uuid::from_u128(id));
                changes.push(Change::Remove(Uuid::from_u128(id)));
            } else {
                let document = document(id, version, random);
                living.insert(document.id, document.clone());
                changes.push(Change::Put(Box::new(document)));
            }
        }
        index.apply(changes).expect("taken in");
        if random.random_bool(0.1) {
            // As after a step that failed: it is taken in again.
            let again = living.values().cloned().map(|document| Change::Put(Box::new(document)));
            let again: Vec<Change> = (0..ids).map(|id| Change::Remove(Uuid::from_u128(id))).chain(again).collect();
            index.roll_back().expect("a way back");
            index.apply(again).expect("taken in");
        }
        index.commit(&version.to_string()).expect("a commit");
        if random.random_bool(0.2) {
            merge(index, random);
        }
    }
    index.commit("").expect("a commit");
    living
}

fn merge(index: &KindIndex, random: &mut StdRng) {
    let mut segments: Vec<SegmentId> = index.index.searchable_segment_ids().expect("segments");
    segments.retain(|_| random.random_bool(0.6));
    if !segments.is_empty() {
        // One that tantivy merges by itself at the same moment is merged all the same.
        let merged = index.writer.lock().merge(&segments).wait();
        drop(merged);
    }
}

/// All that callers are told, for several callers and queries.
fn told(indexed: &Indexed, random: &mut StdRng) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..12 {
        let query = Query { title: text(random, 3), text: text(random, 12), ..Query::default() };
        let words = text(random, 3);
        for audience in Audience::ALL {
            for owner in [None, Some(OWNERS[0])] {
                let filter = Filter::of(Viewer { audience, owner });
                let request = MatchRequest {
                    target: Kind::Result,
                    query: query.clone(),
                    asks: true,
                    filter: filter.clone(),
                    limit: 1000,
                    after: None,
                };
                for found in indexed.engine.matches(&request).expect("matches") {
                    let why = serde_json::to_string(&found.explanation).expect("JSON");
                    told.push(format!("{} {} {} {why}", found.id, found.version, found.score));
                }
                let (words, kinds) = (format!("{words} 陈志远"), vec![Kind::Result]);
                let search = SearchRequest { words, kinds, filter, limit: 1000, after: None, meaning: None };
                let found = indexed.engine.search(&search).expect("hits");
                told.push(format!("{} {}", found.total, serde_json::to_string(&found.facets).expect("JSON")));
                told.extend(found.hits.iter().map(|hit| format!("{} {} {:?}", hit.id, hit.place.raw, hit.terms)));
            }
        }
    }
    told
}

fn empty() -> Indexed {
    Indexed::of(Model::shipped().expect("a model"), Vec::new()).expect("an index")
}

fn built_from(living: BTreeMap<Uuid, Document>) -> Indexed {
    let documents = living.into_values().collect();
    Indexed::of(Model::shipped().expect("a model"), vec![(Kind::Result, documents)]).expect("an index")
}

#[test]
fn an_index_equals_one_built_from_nothing_whatever_it_went_through() {
    for (seed, ids, commits) in [(1, 6, 30), (2, 40, 20), (3, 40, 20), (4, 40, 60), (5, 150, 20), (6, 900, 12)] {
        let mut random = StdRng::seed_from_u64(seed);
        let indexed = empty();
        let living = live(indexed.engine.index_of(Kind::Result), ids, commits, &mut random);
        let anew = built_from(living);
        let [ours, theirs] = [&indexed, &anew].map(|index| told(index, &mut StdRng::seed_from_u64(seed)));
        assert!(ours.len() > 100, "{seed}: nothing was found");
        let differ = ours.iter().zip(&theirs).position(|(one, other)| one != other);
        assert_eq!(differ.map(|place| (&ours[place], &theirs[place])), None, "{seed}");
        assert_eq!(ours.len(), theirs.len(), "{seed}");
    }
}

/// Cuts a file short, turns one of its bits, or takes it away.
fn damage(file: &Path, random: &mut StdRng) {
    let mut bytes = std::fs::read(file).expect("bytes");
    match random.random_range(0..3) {
        0 if !bytes.is_empty() => {
            let place = random.random_range(0..bytes.len());
            bytes[place] ^= 1 << random.random_range(0..8);
            std::fs::write(file, bytes).expect("written");
        }
        1 => {
            bytes.truncate(random.random_range(0..=bytes.len().saturating_sub(1)));
            std::fs::write(file, bytes).expect("written");
        }
        _ => std::fs::remove_file(file).expect("removed"),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).expect("files").flatten().map(|file| file.path()).collect();
    files.sort();
    files
}

#[test]
fn a_damaged_index_is_begun_anew_or_is_what_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("kept");
    let mut random = StdRng::seed_from_u64(1);
    let index = KindIndex::open(&kept).expect("an index");
    live(&index, 20, 6, &mut random);
    index.commit("here").expect("a commit");
    let records: Vec<u64> = Audience::ALL.map(|audience| index.snapshot().records(audience)).to_vec();
    drop(index);
    let mut whole = 0;
    for round in 0..60 {
        let spoilt = folder.path().join(round.to_string());
        std::fs::create_dir(&spoilt).expect("a folder");
        for file in files(&kept) {
            std::fs::copy(&file, spoilt.join(file.file_name().expect("a name"))).expect("a copy");
        }
        let file = files(&spoilt).choose(&mut random).expect("a file").clone();
        damage(&file, &mut random);
        let index = KindIndex::open(&spoilt).expect("an index");
        match index.position() {
            None => assert_eq!(Audience::ALL.map(|audience| index.snapshot().records(audience)), [0; 3]),
            Some(position) => {
                assert_eq!(position, "here", "{}", file.display());
                assert_eq!(Audience::ALL.map(|audience| index.snapshot().records(audience)).to_vec(), records);
                whole += 1;
            }
        }
        index.apply(vec![Change::Put(Box::new(document(1, 1, &mut random)))]).expect("taken in");
        index.commit("on").expect("a commit");
        drop(index);
        std::fs::remove_dir_all(&spoilt).expect("removed");
    }
    assert!(whole < 30, "{whole} were not seen to be damaged");
}

#[test]
fn an_index_with_a_file_cut_short_is_begun_anew() -> Result<(), Box<dyn std::error::Error>> {
    let mut random = StdRng::seed_from_u64(1);
    for ending in ["term", "idx", "pos", "store", "fast", "fieldnorm"] {
        for left in [0, 5, 20] {
            let folder = tempfile::tempdir()?;
            let index = KindIndex::open(folder.path())?;
            index.apply(vec![Change::Put(Box::new(document(1, 1, &mut random)))])?;
            index.commit("here")?;
            assert_eq!(index.position().as_deref(), Some("here"));
            drop(index);
            let file = files(folder.path()).into_iter().find(|file| file.extension().is_some_and(|of| of == ending));
            let file = file.ok_or(ending)?;
            let bytes = std::fs::read(&file)?;
            std::fs::write(&file, bytes.get(..left).ok_or("a file that is short already")?)?;
            assert_eq!(KindIndex::open(folder.path())?.position(), None, "{ending} {left}");
        }
    }
    Ok(())
}

/// The ids that live in an index, each as often as it does.
fn living(index: &KindIndex) -> Vec<u64> {
    let mut ids = Vec::new();
    for part in &index.snapshot().parts {
        let segment = &part.segment;
        let column = segment.fast_fields().u64(columns::ID.1).expect("a column");
        ids.extend(segment.doc_ids_alive().filter_map(|doc| column.first(doc)));
    }
    ids.sort_unstable();
    ids
}

/// Waits until what tantivy merges by itself is merged, and reads it.
fn settle(index: KindIndex, folder: &Path) -> KindIndex {
    index.writer.into_inner().wait_merging_threads().expect("merged");
    KindIndex::open(folder).expect("an index")
}

/// A process that was killed leaves segments that the next one merges when it first takes something in, and so does a
/// step that failed.
#[test]
fn the_first_change_after_a_start_replaces_what_was_there_though_segments_are_merged_meanwhile() {
    const SEGMENTS: u128 = 9;
    let mut random = StdRng::seed_from_u64(1);
    for (place, killed) in (0..SEGMENTS).flat_map(|place| [(place, true), (place, false)]) {
        let folder = tempfile::tempdir().expect("a folder");
        let index = KindIndex::open(folder.path()).expect("an index");
        index.writer.lock().set_merge_policy(Box::new(tantivy::merge_policy::NoMergePolicy));
        for segment in 0..SEGMENTS {
            let some = (0..3).map(|id| Change::Put(Box::new(document(segment * 3 + id, 1, &mut random))));
            let mut changes: Vec<Change> = some.collect();
            if segment == SEGMENTS - 1 {
                changes.push(Change::Remove(Uuid::from_u128(place * 3)));
            }
            index.apply(changes).expect("taken in");
            index.commit("before").expect("a commit");
        }
        let before = living(&index);
        let index = if killed {
            drop(index);
            KindIndex::open(folder.path()).expect("an index")
        } else {
            index.roll_back().expect("a way back");
            index
        };
        index.apply(vec![Change::Put(Box::new(document(place * 3 + 1, 2, &mut random)))]).expect("taken in");
        index.commit("after").expect("a commit");
        let index = settle(index, folder.path());
        assert!(index.snapshot().parts.len() < 9, "nothing was merged");
        assert_eq!(living(&index), before, "{place} {killed}");
    }
}
