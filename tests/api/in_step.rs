//! Who begins with an export and applies what changes has exactly what there is, though processes are killed meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::harness::process::{Running, open_folder, serve};
use crate::harness::{Answer, Client, connect, new_database, rounds, try_send};

/// A copy of the organisations.
#[derive(Default)]
struct Copy {
    records: BTreeMap<String, Value>,
    position: String,
}

impl Copy {
    /// Begins with an export; false if it broke off.
    async fn begin(&mut self, client: &Client) -> bool {
        let Some(export) = asked(client, "/v1/organisations/export").await else { return false };
        export.header("change-position").expect("a position").clone_into(&mut self.position);
        let lines = export.text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
        self.records = lines.map(|record| (id(&record), record)).collect();
        true
    }

    /// Takes in what changed, as long as somebody answers; whether that was all.
    async fn follow(&mut self, client: &Client) -> bool {
        loop {
            let path = format!("/v1/changes?kind=organisation&limit=100&after={}", self.position);
            let Some(answer) = asked(client, &path).await else { return false };
            for change in answer.body["items"].as_array().expect("changes") {
                match change.get("record") {
                    Some(record) => self.records.insert(id(change), record.clone()),
                    None => self.records.remove(&id(change)),
                };
            }
            answer.body["position"].as_str().expect("a position").clone_into(&mut self.position);
            if answer.body["more"] == false {
                return true;
            }
        }
    }
}

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

/// A whole answer of a service that may be killed while it answers.
async fn asked(client: &Client, path: &str) -> Option<Answer> {
    try_send(client.request("GET", path)).await.filter(|answer| answer.status == 200)
}

const INSERT: &str = "INSERT INTO organisations (id, created_at, updated_at, name, kind)
                      VALUES (gen_random_uuid(), now(), now(), '五金厂', 'enterprise')";
const CHANGE: &str = "UPDATE organisations SET version = version + 1, updated_at = now(), name = '改名的厂'
                      WHERE id IN (SELECT id FROM organisations WHERE deleted_at IS NULL ORDER BY random() LIMIT 3 FOR UPDATE SKIP LOCKED)";
const DELETE: &str = "UPDATE organisations SET version = version + 1, updated_at = now(), deleted_at = now()
                      WHERE id IN (SELECT id FROM organisations WHERE deleted_at IS NULL ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED)";

/// Writes until it is told to stop; every few writes stay open for a while and commit late.
async fn write(url: String, stop: Arc<AtomicBool>, seed: u64) {
    let (mut random, client) = (StdRng::seed_from_u64(seed), connect(&url).await);
    while !stop.load(Ordering::Relaxed) {
        let statement = [INSERT, INSERT, CHANGE, DELETE].choose(&mut random).expect("a statement");
        client.batch_execute("BEGIN").await.expect("a transaction");
        client.batch_execute(statement).await.expect("a write");
        if random.random_bool(0.2) {
            tokio::time::sleep(Duration::from_millis(random.random_range(10..300))).await;
        }
        client.batch_execute("COMMIT").await.expect("a commit");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_has_exactly_what_there_is_though_processes_are_killed() {
    let (url, folder) = (new_database().await, open_folder());
    let stop = Arc::new(AtomicBool::new(false));
    let begin = || serve(folder.path(), Some(&url));
    let mut running: Running = begin();
    let writers: Vec<_> = (0..3).map(|seed| tokio::spawn(write(url.clone(), Arc::clone(&stop), seed))).collect();
    let (mut copy, mut random) = (Copy::default(), StdRng::seed_from_u64(7));
    let mut begun = false;
    for _ in 0..rounds(4, 30) {
        let life = Duration::from_millis(random.random_range(200..1500));
        let client = running.client.clone();
        let followed = async {
            loop {
                begun = begun || copy.begin(&client).await;
                if !begun || !copy.follow(&client).await {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let killed = async {
            tokio::time::sleep(life).await;
            running.kill();
        };
        tokio::join!(followed, killed);
        running = begin();
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("a writer");
    }
    assert!(begun || copy.begin(&running.client).await);
    let now = asked(&running.client, "/v1/organisations/export").await.expect("an export");
    let now: BTreeMap<String, Value> = now
        .text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a record"))
        .map(|record| (id(&record), record))
        .collect();
    assert!(now.len() > 20, "there is little to compare");
    // What has committed is told once nothing older is open, in other databases of the server either.
    for _ in 0..100 {
        assert!(copy.follow(&running.client).await);
        if copy.records == now {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(copy.records, now);
}
