//! A workbook of results brought in, against plain `COPY` of the same rows; and whether memory grows with the file.
//!
//! Ours: `imports::create` and `imports::finish`, as the service works on an import: the file goes into the database, is
//! read cell by cell, every cell becomes a field, holders are found by name, records by the partner's identifiers, and all
//! rules, triggers, foreign keys and the change table are in force. The peer: `COPY FROM STDIN` of the rows that came of
//! it, ready as bytes, into a table of the same columns and indexes without any rule. Both in a durable PostgreSQL, one
//! after the other. The workbooks are written before the clock starts, one with a tenth of the rows of the other.
//!
//! `DUIJIE_IMPORTING` is how many rows the larger has, 100 000 without it.
#![expect(clippy::expect_used, reason = "a benchmark ends where what it needs is missing")]

use std::fs::File;
use std::pin::pin;
use std::time::{Duration, Instant};

use diesel_async::AsyncPgConnection;
use duijie::database::Database;
use duijie::database::embedded::{Cluster, Settings};
use duijie::demo::{County, Recombination};
use duijie::identity::{self, NewUser, Role};
use duijie::imports::{self, ImportFormat, NewImport};
use duijie::registry::columns::columns;
use duijie::registry::results::ResearchResult;
use duijie::registry::{Kind, Store};
use futures_util::{SinkExt, TryStreamExt};
use hyper::body::Bytes;
use rust_xlsxwriter::Workbook;
use tokio::runtime::Runtime;
use tokio_postgres::Client;
use uuid::Uuid;

const ROWS: u32 = 100_000;
const PARTNER: &str = "省平台";
/// Of the peer.
const TABLE: &str = "CREATE TABLE peer (LIKE results INCLUDING DEFAULTS INCLUDING INDEXES)";

fn main() {
    let wanted = std::env::var("DUIJIE_IMPORTING").map_or(ROWS, |number| number.parse().expect("a number"));
    Runtime::new().expect("a runtime").block_on(async {
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
    let few = wanted / 10;
    let database = Database::new(url, 1).expect("a pool");
    database.migrate().await.expect("migrations");
    let mut ours = database.lasting_connection().await.expect("a connection");
    let (user, [small, large]) = {
        let county = County::read().expect("samples");
        Store::insert(&county.organisations, &mut ours).await.expect("organisations");
        let recombination = Recombination::of(&county, 1);
        (add_user(&mut ours).await, [0..few, few..few + wanted].map(|rows| workbook(&county, &recombination, rows)))
    };
    let (peer, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(connection);
    peer.batch_execute(TABLE).await.expect("a table");
    let (_, peak_of_few) = bring_in(small, few, user, &mut ours).await;
    let (taken, peak) = bring_in(large, wanted, user, &mut ours).await;
    let copied = copy(rows(&peer, wanted).await, &peer).await;
    let rate = |taken: Duration| f64::from(wanted) / taken.as_secs_f64();
    println!("{wanted} rows: ours {:.1} s, {:.0}/s; COPY {:.0}/s", taken.as_secs_f64(), rate(taken), rate(copied));
    println!("ours/COPY {:.3}", rate(taken) / rate(copied));
    println!("memory beyond what was held before: {peak_of_few} KiB with {few} rows, {peak} KiB with {wanted}");
}

async fn add_user(connection: &mut AsyncPgConnection) -> Uuid {
    let id = Uuid::now_v7();
    // Nobody signs in with it.
    let password_hash = Some("$argon2id$none");
    let user =
        NewUser { id, login: "officer", password_hash, role: Role::Staff, organisation_id: None, expert_id: None };
    identity::add(&user, connection).await.expect("an account");
    id
}

/// A workbook of recombined results as an office has them: holders by name, an identifier of its own.
fn workbook(county: &County, recombination: &Recombination<'_>, rows: std::ops::Range<u32>) -> File {
    let name_of = |id: &str| {
        let found = county.organisations.iter().find(|organisation| organisation.stamp.id.to_string() == id);
        found.map(|organisation| organisation.fields.name.to_string()).expect("a holder")
    };
    let written: Vec<_> = columns(Kind::Result).iter().filter(|column| !column.name.starts_with("source.")).collect();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory().expect("a sheet");
    for (place, column) in (0..).zip(&written) {
        sheet.write_string(0, place, column.zh).expect("a cell");
    }
    let last = u16::try_from(written.len()).expect("a column");
    sheet.write_string(0, last, "外部编号").expect("a cell");
    for (row, (number, record)) in (1..).zip(rows.clone().zip(recombination.records::<ResearchResult>(rows))) {
        let record = serde_json::to_value(record.expect("a result")).expect("JSON");
        for (place, column) in (0..).zip(&written) {
            let cell = column.cell(&record);
            match column.name {
                "holder_id" => sheet.write_string(row, place, name_of(&cell)),
                "contributor_ids" => continue,
                _ if cell.is_empty() => continue,
                _ => sheet.write_string(row, place, cell),
            }
            .expect("a cell");
        }
        sheet.write_string(row, last, format!("R-{number}")).expect("a cell");
    }
    let mut file = tempfile::tempfile().expect("a file");
    workbook.save_to_writer(&mut file).expect("a workbook");
    file
}

/// How long it takes, and how much memory beyond what was held before.
async fn bring_in(mut file: File, rows: u32, user: Uuid, connection: &mut AsyncPgConnection) -> (Duration, u64) {
    // The peak begins anew (proc(5)).
    std::fs::write("/proc/self/clear_refs", "5").expect("a new peak");
    let (before, started) = (memory("VmRSS"), Instant::now());
    let new = NewImport {
        kind: Kind::Result,
        format: ImportFormat::Xlsx,
        name: None,
        sheet: None,
        partner: Some(PARTNER),
        dry_run: false,
        whole: false,
        sha256: &[0; 32],
    };
    let import = imports::create(&new, &mut file, user, connection).await.expect("an import");
    let done = imports::finish(import.id, connection).await.expect("work").expect("an import");
    assert_eq!((done.created, done.refused), (i64::from(rows), 0), "all rows are right");
    (started.elapsed(), memory("VmHWM").saturating_sub(before))
}

/// A line of the process's status, in KiB.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find(|line| line.starts_with(name)).expect("a line");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

/// The last rows as `COPY` writes them.
async fn rows(sql: &Client, count: u32) -> Vec<Bytes> {
    let copy = format!("COPY (SELECT * FROM results ORDER BY id DESC LIMIT {count}) TO STDOUT");
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
