//! A policy for reading.

use serde_json::json;

use super::policy;
use crate::harness::Service;

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_read_with_its_number_in_parts_and_its_neighbours() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let mut ids = Vec::new();
    for (day, status) in
        [("2026-01-01", "published"), ("2026-02-01", "draft"), ("2026-03-01", "published"), ("2026-03-01", "published")]
    {
        let mut one = policy(&format!("措施{day}"), "一、支持企业设备更新\n对购置设备的企业给予补助。");
        one["published_on"] = json!(day);
        one["status"] = json!(status);
        one["document_number"] = json!("南政字[2026]第08號");
        ids.push(staff.create("policies", &one).await);
    }
    let mut provincial = policy("省里的", "一、支持企业设备更新。");
    provincial["level"] = json!("provincial");
    provincial["document_number"] = json!("无号");
    let provincial = staff.create("policies", &provincial).await;
    let read =
        async |id: &str| service.public().get(&format!("/v1/policies/{id}/presentation")).await.expect(200).clone();
    let third = read(&ids[2]).await;
    assert_eq!(third["number"], json!({"body": "南政字", "year": 2026, "serial": 8, "standard": "南政字〔2026〕8号"}));
    assert_eq!(third["region"], "130927");
    assert_eq!(third["html"], "<h2>一、支持企业设备更新</h2><p>对购置设备的企业给予补助。</p>");
    assert_eq!((&third["previous"]["id"], &third["next"]["id"]), (&json!(ids[0]), &json!(ids[3])));
    let first = read(&ids[0]).await;
    assert!(first["previous"].is_null());
    assert_eq!(first["next"], json!({"id": ids[2], "title": "措施2026-03-01", "published_on": "2026-03-01"}));
    assert!(read(&ids[3]).await["next"].is_null());
    let alone = read(&provincial).await;
    assert!(alone["next"].is_null() && alone["previous"].is_null() && alone["number"].is_null());
    // The number stays as it was given.
    assert_eq!(service.public().get(&format!("/v1/policies/{provincial}")).await.body["document_number"], "无号");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_hostile_html_runs_and_the_body_stays_as_it_was_given() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let hostile = "<p onclick=\"steal()\">一、支持创新</p><script>steal()</script><p>（一）高新技术企业奖励<img src=x onerror=steal()>10万元。</p>\
                   <a href=\"javascript:steal()\">链接</a><iframe src=//example.com></iframe>";
    let id = staff.create("policies", &policy("若干措施", hostile)).await;
    assert_eq!(staff.get(&format!("/v1/policies/{id}")).await.body["body"], hostile);
    let html = staff.get(&format!("/v1/policies/{id}/presentation")).await.expect(200)["html"].clone();
    let html = html.as_str().expect("HTML").to_ascii_lowercase();
    for word in ["steal", "script", "iframe", "onclick", "onerror", "img"] {
        assert!(!html.contains(word), "{word}: {html}");
    }
    assert!(html.contains("一、支持创新"));
    let clauses = staff.get(&format!("/v1/policies/{id}/clauses")).await;
    let items = clauses.expect(200)["items"].as_array().expect("items");
    assert_eq!((&items[0]["number"], &items[1]["number"]), (&json!("一、"), &json!("（一）")));
    assert_eq!(items[1]["audience"]["labels"], json!(["high_tech"]));
}
