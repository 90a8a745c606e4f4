//! The audit log: what is noted, that it cannot be rewritten, and that it shows when it was.

use std::collections::BTreeSet;

use duijie::audit::{Chain, Head, verify};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, Service, enterprise, expert, send};

fn actions(answer: &Answer) -> Vec<String> {
    let items = answer.expect(200)["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item["action"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn chain(service: &Service, noted: Option<Head>) -> Chain {
    verify(noted, &mut service.database.lasting_connection().await.expect("a connection")).await.expect("a look")
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_refusals_views_and_changes_are_noted_with_who_and_from_where() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let me = admin.get("/v1/account").await.expect(200)["id"].clone();
    let mut firm = enterprise("五金厂");
    firm["contact"] = json!({"person": "赵立新", "phone": "0317-0000101"});
    let created =
        send(admin.request("POST", "/v1/organisations").header("x-forwarded-for", "203.0.113.5").json(&firm)).await;
    let id = created.expect(201)["id"].as_str().expect("an id").to_owned();
    let request_id = created.header("x-request-id").expect("an id").to_owned();
    let path = format!("/v1/organisations/{id}");
    admin.get(&path).await.expect(200);
    admin.patch(&path, "\"1\"", &json!({"profile": "做五金。"})).await.expect(200);
    service.public().patch(&path, "\"2\"", &json!({})).await.problem(401, "unauthenticated");
    service.enterprise(&id).await.get("/v1/audit").await.problem(403, "forbidden");
    service.public().get("/v1/demands/01939c5e-0000-7000-8000-000000000000").await.problem(404, "not-found");
    let wrong = json!({"login": "0317-someone", "password": "another password"});
    service.public().post("/v1/sessions", &wrong).await.problem(401, "wrong-credentials");
    assert_eq!(admin.delete(&path, "\"2\"").await.status, 204);

    let of_record = admin.get(&format!("/v1/audit?target_id={id}&target_kind=organisation")).await;
    let expected =
        ["record_deleted", "personal_data_viewed", "record_changed", "personal_data_viewed", "record_created"];
    let mut seen = actions(&of_record);
    assert_eq!(seen.len(), expected.len(), "{}", of_record.text);
    seen.sort();
    let mut expected: Vec<String> = expected.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(seen, expected);
    for event in of_record.body["items"].as_array().into_iter().flatten() {
        assert_eq!((&event["actor"], &event["role"]), (&me, &json!("admin")));
        assert!(event["session"].is_string() && event["address"].is_string() && event["at"].is_string());
    }
    let by_request = admin.get(&format!("/v1/audit?request_id={request_id}")).await;
    assert_eq!(actions(&by_request), ["record_created"]);
    assert_eq!(by_request.body["items"][0]["address"], "203.0.113.5");
    assert_eq!(actions(&admin.get("/v1/audit?address=203.0.113.5&action=record_created").await), ["record_created"]);
    let refusals = admin.get("/v1/audit?action=refused").await;
    let problems: BTreeSet<&str> = refusals.expect(200)["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|event| event["details"]["problem"].as_str())
        .collect();
    assert!(problems.is_superset(&BTreeSet::from(["unauthenticated", "forbidden", "not-found"])), "{problems:?}");
    // What was typed as a login may be a password: of nobody's sign-in nothing is kept.
    let failed = admin.get("/v1/audit?action=sign_in_failed").await;
    assert_eq!(failed.expect(200)["items"].as_array().map(Vec::len), Some(1));
    let all = admin.get("/v1/audit?limit=100").await;
    // The beginning of a number with so much behind it that no id or time has it by chance.
    for secret in ["0317-00", "0000101", "0317-s", "someone", "赵立新", PASSWORD, "another password"] {
        assert!(!all.text.contains(secret), "{secret}");
    }
    assert!(actions(&all).contains(&"audit_read".to_owned()));
    assert!(actions(&admin.get("/v1/audit?until=2020-01-01T00:00:00Z").await).is_empty());
    assert!(!actions(&admin.get("/v1/audit?from=2020-01-01T00:00:00Z").await).is_empty());
    for wrong in ["action=dance", "actor=x", "from=yesterday", "colour=red"] {
        admin.get(&format!("/v1/audit?{wrong}")).await.problem(400, "invalid-parameter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_a_keyset_newest_first_without_gaps() {
    let service = Service::start().await;
    let admin = service.admin().await;
    for place in 0..9 {
        admin.create("organisations", &enterprise(&format!("第{place}五金厂"))).await;
    }
    let mut seen: Vec<i64> = Vec::new();
    let mut path = "/v1/audit?limit=3".to_owned();
    loop {
        let page = admin.get(&path).await;
        let items = page.expect(200)["items"].as_array().cloned().unwrap_or_default();
        seen.extend(items.iter().filter_map(|item| item["seq"].as_i64()));
        match page.body["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/audit?limit=3&cursor={cursor}"),
            None => break,
        }
    }
    assert!(seen.len() >= 9);
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1] + 1) && seen.last() == Some(&1), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_at_once_make_one_chain() {
    let service = Service::start().await;
    let beside = Service::start_on(service.url.clone()).await;
    let staff = service.staff().await;
    let there = beside.public().with_token(staff.token().to_owned());
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let writes = (0..40).map(|place| {
        let client = if place % 2 == 0 { &staff } else { &there };
        let person = expert(&firm, &format!("专家{place}"));
        async move { client.post("/v1/experts", &person).await.status }
    });
    assert!(join_all(writes).await.into_iter().all(|status| status == 201));
    let Chain::Whole(Some(head)) = chain(&service, None).await else { panic!("the chain is not whole") };
    assert_eq!(service.value("SELECT count(*) FROM audit_events").await, head.seq.to_string());
    assert_eq!(service.value("SELECT count(*) FROM audit_events WHERE action = 'record_created'").await, "41");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_row_can_be_rewritten_and_one_that_was_shows() {
    let service = Service::start().await;
    let staff = service.staff().await;
    for place in 0..6 {
        staff.create("organisations", &enterprise(&format!("第{place}五金厂"))).await;
    }
    for statement in [
        "UPDATE audit_events SET actor = NULL",
        "DELETE FROM audit_events WHERE seq = 2",
        "TRUNCATE audit_events",
        "SET session_replication_role = replica; DELETE FROM audit_events",
    ] {
        let refused = service.sql(statement).await;
        assert!(
            refused.as_ref().is_err_and(|refusal| refusal.contains("only ever appended")),
            "{statement}: {refused:?}"
        );
    }
    let Chain::Whole(Some(head)) = chain(&service, None).await else { panic!("the chain is not whole") };
    assert_eq!(head.to_string().parse(), Ok(head));
    // Whoever owns the table can do away with its guards; the chain tells.
    let unguarded = async |statement: &str| {
        let statement = format!(
            "BEGIN; ALTER TABLE audit_events DISABLE TRIGGER append_only; {statement};
             ALTER TABLE audit_events ENABLE ALWAYS TRIGGER append_only; COMMIT"
        );
        service.sql(&statement).await.expect("a forger with all rights");
    };
    let kept = service.value("SELECT action FROM audit_events WHERE seq = 4").await;
    unguarded("UPDATE audit_events SET action = 'record_deleted' WHERE seq = 4").await;
    assert_eq!(chain(&service, None).await, Chain::Broken { at: 4 });
    unguarded(&format!("UPDATE audit_events SET action = '{kept}' WHERE seq = 4")).await;
    assert_eq!(chain(&service, Some(head)).await, Chain::Whole(Some(head)));
    unguarded("DELETE FROM audit_events WHERE seq = (SELECT max(seq) FROM audit_events)").await;
    let Chain::Whole(Some(shorter)) = chain(&service, None).await else { panic!("a shorter chain is whole") };
    assert_eq!(shorter.seq, head.seq - 1);
    assert_eq!(chain(&service, Some(head)).await, Chain::CutOff { noted: head.seq });
    // Also where something else was put in its place.
    staff.create("organisations", &enterprise("又一个五金厂")).await;
    assert_eq!(chain(&service, Some(head)).await, Chain::CutOff { noted: head.seq });
    unguarded("DELETE FROM audit_events WHERE seq = 3").await;
    assert_eq!(chain(&service, None).await, Chain::Broken { at: 3 });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_id_in_an_address_is_noted_without_harm() {
    let service = Service::start().await;
    for id in ["%00", "%0A%0D", "%F0%9F%92%A9", &"x".repeat(5000), "'; DROP TABLE audit_events; --"] {
        let answer = service.public().get(&format!("/v1/results/{}", id.replace(' ', "%20"))).await;
        assert!(answer.status < 500, "{id}: {}", answer.text);
    }
    let noted: Value =
        serde_json::from_str(&service.value("SELECT json_agg(target_id) FROM audit_events").await).expect("JSON");
    let longest = noted.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::len).max();
    assert!(longest.is_some_and(|length| length <= 400), "{longest:?}");
    assert!(matches!(chain(&service, None).await, Chain::Whole(Some(_))));
}
