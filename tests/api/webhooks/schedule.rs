//! The whole schedule of the program as it is shipped. Days go by in the database alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::failures::{rename, version_of, wait_for};
use super::receiver::{Message, Receiver, Reply};
use super::subscribe;
use crate::harness::process::{add_user, open_folder, serve_with, sign_in};
use crate::harness::{Client, connect, new_database, policy};

/// Seconds before each attempt but the first.
const WAITS: [i64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// So close to its time an attempt is let come by itself.
const REST: TimeDelta = TimeDelta::milliseconds(300);

/// The delivery that was made first, once it was tried so many times.
async fn tried(client: &Client, webhook: &str, times: usize) -> Value {
    let started = Instant::now();
    loop {
        let log = client.get(&format!("{webhook}/deliveries?limit=100")).await;
        let first = log.expect(200)["items"].as_array().and_then(|items| items.last());
        match first.filter(|first| first["attempts"] == times) {
            Some(first) => return first.clone(),
            None => assert!(started.elapsed() < Duration::from_mins(1), "not {times} attempts: {}", log.text),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|text| text.parse().ok()).expect("a time")
}

/// Moves all that is known of deliveries into the past, as if so much time had gone by.
async fn let_pass(database: &str, time: TimeDelta) {
    let client = connect(database).await;
    let past = format!("interval '{} microseconds'", time.num_microseconds().expect("days"));
    let moved = format!(
        "UPDATE webhook_deliveries
         SET created_at = created_at - {past}, attempted_at = attempted_at - {past}, due_at = due_at - {past}"
    );
    client.batch_execute(&moved).await.expect("another time");
}

/// The versions of a record, as they were told.
fn versions(messages: &[Message], id: &str) -> Vec<i64> {
    messages.iter().filter(|message| message.value()["data"]["id"] == id).map(version_of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_days_of_attempts_then_a_notice_and_all_that_was_missed_on_request() {
    let (database, folder) = (new_database().await, open_folder());
    assert!(add_user(folder.path(), Some(&database), "staff").status.success());
    let running = serve_with(folder.path(), Some(&database), &["--webhook-loopback"]);
    let staff = sign_in(&running.client, "staff").await;
    let well = Arc::new(AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    let receiver = Receiver::start(move |_, _| Reply::status(if is_well.load(Ordering::SeqCst) { 204 } else { 500 }));
    let (webhook, _) = subscribe(&staff, &receiver.url, &["policy.changed"]).await;
    let start = staff.get("/v1/changes").await.expect(200)["position"].clone();
    let id = staff.create("policies", &policy("措施")).await;
    rename(&staff, &id, 1).await;

    let mut waited = TimeDelta::zero();
    for (attempt, least) in (1..).zip(WAITS.map(TimeDelta::seconds)) {
        let log = tried(&staff, &webhook, attempt).await;
        assert_eq!((&log["state"], &log["status"]), (&json!("waiting"), &json!(500)), "{log}");
        let wait = time(&log["due_at"]) - time(&log["attempted_at"]);
        assert!(wait >= least && wait <= least + least / 10, "{wait} after attempt {attempt}, at least {least}");
        waited += wait;
        let left = time(&log["due_at"]) - Utc::now();
        let_pass(&database, left - REST).await;
        let moved = Instant::now();
        let messages = receiver.wait_for(attempt + 1).await;
        let rest = messages[attempt].began - moved;
        assert!(rest + Duration::from_millis(100) > REST.to_std().expect("a time"), "it came {rest:?} later");
    }
    assert!(waited >= TimeDelta::days(3) && waited <= TimeDelta::hours(84), "{waited}");

    let log = tried(&staff, &webhook, 10).await;
    assert_eq!((&log["state"], &log["status"], log.get("due_at")), (&json!("failed"), &json!(500), None), "{log}");
    let off = staff.get(&webhook).await;
    assert_eq!((&off.expect(200)["enabled"], &off.body["disabled_by"]), (&json!(false), &json!("failing")));
    let told = staff.get("/v1/notifications").await.expect(200)["items"].clone();
    assert_eq!(told[0]["webhook_id"], off.body["id"], "{told}");
    let messages = receiver.messages();
    assert_eq!(versions(&messages, &id), [1; 10]);
    assert!(messages.iter().all(|message| message.id == messages[0].id));

    // What comes meanwhile, and what waited behind the failure, is sent once the webhook is on.
    let other = staff.create("policies", &policy("另一措施")).await;
    well.store(true, Ordering::SeqCst);
    receiver.stays_at(10).await;
    let again = json!({"url": receiver.url, "types": ["policy.changed"]});
    staff.put(&webhook, &off.etag(), &again).await.expect(200);
    let messages = receiver.wait_for(12).await.split_off(10);
    assert_eq!((versions(&messages, &id), versions(&messages, &other)), (vec![2], vec![1]));
    // What was given up is sent again on request, and all after it in order: what is on its way then is not sent twice.
    wait_for(&staff, &webhook, "delivered", 2).await;
    staff.post(&format!("{webhook}/replays"), &json!({"after": start})).await.expect(200);
    let messages = receiver.wait_for(15).await.split_off(12);
    assert_eq!((versions(&messages, &id), versions(&messages, &other)), (vec![1, 2], vec![1]));
    receiver.stays_at(15).await;
    wait_for(&staff, &webhook, "delivered", 3).await;
}
