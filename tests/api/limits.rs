//! What one caller may take: requests, bodies, time, and what pages of other sites may.

use std::num::NonZeroU32;
use std::time::Duration;

use diesel::dsl::sql;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use duijie::http::Patience;
use duijie::server::Options;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::harness::{self, Answer, Client, Service, options, send};

const SITE: &str = "https://site.example.com";

fn rate(units: u32) -> Options {
    Options { rate: NonZeroU32::new(units).expect("a rate"), ..options() }
}

/// A request that comes from an address.
async fn from(client: &Client, address: &str, path: &str) -> Answer {
    send(client.request("GET", path).header("x-forwarded-for", address)).await
}

/// The units that are left and the seconds until all are there again, as an answer tells.
fn left(answer: &Answer) -> (u32, u64) {
    let told = answer.header("ratelimit").expect("a RateLimit header");
    let mut parts = told.strip_prefix("\"default\";r=").expect("what is left").split(";t=");
    let mut next = || parts.next().expect("a number").parse::<u64>().expect("a number");
    (u32::try_from(next()).expect("a small number"), next())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_past_the_quota_waits_and_may_then_go_on() {
    // A unit a second.
    let service = Service::start_with(rate(60)).await;
    let public = service.public();
    // Two at a time: one second brings back one of them.
    let mut answer = from(&public, "203.0.113.7", "/v1/search?q=x").await;
    assert_eq!((answer.status, left(&answer)), (200, (58, 2)));
    assert_eq!(answer.header("ratelimit-policy"), Some("\"default\";q=60;w=60"));
    let mut asked = 1;
    while answer.status == 200 {
        answer = from(&public, "203.0.113.7", "/v1/search?q=x").await;
        asked += 1;
        assert!(asked < 100, "nobody is refused");
    }
    assert!(asked > 30, "refused after {asked}");
    answer.problem(429, "too-many-requests");
    let wait: u64 = answer.header("retry-after").and_then(|seconds| seconds.parse().ok()).expect("Retry-After");
    assert!((1..=2).contains(&wait) && left(&answer).0 < 2 && left(&answer).1 >= 58, "{answer:?}");
    assert_eq!(answer.header("ratelimit-policy"), Some("\"default\";q=60;w=60"));
    sleep(Duration::from_secs(wait)).await;
    from(&public, "203.0.113.7", "/v1/search?q=x").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heavier_operation_costs_more_whatever_comes_of_it() {
    let service = Service::start_with(rate(60)).await;
    let public = service.public();
    let spent = |answer: Answer| 60 - left(&answer).0;
    for (place, (method, path, cost)) in [
        ("GET", "/v1/results", 1),
        ("HEAD", "/v1/results", 1),
        ("GET", "/v1/re%73ults", 1),
        ("GET", "/v1/results/x", 1),
        ("GET", "/v1/search?q=x", 2),
        ("GET", "/v1/search", 2),
        ("POST", "/v1/matches", 5),
        ("POST", "/v1/sessions", 5),
        ("GET", "/v1/accounts", 1),
        ("GET", "/access", 1),
    ]
    .into_iter()
    .enumerate()
    {
        let request = public.request(method, path).header("x-forwarded-for", &format!("203.0.113.{place}"));
        assert_eq!(spent(send(request).await), cost, "{method} {path}");
    }
    for (method, path) in
        [("GET", "/v1/nothing"), ("OPTIONS", "/v1/results"), ("DELETE", "/v1/results"), ("GET", "/docs/")]
    {
        let free = send(public.request(method, path)).await;
        assert_eq!(free.header("ratelimit"), None, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_addresses_do_not_share_and_a_bad_token_is_its_address() {
    // Nothing comes back while the test runs: so their tokens are from another process.
    let generous = Service::start().await;
    let service = Service::start_on_with(generous.url.clone(), rate(3)).await;
    let one = service.public().with_token(generous.staff().await.token().to_owned());
    let other = service.public().with_token(generous.staff().await.token().to_owned());
    let list = |client: Client| async move { from(&client, "203.0.113.9", "/v1/results").await };
    for remaining in [2, 1, 0] {
        assert_eq!(left(&list(one.clone()).await).0, remaining);
    }
    list(one.clone()).await.problem(429, "too-many-requests");
    // The account is the same wherever it calls from.
    from(&one, "203.0.113.10", "/v1/results").await.problem(429, "too-many-requests");
    assert_eq!(left(&list(other).await).0, 2);
    assert_eq!(left(&list(service.public()).await).0, 2);
    for remaining in [1, 0] {
        let refused = list(service.public().with_token("e30.e30.e30".to_owned())).await;
        refused.problem(401, "unauthenticated");
        assert_eq!(left(&refused).0, remaining);
    }
    list(service.public().with_token("e30.e30.e30".to_owned())).await.problem(429, "too-many-requests");
    list(service.public()).await.problem(429, "too-many-requests");
    for neighbour in ["203.0.113.8", "2001:db8:1:2::1", "2001:db8:1:3::1"] {
        assert_eq!(left(&from(&service.public(), neighbour, "/v1/results").await).0, 2);
    }
    // One subscriber has 64 bits.
    assert_eq!(left(&from(&service.public(), "2001:db8:1:2:f::9", "/v1/results").await).0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn that_someone_asked_too_often_is_not_audited() {
    let service = Service::start_with(rate(1)).await;
    let public = service.public();
    from(&public, "203.0.113.7", "/v1/accounts").await.problem(401, "unauthenticated");
    for _ in 0..3 {
        from(&public, "203.0.113.7", "/v1/accounts").await.problem(429, "too-many-requests");
    }
    let one = "DO $$ BEGIN ASSERT (SELECT count(*) FROM audit_events) = 1; END $$";
    service.sql(one).await.expect("only the first is noted");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_sites_that_are_named_may_call_and_those_of_others_may_not() {
    let origins = vec![SITE.parse().expect("an origin")];
    let service = Service::start_with(Options { cors_origins: origins, rate: NonZeroU32::MIN, ..options() }).await;
    let public = service.public();
    let preflight = |origin: &str, method: &str, headers: &str| {
        let request = public.request("OPTIONS", "/v1/results").header("origin", origin);
        let request = request.header("access-control-request-method", method);
        send(request.header("access-control-request-headers", headers))
    };
    for _ in 0..3 {
        let allowed = preflight(SITE, "PATCH", "authorization,content-type,if-match,idempotency-key,traceparent").await;
        assert_eq!((allowed.status, allowed.header("ratelimit")), (200, None));
        assert_eq!(allowed.header("access-control-allow-origin"), Some(SITE));
        assert_eq!(allowed.header("access-control-allow-credentials"), None);
        assert_eq!(allowed.header("x-content-type-options"), Some("nosniff"));
        let methods = allowed.header("access-control-allow-methods").expect("methods");
        assert!(["GET", "POST", "PUT", "PATCH", "DELETE"].iter().all(|method| methods.contains(method)), "{methods}");
    }
    for (origin, method, header) in [
        ("https://other.example.com", "GET", "authorization"),
        ("null", "GET", "authorization"),
        (SITE, "TRACE", "authorization"),
        (SITE, "GET", "x-secret"),
    ] {
        let refused = preflight(origin, method, header).await;
        refused.problem(400, "invalid-header");
        assert_eq!(refused.header("access-control-allow-origin"), None, "{origin} {method} {header}");
    }
    let plain = send(public.request("OPTIONS", "/v1/results").header("origin", SITE)).await;
    assert_eq!((plain.status, plain.header("allow")), (204, Some("GET, HEAD, POST, OPTIONS")));
    // An answer, one that is refused for its limit, and one that never gets to a handler.
    let ask = |origin: &'static str, accept: &'static str| {
        send(public.request("GET", "/v1/results").header("origin", origin).header("accept", accept))
    };
    for (accept, status) in [("*/*", 200), ("*/*", 429), ("text/csv", 406)] {
        let answer = ask(SITE, accept).await;
        answer.expect(status);
        assert_eq!(answer.header("access-control-allow-origin"), Some(SITE), "{status}");
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
        for name in ["etag", "link", "location", "ratelimit", "ratelimit-policy", "retry-after", "x-request-id"] {
            assert!(exposed.split(", ").any(|exposed| exposed == name), "{name}: {exposed}");
        }
        assert!(answer.header("vary").is_some_and(|vary| vary.contains("Origin")));
    }
    let other = ask("https://other.example.com", "*/*").await;
    assert_eq!(other.header("access-control-allow-origin"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sites_that_are_named_there_is_no_cors() {
    let service = Service::start().await;
    let public = service.public();
    let asked = public.request("OPTIONS", "/v1/results").header("origin", SITE);
    let preflight = send(asked.header("access-control-request-method", "GET")).await;
    assert_eq!((preflight.status, preflight.header("allow")), (204, Some("GET, HEAD, POST, OPTIONS")));
    let answer = send(public.request("GET", "/v1/results").header("origin", SITE)).await;
    for name in preflight.headers.keys().chain(answer.headers.keys()) {
        assert!(!name.as_str().starts_with("access-control"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_are_told_what_each_answer_may_do() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let data = "default-src 'none'; frame-ancestors 'none'";
    for (path, policy, cache) in [
        ("/v1/results", data, Some("no-store")),
        ("/v1/nothing", data, Some("no-store")),
        ("/.well-known/jwks.json", data, Some("public, max-age=60")),
        (
            "/problems/gone",
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
          form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            None,
        ),
        (
            "/docs/",
            "default-src 'none'; style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; \
             script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
            None,
        ),
    ] {
        let answer = staff.get(path).await;
        assert_eq!(answer.header("content-security-policy"), Some(policy), "{path}");
        assert_eq!(answer.header("cache-control"), cache, "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
            // Test services are reached by https, so their address says.
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path} {name}");
        }
    }
    assert_eq!(service.public().get("/v1/results").await.header("cache-control"), None);
    let v1 = staff.get("/v%31/results").await;
    assert_eq!((v1.status, v1.header("cache-control")), (200, Some("no-store")));
    for path in ["/access", "/invitation", "/password-reset", "/problems/gone"] {
        let page = service.public().get(path).await.text;
        assert!(!page.contains("<style") && !page.contains("style=") && page.contains("/pages.css"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_known_is_not_sent_again() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let id = staff.create("organisations", &json!({"name": "燕北理工大学", "kind": "university"})).await;
    let path = format!("/v1/organisations/{id}");
    let etag = staff.get(&path).await.etag();
    let known = send(staff.request("GET", &path).header("if-none-match", &etag)).await;
    assert_eq!((known.status, known.etag()), (304, etag));
    assert_eq!(known.header("cache-control"), Some("no-store"));
}

/// What comes back to bytes sent by hand, until the service closes the connection; with the bytes sent in the end.
async fn raw(service: &Service, parts: &[(&[u8], Duration)]) -> String {
    let mut stream = connect(service).await;
    for (bytes, pause) in parts {
        // It may have heard enough.
        let _ = stream.write_all(bytes).await;
        sleep(*pause).await;
    }
    let mut answer = Vec::new();
    let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the connection is still open: {}", String::from_utf8_lossy(&answer));
    String::from_utf8_lossy(&answer).into_owned()
}

async fn connect(service: &Service) -> TcpStream {
    TcpStream::connect(service.address.trim_start_matches("http://")).await.expect("a connection")
}

fn hasty() -> Options {
    let patience =
        Patience { body: Duration::from_secs(1), answer: Duration::from_secs(3), connection: Duration::from_secs(2) };
    Options { patience, ..options() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_arrive_is_given_up() {
    let service = Service::start_with(hasty()).await;
    for (path, kind, length) in [
        ("/v1/sessions", "application/json", "content-length: 50"),
        ("/v1/sessions", "application/json", "transfer-encoding: chunked"),
        ("/oauth/token", "application/x-www-form-urlencoded", "content-length: 50"),
    ] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\n{length}\r\n\r\n");
        let started = Instant::now();
        let answer = raw(&service, &[(head.as_bytes(), Duration::ZERO)]).await;
        assert!(
            answer.starts_with("HTTP/1.1 408") && answer.contains("/problems/timed-out"),
            "{path} {length}: {answer}"
        );
        assert!(started.elapsed() > Duration::from_secs(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_not_held_by_half_of_a_later_head() {
    let service = Service::start_with(hasty()).await;
    let whole: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
    let answer = raw(&service, &[(whole, Duration::from_millis(200)), (b"GET /health/live HT", Duration::ZERO)]).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    // One that is used stays.
    let pause = Duration::from_millis(1200);
    let answer = raw(&service, &[(whole, pause), (whole, pause), (whole, pause), (whole, pause)]).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 4, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_takes_too_long_is_given_up() {
    let service = Service::start_with(hasty()).await;
    let staff = service.staff().await;
    // What a handler waits for is held by another transaction.
    let holder = harness::connect(&service.url).await;
    holder.batch_execute("BEGIN; LOCK TABLE organisations").await.expect("a lock");
    let answer = staff.get("/v1/organisations").await;
    answer.problem(503, "unavailable");
    holder.batch_execute("ROLLBACK").await.expect("an end");
    staff.get("/v1/organisations").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_refused_however_it_comes() {
    let service = Service::start().await;
    let big = vec![b' '; 1024 * 1024 + 1];
    let chunk: Vec<u8> = [format!("{:x}\r\n", big.len()).as_bytes(), &big, b"\r\n0\r\n\r\n"].concat();
    for (path, kind) in [("/v1/sessions", "application/json"), ("/oauth/token", "application/x-www-form-urlencoded")] {
        let declared =
            send(service.public().request("POST", path).header("content-type", kind).body(big.clone())).await;
        declared.problem(413, "payload-too-large");
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        let answer = raw(&service, &[(head.as_bytes(), Duration::ZERO), (&chunk, Duration::ZERO)]).await;
        assert!(
            answer.starts_with("HTTP/1.1 413") && answer.contains("/problems/payload-too-large"),
            "{path}: {answer}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_of_requests_end_by_themselves() {
    let service = Service::start().await;
    let mut connection = service.database.connection().await.expect("a connection");
    let mut lasting = service.database.lasting_connection().await.expect("a connection");
    assert_eq!(statement_timeout(&mut connection).await, "30s");
    assert_eq!(statement_timeout(&mut lasting).await, "0");
}

async fn statement_timeout(connection: &mut AsyncPgConnection) -> String {
    let query = diesel::select(sql::<Text>("current_setting('statement_timeout')"));
    query.get_result(connection).await.expect("a setting")
}
