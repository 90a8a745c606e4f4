//! Registering, reading, listing, changing, deleting.

use serde_json::{Value, json};

use crate::harness::{Service, demand, enterprise, expert, result, send};

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_a_result_is_kept_as_it_was_given() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let holder = staff.create("organisations", &json!({"name": "燕北理工大学", "kind": "university"})).await;
    let contributor = staff.create("experts", &expert(&holder, "陈志远")).await;
    let given = json!({
        "title": "球墨鑄鐵件縮松的控制", "summary": "針對熱節處的縮松，提出冷鐵與發熱冒口配合的工藝。", "keywords": ["球墨鑄鐵", "縮松"],
        "form": "process", "maturity": 7, "industries": ["C3391"], "disciplines": ["43040"], "holder_id": holder,
        "contributor_ids": [contributor],
        "intellectual_property": [{"kind": "invention", "number": "201710601862.3", "status": "granted"}],
        "cooperation": ["license", "service"], "asking_price": {"min": 100_000, "max": 300_000}, "region": "130900",
        "source": {"origin": "期刊", "url": "https://example.com/1", "collected_on": "2026-01-02", "partner": "p", "identifier": "1"},
        "awards": ["省科技进步奖"], "attachments": [{"name": "报告.pdf", "url": "https://example.com/a.pdf"}], "status": "published"
    });
    let created = staff.post("/v1/results", &given).await;
    let record = created.expect(201).clone();
    assert_eq!(
        created.header("location"),
        Some(format!("/v1/results/{}", record["id"].as_str().unwrap_or_default()).as_str())
    );
    let read = service.public().get(created.header("location").expect("a location")).await;
    assert_eq!(read.expect(200), &record);
    assert_eq!(read.etag(), "\"1\"");
    for (field, value) in given.as_object().expect("an object") {
        assert_eq!(&record[field], value, "{field}");
    }
    let listed = service.public().get(&format!("/v1/results?contributor_id={contributor}")).await;
    assert_eq!(listed.ids(), [record["id"].as_str().expect("an id")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expert_a_demand_an_organisation_and_a_policy_keep_every_field() {
    let service = Service::start().await;
    let firm = json!({
        "name": "南皮恒锐五金有限公司", "kind": "enterprise", "credit_code": "91350100M000100Y43", "region": "130927",
        "industry": "C3311", "scale": "small", "labels": ["high_tech", "specialised"], "main_products": ["冲压件"],
        "profile": "五金冲压。", "contact": {"person": "赵立新", "phone": "0317-0000101", "email": "a@example.com"}
    });
    let firm_id = keeps("organisations", &firm, &service).await;
    let person = json!({
        "name": "陈志远", "title": "教授", "organisation_id": firm_id, "categories": ["research", "quality"], "biography": "铸造。",
        "expertise": ["球墨铸铁"], "disciplines": ["430"], "industries": ["C33"], "regions": ["130900"],
        "services": ["diagnosis", "on_site"], "availability": "每月两天", "languages": ["zh", "en"], "result_ids": [],
        "contact": {"phone": "+86 311 0000001"}, "status": "published"
    });
    keeps("experts", &person, &service).await;
    let wish = json!({
        "title": "缩松", "description": "球铁阀体热节处总有缩松，废品很多。", "keywords": ["缩松"], "enterprise_id": firm_id,
        "industries": ["C3391"], "cooperation": ["service"], "maturity_from": 6, "budget": {"min": 0, "max": 300_000},
        "deadline": "2027-06-30", "region": "120000", "wanted": ["expert"], "confidentiality": "centre_only", "status": "open"
    });
    keeps("demands", &wish, &service).await;
    let policy = json!({
        "title": "若干措施", "level": "county", "document_number": "南政字〔2026〕8号", "issuer": "县政府", "source": "县政府网站",
        "published_on": "2026-03-01", "effective_on": "2026-04-01", "expires_on": "2029-03-31",
        "body": "一、支持设备更新。\n二、支持技术改造。", "topics": ["技术改造"], "status": "published"
    });
    keeps("policies", &policy, &service).await;
}

/// Creates a record and checks that it comes back with every field; its id.
async fn keeps(plural: &str, given: &Value, service: &Service) -> String {
    let staff = service.staff().await;
    let id = staff.create(plural, given).await;
    let read = staff.get(&format!("/v1/{plural}/{id}")).await;
    for (field, value) in given.as_object().expect("an object") {
        assert_eq!(&read.expect(200)[field], value, "{plural} {field}");
    }
    // What was read can be written back, without the stamp.
    let mut fields = read.body.clone();
    for stamp in ["id", "version", "created_at", "updated_at"] {
        fields.as_object_mut().expect("an object").remove(stamp);
    }
    let replaced = staff.put(&format!("/v1/{plural}/{id}"), &read.etag(), &fields).await;
    assert_eq!(replaced.expect(200)["version"], 2);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_keyset_pages_that_stay_right_while_records_come() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let mut made = Vec::new();
    for number in 0..7 {
        made.insert(0, staff.create("organisations", &enterprise(&format!("第{number}厂"))).await);
    }
    let first = service.public().get("/v1/organisations?limit=3&kind=enterprise").await;
    assert_eq!(first.ids(), made[..3]);
    let link = first.header("link").expect("a Link header");
    assert!(link.ends_with("; rel=\"next\""), "{link}");
    staff.create("organisations", &enterprise("新来的厂")).await;
    let next = link.trim_start_matches('<').split('>').next().expect("an address");
    let second = service.public().get(next).await;
    assert_eq!(second.ids(), made[3..6]);
    let cursor = second.expect(200)["next_cursor"].as_str().expect("a cursor").to_owned();
    let third = service.public().get(&format!("/v1/organisations?limit=3&kind=enterprise&cursor={cursor}")).await;
    assert_eq!(third.ids(), made[6..]);
    assert_eq!(third.expect(200)["next_cursor"], Value::Null);
    assert!(third.header("link").is_none());
    // A cursor of other filters is not taken.
    let other = service.public().get(&format!("/v1/organisations?limit=3&cursor={cursor}")).await;
    other.problem(400, "invalid-cursor");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_by_field_and_trees_by_branch() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let mut elsewhere = enterprise("玻璃厂");
    elsewhere["industry"] = json!("C3054");
    elsewhere["region"] = json!("130100");
    elsewhere["labels"] = json!(["gazelle"]);
    let other = staff.create("organisations", &elsewhere).await;
    let public = service.public();
    for (query, found) in [
        ("industry=C33", &firm),
        ("industry=33", &firm),
        ("region=130900", &firm),
        ("region=130100", &other),
        ("label=gazelle", &other),
        ("scale=small&industry=C3311", &firm),
    ] {
        assert_eq!(
            public.get(&format!("/v1/organisations?{query}")).await.ids(),
            std::slice::from_ref(found),
            "{query}"
        );
    }
    assert_eq!(public.get("/v1/organisations?region=130000").await.ids().len(), 2);
    let published = staff.create("results", &result(&firm, "冲压模具", "关于冲压模具寿命的一项成果。")).await;
    let mut way = result(&firm, "玻璃清洗", "关于玻璃清洗机水痕的一项成果。");
    way["cooperation"] = json!(["license"]);
    way["disciplines"] = json!(["46020"]);
    let licensed = staff.create("results", &way).await;
    assert_eq!(
        public.get("/v1/results?cooperation=license&discipline=460").await.ids(),
        std::slice::from_ref(&licensed)
    );
    assert_eq!(public.get(&format!("/v1/results?holder_id={firm}")).await.ids(), [licensed, published]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_needs_the_version_that_was_read() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let id = staff.create("organisations", &enterprise("五金厂")).await;
    let path = format!("/v1/organisations/{id}");
    let body = enterprise("新五金厂");
    send(staff.request("PUT", &path).json(&body)).await.problem(428, "precondition-required");
    let changed = staff.put(&path, "\"1\"", &body).await;
    assert_eq!(changed.expect(200)["name"], "新五金厂");
    assert_eq!(changed.etag(), "\"2\"");
    staff.put(&path, "\"1\"", &enterprise("迟到的厂")).await.problem(412, "precondition-failed");
    staff.delete(&path, "\"1\"").await.problem(412, "precondition-failed");
    let read = staff.get(&path).await;
    assert_eq!(read.expect(200)["name"], "新五金厂");
    let known = send(staff.request("GET", &path).header("if-none-match", "\"2\"")).await;
    assert_eq!((known.status, known.text.as_str()), (304, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_patch_changes_its_members_only() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let id = staff.create("organisations", &enterprise("五金厂")).await;
    let path = format!("/v1/organisations/{id}");
    let patched =
        staff.patch(&path, "\"1\"", &json!({"scale": null, "profile": "改了。", "main_products": ["铰链"]})).await;
    let record = patched.expect(200);
    assert_eq!((&record["name"], &record["scale"]), (&json!("五金厂"), &Value::Null));
    assert_eq!((&record["profile"], &record["main_products"]), (&json!("改了。"), &json!(["铰链"])));
    let misspelt = staff.patch(&path, "\"2\"", &json!({"scael": null, "name": null})).await;
    misspelt.problem(422, "invalid-input");
    assert_eq!(misspelt.faults(), ["/name required", "/scael unknown_field"]);
    staff.patch(&path, "\"2\"", &json!([1])).await.problem(422, "invalid-input");
    assert_eq!(staff.get(&path).await.expect(200)["version"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_record_is_gone_and_its_history_stays() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let id = staff.create("organisations", &enterprise("五金厂")).await;
    let path = format!("/v1/organisations/{id}");
    staff.patch(&path, "\"1\"", &json!({"profile": "第二版。"})).await.expect(200);
    let deleted = staff.delete(&format!("{path}?reason=%E9%87%8D%E5%A4%8D"), "\"2\"").await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    service.public().get(&path).await.problem(410, "gone");
    staff.put(&path, "*", &enterprise("活过来")).await.problem(410, "gone");
    assert!(service.public().get("/v1/organisations").await.ids().is_empty());
    let history = staff.get(&format!("{path}/history?limit=2")).await;
    let versions = history.expect(200)["items"].as_array().expect("versions").clone();
    assert_eq!((&versions[0]["version"], &versions[0]["deleted"]), (&json!(3), &json!(true)));
    assert_eq!(versions[0]["deleted_reason"], "重复");
    assert_eq!(versions[1]["record"]["profile"], "第二版。");
    let cursor = history.expect(200)["next_cursor"].as_str().expect("a cursor");
    let rest = staff.get(&format!("{path}/history?limit=2&cursor={cursor}")).await;
    let first = &rest.expect(200)["items"];
    assert_eq!((first.as_array().map(Vec::len), &first[0]["version"]), (Some(1), &json!(1)));
    assert_eq!(first[0]["record"]["profile"], Value::Null);
    service.public().get(&format!("{path}/history")).await.problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_that_others_stand_on_stays() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let path = format!("/v1/organisations/{firm}");
    let wish = staff.create("demands", &demand(&firm, "模具开裂", "冲压模具冲三万次就开裂。")).await;
    staff.delete(&path, "\"1\"").await.problem(409, "in-use");
    let mut other_kind = enterprise("五金厂");
    other_kind["kind"] = json!("agency");
    staff.put(&path, "\"1\"", &other_kind).await.problem(409, "in-use");
    assert_eq!(staff.delete(&format!("/v1/demands/{wish}"), "\"1\"").await.status, 204);
    assert_eq!(staff.delete(&path, "\"1\"").await.status, 204);
    let orphan = staff.post("/v1/demands", &demand(&firm, "模具开裂", "冲压模具冲三万次就开裂。")).await;
    orphan.problem(422, "invalid-input");
    assert_eq!(orphan.faults(), ["/enterprise_id unknown_reference"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credit_code_and_a_partners_record_stand_there_once() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let mut firm = enterprise("五金厂");
    firm["credit_code"] = json!("91350100m000100y43");
    let id = staff.create("organisations", &firm).await;
    let again = staff.post("/v1/organisations", &firm).await;
    again.problem(409, "conflict");
    assert_eq!(again.faults(), ["/credit_code duplicate"]);
    let found = service.public().get("/v1/organisations?credit_code=91350100M000100Y43").await;
    assert_eq!(found.ids(), std::slice::from_ref(&id));
    let mut from_partner = result(&id, "冲压模具", "关于冲压模具寿命的一项成果。");
    from_partner["source"] = json!({"partner": "某大学", "identifier": "42"});
    staff.create("results", &from_partner).await;
    let twice = staff.post("/v1/results", &from_partner).await;
    twice.problem(409, "conflict");
    assert_eq!(twice.faults(), ["/source/identifier duplicate"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_lists_are_trees_that_can_be_searched() {
    let service = Service::start().await;
    let public = service.public();
    let codes = |answer: &crate::harness::Answer| -> Vec<String> {
        let items = answer.expect(200)["items"].as_array().expect("items").clone();
        items.iter().map(|item| item["code"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(codes(&public.get("/v1/industries").await).len(), 20);
    assert!(codes(&public.get("/v1/industries?parent=C33").await).contains(&"C331".to_owned()));
    assert_eq!(codes(&public.get("/v1/regions?q=%E5%8D%97%E7%9A%AE").await), ["130927"]);
    // 紡織, in Traditional.
    assert!(codes(&public.get("/v1/industries?q=%E7%B4%A1%E7%B9%94").await).contains(&"C17".to_owned()));
    let county = public.get("/v1/regions/130927").await;
    let path: Vec<&Value> =
        county.expect(200)["path"].as_array().expect("a path").iter().map(|item| &item["code"]).collect();
    assert_eq!(path, ["130000", "130900", "130927"]);
    public.get("/v1/regions/999999").await.problem(404, "not-found");
    public.get("/v1/industries?parent=Z").await.problem(400, "invalid-parameter");
}
