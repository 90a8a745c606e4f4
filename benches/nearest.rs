//! The hundred results nearest in meaning to a demand: those that sketches find likely, against all compared one by one.
//!
//! Results are those of `duijie recombine` in an index of the service. To compute what a million texts mean takes hours,
//! so each is given the mean of the vectors of the sentences that its summary is made of, which are computed. Asked for
//! are the sample demands. Both ways take turns at each demand on one thread.
//!
//! `DUIJIE_NEAREST` is how many results there are in the end, 1 000 000 without it.
#![expect(clippy::expect_used, reason = "a benchmark ends where what it needs is missing")]

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use duijie::access::Audience;
use duijie::demo::{County, Recombination};
use duijie::matching::documents::Indexed;
use duijie::matching::evaluation::{Among, nearest};
use duijie::matching::{Change, Document, Engine, Filter, Model, Query, Viewer};
use duijie::meaning::{Compact, Embedder};
use duijie::registry::Kind;
use duijie::registry::results::ResearchResult;

const SIZES: [u32; 3] = [2_000, 100_000, 1_000_000];
/// Records taken in at once.
const BATCH: u32 = 2_000;
const NEAREST: usize = 100;
/// Characters by which sentences are told apart at first.
const BEGINNING: usize = 6;
/// How long segments are merged before anything is measured.
const SETTLED: Duration = Duration::from_secs(20);

fn main() {
    let wanted = std::env::var("DUIJIE_NEAREST").map_or(SIZES[2], |number| number.parse().expect("a number"));
    let county = County::read().expect("samples");
    let embedder = Embedder::shipped().expect("the model");
    let sentences = Sentences::of(&county, &embedder);
    let recombination = Recombination::of(&county, 1);
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Engine::open(folder.path(), Model::shipped().expect("a model")).expect("an engine");
    let engine = engine.with_embedder(Arc::new(embedder));
    let demands: Vec<Compact> = county
        .demands
        .iter()
        .map(|demand| {
            let mut query = Query::from(Indexed::document(demand));
            engine.understand(&mut query).expect("a vector");
            query.meaning.expect("a vector")
        })
        .collect();
    println!("{:>9} {:>7} {:>17} {:>17} {:>6}", "results", "recall", "all p50, p99 ms", "likely", "ratio");
    let mut there = 0;
    for size in SIZES.into_iter().filter(|size| *size <= wanted) {
        fill(&engine, &recombination, &sentences, there..size);
        there = size;
        contest(&engine, size, &demands);
        println!("{size:>9} {:.0} MB of the index on disk, {}", bytes(folder.path()) / 1e6, resident());
    }
}

/// The sentences that summaries are made of, with what they mean, by how they begin.
struct Sentences<'a>(HashMap<String, Vec<(&'a str, Compact)>>);

impl<'a> Sentences<'a> {
    fn of(county: &'a County, embedder: &Embedder) -> Self {
        let summaries = county.results.iter().map(|result| -> &str { &result.fields.summary });
        let sentences = summaries.flat_map(|summary| summary.split_inclusive(['。', '！', '？'])).map(str::trim);
        let mut sentences: Vec<&str> = sentences.filter(|sentence| !sentence.is_empty()).collect();
        // Of those that begin the same the longest comes first.
        sentences.sort_by_key(|sentence| (std::cmp::Reverse(sentence.len()), *sentence));
        sentences.dedup();
        let said = embedder.understand(&sentences).expect("vectors");
        let mut known: HashMap<String, Vec<(&str, Compact)>> = HashMap::new();
        for (sentence, said) in sentences.into_iter().zip(said) {
            known.entry(beginning(sentence)).or_default().push((sentence, said.whole.compact()));
        }
        Self(known)
    }

    /// The direction between the sentences of a summary.
    fn mean(&self, summary: &str) -> Compact {
        let (mut rest, mut vectors) = (summary.trim(), Vec::new());
        while !rest.is_empty() {
            let known =
                self.0.get(&beginning(rest)).and_then(|some| some.iter().find(|(one, _)| rest.starts_with(one)));
            let (sentence, vector) = known.expect("a sentence of the samples");
            vectors.push(vector.clone());
            rest = rest[sentence.len()..].trim_start();
        }
        Compact::mean(&vectors).expect("a sentence")
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(BEGINNING).collect()
}

/// Takes records in, on two threads, and waits until their segments are merged.
fn fill(engine: &Engine, recombination: &Recombination<'_>, sentences: &Sentences<'_>, numbers: Range<u32>) {
    let index = engine.index_of(Kind::Result);
    let middle = numbers.start + (numbers.end - numbers.start) / 2;
    std::thread::scope(|scope| {
        for half in [numbers.start..middle, middle..numbers.end] {
            scope.spawn(move || {
                for start in half.clone().step_by(BATCH as usize) {
                    let records = recombination.records::<ResearchResult>(start..half.end.min(start + BATCH));
                    let changes = records.map(|record| {
                        let record = record.expect("a record");
                        let meaning = vec![sentences.mean(&record.fields.summary)];
                        Change::Put(Box::new(Document { meaning, ..Indexed::document(&record) }))
                    });
                    index.fill(changes.collect()).expect("taken in");
                }
            });
        }
    });
    index.commit("").expect("a commit");
    std::thread::sleep(SETTLED);
    index.commit("").expect("a commit");
}

fn contest(engine: &Engine, size: u32, demands: &[Compact]) {
    let filter = Filter::of(Viewer { audience: Audience::PUBLIC, owner: None });
    let find = |demand: &Compact, among: Among| {
        let started = Instant::now();
        let found = nearest(demand, Kind::Result, engine, &filter, among, NEAREST).expect("the nearest");
        (found, started.elapsed().as_secs_f64() * 1e3)
    };
    let (mut same, mut sought, mut all_times, mut likely_times) = (0, 0, Vec::new(), Vec::new());
    for demand in demands {
        let ((all, all_time), (likely, likely_time)) = (find(demand, Among::All), find(demand, Among::Likely));
        same += all.iter().filter(|id| likely.contains(id)).count();
        sought += all.len();
        all_times.push(all_time);
        likely_times.push(likely_time);
    }
    let [all, likely] = [all_times, likely_times].map(|mut times| {
        times.sort_by(f64::total_cmp);
        [times[times.len() / 2], times[times.len() * 99 / 100]]
    });
    let (recall, ratio) = (same as f64 / sought as f64, all[0] / likely[0]);
    println!(
        "{size:>9} {recall:>7.4} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {ratio:>6.2}",
        all[0], all[1], likely[0], likely[1]
    );
}

/// Of all files in a folder and those below it.
fn bytes(folder: &Path) -> f64 {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    // tantivy removes files while they are counted.
    let sizes = entries.filter_map(|entry| {
        let about = entry.metadata().ok()?;
        Some(if about.is_dir() { bytes(&entry.path()) } else { about.len() as f64 })
    });
    sizes.sum()
}

/// What the process has in memory, and how much of it are files.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim_end_matches("kB").trim().parse::<f64>().unwrap_or_default() / 1e3
    };
    format!("{:.0} MB in memory, {:.0} MB of it files", of("VmRSS:"), of("RssFile:"))
}
