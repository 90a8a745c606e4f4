//! Runs that match all records of a kind: begun, watched, cancelled, downloaded, and gone on with after a restart.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Service, demand, enterprise, expert, result, send};

/// A county with so many demands about four trades, and a result and an expert for each trade.
async fn county(service: &Service, demands: usize) -> (Client, String) {
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    for (title, summary) in TRADES {
        staff.create("results", &result(&firm, title, summary)).await;
        let mut person = expert(&firm, "陈志远");
        person["expertise"] = json!([title]);
        staff.create("experts", &person).await;
    }
    for place in 0..demands {
        let (title, summary) = TRADES[place % TRADES.len()];
        let mut wish = demand(&firm, &format!("{title}第{place}号"), summary);
        wish["confidentiality"] = json!(if place % 3 == 0 { "centre_only" } else { "public" });
        staff.create("demands", &wish).await;
    }
    staff.create_findable("demands", &closed(&firm)).await;
    (staff, firm)
}

const TRADES: [(&str, &str); 4] = [
    ("球墨铸铁缩松", "球墨铸铁热节处缩松的成因，冷铁与发热冒口配合。"),
    ("活性染料脱色", "微生物与絮凝剂联合处理活性染料废水的颜色。"),
    ("红枣干燥裂纹", "热风与微波联合干燥红枣，裂果率下降，时间缩短。"),
    ("电缆护套耐寒", "改性聚氯乙烯电缆护套料，低温之下不再开裂。"),
];

fn closed(firm: &str) -> Value {
    let mut wish = demand(firm, "已经解决的缩松", "球墨铸铁热节处缩松，已经解决。");
    wish["status"] = json!("solved");
    wish
}

/// Waits until a run has ended.
async fn ended(client: &Client, run: &str) -> Answer {
    let started = Instant::now();
    loop {
        let read = client.get(&format!("/v1/matching-runs/{run}")).await;
        if read.expect(200)["ended_at"].is_string() {
            return read;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "it does not end: {}", read.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn begin(client: &Client, body: &Value) -> String {
    let created = client.post("/v1/matching-runs", body).await;
    let id = created.expect(201)["id"].as_str().expect("an id").to_owned();
    assert_eq!(created.header("location"), Some(format!("/v1/matching-runs/{id}").as_str()));
    id
}

fn lines(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_matches_every_open_demand_as_each_is_matched_by_itself() {
    let service = Service::start().await;
    let (staff, _) = county(&service, 12).await;
    let run = begin(&staff, &json!({"source": "demand", "limit": 2})).await;
    let read = ended(&staff, &run).await;
    assert_eq!(
        (&read.body["state"], &read.body["done"], &read.body["total"]),
        (&json!("completed"), &json!(13), &json!(13))
    );
    let found = lines(&staff.get(&format!("/v1/matching-runs/{run}/results")).await);
    // Twelve open demands with two results and two experts each at most; the solved one is not among them.
    let queries: std::collections::BTreeSet<&str> = found.iter().filter_map(|line| line["query_id"].as_str()).collect();
    assert_eq!(queries.len(), 12);
    for query in queries {
        for kind in ["result", "expert"] {
            let alone = staff.get(&format!("/v1/demands/{query}/matches?kind={kind}&limit=2")).await;
            let alone: Vec<(String, String)> = alone.expect(200)["items"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|item| (item["id"].to_string(), item["score"].to_string()))
                .collect();
            let here = found.iter().filter(|line| line["query_id"] == query && line["kind"] == kind);
            let here: Vec<(String, String)> =
                here.map(|line| (line["id"].to_string(), line["score"].to_string())).collect();
            assert_eq!(here, alone, "{query} {kind}");
        }
    }
    assert!(
        found.iter().all(|line| line["title"].is_string() && line["terms"].is_array() && line["level"].is_string())
    );
    let table = staff.get(&format!("/v1/matching-runs/{run}/results?format=csv")).await;
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert!(table.header("content-disposition").is_some_and(|value| value.ends_with(".csv\"")));
    assert!(table.text.starts_with("\u{feff}query_id,query_title,kind,rank,"), "{}", table.text);
    assert_eq!(table.text.lines().count(), found.len() + 1);
    let only = begin(&staff, &json!({"source": "expert", "kinds": ["demand"], "limit": 1})).await;
    ended(&staff, &only).await;
    let found = lines(&staff.get(&format!("/v1/matching-runs/{only}/results")).await);
    assert!(!found.is_empty() && found.iter().all(|line| line["kind"] == "demand"));
    assert_eq!(staff.get("/v1/matching-runs").await.ids(), [only.as_str(), run.as_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_run_is_told_and_a_key_begins_one() {
    let service = Service::start().await;
    let (staff, firm) = county(&service, 1).await;
    for (body, fault) in [
        (json!({}), "/source required"),
        (json!({"source": "policy"}), "/source not_allowed"),
        (json!({"source": "demand", "kinds": ["demand"]}), "/kinds no_counterpart"),
        (json!({"source": "demand", "kinds": ["result", "result"]}), "/kinds duplicate"),
        (json!({"source": "demand", "limit": 0}), "/limit out_of_range"),
        (json!({"source": "demand", "limit": 101}), "/limit out_of_range"),
    ] {
        let refused = staff.post("/v1/matching-runs", &body).await;
        refused.problem(422, "invalid-input");
        assert_eq!(refused.faults(), [fault]);
    }
    let with_key = async || {
        let request = staff.request("POST", "/v1/matching-runs").header("idempotency-key", "run-1");
        send(request.json(&json!({"source": "demand"}))).await.expect(201)["id"].clone()
    };
    let first = with_key().await;
    assert_eq!(first, with_key().await);
    let path = format!("/v1/matching-runs/{}", first.as_str().expect("an id"));
    ended(&staff, first.as_str().expect("an id")).await;
    staff.get(&format!("{path}/results?format=xlsx")).await.problem(400, "invalid-parameter");
    send(staff.request("DELETE", &path)).await.problem(409, "conflict");
    service.enterprise(&firm).await.get(&path).await.problem(403, "forbidden");
    staff.get("/v1/matching-runs/01939c5e-0000-7000-8000-000000000000").await.problem(404, "not-found");
    let again = service.sql("UPDATE matching_runs SET state = 'running', ended_at = NULL").await;
    assert!(again.is_err_and(|refusal| refusal.contains("stays so")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_stops_and_an_interrupted_one_goes_on_where_it_stood() {
    let service = Service::start().await;
    let (staff, _) = county(&service, 80).await;
    let whole = begin(&staff, &json!({"source": "demand", "limit": 1})).await;
    ended(&staff, &whole).await;
    let expected = staff.get(&format!("/v1/matching-runs/{whole}/results")).await.text;
    // As a process that was killed after its first batch leaves it: the row tells how far it came.
    let interrupted =
        "INSERT INTO matching_runs (id, source, kinds, \"limit\", state, total, done, last_id, created_by)
        SELECT '01939c5e-0000-7000-8000-00000000000e', source, kinds, \"limit\", 'running', total, 64,
               (SELECT id FROM demands ORDER BY id OFFSET 63 LIMIT 1), created_by FROM matching_runs;
        INSERT INTO matching_run_matches SELECT '01939c5e-0000-7000-8000-00000000000e', query_id, kind, title, matches
        FROM matching_run_matches WHERE query_id <= (SELECT id FROM demands ORDER BY id OFFSET 63 LIMIT 1)";
    service.sql(interrupted).await.expect("an interrupted run");
    let read = ended(&staff, "01939c5e-0000-7000-8000-00000000000e").await;
    assert_eq!((&read.body["state"], &read.body["done"]), (&json!("completed"), &json!(81)));
    let went_on = staff.get("/v1/matching-runs/01939c5e-0000-7000-8000-00000000000e/results").await.text;
    assert_eq!(went_on, expected);
    // One that is held elsewhere is left alone; cancelled there, it never begins.
    let service = service.restart().await;
    let staff = service.public().with_token(staff.token().to_owned());
    let begun = begin(&staff, &json!({"source": "demand", "limit": 100})).await;
    let cancelled = send(staff.request("DELETE", &format!("/v1/matching-runs/{begun}"))).await;
    assert!(matches!(cancelled.status, 204 | 409), "{}", cancelled.text);
    let read = ended(&staff, &begun).await;
    let state = if cancelled.status == 204 { "cancelled" } else { "completed" };
    assert_eq!(read.body["state"], state);
    assert_eq!(staff.get(&format!("/v1/matching-runs/{begun}/results")).await.status, 200);
}
