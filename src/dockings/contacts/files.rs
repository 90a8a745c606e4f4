//! The files of a docking over HTTP.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use deserr::Deserr;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::AsyncConnection;
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{DockingFile, store};
use crate::audit::{self, Action, Event, Origin};
use crate::dockings::routes::found;
use crate::files::{self, FileBytes, FileName, Upload};
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Keyed, Parameters, keep_sealed};
use crate::identity::Caller;
use crate::problem::{Answer, Faults, FieldFault, Kind, Problem};
use crate::registry::ids;
use crate::state::State;

/// Files of a docking, at most.
const MOST: i64 = 200;

/// What a file is called, and what it goes with.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Naming {
    /// The name, with its ending.
    #[deserr(try_from(String) = FileName::parse -> FieldFault)]
    #[param(inline, example = "会谈纪要.pdf")]
    name: FileName,
    /// The contact that it goes with, if with one.
    #[deserr(default, try_from(Option<String>) = ids::optional_id -> FieldFault)]
    contact_id: Option<Uuid>,
}

/// One page of files, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct DockingFilePage {
    #[schema(max_items = 100)]
    items: Vec<DockingFile>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// Add a file to a docking
///
/// 上传文件（至多 10 MiB），可归于某次联系。只收 PDF、OFD、图片、Office 文档（不含宏）和 UTF-8 文本；以内容辨认类型，并保存 SHA-256。
#[utoipa::path(operation_id = "create_docking_file", tag = "dockings",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"), Naming,
        ("Idempotency-Key" = Option<String>, Header)),
    request_body(content = inline(FileBytes), content_type = "application/octet-stream", description = "The file"),
    responses((status = 201, description = "The file", body = DockingFile,
        headers(("Location" = String, description = "Its address")))))]
#[post("/v1/dockings/{id}/files")]
pub async fn create(
    request: HttpRequest,
    payload: Payload,
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    keyed: Keyed,
    naming: Parameters<Naming>,
) -> Answer<HttpResponse> {
    let (user, Naming { name, contact_id }) = (caller.signed_in()?, naming.0);
    let (docking, party) = found(&id, &caller, &mut *state.database.connection().await?).await?;
    let upload = Upload::read(name, &request, payload).await?;
    let said = [request.query_string().as_bytes(), &Sha256::digest(&upload.content)].concat();
    let keyed = keyed.saying(said);
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            if store::count_files(docking.id, connection).await? >= MOST {
                return Err(Problem::new(Kind::Conflict)
                    .saying(format!("一项对接至多 {MOST} 个文件"), format!("a docking has at most {MOST} files")));
            }
            let file = files::keep(&upload, user, &state.files, connection).await?;
            let added = DockingFile { file, contact_id, party };
            store::add_file(docking.id, &added, connection).await.map_err(refused)?;
            let answer = keep_sealed(held, added.file.id, &added, &state.secret, connection).await?;
            let event = Event::new(Action::DockingFileAdded).about_id("docking", docking.id);
            let event = event.with(json!({ "file": added.file.id, "sha256": added.file.sha256 }));
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let location = format!("{}/{}", request.path(), answer["id"].as_str().unwrap_or_default());
    Ok(HttpResponse::Created().insert_header(("Location", location)).json(answer))
}

/// List the files of a docking
///
/// 对接的文件，新的在前。
#[utoipa::path(operation_id = "list_docking_files", tag = "dockings",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"), PagingParameters),
    responses((status = 200, description = "One page", body = DockingFilePage)))]
#[get("/v1/dockings/{id}/files")]
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
    let (docking, _) = found(&id, &caller, &mut connection).await?;
    let files = store::files(docking.id, after, paging.fetch(), &mut connection).await?;
    Ok(paging.answer(&request, files, |last| last.file.id.as_bytes().to_vec()))
}

/// Download a file of a docking
///
/// 下载文件：总是另存，从不在浏览器里直接打开。
#[utoipa::path(operation_id = "download_docking_file", tag = "dockings",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("file_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000012")),
    responses((status = 200, description = "The file as it came", content(
        (String = "application/pdf"), (String = "application/ofd"), (String = "image/png"), (String = "image/jpeg"),
        (String = "image/webp"), (String = "text/plain"), (String = "text/csv"), (String = "application/msword"),
        (String = "application/vnd.ms-excel"), (String = "application/vnd.ms-powerpoint"),
        (String = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (String = "application/vnd.openxmlformats-officedocument.presentationml.presentation")))))]
#[get("/v1/dockings/{id}/files/{file_id}")]
pub async fn download(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
) -> Answer<HttpResponse> {
    let (id, file) = path.into_inner();
    let mut connection = state.database.connection().await?;
    let (docking, _) = found(&id, &caller, &mut connection).await?;
    let file = ids::of_address(&file)?;
    if !store::has_file(docking.id, file, &mut connection).await? {
        return Err(Problem::not_found());
    }
    let (file, content) = files::read(file, &state.files, &mut connection).await?;
    let event = Event::new(Action::DockingFileDownloaded).about_id("docking", docking.id);
    audit::record(&origin, &event.with(json!({ "file": file.id })), &mut connection).await?;
    Ok(files::download(&file, content))
}

fn refused(error: Error) -> Problem {
    match &error {
        Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, details)
            if details.constraint_name() == Some("docking_files_contact") =>
        {
            let fault = FieldFault::new("unknown_reference", "该对接没有这次联系", "the docking has no such contact");
            Problem::invalid_parameters(Faults::one("/contact_id", fault))
        }
        _ => error.into(),
    }
}
