//! A demand of about 300 characters matched over HTTP, against PostgreSQL full text search for the same words.
//!
//! Ours: `POST /v1/matches`, 20 results with their records and full explanations, all of it over one connection. The
//! peer: a `tsvector` of the same words weighted by field under a GIN index, any of the same telling terms, ordered by
//! `ts_rank_cd`, the best 20 with title and summary, asked by a prepared statement without any HTTP. Both take turns
//! over the sample demands of 200 to 400 characters. The corpus is the 2 000 sample papers, then 100 000 results
//! recombined from their sentences.
//!
//! And what is closed to a caller must cost it no time: the same call for demands, without and with thousands of
//! confidential ones of another enterprise that say what is asked for.
#![expect(clippy::expect_used, reason = "a benchmark ends where what it needs is missing")]

#[path = "stage/peer.rs"]
mod peer;
mod stage;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use criterion::Criterion;
use duijie::demo::{County, recombined};
use duijie::registry::Record;
use duijie::registry::demands::Demand;
use duijie::registry::fields::ConfidentialityLevel;
use duijie::registry::results::ResearchResult;
use hyper::body::Bytes;
use peer::Peer;
use serde_json::{Value, json};
use stage::Stage;
use tokio::runtime::Runtime;
use uuid::Uuid;

const SIZES: [usize; 2] = [2_000, 100_000];
/// Measured calls of each side; those before them only warm up.
const SAMPLES: usize = 20;
/// Demands that everyone may see, and confidential ones.
const OPEN: usize = 200;
const CONFIDENTIAL: usize = 5_000;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let county = County::read().expect("samples");
    let mut criterion = Criterion::default()
        .sample_size(SAMPLES)
        .warm_up_time(Duration::from_secs(2))
        .measurement_time(Duration::from_secs(10))
        .configure_from_args();
    let mut ratios = Vec::new();
    for size in SIZES {
        let results = match size {
            2_000 => county.results.clone(),
            _ => recombined(&county, size, 1).expect("results"),
        };
        let contest = runtime.block_on(Contest::set(&county, &results, &[]));
        let queries = runtime.block_on(contest.queries(&county.demands));
        let ours = measure(&mut criterion, &runtime, &format!("duijie/{size}"), &queries, async |query| {
            contest.matches(&query.demand).await;
        });
        let peer = measure(&mut criterion, &runtime, &format!("postgresql/{size}"), &queries, async |query| {
            contest.peer.search(&query.words).await;
        });
        ratios.push((size, ours, peer));
        runtime.block_on(contest.strike());
    }
    println!("{:>9} {:>12} {:>14} {:>8}", "results", "duijie", "PostgreSQL", "ratio");
    for (size, ours, peer) in ratios {
        println!("{size:>9} {:>9.2} ms {:>11.2} ms {:>7.1}×", ours * 1e3, peer * 1e3, peer / ours);
    }
    let [without, with] =
        [0, CONFIDENTIAL].map(|confidential| among_confidential(&mut criterion, &runtime, &county, confidential));
    println!("confidential: with/without {:.2}", with / without);
}

/// The median time of a call of the public for demands among so many confidential ones that say the same.
fn among_confidential(criterion: &mut Criterion, runtime: &Runtime, county: &County, confidential: usize) -> f64 {
    let asked = &county.demands[0];
    let open = county.demands.iter().cycle().take(OPEN).map(|record| (record, ConfidentialityLevel::Public));
    let closed = std::iter::repeat_n((asked, ConfidentialityLevel::CentreOnly), confidential);
    let demands = open.chain(closed).map(|(record, confidentiality)| {
        let mut record = record.clone();
        record.stamp.id = Uuid::now_v7();
        record.fields.confidentiality = confidentiality;
        record
    });
    let contest = runtime.block_on(Contest::set(county, &county.results, &demands.collect::<Vec<_>>()));
    let text = json!({"kind": "demand", "title": asked.fields.title, "text": asked.fields.description, "limit": 20});
    let query = Query { demand: text, words: String::new() };
    let name = format!("confidential/{confidential}");
    let taken = measure(criterion, runtime, &name, &[query], async |query| {
        contest.matches(&query.demand).await;
    });
    runtime.block_on(contest.strike());
    taken
}

/// A demand, and the words that are looked for in it.
struct Query {
    demand: Value,
    words: String,
}

/// The median time of a call in seconds, taking turns over the queries.
fn measure(
    criterion: &mut Criterion,
    runtime: &Runtime,
    name: &str,
    queries: &[Query],
    call: impl AsyncFn(&Query),
) -> f64 {
    let times = RefCell::new(Vec::new());
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|rounds| {
            let started = Instant::now();
            runtime.block_on(async {
                for query in queries.iter().cycle().take(usize::try_from(rounds).expect("a count")) {
                    call(query).await;
                }
            });
            let taken = started.elapsed();
            times.borrow_mut().push(taken.as_secs_f64() / rounds as f64);
            taken
        });
    });
    let mut times = times.into_inner();
    times.drain(..times.len().saturating_sub(SAMPLES));
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A service and its peer over the same records.
struct Contest {
    stage: Stage,
    peer: Peer,
}

impl Contest {
    async fn set(county: &County, results: &[Record<ResearchResult>], demands: &[Record<Demand>]) -> Self {
        let stage = Stage::set(county, results, demands).await;
        let peer = Peer::begin(&stage.url).await;
        peer.fill(results).await;
        peer.index().await;
        Self { stage, peer }
    }

    async fn matches(&self, demand: &Value) -> Bytes {
        let (status, body) = self.stage.post("/v1/matches", &[], demand).await;
        assert_eq!(status, 200);
        body
    }

    /// The demands as they are sent, each with the terms that the engine looks for.
    async fn queries(&self, demands: &[Record<Demand>]) -> Vec<Query> {
        let mut queries = Vec::new();
        for demand in demands.iter().map(|record| &record.fields) {
            if !(200..=400).contains(&demand.description.chars().count()) {
                continue;
            }
            let demand = json!({"kind": "result", "title": demand.title, "text": demand.description, "limit": 20});
            let words = peer::looked_for(&self.matches(&demand).await);
            queries.push(Query { demand, words });
        }
        assert!(queries.len() >= 10);
        queries
    }

    async fn strike(self) {
        self.stage.strike().await;
    }
}
