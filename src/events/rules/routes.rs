//! Rules over HTTP, for the centre.

use actix_web::http::header;
use actix_web::{HttpResponse, get, put, web};
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::AsyncConnection;

use super::store;
use crate::audit::{self, Action, Origin};
use crate::events::inputs::Rules;
use crate::events::routes::{event, found};
use crate::http::conditions::etag;
use crate::http::{Body, Conditions};
use crate::problem::{Answer, FieldFault, Kind, Problem};
use crate::state::State;

/// Read the rules of an event
///
/// 谁不得见面、谁必须见面。
#[utoipa::path(operation_id = "read_event_rules", tag = "events",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010")),
    responses((status = 200, description = "The rules", body = Rules,
        headers(("ETag" = String, description = "The version of the event")))))]
#[get("/v1/events/{id}/rules")]
pub async fn read(id: web::Path<String>, state: web::Data<State>, conditions: Conditions) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let of = found(&id, &mut connection).await?;
    let tag = etag(of.version, false);
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    let rules = store::find(of.id, &mut connection).await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(rules))
}

/// Change the rules of an event
///
/// 规定谁不得见面（某一时段或全天）、哪些洽谈必须在某一时段（某一桌）进行；互相矛盾的在排期时指出。
#[utoipa::path(operation_id = "replace_event_rules", tag = "events", request_body = Rules,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"), ("If-Match" = String, Header)),
    responses((status = 200, description = "The rules", body = Rules,
        headers(("ETag" = String, description = "The version of the event")))))]
#[put("/v1/events/{id}/rules")]
pub async fn replace(
    id: web::Path<String>,
    state: web::Data<State>,
    origin: Origin,
    conditions: Conditions,
    rules: Body<Rules>,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let of = found(&id, &mut connection).await?;
    conditions.allow_change(of.version)?;
    connection
        .transaction(async |connection| {
            if !store::begin(of.id, of.version, connection).await? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            store::forbid(of.id, &rules.0.forbidden, connection).await.map_err(|error| nobody("/forbidden", error))?;
            store::fix(of.id, &rules.0.fixed, connection).await.map_err(|error| nobody("/fixed", error))?;
            Ok(audit::record(&origin, &event(Action::EventChanged, of.id), connection).await?)
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(of.version + 1, false))).json(rules.0))
}

fn nobody(pointer: &str, error: Error) -> Problem {
    match error {
        Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => {
            let (zh, en) = ("其中有人不是那一方的参加者", "one of them takes no part on that side");
            Problem::invalid_field(pointer, FieldFault::new("unknown_reference", zh, en))
        }
        other => other.into(),
    }
}
