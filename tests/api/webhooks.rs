//! Webhooks: what is sent to whom, signed, at least once and in order, and how they are kept.

mod failures;
pub mod receiver;
mod refusals;
mod schedule;

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duijie::dockings::reminders::remind;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::process::Command;

use crate::harness::{Client, Service, demand, enterprise, expert, policy, result, send};
use failures::wait_for;
use receiver::{Message, Receiver, Reply};

const RECORDS: [&str; 5] =
    ["result.changed", "expert.changed", "organisation.changed", "demand.changed", "policy.changed"];

/// A webhook: its address here, and its first secret.
pub async fn subscribe(client: &Client, url: &str, types: &[&str]) -> (String, String) {
    let made = client.post("/v1/webhooks", &json!({"url": url, "types": types})).await;
    let secret = made.expect(201)["secret"].as_str().expect("a secret").to_owned();
    (made.header("location").expect("its address").to_owned(), secret)
}

/// The signature that a message must bear for a secret.
fn signature(secret: &str, message: &Message) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a prefix")).expect("base64");
    let signed = format!("{}.{}.{}", message.id, message.time, message.body);
    let mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key").chain_update(signed).finalize();
    format!("v1,{}", STANDARD.encode(mac.into_bytes()))
}

/// What is told of records, in short.
fn told(messages: &[Message]) -> Vec<(String, i64, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |message: &Message| {
        let data = &message.value()["data"];
        (text(&data["kind"]), data["version"].as_i64().unwrap_or_default(), text(&data["action"]))
    };
    messages.iter().map(one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_sent_signed_to_whoever_may_read_them() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let site = service.partner(&admin, "省平台", &["webhooks", "results:read", "demands:read"]).await;
    let receiver = Receiver::start(|_, _| Reply::status(204));
    let (webhook, secret) = subscribe(&site, &receiver.url, &RECORDS).await;
    let firm = admin.create("organisations", &enterprise("五金厂")).await;
    let mut draft = result(&firm, "冲压模具", "关于冲压模具寿命的一项成果。");
    draft["status"] = json!("draft");
    let id = admin.create("results", &draft).await;
    let mut closed = demand(&firm, "缩松", "球铁阀体总有缩松，废品。");
    closed["confidentiality"] = json!("centre_only");
    admin.create("demands", &closed).await;
    let path = format!("/v1/results/{id}");
    for (version, patch) in [(1, json!({"status": "published"})), (2, json!({"title": "冲压模具寿命"}))] {
        admin.patch(&path, &format!("\"{version}\""), &patch).await.expect(200);
    }
    let messages = receiver.wait_for(3).await;
    // Between records there is no order.
    assert_eq!(messages.iter().filter(|one| one.value()["type"] == "organisation.changed").count(), 1);
    let of_result: Vec<Message> = messages.into_iter().filter(|one| one.value()["type"] == "result.changed").collect();
    assert_eq!(
        told(&of_result),
        [("result".to_owned(), 2, "put".to_owned()), ("result".to_owned(), 3, "put".to_owned())]
    );
    for message in &of_result {
        assert_eq!(message.signature, signature(&secret, message));
        assert!(message.id.starts_with("msg_") && message.content_type == "application/json");
        assert!((chrono::Utc::now().timestamp() - message.time.parse::<i64>().expect("seconds")).abs() < 60);
        let body = message.value();
        assert!(chrono::DateTime::parse_from_rfc3339(body["timestamp"].as_str().expect("a time")).is_ok());
        assert_eq!(body["data"]["url"], format!("{}{path}", crate::harness::ISSUER));
        assert!(body["data"].get("record").is_none());
    }
    // A position of a message is one of the change feed.
    let position = of_result[0].value()["data"]["position"].as_str().expect("a position").to_owned();
    let feed = service.public().get(&format!("/v1/changes?after={position}")).await;
    assert_eq!(feed.expect(200)["items"][0]["version"], 3);
    // Withdrawn is told once more; nothing after that.
    admin.patch(&path, "\"3\"", &json!({"status": "withdrawn"})).await.expect(200);
    admin.patch(&path, "\"4\"", &json!({"title": "不再公开"})).await.expect(200);
    admin.create("policies", &policy("技术改造措施")).await;
    let messages = receiver.wait_for(5).await;
    let last = told(&messages[3..]);
    assert!(last.contains(&("result".to_owned(), 4, "gone".to_owned())), "{last:?}");
    assert!(last.contains(&("policy".to_owned(), 1, "put".to_owned())), "{last:?}");
    receiver.stays_at(5).await;
    let log = site.get(&format!("{webhook}/deliveries")).await;
    let items = log.expect(200)["items"].as_array().expect("items").clone();
    assert_eq!(items.len(), 5);
    for item in items {
        assert_eq!((&item["state"], &item["attempts"], &item["status"]), (&json!("delivered"), &json!(1), &json!(204)));
        let id = item["id"].as_str().expect("an id").replace('-', "");
        assert!(messages.iter().any(|message| message.id == format!("msg_{id}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_shown_once_and_changed_while_the_other_signs() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let receiver = Receiver::start(|_, _| Reply::status(200));
    let (webhook, first) = subscribe(&staff, &receiver.url, &["policy.changed"]).await;
    let read = staff.get(&webhook).await;
    let first_id = read.expect(200)["secrets"][0]["id"].as_str().expect("an id").to_owned();
    assert!(!read.text.contains("whsec_"));
    let alone = staff.delete(&format!("{webhook}/secrets/{first_id}"), "*").await;
    alone.problem(409, "conflict");
    let make = || send(staff.request("POST", &format!("{webhook}/secrets")).header("idempotency-key", "second"));
    let (second, again) = (make().await, make().await);
    assert_eq!(second.expect(201), again.expect(201));
    let second = second.body["secret"].as_str().expect("a secret").to_owned();
    staff.post(&format!("{webhook}/secrets"), &json!({})).await.problem(409, "conflict");

    let tried = staff.post(&format!("{webhook}/tests"), &json!({})).await;
    assert_eq!((&tried.expect(200)["success"], &tried.body["status"]), (&json!(true), &json!(200)));
    let message = receiver.wait_for(1).await.remove(0);
    assert_eq!(message.value()["type"], "test");
    assert_eq!(message.signature, format!("{} {}", signature(&first, &message), signature(&second, &message)));

    assert_eq!(staff.delete(&format!("{webhook}/secrets/{first_id}"), "*").await.status, 204);
    staff.delete(&format!("{webhook}/secrets/{first_id}"), "*").await.problem(404, "not-found");
    staff.post(&format!("{webhook}/tests"), &json!({})).await.expect(200);
    let message = receiver.wait_for(2).await.remove(1);
    assert_eq!(message.signature, signature(&second, &message));
    // The database does not know them.
    let kept = service.value("SELECT string_agg(encode(sealed, 'base64'), ' ') FROM webhook_secrets").await;
    assert!(!kept.contains(second.trim_start_matches("whsec_").trim_end_matches('=')));
    let audited = service.value("SELECT string_agg(details::text, ' ') FROM audit_events").await;
    assert!(!audited.contains("whsec_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_of_the_centre_are_told_is_sent_to_their_webhooks() {
    let service = Service::start().await;
    let (staff, colleague) = (service.staff().await, service.staff().await);
    let receiver = Receiver::start(|_, _| Reply::status(200));
    subscribe(&colleague, &receiver.url, &["docking.moved", "docking.reminder", "match.found"]).await;
    let firm = staff.create("organisations", &enterprise("铸造厂")).await;
    let person = staff.create("experts", &expert(&firm, "陈志远")).await;
    let other = staff.create("organisations", &enterprise("五金厂")).await;
    let wish = staff.create("demands", &demand(&other, "球铁件热节处总有缩松", "阀体热节处加工后露出缩松。")).await;
    let docking = json!({"demand_id": wish, "expert_id": person});
    let docking = staff.create("dockings", &docking).await;
    let first = receiver.wait_for(1).await.remove(0).value();
    assert_eq!((&first["type"], &first["data"]["news"]), (&json!("docking.moved"), &json!("requested")));
    assert_eq!(first["data"]["docking_id"], json!(docking));
    assert!(first["data"].get("user_id").is_none() && first["data"].get("xid").is_none());
    service
        .sql(
            "ALTER TABLE dockings DISABLE TRIGGER USER;
              UPDATE dockings SET updated_at = now() - interval '400 days', since = now() - interval '400 days';
              ALTER TABLE dockings ENABLE TRIGGER USER",
        )
        .await
        .expect("an old docking");
    for _ in 0..2 {
        let mut connection = service.database.lasting_connection().await.expect("a connection");
        remind(&mut connection).await.expect("a look");
    }
    let second = receiver.wait_for(2).await.remove(1).value();
    assert_eq!((&second["type"], &second["data"]["docking_id"]), (&json!("docking.reminder"), &json!(docking)));
    receiver.stays_at(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_goes_back_to_a_position_and_messages_keep_their_ids() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let receiver = Receiver::start(|_, _| Reply::status(200));
    let (webhook, _) = subscribe(&staff, &receiver.url, &["policy.changed"]).await;
    for title in ["甲措施", "乙措施", "丙措施"] {
        staff.create("policies", &policy(title)).await;
    }
    let sent = receiver.wait_for(3).await;
    // One of which it is not known yet would not be sent again.
    wait_for(&staff, &webhook, "delivered", 3).await;
    let first = sent.iter().find(|message| message.value()["data"]["id"] == sent[0].value()["data"]["id"]);
    let positions = service.public().get("/v1/changes?kind=policy").await;
    let after = positions.expect(200)["items"][0]["position"].clone();
    staff.post(&format!("{webhook}/replays"), &json!({"after": after})).await.expect(200);
    let again = receiver.wait_for(5).await.split_off(3);
    let ids = |messages: &[Message]| {
        let mut ids: Vec<String> = messages.iter().map(|message| message.id.clone()).collect();
        ids.sort();
        ids
    };
    let told_before = positions.body["items"][0]["id"].clone();
    let expected: Vec<Message> =
        sent.iter().filter(|message| message.value()["data"]["id"] != told_before).cloned().collect();
    assert!(first.is_some());
    assert_eq!(ids(&again), ids(&expected));
    receiver.stays_at(5).await;
    for (after, fault) in [
        (json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "/after other_database"),
        (json!("x"), "/after format"),
        (json!(1), "/after wrong_type"),
    ] {
        let refused = staff.post(&format!("{webhook}/replays"), &json!({"after": after})).await;
        refused.problem(422, "invalid-input");
        assert_eq!(refused.faults(), [fault]);
    }
}

/// The library of the specification verifies what is sent, with each of two secrets, and refuses what was changed.
#[tokio::test(flavor = "multi_thread")]
async fn the_library_of_the_specification_verifies_what_is_sent() {
    let Some(python) = std::env::var_os("DUIJIE_PYTHON") else {
        eprintln!("DUIJIE_PYTHON is not set: signatures were not verified by others");
        return;
    };
    let service = Service::start().await;
    let staff = service.staff().await;
    let receiver = Receiver::start(|_, _| Reply::status(200));
    let (webhook, first) = subscribe(&staff, &receiver.url, &["policy.changed"]).await;
    let second = staff.post(&format!("{webhook}/secrets"), &json!({})).await;
    let second = second.expect(201)["secret"].as_str().expect("a secret").to_owned();
    staff.create("policies", &policy("技术改造措施")).await;
    let message = receiver.wait_for(1).await.remove(0);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("message.json");
    let written = json!({"secrets": [first, second], "body": message.body, "headers": {
        "webhook-id": message.id, "webhook-timestamp": message.time, "webhook-signature": message.signature}});
    std::fs::write(&file, written.to_string()).expect("a file");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/outsiders/webhook_receiver.py");
    let verified = Command::new(python).arg(script).arg(&file).env("PYTHONDONTWRITEBYTECODE", "1").output().await;
    let verified = verified.expect("the library runs");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}
