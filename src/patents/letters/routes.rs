//! Letters of the office over HTTP.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use diesel_async::AsyncConnection;
use serde_json::json;
use utoipa::ToSchema;

use super::{NewPatentLetter, PatentLetter, store};
use crate::audit::{self, Action, Origin};
use crate::http::conditions::{etag, etag_of};
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Body, Conditions, Creation, keep_sealed};
use crate::identity::Caller;
use crate::patents::routes::{event, found, held};
use crate::problem::{Answer, Kind, Problem};
use crate::registry::ids;
use crate::state::State;

/// Letters of a case, at most.
const MOST: i64 = 200;

/// One page of letters, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct PatentLetterPage {
    #[schema(max_items = 100)]
    items: Vec<PatentLetter>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// Put down a letter of the office
///
/// 登记专利局的通知书：种类、纸件或电子、发文日；2024-01-20 起的电子通知给出进入系统的日期。要求答复的通知书随即产生期限。
#[utoipa::path(operation_id = "create_patent_letter", tag = "patent-cases", request_body = NewPatentLetter,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The letter", body = PatentLetter, headers(("ETag" = String, description = "Its version")))))]
#[post("/v1/patent-cases/{id}/letters")]
pub async fn create(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewPatentLetter>,
) -> Answer<HttpResponse> {
    let (user, new) = (caller.signed_in()?, &creation.input);
    new.check()?;
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let case = held(&id, &caller, connection).await?;
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            if case.filing_date.is_none() {
                return Err(Problem::new(Kind::Conflict)
                    .saying("尚未申请，专利局还没有通知书", "the office writes no letters before it is filed"));
            }
            if store::count(case.id, connection).await? >= MOST {
                return Err(Problem::new(Kind::Conflict)
                    .saying(format!("一件申报至多 {MOST} 份通知书"), format!("a case has at most {MOST} letters")));
            }
            let letter = store::add(case.id, new, user, connection).await?;
            let answer = keep_sealed(held, letter.id, &letter, &state.secret, connection).await?;
            let event =
                event(Action::PatentLetterAdded, case.id).with(json!({ "letter": letter.id, "kind": letter.kind }));
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let tag = etag_of(&answer);
    Ok(HttpResponse::Created().insert_header((header::ETAG, tag)).json(answer))
}

/// List the letters of a patent case
///
/// 通知书，新登记的在前。
#[utoipa::path(operation_id = "list_patent_letters", tag = "patent-cases",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020"), PagingParameters),
    responses((status = 200, description = "One page", body = PatentLetterPage)))]
#[get("/v1/patent-cases/{id}/letters")]
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
    let letters = store::page(case.id, after, paging.fetch(), &mut connection).await?;
    Ok(paging.answer(&request, letters, |last| last.id.as_bytes().to_vec()))
}

/// Put a letter right
///
/// 更正登记有误的通知书；期限随之改变，原来的版本留存。
#[utoipa::path(operation_id = "replace_patent_letter", tag = "patent-cases", request_body = NewPatentLetter,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020"),
        ("letter_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000021"), ("If-Match" = String, Header)),
    responses((status = 200, description = "The letter", body = PatentLetter, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/patent-cases/{id}/letters/{letter_id}")]
pub async fn replace(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    body: Body<NewPatentLetter>,
) -> Answer<HttpResponse> {
    let ((id, letter), user, new) = (path.into_inner(), caller.signed_in()?, body.0);
    let mut connection = state.database.connection().await?;
    let replaced = connection
        .transaction(async |connection| {
            let case = found(&id, &caller, connection).await?;
            let letter = store::find(case.id, ids::of_address(&letter)?, connection).await?;
            let letter = letter.ok_or_else(Problem::not_found)?;
            conditions.allow_change(letter.version)?;
            new.check()?;
            let replaced = store::replace((letter.id, letter.version), &new, user, connection).await?;
            let replaced = replaced.ok_or_else(|| Problem::new(Kind::PreconditionFailed))?;
            let event = event(Action::PatentLetterChanged, case.id).with(json!({ "letter": letter.id }));
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(replaced)
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(replaced.version, false))).json(replaced))
}
