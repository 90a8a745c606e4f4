//! Documents of a case over HTTP.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use diesel_async::AsyncConnection;
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{DocumentNaming, PatentDocument, store};
use crate::audit::{self, Action, Origin};
use crate::files::{self, FileBytes, Upload};
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Keyed, Parameters, keep_sealed};
use crate::identity::Caller;
use crate::patents::routes::{event, found, held};
use crate::problem::{Answer, Kind, Problem};
use crate::registry::ids;
use crate::state::State;

/// Versions of a kind, at most.
const MOST: i16 = 200;

/// One page of documents, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct PatentDocumentPage {
    #[schema(max_items = 100)]
    items: Vec<PatentDocument>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// Add a document to a patent case
///
/// 上传文件（至多 10 MiB）：交底书、草稿、权利要求书、通知书等，同类的依次为第 1、2、3……版。只收 PDF、OFD、图片、Office 文档（不含宏）和
/// UTF-8 文本；以内容辨认类型，并保存 SHA-256。
#[utoipa::path(operation_id = "create_patent_document", tag = "patent-cases",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020"), DocumentNaming,
        ("Idempotency-Key" = Option<String>, Header)),
    request_body(content = inline(FileBytes), content_type = "application/octet-stream", description = "The file"),
    responses((status = 201, description = "The document", body = PatentDocument,
        headers(("Location" = String, description = "Its address")))))]
#[post("/v1/patent-cases/{id}/documents")]
pub async fn create(
    request: HttpRequest,
    payload: Payload,
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    keyed: Keyed,
    naming: Parameters<DocumentNaming>,
) -> Answer<HttpResponse> {
    let (user, DocumentNaming { kind, name }) = (caller.signed_in()?, naming.0);
    found(&id, &caller, &mut *state.database.connection().await?).await?;
    let upload = Upload::read(name, &request, payload).await?;
    let said = [request.query_string().as_bytes(), &Sha256::digest(&upload.content)].concat();
    let keyed = keyed.saying(said);
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let case = held(&id, &caller, connection).await?;
            let held = match keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            let last = store::last(case.id, kind, connection).await?;
            if last >= MOST {
                return Err(Problem::new(Kind::Conflict)
                    .saying(format!("一类文件至多 {MOST} 版"), format!("a kind has at most {MOST} versions")));
            }
            let file = files::keep(&upload, user, &state.files, connection).await?;
            let added = PatentDocument { file, kind, number: last + 1 };
            store::add(case.id, &added, connection).await?;
            let answer = keep_sealed(held, added.file.id, &added, &state.secret, connection).await?;
            let event = event(Action::PatentDocumentAdded, case.id);
            let event = event.with(json!({ "file": added.file.id, "sha256": added.file.sha256 }));
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let location = format!("{}/{}", request.path(), answer["id"].as_str().unwrap_or_default());
    Ok(HttpResponse::Created().insert_header(("Location", location)).json(answer))
}

/// List the documents of a patent case
///
/// 文件的各版，新的在前。
#[utoipa::path(operation_id = "list_patent_documents", tag = "patent-cases",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020"), PagingParameters),
    responses((status = 200, description = "One page", body = PatentDocumentPage)))]
#[get("/v1/patent-cases/{id}/documents")]
pub async fn list(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    refuse_filters(filters)?;
    let after = paging.after_id()?;
    let mut connection = state.database.connection().await?;
    let case = found(&id, &caller, &mut connection).await?;
    let documents = store::page(case.id, after, paging.fetch(), &mut connection).await?;
    Ok(paging.answer(&request, documents, |last| last.file.id.as_bytes().to_vec()))
}

/// Download a document of a patent case
///
/// 下载文件：总是另存，从不在浏览器里直接打开；内容与登记的 SHA-256 不符的不给出。
#[utoipa::path(operation_id = "download_patent_document", tag = "patent-cases",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020"),
        ("file_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000012")),
    responses((status = 200, description = "The file as it came", content(
        (String = "application/pdf"), (String = "application/ofd"), (String = "image/png"), (String = "image/jpeg"),
        (String = "image/webp"), (String = "text/plain"), (String = "text/csv"), (String = "application/msword"),
        (String = "application/vnd.ms-excel"), (String = "application/vnd.ms-powerpoint"),
        (String = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (String = "application/vnd.openxmlformats-officedocument.presentationml.presentation")))))]
#[get("/v1/patent-cases/{id}/documents/{file_id}")]
pub async fn download(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
) -> Answer<HttpResponse> {
    let (id, file) = path.into_inner();
    let mut connection = state.database.connection().await?;
    let case = found(&id, &caller, &mut connection).await?;
    let file = ids::of_address(&file)?;
    if !store::has(case.id, file, &mut connection).await? {
        return Err(Problem::not_found());
    }
    let (file, content) = files::read(file, &state.files, &mut connection).await?;
    let event = event(Action::PatentDocumentDownloaded, case.id).with(json!({ "file": file.id }));
    audit::record(&origin, &event, &mut connection).await?;
    Ok(files::download(&file, content))
}
