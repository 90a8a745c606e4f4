//! Results loaded as every writer loads them, against plain `COPY` of the same rows.
//!
//! Ours: `Store::insert_all`, a thousand records a statement, each statement a transaction, with all rules, triggers, foreign
//! keys and the change table in force. The peer: `COPY FROM STDIN` of the same rows in text format, ready as bytes, into
//! a table of the same columns, primary key and indexes, and with no rule, trigger or foreign key at all. Both take turns,
//! 20 000 rows at a time, on one connection each, in a durable PostgreSQL. The records are recombined from the sample
//! papers before the clock starts; turning them into what is sent is within it.
//!
//! `DUIJIE_LOADING` is how many results are loaded, 200 000 without it.
#![expect(clippy::expect_used, reason = "a benchmark ends where what it needs is missing")]

use std::pin::pin;
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel_async::{AsyncConnection, AsyncPgConnection};
use duijie::database::Database;
use duijie::database::embedded::{Cluster, Settings};
use duijie::demo::{County, Recombination};
use duijie::registry::results::ResearchResult;
use duijie::registry::{Record, Store};
use futures_util::{SinkExt, TryStreamExt};
use hyper::body::Bytes;
use tokio::runtime::Runtime;
use tokio_postgres::Client;

const RESULTS: u32 = 200_000;
/// Rows of a turn, and records of a statement of ours.
const TURN: usize = 20_000;
const BATCH: usize = 1_000;
/// Of the peer.
const TABLE: &str = "CREATE TABLE peer (LIKE results INCLUDING DEFAULTS INCLUDING INDEXES)";

fn main() {
    let wanted = std::env::var("DUIJIE_LOADING").map_or(RESULTS, |number| number.parse().expect("a number"));
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir()
            .expect("a folder");
        let settings = Settings { folder: folder.path().to_owned(), durable: true };
        let cluster = Cluster::start(settings).await.expect("a cluster");
        let url = cluster.database("duijie").await.expect("a database");
        contest(&url, wanted).await;
        cluster.stop().await.expect("an end");
    });
}

async fn contest(url: &str, wanted: u32) {
    let county = County::read().expect("samples");
    Database::new(url, 1).expect("a pool").migrate().await.expect("migrations");
    let mut ours = AsyncPgConnection::establish(url).await.expect("a connection");
    Store::insert(&county.organisations, &mut ours).await.expect("organisations");
    let (peer, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(connection);
    peer.batch_execute(TABLE).await.expect("a table");
    let recombination = Recombination::of(&county, 1);
    let (mut loaded, mut inserting, mut copying, mut ratios) = (0, Duration::ZERO, Duration::ZERO, Vec::new());
    let mut numbers = recombination.records::<ResearchResult>(0..wanted);
    loop {
        let records: Vec<_> = numbers.by_ref().take(TURN).map(|record| record.expect("a result")).collect();
        let (Some(first), Some(last)) = (records.first(), records.last()) else { break };
        let inserted = insert(&records, &mut ours).await;
        let rows = rows(&peer, first, last).await;
        let copied = copy(rows, &peer).await;
        loaded += records.len();
        (inserting, copying) = (inserting + inserted, copying + copied);
        ratios.push(copied.as_secs_f64() / inserted.as_secs_f64());
        println!(
            "{loaded:>9} ours {:>7.0}/s  COPY {:>7.0}/s",
            records.len() as f64 / inserted.as_secs_f64(),
            records.len() as f64 / copied.as_secs_f64()
        );
    }
    let rate = |taken: Duration| loaded as f64 / taken.as_secs_f64();
    println!("{loaded} results: ours {:.0}/s, COPY {:.0}/s", rate(inserting), rate(copying));
    ratios.sort_by(f64::total_cmp);
    println!(
        "ours/COPY {:.2}, of a turn {:.2} to {:.2}",
        rate(inserting) / rate(copying),
        ratios.first().copied().unwrap_or(f64::NAN),
        ratios.last().copied().unwrap_or(f64::NAN)
    );
    sizes(&peer).await;
}

/// How long it takes to insert them.
async fn insert(records: &[Record<ResearchResult>], connection: &mut AsyncPgConnection) -> Duration {
    let started = Instant::now();
    let batches = records.chunks(BATCH).map(QueryResult::Ok);
    Store::insert_all(batches, connection, |_| ()).await.expect("results");
    started.elapsed()
}

/// The rows of those records as `COPY` writes them.
async fn rows(sql: &Client, first: &Record<ResearchResult>, last: &Record<ResearchResult>) -> Vec<Bytes> {
    let (first, last) = (first.stamp.id, last.stamp.id);
    let copy = format!("COPY (SELECT * FROM results WHERE id BETWEEN '{first}' AND '{last}' ORDER BY id) TO STDOUT");
    sql.copy_out(&copy).await.expect("rows").try_collect().await.expect("rows")
}

/// How long it takes to copy them.
async fn copy(rows: Vec<Bytes>, sql: &Client) -> Duration {
    let started = Instant::now();
    let mut sink = pin!(sql.copy_in::<_, Bytes>("COPY peer FROM STDIN").await.expect("a copy"));
    for row in rows {
        sink.feed(row).await.expect("a row");
    }
    sink.finish().await.expect("rows");
    started.elapsed()
}

/// What it all takes up.
async fn sizes(sql: &Client) {
    let sizes = "SELECT relname::text, pg_size_pretty(pg_total_relation_size(oid)) FROM pg_class
                 WHERE relname IN ('results', 'peer', 'changes') ORDER BY relname";
    for row in sql.query(sizes, &[]).await.expect("sizes") {
        println!("{:>9} {}", row.get::<_, &str>(0), row.get::<_, &str>(1));
    }
    let same = "SELECT (SELECT count(*) FROM results) = (SELECT count(*) FROM peer)
                   AND NOT EXISTS (SELECT FROM results JOIN peer USING (id) WHERE results::text <> peer::text)
                   AND (SELECT count(*) FROM changes WHERE kind = 'result') = (SELECT count(*) FROM results)";
    assert!(sql.query_one(same, &[]).await.expect("a look").get::<_, bool>(0), "the rows are the same");
}
