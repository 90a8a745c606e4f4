//! Partner sites: their tokens, scopes, secrets and networks, and what is theirs.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, ISSUER, Service, result, send};

const FORM: &str = "application/x-www-form-urlencoded";

/// A site's id and a secret of it.
async fn site(admin: &Client, partner: &Value) -> (String, String) {
    let id = admin.create("partners", partner).await;
    let secret = new_secret(admin, &id).await;
    (id, secret.expect(201)["client_secret"].as_str().expect("a secret").to_owned())
}

async fn new_secret(admin: &Client, site: &str) -> Answer {
    admin.post(&format!("/v1/partners/{site}/secrets"), &json!({})).await
}

async fn ask(service: &Service, form: &str, basic: Option<&str>, from: &str) -> Answer {
    let request = service.public().request("POST", "/oauth/token").header("content-type", FORM);
    let request = request.header("x-forwarded-for", from);
    let request = match basic {
        Some(pair) => request.header("authorization", &format!("Basic {}", STANDARD.encode(pair))),
        None => request,
    };
    send(request.body(form)).await
}

async fn token(service: &Service, (id, secret): &(String, String)) -> Client {
    let answer = ask(service, "grant_type=client_credentials", Some(&format!("{id}:{secret}")), "127.0.0.1").await;
    service.public().with_session(answer.expect(200))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_gets_a_token_by_basic_or_in_the_form() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let (id, secret) = site(&admin, &json!({"name": "省平台", "scopes": ["results:read", "matches:read"]})).await;
    let grant = "grant_type=client_credentials";
    let by_basic = ask(&service, grant, Some(&format!("{id}:{secret}")), "127.0.0.1").await;
    let by_form = ask(&service, &format!("{grant}&client_id={id}&client_secret={secret}"), None, "127.0.0.1").await;
    for answer in [&by_basic, &by_form] {
        let body = answer.expect(200);
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(600)));
        assert_eq!(body["scope"], "results:read matches:read");
        assert!(body.get("refresh_token").is_none());
        assert_eq!((answer.header("cache-control"), answer.header("pragma")), (Some("no-store"), Some("no-cache")));
        service.public().with_session(body).get("/v1/results").await.expect(200);
    }
    let narrower =
        ask(&service, &format!("{grant}&scope=results:read"), Some(&format!("{id}:{secret}")), "127.0.0.1").await;
    assert_eq!(narrower.expect(200)["scope"], "results:read");
    let narrow = service.public().with_session(&narrower.body);
    let refused = narrow.get("/v1/search?q=x").await;
    refused.problem(403, "insufficient-scope");
    let challenge = refused.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains("error=\"insufficient_scope\"") && challenge.contains("scope=\"matches:read\""));
    let read = admin.get(&format!("/v1/partners/{id}")).await;
    assert!(read.expect(200)["last_used_at"].is_string() && read.body["secrets"][0]["last_used_at"].is_string());
    assert!(!read.text.contains(&secret));
    let held = format!("SELECT count(*) FROM partner_secrets AS kept WHERE kept::text LIKE '%{secret}%'");
    assert_eq!(service.value(&held).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_for_a_token_is_told_as_rfc_6749_says() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let (id, secret) = site(&admin, &json!({"name": "省平台", "scopes": ["results:read"]})).await;
    let basic = format!("{id}:{secret}");
    let form = format!("&client_id={id}&client_secret={secret}");
    let grant = "grant_type=client_credentials";
    for (body, basic, status, error) in [
        (String::new(), Some(&basic), 400, "invalid_request"),
        (format!("{grant}&{grant}"), Some(&basic), 400, "invalid_request"),
        (format!("{grant}{form}"), Some(&basic), 400, "invalid_request"),
        ("grant_type=password".to_owned(), Some(&basic), 400, "unsupported_grant_type"),
        (format!("{grant}&scope=results:write"), Some(&basic), 400, "invalid_scope"),
        (format!("{grant}&scope=everything"), Some(&basic), 400, "invalid_scope"),
        (grant.to_owned(), None, 401, "invalid_client"),
        (format!("{grant}&client_id={id}"), None, 401, "invalid_client"),
        (format!("{grant}&client_id=x&client_secret={secret}"), None, 401, "invalid_client"),
        (grant.to_owned(), Some(&format!("{id}:wrong")), 401, "invalid_client"),
        (grant.to_owned(), Some(&"no colon".to_owned()), 401, "invalid_client"),
        (grant.to_owned(), Some(&format!("01939c5e-0000-7000-8000-000000000000:{secret}")), 401, "invalid_client"),
    ] {
        let answer = ask(&service, &body, basic.map(String::as_str), "127.0.0.1").await;
        assert_eq!((answer.status, answer.body["error"].as_str()), (status, Some(error)), "{body} {}", answer.text);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401, "{body}");
    }
    let json =
        send(service.public().request("POST", "/oauth/token").json(&json!({"grant_type": "client_credentials"}))).await;
    assert_eq!(json.expect(400)["error"], "invalid_request");
    // The secret opens nothing but the token endpoint.
    let basic = format!("Basic {}", STANDARD.encode(basic));
    let elsewhere = send(service.public().request("GET", "/v1/results").header("authorization", &basic)).await;
    elsewhere.problem(401, "unauthenticated");
    // A person's account is no client.
    let account = admin.get("/v1/account").await.expect(200)["id"].as_str().expect("an id").to_owned();
    let person = ask(&service, grant, Some(&format!("{account}:{}", crate::harness::PASSWORD)), "127.0.0.1").await;
    assert_eq!(person.expect(401)["error"], "invalid_client");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_says_what_it_is_as_an_authorization_server() {
    let service = Service::start().await;
    let metadata = service.public().get("/.well-known/oauth-authorization-server").await;
    let metadata = metadata.expect(200);
    assert_eq!(metadata["issuer"], ISSUER);
    assert_eq!(metadata["token_endpoint"], format!("{ISSUER}/oauth/token"));
    assert_eq!(metadata["jwks_uri"], format!("{ISSUER}/.well-known/jwks.json"));
    assert_eq!(metadata["grant_types_supported"], json!(["client_credentials"]));
    assert_eq!(metadata["response_types_supported"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_changed_without_an_outage() {
    let service = Service::start().await;
    let beside = Service::start_on(service.url.clone()).await;
    let admin = service.admin().await;
    let (id, first) = site(&admin, &json!({"name": "省平台", "scopes": ["results:read"]})).await;
    let old = token(&service, &(id.clone(), first.clone())).await;
    let second = new_secret(&admin, &id).await;
    let second = second.expect(201)["client_secret"].as_str().expect("a secret").to_owned();
    new_secret(&admin, &id).await.problem(409, "conflict");
    let new = token(&service, &(id.clone(), second.clone())).await;
    let secrets = admin.get(&format!("/v1/partners/{id}")).await.expect(200)["secrets"].clone();
    assert_eq!(secrets.as_array().map(Vec::len), Some(2));
    let path = format!("/v1/partners/{id}/secrets/{}", secrets[0]["id"].as_str().expect("an id"));
    assert_eq!(send(admin.request("DELETE", &path)).await.status, 204);
    send(admin.request("DELETE", &path)).await.problem(404, "not-found");
    // What was got by the old one is good no more, in no process; the new one goes on.
    old.get("/v1/results").await.problem(401, "unauthenticated");
    assert!(beside.public().with_token(old.token().to_owned()).is_refused_soon().await);
    new.get("/v1/results").await.expect(200);
    let basic = format!("{id}:{first}");
    let refused = ask(&service, "grant_type=client_credentials", Some(&basic), "127.0.0.1").await;
    assert_eq!(refused.expect(401)["error"], "invalid_client");
    // Of many made at once only as many as there is room for.
    let tries = futures_util::future::join_all((0..6).map(|_| new_secret(&admin, &id))).await;
    assert_eq!(tries.iter().filter(|answer| answer.status == 201).count(), 1, "{tries:?}");
    let revived = service.sql("UPDATE partner_secrets SET revoked_at = NULL").await;
    assert!(revived.is_err_and(|refusal| refusal.contains("stays so")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_calls_from_its_networks_and_within_what_it_may_now() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let partner =
        json!({"name": "省平台", "scopes": ["results:read", "results:write"], "networks": ["203.0.113.0/24"]});
    let (id, secret) = site(&admin, &partner).await;
    let (grant, basic) = ("grant_type=client_credentials", format!("{id}:{secret}"));
    let elsewhere = ask(&service, grant, Some(&basic), "198.51.100.1").await;
    assert_eq!(elsewhere.expect(401)["error"], "invalid_client");
    let here = ask(&service, grant, Some(&basic), "203.0.113.77").await;
    let client = service.public().with_session(here.expect(200));
    let read =
        async |from: &str| send(client.request("GET", "/v1/results").header("x-forwarded-for", from)).await.status;
    assert_eq!((read("203.0.113.77").await, read("198.51.100.1").await), (200, 401));
    let path = format!("/v1/partners/{id}");
    let current = admin.get(&path).await;
    let narrower = json!({"name": "省平台", "scopes": ["results:write"], "networks": ["203.0.113.0/24"]});
    admin.put(&path, "\"7\"", &narrower).await.problem(412, "precondition-failed");
    let renamed = json!({"name": "市平台", "scopes": ["results:write"]});
    assert_eq!(admin.put(&path, &current.etag(), &renamed).await.faults(), ["/name unchangeable"]);
    let changed = admin.put(&path, &current.etag(), &narrower).await;
    assert_eq!((&changed.expect(200)["version"], &changed.body["scopes"]), (&json!(2), &json!(["results:write"])));
    // A token from before has lost the scope within seconds.
    let started = Instant::now();
    while read("203.0.113.77").await != 403 {
        assert!(started.elapsed() < Duration::from_secs(20), "the scope is still good");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let disabled = json!({"name": "省平台", "scopes": ["results:write"], "disabled": true});
    let disabled = admin.put(&path, &changed.etag(), &disabled).await;
    assert_eq!((&disabled.expect(200)["disabled"], &disabled.body["secrets"]), (&json!(true), &json!([])));
    assert!(client.is_refused_soon().await);
    new_secret(&admin, &id).await.problem(409, "conflict");
    for (networks, code) in [
        (json!(["203.0.113.1/24"]), "not_a_network"),
        (json!(["x"]), "not_a_network"),
        (json!(["::/0", "::/0"]), "duplicate"),
    ] {
        let refused =
            admin.post("/v1/partners", &json!({"name": "x", "scopes": ["results:read"], "networks": networks})).await;
        assert_eq!(refused.faults(), [format!("/networks {code}")]);
    }
    let taken = admin.post("/v1/partners", &json!({"name": "省平台", "scopes": ["results:read"]})).await;
    taken.problem(409, "conflict");
    let none = admin.post("/v1/partners", &json!({"name": "x", "scopes": []})).await;
    assert_eq!(none.faults(), ["/scopes too_few"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_writes_the_results_that_came_from_it_and_no_others() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let school = admin.create("organisations", &json!({"name": "燕北理工大学", "kind": "university"})).await;
    let scopes = ["results:read", "results:write", "changes:read", "matches:read"];
    let ours = service.partner(&admin, "省平台", &scopes).await;
    let theirs = service.partner(&admin, "市平台", &scopes).await;
    let mut work = result(&school, "球墨铸铁缩松控制", "以冒口和冷铁的配合控制球墨铸铁件的缩松。");
    work["status"] = json!("draft");
    ours.post("/v1/results", &work).await.problem(403, "forbidden");
    work["source"] = json!({"partner": "市平台", "identifier": "A-1"});
    ours.post("/v1/results", &work).await.problem(403, "forbidden");
    work["source"] = json!({"partner": "省平台", "identifier": "A-1"});
    let id = ours.create_findable("results", &work).await;
    ours.post("/v1/results", &work).await.problem(409, "conflict");
    let path = format!("/v1/results/{id}");
    // Its own draft is its own to see, to find and to change.
    ours.get(&path).await.expect(200);
    theirs.get(&path).await.problem(404, "not-found");
    assert!(ours.get("/v1/results").await.ids().contains(&id) && !theirs.get("/v1/results").await.ids().contains(&id));
    let search = "/v1/search?q=%E7%BC%A9%E6%9D%BE&kind=result";
    let (found, hidden) = (ours.get(search).await, theirs.get(search).await);
    assert!(found.ids().contains(&id) && found.expect(200)["total"] == 1, "{}", found.text);
    assert_eq!(hidden.expect(200)["total"], 0);
    theirs.patch(&path, "\"1\"", &json!({"status": "published"})).await.problem(404, "not-found");
    ours.patch(&path, "\"1\"", &json!({"source": {"partner": "市平台", "identifier": "A-1"}}))
        .await
        .problem(403, "forbidden");
    ours.patch(&path, "\"1\"", &json!({"status": "published"})).await.expect(200);
    theirs.patch(&path, "\"2\"", &json!({"title": "别人的题目"})).await.problem(403, "forbidden");
    assert_eq!(ours.get(&format!("{path}/history")).await.expect(200)["items"].as_array().map(Vec::len), Some(2));
    theirs.get(&format!("{path}/history")).await.problem(403, "forbidden");
    let renamed = service.sql("UPDATE partners SET name = '别的名字'").await;
    assert!(renamed.is_err_and(|refusal| refusal.contains("stands in its records")));
}
