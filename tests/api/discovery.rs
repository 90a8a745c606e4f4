//! What search engines find: pages, JSON-LD and sitemaps, and nothing that is not for everybody.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::harness::{Answer, Client, ISSUER, Service, demand, enterprise, expert, policy, result, send};

const LD: &str = "application/ld+json";
const HTML: &str = "text/html";
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8";

async fn read(client: &Client, path: &str, accept: &str) -> Answer {
    send(client.request("GET", path).header("accept", accept)).await
}

/// Waits until what an address answers is as wanted.
async fn soon(client: &Client, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
    for _ in 0..300 {
        let answer = client.get(path).await;
        if wanted(&answer) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{path} is not answered as it should be");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_a_page_for_browsers_linked_data_for_machines_and_json_for_everyone_else() {
    let service = Service::start().await;
    let (public, staff) = (service.public(), service.staff().await);
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let person = staff.create("experts", &expert(&firm, "陈志远")).await;
    let mut hidden = expert(&firm, "欧阳明");
    hidden["status"] = json!("draft");
    let hidden = staff.create("experts", &hidden).await;
    let mut record = result(&firm, "模具 </script> 热处理", "冲压模具的寿命提高一倍。");
    record["contributor_ids"] = json!([person, hidden]);
    let id = staff.create("results", &record).await;
    let path = format!("/v1/results/{id}");

    let mut tags = HashMap::new();
    for (accept, language, kind) in [
        ("*/*", "zh", "application/json"),
        ("application/json", "zh", "application/json"),
        (LD, "zh", LD),
        (BROWSER, "zh", "text/html; charset=utf-8"),
        (BROWSER, "en", "text/html; charset=utf-8"),
    ] {
        let ask = || public.request("GET", &path).header("accept", accept).header("accept-language", language);
        let answer = send(ask()).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{accept}: {}", answer.text);
        assert!(answer.header("vary").is_some_and(|vary| vary.split(", ").any(|name| name == "Accept")), "{accept}");
        assert!(!answer.etag().starts_with("W/"));
        let again = send(ask().header("if-none-match", &answer.etag())).await;
        assert_eq!((again.status, again.text.as_str(), again.etag()), (304, "", answer.etag()), "{accept}");
        let head =
            send(public.request("HEAD", &path).header("accept", accept).header("accept-language", language)).await;
        assert_eq!((head.status, head.etag(), head.text.as_str()), (200, answer.etag(), ""));
        if kind.starts_with(HTML) {
            assert!(answer.header("content-language").is_some_and(|code| code.starts_with(language)));
            assert!(
                answer.header("content-security-policy").is_some_and(|policy| policy.contains("default-src 'none'"))
            );
            assert_eq!(answer.text.matches("</script>").count(), 1, "{}", answer.text);
            assert!(
                answer.text.contains("陈志远") && !answer.text.contains("欧阳明") && !answer.text.contains(&hidden)
            );
            assert!(answer.text.contains(&format!("<link rel=\"canonical\" href=\"{ISSUER}{path}\">")));
        }
        tags.insert(answer.etag(), accept);
    }
    assert_eq!(tags.len(), 4, "{tags:?}");
    let data = read(&public, &path, LD).await;
    assert_eq!(data.body["@id"], format!("{ISSUER}{path}"));
    assert_eq!((&data.body["name"], &data.body["creator"][0]["name"]), (&record["title"], &json!("陈志远")));
    assert_eq!(data.body["creator"].as_array().map(Vec::len), Some(1));
    // A tag of another form is none to change a record by.
    staff.patch(&path, &data.etag(), &json!({"title": "模具"})).await.problem(412, "precondition-failed");
    // What stands in a form besides the record changes its tag.
    staff.patch(&format!("/v1/organisations/{firm}"), "\"1\"", &json!({"name": "新五金厂"})).await.expect(200);
    let renamed = read(&public, &path, LD).await;
    assert_ne!(renamed.etag(), data.etag());
    assert_eq!(renamed.body["sourceOrganization"]["name"], "新五金厂");
    assert_eq!(read(&public, &path, "text/csv").await.status, 406);
    assert_eq!(read(&public, &format!("{path}/history"), HTML).await.status, 406);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_form_tells_anybody_how_people_are_reached_or_what_is_not_for_them() {
    let service = Service::start().await;
    let (public, staff) = (service.public(), service.staff().await);
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let mut person = expert(&firm, "陈志远");
    person["contact"] = json!({"person": "陈家里", "phone": "0317-0000123", "email": "chen@example.com"});
    let person = staff.create("experts", &person).await;
    let viewed = "SELECT count(*) FROM audit_events WHERE action = 'personal_data_viewed'";
    let before = service.value(viewed).await;
    for accept in [LD, HTML] {
        let path = format!("/v1/experts/{person}");
        let (own, others) = (read(&staff, &path, accept).await, read(&public, &path, accept).await);
        assert_eq!((own.status, own.etag(), &own.text), (200, others.etag(), &others.text));
        assert!(!own.text.contains("0000123") && !own.text.contains("chen@") && !own.text.contains("陈家里"));
    }
    // So nothing personal was seen.
    assert_eq!(service.value(viewed).await, before);

    let mut draft = result(&firm, "模具热处理", "冲压模具的寿命提高一倍。");
    draft["status"] = json!("draft");
    let draft = format!("/v1/results/{}", staff.create("results", &draft).await);
    let mut wish = demand(&firm, "模具开裂", "冲压模具冲三万次就开裂。");
    wish["confidentiality"] = json!("members");
    let wish = format!("/v1/demands/{}", staff.create("demands", &wish).await);
    let own = service.enterprise(&firm).await;
    for accept in [LD, HTML] {
        read(&public, &draft, accept).await.problem(404, "not-found");
        read(&public, &wish, accept).await.problem(404, "not-found");
        assert_eq!((read(&staff, &draft, accept).await.status, read(&own, &wish, accept).await.status), (200, 200));
    }
    assert_eq!(read(&own, &wish, LD).await.header("cache-control"), Some("no-store"));
    staff.delete(&format!("/v1/experts/{person}"), "\"1\"").await.expect(204);
    read(&public, &format!("/v1/experts/{person}"), HTML).await.problem(410, "gone");
    read(&public, "/v1/experts/x", HTML).await.problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_somebody_looks_at_as_a_page_is_viewed() {
    let service = Service::start().await;
    let id = service.staff().await.create("policies", &policy("技术改造补助办法")).await;
    let path = format!("/v1/policies/{id}");
    let look = service.public().request("GET", &path).header("accept", BROWSER);
    let page = send(look.header("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")).await;
    assert!(page.text.contains("对购置关键设备的企业给予补助。</p>"), "{}", page.text);
    soon(&service.public(), &format!("{path}/views"), |views| views.body["total"] == 1).await;
}

/// The addresses of a sitemap.
fn addresses(text: &str) -> Vec<&str> {
    text.split("<loc>").skip(1).filter_map(|part| part.split_once("</loc>")).map(|(address, _)| address).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sitemap_has_what_is_public_and_lets_go_of_what_no_longer_is() {
    let service = Service::start().await;
    let (public, staff) = (service.public(), service.staff().await);
    let empty = public.get("/sitemap.xml").await;
    assert_eq!((empty.status, addresses(&empty.text)), (200, vec![]));
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let id = staff.create("results", &result(&firm, "模具热处理", "冲压模具的寿命提高一倍。")).await;
    let other = staff.create("results", &result(&firm, "模具表面处理", "冲压模具的表面更耐磨。")).await;
    let mut draft = result(&firm, "没写完", "还没有写完的一项成果。");
    draft["status"] = json!("draft");
    staff.create("results", &draft).await;

    let index = soon(&public, "/sitemap.xml", |index| addresses(&index.text).len() == 2).await;
    let files = [format!("{ISSUER}/sitemaps/results-1.xml"), format!("{ISSUER}/sitemaps/organisations-1.xml")];
    assert_eq!(addresses(&index.text), files);
    assert_eq!(index.header("content-type"), Some("text/xml; charset=utf-8"));
    let results = "/sitemaps/results-1.xml";
    let first = soon(&public, results, |file| addresses(&file.text).len() == 2).await;
    let address = |id: &str| format!("{ISSUER}/v1/results/{id}");
    assert_eq!(addresses(&first.text), [address(&id), address(&other)]);
    assert!(first.text.contains("</loc><lastmod>20") && first.header("last-modified").is_some());
    for path in ["/sitemap.xml", results, "/robots.txt"] {
        let head = send(public.request("HEAD", path)).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
    }
    for path in ["/sitemap.xml", results] {
        let tag = public.get(path).await.etag();
        assert_eq!(send(public.request("GET", path).header("if-none-match", &tag)).await.status, 304, "{path}");
    }
    let robots = public.get("/robots.txt").await;
    assert!(robots.text.ends_with(&format!("\nSitemap: {ISSUER}/sitemap.xml\n")), "{}", robots.text);

    // Withdrawn it leaves, published again it comes back to its place.
    for (version, status, rest) in
        [(1, "withdrawn", vec![address(&other)]), (2, "published", vec![address(&id), address(&other)])]
    {
        staff
            .patch(&format!("/v1/results/{id}"), &format!("\"{version}\""), &json!({"status": status}))
            .await
            .expect(200);
        let changed = soon(&public, results, |file| addresses(&file.text) == rest).await;
        assert_ne!(changed.etag(), first.etag());
    }
    for id in [&id, &other] {
        let tag = staff.get(&format!("/v1/results/{id}")).await.etag();
        staff.delete(&format!("/v1/results/{id}"), &tag).await.expect(204);
    }
    let index = soon(&public, "/sitemap.xml", |index| addresses(&index.text).len() == 1).await;
    assert_eq!(addresses(&index.text), files[1..]);
    for wrong in
        ["results-1.xml", "organisations-2.xml", "organisations-0.xml", "organisations-01.xml", "x", "a%00-1.xml"]
    {
        public.get(&format!("/sitemaps/{wrong}")).await.problem(404, "not-found");
    }
    assert_eq!(send(public.request("POST", "/sitemap.xml")).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sitemap_holds_fifty_thousand_addresses_and_the_next_one_the_rest() {
    let service = Service::start().await;
    let public = service.public();
    let insert = "INSERT INTO harvest_items (record_id, kind, changed_at, deleted, sets)
                  SELECT gen_random_uuid(), 'organisation', now(), number = 7, '{}' FROM generate_series(1, 50001) AS number";
    service.sql(insert).await.expect("rows");
    let index = public.get("/sitemap.xml").await;
    let files = [1, 2].map(|number| format!("{ISSUER}/sitemaps/organisations-{number}.xml"));
    assert_eq!(addresses(&index.text), files);
    for (number, count) in [(1, 49_999), (2, 1)] {
        let file = public.get(&format!("/sitemaps/organisations-{number}.xml")).await;
        assert_eq!(addresses(&file.text).len(), count);
    }
    public.get("/sitemaps/organisations-3.xml").await.problem(404, "not-found");
    let places = "SELECT count(DISTINCT place) || ' ' || min(place) || ' ' || max(place) FROM harvest_items";
    assert_eq!(service.value(places).await, "50001 1 50001");
}

/// A search engine that nobody here wrote finds every record by robots.txt and the sitemaps, and understands what it reads.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_engine_finds_and_understands_every_kind_of_record() {
    let Some(python) = std::env::var_os("DUIJIE_PYTHON") else {
        eprintln!("DUIJIE_PYTHON is not set: no search engine was tried");
        return;
    };
    let service = Service::start_as_issuer().await;
    let staff = service.staff().await;
    let example = |schema: &str| {
        let document = serde_json::to_value(duijie::openapi::document()).expect("JSON");
        let example = document["components"]["schemas"][schema]["example"].clone();
        assert!(example.is_object(), "{schema}");
        example
    };
    let firm = staff.create("organisations", &example("Organisation")).await;
    let mut person = example("Expert");
    person["organisation_id"] = json!(firm);
    let person = staff.create("experts", &person).await;
    let mut work = example("Result");
    work["holder_id"] = json!(firm);
    work["contributor_ids"] = json!([person]);
    work["awards"] = json!(["科技进步奖"]);
    work["intellectual_property"] = json!([{"kind": "invention", "number": "201710601862.3", "status": "granted"}]);
    work["attachments"] = json!([{"name": "说明书", "url": "https://example.com/a.pdf"}]);
    work["source"] =
        json!({"origin": "论文", "url": "https://example.com/1?a=1&b=2", "partner": "csl", "identifier": "1"});
    staff.create("results", &work).await;
    let mut wish = example("Demand");
    wish["enterprise_id"] = json!(firm);
    staff.create("demands", &wish).await;
    let mut law = example("Policy");
    law["effective_on"] = json!("2026-04-01");
    law["expires_on"] = json!("2028-12-31");
    law["author"] = json!("县科技局");
    law["source"] = json!("县政府网站");
    staff.create("policies", &law).await;
    soon(&service.public(), "/sitemap.xml", |index| addresses(&index.text).len() == 5).await;
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/outsiders/search_engine.py"))
        .arg(format!("{}/", service.address))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .expect("Python runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let found: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let all = json!({"CreativeWork": 1, "Person": 1, "Corporation": 1, "Demand": 1, "Legislation": 1});
    assert_eq!(found, all, "{errors}");
}
