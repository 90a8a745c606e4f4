//! Statistics, reminders, and judgments: what became of dockings.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use duijie::dockings::reminders::remind;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{County, go, make, told};
use crate::harness::process::program;
use crate::harness::{Client, demand, enterprise, result, send};

/// A docking as it was lived: when it was asked for, and after how many days each move came.
struct Life<'a> {
    enterprise: &'a str,
    demand: Option<&'a str>,
    asked: &'a str,
    moves: &'a [(&'a str, u32)],
    contract: Option<(&'a str, i64)>,
}

/// Writes a life with its days, as nobody could live it in a test.
async fn live(county: &County, life: &Life<'_>) -> String {
    let work = county.staff.create("results", &result(&county.school.0, "一项成果", "一项用来统计的成果。")).await;
    let id = uuid::Uuid::now_v7();
    let (demand, title) = life.demand.map_or(("NULL".into(), "NULL"), |id| (format!("'{id}'"), "'一项需求'"));
    let mut sql = format!(
        "BEGIN; INSERT INTO dockings (id, created_at, updated_at, since, enterprise_id, enterprise_name, result_id,
            counterpart_title, provider_id, provider_name, asked_by, demand_id, demand_title)
         SELECT '{id}', at, at, at, '{}', '五金', '{work}', '成果', '{}', '大学', 'enterprise', {demand}, {title}
         FROM (SELECT timestamptz '{}' AS at) AS asked;",
        life.enterprise, county.school.0, life.asked
    );
    let (mut from, mut days, mut version, mut contract) = ("requested", 0, 1, "NULL".to_owned());
    for (to, later) in life.moves {
        let undoes = if *to == "back" { version.to_string() } else { "NULL".to_owned() };
        let next = if *to == "back" { "accepted" } else { to };
        (days, version) = (days + later, version + 1);
        if let ("contracted", Some((kind, amount))) = (*to, life.contract) {
            contract = format!("'{{\"kind\": \"{kind}\", \"amount\": {amount}, \"signed_on\": \"2026-02-01\"}}'");
        }
        let reason = if next == "declined" { "'price'" } else { "NULL" };
        let at = format!("timestamptz '{}' + interval '{days} days'", life.asked);
        write!(
            sql,
            "UPDATE dockings SET version = {version}, stage = '{next}', since = {at}, reason = {reason},
                contract = {contract} WHERE id = '{id}';
             INSERT INTO docking_moves (docking_id, version, at, party, from_stage, to_stage, undoes)
             VALUES ('{id}', {version}, {at}, 'centre', '{from}', '{next}', {undoes});"
        )
        .expect("text");
        from = next;
    }
    county.service.sql(&(sql + "COMMIT")).await.expect("a life");
    id.to_string()
}

/// The row of a group.
fn of<'a>(statistics: &'a Value, dimension: &str, value: &str) -> &'a Value {
    let items = statistics["items"].as_array().expect("items");
    let found = items.iter().find(|item| item["dimension"] == dimension && item["value"] == value);
    found.unwrap_or(&Value::Null)
}

fn funnel(row: &Value) -> [i64; 8] {
    ["requested", "accepted", "negotiating", "contracted", "implementing", "completed", "declined", "abandoned"]
        .map(|stage| row[stage].as_i64().unwrap_or(-1))
}

/// Five lives, of two firms in two months, that can be counted by hand.
async fn five_lives() -> County {
    let county = County::set().await;
    let dyers = json!({"name": "青县染厂（示例）", "kind": "enterprise", "region": "130900", "industry": "C2645"});
    let dyers = county.staff.create("organisations", &dyers).await;
    let firm = county.firm.0.clone();
    let mut wish = demand(&firm, "球铁件热节处缩松", "阀体热节处加工后露出缩松。");
    wish["cooperation"] = json!(["service", "joint_development"]);
    let wish = county.staff.create("demands", &wish).await;
    let whole = ["accepted", "negotiating", "contracted", "implementing", "completed"];
    let whole: Vec<(&str, u32)> = whole.into_iter().zip([2, 4, 10, 5, 100]).collect();
    let none = Life { enterprise: &firm, demand: None, asked: "", moves: &[], contract: None };
    let signed = live(
        &county,
        &Life {
            demand: Some(&wish),
            asked: "2026-01-05 09:00+08",
            moves: &whole,
            contract: Some(("service", 100_000)),
            ..none
        },
    )
    .await;
    let declined = [("accepted", 4), ("declined", 1)];
    live(&county, &Life { demand: Some(&wish), asked: "2026-01-31 23:30+08", moves: &declined, ..none }).await;
    // In China it is February already.
    let transfer = [("accepted", 6), ("negotiating", 2), ("contracted", 20)];
    let sold = Some(("transfer", 300_000));
    live(&county, &Life { enterprise: &dyers, asked: "2026-02-01 00:30+08", moves: &transfer, contract: sold, ..none })
        .await;
    live(&county, &Life { enterprise: &dyers, asked: "2026-02-10 12:00+08", ..none }).await;
    // What was taken back does not count.
    let back = [("accepted", 1), ("negotiating", 1), ("back", 1)];
    live(&county, &Life { asked: "2026-02-11 12:00+08", moves: &back, ..none }).await;
    let outcome = |value: i64| json!({"investment": value, "new_output_value": 10, "tax": 3, "jobs": 2, "feedback": 4});
    for (months, value) in [("6", 1), ("12", 5)] {
        county
            .service
            .sql(
                "UPDATE dockings SET version = version + 1, contract = contract || '{\"signed_on\": \"2025-01-01\"}'
                            WHERE contract ->> 'kind' = 'service'",
            )
            .await
            .expect("a year ago");
        let path = format!("/v1/dockings/{signed}");
        let etag = county.staff.get(&path).await.etag();
        county.staff.put(&format!("{path}/outcomes/{months}"), &etag, &outcome(value)).await.expect(200);
    }
    county
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_those_that_were_counted_by_hand() {
    let county = five_lives().await;
    let statistics = county.staff.get("/v1/statistics").await;
    let all = statistics.expect(200).clone();
    let total = of(&all, "total", "");
    assert_eq!(funnel(total), [5, 4, 2, 2, 1, 1, 1, 0], "{total}");
    assert_eq!((&total["amount"], &total["median_amount"]), (&json!(400_000), &json!(200_000.0)));
    let days = ["accepted", "negotiating", "contracted", "implementing", "completed"];
    let days = days.map(|stage| total[format!("days_to_{stage}")].clone());
    assert_eq!(json!(days), json!([3.0, 3.0, 15.0, 5.0, 100.0]));
    assert_eq!(
        json!([total["investment"], total["new_output_value"], total["tax"], total["jobs"], total["feedback"]]),
        json!([5, 10, 3, 2, 4.0])
    );
    for (dimension, value, expected) in [
        ("month", "2026-01", [2, 2, 1, 1, 1, 1, 1, 0]),
        ("month", "2026-02", [3, 2, 1, 1, 0, 0, 0, 0]),
        ("industry", "C33", [3, 3, 1, 1, 1, 1, 1, 0]),
        ("industry", "C26", [2, 1, 1, 1, 0, 0, 0, 0]),
        ("region", "130927", [3, 3, 1, 1, 1, 1, 1, 0]),
        ("region", "130900", [2, 1, 1, 1, 0, 0, 0, 0]),
        ("cooperation", "service", [2, 2, 1, 1, 1, 1, 1, 0]),
        ("cooperation", "joint_development", [2, 2, 1, 1, 1, 1, 1, 0]),
        ("cooperation", "", [3, 2, 1, 1, 0, 0, 0, 0]),
        ("contract", "service", [1, 1, 1, 1, 1, 1, 0, 0]),
        ("contract", "transfer", [1, 1, 1, 1, 0, 0, 0, 0]),
    ] {
        assert_eq!(funnel(of(&all, dimension, value)), expected, "{dimension} {value}");
    }
    assert_eq!(of(&all, "industry", "C33")["name"], "金属制品业");
    assert_eq!(of(&all, "region", "130927")["name"], "南皮县");
    assert_eq!(all["items"].as_array().map(Vec::len), Some(12));
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_of_what_is_asked_for_to_the_centre_alone_as_json_or_as_a_table() {
    let county = five_lives().await;
    for (query, requested) in [
        ("from=2026-02-01", 3),
        ("to=2026-01-31", 2),
        ("from=2026-01-31&to=2026-02-01", 2),
        ("industry=C26", 2),
        ("industry=C", 5),
        ("region=130900", 5),
        ("region=130927", 3),
        ("cooperation=service", 2),
        ("cooperation=license", 0),
        ("from=2027-01-01", 0),
    ] {
        let some = county.staff.get(&format!("/v1/statistics?{query}")).await;
        let counted = of(some.expect(200), "total", "")["requested"].as_i64().unwrap_or_default();
        assert_eq!(counted, requested, "{query}");
    }
    for wrong in ["from=yesterday", "industry=Z", "cooperation=wedding", "by=month"] {
        county.staff.get(&format!("/v1/statistics?{wrong}")).await.problem(400, "invalid-parameter");
    }
    for client in [&county.firm.1, &county.person.1] {
        client.get("/v1/statistics").await.problem(403, "forbidden");
    }

    let table = send(county.staff.request("GET", "/v1/statistics").header("accept", "text/csv")).await;
    assert_eq!((table.status, table.header("content-type")), (200, Some("text/csv; charset=utf-8; header=present")));
    let lines: Vec<&str> = table.text.lines().collect();
    assert!(lines[0].starts_with("\u{feff}dimension,value,name,requested,accepted,"), "{}", lines[0]);
    assert!(
        lines[1].starts_with("total,,,5,4,2,2,1,1,1,0,400000,200000.0,3.0,3.0,15.0,5.0,100.0,5,10,3,2,4.0"),
        "{}",
        lines[1]
    );
    assert!(
        lines.contains(&"region,130900,沧州市,2,1,1,1,0,0,0,0,300000,300000.0,6.0,2.0,20.0,,,0,0,0,0,"),
        "{}",
        table.text
    );
    send(county.staff.request("GET", "/v1/statistics").header("accept", "text/html"))
        .await
        .problem(406, "not-acceptable");
    send(county.staff.request("GET", "/v1/dockings").header("accept", "text/csv")).await.problem(406, "not-acceptable");
}

/// Lives dockings of one pair over and over, until told to stop.
async fn keep_living(county: &County, client: &Client, demand: String, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let asked = json!({"demand_id": demand, "result_id": county.result});
        let path = format!("/v1/dockings/{}", client.create("dockings", &asked).await);
        for (version, stage) in [(1, "accepted"), (2, "negotiating"), (3, "contracted"), (4, "abandoned")] {
            go(client, &path, &format!("\"{version}\""), stage).await.expect(201);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_agree_with_each_other_while_writes_go_on() {
    let county = County::set().await;
    let mut demands = Vec::new();
    for _ in 0..3 {
        demands.push(county.staff.create("demands", &demand(&county.firm.0, "一项需求", "一项用来统计的需求。")).await);
    }
    let stop = AtomicBool::new(false);
    let looking = async {
        let (started, mut looks) = (Instant::now(), 0);
        while started.elapsed() < Duration::from_secs(3) {
            let all = county.staff.get("/v1/statistics").await.expect(200).clone();
            let sum = |dimension: &str, member: &str| -> i64 {
                let items = all["items"].as_array().expect("items").iter();
                items.filter(|item| item["dimension"] == dimension).filter_map(|item| item[member].as_i64()).sum()
            };
            for member in ["requested", "accepted", "negotiating", "contracted", "abandoned", "amount"] {
                for dimension in ["month", "industry", "region", "cooperation"] {
                    assert_eq!(sum(dimension, member), sum("total", member), "{member} by {dimension}");
                }
            }
            let reached = ["requested", "accepted", "negotiating", "contracted"].map(|stage| sum("total", stage));
            assert!(reached.is_sorted_by(|more, less| more >= less), "{reached:?}");
            assert_eq!(sum("total", "amount"), 180_000 * reached[3]);
            assert_eq!(sum("contract", "contracted"), reached[3]);
            looks += 1;
        }
        stop.store(true, Ordering::Relaxed);
        looks
    };
    let writers = demands.into_iter().map(|demand| keep_living(&county, &county.staff, demand, &stop));
    let (looks, _) = tokio::join!(looking, join_all(writers));
    let lived: i64 = county.service.value("SELECT count(*) FROM dockings").await.parse().expect("a number");
    assert!(looks > 10 && lived > 10, "{looks} looks at {lived} dockings");
}

/// Has everything about dockings be so many days older.
async fn age(county: &County, days: i32) {
    let mut sql = String::new();
    for (table, column) in [("dockings", "updated_at"), ("docking_contacts", "created_at")] {
        write!(
            sql,
            "ALTER TABLE {table} DISABLE TRIGGER USER;
             UPDATE {table} SET {column} = {column} - interval '{days} days';
             ALTER TABLE {table} ENABLE TRIGGER USER;"
        )
        .expect("text");
    }
    county.service.sql(&sql).await.expect("days go by");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_reminded_once_of_what_lies_still_for_too_long() {
    let county = County::set().await;
    let (path, _) = county.docking_at("accepted", "enterprise").await;
    let look = async || {
        // By several processes at once.
        join_all((0..3).map(|_| async {
            let mut connection = county.service.database.lasting_connection().await.expect("a connection");
            remind(&mut connection).await.expect("a look");
        }))
        .await;
        let still = |news: Vec<String>| news.iter().filter(|news| *news == "still").count();
        [&county.staff, &county.firm.1, &county.school.1, &county.stranger]
            .map(|client| async move { still(told(client).await) })
    };
    let counts = async || join_all(look().await).await;
    assert_eq!(counts().await, [0, 0, 0, 0]);
    age(&county, 13).await;
    assert_eq!(counts().await, [0, 0, 0, 0]);
    age(&county, 2).await;
    assert_eq!(counts().await, [1, 1, 1, 0]);
    assert_eq!(counts().await, [1, 1, 1, 0]);
    let newest = county.firm.1.get("/v1/notifications").await.body["items"][0].clone();
    assert_eq!((&newest["docking"]["news"], &newest["docking"]["stage"]), (&json!("still"), &json!("accepted")));
    // A contact ends the stillness; another begins.
    let contact = json!({"on": "2026-03-02", "way": "phone", "people": "李厂长", "note": "约下周看样。"});
    county.firm.1.post(&format!("{path}/contacts"), &contact).await.expect(201);
    assert_eq!(counts().await, [1, 1, 1, 0]);
    age(&county, 15).await;
    assert_eq!(counts().await, [2, 2, 2, 0]);
    // What has ended may rest.
    county.end(&path).await;
    age(&county, 400).await;
    assert_eq!(counts().await, [2, 2, 2, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_judged_and_the_model_learns_from_it() {
    let county = County::set().await;
    let mut expected = Vec::new();
    for (ending, grade) in [
        (json!({"to": "declined", "reason": "not_relevant"}), Some(0)),
        (json!({"to": "declined", "reason": "too_early"}), Some(1)),
        (json!({"to": "declined", "reason": "price"}), None),
        (json!({"to": "accepted"}), Some(2)),
    ] {
        let work = county
            .staff
            .create("results", &result(&county.school.0, "铸件缩松的控制", "控制铸件缩松的一项工艺。"))
            .await;
        let asked = json!({"demand_id": county.demand, "result_id": work});
        let path = format!("/v1/dockings/{}", county.staff.create("dockings", &asked).await);
        make(&county.staff, &path, "\"1\"", &ending).await.expect(201);
        expected.extend(grade.map(|grade| format!("{} 0 {work} {grade}", county.demand)));
    }
    county.docking_at("contracted", "enterprise").await;
    expected.push(format!("{} 0 {} 3", county.demand, county.result));
    // Without a demand there is nothing to judge; nobody has answered the last.
    let buyer = county.staff.create("organisations", &enterprise("孟村管件（示例）")).await;
    county.staff.create("dockings", &json!({"enterprise_id": buyer, "expert_id": county.person.0})).await;
    county.staff.create("dockings", &json!({"demand_id": county.demand, "expert_id": county.person.0})).await;

    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("own");
    let own = own.to_str().expect("a path");
    let run = |arguments: &[&str]| {
        let output = program(folder.path(), Some(&county.service.url), arguments).output().expect("an end");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(run(&["judgments", own]).starts_with("4 judgments"));
    let (qrels, demands) = (format!("{own}/dockings.qrels"), format!("{own}/demands.jsonl"));
    let written = std::fs::read_to_string(&qrels).expect("judgments");
    let mut written: Vec<&str> = written.lines().collect();
    written.sort_unstable();
    expected.sort_unstable();
    assert_eq!(written, expected);
    let experts = std::fs::read_to_string(format!("{own}/experts.jsonl")).expect("experts");
    assert!(experts.contains("陈志远") && !experts.contains("13900000000"));
    let model = format!("{own}/matching.json");
    let learned = run(&["train", &qrels, "--demands", &demands, "--corpus", own, "--no-meaning", "--output", &model]);
    assert!(learned.contains("model 1-") && std::path::Path::new(&model).exists(), "{learned}");
}
