//! What is refused, and what the database itself refuses.

use duijie::patents::PatentKind;
use duijie::patents::stages::{self, PatentStage};
use serde_json::{Value, json};

use super::{NOTHING, Office, go, to};
use crate::harness::send;

#[tokio::test(flavor = "multi_thread")]
async fn the_database_knows_the_same_moves() {
    let office = Office::open().await;
    let stages: Vec<PatentStage> =
        PatentStage::WORDS.iter().map(|word| PatentStage::parse(word).expect(word)).collect();
    for kind in PatentKind::WORDS {
        let mut asked = Vec::new();
        let mut known = Vec::new();
        for from in &stages {
            for next in &stages {
                asked.push(format!("is_patent_move('{kind}', '{}', '{}')", from.as_str(), next.as_str()));
                known.push(stages::find(PatentKind::parse(kind).expect(kind), *from, *next).is_some());
            }
        }
        let answered = office.service.value(&format!("to_jsonb(ARRAY[{}])", asked.join(", "))).await;
        assert_eq!(serde_json::from_str::<Vec<bool>>(&answered).expect("answers"), known, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_cannot_be_is_refused_with_every_fault() {
    let office = Office::open().await;
    let soon = (chrono::Utc::now() + chrono::TimeDelta::days(5)).date_naive();
    for (member, value, faults) in [
        ("kind", json!("trademark"), vec!["/kind not_allowed"]),
        ("title", json!("壶"), vec!["/title too_short"]),
        ("applicant_ids", json!([]), vec!["/applicant_ids too_few"]),
        ("applicant_ids", json!([NOTHING]), vec!["/applicant_ids unknown_reference"]),
        ("applicant_ids", json!(["一家厂"]), vec!["/applicant_ids format"]),
        ("inventors", json!([]), vec!["/inventors too_few"]),
        ("inventors", json!([{"name": "陈志远", "nationality": "中国"}]), vec!["/inventors/0/nationality format"]),
        (
            "inventors",
            json!([{"name": "陈志远", "nationality": "CN", "identity_number": "130927199001010018"}]),
            vec!["/inventors/0/identity_number unknown_field"],
        ),
        (
            "inventors",
            json!([{"name": "陈志远", "nationality": "CN", "expert_id": NOTHING}]),
            vec!["/inventors unknown_reference"],
        ),
        ("result_id", json!(NOTHING), vec!["/result_id unknown_reference"]),
        ("agent", json!("王代理"), vec!["/agency either_or"]),
        ("priority_date", json!("2026-01-05"), vec!["/priority_date either_or"]),
        ("pct_number", json!("PCT/CN2020/12345"), vec!["/pct_number format"]),
        ("application_number", json!("202410123456.1"), vec!["/application_number check_digit"]),
        ("application_number", json!("202410123456.0"), vec!["/application_number not_for_stage"]),
        ("stage", json!("granted"), vec!["/stage unknown_field"]),
    ] {
        let mut body = office.case("invention");
        body[member] = value;
        let answer = office.staff.post("/v1/patent-cases", &body).await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.faults(), faults, "{member}: {}", answer.text);
    }
    let (path, etag) = office.case_at("invention", "drafting").await;
    for (change, faults) in [
        (json!({"application_number": null}), vec!["/application_number required_for_stage"]),
        (json!({"filing_date": soon}), vec!["/application_number upside_down", "/filing_date in_future"]),
        (json!({"filing_date": "1984-12-31"}), vec!["/filing_date in_future"]),
        (json!({"filing_date": "2024-02-30"}), vec!["/filing_date format"]),
        (json!({"application_number": "202430123456.1"}), vec!["/application_number other_kind"]),
        (json!({"grant_date": "2025-02-28"}), vec!["/grant_date not_for_stage"]),
        (json!({"reason": "想好了"}), vec!["/reason not_for_stage"]),
    ] {
        let mut body = to("invention", "filed");
        for (member, value) in change.as_object().expect("members") {
            body[member] = value.clone();
        }
        let answer = go(&office.staff, &path, &etag, &body).await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.faults(), faults, "{change}: {}", answer.text);
    }
    go(&office.staff, &path, "\"1\"", &to("invention", "filed")).await.problem(412, "precondition-failed");
    let bare = office.staff.request("POST", &format!("{path}/moves")).json(&to("invention", "filed"));
    send(bare).await.problem(428, "precondition-required");
    go(&office.staff, &path, &etag, &to("invention", "granted")).await.problem(409, "conflict");
    office.staff.get("/v1/patent-cases/x").await.problem(404, "not-found");
    office.staff.get(&format!("/v1/patent-cases/{NOTHING}")).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_what_must_never_be() {
    let office = Office::open().await;
    let (path, _) = office.case_at("invention", "filed").await;
    let id = &path[17..];
    let next = "version = version + 1";
    for statement in [
        format!("UPDATE patent_cases SET {next}, stage = 'granted', grant_date = '2026-01-05' WHERE id = '{id}'"),
        format!("UPDATE patent_cases SET {next}, stage = 'published' WHERE id = '{id}'"),
        format!("UPDATE patent_cases SET {next}, filing_date = NULL WHERE id = '{id}'"),
        format!("UPDATE patent_cases SET {next}, priority_date = '2025-01-05' WHERE id = '{id}'"),
        format!("UPDATE patent_cases SET {next}, kind = 'design' WHERE id = '{id}'"),
        format!("UPDATE patent_cases SET {next}, grant_date = '2026-01-05' WHERE id = '{id}'"),
        format!("UPDATE patent_cases SET {next}, reason = '没有' WHERE id = '{id}'"),
        format!("UPDATE patent_cases SET {next}, applicant_ids = '{{}}' WHERE id = '{id}'"),
        format!("UPDATE patent_cases SET {next}, applicant_ids = ARRAY['{NOTHING}']::uuid[] WHERE id = '{id}'"),
        format!(
            "UPDATE patent_cases SET {next}, inventors = '[{{\"name\": \"陈\", \"nationality\": \"CN\", \"identity_number\": \"1\"}}]' WHERE id = '{id}'"
        ),
        format!("UPDATE patent_cases SET title = '改' WHERE id = '{id}'"),
        "DELETE FROM patent_cases".to_owned(),
        "UPDATE patent_moves SET reason = '改'".to_owned(),
        format!(
            "INSERT INTO patent_moves SELECT case_id, version + 1, at, made_by, 'filed', 'published', NULL FROM patent_moves WHERE case_id = '{id}'"
        ),
        format!(
            "INSERT INTO patent_letters (id, case_id, created_by, updated_by, kind, way, dated_on) SELECT gen_random_uuid(), id, created_by, created_by, 'other', 'electronic', '2026-01-05' FROM patent_cases WHERE id = '{id}'"
        ),
        format!(
            "INSERT INTO patent_letters (id, case_id, created_by, updated_by, kind, way, dated_on, entered_on) SELECT gen_random_uuid(), id, created_by, created_by, 'other', 'paper', '2026-01-05', '2026-01-05' FROM patent_cases WHERE id = '{id}'"
        ),
        format!(
            "INSERT INTO patent_fees (id, case_id, created_by, updated_by, kind, amount) SELECT gen_random_uuid(), id, created_by, created_by, 'other', 1 FROM patent_cases WHERE id = '{id}'"
        ),
        format!(
            "INSERT INTO calendar_days (day, works, updated_by) SELECT '2026-12-01', true, created_by FROM patent_cases WHERE id = '{id}'"
        ),
    ] {
        let refused = office.service.sql(&statement).await.expect_err(&statement);
        assert!(
            ["23514", "23503", "23001", "23505"].iter().any(|code| refused.starts_with(code)),
            "{statement}: {refused}"
        );
    }
    let unchanged: Value = office.staff.get(&path).await.body;
    assert_eq!(json!([unchanged["version"], unchanged["stage"]]), json!([4, "filed"]));
}
