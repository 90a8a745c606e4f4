//! Files that are wrong, huge, damaged or made to do harm.

use std::io::{Cursor, Write};

use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{XLSX, counts, faults, import, imported, workbook};
use crate::harness::{Service, enterprise, send};

/// A package whose shared texts unpack to so many bytes.
fn bomb(bytes: usize) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, length) in [("xl/workbook.xml", 10), ("xl/sharedStrings.xml", bytes)] {
        writer.start_file(name, SimpleFileOptions::default()).expect("a part");
        let zeros = vec![b' '; 1024 * 1024];
        let mut left = length;
        while left > 0 {
            let piece = left.min(zeros.len());
            writer.write_all(&zeros[..piece]).expect("its bytes");
            left -= piece;
        }
    }
    writer.finish().expect("an archive").into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_of_records_is_refused_with_a_reason() {
    let service = Service::start().await;
    let staff = service.staff().await;
    import(&staff, "kind=result", "text/plain", "a").await.problem(415, "unsupported-media-type");
    import(&staff, "kind=result", "text/csv", "").await.problem(422, "invalid-input");
    import(&staff, "kind=result", XLSX, "no workbook").await.problem(422, "invalid-input");
    import(&staff, "kind=firm&dry_run=maybe&x=1", "text/csv", "a").await.problem(400, "invalid-parameter");
    let blank_sheet = workbook(&[&[""]]);
    for (query, media_type, file, code) in [
        ("kind=result", "text/csv", b"title,colour\nx,y\n".to_vec(), "unknown_field"),
        ("kind=result", "text/csv", "成果名称,成果简介\n模具,寿命\n".into(), "required"),
        ("kind=result", "text/csv", vec![0xFF, 0x00, 0x9F, b'\n', 0x80], "no_heading"),
        ("kind=result", "application/json", b"{\"title\": 1}".to_vec(), "unreadable"),
        ("kind=result", XLSX, b"PK\x03\x04 damaged".to_vec(), "unreadable"),
        ("kind=result&sheet=Other", XLSX, workbook(&[&["title"]]), "unreadable"),
        ("kind=result", XLSX, bomb(300 * 1024 * 1024), "unreadable"),
    ] {
        let done = imported(&staff, query, media_type, file).await;
        assert_eq!(done["state"], "refused", "{done}");
        let told = faults(&staff, &done).await;
        assert!(told.iter().any(|(row, _, other)| *row == 0 && other == code), "{told:?} {code}");
    }
    let nothing = imported(&staff, "kind=result", XLSX, blank_sheet).await;
    assert_eq!((&nothing["state"], counts(&nothing)), (&json!("completed"), [0, 0, 0, 0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_row_spoils_no_other_and_formulas_stay_texts() {
    let service = Service::start().await;
    let staff = service.staff().await;
    staff.create("organisations", &enterprise("五金厂")).await;
    let firm = |name: &str, code: &str| format!("\"{name}\",企业,{code}\n");
    let mut table = "name,kind,credit_code\n".to_owned();
    table += &firm("=HYPERLINK(\"\"http://x\"\")厂", "91350100M000100Y43");
    table += &firm("a\u{0}b厂", "");
    table += &firm("校验错的厂", "91350100M000100Y44");
    table += "列太多的厂,企业,,,,更多\n";
    table += &firm("好厂", "");
    let done = imported(&staff, "kind=organisation", "text/csv", table).await;
    assert_eq!(counts(&done), [2, 0, 0, 3], "{done}");
    let rows: Vec<i64> = faults(&staff, &done).await.iter().map(|(row, ..)| *row).collect();
    assert_eq!(rows, [3, 4, 5]);
    // A code that another organisation has, under an identifier that is new: refused by the database, row by row.
    let taken = "外部编号,name,kind,credit_code\nA,新厂,企业,91350100M000100Y43\nB,另一厂,企业,\n";
    let done = imported(&staff, "kind=organisation", "text/csv", taken).await;
    assert_eq!(counts(&done), [1, 0, 0, 1], "{done}");
    assert_eq!(faults(&staff, &done).await, [(2, "credit_code".to_owned(), "duplicate".to_owned())]);
    let remarks = staff.get(&format!("/v1/imports/{}/remarks", done["id"].as_str().expect("an id"))).await;
    assert!(remarks.text.starts_with("\u{feff}外部编号,name,kind,credit_code,remarks\r\n"), "{}", remarks.text);
    assert!(remarks.text.contains("credit_code: another organisation"), "{}", remarks.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_twice_is_one_import_and_what_runs_can_be_cancelled() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let once = || {
        let request = staff.request("POST", "/v1/imports?kind=organisation").header("content-type", "text/csv");
        send(request.header("idempotency-key", "once").body("name,kind\n五金厂,企业\n"))
    };
    let (first, second) = (once().await, once().await);
    assert_eq!(first.expect(201)["id"], second.expect(201)["id"]);
    assert_eq!(staff.get("/v1/imports").await.ids().len(), 1);

    // Two of the same records at once make them once.
    let table = || {
        (0..1200).fold("外部编号,name,kind\n".to_owned(), |table, row| table + &format!("F-{row},{row}号厂,企业\n"))
    };
    let (one, other) = tokio::join!(
        imported(&staff, "kind=organisation", "text/csv", table()),
        imported(&staff, "kind=organisation", "text/csv", table()),
    );
    let sum: Vec<i64> = counts(&one).iter().zip(counts(&other)).map(|(one, other)| one + other).collect();
    assert_eq!(sum, [1200, 0, 1200, 0]);
    assert_eq!(service.value("SELECT count(*) FROM organisations WHERE name LIKE '%号厂'").await, "1200");
    let path = format!("/v1/imports/{}", one["id"].as_str().expect("an id"));
    staff.delete(&path, "*").await.problem(409, "conflict");
    let long = (0..20_000).fold("name,kind\n".to_owned(), |table, row| table + &format!("{row}家厂,企业\n"));
    let begun = import(&staff, "kind=organisation", "text/csv", long).await;
    let path = format!("/v1/imports/{}", begun.expect(201)["id"].as_str().expect("an id"));
    staff.get(&format!("{path}/remarks")).await.problem(409, "conflict");
    assert_eq!(staff.delete(&path, "*").await.status, 204);
    assert_eq!(staff.get(&path).await.expect(200)["state"], "cancelled");
}
