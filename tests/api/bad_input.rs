//! What bad input gets: the right problem, and nothing changes.

use serde_json::{Value, json};

use crate::harness::{Service, demand, enterprise, expert, panics_logged, result, send};

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_json_or_too_large_or_of_another_type() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let post = |body: Vec<u8>, media_type: &'static str| {
        send(staff.request("POST", "/v1/organisations").header("content-type", media_type).body(body))
    };
    for body in ["", "{", "[1,]", "nul", "{\"name\": \"\\ud800\"}", "{\"name\": 1e999}", "\u{feff}{}"] {
        post(body.as_bytes().to_vec(), "application/json").await.problem(400, "malformed-body");
    }
    post(b"{\"name\": \"\xff\xfe\"}".to_vec(), "application/json").await.problem(400, "malformed-body");
    post("[".repeat(100_000).into_bytes(), "application/json").await.problem(400, "malformed-body");
    post(vec![b' '; 5 * 1024 * 1024], "application/json").await.problem(413, "payload-too-large");
    post(b"{}".to_vec(), "text/plain").await.problem(415, "unsupported-media-type");
    post(b"{}".to_vec(), "application/merge-patch+json").await.problem(415, "unsupported-media-type");
    for body in ["null", "[]", "3", "\"x\""] {
        let answer = post(body.as_bytes().to_vec(), "application/json; charset=utf-8").await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.faults(), [" wrong_type"]);
    }
    let unacceptable = send(service.public().request("GET", "/v1/results").header("accept", "text/csv")).await;
    unacceptable.problem(406, "not-acceptable");
    assert!(service.public().get("/v1/organisations").await.ids().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_a_body_are_told_at_once() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let answer = staff
        .post(
            "/v1/results",
            &json!({
                "title": "x", "keywords": ["甲", "甲"], "form": "idea", "maturity": 12, "industries": ["C9999"],
                "disciplines": ["999"], "holder_id": "x", "contributor_ids": "x", "cooperation": ["transfer", "transfer"],
                "intellectual_property": [{"kind": "invention", "status": "granted"}, {"kind": "x", "status": 1, "more": 2}],
                "asking_price": {"min": 5, "max": 1}, "region": "130999", "source": {"partner": "p", "url": "ftp://x"},
                "attachments": [{"name": "a", "url": "javascript:alert(1)"}], "status": "sold", "extra/field": null
            }),
        )
        .await;
    answer.problem(422, "invalid-input");
    assert_eq!(
        answer.faults(),
        [
            "/asking_price/max upside_down",
            "/attachments/0/url format",
            "/contributor_ids wrong_type",
            "/cooperation duplicate",
            "/disciplines/0 unknown_code",
            "/extra~1field unknown_field",
            "/form not_allowed",
            "/holder_id format",
            "/industries/0 unknown_code",
            "/intellectual_property/1/kind not_allowed",
            "/intellectual_property/1/more unknown_field",
            "/intellectual_property/1/status wrong_type",
            "/keywords duplicate",
            "/maturity out_of_range",
            "/region unknown_code",
            "/source/url format",
            "/status not_allowed",
            "/summary required",
            "/title too_short",
        ]
    );
    let demand = staff
        .post(
            "/v1/demands",
            &json!({"title": "缩松", "description": "球铁阀体热节处总有缩松。", "enterprise_id": "01939c5e-0000-7000-8000-000000000000",
                    "budget": {"min": 10, "max": 1}, "deadline": "2026-02-30", "wanted": [], "maturity_from": 0}),
        )
        .await;
    demand.problem(422, "invalid-input");
    assert_eq!(
        demand.faults(),
        ["/budget/max upside_down", "/deadline format", "/maturity_from out_of_range", "/wanted too_few"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_at_their_limits_pass_and_past_them_do_not() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let with = |field: &str, value: Value| {
        let mut body = result(&firm, "冲压模具", "关于冲压模具寿命的一项成果。");
        body[field] = value;
        body
    };
    let text = |length: usize| json!("炉".repeat(length));
    let keywords = |count: usize| json!((0..count).map(|number| format!("词{number}")).collect::<Vec<_>>());
    for (field, least, most) in [("title", 2, 200), ("summary", 10, 20_000)] {
        for length in [least, most] {
            staff.post("/v1/results", &with(field, text(length))).await.expect(201);
        }
        for length in [least - 1, most + 1] {
            staff.post("/v1/results", &with(field, text(length))).await.problem(422, "invalid-input");
        }
    }
    staff.post("/v1/results", &with("keywords", keywords(20))).await.expect(201);
    staff.post("/v1/results", &with("keywords", keywords(21))).await.problem(422, "invalid-input");
    staff.post("/v1/results", &with("keywords", json!(["词".repeat(50)]))).await.expect(201);
    staff.post("/v1/results", &with("keywords", json!(["词".repeat(51)]))).await.problem(422, "invalid-input");
    // Astral characters and combining marks count as scalar values after NFC.
    staff.post("/v1/results", &with("title", json!("𠮷".repeat(200)))).await.expect(201);
    staff.post("/v1/results", &with("title", json!("e\u{301}".repeat(200)))).await.expect(201);
    for wrong in ["冲压\u{0}模具", "冲压\n模具", "   ", "\u{3000}\u{3000}"] {
        staff.post("/v1/results", &with("title", json!(wrong))).await.problem(422, "invalid-input");
    }
    staff.post("/v1/results", &with("summary", json!("a\u{0}".repeat(20)))).await.problem(422, "invalid-input");
}

#[tokio::test(flavor = "multi_thread")]
async fn markup_and_sql_are_only_text() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let title = "<script>alert('x')</script>'; DROP TABLE results; --";
    let id = staff.create_findable("results", &result(&firm, title, "关于冲压模具寿命的一项成果。")).await;
    assert_eq!(staff.get(&format!("/v1/results/{id}")).await.expect(200)["title"], title);
    let found = service.public().get("/v1/search?q=%3Cscript%3Ealert&kind=result").await;
    assert_eq!(found.ids(), std::slice::from_ref(&id));
    for filter in
        ["holder_id=1%27%20OR%20%271%27=%271", "partner=x%27%20OR%201=1--", "region=%27", "status=published%27--"]
    {
        let answer = service.public().get(&format!("/v1/results?{filter}")).await;
        assert!(answer.status == 400 || answer.ids().is_empty(), "{filter}: {}", answer.text);
    }
    assert_eq!(service.public().get("/v1/results").await.ids(), [id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_that_break_rules_are_refused_with_the_parameter() {
    let service = Service::start().await;
    let public = service.public();
    let long = "q".repeat(10_000);
    for (path, fault) in [
        ("/v1/results?limit=0", "/limit out_of_range"),
        ("/v1/results?limit=101", "/limit out_of_range"),
        ("/v1/results?limit=ten", "/limit out_of_range"),
        ("/v1/results?limit=", "/limit out_of_range"),
        ("/v1/results?title=x", "/title unknown_field"),
        ("/v1/results?form=idea", "/form not_allowed"),
        ("/v1/results?form=process&form=product", "/form duplicate"),
        ("/v1/results?region=1", "/region unknown_code"),
        ("/v1/results?holder_id=1", "/holder_id format"),
        ("/v1/results?partner=%00", "/partner control_character"),
        ("/v1/search", "/q required"),
        ("/v1/search?q=", "/q too_short"),
        ("/v1/search?q=%00", "/q control_character"),
        ("/v1/search?q=x&kind=idea", "/kind not_allowed"),
        ("/v1/search?q=x&maturity_from=0", "/maturity_from out_of_range"),
        (&format!("/v1/search?q={long}"), "/q too_long"),
    ] {
        let answer = public.get(path).await;
        answer.problem(400, "invalid-parameter");
        assert_eq!(answer.faults(), [fault], "{path}");
    }
    for cursor in ["x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%00", "", "🔥"] {
        public.get(&format!("/v1/results?cursor={cursor}")).await.problem(400, "invalid-cursor");
        public.get(&format!("/v1/search?q=x&cursor={cursor}")).await.problem(400, "invalid-cursor");
    }
    public.get(&format!("/v1/results?{}", "x".repeat(40_000))).await.problem(414, "uri-too-long");
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_nothing_of_another_kind_and_of_a_deleted_record() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let public = service.public();
    for id in ["x", "01939c5e-0000-7000-8000-000000000000", "%00", "..", &firm.to_uppercase().replace('-', ""), "🔥"]
    {
        public.get(&format!("/v1/results/{id}")).await.problem(404, "not-found");
    }
    public.get(&format!("/v1/results/{firm}")).await.problem(404, "not-found");
    let of_other_kind = staff.post("/v1/experts", &expert(&firm, "陈志远")).await.expect(201)["id"].clone();
    let wrong = staff
        .post("/v1/demands", &demand(of_other_kind.as_str().unwrap_or_default(), "缩松", "球铁阀体总有缩松，废品多。"))
        .await;
    wrong.problem(422, "invalid-input");
    assert_eq!(wrong.faults(), ["/enterprise_id unknown_reference"]);
    let school = staff.create("organisations", &json!({"name": "燕北理工大学", "kind": "university"})).await;
    let not_a_firm = staff.post("/v1/demands", &demand(&school, "缩松", "球铁阀体总有缩松，废品多。")).await;
    assert_eq!(not_a_firm.faults(), ["/enterprise_id not_an_enterprise"]);
    let mut naming = result(&firm, "冲压模具", "关于冲压模具寿命的一项成果。");
    naming["contributor_ids"] = json!([firm]);
    assert_eq!(staff.post("/v1/results", &naming).await.faults(), ["/contributor_ids unknown_reference"]);
    let gone = staff.create("results", &result(&firm, "冲压模具", "关于冲压模具寿命的一项成果。")).await;
    staff.delete(&format!("/v1/results/{gone}"), "\"1\"").await;
    public.get(&format!("/v1/results/{gone}")).await.problem(410, "gone");
    public.get(&format!("/v1/results/{gone}/matches?kind=demand")).await.problem(410, "gone");
    staff.delete(&format!("/v1/results/{gone}"), "\"2\"").await.problem(410, "gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_and_addresses_that_are_not_there() {
    let service = Service::start().await;
    let public = service.public();
    public.get("/v1/nothing").await.problem(404, "not-found");
    public.get("/v1/results/").await.problem(404, "not-found");
    for (method, path, allow) in [
        ("DELETE", "/v1/results", "GET, HEAD, POST, OPTIONS"),
        ("POST", "/v1/search", "GET, HEAD, OPTIONS"),
        ("GET", "/v1/sessions", "POST, DELETE, OPTIONS"),
        ("PUT", "/v1/results/x/history", "GET, HEAD, OPTIONS"),
        ("TRACE", "/health/live", "GET, HEAD, OPTIONS"),
    ] {
        let answer = send(public.request(method, path)).await;
        answer.problem(405, "method-not-allowed");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
    let options = send(public.request("OPTIONS", "/v1/results")).await;
    assert_eq!((options.status, options.header("allow")), (204, Some("GET, HEAD, POST, OPTIONS")));
    let head = send(public.request("HEAD", "/v1/results")).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    let missing = send(public.request("HEAD", "/v1/results/x")).await;
    assert_eq!((missing.status, missing.text.as_str()), (404, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_speak_the_readers_language_and_have_pages() {
    let service = Service::start().await;
    let public = service.public();
    let ask = |language: &'static str| send(public.request("GET", "/v1/nothing").header("accept-language", language));
    let chinese = send(public.request("GET", "/v1/nothing").without_header("accept-language")).await;
    assert_eq!(chinese.problem(404, "not-found")["title"], "没有找到");
    assert_eq!(chinese.header("content-language"), Some("zh-CN"));
    assert_eq!(ask("en").await.problem(404, "not-found")["title"], "Not found");
    for kind in public.get("/problems").await.expect(200).as_array().expect("kinds") {
        let page = send(public.request("GET", kind["type"].as_str().expect("a type"))).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains(kind["title_zh"].as_str().expect("a title")));
    }
    public.get("/problems/nonsense").await.problem(404, "not-found");
    let traced = send(
        public
            .request("GET", "/v1/nothing")
            .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    )
    .await;
    assert_eq!(traced.problem(404, "not-found")["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert!(
        traced.header("traceparent").is_some_and(|parent| parent.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"))
    );
    assert!(traced.header("x-request-id").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_to_match_may_be_anything_and_nothing_panics() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    staff.create_findable("results", &result(&firm, "冲压模具", "关于冲压模具寿命的一项成果。")).await;
    let long = "炉窑".repeat(10_000);
    for text in ["……", "🔥🔥", "\u{202e}abc", "的的", "a-b-c.d/e", "5 mm 45# X-3B", &long, "𠮷𠮷", "ﬁne ㎡"]
    {
        for kind in ["result", "expert", "organisation", "demand", "policy"] {
            let answer = staff.post("/v1/matches", &json!({"kind": kind, "text": text})).await;
            answer.expect(200);
        }
    }
    let too_long = "炉".repeat(20_001);
    staff.post("/v1/matches", &json!({"kind": "result", "text": too_long})).await.problem(422, "invalid-input");
    let wrong = staff.post("/v1/matches", &json!({"kind": "idea", "text": "模具", "limit": 0, "hard": ["luck"]})).await;
    assert_eq!(wrong.faults(), ["/hard not_allowed", "/kind not_allowed", "/limit out_of_range"]);
    let demand_id = staff.create("demands", &demand(&firm, "缩松", "球铁阀体总有缩松，废品多。")).await;
    let kind = staff.get(&format!("/v1/demands/{demand_id}/matches?kind=policy")).await;
    kind.problem(400, "invalid-parameter");
    staff.get(&format!("/v1/demands/{demand_id}/matches")).await.problem(400, "invalid-parameter");
    assert_eq!(panics_logged(), 0);
}
