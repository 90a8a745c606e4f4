//! The routes of a concept, the same for each: list, create, read, replace, amend, delete, history.

use std::time::Duration;

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, Path, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use deserr::Deserr;
use diesel::QueryResult;
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde_json::{Map, Value, json};
use utoipa::IntoParams;

use super::history::{self, Version};
use super::ids;
use super::record::{self, Concept, Page, Record, Stamp};
use super::refusals::refused_write;
use crate::access::{self, Action};
use crate::audit::{self, Event, Origin};
use crate::database::Connection;
use crate::discovery;
use crate::dockings::are_acquainted;
use crate::duplicates::successor;
use crate::http::conditions::{etag, etag_of};
use crate::http::idempotency::IdempotencyKey;
use crate::http::methods::unknown;
use crate::http::paging::{Paging, refuse_filters};
use crate::http::prefer::PREFERENCE_APPLIED;
use crate::http::{Conditions, JSON, MERGE_PATCH, Parameters, Prefer, preferred_language, read_json};
use crate::identity::Caller;
use crate::matching::changes::position_of_write;
use crate::matching::follow::Freshness;
use crate::problem::{Answer, Faults, Kind, Problem};
use crate::registry::fields::Line;
use crate::state::State;
use crate::visits::Looking;

/// Registers the routes of a concept.
pub fn configure<C: Concept>(config: &mut ServiceConfig) {
    let base = format!("/v1/{}", C::KIND.plural());
    config.service(
        web::resource(&base)
            .route(web::get().to(list::<C>))
            .route(web::post().to(create::<C>))
            .default_service(web::to(unknown)),
    );
    config.service(
        web::resource(format!("{base}/{{id}}/history"))
            .route(web::get().to(history::<C>))
            .default_service(web::to(unknown)),
    );
    config.service(
        web::resource(format!("{base}/{{id}}"))
            .route(web::get().to(read::<C>))
            .route(web::put().to(replace::<C>))
            .route(web::patch().to(amend::<C>))
            .route(web::delete().to(remove::<C>))
            .default_service(web::to(unknown)),
    );
}

/// Why a record is deleted.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Removal {
    /// Kept with the tombstone.
    #[deserr(default)]
    #[param(inline)]
    reason: Option<Line<1, 500>>,
}

async fn list<C: Concept>(request: HttpRequest, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    let filter = deserr::deserialize(Value::Object(filters)).map_err(Problem::invalid_parameters)?;
    let after = paging.after_id()?;
    let page = Page { filter, after, limit: paging.fetch() };
    let mut records = C::page(&page, &caller, &mut *state.database.connection().await?).await?;
    // How people are reached is shown one record at a time, where every view is noted.
    for record in &mut records {
        record.fields.conceal();
    }
    Ok(paging.answer(&request, records, |last| last.stamp.id.as_bytes().to_vec()))
}

async fn create<C: Concept>(
    request: HttpRequest,
    payload: Payload,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    key: IdempotencyKey,
    prefer: Prefer,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let (value, bytes) = read_json(&request, &mut payload.into_inner(), JSON).await?;
    let fields: C = deserr::deserialize(value).map_err(Problem::invalid)?;
    let record = Record { stamp: Stamp::new(Some(user)), fields };
    if !access::may(&caller, Action::Create, &record) {
        return Err(caller.refused());
    }
    let path = request.path();
    let mut connection = state.database.connection().await?;
    let written = connection
        .transaction(async |connection| {
            let held = match key.hold(user, path, &bytes, connection).await? {
                Ok(held) => held,
                Err(replay) => return Ok((replay.record_id, replay.answer, None)),
            };
            C::insert(std::slice::from_ref(&record), connection).await.map_err(refused_write)?;
            C::written(&record, connection).await?;
            let answer = serde_json::to_value(&record).map_err(Problem::internal)?;
            if let Some(held) = held {
                held.keep(record.stamp.id, &answer, connection).await?;
            }
            let awaited = awaited(&prefer, connection).await?;
            audit::record(&origin, &change(audit::Action::RecordCreated, &record), connection).await?;
            Ok::<_, Problem>((record.stamp.id, answer, awaited))
        })
        .await;
    drop(connection);
    let (id, answer, awaited) = written?;
    let mut response = HttpResponse::Created();
    apply_preference(&mut response, &state.freshness, awaited).await;
    response.insert_header((header::LOCATION, format!("{path}/{id}")));
    response.insert_header((header::ETAG, etag_of(&answer)));
    Ok(response.json(answer))
}

async fn read<C: Concept>(
    id: Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    looking: Looking,
    conditions: Conditions,
    request: HttpRequest,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let record = readable::<C>(&id, &caller, &mut connection).await?;
    if C::KIND == record::Kind::Policy {
        state.visits.note(record.stamp.id, &looking);
    }
    let headers = request.headers();
    if let Some(form) = discovery::Form::asked_for(headers, preferred_language(headers)) {
        return discovery::answer(record, form, state.tokens.issuer(), &conditions, connection).await;
    }
    let (record, concealed) = as_seen_by(record, &caller, &origin, &mut connection).await?;
    let etag = etag(record.stamp.version, concealed);
    if conditions.is_known(&etag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag)).json(record))
}

async fn replace<C: Concept>(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    prefer: Prefer,
) -> Answer<HttpResponse> {
    let (value, _) = read_json(&request, &mut payload.into_inner(), JSON).await?;
    let fields: C = deserr::deserialize(value).map_err(Problem::invalid)?;
    let mut connection = state.database.connection().await?;
    let before = writable::<C>(&id, &caller, Action::Change, &mut connection).await?;
    conditions.allow_change(before.stamp.version)?;
    let next = Record { stamp: before.stamp.next(caller.user()), fields };
    write(next, (&caller, &origin), connection, &state, &prefer).await
}

async fn amend<C: Concept>(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    prefer: Prefer,
) -> Answer<HttpResponse> {
    let (patch, _) = read_json(&request, &mut payload.into_inner(), MERGE_PATCH).await?;
    let mut connection = state.database.connection().await?;
    let before = writable::<C>(&id, &caller, Action::Change, &mut connection).await?;
    conditions.allow_change(before.stamp.version)?;
    let fields = patched(&before.fields, &patch)?;
    let next = Record { stamp: before.stamp.next(caller.user()), fields };
    write(next, (&caller, &origin), connection, &state, &prefer).await
}

async fn remove<C: Concept>(
    id: Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    prefer: Prefer,
    removal: Parameters<Removal>,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let before = writable::<C>(&id, &caller, Action::Delete, &mut connection).await?;
    conditions.allow_change(before.stamp.version)?;
    let reason = removal.0.reason.map(|reason| reason.to_string());
    let tombstone = Record { stamp: before.stamp.deleted(caller.user(), reason), fields: before.fields };
    let awaited = advance(&tombstone, audit::Action::RecordDeleted, &origin, &prefer, &mut connection).await?;
    drop(connection);
    let mut response = HttpResponse::NoContent();
    apply_preference(&mut response, &state.freshness, awaited).await;
    Ok(response.finish())
}

async fn history<C: Concept>(
    request: HttpRequest,
    id: Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    refuse_filters(filters)?;
    let mut connection = state.database.connection().await?;
    let current = found::<C>(&id, &mut connection).await?;
    if !access::may(&caller, Action::History, &current) {
        let seen = access::may(&caller, Action::Read, &current);
        return Err(if seen { caller.refused() } else { Problem::not_found() });
    }
    let before = match paging.after.as_deref().map(<[u8; 8]>::try_from) {
        None => None,
        Some(Ok(bytes)) => Some(i64::from_be_bytes(bytes)),
        Some(Err(_)) => return Err(Problem::new(Kind::InvalidCursor)),
    };
    let newest = before.unwrap_or(current.stamp.version);
    let mut records = history::earlier::<C>(current.stamp.id, newest, paging.fetch(), &mut connection).await?;
    if current.fields.clone().conceal() || records.iter().any(|record| record.fields.clone().conceal()) {
        audit::record(&origin, &view(&current), &mut connection).await?;
    }
    if before.is_none() {
        records.insert(0, current);
    }
    let versions: Vec<Version<Record<C>>> = records.into_iter().map(Version::from).collect();
    Ok(paging.answer(&request, versions, |last| last.version.to_be_bytes().to_vec()))
}

/// The record of an id, deleted or not. What is no id names nothing.
async fn found<C: Concept>(id: &str, connection: &mut Connection) -> Answer<Record<C>> {
    let id = ids::of_address(id)?;
    C::find(id, connection).await?.ok_or_else(Problem::not_found)
}

/// A record that the caller may read; one that was deleted is gone only for those who could read it.
async fn readable<C: Concept>(id: &str, caller: &Caller, connection: &mut Connection) -> Answer<Record<C>> {
    let record = found::<C>(id, connection).await?;
    if !access::may(caller, Action::Read, &record) {
        return Err(Problem::not_found());
    }
    if record.stamp.deleted_at.is_some() {
        return Err(gone(&record, caller, connection).await?);
    }
    Ok(record)
}

/// The problem of a record that was deleted. One that was merged names the record in its place (RFC 5829), to whom may
/// read that.
async fn gone<C: Concept>(record: &Record<C>, caller: &Caller, connection: &mut Connection) -> Answer<Problem> {
    let gone = Problem::new(Kind::Gone);
    let Some(id) = successor(C::KIND, record.stamp.id, connection).await? else { return Ok(gone) };
    let living = C::find(id, connection).await?.filter(|next| next.stamp.deleted_at.is_none());
    let next = living.filter(|next| access::may(caller, Action::Read, next));
    let link = next.map(|_| format!("</v1/{}/{id}>; rel=\"successor-version\"", C::KIND.plural()));
    Ok(match link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        Some(link) => gone
            .saying("这条记录已并入另一条，见 Link 头", "this record was merged into another; see the Link header")
            .with_header(header::LINK, link),
        None => gone,
    })
}

/// A record that the caller may change or delete.
async fn writable<C: Concept>(
    id: &str,
    caller: &Caller,
    action: Action,
    connection: &mut Connection,
) -> Answer<Record<C>> {
    let record = readable::<C>(id, caller, connection).await?;
    if access::may(caller, action, &record) { Ok(record) } else { Err(caller.refused()) }
}

/// The record without what the caller may not see, and whether something was left out. What is personal and shown
/// is noted first.
async fn as_seen_by<C: Concept>(
    mut record: Record<C>,
    caller: &Caller,
    origin: &Origin,
    connection: &mut Connection,
) -> Answer<(Record<C>, bool)> {
    if !record.fields.clone().conceal() {
        return Ok((record, false));
    }
    if access::shows_personal_data(caller, &record) || is_other_side(&record, caller, connection).await? {
        audit::record(origin, &view(&record), connection).await?;
        return Ok((record, false));
    }
    record.fields.conceal();
    Ok((record, true))
}

/// Is it of the other side of an accepted docking, and is the caller one to see that?
async fn is_other_side<C: Concept>(record: &Record<C>, caller: &Caller, connection: &mut Connection) -> Answer<bool> {
    match caller.owner().filter(|_| access::shows_other_side(caller, C::KIND)) {
        Some(owner) => Ok(are_acquainted(owner, record.stamp.id, connection).await?),
        None => Ok(false),
    }
}

/// A view of personal data, for the audit log.
fn view<C: Concept>(record: &Record<C>) -> Event {
    Event::new(audit::Action::PersonalDataViewed).about_id(C::KIND.as_str(), record.stamp.id)
}

/// A change of a record, for the audit log.
fn change<C: Concept>(action: audit::Action, record: &Record<C>) -> Event {
    let version = json!({ "version": record.stamp.version });
    Event::new(action).about_id(C::KIND.as_str(), record.stamp.id).with(version)
}

/// The fields after an RFC 7396 patch, parsed like any other input.
fn patched<C: Concept>(fields: &C, patch: &Value) -> Answer<C> {
    let mut document = serde_json::to_value(fields).map_err(Problem::internal)?;
    let unknown = unknown_removals(&document, patch);
    json_patch::merge(&mut document, patch);
    if let Some(object) = document.as_object_mut() {
        object.extend(unknown);
    }
    deserr::deserialize(document).map_err(Problem::invalid)
}

/// Members that a patch removes though they are not there: kept as null, so that a misspelt one is refused.
fn unknown_removals(document: &Value, patch: &Value) -> Map<String, Value> {
    let members = patch.as_object().into_iter().flatten();
    members
        .filter(|(name, value)| value.is_null() && document.get(name.as_str()).is_none())
        .map(|(name, _)| (name.clone(), Value::Null))
        .collect()
}

/// Writes the next version of a record and answers with it.
async fn write<C: Concept>(
    next: Record<C>,
    (caller, origin): (&Caller, &Origin),
    mut connection: Connection,
    state: &State,
    prefer: &Prefer,
) -> Answer<HttpResponse> {
    if !access::may(caller, Action::Change, &next) {
        return Err(caller.refused());
    }
    let awaited = advance(&next, audit::Action::RecordChanged, origin, prefer, &mut connection).await?;
    let (next, concealed) = as_seen_by(next, caller, origin, &mut connection).await?;
    drop(connection);
    let mut response = HttpResponse::Ok();
    apply_preference(&mut response, &state.freshness, awaited).await;
    Ok(response.insert_header((header::ETAG, etag(next.stamp.version, concealed))).json(next))
}

/// Writes a version over the one before it, which must still be there; what the caller waits for then.
async fn advance<C: Concept>(
    next: &Record<C>,
    action: audit::Action,
    origin: &Origin,
    prefer: &Prefer,
    connection: &mut Connection,
) -> Answer<Option<Awaited>> {
    connection
        .transaction(async |connection| {
            if !C::advance(next, connection).await.map_err(refused_write)? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            C::written(next, connection).await?;
            let awaited = awaited(prefer, connection).await?;
            audit::record(origin, &change(action, next), connection).await?;
            Ok(awaited)
        })
        .await
}

/// Until when a caller prefers to wait: until the write of this position can be found, at most so long.
type Awaited = (u64, Duration);

/// What the caller of the running transaction waits for, if it prefers to.
async fn awaited(prefer: &Prefer, connection: &mut AsyncPgConnection) -> QueryResult<Option<Awaited>> {
    let Some(wait) = prefer.wait else { return Ok(None) };
    Ok(Some((position_of_write(connection).await?, wait)))
}

/// Holds the answer until the write can be found, if the caller prefers so.
async fn apply_preference(response: &mut HttpResponseBuilder, freshness: &Freshness, awaited: Option<Awaited>) {
    let Some((position, wait)) = awaited else { return };
    if freshness.reached(position, wait).await {
        response.insert_header((PREFERENCE_APPLIED, format!("wait={}", wait.as_secs())));
    }
}
