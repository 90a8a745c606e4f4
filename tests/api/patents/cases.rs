//! From intake to grant, and the result that follows.

use serde_json::{Value, json};

use super::{Office, go, number, to};
use crate::harness::send;

#[tokio::test(flavor = "multi_thread")]
async fn an_invention_lives_from_intake_to_grant_and_its_result_follows() {
    let office = Office::open().await;
    let created = office.staff.post("/v1/patent-cases", &office.case("invention")).await;
    let case = created.expect(201).clone();
    let path = format!("/v1/patent-cases/{}", case["id"].as_str().expect("an id"));
    assert_eq!((created.header("location"), created.etag().as_str()), (Some(&*path), "\"1\""));
    assert_eq!(
        json!([case["stage"], case["inventors"][1]]),
        json!(["intake", {"name": "Ann Lee", "nationality": "GB"}])
    );
    assert!(office.status_of(number("invention")).await.is_empty());

    let mut etag = created.etag();
    for (stage, status) in [
        ("search", None),
        ("drafting", None),
        ("filed", Some("applied")),
        ("published", Some("published")),
        ("examination", Some("published")),
        ("granted", Some("granted")),
    ] {
        let moved = go(&office.staff, &path, &etag, &to("invention", stage)).await;
        assert_eq!(moved.expect(201)["stage"], stage);
        etag = moved.etag();
        let statuses = office.status_of("202410123456.0").await;
        assert_eq!(statuses, status.into_iter().collect::<Vec<_>>(), "{stage}");
    }
    let read = office.staff.get(&path).await;
    assert_eq!(
        json!([
            read.body["application_number"],
            read.body["filing_date"],
            read.body["publication_number"],
            read.body["grant_date"]
        ]),
        json!(["202410123456.0", "2024-02-29", "CN112345678A", "2026-06-05"])
    );
    // The versions before are kept, of the case and of its result.
    let versions =
        format!("SELECT count(*) FROM record_versions WHERE kind = 'patent_case' AND record_id = '{}'", &path[17..]);
    assert_eq!(office.service.value(&versions).await, "6");
    let history = office.staff.get(&format!("/v1/results/{}/history", office.result)).await;
    assert_eq!(history.expect(200)["items"].as_array().map(Vec::len), Some(4));

    let moves = office.staff.get(&format!("{path}/moves?limit=4")).await;
    let walked: Vec<&Value> =
        moves.expect(200)["items"].as_array().expect("items").iter().map(|made| &made["to"]).collect();
    assert_eq!(json!(walked), json!(["granted", "examination", "published", "filed"]));
    let cursor = moves.body["next_cursor"].as_str().expect("a cursor");
    let rest = office.staff.get(&format!("{path}/moves?limit=4&cursor={cursor}")).await;
    assert_eq!(rest.expect(200)["items"].as_array().map(Vec::len), Some(2));
    let noted = "SELECT count(*) FROM audit_events WHERE action IN ('patent_case_created', 'patent_case_moved')";
    assert_eq!(office.service.value(noted).await, "7");
}

#[tokio::test(flavor = "multi_thread")]
async fn utility_models_and_designs_are_granted_without_publication_and_examination() {
    let office = Office::open().await;
    for kind in ["utility_model", "design"] {
        let (path, etag) = office.case_at(kind, "filed").await;
        let refused = go(&office.staff, &path, &etag, &to(kind, "published")).await;
        assert_eq!(
            refused.problem(409, "conflict")["detail"],
            "filed does not lead to published, but to: granted, rejected, withdrawn"
        );
        go(&office.staff, &path, &etag, &to(kind, "granted")).await.expect(201);
        assert_eq!(office.status_of(number(kind)).await, ["granted"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_comes_back_to_where_it_ended_and_nowhere_else() {
    let office = Office::open().await;
    let (path, etag) = office.case_at("invention", "examination").await;
    let ended = go(&office.staff, &path, &etag, &to("invention", "rejected")).await;
    assert_eq!(ended.expect(201)["reason"], "不具备创造性");
    assert_eq!(office.status_of(number("invention")).await, ["expired"]);
    go(&office.staff, &path, &ended.etag(), &json!({"to": "published", "reason": "复审"}))
        .await
        .problem(409, "conflict");
    let back =
        go(&office.staff, &path, &ended.etag(), &json!({"to": "examination", "reason": "复审撤销驳回决定"})).await;
    assert_eq!(json!([back.expect(201)["stage"], back.body["reason"]]), json!(["examination", null]));
    assert_eq!(office.status_of(number("invention")).await, ["published"]);
    // Before it is filed there is nothing to reject, and nothing on the result.
    let (path, etag) = office.case_at("design", "drafting").await;
    go(&office.staff, &path, &etag, &to("design", "rejected")).await.problem(409, "conflict");
    let ended = go(&office.staff, &path, &etag, &to("design", "withdrawn")).await;
    go(&office.staff, &path, &ended.etag(), &json!({"to": "drafting", "reason": "申请人改变主意"})).await.expect(201);
    assert!(office.status_of(number("design")).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_right_is_put_right_on_the_result_as_well() {
    let office = Office::open().await;
    // The result names the number already, as an office writes it, beside something else.
    let result = office.staff.get(&format!("/v1/results/{}", office.result)).await;
    let property = json!([{"kind": "invention", "number": "ZL 202410123456.0", "status": "applied"}, {"kind": "trade_secret", "status": "unregistered"}]);
    let named = json!({"intellectual_property": property});
    office.staff.patch(&format!("/v1/results/{}", office.result), &result.etag(), &named).await.expect(200);
    let (path, etag) = office.case_at("invention", "filed").await;
    let items = office.staff.get(&format!("/v1/results/{}", office.result)).await.body["intellectual_property"].clone();
    assert_eq!(
        items,
        json!([{"kind": "invention", "number": "202410123456.0", "status": "applied"}, {"kind": "trade_secret", "status": "unregistered"}])
    );

    let mut right = office.case("invention");
    right["application_number"] = json!("201710601862.3");
    right["filing_date"] = json!("2017-07-21");
    let replaced = office.staff.put(&path, &etag, &right).await;
    assert_eq!(replaced.expect(200)["application_number"], "201710601862.3");
    assert!(office.status_of("202410123456.0").await.is_empty());
    assert_eq!(office.status_of("201710601862.3").await, ["applied"]);
    office.staff.put(&path, &etag, &right).await.problem(412, "precondition-failed");
    // Of no result any more.
    right["result_id"] = Value::Null;
    office.staff.put(&path, &replaced.etag(), &right).await.expect(200);
    assert!(office.status_of("201710601862.3").await.is_empty());
    // A list that is full has no place for one more: the case stays where it is.
    let secret =
        |number: usize| json!({"kind": "trade_secret", "number": number.to_string(), "status": "unregistered"});
    let full = json!({"intellectual_property": (0..50).map(secret).collect::<Vec<_>>()});
    let result = office.staff.get(&format!("/v1/results/{}", office.result)).await;
    office.staff.patch(&format!("/v1/results/{}", office.result), &result.etag(), &full).await.expect(200);
    let (crowded, etag) = office.case_at("design", "drafting").await;
    go(&office.staff, &crowded, &etag, &to("design", "filed")).await.problem(409, "conflict");
    assert_eq!(office.staff.get(&crowded).await.body["stage"], "drafting");
    // The same number twice.
    let (other, etag) = office.case_at("invention", "drafting").await;
    let again = json!({"to": "filed", "application_number": "2017 1 0601862.3", "filing_date": "2017-07-21"});
    let refused = go(&office.staff, &other, &etag, &again).await;
    refused.problem(409, "conflict");
    assert_eq!(refused.faults(), ["/application_number duplicate"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn applicants_and_inventors_see_their_cases_and_nobody_else_does() {
    let office = Office::open().await;
    let (path, etag) = office.case_at("invention", "filed").await;
    let id = path[17..].to_owned();
    let hidden = office
        .staff
        .create(
            "patent-cases",
            &json!({"kind": "design", "title": "水壶", "applicant_ids": [office.school],
        "inventors": [{"name": "李工", "nationality": "CN"}]}),
        )
        .await;
    for client in [&office.firm.1, &office.person.1] {
        assert_eq!(client.get("/v1/patent-cases").await.ids(), std::slice::from_ref(&id));
        for part in ["", "/moves", "/letters", "/deadlines", "/fees", "/documents"] {
            client.get(&format!("{path}{part}")).await.expect(200);
            client.get(&format!("/v1/patent-cases/{hidden}{part}")).await.problem(404, "not-found");
        }
        go(client, &path, &etag, &to("invention", "published")).await.problem(403, "forbidden");
        client.put(&path, &etag, &office.case("invention")).await.problem(403, "forbidden");
        client.post("/v1/patent-cases", &office.case("invention")).await.problem(403, "forbidden");
        client
            .post(&format!("{path}/fees"), &json!({"kind": "other", "amount": 1, "due_on": "2026-12-01"}))
            .await
            .problem(403, "forbidden");
    }
    assert!(office.stranger.get("/v1/patent-cases").await.ids().is_empty());
    for part in ["", "/moves", "/letters", "/deadlines", "/fees", "/documents"] {
        office.stranger.get(&format!("{path}{part}")).await.problem(404, "not-found");
        office.service.public().get(&format!("{path}{part}")).await.problem(401, "unauthenticated");
    }
    office.stranger.post(&format!("{path}/search"), &json!({})).await.problem(404, "not-found");
    assert_eq!(office.staff.get("/v1/patent-cases").await.ids(), [hidden.clone(), id.clone()]);
    for (query, found) in [
        ("stage=filed".to_owned(), vec![id.clone()]),
        ("kind=design".to_owned(), vec![hidden.clone()]),
        (format!("applicant_id={}", office.school), vec![hidden.clone()]),
        (format!("result_id={}&kind=design", office.result), vec![]),
    ] {
        assert_eq!(office.staff.get(&format!("/v1/patent-cases?{query}")).await.ids(), found, "{query}");
    }
    // Who is no inventor any more sees it no more.
    let mut without = office.case("invention");
    without["inventors"] = json!([{"name": "陈志远", "nationality": "CN"}]);
    without["application_number"] = json!(number("invention"));
    without["filing_date"] = json!("2024-02-29");
    office.staff.put(&path, &etag, &without).await.expect(200);
    office.person.1.get(&path).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_moves_at_once_one_wins_and_one_that_is_sent_twice_is_made_once() {
    let office = Office::open().await;
    let (path, etag) = office.case_at("invention", "filed").await;
    let (published, withdrawn) = (to("invention", "published"), to("invention", "withdrawn"));
    let both = tokio::join!(go(&office.staff, &path, &etag, &published), go(&office.staff, &path, &etag, &withdrawn));
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 412], "{} {}", both.0.text, both.1.text);
    assert_eq!(office.status_of(number("invention")).await.len(), 1);

    let body = office.case("design");
    let twice = async || {
        send(office.staff.request("POST", "/v1/patent-cases").header("idempotency-key", "case-1").json(&body)).await
    };
    assert_eq!(twice().await.expect(201), twice().await.expect(201));
    assert_eq!(office.service.value("SELECT count(*) FROM patent_cases WHERE kind = 'design'").await, "1");
}
