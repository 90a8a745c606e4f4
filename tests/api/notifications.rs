//! Alerts: strong matches are told to the people concerned as they arise, once, and to nobody who may not know.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Service, demand, enterprise, expert, result, send};

/// A firm, a school, an expert of it, and people of each and of the centre.
struct County {
    staff: Client,
    firm: (String, Client),
    school: (String, Client),
    person: (String, Client),
    /// Somebody of a firm that has nothing to do with any of it.
    stranger: Client,
}

impl County {
    async fn of(service: &Service) -> Self {
        let staff = service.staff().await;
        let firm = staff.create("organisations", &enterprise("南皮恒锐五金（示例）")).await;
        let other = staff.create("organisations", &enterprise("东光顺达铸造（示例）")).await;
        let school = json!({"name": "燕北理工大学（示例）", "kind": "university", "region": "130900"});
        let school = staff.create("organisations", &school).await;
        let person = staff.create("experts", &expert(&school, "陈志远")).await;
        Self {
            firm: (firm.clone(), service.enterprise(&firm).await),
            school: (school.clone(), service.enterprise(&school).await),
            person: (person.clone(), service.expert(&person).await),
            stranger: service.enterprise(&other).await,
            staff,
        }
    }

    fn everybody(&self) -> [&Client; 5] {
        [&self.staff, &self.firm.1, &self.school.1, &self.person.1, &self.stranger]
    }

    /// How many each of everybody was told of.
    async fn counts(&self) -> [usize; 5] {
        let mut counts = [0; 5];
        for (count, client) in counts.iter_mut().zip(self.everybody()) {
            *count = told(client).await.len();
        }
        counts
    }

    fn shrinkage(&self) -> Value {
        let mut body = demand(&self.firm.0, "球墨铸铁件缩松缺陷", SHRINKAGE);
        body["keywords"] = json!(["球墨铸铁", "缩松", "冒口"]);
        body
    }

    fn cure(&self) -> Value {
        let mut body = result(&self.school.0, "球墨铸铁件缩松缺陷的控制", SHRINKAGE);
        body["keywords"] = json!(["球墨铸铁", "缩松", "冒口"]);
        body
    }

    /// The expert becomes one of shrinkage.
    async fn learn(&self) {
        let path = format!("/v1/experts/{}", self.person.0);
        let etag = self.staff.get(&path).await.etag();
        let change =
            json!({"expertise": ["球墨铸铁", "缩松", "冒口"], "title": "球墨铸铁件缩松缺陷", "biography": SHRINKAGE});
        self.staff.patch(&path, &etag, &change).await.expect(200);
    }
}

const SHRINKAGE: &str = "球墨铸铁热节处总有缩松，冷铁与发热冒口配合的工艺可以控制球墨铸铁件的缩松缺陷。";

async fn list(client: &Client) -> Answer {
    client.get("/v1/notifications?limit=100").await
}

async fn told(client: &Client) -> Vec<Value> {
    list(client).await.expect(200)["items"].as_array().expect("items").clone()
}

/// Waits until somebody was told of so many.
async fn wait_for(client: &Client, count: usize) -> Vec<Value> {
    let started = Instant::now();
    loop {
        let told = told(client).await;
        if told.len() >= count {
            return told;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "only {} of {count} were told", told.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until every change was looked at.
async fn settle(service: &Service) {
    let left = "SELECT count(*) FROM changes, alert_position AS here
                WHERE (changes.xid, changes.seq) > (here.xid, here.seq)";
    let started = Instant::now();
    while service.value(left).await != "0" {
        assert!(started.elapsed() < Duration::from_secs(20), "changes are left");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_result_is_told_to_the_people_of_both_sides_and_the_centre() {
    let service = Service::start().await;
    let county = County::of(&service).await;
    let wish = county.staff.create_findable("demands", &county.shrinkage()).await;
    settle(&service).await;
    assert_eq!(county.counts().await, [0; 5]);
    let cure = county.staff.create_findable("results", &county.cure()).await;
    let notification = wait_for(&county.firm.1, 1).await[0].clone();
    let pair = json!([
        {"kind": "demand", "id": wish, "title": "球墨铸铁件缩松缺陷"},
        {"kind": "result", "id": cure, "title": "球墨铸铁件缩松缺陷的控制"}
    ]);
    assert_eq!(json!([notification["demand"], notification["counterpart"]]), pair);
    assert_eq!((&notification["level"], &notification["read_at"]), (&json!("strong"), &Value::Null));
    let matches = county.staff.get(&format!("/v1/demands/{wish}/matches?kind=result")).await;
    assert_eq!(matches.body["items"][0]["level"], "strong");
    let score = |item: &Value| item["score"].as_f64().expect("a score");
    assert!((0.6..=1.0).contains(&score(&notification)), "{notification}");
    assert_eq!(county.counts().await, [1, 1, 1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_demand_is_told_to_those_who_may_help() {
    let service = Service::start().await;
    let county = County::of(&service).await;
    county.learn().await;
    let cure = county.staff.create_findable("results", &county.cure()).await;
    settle(&service).await;
    assert_eq!(county.counts().await, [0; 5]);
    // By the enterprise itself.
    let wish = county.firm.1.create_findable("demands", &county.shrinkage()).await;
    wait_for(&county.firm.1, 2).await;
    assert_eq!(county.counts().await, [2, 2, 1, 1, 0]);
    let counterpart = |item: &Value| (item["counterpart"]["kind"].clone(), item["counterpart"]["id"].clone());
    let told_person = told(&county.person.1).await;
    assert_eq!(counterpart(&told_person[0]), (json!("expert"), json!(county.person.0)));
    assert_eq!(
        (&told_person[0]["demand"]["id"], &told_person[0]["counterpart"]["title"]),
        (&json!(wish), &json!("陈志远"))
    );
    let told_school = told(&county.school.1).await;
    assert_eq!(counterpart(&told_school[0]), (json!("result"), json!(cure)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_is_told_once_however_often_it_changes_and_wherever_a_process_was_killed() {
    let service = Service::start().await;
    let county = County::of(&service).await;
    let wish = county.staff.create("demands", &county.shrinkage()).await;
    // Both may be in one batch, and are found from either side.
    let cure = county.staff.create_findable("results", &county.cure()).await;
    wait_for(&county.firm.1, 1).await;
    settle(&service).await;
    assert_eq!(county.counts().await, [1, 1, 1, 0, 0]);
    for (plural, id) in [("results", &cure), ("demands", &wish), ("results", &cure)] {
        let path = format!("/v1/{plural}/{id}");
        let etag = county.staff.get(&path).await.etag();
        county.staff.patch(&path, &etag, &json!({"region": "130927"})).await.expect(200);
    }
    settle(&service).await;
    assert_eq!(county.counts().await, [1, 1, 1, 0, 0]);
    // As after a kill before anything was kept: everything is matched again.
    service.sql("UPDATE alert_position SET xid = '0', seq = -1").await.expect("the beginning");
    let service = service.restart().await;
    settle(&service).await;
    assert_eq!(service.value("SELECT count(*) FROM notifications").await, "3");
    assert_eq!(service.value("SELECT count(*) FROM alerts").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_before_alerts_began_is_told_to_nobody() {
    let service = Service::start().await;
    let county = County::of(&service).await;
    county.staff.create("demands", &county.shrinkage()).await;
    county.staff.create("results", &county.cure()).await;
    wait_for(&county.firm.1, 1).await;
    for unknown in ["DELETE FROM alert_position", "UPDATE alert_position SET xid = '1000000000000'"] {
        service.sql("DELETE FROM notifications; DELETE FROM alerts").await.expect("as if never told");
        service.sql(unknown).await.expect("no position, or one of another cluster");
        let beside = Service::start_on(service.url.clone()).await;
        settle(&beside).await;
        assert_eq!(service.value("SELECT count(*) FROM notifications").await, "0", "{unknown}");
    }
    // What comes afterwards is told.
    county.staff.create("results", &county.cure()).await;
    wait_for(&county.firm.1, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_weak_closed_unwanted_or_not_published_is_told_to_nobody() {
    let service = Service::start().await;
    let county = County::of(&service).await;
    let mut solved = county.shrinkage();
    solved["status"] = json!("solved");
    let mut for_experts = county.shrinkage();
    for_experts["wanted"] = json!(["expert"]);
    // It has a word of the result, and others that the index knows from a result that is no longer offered.
    let drying = "热风与微波联合干燥红枣，裂果率仍然很高，想换一种工艺。";
    let other = demand(&county.firm.0, "红枣干燥裂果", drying);
    let mut transferred = result(&county.school.0, "红枣干燥裂果", drying);
    transferred["status"] = json!("transferred");
    county.staff.create("results", &transferred).await;
    for wish in [&solved, &for_experts, &other] {
        county.staff.create("demands", wish).await;
    }
    let mut draft = county.cure();
    draft["status"] = json!("draft");
    let draft = county.staff.create("results", &draft).await;
    county.staff.create_findable("results", &county.cure()).await;
    settle(&service).await;
    assert_eq!(county.counts().await, [0; 5], "{:?}", told(&county.staff).await);
    // Once it is published it is matched, and the demand that wants only experts is matched with one.
    county.staff.create("demands", &county.shrinkage()).await;
    wait_for(&county.staff, 1).await;
    county.staff.patch(&format!("/v1/results/{draft}"), "\"1\"", &json!({"status": "published"})).await.expect(200);
    wait_for(&county.staff, 2).await;
    county.learn().await;
    wait_for(&county.person.1, 2).await;
    settle(&service).await;
    assert_eq!(county.counts().await, [4, 4, 2, 2, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_what_it_may_not_read() {
    let service = Service::start().await;
    let county = County::of(&service).await;
    county.learn().await;
    county.staff.create_findable("results", &county.cure()).await;
    let gone = service.enterprise(&county.firm.0).await;
    let disable = "UPDATE users SET disabled_at = now() WHERE id = (SELECT max(id::text)::uuid FROM users)";
    service.sql(disable).await.expect("disabled");
    let mut secret = county.shrinkage();
    secret["confidentiality"] = json!("centre_only");
    let wish = county.firm.1.create_findable("demands", &secret).await;
    wait_for(&county.firm.1, 2).await;
    settle(&service).await;
    assert_eq!(county.counts().await, [2, 2, 0, 0, 0]);
    // The other way round it is kept as well.
    county.staff.create_findable("results", &county.cure()).await;
    wait_for(&county.firm.1, 3).await;
    settle(&service).await;
    assert_eq!(county.counts().await, [3, 3, 0, 0, 0]);
    // Opened, it is told to those who did not know, and to nobody else again.
    let path = format!("/v1/demands/{wish}");
    let open = json!({"confidentiality": "members"});
    county.firm.1.patch(&path, "\"1\"", &open).await.expect(200);
    wait_for(&county.school.1, 2).await;
    settle(&service).await;
    assert_eq!(county.counts().await, [3, 3, 2, 1, 0]);
    // Closed again, it is no longer named to them, and is told to nobody twice.
    county.firm.1.patch(&path, "\"2\"", &json!({"confidentiality": "centre_only"})).await.expect(200);
    settle(&service).await;
    let item = told(&county.person.1).await[0].clone();
    assert_eq!((&item["demand"], &item["counterpart"]["id"]), (&Value::Null, &json!(county.person.0)));
    let text = list(&county.person.1).await.text;
    assert!(!text.contains(&wish) && !text.contains("球墨铸铁件缩松缺陷\""), "{text}");
    assert_eq!(told(&county.firm.1).await[0]["demand"]["id"], json!(wish));
    county.firm.1.patch(&path, "\"3\"", &open).await.expect(200);
    settle(&service).await;
    assert_eq!(county.counts().await, [3, 3, 2, 1, 0]);
    county.staff.delete(&path, "\"4\"").await.expect(204);
    assert_eq!(told(&county.firm.1).await[0]["demand"], Value::Null);
    assert!(gone.is_refused_soon().await);
    let of_disabled =
        "SELECT count(*) FROM notifications JOIN users ON users.id = user_id WHERE disabled_at IS NOT NULL";
    assert_eq!(service.value(of_disabled).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_demands_take_no_place_of_open_ones() {
    let service = Service::start().await;
    let county = County::of(&service).await;
    let mut secret = county.shrinkage();
    secret["confidentiality"] = json!("centre_only");
    // The same text has the same score, and the lower ids come first.
    for _ in 0..30 {
        county.staff.create("demands", &secret).await;
    }
    county.staff.create_findable("demands", &county.shrinkage()).await;
    county.staff.create("results", &county.cure()).await;
    wait_for(&county.school.1, 1).await;
    settle(&service).await;
    assert_eq!(county.counts().await, [21, 21, 1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_tell_a_pair_once_and_either_goes_on_without_the_other() {
    let one = Service::start().await;
    let county = County::of(&one).await;
    let two = Service::start_on(one.url.clone()).await;
    county.staff.create_findable("demands", &county.shrinkage()).await;
    for _ in 0..8 {
        let some = (0..10).map(|_| async { county.staff.create("results", &county.cure()).await });
        futures_util::future::join_all(some).await;
    }
    wait_for(&county.firm.1, 80).await;
    settle(&one).await;
    assert_eq!(one.value("SELECT count(*) FROM alerts").await, "80");
    assert_eq!(county.counts().await, [80, 80, 80, 0, 0]);
    let staff = two.public().with_token(county.staff.token().to_owned());
    let firm = two.public().with_token(county.firm.1.token().to_owned());
    one.stop().await;
    staff.create("results", &county.cure()).await;
    wait_for(&firm, 81).await;
    drop(two);
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_read_by_their_own_person_page_by_page() {
    let service = Service::start().await;
    let county = County::of(&service).await;
    county.staff.create_findable("demands", &county.shrinkage()).await;
    for _ in 0..5 {
        county.staff.create("results", &county.cure()).await;
    }
    wait_for(&county.firm.1, 5).await;
    let (firm, school) = (&county.firm.1, &county.school.1);
    let all = list(firm).await.ids();
    assert!(all.is_sorted_by(|a, b| a > b), "newest first: {all:?}");
    let page = firm.get("/v1/notifications?limit=2&unread=true").await;
    assert_eq!((page.ids(), &page.body["unread"]), (all[..2].to_vec(), &json!(5)));
    let link = page.header("link").expect("a link").to_owned();
    let next = link.trim_start_matches('<').split('>').next().expect("an address").to_owned();
    assert_eq!(firm.get(&next).await.ids(), all[2..4]);
    // One is read, twice; the time stays.
    let read = format!("/v1/notifications/{}/read", all[1]);
    school.post(&read, &json!({})).await.problem(404, "not-found");
    county.staff.post(&read, &json!({})).await.problem(404, "not-found");
    service.public().post(&read, &json!({})).await.problem(401, "unauthenticated");
    firm.post("/v1/notifications/x/read", &json!({})).await.problem(404, "not-found");
    firm.post(&read, &json!({})).await.expect(204);
    let at = told(firm).await[1]["read_at"].clone();
    assert!(at.is_string());
    firm.post(&read, &json!({})).await.expect(204);
    assert_eq!(told(firm).await[1]["read_at"], at);
    assert_eq!(firm.get("/v1/notifications?unread=false").await.ids(), all[1..2]);
    // All up to one; what came later, and what others were told, stays unread.
    firm.post("/v1/notifications/read", &json!({"until": all[2]})).await.expect(204);
    let unread = firm.get("/v1/notifications?unread=true").await;
    assert_eq!((unread.ids(), &unread.body["unread"]), (all[..1].to_vec(), &json!(1)));
    assert_eq!(told(firm).await[1]["read_at"], at);
    assert_eq!(list(school).await.body["unread"], json!(5));
    for (body, fault) in [
        (json!({}), "/until required"),
        (json!({"until": "x"}), "/until format"),
        (json!({"until": all[0], "all": true}), "/all unknown_field"),
    ] {
        let refused = firm.post("/v1/notifications/read", &body).await;
        refused.problem(422, "invalid-input");
        assert_eq!(refused.faults(), [fault]);
    }
    firm.get("/v1/notifications?unread=maybe").await.problem(400, "invalid-parameter");
    firm.get("/v1/notifications?read=true").await.problem(400, "invalid-parameter");
    let head = send(firm.request("HEAD", "/v1/notifications")).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_keeps_what_was_told() {
    let service = Service::start().await;
    let county = County::of(&service).await;
    county.staff.create("demands", &county.shrinkage()).await;
    county.staff.create("results", &county.cure()).await;
    let id = wait_for(&county.firm.1, 1).await[0]["id"].as_str().expect("an id").to_owned();
    county.firm.1.post(&format!("/v1/notifications/{id}/read"), &json!({})).await.expect(204);
    for (statement, code) in [
        ("UPDATE notifications SET read_at = NULL", "23001"),
        ("UPDATE notifications SET read_at = now()", "23001"),
        ("UPDATE notifications SET created_at = created_at - interval '1 day'", "23001"),
        ("UPDATE notifications SET user_id = (SELECT id FROM users ORDER BY id LIMIT 1)", "23001"),
        ("UPDATE notifications SET read_at = created_at - interval '1 second' WHERE read_at IS NULL", "23514"),
        (
            "INSERT INTO notifications (id, user_id, alert_id) SELECT gen_random_uuid(), user_id, alert_id FROM notifications",
            "23505",
        ),
        (
            "INSERT INTO alerts (id, demand_id, result_id, score, open)
             SELECT gen_random_uuid(), demand_id, result_id, 1, true FROM alerts",
            "23505",
        ),
        (
            "INSERT INTO alerts (id, demand_id, score, open) SELECT gen_random_uuid(), demand_id, 1, true FROM alerts",
            "23502",
        ),
        (
            "INSERT INTO alerts (id, demand_id, result_id, score, open)
             SELECT gen_random_uuid(), demand_id, gen_random_uuid(), 1, true FROM alerts",
            "23503",
        ),
        ("UPDATE alerts SET score = 1.5", "23514"),
        ("DELETE FROM alerts", "23503"),
        ("INSERT INTO alert_position (single, xid, seq) VALUES (false, '1', 1)", "23514"),
        ("INSERT INTO alert_position (xid, seq) VALUES ('1', 1)", "23505"),
    ] {
        let refused = service.sql(statement).await.expect_err(statement);
        assert!(refused.starts_with(code), "{statement}: {refused}");
    }
}
