//! Which clauses fit a firm, what it lacks, and who is told.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{all, each, policy};
use crate::harness::{Client, Service, enterprise};

const BODY: &str = "一、企业培育\n（一）首次认定的高新技术企业，奖励10万元。\n（二）科技型中小企业，奖励1万元。\n\
                    （三）金属制品业企业技术改造，按10%补助。\n（四）医药制造业企业研发，按5%补助。\n\
                    （五）大型企业建设研发机构，补助100万元。\n（六）举办创新大赛。";

/// A small firm of hardware in Nanpi with a label.
fn hardware(name: &str) -> Value {
    let mut firm = enterprise(name);
    firm["labels"] = json!(["sme_tech"]);
    firm
}

fn words(item: &Value) -> &str {
    item["text"].as_str().expect("a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firm_is_told_what_fits_and_why_and_the_one_thing_that_it_lacks() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &hardware("五金厂")).await;
    let path = format!("/v1/enterprises/{firm}/policies");
    let id = staff.create("policies", &policy("若干措施", BODY)).await;
    let client = service.enterprise(&firm).await;
    let found = all(&client, &path, 2).await;
    let texts: Vec<&str> = found.iter().map(words).collect();
    let [first, second, third, last] = &texts[..] else { panic!("{texts:?}") };
    // Those that ask for something come before what is for everybody, and what fits before what lacks.
    assert!(first.contains("科技型中小企业") || second.contains("科技型中小企业"), "{texts:?}");
    assert!(first.contains("金属制品业") || second.contains("金属制品业"), "{texts:?}");
    assert_eq!((*third, &found[2]["for_everybody"]), ("举办创新大赛。", &json!(true)));
    assert_eq!(found[2]["why"], json!([{"aspect": "region", "value": "130927"}]));
    assert!(last.contains("高新技术企业"));
    assert_eq!(found[3]["lacks"], json!({"aspect": "label", "any_of": ["high_tech"]}));
    assert_eq!((&found[3]["fits"], &found[0]["fits"]), (&json!(false), &json!(true)));
    let metal = found.iter().find(|item| words(item).contains("金属制品业")).expect("the clause");
    assert_eq!(metal["why"][0], json!({"aspect": "industry", "value": "C33", "words": "金属制品业"}));
    assert_eq!((&metal["policy_id"], &metal["level"]), (&json!(id), &json!("county")));
    assert_eq!(each(&client.get(&format!("{path}?fits=false")).await, "fits"), [json!(false)]);
    assert_eq!(each(&client.get(&format!("{path}?fits=true")).await, "fits").len(), 3);
    // The label is obtained, and the clause fits.
    let record = format!("/v1/organisations/{firm}");
    let etag = staff.get(&record).await.etag();
    staff.patch(&record, &etag, &json!({"labels": ["sme_tech", "high_tech"]})).await.expect(200);
    assert!(each(&client.get(&path).await, "fits").iter().all(|fits| *fits == json!(true)));
    // A firm that says nothing of itself is told what to say, one thing at a time.
    let silent = staff.create("organisations", &json!({"name": "新厂", "kind": "enterprise"})).await;
    let lacking = staff.get(&format!("/v1/enterprises/{silent}/policies")).await;
    let regions = each(&lacking, "lacks");
    assert!(!regions.is_empty() && regions.iter().all(|step| step["aspect"] == "region"), "{regions:?}");
    let elsewhere = json!({"name": "外地厂", "kind": "enterprise", "region": "440100", "labels": ["high_tech"]});
    let elsewhere = staff.create("organisations", &elsewhere).await;
    assert!(staff.get(&format!("/v1/enterprises/{elsewhere}/policies")).await.ids().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_published_and_holds_is_offered_and_only_to_the_firm_itself_and_the_centre() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &hardware("五金厂")).await;
    let path = format!("/v1/enterprises/{firm}/policies");
    let mut draft = policy("草案", BODY);
    draft["status"] = json!("draft");
    let draft = staff.create("policies", &draft).await;
    let mut over = policy("过期的", BODY);
    over["expires_on"] = json!("2026-01-01");
    staff.create("policies", &over).await;
    let count = async || all(&staff, &path, 100).await.len();
    assert_eq!(count().await, 0);
    let change = async |to: Value| {
        let one = format!("/v1/policies/{draft}");
        let etag = staff.get(&one).await.etag();
        staff.patch(&one, &etag, &to).await.expect(200);
    };
    change(json!({"status": "published"})).await;
    assert_eq!(count().await, 4);
    change(json!({"status": "withdrawn"})).await;
    assert_eq!(count().await, 0);
    change(json!({"status": "published", "expires_on": "2099-01-01"})).await;
    assert_eq!(count().await, 4);
    let etag = staff.get(&format!("/v1/policies/{draft}")).await.etag();
    staff.delete(&format!("/v1/policies/{draft}"), &etag).await.expect(204);
    assert_eq!(count().await, 0);

    let other = staff.create("organisations", &enterprise("外厂")).await;
    service.enterprise(&other).await.get(&path).await.problem(404, "not-found");
    service.public().get(&path).await.problem(401, "unauthenticated");
    let school = staff.create("organisations", &json!({"name": "学校", "kind": "university"})).await;
    for id in [school.as_str(), "x", "01939c5e-0000-7000-8000-000000000000"] {
        staff.get(&format!("/v1/enterprises/{id}/policies")).await.problem(404, "not-found");
    }
    staff.get(&format!("{path}?fits=perhaps")).await.problem(400, "invalid-parameter");
    staff.get(&format!("{path}?cursor=AAAA")).await.problem(400, "invalid-cursor");
}

async fn told(client: &Client) -> Vec<Value> {
    let told = client.get("/v1/notifications").await;
    each(&told, "policy").into_iter().filter(|policy| !policy.is_null()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_firms_that_a_policy_fits_are_told_once() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let fitting = staff.create("organisations", &hardware("五金厂")).await;
    let other = json!({"name": "外地厂", "kind": "enterprise", "region": "440100"});
    let other = staff.create("organisations", &other).await;
    let (fitting, other) = (service.enterprise(&fitting).await, service.enterprise(&other).await);
    let mut draft = policy("若干措施", BODY);
    draft["status"] = json!("draft");
    let id = staff.create("policies", &draft).await;
    assert!(told(&fitting).await.is_empty());
    let one = format!("/v1/policies/{id}");
    staff.patch(&one, "\"1\"", &json!({"status": "published"})).await.expect(200);
    let expected = json!({"kind": "policy", "id": id, "title": "若干措施"});
    assert_eq!(told(&fitting).await, [expected]);
    assert!(told(&other).await.is_empty() && told(&staff).await.is_empty());
    staff.patch(&one, "\"2\"", &json!({"title": "若干新措施"})).await.expect(200);
    assert_eq!(told(&fitting).await.len(), 1);
    // What is for everybody is no news; once somebody says whom it is for, it is.
    let general = staff.create("policies", &policy("大赛", "一、举办创新大赛。\n二、欢迎参加。")).await;
    assert_eq!(told(&fitting).await.len(), 1);
    let clause = staff.get(&format!("/v1/policies/{general}/clauses")).await.ids()[0].clone();
    let audience = format!("/v1/policies/{general}/clauses/{clause}/audience");
    staff.put(&audience, "\"1\"", &json!({"scales": ["small"]})).await.expect(200);
    assert_eq!(told(&fitting).await.len(), 2);
    // One that was withdrawn is named no more.
    staff.patch(&one, "\"3\"", &json!({"status": "withdrawn"})).await.expect(200);
    assert_eq!(told(&fitting).await.len(), 1);
}

/// Policies with 20 clauses each, spread over whom they are for.
const COUNTY: &str = include_str!("../../../benches/policies.sql");

#[tokio::test(flavor = "multi_thread")]
async fn what_fits_a_firm_goes_on_page_by_page_among_thousands_of_clauses() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let large = json!({"name": "大厂", "kind": "enterprise", "region": "130927", "industry": "C36", "scale": "large",
        "labels": ["high_tech", "leading", "specialised", "gazelle"]});
    let firms = [
        staff.create("organisations", &hardware("五金厂")).await,
        staff.create("organisations", &json!({"name": "新厂", "kind": "enterprise"})).await,
        staff.create("organisations", &large).await,
    ];
    let county = COUNTY.replace("{policies}", "100").replace("{rules}", &duijie::policies::RULES.to_string());
    service.sql(&county).await.expect("a county");
    assert_eq!(service.value("SELECT count(*) FROM policy_clauses").await, "2000");
    for firm in &firms {
        let path = format!("/v1/enterprises/{firm}/policies");
        let mut next = path.clone();
        let mut found = HashSet::new();
        for page in 1..=15 {
            let answer = staff.get(&next).await;
            found.extend(each(&answer, "clause_id").iter().map(Value::to_string));
            assert_eq!(found.len(), 20 * page, "none stands twice");
            next = format!("{path}?cursor={}", answer.body["next_cursor"].as_str().expect("a next page"));
        }
    }
}
