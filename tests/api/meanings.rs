//! What records mean is known soon after they were written, once for each text, whoever is ended when.

use std::time::{Duration, Instant};

use duijie::matching::{Change, documents};
use duijie::registry::Kind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Client, Service, connect, demand, enterprise, new_database, result};

const MODEL: &str = "e5-small-462b0d83-c7593fca";

/// The unoptimised program takes its time over each text.
const PATIENCE: Duration = Duration::from_mins(1);

/// A service that knows what texts mean, someone of its staff, and a holder of results.
async fn start(url: String) -> (Service, Client, String) {
    let service = Service::start_with_meaning_on(url).await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    (service, staff, firm)
}

async fn meaning(service: &Service) -> String {
    let ready = service.public().get("/health/ready").await;
    ready.expect(200)["meaning"].as_str().expect("a word").to_owned()
}

/// Waits until no record waits for its vectors.
async fn settle(service: &Service) {
    let started = Instant::now();
    while meaning(service).await != "pass" {
        assert!(started.elapsed() < PATIENCE, "it does not come to an end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the database answers yes.
async fn until(past: &tokio_postgres::Client, question: &str) {
    let started = Instant::now();
    while !past.query_one(question, &[]).await.expect("a row").get::<_, bool>(0) {
        assert!(started.elapsed() < PATIENCE, "never: {question}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// How often a record was written or its text was computed.
async fn changes(service: &Service, id: &str) -> String {
    service.value(&format!("SELECT count(*) FROM changes WHERE record_id = '{id}'")).await
}

/// The row of a record, and which transaction wrote it.
async fn row(service: &Service, id: &str) -> String {
    let row = format!(
        "SELECT concat_ws(' ', min(xmin::text), min(kind), min(model), min(encode(digest, 'hex')),
                       min(octet_length(vectors)), count(*)) FROM meanings WHERE record_id = '{id}'"
    );
    service.value(&row).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_computed_when_it_is_new_or_changed_and_only_then() {
    let (service, staff, firm) = start(new_database().await).await;
    let id = staff.create("results", &result(&firm, "球铁缩松", "冷铁与发热冒口控制缩松。")).await;
    assert_eq!(meaning(&service).await, "filling");
    settle(&service).await;
    let first = row(&service, &id).await;
    // printf '球铁缩松\n冷铁与发热冒口控制缩松。' | sha256sum
    let digest = "69e8ca81a246f6d9b55dcb1c3c9096fa1599e5dfce2699be9c155e7c9ecd75ce";
    assert!(first.ends_with(&format!(" result {MODEL} {digest} 388 1")), "{first}");
    let sentences = "SELECT octet_length(sentences)::text FROM meanings WHERE kind = 'result'";
    assert_eq!(service.value(sentences).await, "800");
    assert_eq!(changes(&service, &id).await, "2");

    let path = format!("/v1/results/{id}");
    staff.patch(&path, "\"1\"", &json!({"maturity": 5})).await.expect(200);
    settle(&service).await;
    assert_eq!((row(&service, &id).await, &*changes(&service, &id).await), (first.clone(), "3"));

    staff.patch(&path, "\"2\"", &json!({"title": "球铁缩松的控制"})).await.expect(200);
    settle(&service).await;
    let second = row(&service, &id).await;
    assert!(second != first && !second.contains(digest) && second.ends_with(" 388 1"), "{second}");
    assert_eq!(changes(&service, &id).await, "5");

    staff.delete(&path, "\"3\"").await.expect(204);
    settle(&service).await;
    assert_eq!(row(&service, &id).await, "0");
    assert_eq!(changes(&service, &id).await, "6");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_before_is_filled_in_and_long_texts_have_several_vectors() {
    let url = new_database().await;
    let before = Service::start_on(url.clone()).await;
    let staff = before.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let long = "冷铁与发热冒口配合，可以控制球墨铸铁件的缩松。".repeat(15);
    let id = staff.create("results", &result(&firm, "球铁缩松", &long)).await;
    staff.patch(&format!("/v1/results/{id}"), "\"1\"", &json!({"keywords": ["冒口"]})).await.expect(200);
    assert_eq!((&*meaning(&before).await, &*row(&before, &id).await), ("off", "0"));
    before.stop().await;

    let service = Service::start_with_meaning_on(url).await;
    settle(&service).await;
    assert_eq!(changes(&service, &firm).await, "2");
    assert_eq!(changes(&service, &id).await, "3");
    let mut connection = service.database.lasting_connection().await.expect("a connection");
    let ids = [Uuid::try_parse(&id).expect("an id")];
    let mut vectors = Vec::new();
    for model in [Some(MODEL), Some("another"), None] {
        let loaded = documents::load(Kind::Result, &ids, model, &mut connection).await.expect("a record");
        let [Change::Put(document)] = loaded.changes.as_slice() else { panic!("it is not there") };
        vectors.push(document.meaning.clone());
    }
    assert!(vectors[0].len() > 1 && vectors[1].is_empty() && vectors[2].is_empty());
    assert!(vectors[0].iter().all(|vector| (vector.cosine(vector) - 1.0).abs() < 0.01));
    // What is stored of another text is not that record's.
    let change = "UPDATE meanings SET digest = sha256('another') WHERE kind = 'result'";
    service.sql(change).await.expect("a change");
    let loaded = documents::load(Kind::Result, &ids, Some(MODEL), &mut connection).await.expect("a record");
    assert!(matches!(loaded.changes.as_slice(), [Change::Put(document)] if document.meaning.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_ended_half_way_is_gone_on_from_by_the_next() {
    let url = new_database().await;
    let (service, staff, firm) = start(url.clone()).await;
    settle(&service).await;
    let past = connect(&url).await;
    // What is computed cannot be kept for now. A lock of this kind is no transaction that the index waits for.
    past.batch_execute("BEGIN; LOCK TABLE meanings IN SHARE MODE").await.expect("a lock");
    for number in 0..40 {
        staff.create("results", &result(&firm, &format!("缩松{number}"), "冷铁与发热冒口控制缩松。")).await;
    }
    until(&past, "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'meanings'::regclass AND NOT granted)").await;
    service.stop().await;
    past.batch_execute("COMMIT").await.expect("an end");
    until(&past, "SELECT count(*) BETWEEN 2 AND 40 FROM meanings").await;
    let next = Service::start_with_meaning_on(url).await;
    settle(&next).await;
    assert_eq!(next.value("SELECT count(*) FROM meanings").await, "41");
    assert_eq!(next.value("SELECT count(*) FROM changes").await, "82", "a text was computed twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_compute_each_text_once() {
    let url = new_database().await;
    let (one, staff, firm) = start(url.clone()).await;
    let other = Service::start_with_meaning_on(url).await;
    let colleague = other.staff().await;
    for number in 0..10 {
        for (name, by) in [("甲", &staff), ("乙", &colleague)] {
            by.create("results", &result(&firm, &format!("缩松{name}{number}"), "冷铁与发热冒口控制缩松。")).await;
        }
    }
    settle(&one).await;
    settle(&other).await;
    assert_eq!(one.value("SELECT count(*) FROM meanings").await, "21");
    assert_eq!(one.value("SELECT count(*) FROM changes").await, "42");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_has_come_by_all_records_takes_the_place_of_the_one_before() {
    let url = new_database().await;
    let before = Service::start_on(url.clone()).await;
    let firm = before.staff().await.create("organisations", &enterprise("五金厂")).await;
    let old = format!(
        "INSERT INTO meaning_position VALUES ('older', '9', 9);
         INSERT INTO meanings VALUES ('organisation', '{firm}', 'older', sha256('older'), decode(repeat('00', 776), 'hex'))"
    );
    before.sql(&old).await.expect("what an older model left");
    before.stop().await;
    let service = Service::start_with_meaning_on(url).await;
    settle(&service).await;
    let left = "SELECT string_agg(model, ' ') FROM meaning_position";
    let started = Instant::now();
    while service.value(left).await != MODEL {
        assert!(started.elapsed() < PATIENCE, "the older one stays");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(service.value("SELECT string_agg(model, ' ') FROM meanings").await, MODEL);
    // One that lost its place leaves the field to the other.
    service.sql("DELETE FROM meaning_position").await.expect("a removal");
    let staff = service.staff().await;
    let id = staff.create_findable("results", &result(&firm, "球铁缩松", "冷铁与发热冒口控制缩松。")).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!((&*meaning(&service).await, &*row(&service, &id).await), ("filling", "0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_that_are_none_cannot_be_stored() {
    let service = Service::start().await;
    let insert = |kind: &str, digest: &str, bytes: usize| {
        format!(
            "INSERT INTO meanings VALUES ('{kind}', gen_random_uuid(), 'm', {digest}, decode(repeat('00', {bytes}), 'hex'))"
        )
    };
    let sentences = |bytes: usize| format!("UPDATE meanings SET sentences = decode(repeat('00', {bytes}), 'hex')");
    let digest = "sha256('x')";
    for (kind, digest, bytes) in
        [("patent", digest, 388), ("result", "'short'", 388), ("result", digest, 0), ("result", digest, 387)]
    {
        let refused = service.sql(&insert(kind, digest, bytes)).await.expect_err("a rule");
        assert!(refused.starts_with("23514"), "{refused}");
    }
    service.sql(&insert("result", digest, 776)).await.expect("a good row is taken");
    let refused = service.sql(&sentences(399)).await.expect_err("a rule");
    assert!(refused.starts_with("23514"), "{refused}");
    service.sql(&sentences(800)).await.expect("good ones are taken");
}

/// The matches at an address or of a text, once the index knows what they mean.
async fn matches(ask: impl AsyncFn() -> Vec<Value>) -> Vec<Value> {
    let started = Instant::now();
    loop {
        let items = ask().await;
        if items.iter().any(|item| feature(item, "meaning") > 0.0) {
            return items;
        }
        assert!(started.elapsed() < PATIENCE, "nothing is found by its meaning: {items:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn feature(item: &Value, name: &str) -> f64 {
    let features = item["explanation"]["features"].as_array().expect("features");
    let found = features.iter().find(|feature| feature["name"] == name).expect("a feature");
    found["contribution"].as_f64().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_shares_no_word_is_found_by_what_it_means() {
    let (service, staff, firm) = start(new_database().await).await;
    let near = staff.create("results", &result(&firm, "活性艳红的微生物脱色", "白腐真菌降解偶氮染料。")).await;
    staff.create("results", &result(&firm, "羔羊早期断奶", "断奶日龄对羔羊增重的影响。")).await;
    let (title, said) = ("水去不掉颜色", "布染完，排出来的水红得很，怎么弄都不清。");
    let wanted = staff.create("demands", &demand(&firm, title, said)).await;
    settle(&service).await;
    let public = service.public();
    let items = |answer: Answer| answer.expect(200)["items"].as_array().expect("items").clone();
    let text = json!({"kind": "result", "title": title, "text": said});
    let typed_in = matches(async || items(public.post("/v1/matches", &text).await)).await;
    let registered = format!("/v1/demands/{wanted}/matches?kind=result");
    let registered = matches(async || items(public.get(&registered).await)).await;
    for found in [typed_in, registered] {
        assert_eq!(found[0]["id"], *near);
        let explanation = &found[0]["explanation"];
        assert_eq!(explanation["terms"].as_array().map(Vec::len), Some(0), "{explanation}");
        let features = explanation["features"].as_array().expect("features");
        let sum: f64 = features.iter().filter_map(|feature| feature["contribution"].as_f64()).sum();
        assert!((sum - explanation["raw"].as_f64().expect("a number")).abs() < 1e-3, "{explanation}");
        let nearest = &explanation["nearest"];
        let (query, record) = (&nearest["query"], &nearest["record"]);
        assert!(*query == json!({"field": "title", "text": title}) || *query == json!({"field": "text", "text": said}));
        let titled = json!({"field": "title", "text": "活性艳红的微生物脱色"});
        assert!(*record == titled || *record == json!({"field": "body", "text": "白腐真菌降解偶氮染料。"}), "{record}");
        let cosine = nearest["cosine"].as_f64().expect("a number");
        assert!((0.2..1.0).contains(&cosine), "{explanation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_what_is_near_in_meaning_if_it_is_asked_to() {
    let (service, staff, firm) = start(new_database().await).await;
    let near = staff.create("results", &result(&firm, "活性艳红的微生物脱色", "白腐真菌降解偶氮染料废水。")).await;
    staff.create("results", &result(&firm, "羔羊早期断奶", "断奶日龄对羔羊增重的影响。")).await;
    settle(&service).await;
    let path = "/v1/search?q=怎么去掉染缸水里的颜色&kind=result";
    let search = async |more: &str| service.public().get(&format!("{path}{more}")).await.expect(200).clone();
    for by_words in [search("").await, search("&meaning=false").await] {
        assert_eq!((by_words["items"].as_array().map(Vec::len), &by_words["total"]), (Some(0), &json!(0)));
    }
    let started = Instant::now();
    let found = loop {
        let found = search("&meaning=true").await;
        if found["total"] != 0 {
            break found;
        }
        assert!(started.elapsed() < PATIENCE, "nothing is found by its meaning");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let items = found["items"].as_array().expect("items");
    assert_eq!((items.len(), &items[0]["record"]["id"]), (1, &json!(near)), "{found}");
    assert_eq!(
        (&found["total"], &found["facets"]["status"][0]),
        (&json!(1), &json!({"value": "published", "count": 1}))
    );
    let refused = service.public().get(&format!("{path}&meaning=yes")).await;
    assert_eq!(refused.expect(400)["errors"][0]["pointer"], "/meaning");
}

#[tokio::test(flavor = "multi_thread")]
async fn english_finds_chinese_records_by_the_words_that_it_stands_for() {
    let (service, staff, firm) = start(new_database().await).await;
    let near = staff.create("results", &result(&firm, "活性艳红的微生物脱色", "白腐真菌降解偶氮染料废水。")).await;
    staff.create("results", &result(&firm, "羔羊早期断奶", "断奶日龄对羔羊增重的影响。")).await;
    let (title, text) =
        ("Dye wastewater keeps its colour", "We dye cloth and want to know which fungi clear the wastewater.");
    let wanted = staff.create("demands", &demand(&firm, title, text)).await;
    settle(&service).await;
    for meaning in ["", "&meaning=true"] {
        let path = format!("/v1/search?q=dye%20wastewater%20decolorization&kind=result{meaning}");
        let found = service.public().get(&path).await;
        assert_eq!(found.expect(200)["items"][0]["record"]["id"], *near, "{meaning}");
        assert_eq!(found.expect(200)["total"], 1, "{meaning}");
    }
    let typed = async || {
        let asked = json!({"kind": "result", "title": title, "text": text});
        service.public().post("/v1/matches", &asked).await.expect(200)["items"].as_array().expect("items").clone()
    };
    let registered = async || {
        let answer = staff.get(&format!("/v1/demands/{wanted}/matches?kind=result")).await;
        answer.expect(200)["items"].as_array().expect("items").clone()
    };
    for items in [matches(typed).await, matches(registered).await] {
        assert_eq!(items[0]["record"]["id"], *near);
        let explanation = &items[0]["explanation"];
        let terms = explanation["terms"].as_array().expect("terms");
        let term = terms.iter().find(|term| term["term"] == "废水").expect("a term by its translation");
        assert_eq!(term["stands_for"], "wastewater");
        assert_eq!((&term["query_fields"], &term["record_fields"]), (&json!(["title", "text"]), &json!(["body"])));
        let features = explanation["features"].as_array().expect("features");
        let sum: f64 = features.iter().filter_map(|feature| feature["contribution"].as_f64()).sum();
        assert!((sum - explanation["raw"].as_f64().expect("a number")).abs() < 1e-3, "{explanation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_long_record_the_sentence_is_quoted_that_is_near() {
    let (service, staff, firm) = start(new_database().await).await;
    let apart = "断奶日龄对羔羊增重有影响，应当早补饲料。".repeat(16);
    let told = ["染料废水的颜色用白腐真菌去除。", "两天后废水由红变清，色度去除率达到九成。"];
    let mut long = result(&firm, "两项研究", &format!("{apart}\n{}", told.concat()));
    long["keywords"] = json!(["羔羊", "断奶"]);
    let id = staff.create("results", &long).await;
    let said = "排出来的水红得很，怎么去掉染缸水里的颜色？";
    let wanted = staff.create("demands", &demand(&firm, "我们的难处", &format!("小厂一共二十个人。{said}"))).await;
    settle(&service).await;
    let ask = async || {
        let answer = staff.get(&format!("/v1/demands/{wanted}/matches?kind=result")).await;
        answer.expect(200)["items"].as_array().expect("items").clone()
    };
    let found = matches(ask).await;
    let nearest = &found[0]["explanation"]["nearest"];
    assert_eq!(found[0]["id"], *id);
    assert_eq!(nearest["query"], json!({"field": "text", "text": said}));
    assert!(told.iter().any(|told| nearest["record"] == json!({"field": "body", "text": told})), "{nearest}");
    // What has other words by now is not quoted by its old ones, however near it still seems to the index.
    service.sql("UPDATE meanings SET digest = sha256('another') WHERE kind = 'result'").await.expect("a change");
    let found = ask().await;
    assert!(feature(&found[0], "meaning") > 0.0);
    assert_eq!(found[0]["explanation"].get("nearest"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_quoted_that_a_caller_may_not_read_or_that_words_alone_have_found() {
    let (service, staff, firm) = start(new_database().await).await;
    let secret = "秘密配方用白腐真菌使染料废水脱色。";
    let mut closed = demand(&firm, "废水脱色", secret);
    closed["confidentiality"] = json!("centre_only");
    staff.create("demands", &closed).await;
    staff.create("demands", &demand(&firm, "染料废水脱色", "印染厂的染料废水要脱色。")).await;
    let result = staff.create("results", &result(&firm, "活性艳红的微生物脱色", "白腐真菌降解偶氮染料。")).await;
    settle(&service).await;
    let path = format!("/v1/results/{result}/matches?kind=demand");
    let items = |answer: Answer| answer.expect(200)["items"].as_array().expect("items").clone();
    let all = matches(async || items(staff.get(&path).await)).await;
    assert!(all.len() == 2 && format!("{all:?}").contains("秘密配方"), "{all:?}");
    let public = matches(async || items(service.public().get(&path).await)).await;
    assert!(public.len() == 1 && !format!("{public:?}").contains("秘密配方"), "{public:?}");
    for item in all {
        let near = feature(&item, "meaning") > 0.0;
        assert_eq!(near, item["explanation"].get("nearest").is_some(), "{item}");
    }
}
