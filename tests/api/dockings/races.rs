//! At the same moment, twice: one wins.

use futures_util::future::join_all;
use serde_json::json;

use super::{County, go, undo};
use crate::harness::{rounds, send};

#[tokio::test(flavor = "multi_thread")]
async fn of_moves_at_once_exactly_one_wins() {
    let county = County::set().await;
    for round in 0..rounds(25, 200) {
        let (path, etag) = county.docking_at("accepted", "enterprise").await;
        let stages = ["negotiating", "abandoned", "declined", "abandoned", "negotiating", "declined"];
        let clients = [&county.firm.1, &county.school.1, &county.staff];
        let many = stages.iter().zip(clients.into_iter().cycle()).filter(|(stage, client)| {
            // The firm asked: it cannot decline.
            **stage != "declined" || !std::ptr::eq(*client, &raw const county.firm.1)
        });
        let answers = join_all(many.map(|(stage, client)| go(client, &path, &etag, stage))).await;
        let won: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(won.len(), 1, "round {round}");
        assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 412)), "round {round}: {answers:?}");
        let now = county.staff.get(&path).await;
        assert_eq!((&now.body["stage"], now.etag()), (&won[0].body["stage"], "\"3\"".to_owned()));
        let id = path.rsplit('/').next().expect("an id");
        let recorded = format!("SELECT count(*) FROM docking_moves WHERE docking_id = '{id}'");
        assert_eq!(county.service.value(&recorded).await, "2");
        county.end(&path).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_requests_of_one_pair_at_once_one_begins() {
    let county = County::set().await;
    for _ in 0..rounds(10, 100) {
        let asked = county.asked_by("enterprise");
        let answers = join_all((0..6).map(|_| county.staff.post("/v1/dockings", &asked))).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
        let made = answers.iter().find(|answer| answer.status == 201).expect("one");
        county.end(&format!("/v1/dockings/{}", made.body["id"].as_str().expect("an id"))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_or_a_move_and_its_answer_are_replayed_by_their_key() {
    let county = County::set().await;
    let create = async || {
        let request = county.firm.1.request("POST", "/v1/dockings").header("idempotency-key", "ask-1");
        send(request.json(&json!({"demand_id": county.demand, "result_id": county.result}))).await
    };
    let first = create().await;
    assert_eq!(create().await.expect(201), first.expect(201));
    let path = format!("/v1/dockings/{}", first.body["id"].as_str().expect("an id"));
    let accept = async || {
        let request = county.school.1.request("POST", &format!("{path}/moves")).header("if-match", "\"1\"");
        send(request.header("idempotency-key", "move-1").json(&json!({"to": "accepted"}))).await
    };
    let moved = accept().await;
    assert_eq!(accept().await.expect(201), moved.expect(201));
    // Whatever became of the sides since.
    let etag = county.staff.get(&format!("/v1/demands/{}", county.demand)).await.etag();
    let closed = json!({"status": "closed", "confidentiality": "centre_only"});
    county.staff.patch(&format!("/v1/demands/{}", county.demand), &etag, &closed).await.expect(200);
    assert_eq!(create().await.expect(201), &first.body);
    assert_eq!(county.staff.get(&path).await.etag(), "\"2\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_at_the_same_moment_leaves_no_docking_open() {
    let county = County::set().await;
    let work = format!("/v1/results/{}", county.result);
    for round in 0..rounds(10, 100) {
        // A new one, one that goes on, and one that is opened again, while the result is transferred.
        let (going, tag) = county.docking_at("accepted", "enterprise").await;
        let ended = json!({"enterprise_id": county.firm.0, "result_id": county.result});
        let ended = format!("/v1/dockings/{}", county.staff.create("dockings", &ended).await);
        let ended_tag = go(&county.staff, &ended, "\"1\"", "abandoned").await.etag();
        let other = county.staff.create("organisations", &crate::harness::enterprise("泊头泵业（示例）")).await;
        let asked = json!({"enterprise_id": other, "result_id": county.result});
        let etag = county.staff.get(&work).await.etag();
        let status = json!({"status": "transferred"});
        let (transferred, moved, undone, asked) = tokio::join!(
            county.staff.patch(&work, &etag, &status),
            go(&county.firm.1, &going, &tag, "negotiating"),
            undo(&county.staff, &ended, &ended_tag),
            county.staff.post("/v1/dockings", &asked),
        );
        transferred.expect(200);
        assert!(matches!(moved.status, 201 | 412 | 409), "round {round}: {}", moved.text);
        assert!(matches!(undone.status, 201 | 422), "round {round}: {}", undone.text);
        assert!(matches!(asked.status, 201 | 422), "round {round}: {}", asked.text);
        let open = "SELECT count(*) FROM dockings WHERE stage IN ('requested', 'accepted', 'negotiating')";
        assert_eq!(county.service.value(open).await, "0", "round {round}");
        let etag = transferred.etag();
        county.staff.patch(&work, &etag, &json!({"status": "published"})).await.expect(200);
    }
}
