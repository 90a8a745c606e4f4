//! What goes with a policy.

use serde_json::json;

use super::policy;
use crate::harness::{Answer, Client, Service, enterprise, send};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n";

async fn upload(client: &Client, path: &str, query: &str, content: &[u8]) -> Answer {
    let request = client.request("POST", &format!("{path}/files?{query}"));
    send(request.header("content-type", "application/octet-stream").body(content)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_attach_files_that_anybody_saves_once_the_policy_is_published() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let mut draft = policy("若干措施", "一、支持企业设备更新。");
    draft["status"] = json!("draft");
    let id = staff.create("policies", &draft).await;
    let path = format!("/v1/policies/{id}");
    let added = upload(&staff, &path, "name=申报表.pdf", PDF).await;
    assert_eq!(
        (&added.expect(201)["name"], &added.body["media_type"]),
        (&json!("申报表.pdf"), &json!("application/pdf"))
    );
    let file = added.header("location").expect("a location").to_owned();
    service.public().get(&file).await.problem(404, "not-found");
    staff.patch(&path, "\"1\"", &json!({"status": "published"})).await.expect(200);
    let saved = service.public().get(&file).await;
    assert_eq!((saved.status, saved.text.as_bytes()), (200, PDF));
    assert!(saved.header("content-disposition").is_some_and(|value| value.starts_with("attachment")));
    assert_eq!(saved.header("x-content-type-options"), Some("nosniff"));
    let second = upload(&staff, &path, "name=b.pdf", PDF).await.expect(201)["id"].as_str().map(str::to_owned);
    let first = added.body["id"].as_str().map(str::to_owned);
    let page = service.public().get(&format!("{path}/files?limit=1")).await;
    assert_eq!(page.ids(), second.into_iter().collect::<Vec<_>>());
    let cursor = page.body["next_cursor"].as_str().expect("a cursor");
    let rest = service.public().get(&format!("{path}/files?limit=1&cursor={cursor}")).await;
    assert_eq!(rest.ids(), first.into_iter().collect::<Vec<_>>());
    // It is of this policy alone.
    let other = staff.create("policies", &policy("其他", "一、支持企业设备更新。")).await;
    let elsewhere = file.replace(&id, &other);
    staff.get(&elsewhere).await.problem(404, "not-found");
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    upload(&service.enterprise(&firm).await, &path, "name=a.pdf", PDF).await.problem(403, "forbidden");
    upload(&service.public(), &path, "name=a.pdf", PDF).await.problem(401, "unauthenticated");
    for statement in ["DELETE FROM policy_files", "UPDATE policy_files SET policy_id = policy_id"] {
        service.sql(statement).await.expect_err(statement);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_what_it_says_is_refused() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let id = staff.create("policies", &policy("若干措施", "一、支持企业设备更新。")).await;
    let path = format!("/v1/policies/{id}");
    // EICAR is what programs against viruses are tried with.
    let eicar = br"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";
    for (name, content) in [
        ("a.pdf", &b"MZ\x90\0program"[..]),
        ("a.pdf", eicar),
        ("a.exe", b"MZ\x90\0program"),
        ("a.html", b"<script>alert(1)</script>"),
        ("a.png", PDF),
        ("a.docm", b"PK\x03\x04"),
        ("a.docx", b"PK\x03\x04 no archive"),
        ("a.pdf", b""),
        ("..%2F..%2Fetc%2Fpasswd.pdf", PDF),
        ("a%5Cb.pdf", PDF),
        ("a%00.pdf", PDF),
        ("%E2%80%AEfdp.exe", PDF),
        ("a", PDF),
    ] {
        let refused = upload(&staff, &path, &format!("name={name}"), content).await;
        assert!(matches!(refused.status, 400 | 422), "{name}: {} {}", refused.status, refused.text);
    }
    let mut huge = vec![b' '; 10 * 1024 * 1024 + 1];
    huge[..PDF.len()].copy_from_slice(PDF);
    upload(&staff, &path, "name=a.pdf", &huge).await.problem(413, "payload-too-large");
    let typed =
        staff.request("POST", &format!("{path}/files?name=a.pdf")).header("content-type", "text/html").body(PDF);
    send(typed).await.problem(415, "unsupported-media-type");
    assert_eq!(service.value("SELECT count(*) FROM files").await, "0");
    let keyed = async |content: &[u8]| {
        let request = staff.request("POST", &format!("{path}/files?name=b.pdf")).header("idempotency-key", "file-1");
        send(request.header("content-type", "application/octet-stream").body(content)).await
    };
    assert_eq!(keyed(PDF).await.expect(201), keyed(PDF).await.expect(201));
    keyed(b"%PDF-1.7 other").await.problem(422, "idempotency-key-reused");
    assert_eq!(service.value("SELECT count(*) FROM policy_files").await, "1");
}
