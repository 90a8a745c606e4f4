//! Events over HTTP.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use chrono::{DateTime, Utc};
use diesel_async::AsyncConnection;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::inputs::NewEvent;
use super::store::{self, EventRow, SlotRow};
use crate::audit::{self, Action, Event, Origin};
use crate::database::Connection;
use crate::http::conditions::{etag, etag_of};
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Body, Conditions, Creation, keep_sealed};
use crate::identity::Caller;
use crate::problem::{Answer, Kind, Problem};
use crate::registry::ids;
use crate::state::State;

/// An event as it is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = Event, example = json!({
    "id": "01939c5e-0000-7000-8000-000000000010", "version": 1, "title": "秋季产学研对接会", "place": "泊头市会展中心二楼",
    "tables": 12, "created_at": "2026-11-25T02:03:04Z",
    "slots": [{"number": 1, "begins_at": "2026-12-08T01:00:00Z", "ends_at": "2026-12-08T01:20:00Z"}]
}))]
pub struct EventView {
    id: Uuid,
    #[schema(minimum = 1)]
    version: i64,
    #[schema(max_length = 200)]
    title: String,
    #[schema(max_length = 200)]
    place: String,
    /// Meetings that can go on at once.
    #[schema(minimum = 0, maximum = 500)]
    tables: i16,
    #[schema(max_items = 64)]
    slots: Vec<EventSlot>,
    created_at: DateTime<Utc>,
}

/// A slot of an event.
#[derive(Serialize, ToSchema)]
pub struct EventSlot {
    #[schema(minimum = 1, maximum = 64)]
    number: i16,
    begins_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

/// One page of events, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct EventPage {
    #[schema(max_items = 100)]
    items: Vec<EventView>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// Create an event
///
/// 登记一次对接活动：地点、桌数、时段。
#[utoipa::path(operation_id = "create_event", tag = "events", request_body = NewEvent,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The event", body = EventView,
        headers(("ETag" = String, description = "Its version"), ("Location" = String, description = "Its address")))))]
#[post("/v1/events")]
pub async fn create(
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewEvent>,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let mut connection = state.database.connection().await?;
    let id = Uuid::now_v7();
    let answer = connection
        .transaction(async |connection| {
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            store::create(id, &creation.input, user, connection).await?;
            let made = store::find(id, connection).await?.ok_or_else(Problem::not_found)?;
            let view = EventView::of(made, store::slots(&[id], connection).await?);
            let answer = keep_sealed(held, id, &view, &state.secret, connection).await?;
            audit::record(&origin, &event(Action::EventCreated, id), connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let tag = etag_of(&answer);
    let location = format!("/v1/events/{}", answer["id"].as_str().unwrap_or_default());
    Ok(HttpResponse::Created()
        .insert_header((header::ETAG, tag))
        .insert_header((header::LOCATION, location))
        .json(answer))
}

/// List events
///
/// 对接活动列表，新的在前。
#[utoipa::path(operation_id = "list_events", tag = "events", params(PagingParameters),
    responses((status = 200, description = "One page", body = EventPage)))]
#[get("/v1/events")]
pub async fn list(request: HttpRequest, state: web::Data<State>) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    refuse_filters(filters)?;
    let after = paging.after_id()?;
    let mut connection = state.database.connection().await?;
    let rows = store::page(after, paging.fetch(), &mut connection).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let slots = store::slots(&ids, &mut connection).await?;
    let of = |id| slots.iter().filter(|slot| slot.event_id == id).cloned().collect();
    let views: Vec<EventView> = rows.into_iter().map(|row| EventView::of(row.clone(), of(row.id))).collect();
    Ok(paging.answer(&request, views, |last| last.id.as_bytes().to_vec()))
}

/// Read an event
///
/// 一次对接活动。
#[utoipa::path(operation_id = "read_event", tag = "events",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010")),
    responses((status = 200, description = "The event", body = EventView, headers(("ETag" = String, description = "Its version")))))]
#[get("/v1/events/{id}")]
pub async fn read(id: web::Path<String>, state: web::Data<State>, conditions: Conditions) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let row = found(&id, &mut connection).await?;
    let tag = etag(row.version, false);
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    shown(row, &mut connection).await
}

/// Change an event
///
/// 修改对接活动；减少时段时，这些时段里的洽谈随之取消，排期需要重做。
#[utoipa::path(operation_id = "replace_event", tag = "events", request_body = NewEvent,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"), ("If-Match" = String, Header)),
    responses((status = 200, description = "The event", body = EventView, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/events/{id}")]
pub async fn replace(
    id: web::Path<String>,
    state: web::Data<State>,
    origin: Origin,
    conditions: Conditions,
    new: Body<NewEvent>,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let before = found(&id, &mut connection).await?;
    conditions.allow_change(before.version)?;
    connection
        .transaction(async |connection| {
            if !store::replace(before.id, before.version, &new.0, connection).await? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            Ok(audit::record(&origin, &event(Action::EventChanged, before.id), connection).await?)
        })
        .await?;
    let after = found(&id, &mut connection).await?;
    shown(after, &mut connection).await
}

/// The event of an address.
///
/// # Errors
/// `not-found` if there is none.
pub async fn found(id: &str, connection: &mut Connection) -> Answer<EventRow> {
    store::find(ids::of_address(id)?, connection).await?.ok_or_else(Problem::not_found)
}

/// What is noted of something that happened to an event.
#[must_use]
pub fn event(action: Action, id: Uuid) -> Event {
    Event::new(action).about_id("event", id)
}

async fn shown(row: EventRow, connection: &mut Connection) -> Answer<HttpResponse> {
    let (tag, slots) = (etag(row.version, false), store::slots(&[row.id], connection).await?);
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(EventView::of(row, slots)))
}

impl EventView {
    fn of(row: EventRow, slots: Vec<SlotRow>) -> Self {
        let slot = |slot: SlotRow| EventSlot { number: slot.number, begins_at: slot.begins_at, ends_at: slot.ends_at };
        Self {
            id: row.id,
            version: row.version,
            title: row.title,
            place: row.place,
            tables: row.tables,
            slots: slots.into_iter().map(slot).collect(),
            created_at: row.created_at,
        }
    }
}
