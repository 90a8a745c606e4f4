//! The centre's own page.

use serde_json::{Value, json};

use crate::harness::{Service, enterprise};

fn page(name: &str) -> Value {
    json!({
        "name": name, "introduction": "为全县企业寻找科技成果和专家。\n周末可预约。", "duties": ["建立科技成果库", "建立專家庫"],
        "address": "南皮县光明路1号", "opening_hours": "周一至周五 8:30–12:00，14:00–17:30",
        "contact": {"person": "王敏", "phone": "0317-0000123", "email": "centre@example.com"}
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_what_staff_write_and_its_versions_are_kept() {
    let service = Service::start().await;
    let (public, staff) = (service.public(), service.staff().await);
    let first = public.get("/v1/centre").await;
    assert_eq!((&first.expect(200)["version"], first.body["duties"].as_array().map(Vec::len)), (&json!(1), Some(6)));
    let written = staff.put("/v1/centre", &first.etag(), &page("县成果转化中心")).await;
    assert_eq!(written.expect(200)["version"], 2);
    let read = public.get("/v1/centre").await;
    assert_eq!(read.body, written.body);
    for (name, value) in page("县成果转化中心").as_object().expect("fields") {
        assert_eq!(&read.body[name], value);
    }
    let known = public.request("GET", "/v1/centre").header("if-none-match", &read.etag());
    assert_eq!(crate::harness::send(known).await.status, 304);

    // What is left out is gone.
    staff.put("/v1/centre", &read.etag(), &json!({"name": "县中心"})).await.expect(200);
    let last = public.get("/v1/centre").await;
    assert_eq!(
        (&last.body["name"], &last.body["contact"], &last.body["duties"]),
        (&json!("县中心"), &Value::Null, &json!([]))
    );

    let newest = staff.get("/v1/centre/history?limit=2").await;
    let versions = |body: &Value| -> Vec<Value> {
        body["items"].as_array().expect("items").iter().map(|item| item["version"].clone()).collect()
    };
    assert_eq!(versions(newest.expect(200)), [json!(3), json!(2)]);
    assert_eq!(newest.body["items"][1], read.body);
    let cursor = newest.body["next_cursor"].as_str().expect("a cursor");
    let older = staff.get(&format!("/v1/centre/history?limit=2&cursor={cursor}")).await;
    assert_eq!(versions(older.expect(200)), [json!(1)]);
    assert_eq!(older.body["items"][0], first.body);
    assert_eq!(service.value("SELECT count(*) FROM audit_events WHERE action = 'centre_changed'").await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_writes_it_and_nobody_over_another() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let firm = service.enterprise(&firm).await;
    service.public().put("/v1/centre", "\"1\"", &page("不是中心")).await.problem(401, "unauthenticated");
    firm.put("/v1/centre", "\"1\"", &page("不是中心")).await.problem(403, "forbidden");
    firm.get("/v1/centre/history").await.problem(403, "forbidden");
    let unconditional = staff.request("PUT", "/v1/centre").json(&page("县中心"));
    crate::harness::send(unconditional).await.problem(428, "precondition-required");
    let (first, second) = (page("县中心甲"), page("县中心乙"));
    let (one, two) = tokio::join!(staff.put("/v1/centre", "\"1\"", &first), staff.put("/v1/centre", "\"1\"", &second));
    let mut answers = [one.status, two.status];
    answers.sort_unstable();
    assert_eq!(answers, [200, 412]);
    assert_eq!(staff.get("/v1/centre").await.body["version"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_all_at_once() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let wrong = json!({
        "name": "县", "duties": ["建库", "建库"], "contact": {"email": "nobody"}, "opening_hours": "", "fax": "0317-1"
    });
    let refused = staff.put("/v1/centre", "\"1\"", &wrong).await;
    refused.problem(422, "invalid-input");
    assert_eq!(
        refused.faults(),
        [
            "/contact/email format",
            "/duties duplicate",
            "/fax unknown_field",
            "/name too_short",
            "/opening_hours too_short"
        ]
    );
    for statement in [
        "DELETE FROM centre",
        "INSERT INTO centre (id, name) VALUES (gen_random_uuid(), '另一个中心')",
        "UPDATE centre SET name = '没有新版本'",
        "UPDATE centre SET version = version + 1, is_only = NULL",
    ] {
        service.sql(statement).await.expect_err(statement);
    }
}
