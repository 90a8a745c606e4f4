//! Dockings: the whole life, who may do what in it, and what must never be.

mod figures;
mod log;
mod races;
mod refusals;

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Service, demand, enterprise, expert, result, send};

/// A firm with a demand, a school with a result, an expert of it, and people of each and of the centre.
pub struct County {
    pub service: Service,
    pub staff: Client,
    pub firm: (String, Client),
    pub school: (String, Client),
    pub person: (String, Client),
    /// Somebody of a firm that has nothing to do with any of it.
    pub stranger: Client,
    pub demand: String,
    pub result: String,
}

const SHRINKAGE: &str = "球墨铸铁热节处总有缩松，冷铁与发热冒口配合的工艺可以控制球墨铸铁件的缩松缺陷。";

impl County {
    pub async fn set() -> Self {
        let service = Service::start().await;
        let staff = service.staff().await;
        let reached = |phone: &str| json!({"person": "办公室", "phone": phone, "email": "office@example.com"});
        let mut firm = enterprise("南皮恒锐五金（示例）");
        firm["contact"] = reached("0317-8850001");
        let firm = staff.create("organisations", &firm).await;
        let other = staff.create("organisations", &enterprise("东光顺达铸造（示例）")).await;
        let school = json!({"name": "燕北理工大学（示例）", "kind": "university", "region": "130900",
                            "contact": reached("0317-8850002")});
        let school = staff.create("organisations", &school).await;
        let mut person = expert(&school, "陈志远");
        person["contact"] = json!({"phone": "13900000000", "email": "chen@example.com"});
        let person = staff.create("experts", &person).await;
        let demand = staff.create("demands", &demand(&firm, "球墨铸铁件缩松缺陷", SHRINKAGE)).await;
        let result = staff.create_findable("results", &result(&school, "球墨铸铁件缩松缺陷的控制", SHRINKAGE)).await;
        Self {
            firm: (firm.clone(), service.enterprise(&firm).await),
            school: (school.clone(), service.enterprise(&school).await),
            person: (person.clone(), service.expert(&person).await),
            stranger: service.enterprise(&other).await,
            staff,
            service,
            demand,
            result,
        }
    }

    /// A request of the demand with the result, on behalf of a side.
    pub fn asked_by(&self, side: &str) -> Value {
        json!({"demand_id": self.demand, "result_id": self.result, "asked_by": side})
    }

    /// A docking that the enterprise asked for, brought to a stage by the centre; its address and its ETag.
    pub async fn docking_at(&self, stage: &str, side: &str) -> (String, String) {
        let created = self.staff.post("/v1/dockings", &self.asked_by(side)).await;
        let path = format!("/v1/dockings/{}", created.expect(201)["id"].as_str().expect("an id"));
        let mut etag = created.etag();
        for next in way_to(stage) {
            let moved = go(&self.staff, &path, &etag, next).await;
            moved.expect(201);
            etag = moved.etag();
        }
        (path, etag)
    }

    /// Ends a docking wherever it stands, so that the pair is free for another.
    pub async fn end(&self, path: &str) {
        let etag = self.staff.get(path).await.etag();
        go(&self.staff, path, &etag, "abandoned").await;
    }
}

/// The moves from a request to a stage.
fn way_to(stage: &str) -> Vec<&str> {
    let ahead = ["accepted", "negotiating", "contracted", "implementing", "completed"];
    match ahead.iter().position(|known| *known == stage) {
        Some(place) => ahead[..=place].to_vec(),
        None if stage == "requested" => Vec::new(),
        None => vec![stage],
    }
}

pub fn contract() -> Value {
    json!({"kind": "service", "amount": 180_000, "signed_on": "2026-03-01"})
}

/// A move with all it needs.
pub fn to(stage: &str) -> Value {
    match stage {
        "declined" | "abandoned" => json!({"to": stage, "reason": "price"}),
        "contracted" => json!({"to": stage, "contract": contract()}),
        _ => json!({"to": stage}),
    }
}

pub async fn go(client: &Client, path: &str, etag: &str, stage: &str) -> Answer {
    make(client, path, etag, &to(stage)).await
}

pub async fn make(client: &Client, path: &str, etag: &str, body: &Value) -> Answer {
    send(client.request("POST", &format!("{path}/moves")).header("if-match", etag).json(body)).await
}

pub async fn undo(client: &Client, path: &str, etag: &str) -> Answer {
    send(client.request("POST", &format!("{path}/undo")).header("if-match", etag)).await
}

/// What each was told of dockings, newest first.
async fn told(client: &Client) -> Vec<String> {
    let list = client.get("/v1/notifications?limit=100").await;
    let items = list.expect(200)["items"].as_array().expect("items").clone();
    items.iter().filter_map(|item| item["docking"]["news"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_docking_lives_from_a_request_to_an_outcome() {
    let county = County::set().await;
    let (firm, school) = (&county.firm.1, &county.school.1);
    let asked = json!({"demand_id": county.demand, "result_id": county.result, "note": "想先看看样件。"});
    let created = firm.post("/v1/dockings", &asked).await;
    let docking = created.expect(201).clone();
    let path = format!("/v1/dockings/{}", docking["id"].as_str().expect("an id"));
    assert_eq!(created.header("location"), Some(&*path));
    assert_eq!((created.etag().as_str(), &docking["stage"]), ("\"1\"", &json!("requested")));
    assert_eq!(docking["asked_by"], "enterprise");
    assert_eq!(
        json!([
            docking["demand_title"],
            docking["enterprise_name"],
            docking["counterpart_title"],
            docking["provider_name"]
        ]),
        json!(["球墨铸铁件缩松缺陷", "南皮恒锐五金（示例）", "球墨铸铁件缩松缺陷的控制", "燕北理工大学（示例）"])
    );
    // It remembers the match, as the list of matches showed it to who asked.
    let matches = firm.get(&format!("/v1/demands/{}/matches?kind=result", county.demand)).await;
    let shown = &matches.body["items"][0];
    assert_eq!(
        json!([docking["score"], docking["level"], docking["model"]]),
        json!([shown["score"], shown["level"], shown["explanation"]["model"]])
    );

    let accepted = go(school, &path, "\"1\"", "accepted").await;
    assert_eq!(accepted.expect(201)["stage"], "accepted");
    let negotiating = go(firm, &path, &accepted.etag(), "negotiating").await;
    let contracted = go(school, &path, &negotiating.etag(), "contracted").await;
    assert_eq!(contracted.expect(201)["contract"], contract());
    // The office's number comes later.
    let mut registered = contract();
    registered["registration_number"] = json!("2026130927000123");
    let with_number = firm.put(&format!("{path}/contract"), &contracted.etag(), &registered).await;
    assert_eq!(with_number.expect(200)["contract"], registered);
    let implementing = go(&county.staff, &path, &with_number.etag(), "implementing").await;
    let outcome =
        json!({"investment": 600_000, "new_output_value": 2_400_000, "tax": 130_000, "jobs": 6, "feedback": 5});
    let reported = firm.put(&format!("{path}/outcomes/6"), &implementing.etag(), &outcome).await;
    assert_eq!(reported.expect(200)["outcome_6"], outcome);
    firm.put(&format!("{path}/outcomes/12"), &reported.etag(), &outcome).await.problem(409, "conflict");
    school.put(&format!("{path}/outcomes/6"), &reported.etag(), &outcome).await.problem(403, "forbidden");
    firm.put(&format!("{path}/outcomes/7"), &reported.etag(), &outcome).await.problem(404, "not-found");
    let completed = go(firm, &path, &reported.etag(), "completed").await;
    assert_eq!(completed.expect(201)["version"], 8);
    assert_eq!(firm.get(&path).await.body, completed.body);

    let moves = school.get(&format!("{path}/moves")).await;
    let made: Vec<(&str, &str)> = moves.expect(200)["items"]
        .as_array()
        .expect("moves")
        .iter()
        .map(|one| (one["party"].as_str().expect("who"), one["to"].as_str().expect("where")))
        .collect();
    let expected = [
        ("enterprise", "completed"),
        ("centre", "implementing"),
        ("counterpart", "contracted"),
        ("enterprise", "negotiating"),
        ("counterpart", "accepted"),
    ];
    assert_eq!(made, expected);
    assert_eq!(moves.body["open"], json!([]));
    assert_eq!(told(&county.staff).await, ["completed", "contracted", "negotiating", "accepted", "requested"]);
    assert_eq!(told(school).await, ["completed", "implementing", "negotiating", "requested"]);
    assert_eq!(told(firm).await, ["implementing", "contracted", "accepted"]);
    assert!(told(&county.stranger).await.is_empty() && told(&county.person.1).await.is_empty());
    let audited = "SELECT string_agg(action, ' ' ORDER BY seq) FROM audit_events WHERE target_kind = 'docking'";
    assert_eq!(
        county.service.value(audited).await,
        "docking_created docking_moved docking_moved docking_moved docking_changed docking_moved docking_changed docking_moved"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_side_asks_for_itself_and_the_centre_for_either() {
    let county = County::set().await;
    let with_expert = json!({"demand_id": county.demand, "expert_id": county.person.0});
    let asked = county.person.1.post("/v1/dockings", &with_expert).await;
    assert_eq!(asked.expect(201)["asked_by"], "counterpart");
    assert_eq!(asked.body["provider_id"], json!(county.person.0));
    // Without a demand.
    let with_firm = json!({"enterprise_id": county.firm.0, "result_id": county.result});
    let asked = county.school.1.post("/v1/dockings", &with_firm).await;
    assert_eq!((&asked.expect(201)["asked_by"], &asked.body["demand_id"]), (&json!("counterpart"), &Value::Null));
    let asked = county.staff.post("/v1/dockings", &county.asked_by("counterpart")).await;
    assert_eq!(asked.expect(201)["asked_by"], "counterpart");
    for (client, side) in [(&county.firm.1, "counterpart"), (&county.school.1, "enterprise")] {
        let answer = client.post("/v1/dockings", &county.asked_by(side)).await;
        assert_eq!((answer.status, answer.faults()), (422, vec!["/asked_by not_for_role".to_owned()]));
    }
    county.stranger.post("/v1/dockings", &county.asked_by("enterprise")).await.problem(403, "forbidden");
    county.person.1.post("/v1/dockings", &county.asked_by("enterprise")).await.problem(403, "forbidden");
    county.service.public().post("/v1/dockings", &with_firm).await.problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_docking_is_seen_by_its_sides_and_the_centre_alone() {
    let county = County::set().await;
    let (path, etag) = county.docking_at("requested", "enterprise").await;
    let id = path.rsplit('/').next().expect("an id").to_owned();
    let other = json!({"demand_id": county.demand, "expert_id": county.person.0});
    let other = county.staff.create("dockings", &other).await;
    for (client, sees) in [
        (&county.staff, vec![other.clone(), id.clone()]),
        (&county.firm.1, vec![other.clone(), id.clone()]),
        (&county.school.1, vec![id.clone()]),
        (&county.person.1, vec![other.clone()]),
        (&county.stranger, vec![]),
    ] {
        assert_eq!(client.get("/v1/dockings").await.ids(), sees);
        assert_eq!(client.get(&path).await.status, if sees.contains(&id) { 200 } else { 404 });
        assert_eq!(client.get(&format!("{path}/moves")).await.status, if sees.contains(&id) { 200 } else { 404 });
    }
    for (filter, found) in [
        (format!("demand_id={}", county.demand), vec![other.clone(), id.clone()]),
        (format!("result_id={}", county.result), vec![id.clone()]),
        (format!("expert_id={}", county.person.0), vec![other.clone()]),
        (format!("enterprise_id={}", county.firm.0), vec![other.clone(), id.clone()]),
        ("stage=accepted".to_owned(), vec![]),
        ("stage=requested&limit=1".to_owned(), vec![other.clone()]),
    ] {
        assert_eq!(county.staff.get(&format!("/v1/dockings?{filter}")).await.ids(), found, "{filter}");
    }
    county.staff.get("/v1/dockings?stage=wedding").await.problem(400, "invalid-parameter");
    let first = county.staff.get("/v1/dockings?limit=1").await;
    let cursor = first.body["next_cursor"].as_str().expect("a cursor");
    assert_eq!(
        county.staff.get(&format!("/v1/dockings?limit=1&cursor={cursor}")).await.ids(),
        std::slice::from_ref(&id)
    );
    let known = county.firm.1.request("GET", &path).header("if-none-match", &etag);
    assert_eq!(send(known).await.status, 304);
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_opens_to_the_two_sides_on_acceptance_and_every_view_is_noted() {
    let county = County::set().await;
    let with_expert = json!({"demand_id": county.demand, "expert_id": county.person.0});
    let id = county.staff.create("dockings", &with_expert).await;
    let path = format!("/v1/dockings/{id}");
    let (expert, firm) = (format!("/v1/experts/{}", county.person.0), format!("/v1/organisations/{}", county.firm.0));
    let phone = |answer: Answer| answer.expect(200)["contact"]["phone"].as_str().map(str::to_owned);
    let views = async |target: &str| {
        let of = format!(
            "SELECT count(*) FROM audit_events WHERE action = 'personal_data_viewed' AND target_id = '{target}'"
        );
        county.service.value(&of).await
    };
    let closed = county.firm.1.get(&expert).await;
    assert_eq!((closed.etag().as_str(), phone(closed)), ("\"1-public\"", None));
    assert_eq!(phone(county.person.1.get(&firm).await), None);
    assert_eq!((views(&county.person.0).await, views(&county.firm.0).await), ("0".to_owned(), "0".to_owned()));

    let accepted = go(&county.person.1, &path, "\"1\"", "accepted").await;
    let open = county.firm.1.get(&expert).await;
    assert_eq!((open.etag().as_str(), phone(open)), ("\"1\"", Some("13900000000".to_owned())));
    assert_eq!(phone(county.person.1.get(&firm).await).as_deref(), Some("0317-8850001"));
    assert_eq!((views(&county.person.0).await, views(&county.firm.0).await), ("1".to_owned(), "1".to_owned()));
    // To the two sides alone, and one record at a time.
    for client in [&county.stranger, &county.school.1, &county.service.public()] {
        assert_eq!(phone(client.get(&expert).await), None);
    }
    let listed = county.firm.1.get("/v1/experts").await;
    assert!(!listed.text.contains("13900000000"));
    assert!(!county.firm.1.get(&path).await.text.contains("13900000000"));
    // It came to nothing: closed again.
    go(&county.firm.1, &path, &accepted.etag(), "abandoned").await.expect(201);
    assert_eq!(phone(county.firm.1.get(&expert).await), None);
    // The holder of a result is reached as an organisation.
    let (path, etag) = county.docking_at("requested", "enterprise").await;
    let school = format!("/v1/organisations/{}", county.school.0);
    assert_eq!(phone(county.firm.1.get(&school).await), None);
    go(&county.school.1, &path, &etag, "accepted").await.expect(201);
    assert_eq!(phone(county.firm.1.get(&school).await).as_deref(), Some("0317-8850002"));
    assert_eq!(phone(county.firm.1.get(&expert).await), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transferred_result_ends_its_dockings_without_a_contract_with_a_word_to_them() {
    let county = County::set().await;
    // Another firm has signed already, and a third pair is of another result.
    let buyer = county.staff.create("organisations", &enterprise("孟村管件（示例）")).await;
    let bought = json!({"enterprise_id": buyer, "result_id": county.result});
    let bought = format!("/v1/dockings/{}", county.staff.create("dockings", &bought).await);
    for (version, stage) in [(1, "accepted"), (2, "negotiating"), (3, "contracted")] {
        go(&county.staff, &bought, &format!("\"{version}\""), stage).await.expect(201);
    }
    let (path, _) = county.docking_at("negotiating", "enterprise").await;
    let other =
        county.staff.create("results", &result(&county.school.0, "模具钢热处理", "冲压模具的热处理工艺。")).await;
    let other = json!({"demand_id": county.demand, "result_id": other});
    let other = format!("/v1/dockings/{}", county.staff.create("dockings", &other).await);
    let before = told(&county.firm.1).await.len();

    let work = format!("/v1/results/{}", county.result);
    let etag = county.staff.get(&work).await.etag();
    county.staff.patch(&work, &etag, &json!({"status": "transferred"})).await.expect(200);
    let closed = county.firm.1.get(&path).await;
    assert_eq!((&closed.body["stage"], &closed.body["reason"]), (&json!("abandoned"), &json!("result_transferred")));
    assert_eq!(county.staff.get(&bought).await.body["stage"], "contracted");
    assert_eq!(county.staff.get(&other).await.body["stage"], "requested");
    let moves = county.firm.1.get(&format!("{path}/moves")).await;
    assert_eq!(moves.body["items"][0]["party"], "service");
    assert_eq!(moves.body["undo_until"], Value::Null);
    let news = county.firm.1.get("/v1/notifications").await;
    assert_eq!(told(&county.firm.1).await.len(), before + 1);
    assert_eq!(news.body["items"][0]["docking"]["reason"], "result_transferred");
    assert_eq!(told(&county.school.1).await[0], "abandoned");
    // Nobody opens it again, and nobody asks anew.
    undo(&county.staff, &path, &closed.etag()).await.problem(409, "conflict");
    let again = county.firm.1.post("/v1/dockings", &county.asked_by("enterprise")).await;
    assert_eq!((again.status, again.faults()), (422, vec![" not_open".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_move_is_taken_back_by_who_made_it_or_the_centre_within_a_week() {
    let county = County::set().await;
    let (path, etag) = county.docking_at("negotiating", "enterprise").await;
    let contracted = go(&county.firm.1, &path, &etag, "contracted").await;
    let tag = contracted.etag();
    let until = county.firm.1.get(&format!("{path}/moves")).await.body["undo_until"].clone();
    assert!(until.is_string(), "{until}");
    assert_eq!(county.school.1.get(&format!("{path}/moves")).await.body["undo_until"], Value::Null);
    undo(&county.school.1, &path, &tag).await.problem(403, "forbidden");
    undo(&county.stranger, &path, &tag).await.problem(404, "not-found");
    undo(&county.firm.1, &path, &etag).await.problem(412, "precondition-failed");
    let undone = undo(&county.firm.1, &path, &tag).await;
    assert_eq!((&undone.expect(201)["stage"], &undone.body["contract"]), (&json!("negotiating"), &Value::Null));
    assert_eq!(told(&county.school.1).await[0], "undone");
    // What was taken back is on record, and is not taken back itself.
    undo(&county.firm.1, &path, &undone.etag()).await.problem(409, "conflict");
    let moves = county.firm.1.get(&format!("{path}/moves")).await;
    assert_eq!((&moves.body["items"][0]["undoes"], &moves.body["items"][1]["to"]), (&json!(4), &json!("contracted")));
    assert_eq!(moves.body["items"][1]["contract"], contract());
    // An ending too: it goes on where it stood.
    let ended = go(&county.school.1, &path, &undone.etag(), "abandoned").await;
    let back = undo(&county.staff, &path, &ended.etag()).await;
    assert_eq!((&back.expect(201)["stage"], &back.body["reason"]), (&json!("negotiating"), &Value::Null));
    let signed = go(&county.firm.1, &path, &back.etag(), "contracted").await;
    let ended = go(&county.firm.1, &path, &signed.etag(), "declined").await;
    assert_eq!(ended.status, 403, "it was the firm that asked: {}", ended.text);
    let ended = go(&county.firm.1, &path, &signed.etag(), "abandoned").await;
    let back = undo(&county.firm.1, &path, &ended.etag()).await;
    assert_eq!((&back.expect(201)["stage"], &back.body["contract"]), (&json!("contracted"), &contract()));
    // After a week it stays.
    let ended = go(&county.firm.1, &path, &back.etag(), "abandoned").await;
    county
        .service
        .sql(
            "ALTER TABLE docking_moves DISABLE TRIGGER append_only;
              UPDATE docking_moves SET at = at - interval '7 days 1 minute';
              ALTER TABLE docking_moves ENABLE TRIGGER append_only",
        )
        .await
        .expect("a week ago");
    undo(&county.staff, &path, &ended.etag()).await.problem(409, "conflict");
    // Acceptance opened personal data: it stays as well.
    let (path, etag) = county.docking_at("accepted", "enterprise").await;
    undo(&county.staff, &path, &etag).await.problem(409, "conflict");
    // A pair that has begun again is not opened twice.
    county.end(&path).await;
    let ended = county.staff.get(&path).await.etag();
    county.docking_at("requested", "enterprise").await;
    undo(&county.staff, &path, &ended).await.problem(409, "conflict");
}
