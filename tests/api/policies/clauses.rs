//! The clauses of a policy, and what staff say of whom they are for.

use serde_json::{Value, json};

use super::{all, each, policy};
use crate::harness::{Service, enterprise, send};

const BODY: &str = "一、支持创新\n（一）首次认定的高新技术企业，奖励10万元。（县科技局牵头，县财政局配合）\n\
                    （二）科技型中小企业，奖励1万元。\n二、附则\n本措施自印发之日起施行。";

fn with_text<'c>(clauses: &'c [Value], words: &str) -> &'c Value {
    let says = |clause: &&Value| clause["text"].as_str().is_some_and(|text| text.contains(words));
    clauses.iter().find(says).expect("such a clause")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_is_cut_into_its_parts_and_clauses_with_who_is_responsible() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let mut sample = policy(
        "关于促进高新技术产业开发区高质量发展的实施意见",
        include_str!("../../../samples/policy-hebei-2020-52.zh-Hant.txt"),
    );
    sample["level"] = json!("provincial");
    sample["issuer"] = json!("河北省人民政府");
    sample["author"] = json!("省科技厅");
    let id = staff.create("policies", &sample).await;
    assert_eq!(service.public().get(&format!("/v1/policies/{id}")).await.body["author"], "省科技厅");
    let clauses = all(&service.public(), &format!("/v1/policies/{id}/clauses"), 7).await;
    let of = |kind: &str, leaf: bool| {
        clauses.iter().filter(|clause| clause["kind"] == kind && clause["leaf"] == leaf).count()
    };
    assert_eq!((of("part", false), of("clause", false), of("clause", true)), (3, 6, 28));
    assert_eq!((of("preamble", true), of("signature", true), clauses.len()), (1, 1, 39));
    let places: Vec<i64> = clauses.iter().filter_map(|clause| clause["place"].as_i64()).collect();
    assert_eq!(places, (0..39).collect::<Vec<_>>());
    let innovation = with_text(&clauses, "設立高新區建設專項");
    let bodies: Vec<&Value> =
        innovation["departments"][0]["bodies"].as_array().expect("bodies").iter().map(|body| &body["name"]).collect();
    assert_eq!(bodies, ["省科技廳", "各市、縣政府", "雄安新區管委會"]);
    assert_eq!((&innovation["number"], &innovation["heading"]), (&json!("1."), &json!("加大科技創新投入")));
    let small = with_text(&clauses, "支持科技型中小企業做強核心業務");
    assert_eq!(small["audience"]["labels"], json!(["sme_tech"]), "{small}");
    let reason = &small["audience"]["reasons"][0];
    assert_eq!((&reason["aspect"], &reason["words"]), (&json!("label"), &json!("科技型中小企業")));
    let one = format!("/v1/policies/{id}/clauses/{}", small["id"].as_str().expect("an id"));
    assert_eq!(service.public().get(&one).await.expect(200), small);
    // What is no policy, no clause, or no cursor of this list.
    let nothing = "01939c5e-0000-7000-8000-000000000000";
    for path in [
        format!("/v1/policies/{nothing}/clauses"),
        format!("/v1/policies/{id}/clauses/{nothing}"),
        format!("/v1/policies/{id}/clauses/x"),
    ] {
        staff.get(&path).await.problem(404, "not-found");
    }
    staff.get(&format!("/v1/policies/{id}/clauses?cursor=AAAA")).await.problem(400, "invalid-cursor");
    staff.get(&format!("/v1/policies/{id}/clauses?level=county")).await.problem(400, "invalid-parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_confirm_holds_as_long_as_the_words_do() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let firm = service.enterprise(&firm).await;
    let id = staff.create("policies", &policy("若干措施", BODY)).await;
    let path = format!("/v1/policies/{id}");
    let clauses = all(&staff, &format!("{path}/clauses"), 100).await;
    let clause = with_text(&clauses, "高新技术企业");
    let one = format!("{path}/clauses/{}", clause["id"].as_str().expect("an id"));
    let audience = format!("{one}/audience");
    let said = json!({"labels": ["gazelle", "unicorn"], "scales": [], "industries": ["C33"], "regions": ["130927"], "topics": ["奖补"]});
    send(staff.request("PUT", &audience).json(&said)).await.problem(428, "precondition-required");
    staff.put(&audience, "\"7\"", &said).await.problem(412, "precondition-failed");
    firm.put(&audience, "\"1\"", &said).await.problem(403, "forbidden");
    service.public().put(&audience, "\"1\"", &said).await.problem(401, "unauthenticated");
    for (wrong, fault) in [
        (json!({"labels": ["famous"]}), "/labels/0"),
        (json!({"industries": ["C9999"]}), "/industries/0"),
        (json!({"regions": ["130999"]}), "/regions/0"),
        (json!({"topics": [""]}), "/topics/0"),
        (json!({"firms": []}), "/firms"),
    ] {
        let refused = staff.put(&audience, "\"1\"", &wrong).await;
        refused.problem(422, "invalid-input");
        assert!(refused.faults().iter().any(|found| found.starts_with(fault)), "{:?}", refused.faults());
    }
    let confirmed = staff.put(&audience, "\"1\"", &said).await;
    assert_eq!((confirmed.expect(200)["version"].clone(), confirmed.etag()), (json!(2), "\"2\"".to_owned()));
    let whom = &confirmed.body["audience"];
    assert_eq!((&whom["labels"], &whom["confirmed"]), (&json!(["gazelle", "unicorn"]), &json!(true)));
    assert_eq!(whom["reasons"], clause["audience"]["reasons"], "what the rules went by stays to be seen");
    staff.put(&audience, "\"1\"", &said).await.problem(412, "precondition-failed");

    // Elsewhere in the policy something changes: the clause keeps its id and what was said of it.
    let etag = staff.get(&path).await.etag();
    let more = BODY.replace("二、附则", "（三）新的一条。\n二、附则").replace("奖励1万元", "奖励2万元");
    staff.patch(&path, &etag, &json!({"body": more})).await.expect(200);
    let after = all(&staff, &format!("{path}/clauses"), 100).await;
    assert_eq!(after.len(), clauses.len() + 1);
    let same = with_text(&after, "高新技术企业");
    assert_eq!((&same["id"], &same["audience"]), (&clause["id"], &confirmed.body["audience"]));
    assert_eq!(with_text(&after, "科技型中小企业")["audience"]["confirmed"], false);
    // Its own words change: it is another clause, and the rules speak again.
    let etag = staff.get(&path).await.etag();
    staff.patch(&path, &etag, &json!({"body": more.replace("10万元", "20万元")})).await.expect(200);
    let after = all(&staff, &format!("{path}/clauses"), 100).await;
    let other = with_text(&after, "高新技术企业");
    assert_eq!((&other["version"], &other["audience"]["labels"]), (&json!(1), &json!(["high_tech"])));
    // And back: what was said of those words holds again.
    let etag = staff.get(&path).await.etag();
    staff.patch(&path, &etag, &json!({"body": BODY})).await.expect(200);
    let after = all(&staff, &format!("{path}/clauses"), 100).await;
    assert_eq!(with_text(&after, "高新技术企业")["audience"], confirmed.body["audience"]);
    for statement in ["DELETE FROM policy_confirmations", "UPDATE policy_audiences SET labels = '{}'"] {
        service.sql(statement).await.expect_err(statement);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_confirmations_at_once_one_wins() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let id = staff.create("policies", &policy("若干措施", BODY)).await;
    let clauses = all(&staff, &format!("/v1/policies/{id}/clauses"), 100).await;
    let clause = with_text(&clauses, "高新技术企业")["id"].as_str().expect("an id").to_owned();
    let audience = format!("/v1/policies/{id}/clauses/{clause}/audience");
    let (first, second) = (json!({"labels": ["gazelle"]}), json!({"labels": ["unicorn"]}));
    let (one, other) = tokio::join!(staff.put(&audience, "\"1\"", &first), staff.put(&audience, "\"1\"", &second));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    assert_eq!(service.value("SELECT count(*) FROM policy_confirmations").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_cut_is_whole_and_marked_until_somebody_has_looked_at_it() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let body = "各企业请于月底前登记用工需求。\n登记免费。";
    let id = staff.create("policies", &policy("通知", body)).await;
    let path = format!("/v1/policies/{id}/clauses");
    let doubtful = staff.get(&format!("{path}?doubtful=true")).await;
    assert_eq!((each(&doubtful, "kind"), each(&doubtful, "doubt")), (vec![json!("whole")], vec![json!("uncut")]));
    assert_eq!(doubtful.body["items"][0]["text"], body);
    let audience = format!("{path}/{}/audience", doubtful.ids()[0]);
    staff.put(&audience, "\"1\"", &json!({})).await.expect(200);
    assert!(staff.get(&format!("{path}?doubtful=true")).await.ids().is_empty());
    assert_eq!(staff.get(&format!("{path}?doubtful=false")).await.ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn clauses_are_seen_by_whoever_may_read_the_policy() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let mut draft = policy("若干措施", BODY);
    draft["status"] = json!("draft");
    let id = staff.create("policies", &draft).await;
    for part in ["clauses", "presentation", "files"] {
        service.public().get(&format!("/v1/policies/{id}/{part}")).await.problem(404, "not-found");
        staff.get(&format!("/v1/policies/{id}/{part}")).await.expect(200);
    }
    staff.delete(&format!("/v1/policies/{id}"), "\"1\"").await.expect(204);
    staff.get(&format!("/v1/policies/{id}/clauses")).await.problem(410, "gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_was_there_before_is_read_when_it_is_asked_for() {
    let service = Service::start().await;
    let id = "01939c5e-0000-7000-8000-000000000005";
    let written = format!(
        "INSERT INTO policies (id, created_at, updated_at, title, level, body, status)
         VALUES ('{id}', now(), now(), '若干措施', 'county', '{BODY}', 'published')"
    );
    service.sql(&written).await.expect("it is taken");
    let clauses = all(&service.public(), &format!("/v1/policies/{id}/clauses"), 100).await;
    assert_eq!(clauses.len(), 4);
    assert_eq!(service.value("SELECT count(*) FROM notifications").await, "0");
    let numbers: Vec<&Value> = clauses.iter().map(|clause| &clause["number"]).collect();
    assert_eq!(numbers, ["一、", "（一）", "（二）", "二、"]);
}
