//! Visits over HTTP.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{NewTeamVisit, TeamVisit, store};
use crate::audit::{self, Action, Origin};
use crate::dockings::days::{in_future, is_in_future};
use crate::events::Attendance;
use crate::http::conditions::{etag, etag_of};
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Body, Conditions, Creation, keep_sealed};
use crate::identity::{Caller, Role};
use crate::problem::{Answer, Kind, Problem};
use crate::registry::ids;
use crate::state::State;
use crate::teams::members::store as members;
use crate::teams::routes::{event, found};
use crate::teams::{TeamNews, refused, store as teams};

/// One page of visits, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct TeamVisitPage {
    #[schema(max_items = 100)]
    items: Vec<TeamVisit>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// Write down a visit
///
/// 记一次走访：哪天、哪里、哪些成员、发现什么、下一步。由已接受的成员或中心记，服务团须在服务中；成员、企业和中心的人会得到通知。
#[utoipa::path(operation_id = "create_team_visit", tag = "expert teams", request_body = NewTeamVisit,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The visit", body = TeamVisit,
        headers(("ETag" = String, description = "Its version"), ("Location" = String, description = "Its address")))))]
#[post("/v1/expert-teams/{id}/visits")]
pub async fn create(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewTeamVisit>,
) -> Answer<HttpResponse> {
    let (user, new) = (caller.signed_in()?, &creation.input);
    check(new)?;
    let mut connection = state.database.connection().await?;
    let team = visited(&id, &caller, &mut connection).await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            teams::hold(team, connection).await?;
            // Who was taken out meanwhile writes nothing more.
            visited(&id, &caller, connection).await?;
            let visit = store::add(team, new, user, connection).await.map_err(refused)?;
            teams::tell(team, user, TeamNews::Visited, None, connection).await?;
            let answer = keep_sealed(held, visit.id, &visit, &state.secret, connection).await?;
            let event = event(Action::TeamVisitAdded, team).with(json!({ "visit": visit.id }));
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let tag = etag_of(&answer);
    let location = format!("/v1/expert-teams/{team}/visits/{}", answer["id"].as_str().unwrap_or_default());
    Ok(HttpResponse::Created()
        .insert_header((header::ETAG, tag))
        .insert_header((header::LOCATION, location))
        .json(answer))
}

/// List the visits of a team
///
/// 走访记录，新的在前：中心、已接受的成员和被服务的企业可见。
#[utoipa::path(operation_id = "list_team_visits", tag = "expert teams",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"), PagingParameters),
    responses((status = 200, description = "One page", body = TeamVisitPage)))]
#[get("/v1/expert-teams/{id}/visits")]
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
    let team = visited(&id, &caller, &mut connection).await?;
    let visits = store::page(team, after, paging.fetch(), &mut connection).await?;
    Ok(paging.answer(&request, visits, |last| last.id.as_bytes().to_vec()))
}

/// Read a visit
///
/// 一次走访。
#[utoipa::path(operation_id = "read_team_visit", tag = "expert teams",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("visit_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000012")),
    responses((status = 200, description = "The visit", body = TeamVisit, headers(("ETag" = String, description = "Its version")))))]
#[get("/v1/expert-teams/{id}/visits/{visit_id}")]
pub async fn read(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    caller: Caller,
    conditions: Conditions,
) -> Answer<HttpResponse> {
    let visit = of_address(&path, &caller, &mut *state.database.connection().await?).await?;
    let tag = etag(visit.version, false);
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(visit))
}

/// Correct a visit
///
/// 更正走访记录；原来的版本保留。由已接受的成员或中心更正，服务团须在服务中。
#[utoipa::path(operation_id = "replace_team_visit", tag = "expert teams", request_body = NewTeamVisit,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("visit_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000012"), ("If-Match" = String, Header)),
    responses((status = 200, description = "The visit", body = TeamVisit, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/expert-teams/{id}/visits/{visit_id}")]
pub async fn replace(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    new: Body<NewTeamVisit>,
) -> Answer<HttpResponse> {
    let (user, new) = (caller.signed_in()?, new.0);
    check(&new)?;
    let mut connection = state.database.connection().await?;
    let before = of_address(&path, &caller, &mut connection).await?;
    conditions.allow_change(before.version)?;
    let after = connection
        .transaction(async |connection| {
            teams::hold(before.team_id, connection).await?;
            visited(&path.0, &caller, connection).await?;
            let after = store::correct(&before, &new, user, connection).await.map_err(refused)?;
            let after = after.ok_or_else(|| Problem::new(Kind::PreconditionFailed))?;
            let details = json!({ "visit": after.id, "version": after.version });
            audit::record(&origin, &event(Action::TeamVisitChanged, before.team_id).with(details), connection).await?;
            Ok::<_, Problem>(after)
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(after.version, false))).json(after))
}

/// # Errors
/// `in_future`.
fn check(new: &NewTeamVisit) -> Answer<()> {
    if is_in_future(new.on) { Err(Problem::invalid_field("/on", in_future())) } else { Ok(()) }
}

/// The team of an address whose visits the caller may see: of experts those who accepted.
async fn visited(id: &str, caller: &Caller, connection: &mut AsyncPgConnection) -> Answer<Uuid> {
    let team = found(id, caller, connection).await?.id;
    if let (Role::Expert, Some(expert)) = (caller.role(), caller.owner()) {
        let member = members::find(team, expert, connection).await?;
        if member.is_none_or(|member| member.state != Attendance::Accepted) {
            return Err(Problem::not_found());
        }
    }
    Ok(team)
}

async fn of_address(path: &(String, String), caller: &Caller, connection: &mut AsyncPgConnection) -> Answer<TeamVisit> {
    let team = visited(&path.0, caller, connection).await?;
    store::find(team, ids::of_address(&path.1)?, connection).await?.ok_or_else(Problem::not_found)
}
