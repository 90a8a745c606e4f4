//! What goes with a policy (附件): uploaded by the centre, downloaded by whoever may read the policy.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use deserr::Deserr;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::found;
use crate::audit::{self, Action, Event, Origin};
use crate::database::schema::{files as kept, policy_files};
use crate::files::{self, COLUMNS, File, FileBytes, FileName, FileRow, Upload};
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Keyed, Parameters, keep_sealed};
use crate::identity::Caller;
use crate::problem::{Answer, Faults, FieldFault, Kind, Problem};
use crate::registry::ids;
use crate::state::State;

/// Files of a policy, at most.
const MOST: i64 = 100;

/// What a file is called.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PolicyFileNaming {
    /// The name, with its ending.
    #[deserr(try_from(String) = FileName::parse -> FieldFault)]
    #[param(inline, example = "申报表.docx")]
    name: FileName,
}

/// One page of files, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct PolicyFilePage {
    #[schema(max_items = 100)]
    items: Vec<File>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// Add a file to a policy
///
/// 上传政策附件（至多 10 MiB）。只收 PDF、OFD、图片、Office 文档（不含宏）和 UTF-8 文本；以内容辨认类型，并保存 SHA-256。
#[utoipa::path(operation_id = "create_policy_file", tag = "policies",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000005"), PolicyFileNaming,
        ("Idempotency-Key" = Option<String>, Header)),
    request_body(content = inline(FileBytes), content_type = "application/octet-stream", description = "The file"),
    responses((status = 201, description = "The file", body = File,
        headers(("Location" = String, description = "Its address")))))]
#[post("/v1/policies/{id}/files")]
pub async fn create(
    request: HttpRequest,
    payload: Payload,
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    keyed: Keyed,
    naming: Parameters<PolicyFileNaming>,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let policy = found(&id, &caller, &mut *state.database.connection().await?).await?.stamp.id;
    let upload = Upload::read(naming.0.name, &request, payload).await?;
    let said = [request.query_string().as_bytes(), &Sha256::digest(&upload.content)].concat();
    let keyed = keyed.saying(said);
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            let count = policy_files::table.filter(policy_files::policy_id.eq(policy)).count();
            if count.get_result::<i64>(connection).await? >= MOST {
                return Err(Problem::new(Kind::Conflict)
                    .saying(format!("一项政策至多 {MOST} 个附件"), format!("a policy has at most {MOST} files")));
            }
            let file = files::keep(&upload, user, &state.files, connection).await?;
            let row = (policy_files::file_id.eq(file.id), policy_files::policy_id.eq(policy));
            diesel::insert_into(policy_files::table).values(row).execute(connection).await?;
            let answer = keep_sealed(held, file.id, &file, &state.secret, connection).await?;
            let event = Event::new(Action::PolicyFileAdded).about_id("policy", policy);
            let event = event.with(json!({ "file": file.id, "sha256": file.sha256 }));
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let location = format!("{}/{}", request.path(), answer["id"].as_str().unwrap_or_default());
    Ok(HttpResponse::Created().insert_header(("Location", location)).json(answer))
}

/// List the files of a policy
///
/// 政策的附件，新的在前。
#[utoipa::path(operation_id = "list_policy_files", tag = "policies",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000005"), PagingParameters),
    responses((status = 200, description = "One page", body = PolicyFilePage)))]
#[get("/v1/policies/{id}/files")]
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
    let policy = found(&id, &caller, &mut connection).await?.stamp.id;
    let files = page(policy, after, paging.fetch(), &mut connection).await?;
    Ok(paging.answer(&request, files, |last| last.id.as_bytes().to_vec()))
}

/// Download a file of a policy
///
/// 下载附件：总是另存，从不在浏览器里直接打开。
#[utoipa::path(operation_id = "download_policy_file", tag = "policies",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000005"),
        ("file_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000012")),
    responses((status = 200, description = "The file as it came", content(
        (String = "application/pdf"), (String = "application/ofd"), (String = "image/png"), (String = "image/jpeg"),
        (String = "image/webp"), (String = "text/plain"), (String = "text/csv"), (String = "application/msword"),
        (String = "application/vnd.ms-excel"), (String = "application/vnd.ms-powerpoint"),
        (String = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (String = "application/vnd.openxmlformats-officedocument.presentationml.presentation")))))]
#[get("/v1/policies/{id}/files/{file_id}")]
pub async fn download(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let policy = found(&path.0, &caller, &mut connection).await?.stamp.id;
    let file = ids::of_address(&path.1)?;
    let of_policy = policy_files::table.find(file).filter(policy_files::policy_id.eq(policy));
    if !diesel::select(diesel::dsl::exists(of_policy)).get_result(&mut connection).await? {
        return Err(Problem::not_found());
    }
    let (file, content) = files::read(file, &state.files, &mut connection).await?;
    Ok(files::download(&file, content))
}

async fn page(
    policy: Uuid,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<File>> {
    let mut query = policy_files::table.inner_join(kept::table).filter(policy_files::policy_id.eq(policy)).into_boxed();
    if let Some(after) = after {
        query = query.filter(policy_files::file_id.lt(after));
    }
    let rows: Vec<FileRow> =
        query.order(policy_files::file_id.desc()).limit(limit).select(COLUMNS).load(connection).await?;
    Ok(rows.into_iter().map(File::from).collect())
}
