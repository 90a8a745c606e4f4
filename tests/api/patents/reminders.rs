//! Who is reminded of what, and that it is once.

use duijie::patents::reminders::remind;
use serde_json::json;

use super::Office;
use crate::harness::Client;
use crate::webhooks::receiver::{Receiver, Reply};
use crate::webhooks::subscribe;

/// What somebody was reminded of, newest first.
async fn told(client: &Client) -> Vec<(String, i64)> {
    let list = client.get("/v1/notifications?limit=100").await;
    let items = list.expect(200)["items"].as_array().expect("items").clone();
    let deadline = |item: &serde_json::Value| {
        let deadline = item.get("deadline")?;
        Some((deadline["kind"].as_str()?.to_owned(), deadline["days"].as_i64()?))
    };
    items.iter().filter_map(deadline).collect()
}

async fn look(office: &Office, on: &str) {
    let mut connection = office.service.database.lasting_connection().await.expect("a connection");
    remind(on.parse().expect("a day"), &mut connection).await.expect("a look");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_centre_and_the_applicants_are_reminded_once_of_each_time() {
    let office = Office::open().await;
    // The request for examination is due on 1 March 2027.
    let (path, _) = office.case_at("invention", "filed").await;
    look(&office, "2027-01-29").await;
    assert!(told(&office.staff).await.is_empty());
    // Several processes at once, and again.
    tokio::join!(look(&office, "2027-01-30"), look(&office, "2027-01-30"), look(&office, "2027-01-30"));
    look(&office, "2027-02-10").await;
    let once = [("examination_request".to_owned(), 30)];
    assert_eq!((told(&office.staff).await, told(&office.firm.1).await), (once.to_vec(), once.to_vec()));
    assert!(told(&office.stranger).await.is_empty() && told(&office.person.1).await.is_empty());
    let first = office.firm.1.get("/v1/notifications").await;
    assert_eq!(
        first.expect(200)["items"][0]["deadline"],
        json!({"case_id": &path[17..], "title": "球墨铸铁件热节的冷铁布置方法", "deadline": "examination_request",
               "kind": "examination_request", "due_on": "2027-03-01", "days": 30})
    );
    for (on, days) in [("2027-02-15", 14), ("2027-02-23", 7), ("2027-02-28", 1)] {
        look(&office, on).await;
        assert_eq!(told(&office.firm.1).await[0].1, days, "{on}");
    }
    look(&office, "2027-03-01").await;
    look(&office, "2027-03-02").await;
    assert_eq!(told(&office.staff).await.len(), 4);
    // The applicant that is none any more is told no more of what it was.
    let etag = office.staff.get(&path).await.etag();
    let mut moved = office.case("invention");
    moved["applicant_ids"] = json!([office.school]);
    moved["application_number"] = json!("202410123456.0");
    moved["filing_date"] = json!("2024-02-29");
    office.staff.put(&path, &etag, &moved).await.expect(200);
    assert!(told(&office.firm.1).await.is_empty());
    assert_eq!(told(&office.staff).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_goes_out_by_webhook_as_well() {
    let office = Office::open().await;
    let receiver = Receiver::start(|_, _| Reply::status(204));
    subscribe(&office.staff, &receiver.url, &["patent.reminder"]).await;
    let (path, _) = office.case_at("invention", "filed").await;
    look(&office, "2027-01-30").await;
    let sent = receiver.wait_for(1).await.remove(0).value();
    let data = &sent["data"];
    assert_eq!((&sent["type"], &data["case_id"]), (&json!("patent.reminder"), &json!(path[17..])));
    assert_eq!(
        (&data["kind"], &data["due_on"], &data["days"]),
        (&json!("examination_request"), &json!("2027-03-01"), &json!(30))
    );
    assert!(data.get("user_id").is_none(), "{data}");
    look(&office, "2027-01-30").await;
    receiver.stays_at(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_is_not_told_and_what_moves_is_told_anew() {
    let office = Office::open().await;
    let (path, _) = office.case_at("invention", "filed").await;
    let done = json!({"done_on": "2026-06-01"});
    let marked = office.staff.put(&format!("{path}/deadlines/examination_request"), "\"0\"", &done).await;
    marked.expect(200);
    look(&office, "2027-02-28").await;
    assert!(told(&office.firm.1).await.is_empty());
    let open = json!({});
    office.staff.put(&format!("{path}/deadlines/examination_request"), &marked.etag(), &open).await.expect(200);
    // A service that was down for weeks tells the one that matters now.
    look(&office, "2027-02-24").await;
    assert_eq!(told(&office.firm.1).await, [("examination_request".to_owned(), 7)]);
    // A day off moves the deadline, so people hear of the new day.
    let off = json!({"works": false, "note": "放假"});
    office.staff.put("/v1/calendar-days/2027-03-01", "\"0\"", &off).await.expect(200);
    look(&office, "2027-02-24").await;
    assert_eq!(told(&office.firm.1).await.len(), 2);
    // A fee of its own day; one that goes with a deadline is told of with it.
    let fee = json!({"kind": "other", "amount": 300, "due_on": "2027-05-31"});
    let added = office.staff.post(&format!("{path}/fees"), &fee).await;
    added.expect(201);
    let along = json!({"kind": "examination", "amount": 2500, "deadline": "examination_request"});
    office.staff.post(&format!("{path}/fees"), &along).await.expect(201);
    look(&office, "2027-05-17").await;
    assert_eq!(told(&office.firm.1).await[0], ("fee".to_owned(), 14));
    assert_eq!(told(&office.firm.1).await.len(), 3);
    let mut paid = fee;
    paid["paid_on"] = json!("2026-06-01");
    let address = format!("{path}/fees/{}", added.body["id"].as_str().expect("an id"));
    office.staff.put(&address, &added.etag(), &paid).await.expect(200);
    look(&office, "2027-05-30").await;
    assert_eq!(told(&office.firm.1).await.len(), 3);
}
