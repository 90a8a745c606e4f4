//! Patent cases: the whole life, who may do what in it, its deadlines, documents, fees, reminders, and the search before filing.

mod cases;
mod deadlines;
mod documents;
mod refusals;
mod reminders;
mod search;

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Service, enterprise, expert, result, send};

pub const NOTHING: &str = "01939c5e-0000-7000-8000-000000000000";

/// A firm that applies, a school whose result is protected, an expert who invented, and somebody who has nothing to do with it.
pub struct Office {
    pub service: Service,
    pub staff: Client,
    pub firm: (String, Client),
    pub person: (String, Client),
    pub stranger: Client,
    pub school: String,
    pub result: String,
}

impl Office {
    pub async fn open() -> Self {
        Self::open_on(Service::start().await).await
    }

    pub async fn open_on(service: Service) -> Self {
        let staff = service.staff().await;
        let firm = staff.create("organisations", &enterprise("南皮恒锐五金（示例）")).await;
        let other = staff.create("organisations", &enterprise("东光顺达铸造（示例）")).await;
        let school = json!({"name": "燕北理工大学（示例）", "kind": "university", "region": "130900"});
        let school = staff.create("organisations", &school).await;
        let person = staff.create("experts", &expert(&school, "陈志远")).await;
        let summary = "球墨铸铁热节处总有缩松，随形冷铁与发热冒口配合布置，可以控制球墨铸铁件的缩松缺陷。";
        let result = staff.create_findable("results", &result(&school, "球墨铸铁件热节的冷铁布置", summary)).await;
        Self {
            firm: (firm.clone(), service.enterprise(&firm).await),
            person: (person.clone(), service.expert(&person).await),
            stranger: service.enterprise(&other).await,
            staff,
            service,
            school,
            result,
        }
    }

    pub fn case(&self, kind: &str) -> Value {
        json!({"kind": kind, "title": "球墨铸铁件热节的冷铁布置方法", "summary": "在热节处布置随形冷铁，与发热冒口配合，消除缩松。",
               "result_id": self.result, "applicant_ids": [self.firm.0],
               "inventors": [{"name": "陈志远", "nationality": "CN", "expert_id": self.person.0}, {"name": "Ann Lee", "nationality": "GB"}]})
    }

    /// A case brought to a stage by the centre: its address and its ETag.
    pub async fn case_at(&self, kind: &str, stage: &str) -> (String, String) {
        let created = self.staff.post("/v1/patent-cases", &self.case(kind)).await;
        let path = format!("/v1/patent-cases/{}", created.expect(201)["id"].as_str().expect("an id"));
        let mut etag = created.etag();
        for next in way_to(kind, stage) {
            let moved = go(&self.staff, &path, &etag, &to(kind, next)).await;
            moved.expect(201);
            etag = moved.etag();
        }
        (path, etag)
    }

    /// The deadlines of a case by their kinds: when each is due, and whether that may still move.
    pub async fn due(&self, path: &str) -> Vec<(String, String, bool)> {
        let list = self.staff.get(&format!("{path}/deadlines")).await;
        let items = list.expect(200)["items"].as_array().expect("items").clone();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let due = items.iter().map(|item| (text(&item["kind"]), text(&item["due_on"]), item["provisional"] == true));
        due.collect()
    }

    /// The status of the result's item with a number, where it has one.
    pub async fn status_of(&self, number: &str) -> Vec<String> {
        let result = self.staff.get(&format!("/v1/results/{}", self.result)).await;
        let items = result.expect(200)["intellectual_property"].as_array().expect("items").clone();
        let of = items.iter().filter(|item| item["number"] == number);
        of.map(|item| item["status"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

fn way_to(kind: &str, stage: &str) -> Vec<&'static str> {
    let way: &[&str] = match kind {
        "invention" => &["search", "drafting", "filed", "published", "examination", "granted"],
        _ => &["search", "drafting", "filed", "granted"],
    };
    let end = way.iter().position(|known| *known == stage).map_or(0, |place| place + 1);
    way[..end].to_vec()
}

pub fn number(kind: &str) -> &'static str {
    match kind {
        "invention" => "202410123456.0",
        "utility_model" => "202620123456.5",
        _ => "202430123456.1",
    }
}

/// A move with all it needs: the invention of 2024, the others of what their numbers say.
pub fn to(kind: &str, stage: &str) -> Value {
    let filed = if kind == "utility_model" { "2026-02-10" } else { "2024-02-29" };
    match stage {
        "filed" => json!({"to": stage, "application_number": number(kind), "filing_date": filed}),
        "published" => json!({"to": stage, "publication_number": "CN112345678A", "publication_date": "2025-08-29"}),
        "granted" => json!({"to": stage, "grant_date": "2026-06-05"}),
        "rejected" | "withdrawn" => json!({"to": stage, "reason": "不具备创造性"}),
        _ => json!({"to": stage}),
    }
}

pub async fn go(client: &Client, path: &str, etag: &str, body: &Value) -> Answer {
    send(client.request("POST", &format!("{path}/moves")).header("if-match", etag).json(body)).await
}
