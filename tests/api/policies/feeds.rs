//! Feeds of policies, read by a reader of others.

use serde_json::{Value, json};
use tokio::process::Command;

use super::policy;
use crate::harness::{Service, send};

#[tokio::test(flavor = "multi_thread")]
async fn a_level_has_a_feed_that_others_read() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let title = "措施 <b>&\u{fffe}\"";
    let mut strange = policy(title, "一、支持]]>企业&设备更新。");
    strange["topics"] = json!(["技术改造"]);
    let id = staff.create("policies", &strange).await;
    let mut older = policy("旧的", "一、支持企业设备更新。");
    older["published_on"] = json!("2025-01-01");
    older["issuer"] = Value::Null;
    let older = staff.create("policies", &older).await;
    let mut draft = policy("草案", "一、支持企业设备更新。");
    draft["status"] = json!("draft");
    staff.create("policies", &draft).await;
    let path = "/v1/feeds/policies/county";
    let feed = service.public().get(path).await;
    assert_eq!((feed.status, feed.header("content-type")), (200, Some("application/atom+xml; charset=utf-8")));
    assert!(!feed.text.contains('\u{fffe}') && !feed.text.contains("草案"), "{}", feed.text);
    let again = send(service.public().request("GET", path).header("if-none-match", &feed.etag())).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let empty = service.public().get("/v1/feeds/policies/national").await;
    assert_eq!(empty.status, 200);
    service.public().get("/v1/feeds/policies/galactic").await.problem(404, "not-found");
    staff.patch(&format!("/v1/policies/{older}"), "\"1\"", &json!({"title": "旧的，改过"})).await.expect(200);
    let changed = service.public().get(path).await;
    assert_ne!(changed.etag(), feed.etag());

    let Some(python) = std::env::var_os("DUIJIE_PYTHON") else {
        eprintln!("DUIJIE_PYTHON is not set: no reader of others read the feeds");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [("county", &changed.text), ("national", &empty.text)] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let read = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/outsiders/feed_reader.py"))
        .arg(folder.path().join("county"))
        .arg(folder.path().join("national"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .expect("the reader runs");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read: Value = serde_json::from_slice(&read.stdout).expect("JSON");
    let expected = json!([
        {"id": format!("urn:uuid:{id}"), "title": "措施 <b>&\"", "author": "南皮县人民政府", "published": "2026-02-28T16:00:00Z",
         "summary": "一、支持]]>企业&设备更新。", "topics": ["技术改造"]},
        {"id": format!("urn:uuid:{older}"), "title": "旧的，改过", "author": "对接", "published": "2024-12-31T16:00:00Z",
         "summary": "一、支持企业设备更新。", "topics": []}
    ]);
    assert_eq!(read, json!([expected, []]));
}
