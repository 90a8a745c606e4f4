//! Pairs over HTTP: for the centre.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde_json::{Value, json};
use uuid::Uuid;

use super::compare::{PairReason, Traits, compare};
use super::finding::{self, Found};
use super::merging::not_open;
use super::requests::{Dismissal, DuplicateFilter, NewDuplicate};
use super::store::{self, PairRow};
use super::view::{DuplicatePage, PairView};
use super::{DuplicateReason, DuplicateState};
use crate::audit::{self, Action, Event, Origin};
use crate::http::paging::{Paging, PagingParameters};
use crate::http::{Body, Conditions, Creation, keep_sealed};
use crate::identity::Caller;
use crate::problem::{Answer, FieldFault, Problem};
use crate::registry::{Concept, ids};
use crate::state::State;

/// List probable duplicates
///
/// 疑似重复的记录对，新的在前：同一专利号，题名和持有单位相近，同名同单位等，各附理由。
#[utoipa::path(operation_id = "list_duplicates", tag = "duplicates", params(DuplicateFilter, PagingParameters),
    responses((status = 200, description = "One page", body = DuplicatePage)))]
#[get("/v1/duplicates")]
pub async fn list(request: HttpRequest, state: web::Data<State>) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    let filter: DuplicateFilter = deserr::deserialize(Value::Object(filters)).map_err(Problem::invalid_parameters)?;
    let after = paging.after_id()?;
    let mut connection = state.database.connection().await?;
    let rows = store::page(&filter, after, paging.fetch(), &mut connection).await?;
    let views = PairView::list(rows, &mut connection).await?;
    Ok(paging.answer(&request, views, |last| last.id().as_bytes().to_vec()))
}

/// Report a pair
///
/// 人工报告两条记录疑似重复；已有的一对重新待处理。
#[utoipa::path(operation_id = "create_duplicate", tag = "duplicates", request_body = NewDuplicate,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The pair", body = PairView,
        headers(("ETag" = String, description = "Its version and those of both records"),
            ("Location" = String, description = "Its address")))))]
#[post("/v1/duplicates")]
pub async fn report(
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewDuplicate>,
) -> Answer<HttpResponse> {
    let (user, new) = (caller.signed_in()?, &creation.input);
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            let found = reported(new, connection).await?;
            let id = store::report(&found, user, connection).await?.ok_or_else(not_open)?;
            let pair = store::find(id, connection).await?.ok_or_else(Problem::not_found)?;
            let (view, tag) = PairView::read(pair, connection).await?;
            let answer = keep_sealed(held, id, &json!({ "pair": view, "tag": tag }), &state.secret, connection).await?;
            let (one, other) = found.pair;
            let details = json!({ "kind": found.kind, "records": [one, other] });
            let event = Event::new(Action::DuplicateReported).about_id("duplicate", id).with(details);
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let location = format!("/v1/duplicates/{}", text(&answer["pair"]["id"]));
    Ok(HttpResponse::Created()
        .insert_header((header::ETAG, text(&answer["tag"])))
        .insert_header((header::LOCATION, location))
        .json(&answer["pair"]))
}

/// Read a pair
///
/// 一对疑似重复的记录：并列的两条、理由、不同的字段。ETag 随这一对和两条记录的版本而变，合并时须带上。
#[utoipa::path(operation_id = "read_duplicate", tag = "duplicates",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000040")),
    responses((status = 200, description = "The pair", body = PairView,
        headers(("ETag" = String, description = "Its version and those of both records")))))]
#[get("/v1/duplicates/{id}")]
pub async fn read(id: web::Path<String>, state: web::Data<State>, conditions: Conditions) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let pair = found(&id, &mut connection).await?;
    let (view, tag) = PairView::read(pair, &mut connection).await?;
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(view))
}

/// Dismiss a pair
///
/// 认定不是重复，并说明理由；除非又多出一个相同的号码，不再报告。
#[utoipa::path(operation_id = "dismiss_duplicate", tag = "duplicates", request_body = Dismissal,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000040")),
    responses((status = 200, description = "The pair", body = PairView,
        headers(("ETag" = String, description = "Its version and those of both records")))))]
#[post("/v1/duplicates/{id}/dismissal")]
pub async fn dismiss(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    dismissal: Body<Dismissal>,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let mut connection = state.database.connection().await?;
    let pair = found(&id, &mut connection).await?;
    let (view, tag) = connection
        .transaction(async |connection| {
            let pair = store::hold(pair.id, connection).await?;
            if pair.state != DuplicateState::Open {
                return Err(not_open());
            }
            let note = Some(&*dismissal.0.note);
            let pair = store::decide(&pair, DuplicateState::Dismissed, note, user, connection).await?;
            let details = json!({ "kind": pair.kind, "records": [pair.one_id, pair.other_id] });
            let event = Event::new(Action::DuplicateDismissed).about_id("duplicate", pair.id).with(details);
            let view = PairView::read(pair, connection).await?;
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(view)
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(view))
}

/// The pair of an address.
///
/// # Errors
/// `not-found` if there is none.
pub(super) async fn found(id: &str, connection: &mut AsyncPgConnection) -> Answer<PairRow> {
    store::find(ids::of_address(id)?, connection).await?.ok_or_else(Problem::not_found)
}

/// Notes what happened to two records, of each.
///
/// # Errors
/// What the database says.
pub(super) async fn note<C: Concept>(
    action: Action,
    records: [Uuid; 2],
    details: &Value,
    origin: &Origin,
    connection: &mut AsyncPgConnection,
) -> Answer<()> {
    for id in records {
        let event = Event::new(action).about_id(C::KIND.as_str(), id).with(details.clone());
        audit::record(origin, &event, connection).await?;
    }
    Ok(())
}

/// A pair as somebody reports it: with what the service knows of it, and the note.
async fn reported(new: &NewDuplicate, connection: &mut AsyncPgConnection) -> Answer<Found> {
    let traits = finding::traits_of(new.kind, &new.ids, connection).await?;
    let living = |id: &Uuid| traits.iter().find(|one| one.id == *id && one.living);
    let both: Vec<&Traits> = new.ids.iter().filter_map(living).collect();
    let [first, second] = both[..] else {
        let place = new.ids.iter().position(|id| living(id).is_none()).unwrap_or_default();
        let fault = FieldFault::new("unknown_reference", "没有这条记录", "there is no such record");
        return Err(Problem::invalid_field(&format!("/ids/{place}"), fault));
    };
    let (one, other) = if first.id < second.id { (first, second) } else { (second, first) };
    let names = finding::names_of([one, other].into_iter().filter_map(|one| one.organisation), connection).await?;
    let mut reasons = compare(new.kind, (one, other), &names);
    let note = new.note.to_string();
    let reason = DuplicateReason::Reported;
    reasons.push(PairReason { reason, one: note, other: None, compared: None, nearness: None });
    Ok(Found { kind: new.kind, pair: (one.id, other.id), reasons })
}
