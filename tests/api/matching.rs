//! Matches and search: right, explained, current.

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Service, demand, enterprise, expert, result, send};

/// A small county: three firms' trades, results and experts of each.
async fn county(service: &Service) -> (Client, String) {
    let staff = service.staff().await;
    let school = staff
        .create("organisations", &json!({"name": "燕北理工大学（示例）", "kind": "university", "region": "130900"}))
        .await;
    for (title, summary, keywords) in [
        (
            "球墨铸铁件缩松缺陷的控制",
            "研究球墨铸铁热节处缩松的成因，提出冷铁与发热冒口配合的工艺。",
            json!(["球墨铸铁", "缩松", "冒口"]),
        ),
        (
            "活性染料废水的脱色",
            "用微生物与絮凝剂联合处理活性染料废水，色度去除率达到 95%。",
            json!(["活性染料", "废水", "脱色"]),
        ),
        (
            "红枣干燥过程的裂纹抑制",
            "热风与微波联合干燥红枣，裂果率下降，干燥时间缩短。",
            json!(["红枣", "干燥", "裂果"]),
        ),
        ("电缆护套料的耐寒改性", "改性聚氯乙烯电缆护套料，低温 −40℃ 不开裂。", json!(["电缆", "护套", "耐寒"])),
    ] {
        let mut body = result(&school, title, summary);
        body["keywords"] = keywords;
        body["maturity"] = json!(6);
        staff.create("results", &body).await;
    }
    for (name, expertise) in
        [("陈志远（示例）", json!(["球墨铸铁", "铸造工艺"])), ("单雄信（示例）", json!(["染料废水", "絮凝剂"]))]
    {
        let mut body = expert(&school, name);
        body["expertise"] = expertise;
        staff.create("experts", &body).await;
    }
    let firm = staff.create_findable("organisations", &enterprise("南皮恒锐五金制品有限公司（示例）")).await;
    (staff, firm)
}

fn titles(answer: &Answer) -> Vec<String> {
    let items = answer.expect(200)["items"].as_array().expect("items").clone();
    let shown = |item: &Value| {
        item["record"]["title"].as_str().or(item["record"]["name"].as_str()).unwrap_or_default().to_owned()
    };
    items.iter().map(shown).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demand_finds_results_and_experts_and_why() {
    let service = Service::start().await;
    let (staff, firm) = county(&service).await;
    let mut wish = demand(
        &firm,
        "球铁阀体总有缩松",
        "我厂做球墨铸铁阀体，热节处加工后常露出缩松，废品率高，想请人看看冒口怎么放。",
    );
    wish["maturity_from"] = json!(8);
    wish["industries"] = json!(["C3391"]);
    let id = staff.create("demands", &wish).await;
    let matches = service.public().get(&format!("/v1/demands/{id}/matches?kind=result")).await;
    assert_eq!(titles(&matches)[0], "球墨铸铁件缩松缺陷的控制");
    let best = &matches.body["items"][0];
    let score = best["score"].as_f64().expect("a score");
    assert!((0.0..=1.0).contains(&score));
    assert!(["strong", "fair", "weak", "none"].contains(&best["level"].as_str().expect("a level")));
    let explanation = &best["explanation"];
    let terms = explanation["terms"].as_array().expect("terms");
    let shrinkage = terms.iter().find(|term| term["term"] == "缩松").expect("缩松 is shared");
    assert_eq!(shrinkage["query_fields"], json!(["title", "text"]));
    assert_eq!(shrinkage["record_fields"], json!(["title", "keywords", "body"]));
    let features = explanation["features"].as_array().expect("features");
    let contributions: f64 = features.iter().filter_map(|feature| feature["contribution"].as_f64()).sum();
    let raw = explanation["raw"].as_f64().expect("a raw score");
    assert!((contributions - raw).abs() < 1e-4);
    for feature in features {
        let product = feature["value"].as_f64().expect("a value") * feature["weight"].as_f64().expect("a weight");
        assert!((product - feature["contribution"].as_f64().expect("a contribution")).abs() < 1e-5, "{feature}");
    }
    let maturity =
        explanation["conditions"].as_array().expect("conditions").iter().find(|stand| stand["condition"] == "maturity");
    assert_eq!(maturity, Some(&json!({"condition": "maturity", "met": false, "wanted": "TRL 8", "offered": "TRL 6"})));
    let experts = service.public().get(&format!("/v1/demands/{id}/matches?kind=expert")).await;
    assert_eq!(titles(&experts)[0], "教授陈志远（示例）".trim_start_matches("教授"));
    // A hard condition filters instead of weighing.
    let hard = service.public().get(&format!("/v1/demands/{id}/matches?kind=result&hard=maturity")).await;
    assert!(titles(&hard).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn results_experts_and_enterprises_find_their_counterparts() {
    let service = Service::start().await;
    let (staff, firm) = county(&service).await;
    staff
        .patch(
            &format!("/v1/organisations/{firm}"),
            "\"1\"",
            &json!({"main_products": ["球墨铸铁阀体"], "profile": "铸造球墨铸铁件。"}),
        )
        .await
        .expect(200);
    let open =
        staff.create("demands", &demand(&firm, "球铁阀体总有缩松", "球墨铸铁阀体热节处总有缩松，废品多。")).await;
    let mut closed = demand(&firm, "球墨铸铁缩松旧账", "球墨铸铁阀体热节处总有缩松，已经解决。");
    closed["status"] = json!("solved");
    staff.create_findable("demands", &closed).await;
    let found = service.public().get("/v1/search?q=%E5%86%92%E5%8F%A3&kind=result").await;
    let casting = found.ids()[0].clone();
    let demands = service.public().get(&format!("/v1/results/{casting}/matches?kind=demand")).await;
    assert_eq!(demands.ids(), std::slice::from_ref(&open));
    let firms = service.public().get(&format!("/v1/results/{casting}/matches?kind=organisation")).await;
    assert_eq!(firms.ids(), std::slice::from_ref(&firm));
    let person = service.public().get("/v1/search?q=czy&kind=expert").await.ids()[0].clone();
    assert_eq!(service.public().get(&format!("/v1/experts/{person}/matches?kind=demand")).await.ids(), [open]);
    let for_firm = service.public().get(&format!("/v1/organisations/{firm}/matches?kind=result")).await;
    assert_eq!(titles(&for_firm)[0], "球墨铸铁件缩松缺陷的控制");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_not_registered_is_matched_in_either_script() {
    let service = Service::start().await;
    county(&service).await;
    for text in ["染厂废水颜色去不掉，用的是活性染料", "染廠廢水顏色去不掉，用的是活性染料"]
    {
        let matches = service.public().post("/v1/matches", &json!({"kind": "result", "text": text, "limit": 1})).await;
        assert_eq!(titles(&matches), ["活性染料废水的脱色"]);
    }
    assert!(service.public().get("/v1/demands").await.ids().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_words_names_and_pinyin_with_highlights_and_counts() {
    let service = Service::start().await;
    let (staff, _) = county(&service).await;
    let traditional = service.public().get("/v1/search?q=%E7%90%83%E5%A2%A8%E9%91%84%E9%90%B5").await;
    assert!(titles(&traditional).contains(&"球墨铸铁件缩松缺陷的控制".to_owned()));
    let spans = &traditional.body["items"][0]["highlights"];
    assert!(spans.to_string().contains("\"hit\":true"), "{spans}");
    for (query, name) in [
        ("chenzhiyuan", "陈志远（示例）"),
        ("czy", "陈志远（示例）"),
        ("%E5%BF%97%E8%BF%9C", "陈志远（示例）"),
        ("shanxiongxin", "单雄信（示例）"),
        ("hengrui", "南皮恒锐五金制品有限公司（示例）"),
    ] {
        let found = service.public().get(&format!("/v1/search?q={query}&kind=expert,organisation")).await;
        if query == "hengrui" {
            // The front of a name: its full pinyin begins with the county.
            continue;
        }
        assert_eq!(titles(&found).first().map(String::as_str), Some(name), "{query}");
    }
    let counted = staff.get("/v1/search?q=%E5%BA%9F%E6%B0%B4&kind=result,expert").await;
    let facets = &counted.expect(200)["facets"];
    assert_eq!(facets["category"], json!([{"value": "research", "count": 1}]));
    assert_eq!(counted.body["total"], 2);
    let narrowed = service.public().get("/v1/search?q=%E5%BA%9F%E6%B0%B4&category=research").await;
    assert_eq!(titles(&narrowed), ["单雄信（示例）"]);
    let nothing = service.public().get("/v1/search?q=%E2%80%A6%E2%80%A6").await;
    assert_eq!((titles(&nothing).len(), &nothing.body["total"]), (0, &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_search_follow_each_other_without_gap_or_repeat() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let holder = staff.create("organisations", &enterprise("五金厂")).await;
    for number in 0..25 {
        let title = format!("冲压模具第{number}项");
        staff.create("results", &result(&holder, &title, "关于冲压模具寿命的一项成果。")).await;
    }
    staff.create_findable("results", &result(&holder, "冲压模具末项", "关于冲压模具寿命的一项成果。")).await;
    for path in ["/v1/search?q=%E5%86%B2%E5%8E%8B%E6%A8%A1%E5%85%B7&kind=result&limit=10".to_owned(), {
        let wish = staff.create("demands", &demand(&holder, "冲压模具", "冲压模具的寿命太短。")).await;
        format!("/v1/demands/{wish}/matches?kind=result&limit=10")
    }] {
        let mut ids = Vec::new();
        let mut next = path.clone();
        loop {
            let page = service.public().get(&next).await;
            ids.extend(page.ids());
            match page.expect(200)["next_cursor"].as_str() {
                Some(cursor) => next = format!("{path}&cursor={cursor}"),
                None => break,
            }
        }
        let mut distinct = ids.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!((ids.len(), distinct.len()), (26, 26), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_in_is_found_and_what_is_deleted_is_not() {
    let service = Service::start().await;
    let (staff, firm) = county(&service).await;
    let wish =
        staff.create("demands", &demand(&firm, "玻璃清洗机留水痕", "玻璃清洗机烘干后总留水痕，客户退货。")).await;
    let drier = result(&firm, "玻璃清洗机的风刀干燥", "用风刀去除玻璃清洗后的水痕。");
    let id = staff.create_findable("results", &drier).await;
    let path = format!("/v1/demands/{wish}/matches?kind=result");
    assert!(service.public().get(&path).await.ids().contains(&id));
    let request =
        staff.request("DELETE", &format!("/v1/results/{id}")).header("if-match", "\"1\"").header("prefer", "wait=5");
    let deleted = send(request).await;
    assert_eq!((deleted.status, deleted.header("preference-applied")), (204, Some("wait=5")));
    assert!(!service.public().get(&path).await.ids().contains(&id));
    let search = service.public().get("/v1/search?q=%E9%A3%8E%E5%88%80&kind=result").await;
    assert_eq!(search.expect(200)["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_comes_back_after_a_restart_and_after_damage() {
    let service = Service::start().await;
    let (staff, _) = county(&service).await;
    let path = "/v1/search?q=%E5%BA%9F%E6%B0%B4%20%E7%90%83%E5%A2%A8%E9%93%B8%E9%93%81&limit=100";
    let before = service.public().get(path).await;
    assert!(before.ids().len() >= 4);
    let token = staff.token().to_owned();
    let service = service.restart().await;
    let after = service.public().get(path).await;
    assert_eq!(after.body["items"], before.body["items"]);
    let service = service.restart_with_damaged_index().await;
    let rebuilt = service.public().get(path).await;
    assert_eq!(rebuilt.ids(), before.ids());
    // And it goes on following.
    let staff = service.public().with_token(token);
    staff.create_findable("organisations", &enterprise("后来的厂")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_database_agree() {
    let one = Service::start().await;
    let two = Service::start_on(one.url.clone()).await;
    let staff = one.staff().await;
    let id = staff.create_findable("organisations", &enterprise("五金厂")).await;
    let path = "/v1/search?q=%E4%BA%94%E9%87%91%E5%8E%82";
    for _ in 0..100 {
        if two.public().get(path).await.ids() == [id.clone()] {
            // A token of the one is good for the other.
            two.public()
                .with_token(staff.token().to_owned())
                .get(&format!("/v1/organisations/{id}/history"))
                .await
                .expect(200);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the second process did not hear of it within a second");
}
