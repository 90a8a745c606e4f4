//! Patent cases over HTTP: take one in, see those of one's own, say it anew, move it on.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde_json::{Value, json};
use uuid::Uuid;

use super::inputs::{NewPatentCase, NewPatentMove, PatentCaseFilter, PatentCasePage, PatentMovePage};
use super::{PatentCase, PatentStage, calendar, deadlines, documents, fees, letters, search, store};
use crate::access::{self, Records};
use crate::audit::{self, Action, Event, Origin};
use crate::http::conditions::{etag, etag_of};
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Body, Conditions, Creation, keep_sealed};
use crate::identity::Caller;
use crate::problem::{Answer, FieldFault, Kind, Problem};
use crate::registry::ids;
use crate::state::State;

/// The routes of cases and of all that belongs to them.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(create)
        .service(list)
        .service(read)
        .service(replace)
        .service(move_on)
        .service(moves)
        .service(letters::routes::create)
        .service(letters::routes::list)
        .service(letters::routes::replace)
        .service(deadlines::routes::list)
        .service(deadlines::routes::replace)
        .service(fees::routes::create)
        .service(fees::routes::list)
        .service(fees::routes::replace)
        .service(documents::routes::create)
        .service(documents::routes::list)
        .service(documents::routes::download)
        .service(search::routes::search)
        .service(calendar::routes::list)
        .service(calendar::routes::read)
        .service(calendar::routes::replace)
        .service(calendar::routes::remove);
}

/// Take in a patent case
///
/// 受理一件专利申报：类型、名称、申请人、发明人、所保护的成果。由中心登记；发明人只记姓名和国籍，不记身份证号。
#[utoipa::path(operation_id = "create_patent_case", tag = "patent-cases", request_body = NewPatentCase,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "Taken in", body = PatentCase, headers(
        ("ETag" = String, description = "Its version"), ("Location" = String, description = "The address of the case")))))]
#[post("/v1/patent-cases")]
pub async fn create(
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewPatentCase>,
) -> Answer<HttpResponse> {
    let (user, new) = (caller.signed_in()?, &creation.input);
    new.check(PatentStage::Intake, false)?;
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            let case = store::create(new, user, connection).await.map_err(refused)?;
            let answer = keep_sealed(held, case.id, &case, &state.secret, connection).await?;
            audit::record(&origin, &event(Action::PatentCaseCreated, case.id), connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let location = format!("/v1/patent-cases/{}", answer["id"].as_str().unwrap_or_default());
    let tag = etag_of(&answer);
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, location))
        .insert_header((header::ETAG, tag))
        .json(answer))
}

/// List patent cases
///
/// 专利申报列表，新的在前：中心看到全部，申请人和发明人看到自己的。
#[utoipa::path(operation_id = "list_patent_cases", tag = "patent-cases", params(PatentCaseFilter, PagingParameters),
    responses((status = 200, description = "One page", body = PatentCasePage)))]
#[get("/v1/patent-cases")]
pub async fn list(request: HttpRequest, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    let filter: PatentCaseFilter = deserr::deserialize(Value::Object(filters)).map_err(Problem::invalid_parameters)?;
    let owner = match access::granted_records(&caller, "list_patent_cases") {
        Some(Records::All) => None,
        _ => Some(caller.owner().ok_or_else(|| caller.refused())?),
    };
    let mut connection = state.database.connection().await?;
    let cases = store::page(&filter, owner, paging.after_id()?, paging.fetch(), &mut connection).await?;
    Ok(paging.answer(&request, cases, |last| last.id.as_bytes().to_vec()))
}

/// Read a patent case
///
/// 一件专利申报。
#[utoipa::path(operation_id = "read_patent_case", tag = "patent-cases",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020")),
    responses((status = 200, description = "The case", body = PatentCase, headers(("ETag" = String, description = "Its version")))))]
#[get("/v1/patent-cases/{id}")]
pub async fn read(
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
    conditions: Conditions,
) -> Answer<HttpResponse> {
    let case = found(&id, &caller, &mut *state.database.connection().await?).await?;
    let tag = etag(case.version, false);
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(case))
}

/// Say a patent case anew
///
/// 更正一件专利申报：申请人、发明人、成果等，以及已经取得的号码和日期。阶段只由推进改变。成果的知识产权清单随之更新。
#[utoipa::path(operation_id = "replace_patent_case", tag = "patent-cases", request_body = NewPatentCase,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020"), ("If-Match" = String, Header)),
    responses((status = 200, description = "The case", body = PatentCase, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/patent-cases/{id}")]
pub async fn replace(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    body: Body<NewPatentCase>,
) -> Answer<HttpResponse> {
    let (user, new) = (caller.signed_in()?, body.0);
    let mut connection = state.database.connection().await?;
    let replaced = connection
        .transaction(async |connection| {
            let case = found(&id, &caller, connection).await?;
            conditions.allow_change(case.version)?;
            new.check(case.stage, case.filing_date.is_some())?;
            if !store::replace(&case, &new, user, connection).await.map_err(refused)? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            audit::record(&origin, &event(Action::PatentCaseChanged, case.id), connection).await?;
            store::find(case.id, connection).await?.ok_or_else(Problem::not_found)
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(replaced.version, false))).json(replaced))
}

/// Move a patent case
///
/// 推进或结束一件专利申报：接案、检索、撰写、申请（须有申请号和申请日）、公布、实质审查、授权；实用新型和外观设计没有公布和实质审查。
/// 驳回和撤回须说明原因，可因复审、恢复权利或登记有误回到原来的阶段。成果的知识产权清单随之更新。
#[utoipa::path(operation_id = "create_patent_move", tag = "patent-cases", request_body = NewPatentMove,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020"),
        ("If-Match" = String, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The case, moved", body = PatentCase, headers(("ETag" = String, description = "Its version")))))]
#[post("/v1/patent-cases/{id}/moves")]
pub async fn move_on(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    creation: Creation<NewPatentMove>,
) -> Answer<HttpResponse> {
    let (user, new) = (caller.signed_in()?, &creation.input);
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let case = found(&id, &caller, connection).await?;
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            conditions.allow_change(case.version)?;
            let row = new.row(&case)?;
            if row.back {
                let last = store::moves(case.id, None, 1, connection).await?.pop();
                if last.is_none_or(|last| last.from != row.to) {
                    return Err(Problem::new(Kind::Conflict)
                        .saying("只能回到结束前的阶段", "it can only go back to where it ended"));
                }
            }
            let said = (&new.given(&case), new.reason.as_deref());
            if !store::step(&case, row.to, said, user, connection).await.map_err(refused)? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            let moved = store::find(case.id, connection).await?.ok_or_else(Problem::not_found)?;
            let answer = keep_sealed(held, moved.id, &moved, &state.secret, connection).await?;
            let event = event(Action::PatentCaseMoved, case.id);
            let event = event.with(json!({ "from": case.stage, "to": moved.stage, "version": moved.version }));
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let tag = etag_of(&answer);
    Ok(HttpResponse::Created().insert_header((header::ETAG, tag)).json(answer))
}

/// List the moves of a patent case
///
/// 一件专利申报走过的各步，新的在前。
#[utoipa::path(operation_id = "list_patent_moves", tag = "patent-cases",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020"), PagingParameters),
    responses((status = 200, description = "One page", body = PatentMovePage)))]
#[get("/v1/patent-cases/{id}/moves")]
pub async fn moves(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    refuse_filters(filters)?;
    let before = match paging.after.as_deref().map(<[u8; 8]>::try_from) {
        None => None,
        Some(Ok(bytes)) => Some(i64::from_be_bytes(bytes)),
        Some(Err(_)) => return Err(Problem::new(Kind::InvalidCursor)),
    };
    let mut connection = state.database.connection().await?;
    let case = found(&id, &caller, &mut connection).await?;
    let moves = store::moves(case.id, before, paging.fetch(), &mut connection).await?;
    Ok(paging.answer(&request, moves, |last| last.version.to_be_bytes().to_vec()))
}

/// A case that the caller may see.
pub(super) async fn found(id: &str, caller: &Caller, connection: &mut AsyncPgConnection) -> Answer<PatentCase> {
    let id = ids::of_address(id)?;
    let case = store::find(id, connection).await?.ok_or_else(Problem::not_found)?;
    let granted = access::granted_records(caller, "read_patent_case").ok_or_else(|| caller.refused())?;
    if case.is_among(granted, caller) { Ok(case) } else { Err(Problem::not_found()) }
}

/// A case to which the caller adds something, held to the end of the transaction.
pub(super) async fn held(id: &str, caller: &Caller, connection: &mut AsyncPgConnection) -> Answer<PatentCase> {
    let case = found(id, caller, connection).await?;
    store::hold(case.id, connection).await?;
    store::find(case.id, connection).await?.ok_or_else(Problem::not_found)
}

pub(super) fn event(action: Action, case: Uuid) -> Event {
    Event::new(action).about_id("patent_case", case)
}

fn refused(error: Error) -> Problem {
    let Error::DatabaseError(kind, details) = &error else { return error.into() };
    let unknown = |pointer: &str, zh: &'static str, en: &'static str| {
        Problem::invalid_field(pointer, FieldFault::new("unknown_reference", zh, en))
    };
    match (kind, details.constraint_name()) {
        (DatabaseErrorKind::ForeignKeyViolation, Some("patent_cases_applicants")) => {
            unknown("/applicant_ids", "没有这个单位", "there is no such organisation")
        }
        (DatabaseErrorKind::ForeignKeyViolation, Some("patent_cases_experts")) => {
            unknown("/inventors", "没有这个专家", "there is no such expert")
        }
        (DatabaseErrorKind::ForeignKeyViolation, Some("patent_cases_result_id_fkey")) => {
            unknown("/result_id", "没有这个成果", "there is no such result")
        }
        (DatabaseErrorKind::UniqueViolation, Some("patent_cases_application_number_key")) => {
            let fault = FieldFault::new("duplicate", "另一件申报已有这个申请号", "another case has this number");
            Problem::conflict("/application_number", fault)
        }
        (DatabaseErrorKind::CheckViolation, Some("results_intellectual_property_check")) => {
            Problem::new(Kind::Conflict)
                .saying("成果的知识产权已满 50 项", "the result has 50 items of intellectual property already")
        }
        _ => error.into(),
    }
}
