//! The audit log over HTTP, for admins.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use deserr::Deserr;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::event::{Action, Event, Origin};
use super::store::record;
use crate::database::schema::audit_events;
use crate::http::paging::{Paging, PagingParameters};
use crate::problem::{Answer, Faults, FieldFault, Kind, Problem};
use crate::registry::fields::Line;
use crate::registry::ids::optional_id;
use crate::state::State;

/// Which events.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// The account that did it.
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    actor: Option<Uuid>,
    #[deserr(default)]
    #[param(inline)]
    action: Option<Action>,
    /// The kind of what it is about, such as `demand` or `account`.
    #[deserr(default)]
    #[param(inline)]
    target_kind: Option<Line<1, 50>>,
    #[deserr(default)]
    #[param(inline)]
    target_id: Option<Line<1, 100>>,
    /// The address that it came from.
    #[deserr(default)]
    #[param(inline)]
    address: Option<Line<1, 50>>,
    #[deserr(default)]
    #[param(inline)]
    request_id: Option<Line<1, 100>>,
    /// Not before this moment.
    #[deserr(default, try_from(Option<String>) = moment -> FieldFault)]
    from: Option<DateTime<Utc>>,
    /// Before this moment.
    #[deserr(default, try_from(Option<String>) = moment -> FieldFault)]
    until: Option<DateTime<Utc>>,
}

/// An event.
#[derive(Serialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = audit_events)]
#[schema(example = json!({
    "seq": 42, "at": "2026-11-25T02:03:04.000005Z", "action": "personal_data_viewed", "role": "staff",
    "actor": "01939c5e-0000-7000-8000-000000000009", "address": "203.0.113.7", "target_kind": "expert",
    "target_id": "01939c5e-0000-7000-8000-000000000002", "request_id": "01939c5e-0000-7000-8000-00000000000a",
    "details": {}
}))]
pub struct AuditEvent {
    /// The place in the chain, from 1, without gaps.
    #[schema(minimum = 1)]
    seq: i64,
    at: DateTime<Utc>,
    action: Action,
    /// The account that did it; none for the public and for whoever runs the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Uuid>,
    /// The role of the account, `public`, or `operator` for whoever runs the program.
    #[schema(pattern = "^[a-z]+$", max_length = 20)]
    role: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    target_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    target_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    request_id: Option<String>,
    #[serde(serialize_with = "as_object")]
    #[schema(value_type = Object)]
    details: String,
}

/// One page of events, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct AuditPage {
    #[schema(max_items = 100)]
    items: Vec<AuditEvent>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// The audit log
///
/// 审计日志：谁、从哪里、何时做了什么，新的在前。查看日志本身也会留下记录。
#[utoipa::path(operation_id = "list_audit_events", tag = "audit", params(AuditFilter, PagingParameters),
    responses((status = 200, description = "One page", body = AuditPage)))]
#[get("/v1/audit")]
pub async fn list(request: HttpRequest, state: web::Data<State>, origin: Origin) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    let asked = Value::Object(filters.clone());
    let filter: AuditFilter = deserr::deserialize(Value::Object(filters)).map_err(Problem::invalid_parameters)?;
    let before = match paging.after.as_deref().map(<[u8; 8]>::try_from) {
        None => i64::MAX,
        Some(bytes) => i64::from_be_bytes(bytes.map_err(|_| Problem::new(Kind::InvalidCursor))?),
    };
    let mut connection = state.database.connection().await?;
    let events: Vec<AuditEvent> = narrowed(&filter)
        .filter(audit_events::seq.lt(before))
        .order(audit_events::seq.desc())
        .limit(paging.fetch())
        .select(AuditEvent::as_select())
        .load(&mut connection)
        .await?;
    record(&origin, &Event::new(Action::AuditRead).with(asked), &mut connection).await?;
    Ok(paging.answer(&request, events, |last| last.seq.to_be_bytes().to_vec()))
}

fn narrowed(filter: &AuditFilter) -> audit_events::BoxedQuery<'_, diesel::pg::Pg> {
    let mut query = audit_events::table.into_boxed();
    if let Some(actor) = filter.actor {
        query = query.filter(audit_events::actor.eq(actor));
    }
    if let Some(action) = filter.action {
        query = query.filter(audit_events::action.eq(action));
    }
    if let Some(kind) = &filter.target_kind {
        query = query.filter(audit_events::target_kind.eq(&**kind));
    }
    if let Some(id) = &filter.target_id {
        query = query.filter(audit_events::target_id.eq(&**id));
    }
    if let Some(address) = &filter.address {
        query = query.filter(audit_events::address.eq(&**address));
    }
    if let Some(request) = &filter.request_id {
        query = query.filter(audit_events::request_id.eq(&**request));
    }
    if let Some(from) = filter.from {
        query = query.filter(audit_events::at.ge(from));
    }
    if let Some(until) = filter.until {
        query = query.filter(audit_events::at.lt(until));
    }
    query
}

fn moment(text: Option<String>) -> Result<Option<DateTime<Utc>>, FieldFault> {
    let parse = |text: String| DateTime::parse_from_rfc3339(&text).map(|moment| moment.to_utc());
    let wrong = |_| FieldFault::new("format", "应为 RFC 3339 时间", "must be a time of RFC 3339");
    text.map(parse).transpose().map_err(wrong)
}

/// The details are kept as the text that was hashed, and shown as the object that it is.
fn as_object<S: serde::Serializer>(details: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::from_str::<Value>(details).unwrap_or_default().serialize(serializer)
}
