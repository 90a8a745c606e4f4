//! The log of a docking and its files.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::County;
use crate::harness::{Answer, Client, send};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n";

async fn upload(client: &Client, path: &str, query: &str, content: &[u8]) -> Answer {
    let request = client.request("POST", &format!("{path}/files?{query}"));
    send(request.header("content-type", "application/octet-stream").body(content)).await
}

fn visit() -> Value {
    json!({"on": "2026-03-02", "way": "visit", "people": "陈志远、李厂长", "note": "看了三号线，取样两件。"})
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_put_on_the_log_by_both_sides_and_seen_by_them_alone() {
    let county = County::set().await;
    let (path, etag) = county.docking_at("accepted", "enterprise").await;
    let contacts = format!("{path}/contacts");
    let mut ids = Vec::new();
    for (client, party) in
        [(&county.firm.1, "enterprise"), (&county.school.1, "counterpart"), (&county.staff, "centre")]
    {
        let added = client.post(&contacts, &visit()).await;
        assert_eq!(added.expect(201)["party"], party);
        ids.insert(0, added.body["id"].as_str().expect("an id").to_owned());
    }
    assert_eq!(county.firm.1.get(&contacts).await.ids(), ids);
    let first = county.firm.1.get(&format!("{contacts}?limit=2")).await;
    assert_eq!(first.ids(), ids[..2]);
    let cursor = first.body["next_cursor"].as_str().expect("a cursor");
    assert_eq!(county.firm.1.get(&format!("{contacts}?limit=2&cursor={cursor}")).await.ids(), ids[2..]);
    // It is not a change of the docking itself.
    assert_eq!(county.staff.get(&path).await.etag(), etag);
    for client in [&county.stranger, &county.person.1] {
        client.get(&contacts).await.problem(404, "not-found");
        client.post(&contacts, &visit()).await.problem(404, "not-found");
    }
    let future = (chrono::Utc::now() + chrono::TimeDelta::days(3)).date_naive();
    for (member, value, fault) in [
        ("on", json!(future), "/on in_future"),
        ("on", json!("昨天"), "/on format"),
        ("way", json!("pigeon"), "/way not_allowed"),
        ("people", json!(""), "/people too_short"),
        ("note", json!("长".repeat(5001)), "/note too_long"),
        ("files", json!([]), "/files unknown_field"),
    ] {
        let mut body = visit();
        body[member] = value;
        let answer = county.staff.post(&contacts, &body).await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.faults(), [fault]);
    }
    let twice = async || {
        send(county.firm.1.request("POST", &contacts).header("idempotency-key", "visit-1").json(&visit())).await
    };
    assert_eq!(twice().await.expect(201), twice().await.expect(201));
    assert_eq!(county.service.value("SELECT count(*) FROM docking_contacts").await, "4");
    for statement in ["UPDATE docking_contacts SET note = '改'", "DELETE FROM docking_contacts", "DELETE FROM files"] {
        assert!(county.service.sql(statement).await.expect_err(statement).starts_with("23001"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_back_as_they_came_to_be_saved() {
    let county = County::set().await;
    let (path, _) = county.docking_at("accepted", "enterprise").await;
    let visit = county.firm.1.post(&format!("{path}/contacts"), &visit()).await;
    let visit = visit.expect(201)["id"].as_str().expect("an id").to_owned();
    let added = upload(&county.firm.1, &path, &format!("name=会谈纪要%20%22终%22.pdf&contact_id={visit}"), PDF).await;
    let file = added.expect(201).clone();
    let hash = Sha256::digest(PDF).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    assert_eq!(
        json!([file["name"], file["media_type"], file["size"], file["sha256"], file["party"], file["contact_id"]]),
        json!(["会谈纪要 \"终\".pdf", "application/pdf", PDF.len(), hash, "enterprise", visit])
    );
    let address = added.header("location").expect("an address").to_owned();
    let alone = upload(&county.school.1, &path, "name=a.txt", "取样报告\n".as_bytes()).await;
    assert_eq!(alone.expect(201)["contact_id"], Value::Null);
    let listed = county.staff.get(&format!("{path}/files")).await;
    assert_eq!(listed.ids(), [alone.body["id"].as_str().expect("an id"), file["id"].as_str().expect("an id")]);
    let log = county.school.1.get(&format!("{path}/contacts")).await;
    assert_eq!(log.body["items"][0]["files"][0]["sha256"], json!(hash));

    let back = county.school.1.get(&address).await;
    assert_eq!((back.status, back.text.as_bytes()), (200, PDF));
    assert_eq!(back.header("content-type"), Some("application/pdf"));
    assert_eq!(back.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(back.header("cache-control"), Some("no-store"));
    assert_eq!(
        back.header("content-disposition"),
        Some(
            "attachment; filename=\"____ ___.pdf\"; filename*=UTF-8''%E4%BC%9A%E8%B0%88%E7%BA%AA%E8%A6%81%20%22%E7%BB%88%22.pdf"
        )
    );
    for client in [&county.stranger, &county.person.1] {
        client.get(&address).await.problem(404, "not-found");
        client.get(&format!("{path}/files")).await.problem(404, "not-found");
        upload(client, &path, "name=a.pdf", PDF).await.problem(404, "not-found");
    }
    county.service.public().get(&address).await.problem(401, "unauthenticated");
    // Nor through another docking of one's own.
    let other = json!({"demand_id": county.demand, "expert_id": county.person.0});
    let other = county.staff.create("dockings", &other).await;
    let through = format!("/v1/dockings/{other}/files/{}", file["id"].as_str().expect("an id"));
    county.person.1.get(&through).await.problem(404, "not-found");
    let noted = "SELECT count(*) FROM audit_events WHERE action = 'docking_file_downloaded'";
    assert_eq!(county.service.value(noted).await, "1");
    // A content that is no longer what its hash says is not given out.
    county
        .service
        .sql("ALTER TABLE files DISABLE TRIGGER USER; ALTER TABLE files DROP CONSTRAINT files_check1, DROP CONSTRAINT files_check;
              UPDATE files SET content = set_byte(content, 5, 0)")
        .await
        .expect("damage");
    county.school.1.get(&address).await.problem(500, "internal");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_are_refused() {
    let county = County::set().await;
    let (path, _) = county.docking_at("accepted", "enterprise").await;
    let firm = &county.firm.1;
    for name in [
        "",
        "pdf",
        ".pdf",
        "..%2F..%2Fetc%2Fpasswd.pdf",
        "a%5Cb.pdf",
        "a%00.pdf",
        "a%0D%0Ax:%20y.pdf",
        "fdp%E2%80%AEexe.pdf",
        "x.exe",
        "x.pdf.exe",
        "x.html",
        "x.svg",
        "x.js",
        "x.docm",
        "x.zip",
    ] {
        let answer = upload(firm, &path, &format!("name={name}"), PDF).await;
        answer.problem(400, "invalid-parameter");
        assert!(answer.faults().iter().all(|fault| fault.starts_with("/name ")), "{name}: {}", answer.text);
    }
    upload(firm, &path, &format!("name={}.pdf", "x".repeat(200)), PDF).await.problem(400, "invalid-parameter");
    upload(firm, &path, "", PDF).await.problem(400, "invalid-parameter");
    upload(firm, &path, "name=a.pdf&name=b.pdf", PDF).await.problem(400, "invalid-parameter");
    upload(firm, &path, "name=a.pdf&contact_id=01939c5e-0000-7000-8000-000000000000", PDF)
        .await
        .problem(400, "invalid-parameter");
    for (name, content) in [
        ("a.pdf", b"MZ\x90\0\x03\0\0\0".as_slice()),
        ("a.pdf", b"<script>alert(1)</script>"),
        ("a.png", PDF),
        ("a.docx", b"PK\x03\x04 no archive"),
        ("a.txt", b"\0\x01\x02"),
        ("a.txt", b""),
        ("a.csv", b"\xFF\xFE\x00"),
    ] {
        let answer = upload(firm, &path, &format!("name={name}"), content).await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.faults(), [" file_type"], "{name}");
    }
    let json = firm.request("POST", &format!("{path}/files?name=a.pdf")).header("content-type", "text/html").body(PDF);
    send(json).await.problem(415, "unsupported-media-type");
    // Ten mebibytes are taken, a byte more is not.
    let mut large = vec![b' '; 10 * 1024 * 1024];
    large[..PDF.len()].copy_from_slice(PDF);
    upload(firm, &path, "name=a.pdf", &large).await.expect(201);
    large.push(b' ');
    upload(firm, &path, "name=a.pdf", &large).await.problem(413, "payload-too-large");
    assert_eq!(county.service.value("SELECT count(*) FROM files").await, "1");
    // The same key gives the same file; another file needs another.
    let keyed = async |content: &[u8]| {
        let request = firm.request("POST", &format!("{path}/files?name=b.pdf")).header("idempotency-key", "file-1");
        send(request.header("content-type", "application/octet-stream").body(content)).await
    };
    assert_eq!(keyed(PDF).await.expect(201), keyed(PDF).await.expect(201));
    keyed(b"%PDF-1.7 other").await.problem(422, "idempotency-key-reused");
    assert_eq!(county.service.value("SELECT count(*) FROM files").await, "2");
}
