//! Events: invited, answered, planned, planned again, read on paper and in calendars.

use serde_json::{Value, json};
use tokio::process::Command;

use crate::harness::{Answer, Client, Service, connect, enterprise, expert, send};

const NOTHING: &str = "01939c5e-0000-7000-8000-000000000000";

/// An event with so many slots of twenty minutes.
fn event(tables: usize, slots: usize) -> Value {
    let slot = |number: usize| {
        let minute = |minutes: usize| format!("2026-12-08T{:02}:{:02}:00Z", 1 + minutes / 60, minutes % 60);
        json!({"begins_at": minute(number * 20), "ends_at": minute(number * 20 + 20)})
    };
    let slots: Vec<Value> = (0..slots).map(slot).collect();
    json!({"title": "秋季产学研对接会", "place": "会展中心二楼", "tables": tables, "slots": slots})
}

/// An event to which enterprises and experts are invited, all of whom have accepted.
struct Fair {
    service: Service,
    staff: Client,
    path: String,
    firms: Vec<String>,
    people: Vec<String>,
    /// The first enterprise and the first expert, as the registry knows them.
    firm: String,
    person: String,
}

impl Fair {
    async fn open(tables: usize, slots: usize, sizes: [usize; 2]) -> Self {
        let service = Service::start().await;
        let staff = service.staff().await;
        let id = staff.create("events", &event(tables, slots)).await;
        let path = format!("/v1/events/{id}");
        let (mut firms, mut people) = (Vec::new(), Vec::new());
        let (mut firm, mut person) = (String::new(), String::new());
        for place in 0..sizes[0] {
            let record = staff.create("organisations", &enterprise(&format!("五金{place}厂"))).await;
            firms.push(invite(&staff, &path, "organisation", &record).await);
            firm = if place == 0 { record } else { firm };
        }
        for place in 0..sizes[1] {
            let record = staff.create("experts", &expert(&firm, &format!("陈志{place}"))).await;
            people.push(invite(&staff, &path, "expert", &record).await);
            person = if place == 0 { record } else { person };
        }
        let fair = Self { service, staff, path, firms, people, firm, person };
        for id in fair.firms.iter().chain(&fair.people) {
            fair.say(id, &json!({"state": "accepted"})).await.expect(200);
        }
        fair
    }

    async fn say(&self, participant: &str, said: &Value) -> Answer {
        say(&self.staff, &self.path, participant, said).await
    }

    /// Each enterprise wishes for each expert, the more the nearer their places are.
    async fn wish_all(&self) {
        for (place, firm) in self.firms.iter().enumerate() {
            let wish =
                |(other, id): (usize, &String)| json!({"participant_id": id, "wish": 5 - place.abs_diff(other).min(4)});
            let wishes: Vec<Value> = self.people.iter().enumerate().map(wish).collect();
            self.say(firm, &json!({"state": "accepted", "wishes": wishes})).await.expect(200);
        }
    }

    async fn plan(&self) -> Answer {
        self.staff.post(&format!("{}/schedule", self.path), &json!({"seconds": 1})).await
    }

    async fn rule(&self, rules: &Value) -> Answer {
        let etag = self.staff.get(&self.path).await.etag();
        self.staff.put(&format!("{}/rules", self.path), &etag, rules).await
    }
}

async fn invite(staff: &Client, path: &str, kind: &str, record: &str) -> String {
    let invited = staff.post(&format!("{path}/participants"), &json!({"kind": kind, "id": record})).await;
    invited.expect(201)["id"].as_str().expect("an id").to_owned()
}

async fn say(client: &Client, path: &str, participant: &str, said: &Value) -> Answer {
    let path = format!("{path}/participants/{participant}");
    let etag = client.get(&path).await.etag();
    client.put(&path, &etag, said).await
}

/// Slot, table, enterprise and expert of each meeting.
fn meetings(answer: &Answer) -> Vec<(i64, i64, String, String)> {
    let id = |party: &Value| party["participant_id"].as_str().expect("an id").to_owned();
    let meeting = |meeting: &Value| {
        let number = |name: &str| meeting[name].as_i64().expect("a number");
        (number("slot"), number("table"), id(&meeting["enterprise"]), id(&meeting["expert"]))
    };
    answer.expect(200)["meetings"].as_array().expect("meetings").iter().map(meeting).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_planned_at_its_best_and_each_sees_their_own_meetings() {
    let fair = Fair::open(2, 3, [3, 3]).await;
    fair.wish_all().await;
    let planned = fair.plan().await;
    // Six meetings have room: three wishes of 5 and three of 4.
    assert_eq!(meetings(&planned).len(), 6);
    let of = |name: &str| planned.body[name].clone();
    assert_eq!(
        (of("total"), of("bound"), of("best"), of("stale")),
        (json!(27.0), json!(27.0), json!(true), json!(false))
    );
    assert_eq!(planned.body["changes"]["added"].as_array().map(Vec::len), Some(6));
    let schedule = format!("{}/schedule", fair.path);
    assert_eq!(meetings(&fair.staff.get(&schedule).await), meetings(&planned));
    let (firm, person) = (fair.service.enterprise(&fair.firm).await, fair.service.expert(&fair.person).await);
    for (client, own) in [(&firm, &fair.firms[0]), (&person, &fair.people[0])] {
        let seen = client.get(&schedule).await;
        let mut expected = meetings(&planned);
        expected.retain(|meeting| &meeting.2 == own || &meeting.3 == own);
        assert_eq!(meetings(&seen), expected);
        assert!(seen.body["changes"].is_null());
    }
    let other = fair.staff.create("organisations", &enterprise("外厂")).await;
    let other = fair.service.enterprise(&other).await;
    for path in [schedule.clone(), format!("{}/participants", fair.path)] {
        other.get(&path).await.problem(404, "not-found");
    }
    assert_eq!(firm.get(&format!("{}/participants", fair.path)).await.ids().len(), 6);
    let another = format!("{}/participants/{}", fair.path, fair.firms[1]);
    firm.get(&another).await.problem(404, "not-found");
    assert!(!firm.get(&format!("{}/participants", fair.path)).await.text.contains("wishes"));
    firm.post(&schedule, &json!({})).await.problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_rules_and_fixed_meetings_are_kept_and_what_conflicts_is_named() {
    let fair = Fair::open(2, 3, [2, 2]).await;
    fair.wish_all().await;
    fair.say(&fair.people[1], &json!({"state": "accepted", "hours": [3], "most": 1})).await.expect(200);
    let rules = json!({
        "forbidden": [{"enterprise_id": fair.firms[1], "expert_id": fair.people[1]}],
        "fixed": [{"enterprise_id": fair.firms[0], "expert_id": fair.people[0], "slot": 2, "table": 2}]
    });
    assert_eq!(fair.rule(&rules).await.expect(200), &rules);
    assert_eq!(fair.staff.get(&format!("{}/rules", fair.path)).await.expect(200), &rules);
    let planned = meetings(&fair.plan().await);
    assert!(planned.contains(&(2, 2, fair.firms[0].clone(), fair.people[0].clone())), "{planned:?}");
    let with_second: Vec<_> = planned.iter().filter(|meeting| meeting.3 == fair.people[1]).collect();
    assert!(with_second.iter().all(|meeting| meeting.0 == 3 && meeting.2 == fair.firms[0]) && with_second.len() == 1);
    assert_eq!(planned.len(), 3);
    let clash = json!({"fixed": [
        {"enterprise_id": fair.firms[0], "expert_id": fair.people[0], "slot": 1},
        {"enterprise_id": fair.firms[1], "expert_id": fair.people[0], "slot": 2},
        {"enterprise_id": fair.firms[0], "expert_id": fair.people[1], "slot": 3},
        {"enterprise_id": fair.firms[1], "expert_id": fair.people[1], "slot": 3}
    ]});
    fair.rule(&clash).await.expect(200);
    let refused = fair.plan().await;
    let told = refused.problem(409, "conflict")["detail"].as_str().expect("a detail").to_owned();
    assert!(told.contains("五金0厂 with 陈志1 (slot 3)") && told.contains("五金1厂 with 陈志1"), "{told}");
    assert!(!told.contains("陈志0"), "{told}");
    let stranger = json!({"fixed": [{"enterprise_id": fair.people[0], "expert_id": fair.firms[0], "slot": 1}]});
    let refused = fair.rule(&stranger).await;
    refused.problem(422, "invalid-input");
    assert_eq!(refused.faults(), ["/fixed unknown_reference"]);
    // Nothing of what was refused was kept.
    assert_eq!(fair.staff.get(&format!("{}/rules", fair.path)).await.body["fixed"].as_array().map(Vec::len), Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_meets_nobody_and_the_rest_stays_where_it_was() {
    let fair = Fair::open(3, 4, [4, 4]).await;
    fair.wish_all().await;
    let before = meetings(&fair.plan().await);
    let leaves = fair.service.expert(&fair.person).await;
    say(&leaves, &fair.path, &fair.people[0], &json!({"state": "declined"})).await.expect(200);
    let schedule = format!("{}/schedule", fair.path);
    let left = fair.staff.get(&schedule).await;
    assert_eq!(left.body["stale"], true);
    let kept: Vec<_> = before.iter().filter(|meeting| meeting.3 != fair.people[0]).cloned().collect();
    assert_eq!(meetings(&left), kept);
    let again = fair.plan().await;
    assert_eq!(again.body["changes"]["kept"], kept.len());
    assert_eq!(again.body["stale"], false);
    assert!(meetings(&again).iter().all(|meeting| meeting.3 != fair.people[0]));
    // Meetings in slots that there are no more are off.
    let etag = fair.staff.get(&fair.path).await.etag();
    fair.staff.put(&fair.path, &etag, &event(3, 2)).await.expect(200);
    assert!(meetings(&fair.staff.get(&schedule).await).iter().all(|meeting| meeting.0 <= 2));
    assert!(meetings(&fair.plan().await).iter().all(|meeting| meeting.0 <= 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_plannings_at_once_one_wins_and_who_leaves_meanwhile_is_in_no_plan() {
    let fair = Fair::open(4, 6, [8, 6]).await;
    fair.wish_all().await;
    // Hours that differ are searched for as long as there is no proof.
    for (place, firm) in fair.firms.iter().enumerate() {
        let hours: Vec<usize> = (1..=6).filter(|slot| (slot + place) % 3 != 0).collect();
        let wishes: Vec<Value> = fair.people.iter().map(|id| json!({"participant_id": id, "wish": 3})).collect();
        fair.say(firm, &json!({"state": "accepted", "hours": hours, "wishes": wishes})).await.expect(200);
    }
    let declined = json!({"state": "declined"});
    let (one, two, left) = tokio::join!(fair.plan(), fair.plan(), fair.say(&fair.people[0], &declined));
    left.expect(200);
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert!(statuses == [200, 409] || statuses == [200, 200], "{} {}", one.text, two.text);
    let now = meetings(&fair.plan().await);
    assert!(now.iter().all(|meeting| meeting.3 != fair.people[0]));
    // While another holds the event's lock, it is being planned.
    let id = fair.path.rsplit('/').next().expect("an id");
    let key = uuid::Uuid::try_parse(id).expect("an id").as_u64_pair().1.cast_signed();
    let client = connect(&fair.service.url).await;
    client.execute("SELECT pg_advisory_lock($1)", &[&key]).await.expect("a lock");
    fair.plan().await.problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_wished_match_scores_stand_in() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let mut firm = enterprise("铸造厂");
    firm["profile"] = json!("生产球墨铸铁阀体，热节处缩松，冒口与冷铁。");
    firm["main_products"] = json!(["球墨铸铁阀体"]);
    let firm = staff.create("organisations", &firm).await;
    let mut people = Vec::new();
    for (name, trade) in [("王铸", "球墨铸铁缩松"), ("李枣", "红枣干燥裂纹")] {
        let mut person = expert(&firm, name);
        person["expertise"] = json!([trade, if name == "王铸" { "铸造冒口" } else { "热风干燥" }]);
        person["biography"] = json!(format!("长期研究{trade}。"));
        people.push(staff.create_findable("experts", &person).await);
    }
    let path = format!("/v1/events/{}", staff.create("events", &event(2, 1)).await);
    let mut ids = vec![invite(&staff, &path, "organisation", &firm).await];
    for person in &people {
        ids.push(invite(&staff, &path, "expert", person).await);
    }
    for id in &ids {
        say(&staff, &path, id, &json!({"state": "accepted"})).await.expect(200);
    }
    let planned = staff.post(&format!("{path}/schedule"), &json!({})).await;
    assert_eq!(meetings(&planned), [(1, 1, ids[0].clone(), ids[1].clone())]);
    assert!(planned.body["total"].as_f64().is_some_and(|total| total > 0.0 && total <= 1.0), "{}", planned.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_with_nobody_no_slots_or_no_tables_has_an_empty_plan() {
    let service = Service::start().await;
    let staff = service.staff().await;
    for (tables, slots) in [(0, 1), (3, 0), (3, 1)] {
        let path = format!("/v1/events/{}", staff.create("events", &event(tables, slots)).await);
        staff.get(&format!("{path}/schedule")).await.problem(404, "not-found");
        let planned = staff.post(&format!("{path}/schedule"), &json!({})).await;
        assert!(meetings(&planned).is_empty() && planned.body["best"] == true, "{}", planned.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_event_is_told() {
    let fair = Fair::open(1, 2, [1, 1]).await;
    let mut upside_down = event(1, 2);
    upside_down["slots"][1]["begins_at"] = json!("2026-12-08T01:10:00Z");
    let many = json!({"title": "会", "place": "", "tables": 501, "slots": [{"begins_at": "now", "ends_at": "2026-12-08T01:00:00Z"}]});
    for (body, faults) in [
        (upside_down, vec!["/slots upside_down"]),
        (many, vec!["/place too_short", "/slots/0/begins_at format", "/tables out_of_range", "/title too_short"]),
    ] {
        let refused = fair.staff.post("/v1/events", &body).await;
        refused.problem(422, "invalid-input");
        assert_eq!(refused.faults(), faults);
    }
    let invitation = format!("{}/participants", fair.path);
    let twice = json!({"kind": "organisation", "id": fair.firm});
    fair.staff.post(&invitation, &twice).await.problem(409, "conflict");
    let nobody = fair.staff.post(&invitation, &json!({"kind": "expert", "id": NOTHING})).await;
    assert_eq!(nobody.faults(), ["/id unknown_reference"]);
    let own_side = json!({"state": "accepted", "wishes": [{"participant_id": fair.firms[0], "wish": 5}]});
    assert_eq!(fair.say(&fair.firms[0], &own_side).await.faults(), ["/wishes unknown_reference"]);
    let wrong =
        json!({"state": "perhaps", "most": 65, "hours": [0], "wishes": [{"participant_id": NOTHING, "wish": 6}]});
    let refused = fair.say(&fair.firms[0], &wrong).await;
    assert_eq!(
        refused.faults(),
        ["/hours out_of_range", "/most out_of_range", "/state not_allowed", "/wishes/0/wish out_of_range"]
    );
    let participant = format!("{}/participants/{}", fair.path, fair.firms[0]);
    fair.staff.put(&participant, "\"1\"", &json!({"state": "accepted"})).await.problem(412, "precondition-failed");
    send(fair.staff.request("PUT", &participant).json(&json!({"state": "accepted"})))
        .await
        .problem(428, "precondition-required");
    fair.staff.put(&format!("{}/rules", fair.path), "\"9\"", &json!({})).await.problem(412, "precondition-failed");
    fair.staff.get(&format!("/v1/events/{NOTHING}")).await.problem(404, "not-found");
    fair.plan().await.expect(200);
    fair.staff.get(&format!("{}/schedule?format=pdf", fair.path)).await.problem(400, "invalid-parameter");
    assert_eq!(fair.staff.get("/v1/events").await.ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_read_as_a_table_a_page_and_calendars_that_others_read() {
    let fair = Fair::open(2, 3, [2, 2]).await;
    let etag = fair.staff.get(&format!("/v1/organisations/{}", fair.firm)).await.etag();
    fair.staff
        .put(&format!("/v1/organisations/{}", fair.firm), &etag, &enterprise("=五金, <b>厂</b>"))
        .await
        .expect(200);
    fair.wish_all().await;
    let planned = fair.plan().await;
    let table = fair.staff.get(&format!("{}/schedule?format=csv", fair.path)).await;
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert!(table.text.starts_with("\u{feff}slot,begins,ends,table,enterprise,expert\r\n"), "{}", table.text);
    assert!(table.text.contains("\"'=五金, <b>厂</b>\""), "{}", table.text);
    assert_eq!(table.text.lines().count(), meetings(&planned).len() + 1);
    let page = fair.staff.get(&format!("{}/schedule?format=html", fair.path)).await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text.contains("=五金, &lt;b&gt;厂&lt;/b&gt;") && page.text.contains("09:00"), "{}", page.text);
    let timetable = format!("{}/participants/{}/timetable", fair.path, fair.people[0]);
    let calendar = fair.service.expert(&fair.person).await.get(&timetable).await;
    assert_eq!((calendar.status, calendar.header("content-type")), (200, Some("text/calendar; charset=utf-8")));
    assert!(calendar.text.split("\r\n").all(|line| line.len() <= 75), "{}", calendar.text);
    let Some(python) = std::env::var_os("DUIJIE_PYTHON") else {
        eprintln!("DUIJIE_PYTHON is not set: no calendar of others read the timetable");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("timetable.ics");
    std::fs::write(&file, &calendar.text).expect("a file");
    let read = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/outsiders/calendar_reader.py"))
        .arg(&file)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .expect("the reader runs");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read: Value = serde_json::from_slice(&read.stdout).expect("JSON");
    let own = planned.body["meetings"].as_array().into_iter().flatten();
    let own = own.filter(|meeting| meeting["expert"]["participant_id"] == json!(fair.people[0]));
    let expected: Vec<Value> = own
        .map(|meeting| {
            let name = meeting["enterprise"]["name"].as_str().unwrap_or_default();
            json!({
                "begins": meeting["begins_at"], "ends": meeting["ends_at"], "summary": format!("秋季产学研对接会：{name}"),
                "location": format!("会展中心二楼 {} 号桌", meeting["table"])
            })
        })
        .collect();
    assert_eq!(read, json!(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_plan_may_hold_is_impossible_in_the_database() {
    let fair = Fair::open(2, 2, [2, 2]).await;
    let event = fair.path.rsplit('/').next().expect("an id");
    let row = |slot: usize, table: usize, firm: &str, person: &str| {
        format!(
            "INSERT INTO event_meetings (event_id, slot, table_number, enterprise_id, expert_id) \
             VALUES ('{event}', {slot}, {table}, '{firm}', '{person}')"
        )
    };
    let (firms, people) = (&fair.firms, &fair.people);
    fair.service.sql(&row(1, 1, &firms[0], &people[0])).await.expect("a meeting");
    for (statement, constraint) in [
        (row(1, 1, &firms[1], &people[1]), "event_meetings_pkey"),
        (row(1, 2, &firms[0], &people[1]), "event_meetings_enterprise_key"),
        (row(1, 2, &firms[1], &people[0]), "event_meetings_expert_key"),
        (row(2, 1, &firms[0], &people[0]), "event_meetings_pair_key"),
    ] {
        assert_eq!(fair.service.refused_by(&statement).await.as_deref(), Some(constraint), "{statement}");
    }
    // The sides are fixed, slots are those of the event, and only those who accepted meet.
    assert!(fair.service.sql(&row(2, 1, &people[1], &firms[1])).await.is_err());
    assert!(fair.service.sql(&row(3, 1, &firms[1], &people[1])).await.is_err());
    fair.say(&people[1], &json!({"state": "declined"})).await.expect(200);
    let refused = fair.service.refused_by(&row(2, 1, &firms[1], &people[1])).await;
    assert_eq!(refused.as_deref(), Some("event_meetings_accepted"));
    fair.say(&people[0], &json!({"state": "declined"})).await.expect(200);
    assert_eq!(fair.service.value("SELECT count(*) FROM event_meetings").await, "0");
}
