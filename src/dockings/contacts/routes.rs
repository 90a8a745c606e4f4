//! The log of a docking over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use diesel_async::AsyncConnection;
use serde_json::json;
use utoipa::ToSchema;

use super::store;
use super::{DockingContact, NewDockingContact};
use crate::audit::{self, Action, Event, Origin};
use crate::dockings::days::{in_future, is_in_future};
use crate::dockings::routes::found;
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Creation, keep_sealed};
use crate::identity::Caller;
use crate::problem::{Answer, Problem};
use crate::state::State;

/// One page of the log, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct DockingContactPage {
    #[schema(max_items = 100)]
    items: Vec<DockingContact>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// Put a contact on the log
///
/// 记一次联系：哪天、怎样、谁、谈了什么。记下的不改不删。
#[utoipa::path(operation_id = "create_docking_contact", tag = "dockings", request_body = NewDockingContact,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The contact", body = DockingContact)))]
#[post("/v1/dockings/{id}/contacts")]
pub async fn create(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewDockingContact>,
) -> Answer<HttpResponse> {
    let (user, new) = (caller.signed_in()?, &creation.input);
    if is_in_future(new.on) {
        return Err(Problem::invalid_field("/on", in_future()));
    }
    let mut connection = state.database.connection().await?;
    let (docking, party) = found(&id, &caller, &mut connection).await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            let contact = store::add(docking.id, new, (user, party), connection).await?;
            let answer = keep_sealed(held, contact.id, &contact, &state.secret, connection).await?;
            let event = Event::new(Action::DockingContactAdded).about_id("docking", docking.id);
            audit::record(&origin, &event.with(json!({ "contact": contact.id })), connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    Ok(HttpResponse::Created().json(answer))
}

/// List the contacts of a docking
///
/// 联系记录，新的在前，连同各自的文件。
#[utoipa::path(operation_id = "list_docking_contacts", tag = "dockings",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"), PagingParameters),
    responses((status = 200, description = "One page", body = DockingContactPage)))]
#[get("/v1/dockings/{id}/contacts")]
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
    let (docking, _) = found(&id, &caller, &mut connection).await?;
    let contacts = store::page(docking.id, after, paging.fetch(), &mut connection).await?;
    Ok(paging.answer(&request, contacts, |last| last.id.as_bytes().to_vec()))
}
