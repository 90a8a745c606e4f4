//! Deadlines over HTTP: of the dates, of letters, by the calendar, and met.

use serde_json::{Value, json};

use super::{Office, go, to};
use crate::harness::{Answer, send};

fn letter(kind: &str, way: &str, dated: &str, entered: Option<&str>) -> Value {
    json!({"kind": kind, "way": way, "dated_on": dated, "entered_on": entered})
}

async fn mark(office: &Office, path: &str, key: &str, etag: &str, done: Option<&str>) -> Answer {
    office.staff.put(&format!("{path}/deadlines/{key}"), etag, &json!({"done_on": done})).await
}

fn due(kind: &str, day: &str, provisional: bool) -> (String, String, bool) {
    (kind.to_owned(), day.to_owned(), provisional)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_has_the_deadlines_of_its_dates_and_letters() {
    let office = Office::open().await;
    let (path, etag) = office.case_at("invention", "drafting").await;
    assert!(office.due(&path).await.is_empty());
    let early = office.staff.post(&format!("{path}/letters"), &letter("acceptance", "paper", "2024-03-04", None)).await;
    early.problem(409, "conflict");
    let filed = go(&office.staff, &path, &etag, &to("invention", "filed")).await;
    filed.expect(201);
    assert_eq!(
        office.due(&path).await,
        [
            due("application_fee", "2024-04-29", false),
            due("domestic_priority", "2025-02-28", false),
            due("foreign_filing", "2025-02-28", false),
            // 28 February 2027 is a Sunday, and the days off of 2027 are not known.
            due("examination_request", "2027-03-01", true),
        ]
    );
    let added = office
        .staff
        .post(&format!("{path}/letters"), &letter("formality", "electronic", "2025-12-17", Some("2025-12-17")))
        .await;
    let added_letter = added.expect(201).clone();
    assert_eq!(json!([added_letter["version"], added_letter["received_on"]]), json!([1, "2025-12-17"]));
    // Two months on are in Spring Festival.
    let list = office.staff.get(&format!("{path}/deadlines")).await;
    let answer =
        list.expect(200)["items"].as_array().expect("items").iter().find(|item| item["kind"] == "answer").cloned();
    assert_eq!(
        answer,
        Some(json!({"key": added_letter["id"], "version": 0, "kind": "answer", "letter_id": added_letter["id"],
            "counted_from": "2025-12-17", "ends_on": "2026-02-17", "due_on": "2026-02-24", "provisional": false,
            "article": "专利法第三十七条；指南第五部分第七章"}))
    );
    // It was on paper: received 15 days later, on New Year's Day.
    let address = format!("{path}/letters/{}", added_letter["id"].as_str().expect("an id"));
    let right = letter("formality", "paper", "2025-12-17", None);
    let replaced = office.staff.put(&address, &added.etag(), &right).await;
    assert_eq!(json!([replaced.expect(200)["version"], replaced.body["received_on"]]), json!([2, "2026-01-01"]));
    assert!(office.due(&path).await.contains(&due("answer", "2026-03-02", false)));
    office.staff.put(&address, &added.etag(), &right).await.problem(412, "precondition-failed");
    assert_eq!(office.service.value("SELECT count(*) FROM record_versions WHERE kind = 'patent_letter'").await, "1");
    let listed = office.firm.1.get(&format!("{path}/letters")).await;
    assert_eq!(listed.ids(), [added_letter["id"].as_str().expect("an id")]);
    // Not by way of another case.
    let (other, _) = office.case_at("design", "filed").await;
    let through = address.replace(&path, &other);
    office.staff.put(&through, &replaced.etag(), &right).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_cannot_be_is_refused() {
    let office = Office::open().await;
    let (path, _) = office.case_at("invention", "filed").await;
    let soon = (chrono::Utc::now() + chrono::TimeDelta::days(5)).date_naive().to_string();
    for (body, fault) in [
        (letter("telegram", "paper", "2026-01-05", None), "/kind not_allowed"),
        (letter("formality", "pigeon", "2026-01-05", None), "/way not_allowed"),
        (letter("formality", "paper", "2026-02-30", None), "/dated_on format"),
        (letter("formality", "paper", &soon, None), "/dated_on in_future"),
        (letter("formality", "electronic", "2024-01-20", None), "/entered_on required_for_way"),
        (letter("formality", "electronic", "2024-01-19", Some("2024-01-19")), "/entered_on not_for_way"),
        (letter("formality", "paper", "2026-01-05", Some("2026-01-05")), "/entered_on not_for_way"),
        (letter("formality", "electronic", "2026-01-05", Some("2026-01-04")), "/entered_on upside_down"),
        (letter("formality", "electronic", "2026-01-05", Some(&soon)), "/entered_on in_future"),
        (json!({"kind": "formality", "way": "paper", "dated_on": "2026-01-05", "months": 13}), "/months out_of_range"),
        (json!({"kind": "publication", "way": "paper", "dated_on": "2026-01-05", "months": 2}), "/months not_for_kind"),
    ] {
        let answer = office.staff.post(&format!("{path}/letters"), &body).await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.faults(), [fault], "{body}");
    }
    let keyed = letter("formality", "paper", "2026-01-05", None);
    let twice = async || {
        let request = office.staff.request("POST", &format!("{path}/letters"));
        send(request.header("idempotency-key", "letter-1").json(&keyed)).await
    };
    assert_eq!(twice().await.expect(201), twice().await.expect(201));
    assert_eq!(office.service.value("SELECT count(*) FROM patent_letters").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calendar_is_kept_by_the_centre_and_deadlines_follow_it() {
    let office = Office::open().await;
    let (path, _) = office.case_at("invention", "filed").await;
    let day = |day: &str| format!("/v1/calendar-days/{day}");
    let year = office.firm.1.get("/v1/calendar-days?year=2026").await;
    let named = |item: &&Value| item["day"] == "2026-02-28";
    let shown = year.expect(200)["items"].as_array().expect("items").iter().find(named).cloned();
    assert_eq!(
        shown,
        Some(json!({"day": "2026-02-28", "version": 0, "works": true, "note": "国办发明电〔2025〕7号", "set": false}))
    );
    assert_eq!(json!([year.body["known"], year.body["items"].as_array().map(Vec::len)]), json!([true, 39]));
    assert_eq!(
        office.staff.get("/v1/calendar-days?year=2027").await.expect(200),
        &json!({"known": false, "items": []})
    );
    for query in ["", "year=26", "year=1984", "year=x", "year=2026&month=2"] {
        office.staff.get(&format!("/v1/calendar-days?{query}")).await.problem(400, "invalid-parameter");
    }

    let off = json!({"works": false, "note": "国办发明电〔2026〕1号（示例）"});
    let read = office.staff.get(&day("2027-03-01")).await;
    assert_eq!((read.expect(200)["works"].clone(), read.etag().as_str()), (json!(true), "\"0\""));
    office.firm.1.put(&day("2027-03-01"), "\"0\"", &off).await.problem(403, "forbidden");
    office.staff.put(&day("2027-03-01"), "\"1\"", &off).await.problem(412, "precondition-failed");
    office.staff.put(&day("2027-02-30"), "\"0\"", &off).await.problem(404, "not-found");
    office.staff.put(&day("9999-01-01"), "\"0\"", &off).await.problem(404, "not-found");
    let set = office.staff.put(&day("2027-03-01"), "\"0\"", &off).await;
    assert_eq!(json!([set.expect(200)["works"], set.body["version"], set.body["set"]]), json!([false, 1, true]));
    assert!(office.due(&path).await.contains(&due("examination_request", "2027-03-02", true)));
    // Once the days off of the year are there, it is no longer provisional.
    for holiday in ["2027-01-01", "2027-05-01", "2027-10-01"] {
        office.staff.put(&day(holiday), "\"0\"", &off).await.expect(200);
    }
    assert!(office.due(&path).await.contains(&due("examination_request", "2027-03-02", false)));
    // Taken back; what was set before stays a version.
    office.staff.delete(&day("2027-03-01"), "\"0\"").await.problem(412, "precondition-failed");
    office.staff.delete(&day("2027-03-01"), &set.etag()).await.expect(204);
    assert!(office.due(&path).await.contains(&due("examination_request", "2027-03-01", false)));
    assert_eq!(office.staff.get(&day("2027-03-01")).await.etag(), "\"2\"");
    // Two at once: one is told that somebody was there first.
    let (qingming, on) = (day("2027-04-05"), json!({"works": true, "note": "照常"}));
    let both = tokio::join!(office.staff.put(&qingming, "\"0\"", &off), office.staff.put(&qingming, "\"0\"", &on));
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_are_met_by_hand_or_by_a_fee_that_is_paid() {
    let office = Office::open().await;
    let (path, etag) = office.case_at("utility_model", "filed").await;
    let done = async |key: &str| {
        let list = office.staff.get(&format!("{path}/deadlines")).await;
        let items = list.expect(200)["items"].as_array().expect("items").clone();
        items.iter().find(|item| item["key"] == key).map(|item| json!([item["version"], item["done_on"]]))
    };
    assert_eq!(done("own_amendment").await, Some(json!([0, null])));
    let marked = mark(&office, &path, "own_amendment", "\"0\"", Some("2026-03-02")).await;
    assert_eq!(json!([marked.expect(200)["done_on"], marked.body["version"]]), json!(["2026-03-02", 1]));
    assert_eq!(done("own_amendment").await, Some(json!([1, "2026-03-02"])));
    mark(&office, &path, "own_amendment", "\"0\"", None).await.problem(412, "precondition-failed");
    mark(&office, &path, "own_amendment", "\"1\"", Some("2099-01-01")).await.problem(422, "invalid-input");
    mark(&office, &path, "own_amendment", &marked.etag(), None).await.expect(200);
    assert_eq!(done("own_amendment").await, Some(json!([2, null])));
    for key in ["examination_request", "x", "..%2F..", "annuity_4"] {
        mark(&office, &path, key, "\"0\"", None).await.problem(404, "not-found");
    }

    let fees = format!("{path}/fees");
    let fee = json!({"kind": "application", "amount": 500, "deadline": "application_fee"});
    let added = office.staff.post(&fees, &fee).await;
    // Two months from 10 February are a Friday.
    assert_eq!(json!([added.expect(201)["due_on"], added.body["paid_on"]]), json!(["2026-04-10", null]));
    for (body, fault) in [
        (json!({"kind": "other", "amount": 1}), " either_or"),
        (json!({"kind": "other", "amount": 1, "deadline": "application_fee", "due_on": "2026-12-01"}), " either_or"),
        (json!({"kind": "annuity", "amount": 1, "deadline": "annuity_4"}), "/deadline unknown_reference"),
        (json!({"kind": "annuity", "amount": 1, "deadline": "Annuity 4"}), "/deadline format"),
        (json!({"kind": "other", "amount": -1, "due_on": "2026-12-01"}), "/amount out_of_range"),
        (json!({"kind": "other", "amount": 1.5, "due_on": "2026-12-01"}), "/amount wrong_type"),
        (json!({"kind": "bribe", "amount": 1, "due_on": "2026-12-01"}), "/kind not_allowed"),
        (json!({"kind": "other", "amount": 1, "due_on": "2026-12-01", "paid_on": "2099-01-01"}), "/paid_on in_future"),
    ] {
        let answer = office.staff.post(&fees, &body).await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.faults(), [fault], "{body}");
    }
    let paid = json!({"kind": "application", "amount": 500, "deadline": "application_fee", "paid_on": "2026-04-01"});
    let address = format!("{fees}/{}", added.body["id"].as_str().expect("an id"));
    office.staff.put(&address, &added.etag(), &paid).await.expect(200);
    office.staff.put(&address, &added.etag(), &paid).await.problem(412, "precondition-failed");
    assert_eq!(done("application_fee").await, Some(json!([0, "2026-04-01"])));

    // Granted: the annuities from the second year on, each with half a year in which it can be paid late.
    go(&office.staff, &path, &etag, &to("utility_model", "granted")).await.expect(201);
    let due_now = office.due(&path).await;
    assert_eq!(due_now.iter().filter(|(kind, ..)| kind == "annuity").count(), 9);
    assert_eq!(due_now.last().map(|last| last.1.as_str()), Some("2036-02-10"));
    let annuity = json!({"kind": "annuity", "amount": 600, "deadline": "annuity_2", "paid_on": "2026-11-02"});
    assert_eq!(office.staff.post(&fees, &annuity).await.expect(201)["provisional"], true);
    assert_eq!(done("annuity_2").await, Some(json!([0, "2026-11-02"])));
    assert_eq!(done("late_annuity_2").await, Some(json!([0, "2026-11-02"])));
    assert_eq!(done("late_annuity_3").await, Some(json!([0, null])));
    // A fee keeps the deadline that the case has no more.
    let later = office.staff.get(&fees).await;
    let old = later.expect(200)["items"].as_array().expect("items").last().cloned().expect("a fee");
    assert_eq!(json!([old["deadline"], old["due_on"]]), json!(["application_fee", null]));
    office.staff.put(&address, "\"2\"", &paid).await.expect(200);
}
