//! The search before filing.

use serde_json::{Value, json};

use super::Office;
use crate::harness::result;

fn by_id<'a>(found: &'a Value, id: &str) -> Option<&'a Value> {
    found["results"].as_array().expect("results").iter().find(|near| near["id"] == id)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_names_what_was_published_before_and_what_the_grace_period_leaves() {
    let office = Office::open().await;
    let summary = "球墨铸铁热节的缩松，用随形冷铁消除，冷铁布置在热节处，与发热冒口配合。";
    let mut collected = result(&office.school, "球墨铸铁热节冷铁工艺", summary);
    collected["source"] = json!({"origin": "期刊", "url": "https://example.com/a", "collected_on": "2025-01-06"});
    let collected = office.staff.create_findable("results", &collected).await;
    let mut draft = result(&office.school, "球墨铸铁热节冷铁的又一工艺", summary);
    draft["status"] = json!("draft");
    let draft = office.staff.create("results", &draft).await;
    let far = office
        .staff
        .create_findable("results", &result(&office.school, "印染废水脱色", "活性染料废水的脱色菌剂与投加方法。"))
        .await;

    // Not filed yet: what counts is today, and the result of the case itself was published today.
    let (path, _) = office.case_at("invention", "search").await;
    let found = office.staff.post(&format!("{path}/search"), &json!({})).await;
    let found = found.expect(200).clone();
    let today = (chrono::Utc::now() + chrono::TimeDelta::hours(8)).date_naive();
    assert_eq!(found["counts_on"], json!(today));
    let own = by_id(&found, &office.result).expect("the result of the case");
    assert_eq!(json!([own["own"], own["novelty"], own["published_on"]]), json!([true, "kept", today]));
    let old = by_id(&found, &collected).expect("the near result");
    assert_eq!(
        json!([old["own"], old["novelty"], old["published_on"], old["grace_until"]]),
        json!([false, "lost", "2025-01-06", "2025-07-06"])
    );
    assert!(by_id(&found, &draft).is_none() && by_id(&found, &far).is_none(), "{found}");
    assert_eq!(found["grace"].as_array().map(Vec::len), Some(4));
    // It changes nothing.
    assert_eq!(office.staff.get(&path).await.etag(), "\"2\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_names_other_cases_to_those_who_may_see_them() {
    let office = Office::open().await;
    let (path, _) = office.case_at("invention", "search").await;
    let elsewhere = json!({"kind": "utility_model", "title": "一种球墨铸铁件热节处冷铁的布置方法", "applicant_ids": [office.school],
        "inventors": [{"name": "李工", "nationality": "CN"}]});
    let elsewhere = office.staff.create("patent-cases", &elsewhere).await;
    let own = office.staff.create("patent-cases", &office.case("utility_model")).await;
    let far = json!({"kind": "design", "title": "水壶", "applicant_ids": [office.firm.0], "inventors": [{"name": "李工", "nationality": "CN"}]});
    office.staff.create("patent-cases", &far).await;
    let found = async |client: &crate::harness::Client| {
        let found = client.post(&format!("{path}/search"), &json!({})).await;
        let cases = found.expect(200)["cases"].as_array().expect("cases").clone();
        cases.iter().map(|near| near["id"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&office.staff).await, [own.clone(), elsewhere]);
    assert_eq!(found(&office.firm.1).await, [own]);
}
