//! Receivers that fail, are slow, say too much, have too much to do or are gone; and what a crash leaves.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::receiver::{Message, Receiver, Reply};
use super::subscribe;
use crate::harness::process::{Running, add_user, open_folder, serve_with, sign_in};
use crate::harness::{Client, Service, new_database, policy};

pub async fn rename(client: &Client, id: &str, version: i64) {
    let title = json!({"title": format!("措施，第 {} 版", version + 1)});
    client.patch(&format!("/v1/policies/{id}"), &format!("\"{version}\""), &title).await.expect(200);
}

pub fn version_of(message: &Message) -> i64 {
    message.value()["data"]["version"].as_i64().expect("a version")
}

/// Waits until a webhook has so many deliveries that stand there.
pub async fn wait_for(client: &Client, webhook: &str, state: &str, count: usize) -> Vec<Value> {
    let started = Instant::now();
    loop {
        let page = client.get(&format!("{webhook}/deliveries?state={state}&limit=100")).await;
        let items = page.expect(200)["items"].as_array().expect("items").clone();
        if items.len() >= count {
            return items;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "only {} of {count} are {state}", items.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_sent_again_and_a_later_change_of_the_record_waits_for_it() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let failing = |_: &Message, before| match before {
        0..3 => Reply::status(500).saying("厨房失火".to_owned()),
        _ => Reply::status(200),
    };
    let receiver = Receiver::start(failing);
    let (webhook, _) = subscribe(&staff, &receiver.url, &["policy.changed"]).await;
    let id = staff.create("policies", &policy("措施")).await;
    for version in 1..4 {
        rename(&staff, &id, version).await;
    }
    let messages = receiver.wait_for(7).await;
    assert_eq!(messages.iter().map(version_of).collect::<Vec<_>>(), [1, 1, 1, 1, 2, 3, 4]);
    // A message that is sent again keeps its id, and is signed for the time at which it is sent.
    assert!(messages[..4].iter().all(|message| message.id == messages[0].id && message.body == messages[0].body));
    receiver.stays_at(7).await;
    let log = wait_for(&staff, &webhook, "delivered", 4).await;
    let attempts: Vec<i64> = log.iter().rev().map(|item| item["attempts"].as_i64().expect("a number")).collect();
    assert_eq!(attempts, [4, 1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_goes_on_failing_is_given_up_told_of_and_taken_on_again() {
    let service = Service::start().await;
    let (staff, admin) = (service.staff().await, service.admin().await);
    let well = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_well = std::sync::Arc::clone(&well);
    let receiver = Receiver::start(move |_, _| {
        Reply::status(if is_well.load(std::sync::atomic::Ordering::SeqCst) { 200 } else { 503 })
    });
    let (webhook, _) = subscribe(&staff, &receiver.url, &["policy.changed"]).await;
    let id = staff.create("policies", &policy("措施")).await;
    rename(&staff, &id, 1).await;
    let failed = wait_for(&staff, &webhook, "failed", 1).await;
    assert_eq!((&failed[0]["attempts"], &failed[0]["status"]), (&json!(5), &json!(503)));
    let off = staff.get(&webhook).await;
    assert_eq!((&off.expect(200)["enabled"], &off.body["disabled_by"]), (&json!(false), &json!("failing")));
    receiver.stays_at(5).await;
    for client in [&staff, &admin] {
        let told = client.get("/v1/notifications").await;
        let told = told.expect(200)["items"].as_array().expect("items").clone();
        let of_webhook: Vec<_> = told.iter().filter(|one| one.get("webhook_id").is_some()).collect();
        assert_eq!(of_webhook.len(), 1, "{told:?}");
        assert_eq!(of_webhook[0]["webhook_id"], off.body["id"]);
    }
    // What comes meanwhile waits where it is written.
    rename(&staff, &id, 2).await;
    well.store(true, std::sync::atomic::Ordering::SeqCst);
    receiver.stays_at(5).await;
    let again = json!({"url": receiver.url, "types": ["policy.changed"]});
    staff.put(&webhook, "\"1\"", &again).await.problem(412, "precondition-failed");
    let on = staff.put(&webhook, &off.etag(), &again).await;
    assert_eq!(on.expect(200)["enabled"], true);
    let messages = receiver.wait_for(7).await;
    assert_eq!(messages[5..].iter().map(version_of).collect::<Vec<_>>(), [2, 3]);
    receiver.stays_at(7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_given_up_at_once() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let site = service.partner(&admin, "省平台", &["webhooks"]).await;
    let receiver = Receiver::start(|_, _| Reply::status(410));
    let (webhook, _) = subscribe(&site, &receiver.url, &["policy.changed"]).await;
    admin.create("policies", &policy("措施")).await;
    wait_for(&site, &webhook, "failed", 1).await;
    assert_eq!(site.get(&webhook).await.expect(200)["disabled_by"], "gone");
    receiver.stays_at(1).await;
    // The owner is a program: the admins are told.
    let told = admin.get("/v1/notifications").await;
    assert!(told.expect(200)["items"].as_array().expect("items").iter().any(|one| one.get("webhook_id").is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_has_too_much_to_do_is_left_alone_as_long_as_it_asks() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let receiver = Receiver::start(|_, before| match before {
        0 => Reply::status(429).with("retry-after", "2"),
        _ => Reply::status(200),
    });
    subscribe(&staff, &receiver.url, &["policy.changed"]).await;
    staff.create("policies", &policy("甲措施")).await;
    receiver.wait_for(1).await;
    // Other records wait, too.
    tokio::time::sleep(Duration::from_millis(300)).await;
    staff.create("policies", &policy("乙措施")).await;
    let messages = receiver.wait_for(3).await;
    for later in &messages[1..] {
        let waited = later.began - messages[0].began;
        assert!(waited >= Duration::from_millis(1900), "only {waited:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_late_answers_and_silence_are_failures_and_long_answers_are_cut() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let try_it = async |receiver: &Receiver| {
        let (webhook, _) = subscribe(&staff, &receiver.url, &["policy.changed"]).await;
        staff.post(&format!("{webhook}/tests"), &json!({})).await.expect(200).clone()
    };
    let elsewhere = Receiver::start(|_, _| Reply::status(200));
    let there = elsewhere.url.clone();
    for status in [301, 302, 307, 308] {
        let there = there.clone();
        let receiver = Receiver::start(move |_, _| Reply::status(status).with("location", &there));
        let tried = try_it(&receiver).await;
        assert_eq!((&tried["success"], &tried["status"]), (&json!(false), &json!(status)));
    }
    assert!(elsewhere.messages().is_empty());

    let slow = Receiver::start(|_, _| Reply::status(200).after(Duration::from_secs(20)));
    let started = Instant::now();
    let tried = try_it(&slow).await;
    assert_eq!((&tried["success"], &tried["fault"]), (&json!(false), &json!("timed_out")));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());

    // Made ahead: what a receiver takes to make its answer is not what is tried.
    let much = Reply::status(200).saying("长\0".repeat(50_000_000));
    let long = Receiver::start(move |_, _| much.clone());
    let tried = try_it(&long).await;
    assert_eq!(tried["success"], true);
    assert_eq!(tried["answer"], "长 ".repeat(100));

    let gone = Receiver::start(|_, _| Reply::status(200));
    let url = gone.url.clone();
    gone.stop().await;
    let (webhook, _) = subscribe(&staff, &url, &["policy.changed"]).await;
    let tried = staff.post(&format!("{webhook}/tests"), &json!({})).await;
    assert_eq!(tried.expect(200)["fault"], "unreachable");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_send_everything_once_and_nothing_of_a_record_at_a_time() {
    let first = Service::start().await;
    let second = Service::start_on(first.url.clone()).await;
    let staff = first.staff().await;
    let receiver = Receiver::start(|_, _| Reply::status(200).after(Duration::from_millis(30)));
    let (webhook, _) = subscribe(&staff, &receiver.url, &["policy.changed"]).await;
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(staff.create("policies", &policy(&format!("第 {number} 项措施"))).await);
    }
    for version in 1..5 {
        for id in &ids {
            rename(&staff, id, version).await;
        }
    }
    let messages = receiver.wait_for(50).await;
    receiver.stays_at(50).await;
    let mut of_records: HashMap<String, Vec<&Message>> = HashMap::new();
    for message in &messages {
        of_records.entry(message.value()["data"]["id"].to_string()).or_default().push(message);
    }
    assert_eq!(of_records.len(), 10);
    for messages in of_records.values() {
        assert_eq!(messages.iter().map(|message| version_of(message)).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert!(messages.windows(2).all(|two| two[0].ended.is_some_and(|ended| ended <= two[1].began)));
    }
    wait_for(&staff, &webhook, "delivered", 50).await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_had_in_hand_is_sent_by_the_next() {
    let (database, folder) = (new_database().await, open_folder());
    assert!(add_user(folder.path(), Some(&database), "staff").status.success());
    let start = || -> Running { serve_with(folder.path(), Some(&database), &["--webhook-loopback"]) };
    let mut running = start();
    let staff = sign_in(&running.client, "staff").await;
    // It is killed while answers are outstanding.
    let receiver =
        Receiver::start(|_, before| Reply::status(200).after(Duration::from_millis(if before < 4 { 2000 } else { 5 })));
    subscribe(&staff, &receiver.url, &["policy.changed"]).await;
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(staff.create("policies", &policy(&format!("第 {number} 项措施"))).await);
    }
    let started = Instant::now();
    while receiver.messages().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(20), "nothing came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running.kill();
    let _next = start();
    let started = Instant::now();
    loop {
        let messages = receiver.messages();
        let came =
            |id: &String| messages.iter().any(|one| one.value()["data"]["id"] == json!(id) && one.ended.is_some());
        if ids.iter().all(came) {
            break;
        }
        assert!(started.elapsed() < Duration::from_mins(2), "only {} messages came", messages.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
