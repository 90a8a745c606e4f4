//! Documents: versions, what is refused, and where they lie.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Office;
use crate::harness::{Answer, Client, Service, send};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n";
/// The test file of the virus scanners (EICAR); it is text and does nothing.
const VIRUS: &[u8] = br"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

async fn upload(client: &Client, path: &str, query: &str, content: &[u8]) -> Answer {
    let request = client.request("POST", &format!("{path}/documents?{query}"));
    send(request.header("content-type", "application/octet-stream").body(content)).await
}

fn hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_have_versions_and_come_back_as_they_came() {
    let office = Office::open().await;
    let (path, _) = office.case_at("invention", "drafting").await;
    for (kind, content, number) in [("draft", PDF, 1), ("claims", PDF, 1), ("draft", b"%PDF-1.7 two".as_slice(), 2)] {
        let added = upload(&office.staff, &path, &format!("kind={kind}&name=说明书.pdf"), content).await;
        assert_eq!(
            json!([added.expect(201)["kind"], added.body["number"], added.body["sha256"]]),
            json!([kind, number, hash(content)])
        );
    }
    let list = office.firm.1.get(&format!("{path}/documents")).await;
    let listed: Vec<Value> = list.expect(200)["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| json!([item["kind"], item["number"]]))
        .collect();
    assert_eq!(json!(listed), json!([["draft", 2], ["claims", 1], ["draft", 1]]));
    let address = format!("{path}/documents/{}", list.ids()[0]);
    let back = office.person.1.get(&address).await;
    assert_eq!((back.status, back.text.as_str()), (200, "%PDF-1.7 two"));
    assert_eq!(back.header("x-content-type-options"), Some("nosniff"));
    assert!(back.header("content-disposition").is_some_and(|disposition| disposition.starts_with("attachment; ")));
    upload(&office.firm.1, &path, "kind=draft&name=a.pdf", PDF).await.problem(403, "forbidden");
    office.stranger.get(&address).await.problem(404, "not-found");
    office.service.public().get(&address).await.problem(401, "unauthenticated");
    // Nor through another case.
    let (other, _) = office.case_at("design", "intake").await;
    office.staff.get(&address.replace(&path, &other)).await.problem(404, "not-found");
    let noted = "SELECT count(*) FROM audit_events WHERE action = 'patent_document_downloaded'";
    assert_eq!(office.service.value(noted).await, "1");
    // Two versions at the same moment have two numbers.
    let (one, two) = tokio::join!(
        upload(&office.staff, &path, "kind=draft&name=a.pdf", PDF),
        upload(&office.staff, &path, "kind=draft&name=b.pdf", PDF)
    );
    let mut numbers = [one.expect(201)["number"].as_i64(), two.expect(201)["number"].as_i64()];
    numbers.sort_unstable();
    assert_eq!(numbers, [Some(3), Some(4)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_uploads_are_refused_or_made_harmless() {
    let office = Office::open().await;
    let (path, _) = office.case_at("invention", "intake").await;
    for name in [
        "../../etc/passwd",
        "..%2F..%2Fetc%2Fpasswd.pdf",
        "C:%5Cx.pdf",
        "a%00.pdf",
        "eicar.com",
        "x.pdf.exe",
        "x.docm",
        "x.html",
        ".pdf",
        "",
    ] {
        let answer = upload(&office.staff, &path, &format!("kind=draft&name={name}"), PDF).await;
        answer.problem(400, "invalid-parameter");
        assert!(answer.faults().iter().all(|fault| fault.starts_with("/name ")), "{name}: {}", answer.text);
    }
    for (name, content) in [
        ("a.pdf", VIRUS),
        ("a.docx", VIRUS),
        ("a.pdf", b"MZ\x90\0\x03\0\0\0".as_slice()),
        ("a.pdf", b"<script>alert(1)</script>"),
        ("a.png", PDF),
        ("a.pdf", b""),
        ("a.txt", b""),
        ("a.txt", b"\0\x01\x02"),
    ] {
        let answer = upload(&office.staff, &path, &format!("kind=draft&name={name}"), content).await;
        answer.problem(422, "invalid-input");
        assert_eq!(answer.faults(), [" file_type"], "{name}");
    }
    upload(&office.staff, &path, "kind=secret&name=a.pdf", PDF).await.problem(400, "invalid-parameter");
    upload(&office.staff, &path, "name=a.pdf", PDF).await.problem(400, "invalid-parameter");
    let huge = [PDF, &vec![b' '; 10 * 1024 * 1024]].concat();
    upload(&office.staff, &path, "kind=draft&name=a.pdf", &huge).await.problem(413, "payload-too-large");
    assert_eq!(office.service.value("SELECT count(*) FROM files").await, "0");
    // Text is text, whatever it says: it is given back to be saved, and nothing runs it.
    let text = upload(&office.staff, &path, "kind=other&name=eicar.txt", VIRUS).await;
    let back = office.staff.get(text.header("location").expect("an address")).await;
    assert_eq!((back.text.as_bytes(), back.header("content-type")), (VIRUS, Some("text/plain")));
    assert!(back.header("content-disposition").is_some_and(|disposition| disposition.starts_with("attachment; ")));
}

#[tokio::test(flavor = "multi_thread")]
async fn contents_lie_in_a_folder_where_it_is_set_and_damage_is_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let office = Office::open_on(Service::start_keeping_files_in(folder.path()).await).await;
    let (path, _) = office.case_at("invention", "intake").await;
    let added = upload(&office.staff, &path, "kind=disclosure&name=交底书.pdf", PDF).await;
    let address = added.expect(201)["id"].as_str().map(|id| format!("{path}/documents/{id}")).expect("an id");
    let digest = hash(PDF);
    let lies = folder.path().join(&digest[..2]).join(&digest[2..]);
    assert_eq!(std::fs::read(&lies).expect("a content"), PDF);
    assert_eq!(
        office.service.value("SELECT count(*) FROM files WHERE content IS NULL AND place = 'folder'").await,
        "1"
    );
    assert_eq!(office.firm.1.get(&address).await.text.as_bytes(), PDF);
    // The same content again is one content.
    upload(&office.staff, &path, "kind=other&name=b.pdf", PDF).await.expect(201);
    assert_eq!(std::fs::read_dir(lies.parent().expect("a folder")).expect("contents").count(), 1);

    std::fs::write(&lies, b"%PDF-1.7 changed").expect("damage");
    let damaged = office.firm.1.get(&address).await;
    assert_eq!(
        damaged.problem(500, "internal")["detail"],
        "the content of the file is missing or was changed; please tell the centre"
    );
    std::fs::remove_file(&lies).expect("loss");
    office.firm.1.get(&address).await.problem(500, "internal");
    // Uploaded again, it is whole again for all that name it.
    upload(&office.staff, &path, "kind=other&name=c.pdf", PDF).await.expect(201);
    assert_eq!(office.firm.1.get(&address).await.text.as_bytes(), PDF);
    // What cannot be kept leaves no row.
    let other = b"%PDF-1.7 other";
    let digest = hash(other);
    std::fs::write(folder.path().join(&digest[..2]), b"in the way").expect("a file in the way");
    upload(&office.staff, &path, "kind=other&name=d.pdf", other).await.problem(500, "internal");
    assert_eq!(office.service.value("SELECT count(*) FROM files").await, "3");
}
