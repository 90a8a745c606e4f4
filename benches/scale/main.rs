//! The service at full size: a million results, two hundred thousand experts and a hundred thousand demands, recombined
//! from the samples, beside what would otherwise be taken for the same questions.
//!
//! Ours is the program itself, `duijie serve` in a process of its own with its own PostgreSQL, asked over HTTP by a client
//! in this process; service, PostgreSQL and client share the cores. It is asked thousands of different demands of 200 to
//! 400 characters, each for 20 results with their records and full explanations, and pairs of keywords that stand beside
//! each other in a paper, each for 20 results with their records, highlights and facets; both on 1, 8 and 64 connections,
//! after a warm-up, all by words alone. A tenth of the records, in a folder of its own, is asked first, for how times grow.
//!
//! The peers, with the service idle beside them, on one connection or thread, tantivy also on one for each processor:
//! - PostgreSQL full text search in the same cluster, over the same words (`stage/peer.rs`): asked for the same telling terms
//!   of the first demands, and for any of the words of the first pairs, without HTTP. Being slow, it is asked fewer;
//! - plain tantivy in this process: one field with the words of title, keywords and summary, asked for any of the words of
//!   the whole demand, the best 20. It gives ids only: it reads no record, explains nothing and uses no HTTP.
//!
//! Beside times: how fast all indexes are built from nothing, what index and process take up, all results exported as
//! NDJSON over HTTP against `COPY … TO STDOUT`, and results written a hundred a second over HTTP, how soon each is found,
//! and what that costs a search. What is loaded is not looked through for duplicates, which takes longer than all of it.
//!
//! `DUIJIE_SCALE` is how many results there are, a million without it, which takes up some 11 GB for a while.
#![expect(clippy::expect_used, reason = "a benchmark ends where what it needs is missing")]

mod client;
mod freshness;
mod load;
#[path = "../stage/peer.rs"]
mod peer;
mod plain;
mod questions;
mod report;
mod service;

use std::num::NonZeroUsize;
use std::ops::Range;
use std::pin::pin;
use std::thread;
use std::time::{Duration, Instant};

use client::{Connection, get};
use duijie::demo::{County, Recombination};
use duijie::matching::text::words;
use duijie::registry::Record;
use duijie::registry::results::ResearchResult;
use freshness::Freshness;
use futures_util::TryStreamExt;
use load::{Times, at_once, load, one_by_one};
use peer::Peer;
use plain::Plain;
use questions::{Question, Questions};
use report::Report;
use service::{Amounts, Filled, Service};
use tokio::runtime::Runtime;

const RESULTS: u32 = 1_000_000;
/// The seed of the records, which is that of `duijie recombine` without another.
const SEED: u64 = 1;
const CONNECTIONS: [usize; 3] = [1, 8, 64];
const WARM_UP: Duration = Duration::from_secs(10);
const MEASURED: Duration = Duration::from_secs(15);
/// Questions of each kind to a peer, and how long it may take over them.
const PEER_QUESTIONS: usize = 60;
const PEER_PATIENCE: Duration = Duration::from_mins(2);
/// Exports, of which the middle one counts.
const EXPORTS: usize = 3;
/// Records that each of two threads cuts words of for the peer, and holds, at once.
const HELD: u32 = 5_000;

fn main() {
    let results = std::env::var("DUIJIE_SCALE").map_or(RESULTS, |number| number.parse().expect("a number"));
    let runtime = Runtime::new().expect("a runtime");
    let county = County::read().expect("samples");
    let questions = Questions::of(&county);
    let mut report = Report::default();
    let tenth = a_tenth(Amounts::of(results / 10), &questions, &runtime, &mut report);
    let service = serve(Amounts::of(results), &runtime, &mut report);
    let ours = [("demand", &questions.demands), ("two words", &questions.words)]
        .map(|(what, questions)| ask(&service, what, questions, CONNECTIONS, &mut report));
    for ((what, before), now) in ["demand", "two words"].iter().zip(&tenth).zip(&ours) {
        report.ratio(&format!("{what}, p50 of all / of a tenth"), now[0].p(50), before[0].p(50));
    }
    sizes(&service, &runtime, &mut report);
    runtime.block_on(exported(&service, &mut report));
    let recombination = Recombination::of(&county, SEED);
    against_postgresql(&service, &questions, &ours, &recombination, results, &runtime, &mut report);
    against_tantivy(&questions, &ours[0], &recombination, results, &mut report);
    fresh(&service, &county, &questions, &mut report);
    drop(service);
    report.print();
}

/// Demands and words, asked of a county of this size on one connection.
fn a_tenth(amounts: Amounts, questions: &Questions, runtime: &Runtime, report: &mut Report) -> [[Times; 1]; 2] {
    let service = serve(amounts, runtime, report);
    [("demand", &questions.demands), ("two words", &questions.words)]
        .map(|(what, questions)| ask(&service, what, questions, [1], report))
}

fn serve(amounts: Amounts, runtime: &Runtime, report: &mut Report) -> Service {
    let filled = Filled::with(amounts);
    filled.add_staff(freshness::LOGIN, freshness::PASSWORD);
    runtime.block_on(filled.skip_duplicates());
    let records = format!("{} results, {} experts, {} demands", amounts.results, amounts.experts, amounts.demands);
    report.line(&records, format!("loaded in {:.0} s", filled.taken.as_secs_f64()));
    let service = filled.serve();
    let seconds = service.built.as_secs_f64();
    let rate = f64::from(amounts.total()) / seconds;
    report.line("all indexes built from nothing", format!("{seconds:.1} s, {rate:.0} records/s"));
    let harvested = runtime.block_on(service.harvested()).as_secs_f64();
    report.line("then written down for harvesters", format!("{harvested:.1} s"));
    service
}

/// Asks on so many connections; the times on each number of them.
fn ask<const N: usize>(
    service: &Service,
    what: &str,
    questions: &[Question],
    connections: [usize; N],
    report: &mut Report,
) -> [Times; N] {
    load(service.address, questions, 1, WARM_UP);
    connections.map(|connections| {
        let times = load(service.address, questions, connections, MEASURED);
        report.times(&format!("{what}, {connections} at once"), &times);
        times
    })
}

/// What the index and the process take up.
fn sizes(service: &Service, runtime: &Runtime, report: &mut Report) {
    let text = runtime.block_on(async {
        let sql = service.connection().await;
        let sum =
            "SELECT sum(octet_length(title) + octet_length(summary) + octet_length(array_to_string(keywords, '')))
                   FROM results";
        sql.query_one(sum, &[]).await.expect("a sum").get::<_, i64>(0)
    });
    let (index, megabyte) = (service.index_size() as f64 / 1e6, 1e6);
    report.ratio("MB of the index of the results / of their text", index, text as f64 / megabyte);
    for line in ["VmRSS", "RssFile", "VmHWM"] {
        report.line(line, format!("{:.0} MB", service.memory(line) as f64 / megabyte));
    }
}

/// All results as lines of JSON, and as `COPY` gives them, in turns.
async fn exported(service: &Service, report: &mut Report) {
    let sql = service.connection().await;
    let (mut ours, mut copying) = (Vec::new(), Vec::new());
    for _ in 0..EXPORTS {
        let started = Instant::now();
        let mut connection = Connection::open(service.address).expect("a connection");
        let bytes = connection.stream(&get("/v1/results/export?format=ndjson")).expect("an export");
        ours.push(started.elapsed().as_secs_f64());
        let started = Instant::now();
        let mut rows = pin!(sql.copy_out("COPY results TO STDOUT").await.expect("rows"));
        let mut copied = 0;
        while let Some(row) = rows.try_next().await.expect("a row") {
            copied += row.len();
        }
        copying.push(started.elapsed().as_secs_f64());
        report.line("MB exported, copied", format!("{:.0}, {:.0}", bytes as f64 / 1e6, copied as f64 / 1e6));
    }
    let [ours, copying] = [ours, copying].map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    report.line("seconds of an export, of COPY", format!("{ours:.1}, {copying:.1}"));
    report.ratio("export, records/s of ours / of COPY", copying, ours);
}

/// PostgreSQL full text search over all results, asked the first questions of each kind.
fn against_postgresql(
    service: &Service,
    questions: &Questions,
    ours: &[[Times; CONNECTIONS.len()]; 2],
    recombination: &Recombination<'_>,
    results: u32,
    runtime: &Runtime,
    report: &mut Report,
) {
    let peer = runtime.block_on(async { Peer::begin(&service.database().await).await });
    thread::scope(|scope| {
        for numbers in [0..results / 2, results / 2..results] {
            scope.spawn(|| fill(&peer, recombination, numbers, runtime));
        }
    });
    runtime.block_on(peer.index());
    let terms = looked_for(service, first(&questions.demands));
    let words = first(&questions.words).iter().map(|question| words_of(&question.text)).collect();
    for ((what, wanted), [ours, ..]) in [("demand", terms), ("two words", words)].iter().zip(ours) {
        let call = |wanted: &String| runtime.block_on(peer.search(wanted));
        one_by_one(&wanted[..1], PEER_PATIENCE, call);
        let theirs = one_by_one(wanted, PEER_PATIENCE, call);
        report.times(&format!("{what}, PostgreSQL"), &theirs);
        report.ratio(&format!("{what}, answers/s of ours / of PostgreSQL"), ours.per_second(), theirs.per_second());
    }
}

/// The results of these numbers, some thousand at a time.
fn fill(peer: &Peer, recombination: &Recombination<'_>, numbers: Range<u32>, runtime: &Runtime) {
    for start in numbers.clone().step_by(HELD as usize) {
        let some = start..numbers.end.min(start + HELD);
        let results = recombination.records::<ResearchResult>(some).collect::<anyhow::Result<Vec<Record<_>>>>();
        runtime.block_on(peer.fill(&results.expect("results")));
    }
}

fn first(questions: &[Question]) -> &[Question] {
    &questions[..questions.len().min(PEER_QUESTIONS)]
}

/// The telling terms of demands, as the service chose them.
fn looked_for(service: &Service, demands: &[Question]) -> Vec<String> {
    let mut connection = Connection::open(service.address).expect("a connection");
    let mut terms = |demand: &Question| peer::looked_for(connection.call(&demand.request).expect("an answer").1);
    demands.iter().map(&mut terms).collect()
}

fn words_of(text: &str) -> String {
    peer::any_of(words(text).iter().map(|word| word.text.as_str()))
}

/// Plain tantivy over all results, asked the first demands: one by one, and on a thread for each processor, as the service
/// is by more connections than there are.
fn against_tantivy(
    questions: &Questions,
    [one, eight, _]: &[Times; CONNECTIONS.len()],
    recombination: &Recombination<'_>,
    results: u32,
    report: &mut Report,
) {
    let plain = Plain::of(recombination, results);
    let demands = first(&questions.demands);
    let call = |demand: &Question| assert!(!plain.search(&demand.text).is_empty(), "something is found");
    one_by_one(&demands[..1], PEER_PATIENCE, call);
    let theirs = one_by_one(demands, PEER_PATIENCE, call);
    report.times("demand, tantivy with all words", &theirs);
    report.ratio("demand, answers/s of ours / of tantivy", one.per_second(), theirs.per_second());
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let theirs = at_once(demands, threads, call);
    report.times(&format!("demand, tantivy with all words, {threads} at once"), &theirs);
    report.ratio("demand, all processors: ours / of tantivy", eight.per_second(), theirs.per_second());
}

fn fresh(service: &Service, county: &County, questions: &Questions, report: &mut Report) {
    let Freshness { writes, found, before, during } = Freshness::of(service.address, county, &questions.words);
    report.times("writes", &writes);
    report.spread("a write found after its answer", &found);
    report.times("two words, before the writes", &before);
    report.times("two words, during the writes", &during);
    report.ratio("two words, p99 during / before the writes", during.p(99), before.p(99));
}
