//! What became of what was sent, sending it again, and trying a webhook, over HTTP.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::Utc;
use deserr::Deserr;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::inputs::NewReplay;
use super::queue::{self, Delivery};
use super::routes::{event, found, shown};
use super::sender::Message;
use super::{DeliveryFault, DeliveryState, store};
use crate::audit::{self, Action, Origin};
use crate::changes::{self, Position};
use crate::http::Body;
use crate::http::paging::{Paging, PagingParameters};
use crate::identity::Caller;
use crate::problem::{Answer, Faults, FieldFault, Problem};
use crate::state::State;

/// Which deliveries.
#[derive(Clone, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryFilter {
    /// Those that stand there.
    #[deserr(default, try_from(Option<String>) = parse_state -> FieldFault)]
    #[param(value_type = Option<DeliveryState>)]
    state: Option<DeliveryState>,
}

/// One page of deliveries, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct WebhookDeliveryPage {
    #[schema(max_items = 100)]
    items: Vec<Delivery>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// What came back of a trial.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"success": true, "status": 204, "answer": "", "milliseconds": 83}))]
pub struct WebhookTrial {
    /// The receiver took it (2xx).
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 100, maximum = 999)]
    status: Option<u16>,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<DeliveryFault>,
    /// How the answer began.
    #[schema(max_length = 200)]
    answer: String,
    /// How long it took.
    #[schema(minimum = 0)]
    milliseconds: u64,
}

/// List deliveries of a webhook
///
/// 推送记录，新的在前：状态、次数、最近一次的结果和回应的前 200 字。已了结的保留 30 天。
#[utoipa::path(operation_id = "list_webhook_deliveries", tag = "webhooks",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000030"), DeliveryFilter, PagingParameters),
    responses((status = 200, description = "One page", body = WebhookDeliveryPage)))]
#[get("/v1/webhooks/{id}/deliveries")]
pub async fn list(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    let filter: DeliveryFilter = deserr::deserialize(Value::Object(filters)).map_err(Problem::invalid_parameters)?;
    let after = paging.after_id()?;
    let mut connection = state.database.connection().await?;
    let webhook = found(&id, &caller, &mut connection).await?;
    let page = queue::page(webhook.id, filter.state, after, paging.fetch(), &mut connection).await?;
    Ok(paging.answer(&request, page, |last| last.id.as_bytes().to_vec()))
}

/// Send again from a position
///
/// 从某一位置起重新推送：位置来自推送内容、导出或变更流。再次推送的内容沿用原来的 webhook-id，供对方去重。
#[utoipa::path(operation_id = "replay_webhook", tag = "webhooks", request_body = NewReplay,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000030")),
    responses((status = 200, description = "The webhook", body = super::routes::WebhookView,
        headers(("ETag" = String, description = "Its version")))))]
#[post("/v1/webhooks/{id}/replays")]
pub async fn replay(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    from: Body<NewReplay>,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let webhook = found(&id, &caller, &mut connection).await?;
    let after = from.0.after;
    connection
        .build_transaction()
        .run(async |connection| {
            if !after.is_reached(changes::now(connection).await?) {
                return Err(Problem::invalid_field("/after", Position::lost()));
            }
            store::move_to(webhook.id, after, connection).await?;
            let event = event(Action::WebhookReplayed, webhook.id).with(json!({ "after": after }));
            Ok(audit::record(&origin, &event, connection).await?)
        })
        .await?;
    shown(webhook, &mut connection).await
}

/// Try a webhook
///
/// 立即推送一条 test 事件，告知对方的回应；停用的也可以试。
#[utoipa::path(operation_id = "test_webhook", tag = "webhooks",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000030")),
    responses((status = 200, description = "What came back", body = WebhookTrial)))]
#[post("/v1/webhooks/{id}/tests")]
pub async fn test(id: web::Path<String>, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let webhook = found(&id, &caller, &mut connection).await?;
    let sealed = store::sealed(&[webhook.id], &mut connection).await?;
    // The receiver takes its time, in which others want the connection.
    drop(connection);
    let open = |(_, id, sealed): &(Uuid, Uuid, Vec<u8>)| state.secret.open(sealed, id.as_bytes());
    let secrets: Vec<Vec<u8>> = sealed.iter().filter_map(open).collect();
    let data = json!({ "webhook_id": webhook.id });
    let message = Message { id: Uuid::now_v7(), event: "test", at: Utc::now(), data: &data };
    let began = Instant::now();
    let outcome = state.webhooks.send(&webhook.url, &secrets, &message).await;
    let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let success = outcome.is_success();
    let (status, fault, answer) = (outcome.status, outcome.fault, outcome.answer);
    Ok(HttpResponse::Ok().json(WebhookTrial { success, status, fault, answer, milliseconds }))
}

fn parse_state(text: Option<String>) -> Result<Option<DeliveryState>, FieldFault> {
    text.as_deref().map(DeliveryState::parse).transpose()
}
