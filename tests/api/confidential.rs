//! What somebody may not see shows nowhere: with it or without it every answer to them is the same to the byte.

use std::fmt::Write;

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::sample::{Index, select};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Client, Service, demand, enterprise, expert, result, send};

const CASES: u32 = 24;

/// So few words that what is looked for, what is open and what is hidden overlap; the last ones no open record has.
const WORDS: [&str; 14] = [
    "球墨铸铁",
    "缩松",
    "冒口",
    "阀体",
    "活性染料",
    "废水",
    "脱色",
    "絮凝剂",
    "红枣",
    "干燥",
    "裂果",
    "电缆",
    "护套",
    "耐寒",
];
/// The first of those that no open record has.
const UNHEARD: usize = 12;

/// A county whose records are open to everyone or to members, and who looks at it.
struct County {
    staff: Client,
    /// The enterprise whose demands are hidden.
    firm: String,
    /// Another one, that has a confidential demand of its own.
    rival: String,
    school: String,
    results: Vec<String>,
    experts: Vec<String>,
}

impl County {
    async fn of(service: &Service) -> Self {
        let staff = service.staff().await;
        let school = json!({"name": "燕北理工大学（示例）", "kind": "university", "region": "130900"});
        let school = staff.create("organisations", &school).await;
        let firm = staff.create("organisations", &enterprise("南皮恒锐五金（示例）")).await;
        let rival = staff.create("organisations", &enterprise("东光顺达铸造（示例）")).await;
        let (mut results, mut experts) = (Vec::new(), Vec::new());
        for place in 0..UNHEARD {
            let near = |steps: [usize; 3]| said(&steps.map(|step| (place + step) % UNHEARD));
            let (title, text) = (near([0, 1, 4]), near([0, 2, 5]));
            let mut body = result(&school, &title, &format!("关于{text}的研究与工艺。"));
            body["keywords"] = json!([WORDS[place]]);
            results.push(staff.create("results", &body).await);
            let owner = if place % 3 == 0 { &firm } else { &rival };
            let mut wish = demand(owner, &title, &format!("我厂的{text}总出问题。"));
            wish["confidentiality"] = json!(if place % 2 == 0 { "public" } else { "members" });
            wish["industries"] = json!(["C3391"]);
            wish["region"] = json!("130927");
            staff.create("demands", &wish).await;
            if place % 4 == 0 {
                let mut body = expert(&school, &format!("陈志{}", WORDS[place]));
                body["expertise"] = json!([WORDS[place], WORDS[(place + 3) % UNHEARD]]);
                experts.push(staff.create("experts", &body).await);
            }
        }
        let mut own = demand(&rival, &said(&[0, 5]), &format!("{}，不可外传。", said(&[1, 6, 8])));
        own["confidentiality"] = json!("centre_only");
        staff.create_findable("demands", &own).await;
        Self { staff, firm, rival, school, results, experts }
    }

    /// A record that most may not see.
    async fn hide(&self, secret: &Secret) -> String {
        let (title, text) = (said(&secret.title), format!("我厂的{}，不可外传。", said(&secret.text)));
        let keywords: Vec<&str> = secret.title.iter().map(|place| WORDS[*place]).take(1).collect();
        let (plural, mut body) = match secret.kind {
            Hidden::Draft => ("results", result(&self.school, &title, &text)),
            Hidden::CentreOnly | Hidden::Members => ("demands", demand(&self.firm, &title, &text)),
        };
        match secret.kind {
            Hidden::Draft => body["status"] = json!("draft"),
            Hidden::CentreOnly => body["confidentiality"] = json!("centre_only"),
            Hidden::Members => body["confidentiality"] = json!("members"),
        }
        body["keywords"] = json!(keywords);
        body["industries"] = json!(["C3391"]);
        body["region"] = json!("130927");
        self.staff.create_findable(plural, &body).await
    }
}

fn said(places: &[usize]) -> String {
    places.iter().map(|place| WORDS[*place]).collect::<Vec<_>>().join("的")
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Hidden {
    CentreOnly,
    Draft,
    /// Hidden from the public only.
    Members,
}

/// What is hidden.
#[derive(Clone, Debug)]
struct Secret {
    kind: Hidden,
    title: Vec<usize>,
    text: Vec<usize>,
}

/// What is asked: some words, and a record whose matches are looked at.
#[derive(Clone, Debug)]
struct Curiosity {
    words: Vec<usize>,
    text: Vec<usize>,
    record: Index,
    limit: usize,
}

fn cases() -> impl Strategy<Value = (Secret, Curiosity)> {
    let kind = select(vec![Hidden::CentreOnly, Hidden::Draft, Hidden::Members]);
    let word = || 0..WORDS.len();
    let secret = (kind, vec(word(), 1..4), vec(word(), 1..9));
    let curiosity = (vec(word(), 1..4), vec(word(), 1..16), any::<Index>(), 1_usize..6);
    (secret, curiosity).prop_map(|((kind, title, text), (words, asked, record, limit))| {
        (Secret { kind, title, text }, Curiosity { words, text: asked, record, limit })
    })
}

/// Whatever can be asked about the words, each with its answer.
async fn answers(client: &Client, county: &County, curiosity: &Curiosity) -> Vec<(String, String)> {
    let Curiosity { words, text, record, limit } = curiosity;
    let words = words.iter().map(|place| WORDS[*place]).collect::<Vec<_>>().join("%20");
    let (result, expert) = (record.get(&county.results), record.get(&county.experts));
    let (firm, rival) = (&county.firm, &county.rival);
    let mut heard = Vec::new();
    for path in [
        format!("search?q={words}&limit={limit}"),
        format!("search?q={words}&kind=demand"),
        format!("search?q={words}&kind=demand,result&limit={limit}"),
        format!("search?q={words}&kind=demand&industry=C33&region=130900"),
        format!("results/{result}/matches?kind=demand"),
        format!("results/{result}/matches?kind=demand&hard=region&limit={limit}"),
        format!("results/{result}/matches?kind=organisation"),
        format!("experts/{expert}/matches?kind=demand&limit={limit}"),
        format!("organisations/{rival}/matches?kind=result&limit={limit}"),
        format!("demands?limit={limit}"),
        format!("demands?enterprise_id={firm}"),
        "demands?confidentiality=centre_only".to_owned(),
        "demands?confidentiality=members&status=open&industry=C33".to_owned(),
        format!("results?limit={limit}"),
        "results?status=draft".to_owned(),
    ] {
        let path = format!("/v1/{path}");
        let answer = client.get(&path).await;
        if let Some(cursor) = answer.body["next_cursor"].as_str() {
            let next = format!("{path}&cursor={cursor}");
            heard.push((next.clone(), told(&client.get(&next).await)));
        }
        heard.push((path, told(&answer)));
    }
    for kind in ["demand", "result", "expert", "organisation"] {
        let text = text.iter().fold(String::from("我厂"), |mut text, place| {
            let _ = write!(text, "的{}和", WORDS[*place]);
            text
        });
        let body = json!({"kind": kind, "text": text, "keywords": [WORDS[curiosity.words[0]]], "limit": 10 * limit});
        heard.push((format!("POST {body}"), told(&client.post("/v1/matches", &body).await)));
    }
    heard
}

/// What an answer tells, but for what is another with every answer.
fn told(answer: &Answer) -> String {
    if answer.header("content-type") != Some("application/problem+json") {
        return format!("{} {}", answer.status, answer.text);
    }
    let mut problem = answer.body.clone();
    problem["trace_id"] = Value::Null;
    problem["instance"] = Value::Null;
    format!("{} {problem}", answer.status)
}

/// What comes of asking for one record, in every way, without knowing it.
async fn approach(client: &Client, plural: &str, id: &str) -> Vec<String> {
    let path = format!("/v1/{plural}/{id}");
    let mut heard = Vec::new();
    for (method, path, etag) in [
        ("GET", path.clone(), None),
        ("HEAD", path.clone(), None),
        ("GET", format!("{path}/history"), None),
        ("GET", format!("{path}/matches?kind={}", if plural == "demands" { "result" } else { "demand" }), None),
        ("PATCH", path.clone(), None),
        ("PATCH", path.clone(), Some("\"1\"")),
        ("PATCH", path.clone(), Some("\"9\"")),
        ("PUT", path.clone(), Some("\"1\"")),
        ("DELETE", path.clone(), None),
        ("DELETE", path.clone(), Some("\"1\"")),
    ] {
        let mut request = client.request(method, &path);
        if let Some(etag) = etag {
            request = request.header("if-match", etag);
        }
        request = match method {
            "PATCH" => request.header("content-type", "application/merge-patch+json").body("{\"title\": \"新题目\"}"),
            "PUT" => request.json(&json!({})),
            _ => request,
        };
        heard.push(format!("{method} {etag:?}: {}", told(&send(request).await)));
    }
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_changes_nothing_for_those_who_may_not_see_it() {
    let service = Service::start().await;
    let county = County::of(&service).await;
    let onlookers = [
        ("the public", service.public()),
        ("another enterprise", service.enterprise(&county.rival).await),
        ("an expert", service.expert(&county.experts[0]).await),
    ];
    let config = Config { cases: CASES, max_shrink_iters: 30, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let outcome = runner.run(&cases(), |(secret, curiosity)| {
            let onlookers = if secret.kind == Hidden::Members { &onlookers[..1] } else { &onlookers[..] };
            runtime.block_on(nothing_changes(onlookers, &county, &secret, &curiosity))
        });
        if let Err(error) = outcome {
            panic!("{error}");
        }
    });
}

async fn nothing_changes(
    onlookers: &[(&str, Client)],
    county: &County,
    secret: &Secret,
    curiosity: &Curiosity,
) -> Result<(), TestCaseError> {
    let ask = || futures_util::future::join_all(onlookers.iter().map(|(_, who)| answers(who, county, curiosity)));
    let before = ask().await;
    let id = county.hide(secret).await;
    let after = ask().await;
    let plural = if secret.kind == Hidden::Draft { "results" } else { "demands" };
    let nowhere = Uuid::now_v7().to_string();
    for ((name, who), (before, after)) in onlookers.iter().zip(before.into_iter().zip(after)) {
        for (before, after) in before.into_iter().zip(after) {
            proptest::prop_assert_eq!(before, after, "told to {}", name);
        }
        let (there, not) = (approach(who, plural, &id).await, approach(who, plural, &nowhere).await);
        proptest::prop_assert_eq!(there, not, "told to {}", name);
    }
    Ok(())
}

/// The ids and scores that are found by words.
async fn found(client: &Client, query: &str) -> Vec<(String, f64)> {
    let answer = client.get(&format!("/v1/search?q={query}")).await;
    let items = answer.expect(200)["items"].as_array().expect("items").clone();
    assert_eq!(answer.body["total"], items.len());
    items.iter().map(|item| (text_of(&item["id"]), item["score"].as_f64().expect("a score"))).collect()
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_see_a_confidential_demand_finds_it_as_if_it_were_open() {
    let service = Service::start().await;
    let county = County::of(&service).await;
    let secret = Secret { kind: Hidden::CentreOnly, title: vec![12, 3], text: vec![0, 1, 13, 2] };
    let id = county.hide(&secret).await;
    let owner = service.enterprise(&county.firm).await;
    let rival = service.enterprise(&county.rival).await;
    for who in [&owner, &county.staff] {
        // By a word that no open record has, by one that some have, and by both.
        for query in [WORDS[12].to_owned(), WORDS[3].to_owned(), format!("{}%20{}", WORDS[3], WORDS[12])] {
            let found = found(who, &format!("{query}&kind=demand")).await;
            let (_, score) = found.iter().find(|(found, _)| *found == id).expect("the demand is found");
            assert!(*score > 0.3, "{query}: {score}");
        }
        let matches = who.get(&format!("/v1/results/{}/matches?kind=demand", county.results[1])).await;
        assert!(matches.ids().contains(&id), "{}", matches.text);
        let text = json!({"kind": "demand", "text": "球墨铸铁阀体的护套耐寒，冒口处有缩松"});
        let matches = who.post("/v1/matches", &text).await;
        assert_eq!(matches.ids()[0], id, "{}", matches.text);
        assert!(matches.body["items"][0]["score"].as_f64().is_some_and(|score| score > 0.1 && score <= 1.0));
    }
    for who in [&rival, &service.public()] {
        assert!(found(who, &format!("{}&kind=demand", WORDS[12])).await.is_empty());
        assert!(found(who, &format!("{}&kind=demand", WORDS[3])).await.iter().all(|(found, _)| *found != id));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_records_score_the_same_for_all_members_and_the_staff() {
    let service = Service::start().await;
    let county = County::of(&service).await;
    for text in [vec![0, 1, 2], vec![3, 4, 13], vec![1, 12, 7, 5]] {
        county.hide(&Secret { kind: Hidden::CentreOnly, title: text.clone(), text }).await;
    }
    let query = format!("{}%20{}&kind=demand", WORDS[1], WORDS[12]);
    let seen = found(&service.expert(&county.experts[0]).await, &query).await;
    assert!(seen.len() > 2);
    for who in [service.enterprise(&county.firm).await, service.staff().await] {
        let more = found(&who, &query).await;
        assert!(more.len() > seen.len());
        assert!(seen.iter().all(|record| more.contains(record)), "{seen:?} {more:?}");
    }
}
