//! Exports: everything a caller may read, of one moment, in three kinds of file, and from there on by the change feed.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Service, connect, demand, enterprise, expert, result, send};

fn lines(answer: &Answer) -> Vec<Value> {
    answer.expect(200);
    answer.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn names(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["name"].as_str().expect("a name")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_a_caller_may_read_is_in_the_file_and_nothing_personal() {
    let service = Service::start().await;
    let (public, staff) = (service.public(), service.staff().await);
    let firm = staff.create("organisations", &enterprise("五金厂")).await;
    let mut person = expert(&firm, "陈志");
    person["contact"] = json!({"phone": "0317-0000123"});
    let known = staff.create("experts", &person).await;
    person["status"] = json!("draft");
    staff.create("experts", &person).await;
    let mut secret = demand(&firm, "缩松", "球铁阀体总有缩松，废品。");
    secret["confidentiality"] = json!("centre_only");
    staff.create("demands", &secret).await;
    let gone = staff.create("organisations", &enterprise("关门的厂")).await;
    staff.delete(&format!("/v1/organisations/{gone}"), "\"1\"").await.expect(204);

    let experts = public.get("/v1/experts/export").await;
    assert_eq!(experts.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(experts.header("content-disposition"), Some("attachment; filename=\"experts.ndjson\""));
    let experts = lines(&experts);
    assert_eq!((experts.len(), &experts[0]["id"]), (1, &json!(known)));
    assert_eq!(lines(&staff.get("/v1/experts/export").await).len(), 2);
    for answer in [public.get("/v1/experts/export").await, staff.get("/v1/experts/export?format=csv").await] {
        assert!(!answer.text.contains("0317"), "{}", answer.text);
    }
    for (client, count) in [(&public, 0), (&staff, 1), (&service.enterprise(&firm).await, 1)] {
        assert_eq!(lines(&client.get("/v1/demands/export").await).len(), count);
    }
    assert_eq!(names(&lines(&public.get("/v1/organisations/export").await)), ["五金厂"]);
    assert!(lines(&public.get("/v1/policies/export").await).is_empty());
    // What is exported is what is read one by one.
    let one = public.get(&format!("/v1/experts/{known}")).await;
    assert_eq!(one.expect(200), &experts[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_read_by_a_spreadsheet_and_calculates_nothing() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firm = staff.create("organisations", &enterprise("=HYPERLINK(\"http://x\")厂")).await;
    let mut record = result(&firm, "@SUM(1,2) 冲压模具", "第一行，\"引号\"。\n第二行；分号。");
    record["keywords"] = json!(["模具", "寿命"]);
    record["maturity"] = json!(6);
    record["asking_price"] = json!({"min": 10_000, "max": 50_000});
    record["intellectual_property"] = json!([{"kind": "invention", "status": "granted", "number": "201710601862.3"}]);
    let id = staff.create("results", &record).await;

    let answer = send(service.public().request("GET", "/v1/results/export").header("accept", "text/csv")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    let text = answer.text.strip_prefix('\u{feff}').expect("the mark by which Excel knows UTF-8");
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let heading = table.headers().expect("a heading").clone();
    let rows: Vec<BTreeMap<String, String>> = table.deserialize().collect::<Result<_, _>>().expect("rows");
    assert_eq!((rows.len(), heading.len()), (1, 27));
    let cell = |name: &str| rows[0][name].as_str();
    assert_eq!(
        ["id", "title", "summary", "keywords", "maturity", "asking_price.max", "asking_price.negotiable"].map(cell),
        [&id, "'@SUM(1,2) 冲压模具", "第一行，\"引号\"。\n第二行；分号。", "模具；寿命", "6", "50000", ""]
    );
    assert!(cell("intellectual_property").contains("201710601862.3"));
    let firms = service.public().get("/v1/organisations/export?format=csv").await;
    assert!(firms.text.contains("\"'=HYPERLINK(\"\"http://x\"\")厂\""), "{}", firms.text);

    let book = service.public().get("/v1/results/export?format=xlsx").await;
    assert_eq!(book.header("content-type"), Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"));
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(book.bytes)).expect("a workbook");
    let sheet = book.worksheet_range_at(0).expect("a sheet").expect("rows");
    assert_eq!((sheet.height(), sheet.width()), (2, 27));
    let row = |name: &str| {
        let place = heading.iter().position(|column| column == name).expect("a column");
        sheet[(1, place)].clone()
    };
    assert_eq!(row("title"), Data::String("@SUM(1,2) 冲压模具".to_owned()));
    assert_eq!(row("maturity"), Data::Float(6.0));
    assert_eq!(row("asking_price.min"), Data::Float(10_000.0));
    assert_eq!(row("id"), Data::String(id));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_broke_off_goes_on_by_ids() {
    let service = Service::start().await;
    service.staff().await;
    service
        .sql(
            "INSERT INTO organisations (id, created_at, updated_at, name, kind)
             SELECT ('01939c5e-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid, now(), now(), number || '号厂', 'enterprise'
             FROM generate_series(1, 2500) AS number",
        )
        .await
        .expect("rows");
    let public = service.public();
    let all = lines(&public.get("/v1/organisations/export").await);
    assert_eq!(all.len(), 2500);
    let id = |place: usize| all[place]["id"].as_str().expect("an id");
    assert!(all.is_sorted_by_key(|record| record["id"].as_str()));
    let rest = lines(&public.get(&format!("/v1/organisations/export?after={}", id(1233))).await);
    assert_eq!(rest, all[1234..]);
    let part = format!("/v1/organisations/export?after={}&until={}", id(99), id(1999));
    assert_eq!(lines(&public.get(&part).await), all[100..2000]);
    let wrong = public.get("/v1/organisations/export?format=pdf&after=x&name=y").await;
    wrong.problem(400, "invalid-parameter");
    assert_eq!(wrong.faults(), ["/after format", "/format not_allowed", "/name unknown_field"]);
    assert_eq!(public.request_status("POST", "/v1/organisations/export").await, 405);
}

/// Applies changes from a position on until there are no more; where it stands then.
async fn follow(client: &Client, mut position: String, records: &mut BTreeMap<String, Value>) -> String {
    loop {
        let page = client.get(&format!("/v1/changes?kind=organisation&limit=100&after={position}")).await;
        let page = page.expect(200);
        for change in page["items"].as_array().expect("items") {
            let id = change["id"].as_str().expect("an id").to_owned();
            match change.get("record") {
                Some(record) => records.insert(id, record.clone()),
                None => records.remove(&id),
            };
        }
        page["position"].as_str().expect("a position").clone_into(&mut position);
        if page["more"] == false {
            return position;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_and_the_changes_after_it_are_exactly_what_there_is() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let mut ids = Vec::new();
    for number in 0..30 {
        ids.push(staff.create("organisations", &enterprise(&format!("{number}号厂"))).await);
    }
    // One that was begun before the export and commits after it.
    let late = connect(&service.url).await;
    let begun = "BEGIN; INSERT INTO organisations (id, created_at, updated_at, name, kind)
                 VALUES (gen_random_uuid(), now(), now(), '晚到的厂', 'enterprise')";
    late.batch_execute(begun).await.expect("a row");
    let writer = {
        let (staff, ids) = (staff.clone(), ids.clone());
        tokio::spawn(async move {
            for (number, id) in ids.iter().enumerate() {
                let path = format!("/v1/organisations/{id}");
                match number % 3 {
                    0 => staff.delete(&path, "\"1\"").await.expect(204).clone(),
                    1 => staff.put(&path, "\"1\"", &enterprise(&format!("新{number}厂"))).await.expect(200).clone(),
                    _ => {
                        staff.post("/v1/organisations", &enterprise(&format!("添{number}厂"))).await.expect(201).clone()
                    }
                };
            }
        })
    };
    let public = service.public();
    let export = public.get("/v1/organisations/export").await;
    let mut position = export.header("change-position").expect("a position").to_owned();
    let exported = lines(&export);
    let mut records: BTreeMap<String, Value> =
        exported.into_iter().map(|record| (record["id"].as_str().expect("an id").to_owned(), record)).collect();
    writer.await.expect("a writer");
    late.batch_execute("COMMIT").await.expect("a commit");
    let now = lines(&public.get("/v1/organisations/export").await);
    assert_eq!(now.len(), 31);
    // What has committed is told once nothing older is open, in other databases of the server either.
    for _ in 0..100 {
        position = follow(&public, position, &mut records).await;
        if records.values().eq(&now) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(now.iter().any(|record| record["name"] == "晚到的厂"));
    assert_eq!(records.into_values().collect::<Vec<_>>(), now);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_exports_run_at_once_and_one_that_nobody_takes_ends() {
    let service = Service::start().await;
    service
        .sql(
            "INSERT INTO organisations (id, created_at, updated_at, name, kind, profile)
             SELECT gen_random_uuid(), now(), now(), number || '号厂', 'enterprise', repeat('长', 4000)
             FROM generate_series(1, 8000) AS number",
        )
        .await
        .expect("rows");
    let public = service.public();
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(public.begin("/v1/organisations/export").await);
    }
    let refused = public.get("/v1/organisations/export").await;
    refused.problem(429, "too-many-requests");
    assert_eq!(refused.header("retry-after"), Some("10"));
    drop(open);
    for attempt in 0.. {
        let again = public.get("/v1/organisations/export").await;
        if again.status == 200 {
            assert_eq!(lines(&again).len(), 8000);
            return;
        }
        assert!(attempt < 50, "{}", again.text);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
