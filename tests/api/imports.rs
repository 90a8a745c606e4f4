//! Imports: files of partners and offices brought in, each row once, and every fault told where it stands.

mod hostile;
mod killed;

use calamine::{Reader, Xlsx};
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};
use std::io::Cursor;
use std::time::Duration;

use crate::harness::{Answer, Client, Service, enterprise, send};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Sends a file; its import.
pub async fn import(client: &Client, query: &str, media_type: &str, file: impl Into<Vec<u8>>) -> Answer {
    let request = client.request("POST", &format!("/v1/imports?{query}")).header("content-type", media_type);
    send(request.body(file)).await
}

/// Waits until an import has ended.
pub async fn ended(client: &Client, answer: &Answer) -> Value {
    let path = format!("/v1/imports/{}", answer.expect(201)["id"].as_str().expect("an id"));
    for _ in 0..600 {
        let import = client.get(&path).await.expect(200).clone();
        if import.get("ended_at").is_some() {
            return import;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the import does not end");
}

/// Sends a file and waits.
pub async fn imported(client: &Client, query: &str, media_type: &str, file: impl Into<Vec<u8>>) -> Value {
    ended(client, &import(client, query, media_type, file).await).await
}

/// Created, changed, unchanged, refused.
pub fn counts(import: &Value) -> [i64; 4] {
    ["created", "changed", "unchanged", "refused"].map(|name| import[name].as_i64().expect("a count"))
}

/// Row, column, code of every fault.
async fn faults(client: &Client, import: &Value) -> Vec<(i64, String, String)> {
    let path = format!("/v1/imports/{}/rows?outcome=refused", import["id"].as_str().expect("an id"));
    let rows = client.get(&path).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of = |row: &Value| {
        let number = row["row"].as_i64().expect("a row");
        let faults = row["faults"].as_array().expect("faults").clone();
        faults.into_iter().map(move |fault| (number, text(&fault["column"]), text(&fault["code"]))).collect::<Vec<_>>()
    };
    rows.expect(200)["items"].as_array().expect("items").iter().flat_map(of).collect()
}

fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(*cells) {
            sheet.write_string(row, column, *cell).expect("a cell");
        }
    }
    workbook.save_to_buffer().expect("a workbook")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spreadsheet_of_an_office_is_brought_in_as_it_is_and_the_same_again_changes_nothing() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let firms = "单位名称,类型,统一社会信用代码,所在地,行业,联系电话\n\
        沧州师范学院,高校,,河北省沧州市,,0317-0000101\n五金厂,企业,91350100M000100Y43,南皮县,C3311 结构性金属制品制造,\n";
    let (gb18030, _, _) = encoding_rs::GB18030.encode(firms);
    let done = imported(&staff, "kind=organisation&name=firms.csv", "text/csv", gb18030.into_owned()).await;
    assert_eq!((&done["state"], counts(&done)), (&json!("completed"), [2, 0, 0, 0]), "{done}");
    let school = staff.get("/v1/organisations?kind=university").await.body["items"][0].clone();
    assert_eq!((&school["name"], &school["region"]), (&json!("沧州师范学院"), &json!("130900")));

    let people: &[&[&str]] = &[
        &["姓名", "工作单位", "专家类别", "研究方向", "状态", "邮箱"],
        &["陈志远", "沧州师范学院", "科研、质量", "球墨铸铁；缩松", "已发布", "chen@example.org"],
        &["李强", "91350100m000100y43", "生产", "冲压", "已发布", ""],
    ];
    let done = imported(&staff, "kind=expert", XLSX, workbook(people)).await;
    assert_eq!(counts(&done), [2, 0, 0, 0], "{done}");
    let results: &[&[&str]] = &[
        &["沧州师范学院 2026 年科技成果汇总"],
        &[
            "成果名稱*",
            "成果简介",
            "关键词",
            "完成单位",
            "主要完成人",
            "成果形式",
            "成熟度",
            "专利号",
            "最低价格",
            "最高价格",
            "状态",
            "获奖",
        ],
        &[
            "球墨铸铁件缩松的控制方法",
            "冷铁与发热冒口配合，热节处不再缩松。",
            "缩松、冒口",
            "沧州师范学院",
            "陈志远",
            "新工艺",
            "7级",
            "ZL202010123456.2",
            "10万元",
            "30万",
            "已发布",
            "市科技进步奖，二等奖",
        ],
    ];
    let results = workbook(results);
    let done = imported(&staff, "kind=result", XLSX, results.clone()).await;
    assert_eq!(counts(&done), [1, 0, 0, 0], "{done}");
    let record = staff.get("/v1/results").await.body["items"][0].clone();
    let person = staff.get("/v1/experts?category=research").await.body["items"][0]["id"].clone();
    assert_eq!((&record["holder_id"], &record["contributor_ids"]), (&school["id"], &json!([person])));
    assert_eq!(
        (&record["form"], &record["maturity"], &record["status"]),
        (&json!("process"), &json!(7), &json!("published"))
    );
    assert_eq!(record["asking_price"], json!({"min": 100_000, "max": 300_000}));
    assert_eq!(record["awards"], json!(["市科技进步奖，二等奖"]));
    assert_eq!(record["intellectual_property"][0]["kind"], "invention");

    // The same again: nothing, not even after somebody wrote on.
    let path = format!("/v1/results/{}", record["id"].as_str().expect("an id"));
    staff.patch(&path, "\"1\"", &json!({"maturity": 8})).await.expect(200);
    for (kind, media_type, file) in [("result", XLSX, results), ("organisation", "text/csv", firms.into())] {
        let again = imported(&staff, &format!("kind={kind}"), media_type, file).await;
        let [created, changed, unchanged, refused] = counts(&again);
        assert_eq!((created, changed, refused, unchanged > 0), (0, 0, 0, true), "{again}");
    }
    assert_eq!(staff.get(&path).await.expect(200)["maturity"], 8);
    // What was exported can be brought back in, changed.
    let table = staff.get("/v1/results/export?format=csv").await.text.replace("缩松的控制", "缩松的防止");
    let back = imported(&staff, "kind=result", "text/csv", table).await;
    assert_eq!(counts(&back), [0, 1, 0, 0], "{back}");
    let record = staff.get(&path).await;
    assert_eq!((&record.body["title"], &record.body["version"]), (&json!("球墨铸铁件缩松的防止方法"), &json!(3)));
    assert_eq!(record.body["awards"], json!(["市科技进步奖，二等奖"]));
    let rows = staff.get(&format!("/v1/imports/{}/rows", back["id"].as_str().expect("an id"))).await;
    assert_eq!(rows.expect(200)["items"][0]["record_id"], record.body["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_every_fault_and_writes_nothing_and_good_rows_are_kept() {
    let service = Service::start().await;
    let staff = service.staff().await;
    staff.create("organisations", &enterprise("五金厂")).await;
    staff.create("organisations", &enterprise("同名厂")).await;
    staff.create("organisations", &enterprise("同名厂")).await;
    let rows: &[&[&str]] = &[
        &["成果名称", "成果简介", "完成单位", "成熟度", "成果形式", "应用行业", "知识产权"],
        &["冲压模具的寿命", "关于冲压模具寿命的一项成果。", "五金厂", "6", "新工艺", "C3311", ""],
        &["短", "短", "没有的厂", "10", "点子", "C9999", "一项专利"],
        &["同名厂的成果", "不知道是哪一家的一项成果。", "同名厂", "", "", "", ""],
        &["同一行", "同一行出现两次的一项成果。", "五金厂", "", "", "", ""],
        &["同一行", "同一行出现两次的一项成果。", "五金厂", "", "", "", ""],
    ];
    let file = workbook(rows);
    let dry = imported(&staff, "kind=result&dry_run=true", XLSX, file.clone()).await;
    assert_eq!((&dry["state"], counts(&dry)), (&json!("completed"), [2, 0, 1, 2]), "{dry}");
    assert_eq!(staff.get("/v1/results").await.body["items"], json!([]));
    let mut told = faults(&staff, &dry).await;
    told.sort();
    let expected = [
        (3, "完成单位", "unknown_reference"),
        (3, "应用行业", "unknown_code"),
        (3, "成果名称", "too_short"),
        (3, "成果形式", "not_allowed"),
        (3, "成果简介", "too_short"),
        (3, "成熟度", "out_of_range"),
        (3, "知识产权", "format"),
        (4, "完成单位", "ambiguous"),
    ];
    let mut expected = expected.map(|(row, column, code)| (row, column.to_owned(), code.to_owned()));
    expected.sort();
    assert_eq!(told, expected);
    let path = format!("/v1/imports/{}", dry["id"].as_str().expect("an id"));
    let remarks = send(staff.request("GET", &format!("{path}/remarks")).without_header("accept-language")).await;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(remarks.bytes)).expect("a workbook");
    let sheet = book.worksheet_range_at(0).expect("a sheet").expect("cells");
    assert_eq!(sheet[(0, 7)].to_string(), "导入说明");
    assert_eq!((sheet[(1, 0)].to_string(), sheet[(1, 7)].to_string()), ("冲压模具的寿命".to_owned(), String::new()));
    let remark = sheet[(2, 7)].to_string();
    assert!(remark.contains("成熟度：") && remark.contains("只能是：新技术、新工艺"), "{remark}");

    // For real: what is right is kept. All or nothing: nothing.
    let whole = imported(&staff, "kind=result&whole=true", XLSX, file.clone()).await;
    assert_eq!((&whole["state"], whole["refused"].as_i64()), (&json!("refused"), Some(2)), "{whole}");
    assert_eq!(staff.get("/v1/results").await.body["items"], json!([]));
    let kept = imported(&staff, "kind=result", XLSX, file).await;
    assert_eq!((&kept["state"], counts(&kept)), (&json!("completed"), [2, 0, 1, 2]), "{kept}");
    assert_eq!(staff.get("/v1/results").await.body["items"].as_array().map(Vec::len), Some(2));
    let right = workbook(&[rows[0], rows[1]]);
    let whole = imported(&staff, "kind=result&whole=true", XLSX, right).await;
    assert_eq!((&whole["state"], counts(&whole)), (&json!("completed"), [0, 0, 1, 0]), "{whole}");
    let audited = service.value("SELECT count(*) FROM audit_events WHERE action = 'import_created'").await;
    assert_eq!(audited, "4");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_site_sends_its_own_by_its_own_identifiers_and_names() {
    let service = Service::start().await;
    let admin = service.admin().await;
    admin.create("organisations", &enterprise("河北工业大学")).await;
    let site = service.partner(&admin, "省平台", &["results:read", "results:write"]).await;
    let other = service.partner(&admin, "市平台", &["results:read", "results:write"]).await;
    let mapping = site.get("/v1/import-mappings/result").await;
    assert_eq!(
        (mapping.expect(200), mapping.etag()),
        (&json!({"version": 0, "columns": {}, "defaults": {}}), "\"0\"".to_owned())
    );
    let new = json!({"columns": {"编码": "source.identifier", "经费": null}, "defaults": {"holder_id": "河北工业大学", "status": "published"}});
    site.put("/v1/import-mappings/result", "\"0\"", &new).await.expect(200);
    site.put("/v1/import-mappings/result", "\"0\"", &new).await.problem(412, "precondition-failed");
    let wrong = json!({"columns": {"a": 5}, "defaults": {"b": null}});
    let wrong = site.put("/v1/import-mappings/result", "\"1\"", &wrong).await;
    assert_eq!(wrong.faults(), ["/columns/a wrong_type", "/defaults/b wrong_type"]);
    let wrong = json!({"columns": {"a/b": "nothing"}, "defaults": {"经费": "1"}});
    let wrong = site.put("/v1/import-mappings/result", "\"1\"", &wrong).await;
    assert_eq!(wrong.faults(), ["/columns/a~1b unknown_code", "/defaults/经费 unknown_code"]);
    // The centre sees what a site's is, and another site does not.
    assert_eq!(admin.get("/v1/import-mappings/result?partner=省平台").await.expect(200)["version"], 1);
    other.get("/v1/import-mappings/result?partner=省平台").await.problem(403, "forbidden");

    let table = |title: &str| {
        format!(
            "编码;成果名称;成果简介;经费\nR-1;{title};\"一项成果；\n有两行。\";50\nR-2;另一项成果;又一项成果的介绍文字。;\n"
        )
    };
    let first = imported(&site, "kind=result", "text/csv", table("冲压模具")).await;
    assert_eq!((counts(&first), &first["partner"]), ([2, 0, 0, 0], &json!("省平台")), "{first}");
    let second = imported(&site, "kind=result", "text/csv", table("冲压模具的寿命")).await;
    assert_eq!(counts(&second), [0, 1, 1, 0], "{second}");
    let listed = site.get("/v1/results?partner=省平台").await;
    let items = listed.expect(200)["items"].as_array().expect("items");
    assert_eq!(items.len(), 2);
    assert_eq!(
        (&items[1]["title"], &items[1]["source"]),
        (&json!("冲压模具的寿命"), &json!({"partner": "省平台", "identifier": "R-1"}))
    );

    // JSON, a record that was deleted, one that is another's, and an identifier twice.
    admin.delete(&format!("/v1/results/{}", items[0]["id"].as_str().expect("an id")), "*").await.expect(204);
    let lines = format!(
        "{}\n{}\n{}\n{}\n",
        json!({"编码": "R-2", "title": "另一项成果", "summary": "又一项成果的介绍文字。"}),
        json!({"identifier": "R-3", "title": "第三项成果", "summary": "第三项成果的介绍文字。"}),
        json!({"identifier": "R-3", "title": "第三项成果", "summary": "第三项成果的介绍文字。"}),
        json!({"identifier": "R-4", "title": "别人的成果", "summary": "别人的一项成果的介绍。", "source": {"partner": "市平台"}}),
    );
    let lines = imported(&site, "kind=result", "application/x-ndjson", lines).await;
    assert_eq!(counts(&lines), [1, 0, 0, 3], "{lines}");
    let told: Vec<(i64, String)> = faults(&site, &lines).await.into_iter().map(|(row, _, code)| (row, code)).collect();
    assert_eq!(told, [(1, "deleted".to_owned()), (3, "duplicate".to_owned()), (4, "forbidden".to_owned())]);
    let path = format!("/v1/imports/{}", lines["id"].as_str().expect("an id"));
    let remarks = site.get(&format!("{path}/remarks")).await;
    let line: Value = serde_json::from_str(remarks.text.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&line["row"], line["remark"].is_string()), (&json!(1), true));

    // Nobody else's, and only what a site may write.
    for path in [path.clone(), format!("{path}/rows"), format!("{path}/remarks")] {
        other.get(&path).await.problem(404, "not-found");
        service.public().get(&path).await.problem(401, "unauthenticated");
        admin.get(&path).await;
    }
    assert_eq!(other.get("/v1/imports").await.expect(200)["items"], json!([]));
    assert_eq!(admin.get("/v1/imports").await.ids().len(), 3);
    import(&site, "kind=expert", "text/csv", "a,b").await.problem(403, "forbidden");
    import(&site, "kind=result&partner=市平台", "text/csv", "a,b").await.problem(403, "forbidden");
    let reader = service.partner(&admin, "县平台", &["results:read"]).await;
    import(&reader, "kind=result", "text/csv", "a,b").await.problem(403, "insufficient-scope");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_filled_in_and_brought_back() {
    let service = Service::start().await;
    let staff = service.staff().await;
    let template =
        send(staff.request("GET", "/v1/imports/template?kind=organisation").header("accept-language", "zh")).await;
    assert_eq!((template.status, template.header("content-type")), (200, Some(XLSX)));
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(template.bytes)).expect("a workbook");
    let sheet = book.worksheet_range_at(0).expect("a sheet").expect("cells");
    let names: Vec<String> = sheet.rows().next().expect("a row").iter().map(ToString::to_string).collect();
    assert_eq!(names[..3], ["单位名称*", "单位类型*", "统一社会信用代码"]);
    let mut row = vec![""; names.len()];
    row[..2].copy_from_slice(&["五金厂", "企业"]);
    let heading: Vec<&str> = names.iter().map(String::as_str).collect();
    let done = imported(&staff, "kind=organisation", XLSX, workbook(&[&heading, &row])).await;
    assert_eq!(counts(&done), [1, 0, 0, 0], "{done}");
    staff.get("/v1/imports/template?kind=firm").await.problem(400, "invalid-parameter");
    assert_eq!(staff.request_status("POST", "/v1/imports/template").await, 405);
}
