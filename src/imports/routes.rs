//! Imports over HTTP: send a file, watch, cancel, and read what became of its rows.

use std::fs::File;
use std::io::Write;

use actix_web::http::header;
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use deserr::Deserr;
use diesel_async::AsyncConnection;
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::faults::{self, RowFaultView};
use super::remarks::answer as answer_with_remarks;
use super::store::{self, Import, KeptRow, NewImport};
use super::template::made;
use super::{ImportFormat, ImportState, RowOutcome};
use crate::access::{self, Records};
use crate::audit::{self, Action, Event, Origin};
use crate::database::Connection;
use crate::exports::routes::{CSV, NDJSON, XLSX};
use crate::files::FileBytes;
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Keyed, Parameters, flag, keep_sealed, unreadable};
use crate::identity::{Caller, Role};
use crate::problem::{Answer, Faults, FieldFault, Kind as ProblemKind, Language, Problem, not_allowed};
use crate::registry::fields::Line;
use crate::registry::{Kind, ids};
use crate::state::State;

/// Bytes of a file, at most.
const MOST_BYTES: u64 = 128 * 1024 * 1024;

/// What a file has, and what is to be done with it.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportParameters {
    /// The kind of records.
    #[deserr(try_from(String) = parse_kind -> FieldFault)]
    #[param(value_type = Kind, example = "result")]
    kind: Kind,
    /// What the file is; what `Content-Type` says without it.
    #[deserr(default)]
    #[param(inline)]
    format: Option<ImportFormat>,
    /// What the file is called.
    #[deserr(default)]
    #[param(inline, example = "成果汇总.xlsx")]
    name: Option<Line<1, 200>>,
    /// The sheet of a workbook; the first without it.
    #[deserr(default)]
    #[param(inline)]
    sheet: Option<Line<1, 31>>,
    /// The partner site that the records come from, where the centre sends its file: by its mapping, with its identifiers.
    /// A site's own are always its own.
    #[deserr(default)]
    #[param(inline)]
    partner: Option<Line<1, 100>>,
    /// `true`: nothing is written, and every fault of every row is told.
    #[deserr(default, try_from(Option<String>) = flag -> FieldFault)]
    #[param(value_type = Option<bool>)]
    dry_run: Option<bool>,
    /// `true`: all rows are written or, if one is wrong, none.
    #[deserr(default, try_from(Option<String>) = flag -> FieldFault)]
    #[param(value_type = Option<bool>)]
    whole: Option<bool>,
}

/// Of which kind.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TemplateParameters {
    /// The kind of records.
    #[deserr(try_from(String) = parse_kind -> FieldFault)]
    #[param(value_type = Kind, example = "result")]
    kind: Kind,
}

/// Which rows.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RowFilter {
    /// Those that it became of.
    #[deserr(default)]
    #[param(inline)]
    outcome: Option<RowOutcome>,
}

/// One page of imports, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct ImportPage {
    #[schema(max_items = 100)]
    items: Vec<Import>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// What became of a row.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "row": 7, "outcome": "refused",
    "faults": [{"column": "技术成熟度", "value": "10", "code": "out_of_range", "detail": "应为 1 到 9"}]
}))]
pub struct ImportRow {
    /// The row of the table, or the line, as a person counts them; 0 for the file as a whole.
    #[schema(minimum = 0)]
    row: i64,
    outcome: RowOutcome,
    /// The record; none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    record_id: Option<Uuid>,
    #[schema(max_items = 1000)]
    faults: Vec<RowFaultView>,
}

/// One page of rows, in the order of the file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct ImportRowPage {
    #[schema(max_items = 100)]
    items: Vec<ImportRow>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// Bring in records from a file
///
/// 批量导入成果、专家、单位、需求或政策：CSV（UTF-8、GB18030、UTF-16，自动识别）、XLSX、NDJSON、JSON 数组，至多 128 MiB，作为后台作业进行。列名用中文、英文或已存的映射；先以
/// `dry_run=true` 试导入，可得到每一行每一处问题。同一文件再传一次，什么也不会改变。
#[utoipa::path(operation_id = "create_import", tag = "imports",
    params(ImportParameters, ("Idempotency-Key" = Option<String>, Header)),
    request_body(description = "The file", content(
        (inline(FileBytes) = "text/csv"),
        (inline(FileBytes) = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (inline(FileBytes) = "application/x-ndjson"), (inline(FileBytes) = "application/json"))),
    responses((status = 201, description = "Queued", body = Import,
        headers(("Location" = String, description = "Its address")))))]
#[post("/v1/imports")]
pub async fn create(
    request: HttpRequest,
    payload: Payload,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    keyed: Keyed,
    parameters: Parameters<ImportParameters>,
) -> Answer<HttpResponse> {
    let (user, asked) = (caller.signed_in()?, parameters.0);
    if access::granted(&caller, asked.kind, access::Action::Create).is_none() {
        return Err(caller.refused());
    }
    let partner = asked.owner(&caller)?;
    let format = asked.format.or_else(|| declared(&request)).ok_or_else(unknown_type)?;
    let (mut file, digest) = spooled(payload).await?;
    if format == ImportFormat::Xlsx {
        file = sniffed(file).await?;
    }
    let keyed = keyed.saying([request.query_string().as_bytes(), &digest].concat());
    let new = NewImport {
        kind: asked.kind,
        format,
        name: asked.name.as_deref(),
        sheet: asked.sheet.as_deref(),
        partner: partner.as_deref(),
        dry_run: asked.dry_run.unwrap_or_default(),
        whole: asked.whole.unwrap_or_default(),
        sha256: &digest,
    };
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            let import = store::create(&new, &mut file, user, connection).await?;
            let answer = keep_sealed(held, import.id, &import, &state.secret, connection).await?;
            audit::record(&origin, &event(Action::ImportCreated, &import), connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let location = format!("/v1/imports/{}", answer["id"].as_str().unwrap_or_default());
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(answer))
}

/// List imports
///
/// 导入作业，新的在前；合作站点只见自己的。
#[utoipa::path(operation_id = "list_imports", tag = "imports", params(PagingParameters),
    responses((status = 200, description = "One page", body = ImportPage)))]
#[get("/v1/imports")]
pub async fn list(request: HttpRequest, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    refuse_filters(filters)?;
    let (of, after) = (own_only(&caller)?, paging.after_id()?);
    let imports = store::page(of, after, paging.fetch(), &mut *state.database.connection().await?).await?;
    Ok(paging.answer(&request, imports, |last| last.id.as_bytes().to_vec()))
}

/// Read an import
///
/// 一次导入的进度与结果。
#[utoipa::path(operation_id = "read_import", tag = "imports",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-00000000000f")),
    responses((status = 200, description = "The import", body = Import)))]
#[get("/v1/imports/{id}")]
pub async fn read(id: web::Path<String>, state: web::Data<State>, caller: Caller) -> Answer<web::Json<Import>> {
    found(&id, &caller, &mut state.database.connection().await?).await.map(web::Json)
}

/// Cancel an import
///
/// 取消导入；已写入的行保留。
#[utoipa::path(operation_id = "cancel_import", tag = "imports",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-00000000000f")),
    responses((status = 204, description = "Cancelled; rows that were written stay")))]
#[delete("/v1/imports/{id}")]
pub async fn cancel(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let import = found(&id, &caller, &mut connection).await?;
    connection
        .transaction(async |connection| {
            if !store::end(import.id, ImportState::Cancelled, connection).await? {
                return Err(Problem::new(ProblemKind::Conflict).saying("已经结束", "it has ended"));
            }
            Ok(audit::record(&origin, &event(Action::ImportCancelled, &import), connection).await?)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List what became of the rows of an import
///
/// 导入各行的结果，按文件中的顺序：新增、更新，或有误——逐项说明列、值和应有的写法。没有变化的行不列。
#[utoipa::path(operation_id = "list_import_rows", tag = "imports",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-00000000000f"), RowFilter, PagingParameters),
    responses((status = 200, description = "One page", body = ImportRowPage)))]
#[get("/v1/imports/{id}/rows")]
pub async fn rows(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
    language: Language,
) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    let filter: RowFilter = deserr::deserialize(Value::Object(filters)).map_err(Problem::invalid_parameters)?;
    let after = match paging.after.as_deref().map(<[u8; 8]>::try_from) {
        None => -1,
        Some(Ok(bytes)) => i64::from_be_bytes(bytes),
        Some(Err(_)) => return Err(Problem::new(ProblemKind::InvalidCursor)),
    };
    let mut connection = state.database.connection().await?;
    let import = found(&id, &caller, &mut connection).await?;
    let rows = store::rows(import.id, filter.outcome, after, paging.fetch(), &mut connection).await?;
    let rows: Vec<ImportRow> = rows.into_iter().map(|row| told(row, language)).collect();
    Ok(paging.answer(&request, rows, |last| last.row.to_be_bytes().to_vec()))
}

/// Download the file of an import with remarks
///
/// 下载原表并附“导入说明”一列；XLSX 仍为 XLSX，CSV 仍为 CSV，其余为 NDJSON。文件在导入结束后保留 30 天。
#[utoipa::path(operation_id = "download_import_remarks", tag = "imports",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-00000000000f")),
    responses((status = 200, description = "The file with a column of remarks", content(
        (inline(FileBytes) = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (inline(FileBytes) = "text/csv"), (inline(FileBytes) = "application/x-ndjson")))))]
#[get("/v1/imports/{id}/remarks")]
pub async fn remarks(
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
    language: Language,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let import = found(&id, &caller, &mut connection).await?;
    if import.ended_at.is_none() {
        return Err(Problem::new(ProblemKind::Conflict).saying("还没有结束", "it has not ended yet"));
    }
    let file = store::file(import.id, &mut connection).await?;
    let file =
        file.ok_or_else(|| Problem::new(ProblemKind::Gone).saying("文件已不再保留", "the file is kept no more"))?;
    drop(connection);
    answer_with_remarks(&import, file, language, state.database.clone()).await
}

/// Download a workbook to be filled in
///
/// 下载导入模板：列名、必填标记、填写说明和代码下拉列表；语言随 Accept-Language。
#[utoipa::path(operation_id = "download_import_template", tag = "imports", params(TemplateParameters),
    responses((status = 200, description = "The workbook",
        content((inline(FileBytes) = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
#[get("/v1/imports/template")]
pub async fn template(parameters: Parameters<TemplateParameters>, language: Language) -> Answer<HttpResponse> {
    let kind = parameters.0.kind;
    let made = web::block(move || made(kind, language)).await.map_err(Problem::internal)?;
    let workbook = made.map_err(Problem::internal)?;
    let name = format!("attachment; filename=\"{}-template.xlsx\"", kind.plural());
    Ok(HttpResponse::Ok()
        .content_type(XLSX)
        .insert_header((header::CONTENT_DISPOSITION, name))
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .body(workbook))
}

/// An import that the caller may see.
async fn found(id: &str, caller: &Caller, connection: &mut Connection) -> Answer<Import> {
    let import = store::find(ids::of_address(id)?, connection).await?.ok_or_else(Problem::not_found)?;
    match own_only(caller)? {
        Some(user) if import.created_by != user => Err(Problem::not_found()),
        _ => Ok(import),
    }
}

/// The account whose imports are all that the caller sees; none where that is all.
fn own_only(caller: &Caller) -> Answer<Option<Uuid>> {
    match access::granted_records(caller, "list_imports") {
        Some(Records::Own) => caller.signed_in().map(Some),
        Some(_) => Ok(None),
        None => Err(caller.refused()),
    }
}

impl ImportParameters {
    /// The partner site whose file it is.
    fn owner(&self, caller: &Caller) -> Answer<Option<String>> {
        let own = caller.partner().filter(|_| caller.role() == Role::Partner);
        match (own, &self.partner) {
            (Some(own), Some(named)) if own != &**named => Err(caller.refused()),
            (Some(own), _) => Ok(Some(own.to_owned())),
            (None, named) => Ok(named.as_deref().map(str::to_owned)),
        }
    }
}

/// The body of a request in a file without a name, and its SHA-256.
async fn spooled(mut payload: Payload) -> Answer<(File, Vec<u8>)> {
    let mut file = web::block(tempfile::tempfile).await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    let (mut digest, mut length) = (Sha256::new(), 0);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| unreadable(&error.into()))?;
        length += chunk.len() as u64;
        if length > MOST_BYTES {
            let most = MOST_BYTES / (1024 * 1024);
            return Err(Problem::new(ProblemKind::PayloadTooLarge)
                .saying(format!("文件至多 {most} MiB"), format!("a file has at most {most} MiB")));
        }
        digest.update(&chunk);
        // A page of the file system's memory, not of the disk.
        file.write_all(&chunk).map_err(Problem::internal)?;
    }
    if length == 0 {
        let fault = FieldFault::new("file_type", "文件是空的", "the file is empty");
        return Err(Problem::invalid_field("", fault));
    }
    Ok((file, digest.finalize().to_vec()))
}

/// What does not even begin as a workbook is refused at once.
async fn sniffed(file: File) -> Answer<File> {
    use std::io::{Read, Seek};
    let looked_at = web::block(move || {
        let (mut file, mut beginning) = (file, [0; 4]);
        file.rewind()?;
        let length = file.read(&mut beginning)?;
        Ok::<_, std::io::Error>((file, beginning[..length] == *b"PK\x03\x04"))
    });
    let (file, is_package) = looked_at.await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    if is_package {
        return Ok(file);
    }
    let fault = FieldFault::new("file_type", "不是 XLSX 工作簿", "it is no XLSX workbook");
    Err(Problem::invalid_field("", fault))
}

/// What a file is, as its sender says.
fn declared(request: &HttpRequest) -> Option<ImportFormat> {
    let declared = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    match declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        CSV => Some(ImportFormat::Csv),
        XLSX => Some(ImportFormat::Xlsx),
        NDJSON | "application/jsonl" => Some(ImportFormat::Ndjson),
        "application/json" => Some(ImportFormat::Json),
        _ => None,
    }
}

fn unknown_type() -> Problem {
    Problem::new(ProblemKind::UnsupportedMediaType).saying(
        format!("请以 {CSV}、{XLSX}、{NDJSON} 或 application/json 发送，或用 format 指明"),
        format!("send {CSV}, {XLSX}, {NDJSON} or application/json, or say what it is by format"),
    )
}

fn told(row: KeptRow, language: Language) -> ImportRow {
    let faults = faults::kept(row.faults).into_iter().map(|fault| fault.told(language)).collect();
    ImportRow { row: row.number, outcome: row.outcome, record_id: row.record_id, faults }
}

fn event(action: Action, import: &Import) -> Event {
    let with = json!({ "kind": import.kind, "partner": import.partner, "dry_run": import.dry_run });
    Event::new(action).about_id("import", import.id).with(with)
}

/// # Errors
/// `not_allowed`.
pub(super) fn parse_kind(text: String) -> Result<Kind, FieldFault> {
    let found = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| not_allowed(&Kind::ALL.map(Kind::as_str)))
}
