//! Probable duplicates: what is found and what is not, what a person makes of it, and that a merge can be taken back.

use std::time::Duration;

use duijie::duplicates::merging::references::REFERENCES;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Service, demand, enterprise, expert, result, send};

const TITLE: &str = "球墨铸铁件缩松缺陷的控制方法";
const NEAR: &str = "球墨鑄鐵件縮鬆缺陷控制方法";
const SUMMARY: &str = "球墨铸铁热节处总有缩松，冷铁与发热冒口配合的工艺可以控制缩松缺陷。";

/// Waits until something of a service is as it should be.
async fn soon<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..300 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it does not come")
}

/// The pair of two records in a state, once it is there.
async fn pair(staff: &Client, records: (&str, &str), state: &str) -> String {
    let query = format!("/v1/duplicates?record_id={}&state={state}", records.0);
    soon(async || {
        let page = staff.get(&query).await;
        let items = page.expect(200)["items"].as_array().expect("items").clone();
        let of_both = items.into_iter().find(|item| item["records"].to_string().contains(records.1))?;
        Some(format!("/v1/duplicates/{}", of_both["id"].as_str().expect("an id")))
    })
    .await
}

fn reasons(answer: &Answer) -> Vec<String> {
    let reasons = answer.body["reasons"].as_array().into_iter().flatten();
    reasons.map(|reason| reason["reason"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Waits until the finder has come by everything that was written: a pair of organisations that was made last is found.
async fn found_all(staff: &Client) {
    let name = json!({"name": "最后一家（示例）", "kind": "agency"});
    let (one, other) = (staff.create("organisations", &name).await, staff.create("organisations", &name).await);
    let found = pair(staff, (&one, &other), "open").await;
    staff.post(&format!("{found}/dismissal"), &json!({"note": "只为等待"})).await.expect(200);
}

async fn merge(client: &Client, pair: &str, keep: &str, fields: Value) -> Answer {
    let etag = client.get(pair).await.etag();
    merge_from(client, pair, &etag, &json!({"keep": keep, "fields": fields})).await
}

async fn merge_from(client: &Client, pair: &str, etag: &str, body: &Value) -> Answer {
    send(client.request("POST", &format!("{pair}/merge")).header("if-match", etag).json(body)).await
}

async fn undo(client: &Client, pair: &str) -> Answer {
    send(client.request("POST", &format!("{pair}/undo"))).await
}

/// A record, without its versions and when it was written.
async fn fields(client: &Client, path: &str) -> Value {
    let mut record = client.get(path).await.expect(200).clone();
    forget(&mut record);
    record
}

fn forget(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !matches!(name.as_str(), "version" | "updated_at"));
            members.values_mut().for_each(forget);
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        _ => {}
    }
}

async fn school(staff: &Client, name: &str) -> String {
    staff.create("organisations", &json!({"name": name, "kind": "university", "region": "130900"})).await
}

fn numbered(holder: &str, title: &str, number: &str) -> Value {
    let mut record = result(holder, title, SUMMARY);
    record["intellectual_property"] = json!([{"kind": "invention", "number": number, "status": "granted"}]);
    record
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_the_same_is_found_with_its_reasons_and_what_is_only_related_is_not() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let (holder, other) = (school(&staff, "燕北理工大学").await, school(&staff, "海河农业大学").await);
    let one = staff.create("results", &result(&holder, TITLE, SUMMARY)).await;
    let near = staff.create("results", &result(&holder, NEAR, SUMMARY)).await;
    let related = staff.create("results", &result(&holder, "球墨铸铁件石墨漂浮缺陷的预防", SUMMARY)).await;
    let elsewhere = staff.create("results", &result(&other, TITLE, SUMMARY)).await;
    let first = staff.create("results", &numbered(&holder, "冷铁布置", "ZL 2017 1 0601862.3")).await;
    let again = staff.create("results", &numbered(&other, "一种铸件冷却装置", "ＣＮ201710601862.3")).await;
    let part = school(&staff, "燕北理工大學材料学院").await;
    let people = [
        staff.create("experts", &expert(&holder, "陈志远")).await,
        staff.create("experts", &expert(&part, "陳志遠")).await,
        staff.create("experts", &expert(&other, "陈志远")).await,
    ];
    let firms = [
        staff.create("organisations", &enterprise("南皮恒锐五金制品（示例）有限公司")).await,
        staff.create("organisations", &enterprise("南皮恆銳五金製品(示例)有限公司")).await,
        staff.create("organisations", &enterprise("南皮恒达五金制品（示例）有限公司")).await,
    ];
    let found = staff.get(&pair(&staff, (&one, &near), "open").await).await;
    assert_eq!(reasons(&found), ["near_title", "same_holder"]);
    assert_eq!(found.body["reasons"][0]["other"], NEAR);
    assert_eq!(found.body["records"][0]["organisation"], "燕北理工大学");
    assert!(found.body["nearness"].as_f64().is_some_and(|near| (0.75..1.0).contains(&near)), "{}", found.text);
    let differing: Vec<&Value> =
        found.body["differences"].as_array().into_iter().flatten().map(|field| &field["field"]).collect();
    assert_eq!(differing, ["title"]);
    let found = staff.get(&pair(&staff, (&first, &again), "open").await).await;
    assert_eq!(reasons(&found), ["same_number"]);
    assert_eq!(found.body["reasons"][0]["compared"], "201710601862.3");
    let found = staff.get(&pair(&staff, (&people[0], &people[1]), "open").await).await;
    assert_eq!(reasons(&found), ["same_name", "near_organisation"]);
    pair(&staff, (&firms[0], &firms[1]), "open").await;
    found_all(&staff).await;
    let open = staff.get("/v1/duplicates?state=open").await;
    assert_eq!(open.ids().len(), 4, "{}", open.text);
    for apart in [&related, &elsewhere, &people[2], &firms[2]] {
        assert!(!open.text.contains(apart.as_str()), "{}", open.text);
    }
    assert_eq!(staff.get("/v1/duplicates?kind=expert").await.ids().len(), 1);
    let page = staff.get("/v1/duplicates?state=open&limit=3").await;
    let cursor = page.body["next_cursor"].as_str().expect("a cursor");
    assert_eq!(staff.get(&format!("/v1/duplicates?state=open&limit=3&cursor={cursor}")).await.ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_is_looked_at_again_and_a_dismissed_pair_stays_so_but_for_a_number_more() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let holder = school(&staff, "燕北理工大学").await;
    let one = staff.create("results", &result(&holder, TITLE, SUMMARY)).await;
    let near = staff.create("results", &result(&holder, NEAR, SUMMARY)).await;
    let found = pair(&staff, (&one, &near), "open").await;
    let path = format!("/v1/results/{near}");
    staff.patch(&path, "\"1\"", &json!({"title": "铝合金轮毂的低压铸造"})).await.expect(200);
    pair(&staff, (&one, &near), "resolved").await;
    staff.patch(&path, "\"2\"", &json!({"title": NEAR})).await.expect(200);
    pair(&staff, (&one, &near), "open").await;
    let dismissal = format!("{found}/dismissal");
    staff.post(&dismissal, &json!({})).await.problem(422, "invalid-input");
    let dismissed = staff.post(&dismissal, &json!({"note": "两项成果，已核实"})).await;
    assert_eq!(
        (&dismissed.expect(200)["state"], &dismissed.body["note"]),
        (&json!("dismissed"), &json!("两项成果，已核实"))
    );
    staff.post(&dismissal, &json!({"note": "又一次"})).await.problem(409, "conflict");
    merge(&staff, &found, &one, json!({})).await.problem(409, "conflict");
    staff.patch(&path, "\"3\"", &json!({"title": TITLE})).await.expect(200);
    found_all(&staff).await;
    pair(&staff, (&one, &near), "dismissed").await;
    let property = json!([{"kind": "invention", "number": "201710601862.3", "status": "granted"}]);
    for (id, etag) in [(&one, "\"1\""), (&near, "\"4\"")] {
        let path = format!("/v1/results/{id}");
        staff.patch(&path, etag, &json!({"intellectual_property": property})).await.expect(200);
    }
    pair(&staff, (&one, &near), "open").await;
    // Of what is gone nothing is a duplicate.
    staff.delete(&path, "\"5\"").await.expect(204);
    pair(&staff, (&one, &near), "resolved").await;
    merge(&staff, &found, &one, json!({})).await.problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn organisations_are_merged_with_what_refers_to_them_and_parted_as_they_were() {
    let service = Service::start().await;
    let (staff, strong) = (service.staff().await, service.strong_staff().await);
    let mut kept = enterprise("南皮恒锐五金（示例）");
    kept["labels"] = json!(["sme_tech"]);
    let kept = staff.create("organisations", &kept).await;
    let mut other = enterprise("南皮恆銳五金(示例)");
    other["credit_code"] = json!("91350100M000100Y43");
    other["labels"] = json!(["high_tech"]);
    other["contact"] = json!({"phone": "0317-0000123"});
    let other = staff.create("organisations", &other).await;
    let maker = service.enterprise(&other).await;
    let holder = school(&staff, "燕北理工大学").await;
    let own = staff.create("results", &result(&other, "冲压模具的寿命", SUMMARY)).await;
    let person = staff.create("experts", &expert(&other, "李明")).await;
    let wanted = staff.create_findable("demands", &demand(&other, "缩松", SUMMARY)).await;
    let offered = staff.create("results", &result(&holder, TITLE, SUMMARY)).await;
    let asked = json!({"demand_id": wanted, "result_id": offered, "asked_by": "enterprise"});
    let docking = format!("/v1/dockings/{}", staff.create("dockings", &asked).await);
    let team = json!({"name": "服务团", "enterprise_id": other});
    let team = format!("/v1/expert-teams/{}", staff.create("expert-teams", &team).await);
    let invitation = json!({"role": "enterprise", "organisation_id": other});
    strong.post("/v1/invitations", &invitation).await.expect(201);
    let case = json!({"kind": "invention", "title": "模具的冷却方法", "applicant_ids": [other, holder],
                      "inventors": [{"name": "李明", "nationality": "CN"}]});
    let case = format!("/v1/patent-cases/{}", staff.create("patent-cases", &case).await);
    let found = pair(&staff, (&kept, &other), "open").await;
    let paths = [&own, &person, &wanted].map(String::as_str);
    let paths = ["results", "experts", "demands"].iter().zip(paths).map(|(kind, id)| format!("/v1/{kind}/{id}"));
    let paths: Vec<String> = paths.chain([docking.clone(), team.clone(), case.clone()]).collect();
    let (kept_path, other_path) = (format!("/v1/organisations/{kept}"), format!("/v1/organisations/{other}"));
    let mut before = Vec::new();
    for path in paths.iter().chain([&kept_path, &other_path]) {
        before.push(fields(&staff, path).await);
    }

    let merged = merge(&staff, &found, &kept, json!({})).await;
    assert_eq!((&merged.expect(200)["state"], &merged.body["merge"]["kept_id"]), (&json!("merged"), &json!(kept)));
    let moved = merged.body["merge"]["moved"].as_array().expect("what was moved").len();
    assert_eq!(moved, 8, "{}", merged.text);
    for path in &paths {
        let text = staff.get(path).await.text;
        assert!(text.contains(&kept) && !text.contains(&other), "{path}: {text}");
    }
    let record = staff.get(&kept_path).await;
    assert_eq!(record.body["credit_code"], "91350100M000100Y43");
    assert_eq!(record.body["labels"], json!(["sme_tech", "high_tech"]));
    assert_eq!((&record.body["contact"]["phone"], &record.body["version"]), (&json!("0317-0000123"), &json!(2)));
    let gone = staff.get(&other_path).await;
    gone.problem(410, "gone");
    assert_eq!(gone.header("link"), Some(&*format!("<{kept_path}>; rel=\"successor-version\"")));
    let history = staff.get(&format!("{other_path}/history")).await;
    assert!(history.body["items"][0]["deleted_reason"].as_str().is_some_and(|reason| reason.contains(&kept)));
    assert_eq!(history.body["items"][1]["record"]["credit_code"], "91350100M000100Y43");
    // Whoever was of the other is of the kept one from the next session on.
    assert_eq!(service.value(&format!("SELECT count(*) FROM users WHERE organisation_id = '{kept}'")).await, "1");
    assert_eq!(
        service.value(&format!("SELECT count(*) FROM one_time_links WHERE organisation_id = '{kept}'")).await,
        "1"
    );
    soon(async || {
        let told = staff.get("/v1/changes?limit=100").await;
        let mut items = told.expect(200)["items"].as_array().expect("items").iter().rev();
        let last = items.find(|item| item["id"] == json!(other))?;
        (last["action"] == "gone" && last.get("record").is_none()).then_some(())
    })
    .await;
    soon(async || {
        let found = staff.get("/v1/search?q=南皮恒锐五金&kind=organisation").await;
        (found.body["items"].as_array().map(Vec::len) == Some(1)).then_some(())
    })
    .await;

    let undone = undo(&staff, &found).await;
    assert_eq!((&undone.expect(200)["duplicate"]["state"], &undone.body["stayed"]), (&json!("open"), &json!(0)));
    assert_eq!(undone.body["stayed_fields"], json!([]));
    for (path, before) in paths.iter().chain([&kept_path, &other_path]).zip(&before) {
        assert_eq!(fields(&staff, path).await, *before, "{path}");
    }
    assert_eq!(service.value(&format!("SELECT count(*) FROM users WHERE organisation_id = '{other}'")).await, "1");
    undo(&staff, &found).await.problem(409, "conflict");
    assert_eq!(maker.get(&docking).await.status, 200);
    let noted = "SELECT string_agg(action, ' ' ORDER BY seq) FROM audit_events WHERE action LIKE '%merge%'";
    assert_eq!(service.value(noted).await, "records_merged records_merged merge_undone merge_undone");
    let versions = staff.get(&format!("{other_path}/history")).await;
    assert_eq!(versions.body["items"].as_array().map(Vec::len), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn experts_and_results_are_merged_where_they_stand_in_lists_teams_and_cases() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let (holder, firm) =
        (school(&staff, "燕北理工大学").await, staff.create("organisations", &enterprise("五金厂")).await);
    let one = staff.create("results", &numbered(&holder, TITLE, "201710601862.3")).await;
    let other = staff.create("results", &numbered(&holder, NEAR, "ZL201710601862.3")).await;
    let mut kept = expert(&holder, "陈志远");
    kept["result_ids"] = json!([one]);
    let kept = staff.create("experts", &kept).await;
    let mut twin = expert(&holder, "陳志遠");
    (twin["result_ids"], twin["expertise"]) = (json!([one, other]), json!(["球墨铸铁"]));
    let twin = staff.create("experts", &twin).await;
    let mut written = result(&holder, "铝合金轮毂的低压铸造", SUMMARY);
    written["contributor_ids"] = json!([twin, kept]);
    let written = staff.create("results", &written).await;
    let team = json!({"name": "服务团", "enterprise_id": firm});
    let team = format!("/v1/expert-teams/{}", staff.create("expert-teams", &team).await);
    staff.post(&format!("{team}/members"), &json!({"expert_id": twin, "role": "铸造"})).await.expect(201);
    let person = service.expert(&twin).await;
    let member = format!("{team}/members/{twin}");
    let etag = person.get(&member).await.etag();
    person.put(&member, &etag, &json!({"state": "accepted"})).await.expect(200);
    let etag = staff.get(&team).await.etag();
    staff.put(&team, &etag, &json!({"name": "服务团", "leader_id": twin, "state": "active"})).await.expect(200);
    let case = json!({"kind": "invention", "title": "冷铁的布置方法", "result_id": other, "applicant_ids": [holder],
                      "inventors": [{"name": "陈志远", "nationality": "CN", "expert_id": twin}]});
    let case = format!("/v1/patent-cases/{}", staff.create("patent-cases", &case).await);
    let paths = [
        format!("/v1/results/{written}"),
        team.clone(),
        case.clone(),
        format!("/v1/experts/{kept}"),
        format!("/v1/experts/{twin}"),
        format!("/v1/results/{one}"),
        format!("/v1/results/{other}"),
    ];
    let mut before = Vec::new();
    for path in &paths {
        before.push(fields(&staff, path).await);
    }

    let people = pair(&staff, (&kept, &twin), "open").await;
    assert_eq!(reasons(&staff.get(&people).await), ["same_name", "same_organisation", "same_result"]);
    merge(&staff, &people, &kept, json!({})).await.expect(200);
    assert_eq!(staff.get(&paths[0]).await.body["contributor_ids"], json!([kept]));
    let led = staff.get(&team).await;
    assert_eq!((&led.body["leader_id"], &led.body["state"]), (&json!(kept), &json!("active")), "{}", led.text);
    assert_eq!(staff.get(&case).await.body["inventors"][0]["expert_id"], json!(kept));
    let merged = staff.get(&paths[3]).await;
    assert_eq!((&merged.body["result_ids"], &merged.body["expertise"]), (&json!([one, other]), &json!(["球墨铸铁"])));

    let results = pair(&staff, (&one, &other), "open").await;
    assert_eq!(reasons(&staff.get(&results).await), ["same_number", "near_title", "same_holder"]);
    merge(&staff, &results, &one, json!({"title": "other"})).await.expect(200);
    let merged = staff.get(&paths[5]).await;
    assert_eq!(merged.body["title"], NEAR);
    assert_eq!(merged.body["intellectual_property"].as_array().map(Vec::len), Some(1), "{}", merged.text);
    assert_eq!(staff.get(&case).await.body["result_id"], json!(one));
    assert_eq!(staff.get(&paths[3]).await.body["result_ids"], json!([one]));

    // The last one first, and all is as it was.
    undo(&staff, &results).await.expect(200);
    undo(&staff, &people).await.expect(200);
    for (path, before) in paths.iter().zip(&before) {
        assert_eq!(fields(&staff, path).await, *before, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_since_a_merge_stays_when_it_is_undone() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let (holder, elsewhere) = (school(&staff, "燕北理工大学").await, school(&staff, "海河农业大学").await);
    let kept = staff.create("results", &result(&holder, TITLE, SUMMARY)).await;
    let mut twin = result(&holder, NEAR, SUMMARY);
    (twin["form"], twin["maturity"], twin["keywords"]) = (json!("process"), json!(7), json!(["缩松"]));
    let twin = staff.create("results", &twin).await;
    let mut person = expert(&holder, "李明");
    person["result_ids"] = json!([twin]);
    let person = format!("/v1/experts/{}", staff.create("experts", &person).await);
    let found = pair(&staff, (&kept, &twin), "open").await;
    merge(&staff, &found, &kept, json!({"maturity": "kept"})).await.expect(200);
    let path = format!("/v1/results/{kept}");
    let change = json!({"keywords": ["缩松", "冒口"], "holder_id": elsewhere});
    staff.patch(&path, "\"2\"", &change).await.expect(200);
    let etag = staff.get(&person).await.etag();
    staff.patch(&person, &etag, &json!({"result_ids": []})).await.expect(200);
    let undone = undo(&staff, &found).await;
    assert_eq!(undone.expect(200)["stayed_fields"], json!(["keywords"]));
    assert_eq!(undone.body["stayed_references"][0]["field"], "result_ids", "{}", undone.text);
    let now = staff.get(&path).await;
    assert_eq!((&now.body["keywords"], &now.body["form"]), (&json!(["缩松", "冒口"]), &Value::Null));
    assert_eq!((&now.body["holder_id"], &now.body["version"]), (&json!(elsewhere), &json!(4)));
    assert_eq!(staff.get(&person).await.body["result_ids"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_way_of_a_merge_is_named_and_nothing_is_done() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let (holder, firm) =
        (school(&staff, "燕北理工大学").await, staff.create("organisations", &enterprise("五金厂")).await);
    let (kept, twin) = (
        staff.create("experts", &expert(&holder, "陈志远")).await,
        staff.create("experts", &expert(&holder, "陈志远")).await,
    );
    let wanted = staff.create_findable("demands", &demand(&firm, "缩松", SUMMARY)).await;
    let team = json!({"name": "服务团", "enterprise_id": firm});
    let team = format!("/v1/expert-teams/{}", staff.create("expert-teams", &team).await);
    for person in [&kept, &twin] {
        let asked = json!({"demand_id": wanted, "expert_id": person, "asked_by": "enterprise"});
        staff.create("dockings", &asked).await;
        staff.post(&format!("{team}/members"), &json!({"expert_id": person, "role": "铸造"})).await.expect(201);
    }
    let case = json!({"kind": "invention", "title": "冷铁的布置方法", "applicant_ids": [holder], "inventors": [
        {"name": "陈志远", "nationality": "CN", "expert_id": kept}, {"name": "陈志远", "nationality": "CN", "expert_id": twin}]});
    staff.create("patent-cases", &case).await;
    let found = pair(&staff, (&kept, &twin), "open").await;
    let refused = merge(&staff, &found, &kept, json!({})).await;
    refused.problem(409, "conflict");
    assert_eq!(refused.faults(), ["/keep docked_twice", "/keep same_case", "/keep same_team"]);
    let refused = merge(&staff, &found, &kept, json!({"status": "other", "name": "other"})).await;
    refused.problem(409, "conflict");
    assert_eq!(staff.get(&format!("/v1/experts/{twin}")).await.status, 200);
    assert_eq!(service.value("SELECT count(*) FROM merges").await, "0");

    let one = staff.create("results", &result(&holder, TITLE, SUMMARY)).await;
    let other = staff.create_findable("results", &result(&holder, NEAR, SUMMARY)).await;
    let asked = json!({"demand_id": wanted, "result_id": other, "asked_by": "enterprise"});
    staff.create("dockings", &asked).await;
    let found = pair(&staff, (&one, &other), "open").await;
    staff.patch(&format!("/v1/results/{one}"), "\"1\"", &json!({"status": "transferred"})).await.expect(200);
    assert_eq!(merge(&staff, &found, &one, json!({})).await.faults(), ["/keep transferred"]);
    merge(&staff, &found, &other, json!({})).await.expect(200);

    let bureau = json!({"name": "五金厂", "kind": "agency"});
    let bureau = staff.create("organisations", &bureau).await;
    let found = pair(&staff, (&firm, &bureau), "open").await;
    assert_eq!(merge(&staff, &found, &firm, json!({})).await.faults(), ["/keep kind_differs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_merges_at_once_one_wins_and_a_stale_one_does_nothing() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let holder = school(&staff, "燕北理工大学").await;
    let one = staff.create("results", &result(&holder, TITLE, SUMMARY)).await;
    let other = staff.create("results", &result(&holder, NEAR, SUMMARY)).await;
    let found = pair(&staff, (&one, &other), "open").await;
    let stale = staff.get(&found).await.etag();
    staff.patch(&format!("/v1/results/{other}"), "\"1\"", &json!({"maturity": 7})).await.expect(200);
    let body = |keep: &str| json!({"keep": keep});
    merge_from(&staff, &found, &stale, &body(&one)).await.problem(412, "precondition-failed");
    let without = send(staff.request("POST", &format!("{found}/merge")).json(&body(&one))).await;
    without.problem(428, "precondition-required");
    let etag = staff.get(&found).await.etag();
    let (keep_one, keep_other) = (body(&one), body(&other));
    let (first, second) =
        tokio::join!(merge_from(&staff, &found, &etag, &keep_one), merge_from(&staff, &found, &etag, &keep_other));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "{} {}", first.text, second.text);
    assert_eq!(service.value("SELECT count(*) FROM results WHERE deleted_at IS NULL").await, "1");
    merge(&staff, &found, &one, json!({})).await.problem(409, "conflict");
    let (first, second) = tokio::join!(undo(&staff, &found), undo(&staff, &found));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", first.text, second.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_of_what_was_merged_is_undone_in_its_turn() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let holder = school(&staff, "燕北理工大学").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(staff.create("results", &result(&holder, TITLE, SUMMARY)).await);
    }
    let first = pair(&staff, (&ids[0], &ids[1]), "open").await;
    merge(&staff, &first, &ids[1], json!({})).await.expect(200);
    pair(&staff, (&ids[0], &ids[2]), "resolved").await;
    let second = pair(&staff, (&ids[1], &ids[2]), "open").await;
    merge(&staff, &second, &ids[2], json!({})).await.expect(200);
    let gone = service.public().get(&format!("/v1/results/{}", ids[0])).await;
    gone.problem(410, "gone");
    assert_eq!(gone.header("link"), Some(&*format!("</v1/results/{}>; rel=\"successor-version\"", ids[2])));
    undo(&staff, &first).await.problem(409, "conflict");
    undo(&staff, &second).await.expect(200);
    undo(&staff, &first).await.expect(200);
    for id in &ids {
        service.public().get(&format!("/v1/results/{id}")).await.expect(200);
    }
    pair(&staff, (&ids[0], &ids[2]), "open").await;
    // Whom the record in its place is not shown is not told of it.
    merge(&staff, &first, &ids[1], json!({})).await.expect(200);
    let path = format!("/v1/results/{}", ids[1]);
    let etag = staff.get(&path).await.etag();
    staff.patch(&path, &etag, &json!({"status": "draft"})).await.expect(200);
    let gone = service.public().get(&format!("/v1/results/{}", ids[0])).await;
    assert_eq!((gone.status, gone.header("link")), (410, None));
    assert!(staff.get(&format!("/v1/results/{}", ids[0])).await.header("link").is_some());
    // The other comes back also where the kept one was deleted since.
    let etag = staff.get(&path).await.etag();
    staff.delete(&path, &etag).await.expect(204);
    assert_eq!(staff.get(&format!("/v1/results/{}", ids[0])).await.header("link"), None);
    undo(&staff, &first).await.expect(200);
    service.public().get(&format!("/v1/results/{}", ids[0])).await.expect(200);
    staff.get(&path).await.problem(410, "gone");
    pair(&staff, (&ids[0], &ids[1]), "resolved").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reports_a_pair_once_and_it_stays_until_a_person_decides() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let holder = school(&staff, "燕北理工大学").await;
    let one = staff.create("results", &result(&holder, TITLE, SUMMARY)).await;
    let other = staff.create("results", &result(&holder, "冒口与冷铁", SUMMARY)).await;
    let body = json!({"kind": "result", "ids": [other, one], "note": "一项成果报了两次"});
    let sent = || staff.request("POST", "/v1/duplicates").header("idempotency-key", "one").json(&body);
    let (first, again) = (send(sent()).await, send(sent()).await);
    assert_eq!((first.expect(201), first.etag()), (again.expect(201), again.etag()));
    assert_eq!(reasons(&first), ["reported"]);
    let found = format!("/v1/duplicates/{}", first.body["id"].as_str().expect("an id"));
    staff.patch(&format!("/v1/results/{one}"), "\"1\"", &json!({"maturity": 7})).await.expect(200);
    found_all(&staff).await;
    pair(&staff, (&one, &other), "open").await;
    staff.post(&format!("{found}/dismissal"), &json!({"note": "查过了"})).await.expect(200);
    let reopened = staff.post("/v1/duplicates", &body).await;
    assert_eq!(reopened.expect(201)["id"], first.body["id"]);
    let merged = merge(&staff, &found, &one, json!({"summary": "kept"})).await;
    assert_eq!(merged.expect(200)["state"], "merged");
    staff.post("/v1/duplicates", &body).await.problem(422, "invalid-input");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_input_is_refused_and_only_the_centre_asks() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let holder = school(&staff, "燕北理工大学").await;
    let one = staff.create("results", &result(&holder, TITLE, SUMMARY)).await;
    let other = staff.create("results", &result(&holder, NEAR, SUMMARY)).await;
    let found = pair(&staff, (&one, &other), "open").await;
    let nobody = "00000000-0000-7000-8000-000000000000";
    for (body, faults) in [
        (json!({"kind": "demand", "ids": [one, other], "note": "x"}), vec!["/kind not_allowed"]),
        (json!({"kind": "result", "ids": [one], "note": "x"}), vec!["/ids too_few"]),
        (json!({"kind": "result", "ids": [one, one], "note": "x"}), vec!["/ids duplicate"]),
        (json!({"kind": "result", "ids": [one, nobody], "note": "x"}), vec!["/ids/1 unknown_reference"]),
        (json!({"kind": "expert", "ids": [one, other], "note": "x"}), vec!["/ids/0 unknown_reference"]),
        (
            json!({"kind": "result", "ids": [one, other], "note": "", "more": 1}),
            vec!["/more unknown_field", "/note too_short"],
        ),
        (json!([]), vec![" wrong_type"]),
    ] {
        assert_eq!(staff.post("/v1/duplicates", &body).await.faults(), faults, "{body}");
    }
    for (body, faults) in [
        (json!({}), vec!["/keep required"]),
        (json!({"keep": "x"}), vec!["/keep format"]),
        (json!({"keep": nobody}), vec!["/keep unknown_reference"]),
        (json!({"keep": holder}), vec!["/keep unknown_reference"]),
        (
            json!({"keep": one, "fields": {"title": "both", "form": 7}}),
            vec!["/fields/form wrong_type", "/fields/title not_allowed"],
        ),
        (json!({"keep": one, "fields": ["title"]}), vec!["/fields wrong_type"]),
        (
            json!({"keep": one, "fields": {"id": "other", "name": "other"}}),
            vec!["/fields/id unknown_field", "/fields/name not_for_kind"],
        ),
        (json!({"keep": one, "fields": {"source": "other"}}), vec!["/fields/source unknown_field"]),
    ] {
        let etag = staff.get(&found).await.etag();
        assert_eq!(merge_from(&staff, &found, &etag, &body).await.faults(), faults, "{body}");
    }
    for path in ["/v1/duplicates/x", &format!("/v1/duplicates/{nobody}")] {
        staff.get(path).await.problem(404, "not-found");
        undo(&staff, path).await.problem(404, "not-found");
    }
    for query in ["kind=demand", "state=x", "record_id=x", "id=1", "limit=0"] {
        staff.get(&format!("/v1/duplicates?{query}")).await.problem(400, "invalid-parameter");
    }
    staff.get("/v1/duplicates?cursor=eA").await.problem(400, "invalid-cursor");
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    for (client, status) in [(service.public(), 401), (service.enterprise(&firm).await, 403)] {
        for (method, path) in [
            ("GET", "/v1/duplicates".to_owned()),
            ("POST", "/v1/duplicates".to_owned()),
            ("GET", found.clone()),
            ("POST", format!("{found}/dismissal")),
            ("POST", format!("{found}/merge")),
            ("POST", format!("{found}/undo")),
        ] {
            assert_eq!(client.request_status(method, &path).await, status, "{method} {path}");
        }
    }
    assert_eq!(staff.get(&found).await.body["state"], "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_that_stopped_had_not_found_another_finds_once() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let holder = school(&staff, "燕北理工大学").await;
    let first = staff.create("results", &result(&holder, TITLE, SUMMARY)).await;
    for _ in 0..5 {
        staff.create("results", &result(&holder, NEAR, SUMMARY)).await;
    }
    let service = service.restart().await;
    let staff = service.staff().await;
    let one = service.value("SELECT max(id::text) FROM results").await;
    pair(&staff, (&first, &one), "open").await;
    found_all(&staff).await;
    assert_eq!(service.value("SELECT count(*) FROM duplicates WHERE kind = 'result'").await, "15");
    // Looked at from the beginning once more, nothing is found that is not known.
    service
        .sql("UPDATE duplicate_position SET xid = '0', seq = -1; UPDATE results SET version = version + 1")
        .await
        .expect("again");
    found_all(&staff).await;
    assert_eq!(service.value("SELECT sum(version) FROM duplicates WHERE kind = 'result'").await, "15");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_that_refers_to_a_record_is_moved_or_is_history() {
    let service = Service::start().await;
    let moved: Vec<String> = REFERENCES.iter().map(|of| format!("'{} {}'", of.table, of.column)).collect();
    // Foreign keys, and lists of ids. Alerts are what people were told, visits of a team what happened, and the experts of
    // a patent case follow from its inventors.
    let known = "'alerts result_id', 'alerts expert_id', 'expert_team_visits expert_ids', 'patent_cases expert_ids'";
    let unknown = format!(
        "SELECT coalesce(string_agg(place, ', '), '') FROM (
             SELECT conrelid::regclass || ' ' || attname AS place FROM pg_constraint
             JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
             WHERE contype = 'f' AND confrelid IN ('results'::regclass, 'experts'::regclass, 'organisations'::regclass)
             UNION SELECT table_name || ' ' || column_name FROM information_schema.columns
             WHERE table_schema = 'public' AND udt_name = '_uuid') AS places
         WHERE place NOT IN ({known}, {})",
        moved.join(", ")
    );
    assert_eq!(service.value(&unknown).await, "");
}
