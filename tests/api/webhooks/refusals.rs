//! Who may keep webhooks, of what, and where they may not go.

use serde_json::json;

use super::receiver::{Receiver, Reply};
use super::subscribe;
use crate::harness::process::{add_user, open_folder, program, serve, sign_in};
use crate::harness::{Service, connect, enterprise, new_database, policy, send};

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_its_owners_and_an_admin_sees_all() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let firm = admin.create("organisations", &enterprise("五金厂")).await;
    let (ours, theirs) = (
        service.partner(&admin, "省平台", &["webhooks"]).await,
        service.partner(&admin, "市平台", &["webhooks"]).await,
    );
    let (staff, colleague) = (service.staff().await, service.staff().await);
    let url = "http://127.0.0.1:65009/hook";
    let (of_site, _) = subscribe(&ours, url, &["result.changed"]).await;
    let (of_staff, _) = subscribe(&staff, url, &["docking.moved", "result.changed"]).await;
    for (path, owner, strangers) in [(&of_site, &ours, [&theirs, &staff]), (&of_staff, &staff, [&colleague, &ours])] {
        owner.get(path).await.expect(200);
        assert_eq!(owner.get("/v1/webhooks").await.ids().len(), 1);
        admin.get(path).await.expect(200);
        for stranger in strangers {
            stranger.get(path).await.problem(404, "not-found");
            stranger.get(&format!("{path}/deliveries")).await.problem(404, "not-found");
            stranger.post(&format!("{path}/tests"), &json!({})).await.problem(404, "not-found");
            stranger.post(&format!("{path}/secrets"), &json!({})).await.problem(404, "not-found");
            stranger.delete(path, "\"1\"").await.problem(404, "not-found");
        }
    }
    assert_eq!(admin.get("/v1/webhooks").await.ids().len(), 2);
    assert!(theirs.get("/v1/webhooks").await.ids().is_empty());
    let site = service.partner(&admin, "校平台", &["results:read"]).await;
    site.get("/v1/webhooks").await.problem(403, "insufficient-scope");
    service.enterprise(&firm).await.get("/v1/webhooks").await.problem(403, "forbidden");
    service.public().get("/v1/webhooks").await.problem(401, "unauthenticated");
    // A site is no party of dockings.
    let refused = ours.post("/v1/webhooks", &json!({"url": url, "types": ["result.changed", "docking.moved"]})).await;
    assert_eq!((refused.status, refused.faults()), (422, vec!["/types/1 not_for_role".to_owned()]));
    for (body, fault) in [
        (json!({"types": ["result.changed"]}), "/url required"),
        (json!({"url": url, "types": []}), "/types too_few"),
        (json!({"url": url, "types": ["x"]}), "/types/0 not_allowed"),
        (json!({"url": url, "types": ["policy.changed", "policy.changed"]}), "/types duplicate"),
        (json!({"url": url, "types": ["policy.changed"], "secret": "x"}), "/secret unknown_field"),
    ] {
        let refused = staff.post("/v1/webhooks", &body).await;
        assert_eq!((refused.status, refused.faults()), (422, vec![fault.to_owned()]));
    }
    // Gone is gone, for its owner too; and only from the version that was read.
    ours.delete(&of_site, "\"7\"").await.problem(412, "precondition-failed");
    assert_eq!(ours.request_status("DELETE", &of_site).await, 428);
    assert_eq!(ours.delete(&of_site, "\"1\"").await.status, 204);
    ours.get(&of_site).await.problem(404, "not-found");
    assert_eq!(service.value("SELECT count(*) FROM webhook_secrets").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_made_once_for_a_key_and_twenty_are_enough() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let body = json!({"url": "http://127.0.0.1:65009/hook", "types": ["policy.changed"]});
    let make = |key: &str| send(staff.request("POST", "/v1/webhooks").header("idempotency-key", key).json(&body));
    let (first, again) = (make("one").await, make("one").await);
    assert_eq!(first.expect(201), again.expect(201));
    assert_eq!(first.header("cache-control"), Some("no-store"));
    for number in 1..20 {
        make(&format!("key-{number}")).await.expect(201);
    }
    make("one too many").await.problem(409, "conflict");
    let page = staff.get("/v1/webhooks?limit=15").await;
    let cursor = page.expect(200)["next_cursor"].as_str().expect("a cursor").to_owned();
    assert_eq!(staff.get(&format!("/v1/webhooks?limit=15&cursor={cursor}")).await.ids().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_no_longer_keep_webhooks_is_sent_nothing() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let receiver = Receiver::start(|_, _| Reply::status(200));
    let site = service.partner(&admin, "省平台", &["webhooks", "policies:read"]).await;
    subscribe(&site, &receiver.url, &["policy.changed"]).await;
    let id = admin.get("/v1/partners").await.ids().remove(0);
    let path = format!("/v1/partners/{id}");
    let narrower = json!({"name": "省平台", "scopes": ["policies:read"]});
    admin.put(&path, "\"1\"", &narrower).await.expect(200);
    admin.create("policies", &policy("技术改造措施")).await;
    receiver.stays_at(0).await;
    let again = json!({"name": "省平台", "scopes": ["webhooks", "policies:read"]});
    admin.put(&path, "\"2\"", &again).await.expect(200);
    receiver.wait_for(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_public_is_refused_when_it_is_named_and_when_it_is_sent_to() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let refusal = async |url: &str| {
        let refused = staff.post("/v1/webhooks", &json!({"url": url, "types": ["policy.changed"]})).await;
        (refused.status, refused.faults())
    };
    for url in [
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://[fd00:ec2::254]/",
        "https://0xa9fea9fe/",
    ] {
        assert_eq!(refusal(url).await, (422, vec!["/url not_public".to_owned()]), "{url}");
    }
    for url in
        ["https://user:word@example.com/", "ftp://example.com/", "https://example.com:22/", "javascript:alert(1)", ""]
    {
        assert_eq!(refusal(url).await, (422, vec!["/url not_a_target".to_owned()]), "{url}");
    }
    // One that was allowed once, or that stands in the database however it came there.
    let (webhook, _) = subscribe(&staff, "http://127.0.0.1:65009/hook", &["policy.changed"]).await;
    service.sql("UPDATE webhooks SET url = 'https://169.254.169.254/'").await.expect("another address");
    let tried = staff.post(&format!("{webhook}/tests"), &json!({})).await;
    assert_eq!((&tried.expect(200)["success"], &tried.body["fault"]), (&json!(false), &json!("not_public")));
}

#[tokio::test(flavor = "multi_thread")]
async fn this_machine_is_out_of_reach_unless_it_is_allowed() {
    let (database, folder) = (new_database().await, open_folder());
    let migrated = program(folder.path(), Some(&database), &["migrate"]).output().expect("a migration");
    assert!(migrated.status.success());
    assert!(add_user(folder.path(), Some(&database), "staff").status.success());
    let running = serve(folder.path(), Some(&database));
    let staff = sign_in(&running.client, "staff").await;
    let receiver = Receiver::start(|_, _| Reply::status(200));
    let port = receiver.url.trim_end_matches("/hook").rsplit(':').next().expect("a port").to_owned();
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "0.0.0.0",
    ];
    for host in hosts {
        let refused = staff
            .post("/v1/webhooks", &json!({"url": format!("https://{host}:{port}/"), "types": ["policy.changed"]}))
            .await;
        assert_eq!((refused.status, refused.faults()), (422, vec!["/url not_public".to_owned()]), "{host}");
        let plain = staff
            .post("/v1/webhooks", &json!({"url": format!("http://{host}:{port}/"), "types": ["policy.changed"]}))
            .await;
        assert_eq!(plain.faults(), ["/url not_a_target"], "{host}");
    }
    // A name that leads here only after it was taken: it is looked up when the connection is made.
    let made = staff.post("/v1/webhooks", &json!({"url": "https://example.com/", "types": ["policy.changed"]})).await;
    let webhook = made.header("location").expect("its address").to_owned();
    let client = connect(&database).await;
    let here = format!("https://localhost:{port}/");
    client.execute("UPDATE webhooks SET url = $1", &[&here]).await.expect("another address");
    let tried = staff.post(&format!("{webhook}/tests"), &json!({})).await;
    assert_eq!((&tried.expect(200)["success"], &tried.body["fault"]), (&json!(false), &json!("not_public")));
    assert!(receiver.messages().is_empty());
}
