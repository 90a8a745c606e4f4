//! Participants over HTTP.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, Participant, WishRow};
use crate::audit::{self, Action, Origin};
use crate::database::Connection;
use crate::events::inputs::{Attending, NewParticipant, Wish};
use crate::events::routes::{event, found};
use crate::events::store as events;
use crate::events::{Attendance, InvitedKind, Side, is_centre};
use crate::http::conditions::{etag, etag_of};
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Body, Conditions, Creation, keep_sealed};
use crate::identity::Caller;
use crate::problem::{Answer, FieldFault, Kind, Problem};
use crate::registry::fields::OrganisationKind;
use crate::registry::ids;
use crate::state::State;

/// A participant.
#[derive(Serialize, ToSchema)]
#[schema(as = Participant, example = json!({
    "id": "01939c5e-0000-7000-8000-000000000011", "event_id": "01939c5e-0000-7000-8000-000000000010", "version": 2,
    "side": "enterprise", "organisation_id": "01939c5e-0000-7000-8000-000000000002", "name": "泊头市五金厂", "state": "accepted"
}))]
pub struct ParticipantView {
    id: Uuid,
    event_id: Uuid,
    #[schema(minimum = 1)]
    version: i64,
    side: Side,
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expert_id: Option<Uuid>,
    /// Of the organisation or the expert.
    #[schema(max_length = 200)]
    name: String,
    state: Attendance,
    /// Meetings that they want at most. This and what follows is shown to themselves and to the centre.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 64)]
    most: Option<i16>,
    /// The numbers of the slots in which they are there; all without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 64)]
    hours: Option<Vec<i16>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 500)]
    wishes: Option<Vec<Wish>>,
}

/// One page of participants, as they were invited.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct ParticipantPage {
    #[schema(max_items = 100)]
    items: Vec<ParticipantView>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// Invite somebody to an event
///
/// 邀请一家单位或一位专家参加对接活动：企业为一方，专家和院所为另一方。
#[utoipa::path(operation_id = "create_participant", tag = "events", request_body = NewParticipant,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The participant", body = ParticipantView,
        headers(("ETag" = String, description = "Its version"), ("Location" = String, description = "Its address")))))]
#[post("/v1/events/{id}/participants")]
pub async fn invite(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewParticipant>,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let mut connection = state.database.connection().await?;
    let of = found(&id, &mut connection).await?.id;
    let answer = connection
        .transaction(async |connection| {
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            let side = side_of(&creation.input, connection).await?;
            let (id, new) = (Uuid::now_v7(), &creation.input);
            let made = store::invite(of, id, side, (new.kind, new.id), connection).await.map_err(invited_already)?;
            let view = viewed(&[made], true, connection).await?.pop();
            let answer = keep_sealed(held, id, &view, &state.secret, connection).await?;
            audit::record(&origin, &event(Action::ParticipantInvited, of), connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let tag = etag_of(&answer);
    let location = format!("/v1/events/{of}/participants/{}", answer["id"].as_str().unwrap_or_default());
    Ok(HttpResponse::Created()
        .insert_header((header::ETAG, tag))
        .insert_header((header::LOCATION, location))
        .json(answer))
}

/// List the participants of an event
///
/// 对接活动的参加者，按邀请先后；参加者自己也可以看，以便提出想见谁。
#[utoipa::path(operation_id = "list_participants", tag = "events",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"), PagingParameters),
    responses((status = 200, description = "One page", body = ParticipantPage)))]
#[get("/v1/events/{id}/participants")]
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
    let event = found(&id, &mut connection).await?.id;
    taking_part(event, &caller, &mut connection).await?;
    let rows = store::page(event, after, paging.fetch(), &mut connection).await?;
    let views = viewed(&rows, false, &mut connection).await?;
    Ok(paging.answer(&request, views, |last| last.id.as_bytes().to_vec()))
}

/// Read a participant
///
/// 一位参加者；在场时段和想见谁只给本人和中心的人看。
#[utoipa::path(operation_id = "read_participant", tag = "events",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("participant_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000011")),
    responses((status = 200, description = "The participant", body = ParticipantView, headers(("ETag" = String, description = "Its version")))))]
#[get("/v1/events/{id}/participants/{participant_id}")]
pub async fn read(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    caller: Caller,
    conditions: Conditions,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let participant = own(&path, &caller, &mut connection).await?;
    let tag = etag(participant.version, false);
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    shown(participant, &mut connection).await
}

/// Answer an invitation
///
/// 参加者（或中心代为）答复邀请：是否参加、最多几场、在场时段、想见谁。
#[utoipa::path(operation_id = "replace_participant", tag = "events", request_body = Attending,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("participant_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000011"), ("If-Match" = String, Header)),
    responses((status = 200, description = "The participant", body = ParticipantView, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/events/{id}/participants/{participant_id}")]
pub async fn replace(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    said: Body<Attending>,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let before = own(&path, &caller, &mut connection).await?;
    conditions.allow_change(before.version)?;
    connection
        .transaction(async |connection| {
            events::touch(before.event_id, connection).await?;
            if !store::answer(&before, &said.0, connection).await.map_err(nobody)? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            let event = event(Action::ParticipantChanged, before.event_id);
            Ok(audit::record(&origin, &event, connection).await?)
        })
        .await?;
    let after = store::find(before.event_id, before.id, &mut connection).await?.ok_or_else(Problem::not_found)?;
    shown(after, &mut connection).await
}

/// A participant of an address, whom only the centre and they themselves see whole.
///
/// # Errors
/// `not-found` if there is none, or if it is somebody else.
pub async fn own(path: &(String, String), caller: &Caller, connection: &mut Connection) -> Answer<Participant> {
    let (event, id) = (ids::of_address(&path.0)?, ids::of_address(&path.1)?);
    let participant = store::find(event, id, connection).await?.ok_or_else(Problem::not_found)?;
    let is_own = caller.owner().is_some() && participant.record() == caller.owner();
    if is_own || is_centre(caller) { Ok(participant) } else { Err(Problem::not_found()) }
}

/// The participant that the caller is; none for the centre.
///
/// # Errors
/// `not-found` to those who do not take part.
pub async fn taking_part(
    event: Uuid,
    caller: &Caller,
    connection: &mut AsyncPgConnection,
) -> Answer<Option<Participant>> {
    if is_centre(caller) {
        return Ok(None);
    }
    let record = caller.owner().ok_or_else(Problem::not_found)?;
    store::of_record(event, record, connection).await?.map(Some).ok_or_else(Problem::not_found)
}

async fn shown(participant: Participant, connection: &mut AsyncPgConnection) -> Answer<HttpResponse> {
    let tag = etag(participant.version, false);
    let view = viewed(&[participant], true, connection).await?.pop();
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(view))
}

/// Participants with their names, and with what they said if that is to be shown.
async fn viewed(
    participants: &[Participant],
    whole: bool,
    connection: &mut AsyncPgConnection,
) -> Answer<Vec<ParticipantView>> {
    let mut names = store::names(participants, connection).await?;
    let mut views = Vec::with_capacity(participants.len());
    for one in participants {
        let wish = |row: WishRow| Wish { participant_id: row.wished_id, wish: row.wish };
        let wishes = if whole { Some(store::wishes_of(one.id, connection).await?) } else { None };
        views.push(ParticipantView {
            id: one.id,
            event_id: one.event_id,
            version: one.version,
            side: one.side,
            organisation_id: one.organisation_id,
            expert_id: one.expert_id,
            name: names.remove(&one.id).unwrap_or_default(),
            state: one.state,
            most: whole.then_some(one.most),
            hours: one.hours.clone().filter(|_| whole),
            wishes: wishes.map(|wishes| wishes.into_iter().map(wish).collect()),
        });
    }
    Ok(views)
}

/// The side on which a record meets others.
async fn side_of(new: &NewParticipant, connection: &mut AsyncPgConnection) -> Answer<Side> {
    match new.kind {
        InvitedKind::Organisation => match store::kind_of(new.id, connection).await? {
            Some(OrganisationKind::Enterprise) => Ok(Side::Enterprise),
            Some(_) => Ok(Side::Expert),
            None => Err(unknown("/id", "没有这个单位", "there is no such organisation")),
        },
        InvitedKind::Expert if store::is_expert(new.id, connection).await? => Ok(Side::Expert),
        InvitedKind::Expert => Err(unknown("/id", "没有这位专家", "there is no such expert")),
    }
}

fn unknown(pointer: &str, zh: &'static str, en: &'static str) -> Problem {
    Problem::invalid_field(pointer, FieldFault::new("unknown_reference", zh, en))
}

fn invited_already(error: Error) -> Problem {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            Problem::conflict("/id", FieldFault::new("duplicate", "已经邀请过", "is invited already"))
        }
        other => other.into(),
    }
}

fn nobody(error: Error) -> Problem {
    match error {
        Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => {
            unknown("/wishes", "其中有人不在另一方的参加者中", "one of them is no participant of the other side")
        }
        other => other.into(),
    }
}
