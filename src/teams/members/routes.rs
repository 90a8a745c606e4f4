//! Members of a team over HTTP.

use actix_web::http::header;
use actix_web::{HttpResponse, delete, get, post, put, web};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde_json::json;
use uuid::Uuid;

use super::{NewTeamMember, TeamAnswer, TeamMember, store};
use crate::audit::{self, Action, Origin};
use crate::events::{Attendance, is_centre};
use crate::http::conditions::{etag, etag_of};
use crate::http::{Body, Conditions, Creation, keep_sealed};
use crate::identity::Caller;
use crate::problem::{Answer, Kind, Problem};
use crate::registry::ids;
use crate::state::State;
use crate::teams::routes::{event, found};
use crate::teams::{TeamNews, TeamState, closed, refused, store as teams};

/// Ask an expert into a team
///
/// 邀请一位公开的专家加入服务团，并说明请其做什么；专家会得到通知。
#[utoipa::path(operation_id = "create_team_member", tag = "expert teams", request_body = NewTeamMember,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The member", body = TeamMember,
        headers(("ETag" = String, description = "Its version"), ("Location" = String, description = "Its address")))))]
#[post("/v1/expert-teams/{id}/members")]
pub async fn invite(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewTeamMember>,
) -> Answer<HttpResponse> {
    let (user, new) = (caller.signed_in()?, &creation.input);
    let mut connection = state.database.connection().await?;
    let team = found(&id, &caller, &mut connection).await?.id;
    let answer = connection
        .transaction(async |connection| {
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            hold_open((team, new.expert_id), connection).await?;
            store::invite(team, new, connection).await.map_err(refused)?;
            let member = store::find(team, new.expert_id, connection).await?;
            teams::tell(team, user, TeamNews::Invited, Some(new.expert_id), connection).await?;
            let answer = keep_sealed(held, new.expert_id, &member, &state.secret, connection).await?;
            let event = event(Action::TeamMemberInvited, team).with(json!({ "expert": new.expert_id }));
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let tag = etag_of(&answer);
    let location = format!("/v1/expert-teams/{team}/members/{}", answer["expert_id"].as_str().unwrap_or_default());
    Ok(HttpResponse::Created()
        .insert_header((header::ETAG, tag))
        .insert_header((header::LOCATION, location))
        .json(answer))
}

/// Read a member of a team
///
/// 服务团的一位成员：中心和本人可见。
#[utoipa::path(operation_id = "read_team_member", tag = "expert teams",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("expert_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000005")),
    responses((status = 200, description = "The member", body = TeamMember, headers(("ETag" = String, description = "Its version")))))]
#[get("/v1/expert-teams/{id}/members/{expert_id}")]
pub async fn read(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    caller: Caller,
    conditions: Conditions,
) -> Answer<HttpResponse> {
    let (_, member) = own(&path, &caller, &mut *state.database.connection().await?).await?;
    let tag = etag(member.version, false);
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(member))
}

/// Answer an invitation into a team
///
/// 专家（或中心代为）接受或谢绝。组长谢绝时服务团没有组长，正在服务的回到组建；中心的人会得到通知。
#[utoipa::path(operation_id = "replace_team_member", tag = "expert teams", request_body = TeamAnswer,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("expert_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000005"), ("If-Match" = String, Header)),
    responses((status = 200, description = "The member", body = TeamMember, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/expert-teams/{id}/members/{expert_id}")]
pub async fn replace(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    said: Body<TeamAnswer>,
) -> Answer<HttpResponse> {
    let (user, said) = (caller.signed_in()?, said.0.state);
    let mut connection = state.database.connection().await?;
    let (team, before) = own(&path, &caller, &mut connection).await?;
    conditions.allow_change(before.version)?;
    let place = (team, before.expert_id);
    let after = connection
        .transaction(async |connection| {
            hold_open(place, connection).await?;
            if !store::answer(place, before.version, said, connection).await.map_err(refused)? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            if let Some(news) = news(said).filter(|_| said != before.state) {
                teams::tell(team, user, news, None, connection).await?;
            }
            let details = json!({ "expert": before.expert_id, "from": before.state, "to": said });
            audit::record(&origin, &event(Action::TeamMemberChanged, team).with(details), connection).await?;
            Ok(store::find(team, before.expert_id, connection).await?)
        })
        .await?;
    let after = after.ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(after.version, false))).json(after))
}

/// Take a member out of a team
///
/// 把一位成员移出服务团；组长须先换人。
#[utoipa::path(operation_id = "delete_team_member", tag = "expert teams",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("expert_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000005"), ("If-Match" = String, Header)),
    responses((status = 204, description = "No member any more")))]
#[delete("/v1/expert-teams/{id}/members/{expert_id}")]
pub async fn remove(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let mut connection = state.database.connection().await?;
    let (team, before) = own(&path, &caller, &mut connection).await?;
    conditions.allow_change(before.version)?;
    let place = (team, before.expert_id);
    connection
        .transaction(async |connection| {
            if hold_open(place, connection).await? == Some(before.expert_id) {
                return Err(leads());
            }
            if !store::remove(place, before.version, connection).await.map_err(refused)? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            teams::tell(team, user, TeamNews::Removed, Some(before.expert_id), connection).await?;
            let event = event(Action::TeamMemberRemoved, team).with(json!({ "expert": before.expert_id }));
            Ok(audit::record(&origin, &event, connection).await?)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A member of an address, whom only the centre and they themselves see so.
async fn own(
    path: &(String, String),
    caller: &Caller,
    connection: &mut AsyncPgConnection,
) -> Answer<(Uuid, TeamMember)> {
    let (team, expert) = (found(&path.0, caller, connection).await?.id, ids::of_address(&path.1)?);
    if !is_centre(caller) && caller.owner() != Some(expert) {
        return Err(Problem::not_found());
    }
    let member = store::find(team, expert, connection).await?.ok_or_else(Problem::not_found)?;
    Ok((team, member))
}

/// Holds an expert and a team that is not closed; who leads it.
async fn hold_open((team, expert): (Uuid, Uuid), connection: &mut AsyncPgConnection) -> Answer<Option<Uuid>> {
    store::hold_expert(expert, connection).await?;
    let team = teams::hold(team, connection).await?;
    if team.state == TeamState::Closed { Err(closed()) } else { Ok(team.leader_id) }
}

fn leads() -> Problem {
    Problem::new(Kind::Conflict)
        .saying("该成员是组长，请先另选组长", "this member leads the team; name another leader first")
}

fn news(said: Attendance) -> Option<TeamNews> {
    match said {
        Attendance::Invited => None,
        Attendance::Accepted => Some(TeamNews::Accepted),
        Attendance::Declined => Some(TeamNews::Declined),
    }
}
