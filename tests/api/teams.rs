//! Expert service teams: formed, answered, led, visited, seen by whom they concern, and suggested.

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Service, demand, enterprise, expert, send};

const NOTHING: &str = "01939c5e-0000-7000-8000-000000000000";

/// A service with an enterprise, a demand of it that only the centre sees, and two experts.
struct Stage {
    service: Service,
    staff: Client,
    firm: String,
    demand: String,
    people: [String; 2],
    enterprise: Client,
    experts: [Client; 2],
}

impl Stage {
    async fn set() -> Self {
        let service = Service::start().await;
        let staff = service.staff().await;
        let firm = staff.create("organisations", &enterprise("五金厂")).await;
        let mut closed = demand(&firm, "球铁件热节处总有缩松", "球铁阀体壁厚不均，热节处加工后露出缩松。");
        closed["confidentiality"] = "centre_only".into();
        let demand = staff.create("demands", &closed).await;
        let people = [
            staff.create("experts", &expert(&firm, "陈志远")).await,
            staff.create("experts", &expert(&firm, "李明")).await,
        ];
        let enterprise = service.enterprise(&firm).await;
        let experts = [service.expert(&people[0]).await, service.expert(&people[1]).await];
        Self { service, staff, firm, demand, people, enterprise, experts }
    }

    /// A team for the demand with both experts, of whom the first leads and has accepted.
    async fn team(&self) -> String {
        let team = json!({"name": "球铁攻关服务团", "purpose": "降低废品率", "demand_id": self.demand});
        let path = format!("/v1/expert-teams/{}", self.staff.create("expert-teams", &team).await);
        for person in &self.people {
            self.invite(&path, person).await.expect(201);
        }
        answer(&self.experts[0], &path, &self.people[0], "accepted").await.expect(200);
        path
    }

    async fn active_team(&self) -> String {
        let path = self.team().await;
        self.change(&path, Some(&self.people[0]), "active").await.expect(200);
        path
    }

    async fn invite(&self, path: &str, person: &str) -> Answer {
        self.staff.post(&format!("{path}/members"), &json!({"expert_id": person, "role": "铸造工艺"})).await
    }

    async fn change(&self, path: &str, leader: Option<&String>, state: &str) -> Answer {
        let etag = self.staff.get(path).await.etag();
        let change = json!({"name": "球铁攻关服务团", "leader_id": leader, "state": state});
        self.staff.put(path, &etag, &change).await
    }

    /// What a caller was told of teams, the newest first.
    async fn told(client: &Client) -> Vec<Value> {
        let told = client.get("/v1/notifications").await;
        let items = told.expect(200)["items"].as_array().expect("items").clone();
        items.into_iter().filter(|item| item.get("score").is_none()).map(|item| item["team"]["news"].clone()).collect()
    }
}

async fn answer(client: &Client, path: &str, person: &str, state: &str) -> Answer {
    let path = format!("{path}/members/{person}");
    let etag = client.get(&path).await.etag();
    client.put(&path, &etag, &json!({"state": state})).await
}

fn visit(people: &[&String]) -> Value {
    json!({"on": "2026-11-26", "place": "三号线", "expert_ids": people, "findings": "冒口颈偏小。", "next_steps": "试浇。"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_is_formed_led_and_closed_and_those_concerned_are_told() {
    let stage = Stage::set().await;
    let path = stage.team().await;
    // Without a leader who has accepted it serves nobody.
    stage.change(&path, None, "active").await.problem(409, "conflict");
    stage.change(&path, Some(&stage.people[1]), "active").await.problem(409, "conflict");
    let stranger = stage.change(&path, Some(&NOTHING.to_owned()), "forming").await;
    stranger.problem(422, "invalid-input");
    assert_eq!(stranger.faults(), ["/leader_id unknown_reference"]);
    stage.enterprise.get(&path).await.problem(404, "not-found");

    let active = stage.change(&path, Some(&stage.people[0]), "active").await;
    assert_eq!(active.expect(200)["leader_id"], json!(stage.people[0]));
    assert_eq!(active.body["demand_title"], "球铁件热节处总有缩松");
    assert_eq!(active.body["enterprise_name"], "五金厂");
    stage.change(&path, Some(&stage.people[0]), "forming").await.problem(409, "conflict");
    let told = Stage::told(&stage.experts[0]).await;
    assert!(["active", "leading", "invited"].iter().all(|news| told.contains(&json!(news))) && told.len() == 3);
    assert_eq!(Stage::told(&stage.experts[1]).await, ["invited"]);
    assert_eq!(Stage::told(&stage.enterprise).await, ["active"]);
    assert_eq!(Stage::told(&stage.staff).await, ["accepted"]);

    stage.change(&path, Some(&stage.people[0]), "closed").await.expect(200);
    assert_eq!(Stage::told(&stage.enterprise).await[0], "closed");
    stage.change(&path, None, "closed").await.problem(409, "conflict");
    answer(&stage.experts[1], &path, &stage.people[1], "accepted").await.problem(409, "conflict");
    stage.staff.post(&format!("{path}/visits"), &visit(&[&stage.people[0]])).await.problem(409, "conflict");
    let versions = stage.service.value("SELECT count(*) FROM record_versions WHERE kind = 'expert_team'").await;
    assert_eq!(versions, "5");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sees_what_concerns_them_and_a_closed_demand_is_named_to_nobody_else() {
    let stage = Stage::set().await;
    let path = stage.active_team().await;
    let id = path.rsplit('/').next().expect("an id").to_owned();
    let other = stage.staff.create("organisations", &enterprise("外厂")).await;
    let bystander = stage.staff.create("experts", &expert(&other, "王强")).await;
    let (other, bystander) = (stage.service.enterprise(&other).await, stage.service.expert(&bystander).await);
    for stranger in [&other, &bystander] {
        assert!(stranger.get("/v1/expert-teams").await.ids().is_empty());
        for inside in ["", "/visits", &format!("/members/{}", stage.people[0])] {
            let refused = stranger.get(&format!("{path}{inside}")).await;
            assert!(matches!(refused.status, 403 | 404), "{}", refused.text);
        }
    }
    stage.service.public().get(&path).await.problem(401, "unauthenticated");

    // The centre and the enterprise see the demand, experts see that there is a team.
    let of_demand = format!("/v1/expert-teams?demand_id={}", stage.demand);
    for (client, named) in [(&stage.staff, true), (&stage.enterprise, true), (&stage.experts[0], false)] {
        let seen = client.get(&path).await;
        assert_eq!(seen.expect(200)["demand_id"] == json!(stage.demand), named, "{}", seen.text);
        assert_eq!(seen.text.contains("缩松"), named, "{}", seen.text);
        assert_eq!(client.get("/v1/expert-teams?state=active").await.ids(), std::slice::from_ref(&id));
        assert_eq!(client.get(&of_demand).await.ids().len(), usize::from(named));
    }
    // Who has not accepted is not found out by asking for them either.
    let by_expert = |person: usize| format!("/v1/expert-teams?expert_id={}", stage.people[person]);
    for (client, counts) in [(&stage.staff, [1, 1]), (&stage.enterprise, [1, 0]), (&stage.experts[0], [1, 0])] {
        let found = [client.get(&by_expert(0)).await.ids().len(), client.get(&by_expert(1)).await.ids().len()];
        assert_eq!(found, counts);
    }
    let members = |answer: &Answer| answer.expect(200)["members"].as_array().map(Vec::len);
    assert_eq!(members(&stage.staff.get(&path).await), Some(2));
    assert_eq!(members(&stage.enterprise.get(&path).await), Some(1));
    assert_eq!(members(&stage.experts[1].get(&path).await), Some(2));
    // Who declined sees no more of the others.
    answer(&stage.experts[1], &path, &stage.people[1], "declined").await.expect(200);
    assert_eq!(members(&stage.experts[1].get(&path).await), Some(1));
    assert!(stage.experts[1].get(&by_expert(0)).await.ids().is_empty());
    // Nobody answers for another, and experts do not form teams.
    stage.experts[1].get(&format!("{path}/members/{}", stage.people[0])).await.problem(404, "not-found");
    stage.experts[0].post("/v1/expert-teams", &json!({})).await.problem(403, "forbidden");
    stage.enterprise.post(&format!("{path}/members"), &json!({})).await.problem(403, "forbidden");
    // The demand is gone: the team serves its enterprise, and names it to nobody.
    let demand = format!("/v1/demands/{}", stage.demand);
    stage.staff.delete(&demand, &stage.staff.get(&demand).await.etag()).await.expect(204);
    assert!(stage.staff.get(&path).await.expect(200).get("demand_id").is_none());
    let again = stage.staff.post("/v1/expert-teams", &json!({"name": "又一团", "demand_id": stage.demand})).await;
    assert_eq!(again.faults(), ["/demand_id unknown_reference"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_who_leaves_leaves_the_team_forming_and_is_not_taken_out_before() {
    let stage = Stage::set().await;
    let path = stage.active_team().await;
    let leader = format!("{path}/members/{}", stage.people[0]);
    let etag = stage.staff.get(&leader).await.etag();
    stage.staff.delete(&leader, &etag).await.problem(409, "conflict");
    answer(&stage.experts[0], &path, &stage.people[0], "declined").await.expect(200);
    let left = stage.staff.get(&path).await;
    assert_eq!(left.expect(200)["state"], "forming");
    assert!(left.body.get("leader_id").is_none());
    assert_eq!(Stage::told(&stage.staff).await[0], "declined");
    let refused = stage.change(&path, Some(&stage.people[0]), "forming").await;
    assert_eq!(refused.faults(), ["/leader_id unknown_reference"]);

    // An expert who is withdrawn is out of it, and cannot come back.
    answer(&stage.experts[1], &path, &stage.people[1], "accepted").await.expect(200);
    stage.change(&path, Some(&stage.people[1]), "active").await.expect(200);
    let record = format!("/v1/experts/{}", stage.people[1]);
    stage.staff.delete(&record, &stage.staff.get(&record).await.etag()).await.expect(204);
    let left = stage.staff.get(&path).await;
    assert_eq!((&left.body["state"], &left.body["members"][1]["state"]), (&json!("forming"), &json!("declined")));
    let back = answer(&stage.staff, &path, &stage.people[1], "accepted").await;
    assert_eq!(back.faults(), ["/expert_id unknown_reference"]);
    // Who does not lead is taken out, once.
    let etag = stage.staff.get(&leader).await.etag();
    stage.staff.delete(&leader, &etag).await.expect(204);
    stage.staff.delete(&leader, &etag).await.problem(404, "not-found");
    stage.experts[0].get(&path).await.problem(404, "not-found");
    assert_eq!(Stage::told(&stage.experts[0]).await[0], "removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_write_visits_which_are_corrected_and_never_lost() {
    let stage = Stage::set().await;
    let path = stage.active_team().await;
    let visits = format!("{path}/visits");
    let [leader, invited] = &stage.people;
    // Who has not accepted neither sees visits nor writes them.
    stage.experts[1].get(&visits).await.problem(404, "not-found");
    stage.experts[1].post(&visits, &visit(&[leader])).await.problem(404, "not-found");
    stage.enterprise.post(&visits, &visit(&[leader])).await.problem(403, "forbidden");
    let keyed = || stage.experts[0].request("POST", &visits).header("idempotency-key", "visit-1");
    let written = send(keyed().json(&visit(&[leader]))).await;
    let again = send(keyed().json(&visit(&[leader]))).await;
    assert_eq!(written.expect(201), again.expect(201));
    let place = format!("{visits}/{}", written.body["id"].as_str().expect("an id"));
    assert_eq!(stage.enterprise.get(&visits).await.ids().len(), 1);
    assert_eq!(Stage::told(&stage.enterprise).await[0], "visited");
    assert_eq!(stage.enterprise.get(&place).await.expect(200)["findings"], "冒口颈偏小。");

    let strange = stage.staff.post(&visits, &visit(&[leader, invited])).await;
    assert_eq!(strange.faults(), ["/expert_ids unknown_reference"]);
    let mut wrong = visit(&[]);
    wrong["findings"] = "".into();
    assert_eq!(stage.staff.post(&visits, &wrong).await.faults(), ["/expert_ids too_few", "/findings too_short"]);
    let mut future = visit(&[leader]);
    future["on"] = "2099-01-01".into();
    assert_eq!(stage.staff.post(&visits, &future).await.faults(), ["/on in_future"]);

    let mut corrected = visit(&[leader]);
    corrected["findings"] = "冒口颈偏小，浇温也偏低。".into();
    let (one, two) =
        tokio::join!(stage.experts[0].put(&place, "\"1\"", &corrected), stage.staff.put(&place, "\"1\"", &corrected));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    assert_eq!(stage.staff.get(&place).await.expect(200)["version"], 2);
    let kept = "SELECT record ->> 'findings' FROM record_versions WHERE kind = 'expert_team_visit'";
    assert_eq!(stage.service.value(kept).await, "冒口颈偏小。");
    // Who took part did so, though they left since.
    answer(&stage.experts[1], &path, invited, "accepted").await.expect(200);
    stage.change(&path, Some(invited), "active").await.expect(200);
    answer(&stage.experts[0], &path, leader, "declined").await.expect(200);
    stage.experts[1].put(&place, "\"2\"", &corrected).await.expect(200);
    stage.experts[0].get(&place).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_once_one_wins_and_what_is_wrong_is_named() {
    let stage = Stage::set().await;
    for (body, faults) in [
        (json!({"name": "团", "enterprise_id": stage.firm}), ["/name too_short"]),
        (json!({"name": "服务团"}), [" either_or"]),
        (json!({"name": "服务团", "demand_id": stage.demand, "enterprise_id": stage.firm}), [" either_or"]),
        (json!({"name": "服务团", "demand_id": NOTHING}), ["/demand_id unknown_reference"]),
        (json!({"name": "服务团", "enterprise_id": NOTHING}), ["/enterprise_id unknown_reference"]),
        (json!({"name": "服务团", "enterprise_id": stage.firm, "leader": "x"}), ["/leader unknown_field"]),
    ] {
        let refused = stage.staff.post("/v1/expert-teams", &body).await;
        refused.problem(422, "invalid-input");
        assert_eq!(refused.faults(), faults, "{body}");
    }
    let path = stage.team().await;
    let members = format!("{path}/members");
    stage.invite(&path, &stage.people[0]).await.problem(409, "conflict");
    assert_eq!(stage.invite(&path, NOTHING).await.faults(), ["/expert_id unknown_reference"]);
    stage
        .staff
        .put(&path, "\"1\"", &json!({"name": "服务团", "state": "forming"}))
        .await
        .problem(412, "precondition-failed");
    // Two answers of one member.
    let own = format!("{members}/{}", stage.people[1]);
    let (accepted, declined) = (json!({"state": "accepted"}), json!({"state": "declined"}));
    let (one, two) =
        tokio::join!(stage.experts[1].put(&own, "\"1\"", &accepted), stage.staff.put(&own, "\"1\"", &declined));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "{} {}", one.text, two.text);
    // Two of the centre, and a member who leaves meanwhile: nobody is left leading who left.
    stage.staff.put(&own, "\"2\"", &accepted).await.expect(200);
    let etag = stage.staff.get(&path).await.etag();
    let lead = |person: &String| json!({"name": "服务团", "leader_id": person, "state": "active"});
    let (first, second) = (lead(&stage.people[0]), lead(&stage.people[1]));
    let leaves = answer(&stage.experts[0], &path, &stage.people[0], "declined");
    let (one, two, three) =
        tokio::join!(stage.staff.put(&path, &etag, &first), stage.staff.put(&path, &etag, &second), leaves);
    three.expect(200);
    assert!(one.status != 200 || two.status != 200, "{} {}", one.text, two.text);
    let after = stage.staff.get(&path).await;
    assert_ne!(after.body["leader_id"], json!(stage.people[0]), "{}", after.text);
    assert_eq!(after.body["state"] == "active", after.body.get("leader_id").is_some(), "{}", after.text);
    // A team has at most twenty.
    for number in 0..18 {
        let person = stage.staff.create("experts", &expert(&stage.firm, &format!("专家{number}"))).await;
        stage.invite(&path, &person).await.expect(201);
    }
    let person = stage.staff.create("experts", &expert(&stage.firm, "多一位")).await;
    stage.invite(&path, &person).await.problem(409, "conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_refuses_what_no_team_may_be() {
    let stage = Stage::set().await;
    let path = stage.active_team().await;
    let id = path.rsplit('/').next().expect("an id");
    let [leader, invited] = &stage.people;
    let of = format!("WHERE id = '{id}'");
    for (statement, constraint) in [
        (format!("UPDATE expert_teams SET version = version + 1, leader_id = NULL {of}"), "expert_teams_active"),
        (format!("UPDATE expert_teams SET version = version + 1, leader_id = '{invited}' {of}"), "expert_teams_active"),
        (
            format!("UPDATE expert_teams SET version = version + 1, leader_id = '{}' {of}", stage.firm),
            "expert_teams_leader",
        ),
        (format!("DELETE FROM expert_team_members WHERE expert_id = '{leader}'"), "expert_teams_leader"),
        (
            format!(
                "INSERT INTO expert_team_visits (id, team_id, created_by, \"on\", place, findings, expert_ids)
                 SELECT gen_random_uuid(), id, created_by, '2026-11-26', '厂', '缩松', ARRAY['{invited}'::uuid]
                 FROM expert_teams {of}"
            ),
            "expert_team_visits_members",
        ),
    ] {
        assert_eq!(stage.service.refused_by(&statement).await.as_deref(), Some(constraint), "{statement}");
    }
    for statement in [
        "DELETE FROM expert_teams".to_owned(),
        "DELETE FROM expert_team_visits".to_owned(),
        format!("UPDATE expert_teams SET name = '没有新版本' {of}"),
        format!("UPDATE expert_teams SET version = version + 1, state = 'forming' {of}"),
        format!("UPDATE expert_team_members SET state = 'declined' WHERE expert_id = '{invited}'"),
    ] {
        let refused = stage.service.sql(&statement).await.expect_err(&statement);
        assert!(refused.starts_with("23001"), "{statement}: {refused}");
    }
}

/// An expert who knows these things.
async fn knowing(staff: &Client, firm: &str, name: &str, knows: &[&str], category: &str, regions: &[&str]) -> String {
    let mut person = expert(firm, name);
    person["expertise"] = json!(knows);
    person["categories"] = json!([category]);
    person["regions"] = json!(regions);
    staff.create_findable("experts", &person).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smallest_team_that_covers_the_most_is_suggested_within_the_limits() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let one = knowing(&staff, &firm, "甲", &["缩松", "冒口"], "research", &["130900"]).await;
    let two = knowing(&staff, &firm, "乙", &["缩松", "电镀"], "quality", &["130000"]).await;
    let three = knowing(&staff, &firm, "丙", &["冒口"], "research", &[]).await;
    let four = knowing(&staff, &firm, "丁", &["磷化"], "production", &["110000"]).await;
    let mut asked = demand(&firm, "缩松 冒口", "缩松 冒口 电镀 磷化 激光");
    asked["keywords"] = json!(["缩松", "冒口"]);
    asked["confidentiality"] = "centre_only".into();
    let asked = staff.create("demands", &asked).await;
    let suggest = async |client: &Client, more: Value| {
        let mut wanted = json!({"demand_id": asked});
        wanted.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        client.post("/v1/expert-teams/suggest", &wanted).await
    };
    let members = |answer: &Answer| {
        let all = answer.expect(200)["members"].as_array().expect("members").clone();
        let mut ids: Vec<String> =
            all.iter().map(|member| member["expert_id"].as_str().expect("an id").to_owned()).collect();
        ids.sort();
        ids
    };
    let sorted = |ids: &[&String]| {
        let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
        ids.sort();
        ids
    };
    let words = |value: &Value| {
        let all = value["terms"].as_array().expect("terms").iter();
        let mut words: Vec<String> = all.map(|word| word.as_str().expect("a word").to_owned()).collect();
        words.sort();
        words
    };
    // All that somebody says, by three of the four; the third says nothing that the first does not.
    let whole = suggest(&staff, json!({})).await;
    assert_eq!(members(&whole), sorted(&[&one, &two, &four]));
    assert_eq!(
        words(&whole.body["looked_for"]),
        sorted(&["冒口", "电镀", "磷化", "缩松"].map(String::from).each_ref())
    );
    assert_eq!(whole.body["uncovered"], json!({"terms": [], "categories": []}));
    let of = |answer: &Answer, id: &String| {
        let all = answer.body["members"].as_array().expect("members").clone();
        all.into_iter().find(|member| member["expert_id"] == json!(id)).expect("a member")
    };
    let second = of(&whole, &two);
    assert_eq!(words(&second["alone"]), ["电镀"]);
    let fields = second["covers"]["terms"].as_array().expect("terms").iter().map(|term| term["fields"].clone());
    assert_eq!(fields.collect::<Vec<_>>(), vec![json!(["keywords"]); 2]);
    // With one member, what others could cover is left; a category that nobody has is said.
    let alone = suggest(&staff, json!({"most_members": 1, "categories": ["management"]})).await;
    assert_eq!(members(&alone), sorted(&[&one]));
    assert_eq!(words(&alone.body["left"]), ["电镀", "磷化"]);
    assert_eq!(alone.body["uncovered"]["categories"], json!(["management"]));
    // Elsewhere there is nobody for one of them; who does not say serves where their organisation is.
    let near = suggest(&staff, json!({"regions": ["130927"], "categories": ["quality", "production"]})).await;
    assert_eq!(members(&near), sorted(&[&one, &two]));
    assert_eq!(near.body["beyond_limits"], json!({"terms": ["磷化"], "categories": ["production"]}));
    assert_eq!(of(&near, &two)["covers"]["categories"], json!(["quality"]));
    let far = suggest(&staff, json!({"regions": ["110000"]})).await;
    assert_eq!(members(&far), sorted(&[&four]));
    // Who has an open docking has no time for a team of those who have none.
    let docking = json!({"enterprise_id": firm, "expert_id": one});
    staff.create("dockings", &docking).await;
    let free = suggest(&staff, json!({"most_load": 0})).await;
    assert_eq!(members(&free), sorted(&[&two, &three, &four]));
    assert_eq!(members(&suggest(&staff, json!({"most_load": 1})).await), sorted(&[&one, &two, &four]));
    // For an enterprise: by what it says of itself.
    let mut plater = enterprise("电镀厂");
    plater["main_products"] = json!(["电镀"]);
    let plater = staff.create("organisations", &plater).await;
    let wanted = json!({"enterprise_id": plater});
    assert_eq!(members(&staff.post("/v1/expert-teams/suggest", &wanted).await), sorted(&[&two]));

    // Its own enterprise may ask; to another the demand is not there. Loads are for the centre.
    let (own, other) = (service.enterprise(&firm).await, service.enterprise(&plater).await);
    assert_eq!(members(&suggest(&own, json!({})).await), sorted(&[&one, &two, &four]));
    suggest(&other, json!({})).await.problem(404, "not-found");
    let loads = suggest(&own, json!({"most_load": 1})).await;
    assert_eq!(loads.faults(), ["/most_load not_for_role"]);
    let wrong = json!({"most_members": 9, "categories": ["wizard"], "regions": ["999999"], "most_load": -1});
    let wrong = suggest(&staff, wrong).await;
    wrong.problem(422, "invalid-input");
    assert_eq!(
        wrong.faults(),
        [
            "/categories/0 not_allowed",
            "/most_load out_of_range",
            "/most_members out_of_range",
            "/regions/0 unknown_code"
        ]
    );
    staff.post("/v1/expert-teams/suggest", &json!({"demand_id": NOTHING})).await.problem(404, "not-found");
    assert_eq!(staff.post("/v1/expert-teams/suggest", &json!({})).await.faults(), [" either_or"]);
}
