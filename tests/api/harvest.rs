//! OAI-PMH: what harvesters are told, that they miss nothing, and what is refused.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::harness::{Client, Service, connect, enterprise, expert, result, send};

async fn oai(client: &Client, query: &str) -> String {
    let answer = client.get(&format!("/oai?{query}")).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("text/xml; charset=utf-8")),
        "{}",
        answer.text
    );
    answer.text
}

/// The contents of all elements of a name.
fn all<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut parts = text.split(&*open).skip(1).filter(|part| part.starts_with([' ', '>']));
    let inside =
        |part: &'a str| part.split_once('>').and_then(|(_, rest)| rest.split_once(&*close)).map(|(inside, _)| inside);
    parts.by_ref().filter_map(inside).collect()
}

fn error(text: &str) -> Option<&str> {
    text.split_once("<error code=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(code, _)| code)
}

/// Waits until a query is answered with something.
async fn soon(client: &Client, query: &str, wanted: impl Fn(&str) -> bool) -> String {
    for _ in 0..100 {
        let text = oai(client, query).await;
        if wanted(&text) {
            return text;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{query} is not answered as it should be");
}

/// Every header of a list, over all its pages: identifiers and datestamps.
async fn harvested(client: &Client, query: &str) -> Vec<(String, String)> {
    let (mut query, mut headers) = (query.to_owned(), Vec::new());
    loop {
        let text = oai(client, &query).await;
        if error(&text) == Some("noRecordsMatch") {
            return headers;
        }
        assert_eq!(error(&text), None, "{text}");
        for header in all(&text, "header") {
            headers.push((all(header, "identifier")[0].to_owned(), all(header, "datestamp")[0].to_owned()));
        }
        match all(&text, "resumptionToken").first() {
            Some(token) if !token.is_empty() => query = format!("verb=ListIdentifiers&resumptionToken={token}"),
            _ => return headers,
        }
    }
}

async fn fill(service: &Service, from: usize, count: usize) {
    let insert = format!(
        "INSERT INTO organisations (id, created_at, updated_at, name, kind)
         SELECT gen_random_uuid(), now(), now(), number || '号厂', 'enterprise' FROM generate_series({from}, {}) AS number",
        from + count - 1
    );
    service.sql(&insert).await.expect("rows");
}

const ALL: &str = "verb=ListIdentifiers&metadataPrefix=oai_dc";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_public_is_told_in_both_formats_and_what_is_gone_stays_known() {
    let service = Service::start().await;
    let (public, staff) = (service.public(), service.staff().await);
    assert_eq!(error(&oai(&public, ALL).await), Some("noRecordsMatch"));
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let mut person = expert(&firm, "陈志");
    person["contact"] = json!({"phone": "0317-0000123"});
    let person = staff.create("experts", &person).await;
    let mut record = result(&firm, "模具 <与> \"冲压\" & 拉深", "寿命，\u{fffe}\u{1f600}加倍的一项成果。");
    record["contributor_ids"] = json!([person]);
    record["disciplines"] = json!(["460.40"]);
    record["keywords"] = json!(["模具", "冲压"]);
    record["intellectual_property"] = json!([{"kind": "invention", "status": "granted", "number": "201710601862.3"}]);
    let id = staff.create("results", &record).await;
    record["status"] = json!("draft");
    staff.create("results", &record).await;

    let identifier = format!("urn:uuid:{id}");
    let one = format!("verb=GetRecord&metadataPrefix=oai_dc&identifier={identifier}");
    let text = soon(&public, &one, |text| error(text).is_none()).await;
    assert_eq!(all(&text, "dc:title"), ["模具 &lt;与&gt; &quot;冲压&quot; &amp; 拉深"]);
    assert_eq!(all(&text, "dc:description"), ["寿命，\u{1f600}加倍的一项成果。"]);
    assert_eq!((all(&text, "dc:creator"), all(&text, "dc:publisher")), (vec!["陈志"], vec!["五金厂"]));
    assert_eq!(all(&text, "setSpec"), ["discipline:460", "kind:result"]);
    let own = oai(&public, &one.replace("oai_dc", "duijie")).await;
    assert_eq!((all(&own, "keywords"), all(&own, "number")), (vec!["模具", "冲压"], vec!["201710601862.3"]));
    assert!(!oai(&public, "verb=ListRecords&metadataPrefix=duijie&set=kind:expert").await.contains("0317"));
    let set = |set: &str| format!("{ALL}&set={set}");
    for (spec, count) in [("kind:result", 1), ("discipline:460", 1), ("kind:expert", 1), ("level:county", 0), ("x", 0)]
    {
        assert_eq!(harvested(&public, &set(spec)).await.len(), count, "{spec}");
    }
    assert_eq!(harvested(&public, ALL).await.len(), 3);

    // Withdrawn it is told as deleted, published again it is told again, deleted for good it stays known.
    let before = all(&text, "datestamp")[0].to_owned();
    for (version, change, is_gone) in [(1, Some("withdrawn"), true), (2, Some("published"), false), (3, None, true)] {
        let (path, etag) = (format!("/v1/results/{id}"), format!("\"{version}\""));
        match change {
            Some(status) => staff.patch(&path, &etag, &json!({"status": status})).await.expect(200).clone(),
            None => staff.delete(&path, &etag).await.expect(204).clone(),
        };
        let gone = |text: &str| text.contains("status=\"deleted\"") && !text.contains("<metadata>");
        let text = soon(&public, &one, |text| gone(text) == is_gone && (is_gone || text.contains("<metadata>"))).await;
        assert!(all(&text, "datestamp")[0] >= before.as_str(), "{text}");
    }
    assert_eq!(harvested(&public, &set("kind:result")).await.len(), 1);
    let form = public.request("POST", "/oai").header("content-type", "application/x-www-form-urlencoded");
    let answer = send(form.body(one)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("status=\"deleted\""), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_harvest_while_others_write_misses_none_and_tells_none_twice() {
    let service = Service::start().await;
    service.staff().await;
    fill(&service, 1, 950).await;
    let public = service.public();
    soon(&public, &format!("{ALL}&set=kind:organisation"), |text| all(text, "header").len() == 100).await;
    while harvested(&public, ALL).await.len() < 950 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let before: BTreeSet<String> = harvested(&public, ALL).await.into_iter().map(|(id, _)| id).collect();
    let writer = {
        let service_url = service.url.clone();
        tokio::spawn(async move {
            let client = connect(&service_url).await;
            for round in 0..40 {
                let change = format!(
                    "UPDATE organisations SET version = version + 1, updated_at = now(), name = name || '{round}'
                     WHERE id IN (SELECT id FROM organisations WHERE deleted_at IS NULL ORDER BY random() LIMIT 50)"
                );
                client.batch_execute(&change).await.expect("changes");
                let delete = "UPDATE organisations SET version = version + 1, updated_at = now(), deleted_at = now()
                              WHERE id IN (SELECT id FROM organisations WHERE deleted_at IS NULL ORDER BY random() LIMIT 5)";
                client.batch_execute(delete).await.expect("deletions");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    };
    for _ in 0..5 {
        let ids: Vec<String> = harvested(&public, ALL).await.into_iter().map(|(id, _)| id).collect();
        let different: BTreeSet<String> = ids.iter().cloned().collect();
        assert_eq!(ids.len(), different.len(), "told twice");
        assert!(different.is_superset(&before), "missed");
    }
    writer.await.expect("a writer");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_on_from_the_last_answer_misses_no_late_commit() {
    let service = Service::start().await;
    service.staff().await;
    let public = service.public();
    let open = async || connect(&service.url).await;
    let (mut known, mut from) = (BTreeSet::new(), "2026-01-01T00:00:00Z".to_owned());
    for round in 0..6 {
        let late = open().await;
        let insert = format!(
            "BEGIN; INSERT INTO organisations (id, created_at, updated_at, name, kind)
             VALUES (gen_random_uuid(), now(), now(), '晚到{round}', 'enterprise')"
        );
        late.batch_execute(&insert).await.expect("a row");
        fill(&service, round * 10 + 1, 3).await;
        let query = format!("{ALL}&from={from}");
        from = all(&oai(&public, &query).await, "responseDate")[0].to_owned();
        known.extend(harvested(&public, &query).await.into_iter().map(|(id, _)| id));
        tokio::time::sleep(Duration::from_millis(1100)).await;
        late.batch_execute("COMMIT").await.expect("a commit");
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    known.extend(harvested(&public, &format!("{ALL}&from={from}")).await.into_iter().map(|(id, _)| id));
    assert_eq!(known.len(), 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_as_the_protocol_says_it() {
    let service = Service::start().await;
    let (public, staff) = (service.public(), service.staff().await);
    staff.create("organisations", &enterprise("五金厂")).await;
    soon(&public, ALL, |text| error(text).is_none()).await;
    for (query, code) in [
        ("", "badVerb"),
        ("verb=Destroy", "badVerb"),
        ("verb=Identify&x=1", "badArgument"),
        ("verb=Identify&x=%FF", "badArgument"),
        ("verb=ListRecords", "badArgument"),
        ("verb=ListRecords&metadataPrefix=marc21", "cannotDisseminateFormat"),
        ("verb=ListRecords&metadataPrefix=oai_dc&until=2020-01-01", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=kind:expert", "noRecordsMatch"),
        ("verb=ListRecords&resumptionToken=nonsense", "badResumptionToken"),
        (
            "verb=GetRecord&metadataPrefix=oai_dc&identifier=urn:uuid:00000000-0000-7000-8000-000000000000",
            "idDoesNotExist",
        ),
        ("verb=GetRecord&metadataPrefix=oai_dc&identifier=x%00y", "idDoesNotExist"),
        ("verb=ListMetadataFormats&identifier=oai:x:1", "idDoesNotExist"),
    ] {
        let text = oai(&public, query).await;
        assert_eq!(error(&text), Some(code), "{query}: {text}");
        let repeats = text.contains("<request verb=");
        assert_eq!(repeats, !matches!(code, "badVerb" | "badArgument"), "{query}: {text}");
    }
    let identify = oai(&public, "verb=Identify").await;
    assert_eq!(all(&identify, "deletedRecord"), ["persistent"]);
    assert_eq!(all(&oai(&public, "verb=ListSets").await, "setName").len(), 5 + 62 + 4);
    assert_eq!(all(&oai(&public, "verb=ListMetadataFormats").await, "metadataPrefix"), ["oai_dc", "duijie"]);
    let huge = format!("verb=ListRecords&metadataPrefix=oai_dc&set={}", "x".repeat(5000));
    assert_eq!(error(&oai(&public, &huge).await), Some("noRecordsMatch"));
}

/// A harvester that nobody here wrote, and the schemas of the protocol and of the own format.
#[tokio::test(flavor = "multi_thread")]
async fn a_harvester_takes_everything_and_every_answer_is_valid() {
    let (Some(python), Some(schema)) = (std::env::var_os("DUIJIE_PYTHON"), std::env::var_os("DUIJIE_OAI_SCHEMA"))
    else {
        eprintln!("DUIJIE_PYTHON and DUIJIE_OAI_SCHEMA are not set: no other harvester was tried");
        return;
    };
    let service = Service::start_as_issuer().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let person = staff.create("experts", &expert(&firm, "陈志")).await;
    let mut record = result(&firm, "冲压模具", "关于冲压模具寿命的一项成果。");
    record["contributor_ids"] = json!([person]);
    record["asking_price"] = json!({"negotiable": true});
    record["source"] = json!({"origin": "论文", "url": "https://example.com/1", "collected_on": "2026-01-02"});
    record["attachments"] = json!([{"name": "说明书", "url": "https://example.com/a.pdf"}]);
    record["maturity"] = json!(6);
    staff.create("results", &record).await;
    let policy = json!({"title": "技术改造措施", "level": "county", "body": "对购置关键设备的企业给予补助。", "status": "published"});
    staff.create("policies", &policy).await;
    let gone = staff.create("organisations", &enterprise("关门的厂")).await;
    fill(&service, 1, 250).await;
    while harvested(&service.public(), ALL).await.len() < 255 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    staff.delete(&format!("/v1/organisations/{gone}"), "\"1\"").await.expect(204);
    soon(&service.public(), &format!("verb=GetRecord&metadataPrefix=oai_dc&identifier=urn:uuid:{gone}"), |text| {
        text.contains("status=\"deleted\"")
    })
    .await;
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/outsiders/harvester.py"))
        .arg(format!("{}/oai", service.address))
        .arg(schema)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .expect("Python runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report, json!({"oai_dc": 255, "duijie": 255, "deleted": 1, "sets": 71, "valid": 20}));
}
