//! At the same moment, twice, late: nothing lost, nothing doubled.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Service, connect, demand, enterprise, result, send};

#[tokio::test(flavor = "multi_thread")]
async fn of_two_creates_with_one_credit_code_one_wins() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let mut firm = enterprise("五金厂");
    firm["credit_code"] = json!("91350100M000100Y43");
    let answers = join_all((0..8).map(|_| staff.post("/v1/organisations", &firm))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(staff.get("/v1/organisations").await.ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_to_one_version_one_wins_and_no_version_is_lost() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let id = staff.create("organisations", &enterprise("五金厂")).await;
    let path = format!("/v1/organisations/{id}");
    let bodies: Vec<Value> = (0..8).map(|number| enterprise(&format!("第{number}厂"))).collect();
    let answers = join_all(bodies.iter().map(|body| staff.put(&path, "\"1\"", body))).await;
    let won: Vec<&Value> = answers.iter().filter(|answer| answer.status == 200).map(|answer| &answer.body).collect();
    assert_eq!(won.len(), 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 412)));
    assert_eq!(staff.get(&path).await.expect(200)["name"], won[0]["name"]);
    let history = staff.get(&format!("{path}/history")).await;
    assert_eq!(history.expect(200)["items"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_and_body_create_one_record_however_often_they_are_sent() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let body = enterprise("五金厂");
    let send_with = |key: &'static str, body: Value| {
        let staff = staff.clone();
        async move { send(staff.request("POST", "/v1/organisations").header("idempotency-key", key).json(&body)).await }
    };
    let answers = join_all((0..8).map(|_| send_with("\"key-1\"", body.clone()))).await;
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)), "{answers:?}");
    for running in answers.iter().filter(|answer| answer.status == 409) {
        running.problem(409, "request-in-progress");
    }
    let first = answers.iter().find(|answer| answer.status == 201).expect("one that created");
    let replayed = send_with("key-1", body.clone()).await;
    assert_eq!(replayed.expect(201), &first.body);
    assert_eq!(replayed.header("location"), first.header("location"));
    send_with("key-1", enterprise("别的厂")).await.problem(422, "idempotency-key-reused");
    assert_eq!(staff.get("/v1/organisations").await.ids().len(), 1);
    // A refused request leaves its key free.
    send_with("key-2", json!({"name": "x"})).await.problem(422, "invalid-input");
    send_with("key-2", enterprise("第二厂")).await.expect(201);
    // Another's key is another key.
    let other = service.staff().await;
    let theirs =
        send(other.request("POST", "/v1/organisations").header("idempotency-key", "key-1").json(&enterprise("第三厂")))
            .await;
    theirs.expect(201);
    let empty = send(staff.request("POST", "/v1/organisations").header("idempotency-key", "").json(&body)).await;
    empty.problem(400, "invalid-header");
    // Nor does it matter which process is asked, also at the same moment.
    let beside = Service::start_on(service.url.clone()).await.public().with_token(staff.token().to_owned());
    let fourth = enterprise("第四厂");
    let shared = join_all((0..8).map(|place| {
        let client = if place % 2 == 0 { &staff } else { &beside };
        send(client.request("POST", "/v1/organisations").header("idempotency-key", "key-3").json(&fourth))
    }));
    let ids: BTreeSet<String> =
        shared.await.iter().filter(|answer| answer.status == 201).map(|answer| answer.body["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    // The stored answer outlives the process.
    let service = service.restart().await;
    let again = send(
        service
            .public()
            .with_token(staff.token().to_owned())
            .request("POST", "/v1/organisations")
            .header("idempotency-key", "key-1")
            .json(&body),
    )
    .await;
    assert_eq!(again.expect(201), &first.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_is_never_deleted_under_a_demand_that_comes_at_the_same_moment() {
    let service = Service::start().await;
    let staff = service.staff().await;
    for _ in 0..10 {
        let id = staff.create("organisations", &enterprise("五金厂")).await;
        let path = format!("/v1/organisations/{id}");
        let wish = demand(&id, "模具开裂", "冲压模具冲三万次就开裂。");
        let (deleted, created) = tokio::join!(staff.delete(&path, "\"1\""), staff.post("/v1/demands", &wish));
        assert!(
            matches!((deleted.status, created.status), (204, 422) | (409, 201)),
            "{} {}: {} {}",
            deleted.status,
            created.status,
            deleted.text,
            created.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_under_a_load_whichever_of_them_is_the_first() {
    let service = Service::start().await;
    let staff = service.staff().await;
    for load_first in [true, false] {
        let firm = staff.create("organisations", &enterprise("五金厂")).await;
        let load = format!(
            "INSERT INTO results (id, created_at, updated_at, title, summary, holder_id)
             SELECT gen_random_uuid(), now(), now(), '冲压模具', '关于冲压模具寿命的成果。', '{firm}'
             FROM generate_series(1, 10)"
        );
        let delete = format!("UPDATE organisations SET deleted_at = now(), version = 2 WHERE id = '{firm}'");
        let (first, second, constraint) =
            if load_first { (load, delete, "organisation_in_use") } else { (delete, load, "holder_id_living") };
        let client = connect(&service.url).await;
        client.batch_execute(&format!("BEGIN; {first}")).await.expect("the first");
        let commit = async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            client.batch_execute("COMMIT").await.expect("a commit");
        };
        let (refused, ()) = tokio::join!(service.refused_by(&second), commit);
        assert_eq!(refused.as_deref(), Some(constraint));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_comes_late_is_found_all_the_same() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let holder = staff.create("organisations", &enterprise("五金厂")).await;
    let late = staff.create("results", &result(&holder, "晚到的成果", "这一项成果的标题稍后才改动。")).await;
    // A change that stays open while others commit after it.
    let client = connect(&service.url).await;
    let change = "BEGIN; UPDATE results SET title = '氧化铝陶瓷', version = 2, updated_at = now() WHERE id = ";
    client.batch_execute(&format!("{change}'{late}'")).await.expect("an open change");
    for number in 0..5 {
        staff.create("results", &result(&holder, &format!("先到的第{number}项"), "这一项成果在它之前提交。")).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    client.batch_execute("COMMIT").await.expect("a commit");
    let search = "/v1/search?kind=result&q=%E6%B0%A7%E5%8C%96%E9%93%9D%E9%99%B6%E7%93%B7";
    for _ in 0..100 {
        if service.public().get(search).await.ids() == [late.clone()] {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the late commit was not found within five seconds");
}
