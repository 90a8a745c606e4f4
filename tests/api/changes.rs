//! The change feed: every change once, in order, to those who may know; pages, waiting, streams.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper_util::client::legacy::Client as Http;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::harness::{Client, Service, connect, demand, enterprise, result, send};

/// A copy of the records that a caller may read, kept by what the feed says.
struct Follower {
    client: Client,
    position: Option<String>,
    records: HashMap<String, Value>,
    /// Kind, version and action of each change, in order.
    seen: Vec<(String, i64, String)>,
}

impl Follower {
    fn new(client: Client) -> Self {
        Self { client, position: None, records: HashMap::new(), seen: Vec::new() }
    }

    /// Takes in one page; whether there is more.
    async fn step(&mut self, query: &str) -> bool {
        let after = self.position.as_ref().map_or_else(String::new, |position| format!("&after={position}"));
        let answer = self.client.get(&format!("/v1/changes?{query}{after}")).await;
        let page = answer.expect(200);
        for change in page["items"].as_array().expect("items") {
            let text = |name: &str| change[name].as_str().expect(name).to_owned();
            self.seen.push((text("kind"), change["version"].as_i64().expect("a version"), text("action")));
            match change.get("record") {
                Some(record) => self.records.insert(text("id"), record.clone()),
                None => self.records.remove(&text("id")),
            };
        }
        self.position = Some(page["position"].as_str().expect("a position").to_owned());
        page["more"].as_bool().expect("whether there is more")
    }

    async fn catch_up(&mut self) {
        while self.step("limit=3").await {}
    }

    /// Catches up until so many changes were told in all. What has committed is told once nothing older is open, in other
    /// databases of the server either.
    async fn told(&mut self, count: usize) {
        let started = Instant::now();
        while self.seen.len() < count {
            self.catch_up().await;
            assert!(started.elapsed() < Duration::from_secs(20), "{:?}", self.seen);
        }
    }
}

fn told(seen: &[(&str, i64, &str)]) -> Vec<(String, i64, String)> {
    seen.iter().map(|(kind, version, action)| ((*kind).to_owned(), *version, (*action).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_is_told_every_change_of_what_it_may_read_and_nothing_else() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let mut public = Follower::new(service.public());
    public.catch_up().await;
    assert!(public.seen.is_empty());
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let member = service.enterprise(&firm).await;
    let mut draft = result(&firm, "冲压模具", "关于冲压模具寿命的一项成果。");
    draft["status"] = json!("draft");
    let path = format!("/v1/results/{}", staff.create("results", &draft).await);
    let mut secret = demand(&firm, "缩松", "球铁阀体总有缩松，废品。");
    secret["confidentiality"] = json!("members");
    staff.create("demands", &secret).await;
    public.told(1).await;
    assert_eq!(public.seen, told(&[("organisation", 1, "put")]));

    // Published, changed, withdrawn, changed unseen, published again, deleted.
    let patch = async |version: i64, patch: Value| {
        staff.patch(&path, &format!("\"{version}\""), &patch).await.expect(200);
    };
    public.seen.clear();
    patch(1, json!({"status": "published"})).await;
    public.told(1).await;
    patch(2, json!({"title": "冲压模具寿命"})).await;
    public.told(2).await;
    assert_eq!(
        public.records.values().find(|record| record["title"] == "冲压模具寿命").map(|record| &record["version"]),
        Some(&json!(3))
    );
    patch(3, json!({"status": "withdrawn"})).await;
    public.told(3).await;
    patch(4, json!({"title": "不公开的标题"})).await;
    public.told(3).await;
    patch(5, json!({"status": "published"})).await;
    public.told(4).await;
    staff.delete(&path, "\"6\"").await.expect(204);
    public.told(5).await;
    let each = [(2, "put"), (3, "put"), (4, "gone"), (6, "put"), (7, "gone")];
    assert_eq!(public.seen, told(&each.map(|(version, action)| ("result", version, action))));
    assert_eq!(public.records.len(), 1);

    // Who comes later is told the same changes, but not what is no longer said.
    let mut late = Follower::new(service.public());
    late.told(6).await;
    assert_eq!((late.seen.len(), late.records), (6, public.records));
    assert!(late.seen.iter().all(|(kind, _, action)| kind == "organisation" || action == "gone"));

    // Others may read more.
    for (client, count) in [(member, 2), (staff.clone(), 2)] {
        let mut follower = Follower::new(client);
        follower.told(9).await;
        assert_eq!(follower.records.len(), count, "{:?}", follower.seen);
    }
    let mut results = Follower::new(service.public());
    results.step("kind=result&limit=100").await;
    assert_eq!(results.seen.len(), 5);

    // What the indexes are told for themselves nobody is told.
    let before = late.seen.len();
    service
        .sql("INSERT INTO changes (kind, record_id, version, is_write) SELECT 'organisation', id, version, false FROM organisations")
        .await
        .expect("a row");
    let mut late = Follower { records: HashMap::new(), ..late };
    late.catch_up().await;
    assert_eq!((late.seen.len(), late.records.len()), (before, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_is_neither_skipped_nor_told_twice() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let open = async || connect(&service.url).await;
    let insert = |name: &str| {
        format!(
            "INSERT INTO organisations (id, created_at, updated_at, name, kind)
             VALUES (gen_random_uuid(), now(), now(), '{name}', 'enterprise')"
        )
    };
    let mut follower = Follower::new(service.public());
    let (mut expected, mut waiting) = (0, Vec::new());
    for round in 0..30 {
        // One that was begun before others and commits after them.
        let late = open().await;
        late.batch_execute(&format!("BEGIN; {}", insert(&format!("晚到{round}")))).await.expect("a row");
        staff.create("organisations", &enterprise(&format!("先到{round}"))).await;
        waiting.push(late);
        expected += 2;
        follower.catch_up().await;
        if round % 3 == 2 {
            // In another order than they were begun.
            waiting.rotate_left(1);
            for late in waiting.drain(..) {
                late.batch_execute("COMMIT").await.expect("a commit");
                follower.catch_up().await;
            }
        }
    }
    follower.told(expected).await;
    assert_eq!((follower.seen.len(), follower.records.len()), (expected, expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_prefers_to_wait_is_answered_as_soon_as_something_changes() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let mut follower = Follower::new(service.public());
    follower.catch_up().await;
    let path = format!("/v1/changes?after={}", follower.position.as_deref().expect("a position"));
    let started = Instant::now();
    let empty = send(service.public().request("GET", &path).header("prefer", "wait=1")).await;
    assert_eq!(empty.expect(200)["items"], json!([]));
    assert_eq!(empty.header("preference-applied"), Some("wait=1"));
    assert!(started.elapsed() >= Duration::from_secs(1));
    let waiting = tokio::spawn(send(service.public().request("GET", &path).header("prefer", "wait=20")));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let started = Instant::now();
    staff.create("organisations", &enterprise("五金厂")).await;
    let answer = waiting.await.expect("an answer");
    assert_eq!(answer.expect(200)["items"][0]["record"]["name"], "五金厂");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

/// A stream of events that is open.
struct Stream {
    body: Incoming,
    text: String,
}

impl Stream {
    async fn open(client: &Client, address: &str, last: Option<&str>) -> Self {
        let mut request =
            hyper::Request::builder().uri(format!("{address}/v1/changes")).header("accept", "text/event-stream");
        if client.has_token() {
            request = request.header("authorization", format!("Bearer {}", client.token()));
        }
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let http: Http<_, Empty<Bytes>> = Http::builder(TokioExecutor::new()).build_http();
        let response = http.request(request.body(Empty::new()).expect("a request")).await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next event that has data, and its id.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
                if let Some(data) = field("data") {
                    assert_eq!(field("event"), Some("change"));
                    let id = field("id").expect("an id").to_owned();
                    return Some((id, serde_json::from_str(data).expect("JSON")));
                }
            }
            let frame = timeout(Duration::from_secs(10), self.body.frame()).await.expect("a frame in time")?;
            let bytes = frame.expect("a frame").into_data().expect("data");
            self.text.push_str(std::str::from_utf8(&bytes).expect("text"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_as_it_happens_and_goes_on_where_it_broke() {
    let service = Service::start().await;
    let staff = service.staff().await;
    staff.create("organisations", &enterprise("第一厂")).await;
    let mut stream = Stream::open(&service.public(), &service.address, None).await;
    let name = |event: &Option<(String, Value)>| event.as_ref().map(|(_, data)| data["record"]["name"].clone());
    assert_eq!(name(&stream.next().await), Some(json!("第一厂")));
    staff.create("organisations", &enterprise("第二厂")).await;
    let second = stream.next().await;
    assert_eq!(name(&second), Some(json!("第二厂")));
    drop(stream);
    staff.create("organisations", &enterprise("第三厂")).await;
    let (last, data) = second.expect("an event");
    assert_eq!(data["position"], json!(last));
    let mut stream = Stream::open(&service.public(), &service.address, Some(&last)).await;
    assert_eq!(name(&stream.next().await), Some(json!("第三厂")));

    // A session that ends takes its stream with it.
    let mut own = Stream::open(&staff, &service.address, Some(&last)).await;
    assert_eq!(name(&own.next().await), Some(json!("第三厂")));
    send(staff.request("DELETE", "/v1/sessions/current")).await.expect(204);
    let other = service.staff().await;
    for number in 0..20 {
        other.create("organisations", &enterprise(&format!("后来{number}厂"))).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut told = 0;
    while own.next().await.is_some() {
        told += 1;
    }
    assert!(told < 20, "the stream went on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_of_nobody_is_refused() {
    let service = Service::start().await;
    let public = service.public();
    let own = public.get("/v1/changes").await.expect(200)["position"].as_str().expect("a position").to_owned();
    let other = Service::start().await.public().get("/v1/changes").await;
    let other = other.expect(200)["position"].as_str().expect("a position").to_owned();
    for (after, code) in [("x", "format"), (&*format!("{own}A"), "format"), (&*other, "other_database")] {
        let refused = public.get(&format!("/v1/changes?after={after}")).await;
        refused.problem(400, "invalid-parameter");
        assert_eq!(refused.faults(), [format!("/after {code}")]);
    }
    let wrong = public.get("/v1/changes?kind=docking&limit=0&since=1").await;
    wrong.problem(400, "invalid-parameter");
    assert_eq!(wrong.faults(), ["/kind not_allowed", "/limit out_of_range", "/since unknown_field"]);
    let stream = public.request("GET", "/v1/changes").header("accept", "text/event-stream");
    send(stream.header("last-event-id", "x")).await.problem(400, "invalid-parameter");
}
