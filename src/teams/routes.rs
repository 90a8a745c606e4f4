//! Teams over HTTP.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde_json::{Value, json};
use uuid::Uuid;

use super::requests::{ExpertTeamFilter, NewExpertTeam, TeamChange, one_of};
use super::store::{self, TeamRow, Whose};
use super::view::{ExpertTeam, ExpertTeamPage, readable};
use super::{TeamNews, TeamState, closed, refused};
use crate::audit::{self, Action, Event, Origin};
use crate::http::conditions::{etag, etag_of};
use crate::http::paging::{Paging, PagingParameters};
use crate::http::{Body, Conditions, Creation, keep_sealed};
use crate::identity::{Caller, Role};
use crate::problem::{Answer, FieldFault, Kind, Problem};
use crate::registry::ids;
use crate::state::State;

/// Form a team
///
/// 组建专家服务团，服务一项需求（连同其企业）或一家企业。
#[utoipa::path(operation_id = "create_expert_team", tag = "expert teams", request_body = NewExpertTeam,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The team", body = ExpertTeam,
        headers(("ETag" = String, description = "Its version"), ("Location" = String, description = "Its address")))))]
#[post("/v1/expert-teams")]
pub async fn create(
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewExpertTeam>,
) -> Answer<HttpResponse> {
    let (user, new) = (caller.signed_in()?, &creation.input);
    one_of(new.demand_id, new.enterprise_id)?;
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            let enterprise = served(new, &caller, connection).await?;
            let id = Uuid::now_v7();
            let made = store::create(id, new, enterprise, user, connection).await.map_err(refused)?;
            let view = ExpertTeam::of(vec![made], &caller, connection).await?.pop();
            let answer = keep_sealed(held, id, &view, &state.secret, connection).await?;
            audit::record(&origin, &event(Action::ExpertTeamCreated, id), connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let tag = etag_of(&answer);
    let location = format!("/v1/expert-teams/{}", answer["id"].as_str().unwrap_or_default());
    Ok(HttpResponse::Created()
        .insert_header((header::ETAG, tag))
        .insert_header((header::LOCATION, location))
        .json(answer))
}

/// List teams
///
/// 专家服务团列表，新的在前：中心看到全部，专家看到邀请过自己的，企业看到为自己服务的。
#[utoipa::path(operation_id = "list_expert_teams", tag = "expert teams", params(ExpertTeamFilter, PagingParameters),
    responses((status = 200, description = "One page", body = ExpertTeamPage)))]
#[get("/v1/expert-teams")]
pub async fn list(request: HttpRequest, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    let filter: ExpertTeamFilter = deserr::deserialize(Value::Object(filters)).map_err(Problem::invalid_parameters)?;
    let (whose, after) = (whose(&caller)?, paging.after_id()?);
    let mut connection = state.database.connection().await?;
    // What a team is for is not to be guessed at either.
    let asked = filter.demand_id.as_slice();
    let rows = if readable(asked, &caller, &mut connection).await?.len() == asked.len() {
        store::page(&filter, whose, after, paging.fetch(), &mut connection).await?
    } else {
        Vec::new()
    };
    let views = ExpertTeam::of(rows, &caller, &mut connection).await?;
    Ok(paging.answer(&request, views, |last| last.id().as_bytes().to_vec()))
}

/// Read a team
///
/// 一个专家服务团及其成员。
#[utoipa::path(operation_id = "read_expert_team", tag = "expert teams",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010")),
    responses((status = 200, description = "The team", body = ExpertTeam, headers(("ETag" = String, description = "Its version")))))]
#[get("/v1/expert-teams/{id}")]
pub async fn read(
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
    conditions: Conditions,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let row = found(&id, &caller, &mut connection).await?;
    let tag = etag(row.version, false);
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    let view = ExpertTeam::of(vec![row], &caller, &mut connection).await?.pop();
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(view))
}

/// Change a team
///
/// 修改服务团：名称、任务、组长、状态。组长接受邀请后才能开始服务；结束后不再改动。
#[utoipa::path(operation_id = "replace_expert_team", tag = "expert teams", request_body = TeamChange,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"), ("If-Match" = String, Header)),
    responses((status = 200, description = "The team", body = ExpertTeam, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/expert-teams/{id}")]
pub async fn replace(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    change: Body<TeamChange>,
) -> Answer<HttpResponse> {
    let (user, change) = (caller.signed_in()?, change.0);
    let mut connection = state.database.connection().await?;
    let id = found(&id, &caller, &mut connection).await?.id;
    let (tag, view) = connection
        .transaction(async |connection| {
            let before = store::hold(id, connection).await?;
            conditions.allow_change(before.version)?;
            allow(&before, &change)?;
            let after = store::replace(&before, &change, user, connection).await.map_err(refused)?;
            if let Some(leader) = after.leader_id.filter(|_| after.leader_id != before.leader_id) {
                store::tell(id, user, TeamNews::Leading, Some(leader), connection).await?;
            }
            if let Some(news) = news(before.state, after.state) {
                store::tell(id, user, news, None, connection).await?;
            }
            let tag = etag(after.version, false);
            let details = json!({ "from": before.state, "to": after.state, "leader": after.leader_id });
            let view = ExpertTeam::of(vec![after], &caller, connection).await?.pop();
            audit::record(&origin, &event(Action::ExpertTeamChanged, id).with(details), connection).await?;
            Ok::<_, Problem>((tag, view))
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(view))
}

/// The team of an address, if the caller may see it.
///
/// # Errors
/// `not-found` if there is none that the caller may see.
pub(super) async fn found(id: &str, caller: &Caller, connection: &mut AsyncPgConnection) -> Answer<TeamRow> {
    let id = ids::of_address(id)?;
    store::find(id, whose(caller)?, connection).await?.ok_or_else(Problem::not_found)
}

/// The teams that a caller may see.
///
/// # Errors
/// `not-found` for who is neither of the centre nor of a side.
pub fn whose(caller: &Caller) -> Answer<Whose> {
    match (caller.role(), caller.owner()) {
        (Role::Staff | Role::Admin, _) => Ok(Whose::All),
        (Role::Enterprise, Some(owner)) => Ok(Whose::Served(owner)),
        (Role::Expert, Some(owner)) => Ok(Whose::Named(owner)),
        _ => Err(Problem::not_found()),
    }
}

/// What is noted of something that happened to a team.
pub(super) fn event(action: Action, team: Uuid) -> Event {
    Event::new(action).about_id("expert_team", team)
}

/// The enterprise that a new team serves.
async fn served(new: &NewExpertTeam, caller: &Caller, connection: &mut AsyncPgConnection) -> Answer<Uuid> {
    let of_demand = match new.demand_id {
        Some(id) => readable(&[id], caller, connection).await?.remove(&id).map(|demand| demand.fields.enterprise_id),
        None => new.enterprise_id,
    };
    of_demand.ok_or_else(|| {
        let fault = FieldFault::new("unknown_reference", "没有这项需求", "there is no such demand");
        Problem::invalid_field("/demand_id", fault)
    })
}

/// # Errors
/// `conflict` for a way that no team goes.
fn allow(before: &TeamRow, change: &TeamChange) -> Answer<()> {
    if before.state == TeamState::Closed {
        return Err(closed());
    }
    if !before.state.leads_to(change.state) {
        return Err(Problem::new(Kind::Conflict)
            .saying("服务中的服务团只能结束，不能退回组建", "an active team can be closed, not formed again"));
    }
    Ok(())
}

fn news(before: TeamState, after: TeamState) -> Option<TeamNews> {
    match after {
        _ if before == after => None,
        TeamState::Active => Some(TeamNews::Active),
        TeamState::Closed => Some(TeamNews::Closed),
        TeamState::Forming => None,
    }
}
