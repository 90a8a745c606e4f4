//! How many people look at a policy and at the site.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Service, enterprise, new_database, send};

const EDGE: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36";
const PHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0";
const SPIDER: &str = "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)";

/// Somebody at an address, before a browser.
async fn look(client: &Client, method: &str, path: &str, from: &str, agent: &str) -> Answer {
    send(client.request(method, path).header("x-forwarded-for", from).header("user-agent", agent)).await
}

/// Total and today's, once they are written.
async fn counted(client: &Client, path: &str) -> (i64, i64) {
    tokio::time::sleep(Duration::from_millis(2200)).await;
    let answer = client.get(path).await;
    let number = |name: &str| answer.expect(200)[name].as_i64().expect("a number");
    (number("total"), number("today"))
}

async fn policy(staff: &Client, status: &str) -> String {
    let policy = json!({
        "title": "关于支持企业技术改造的若干措施", "level": "county", "status": status,
        "body": "一、支持企业设备更新。对购置关键设备的企业给予补助。"
    });
    staff.create("policies", &policy).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_viewed_by_people_and_not_by_robots_reloads_or_the_centre() {
    let service = Service::start().await;
    let (public, staff) = (service.public(), service.staff().await);
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let member = service.enterprise(&firm).await;
    let path = format!("/v1/policies/{}", policy(&staff, "published").await);
    let views = format!("{path}/views");
    assert_eq!(public.get(&views).await.expect(200), &json!({"total": 0, "today": 0}));

    // Two people at one address, one at another, and a member from two.
    for _ in 0..3 {
        look(&public, "GET", &path, "203.0.113.7", EDGE).await.expect(200);
        look(&public, "GET", &path, "203.0.113.7", PHONE).await.expect(200);
        look(&public, "GET", &path, "203.0.113.8", EDGE).await.expect(200);
        look(&member, "GET", &path, "203.0.113.9", EDGE).await.expect(200);
        look(&member, "GET", &path, "203.0.113.10", PHONE).await.expect(200);
    }
    for agent in [SPIDER, "curl/8.5.0", ""] {
        look(&public, "GET", &path, "203.0.113.20", agent).await.expect(200);
    }
    assert_eq!(look(&public, "HEAD", &path, "203.0.113.21", EDGE).await.status, 200);
    look(&staff, "GET", &path, "203.0.113.22", EDGE).await.expect(200);
    look(&public, "GET", "/v1/policies", "203.0.113.23", EDGE).await.expect(200);
    assert_eq!(counted(&public, &views).await, (4, 4));
    assert_eq!(service.value("SELECT count(*) FROM visits").await, "1");
    let since = public.get(&views).await.body["since"].clone();
    assert!(since.as_str().is_some_and(|day| day.len() == 10), "{since}");
}

#[tokio::test(flavor = "multi_thread")]
async fn views_tell_nothing_of_what_may_not_be_read() {
    let service = Service::start().await;
    let (public, staff) = (service.public(), service.staff().await);
    let draft = format!("/v1/policies/{}/views", policy(&staff, "draft").await);
    public.get(&draft).await.problem(404, "not-found");
    staff.get(&draft).await.expect(200);
    public.get("/v1/policies/nonsense/views").await.problem(404, "not-found");
    let gone = policy(&staff, "published").await;
    staff.delete(&format!("/v1/policies/{gone}"), "\"1\"").await.expect(204);
    public.get(&format!("/v1/policies/{gone}/views")).await.problem(410, "gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_count_a_visitor_of_the_site_once_and_a_restart_forgets_nothing() {
    let url = new_database().await;
    let (one, two) = (Service::start_on(url.clone()).await, Service::start_on(url).await);
    for service in [&one, &two] {
        for visitor in 0..40 {
            let from = format!("198.51.100.{visitor}");
            look(&service.public(), "POST", "/v1/site/visits", &from, EDGE).await.expect(200);
        }
    }
    look(&two.public(), "POST", "/v1/site/visits", "198.51.100.99", SPIDER).await.expect(200);
    assert_eq!(counted(&one.public(), "/v1/site/visits").await, (40, 40));
    two.stop().await;
    let one = one.restart().await;
    look(&one.public(), "POST", "/v1/site/visits", "198.51.100.1", EDGE).await.expect(200);
    look(&one.public(), "POST", "/v1/site/visits", "198.51.100.200", EDGE).await.expect(200);
    assert_eq!(counted(&one.public(), "/v1/site/visits").await, (41, 41));

    // Tomorrow those of today count again, and today's are no longer today's.
    one.sql("UPDATE visits SET day = day - 1, since = since - 1; UPDATE visitors SET day = day - 1")
        .await
        .expect("a day");
    assert_eq!(one.public().get("/v1/site/visits").await.body["today"], 0);
    let one = one.restart().await;
    look(&one.public(), "POST", "/v1/site/visits", "198.51.100.1", EDGE).await.expect(200);
    assert_eq!(counted(&one.public(), "/v1/site/visits").await, (42, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_there_cannot_be_read_from_what_is_kept() {
    let service = Service::start().await;
    let public = service.public();
    look(&public, "POST", "/v1/site/visits", "198.51.100.77", EDGE).await.expect(200);
    assert_eq!(counted(&public, "/v1/site/visits").await, (1, 1));
    let kept: Value = service.value("SELECT to_jsonb(visitors) FROM visitors").await.parse().expect("a row");
    assert_eq!(kept.as_object().map(serde_json::Map::len), Some(3));
    assert!(kept["visitor"].is_i64(), "{kept}");
}
