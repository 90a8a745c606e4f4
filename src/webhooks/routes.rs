//! Webhooks over HTTP: each for who keeps it, and all for admins.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde::Serialize;
use serde_json::{Value, json};
use url::Host;
use utoipa::ToSchema;
use uuid::Uuid;

use super::inputs::NewWebhook;
use super::store::{self, Removal, Terms, Webhook, WebhookSecret};
use super::targets::{NotPublic, Targets, not_public};
use super::{WebhookEnding, WebhookEvent, signature};
use crate::access::{self, Records};
use crate::audit::{self, Action, Event, Origin};
use crate::database::Connection;
use crate::http::conditions::{etag, etag_of};
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Body, Conditions, Creation, Keyed, keep_sealed};
use crate::identity::{Caller, Secret};
use crate::problem::{Answer, Kind, Problem};
use crate::registry::ids;
use crate::state::State;

/// Webhooks that an account keeps at most.
const MOST: i64 = 20;

/// A webhook as it is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook, example = json!({
    "id": "01939c5e-0000-7000-8000-000000000030", "version": 1, "owner_id": "01939c5e-0000-7000-8000-00000000000c",
    "url": "https://partner.example.com/duijie", "types": ["result.changed", "demand.changed"], "enabled": true,
    "created_at": "2026-11-25T02:03:04Z",
    "secrets": [{"id": "01939c5e-0000-7000-8000-000000000032", "created_at": "2026-11-25T02:03:04Z"}]
}))]
pub struct WebhookView {
    id: Uuid,
    #[schema(minimum = 1)]
    version: i64,
    /// The account that keeps it: what that may read is sent.
    owner_id: Uuid,
    #[schema(max_length = 2000)]
    url: String,
    #[schema(max_items = 20)]
    types: Vec<WebhookEvent>,
    enabled: bool,
    /// Since when it is off, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_by: Option<WebhookEnding>,
    created_at: DateTime<Utc>,
    /// One or two; each signs every message.
    #[schema(max_items = 2)]
    secrets: Vec<WebhookSecret>,
    /// The first secret, where the webhook was just made: it is shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, example = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")]
    secret: Option<String>,
}

/// One page of webhooks, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct WebhookPage {
    #[schema(max_items = 100)]
    items: Vec<WebhookView>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// A secret. It is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-000000000032", "secret": "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
}))]
pub struct ShownWebhookSecret {
    id: Uuid,
    #[schema(max_length = 100)]
    secret: String,
}

/// Create a webhook
///
/// 登记一个推送地址：此后可查看的记录有变更，或自己收到通知时，以 Standard Webhooks 的格式签名推送，至少一次，同一记录按顺序。
/// 失败后三天内逐步重试，仍不成功则停用并通知。密钥只显示这一次。
#[utoipa::path(operation_id = "create_webhook", tag = "webhooks", request_body = NewWebhook,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The webhook, with its first secret", body = WebhookView,
        headers(("ETag" = String, description = "Its version"), ("Location" = String, description = "Its address")))))]
#[post("/v1/webhooks")]
pub async fn create(
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewWebhook>,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let new = &creation.input;
    let url = allowed(new, &caller, &state).await?;
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            if store::count(user, connection).await? >= MOST {
                return Err(too_many());
            }
            let id = Uuid::now_v7();
            store::create(id, user, &new.terms(&url), connection).await?;
            let (_, secret) = add_secret(id, &state.secret, connection).await?.ok_or_else(two_secrets)?;
            let made = store::find(id, connection).await?.ok_or_else(Problem::not_found)?;
            let view = WebhookView::of(made, store::secrets(&[id], connection).await?);
            let view = WebhookView { secret: Some(secret), ..view };
            let answer = keep_sealed(held, id, &view, &state.secret, connection).await?;
            let event = event(Action::WebhookCreated, id).with(json!({ "url": url, "types": new.types }));
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let location = format!("/v1/webhooks/{}", answer["id"].as_str().unwrap_or_default());
    let tag = etag_of(&answer);
    Ok(shown_once(&answer, [(header::ETAG, tag), (header::LOCATION, location)]))
}

/// List webhooks
///
/// 自己的推送地址，新的在前；管理员可见全部。
#[utoipa::path(operation_id = "list_webhooks", tag = "webhooks", params(PagingParameters),
    responses((status = 200, description = "One page", body = WebhookPage)))]
#[get("/v1/webhooks")]
pub async fn list(request: HttpRequest, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    refuse_filters(filters)?;
    let after = paging.after_id()?;
    let owner = if sees_all(&caller, "list_webhooks") { None } else { Some(caller.signed_in()?) };
    let mut connection = state.database.connection().await?;
    let webhooks = store::page(owner, after, paging.fetch(), &mut connection).await?;
    let ids: Vec<Uuid> = webhooks.iter().map(|webhook| webhook.id).collect();
    let secrets = store::secrets(&ids, &mut connection).await?;
    let of = |id| secrets.iter().filter(|secret| secret.webhook_id == id).cloned().collect();
    let views: Vec<WebhookView> = webhooks.into_iter().map(|one| WebhookView::of(one.clone(), of(one.id))).collect();
    Ok(paging.answer(&request, views, |last| last.id.as_bytes().to_vec()))
}

/// Read a webhook
///
/// 一个推送地址。
#[utoipa::path(operation_id = "read_webhook", tag = "webhooks",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000030")),
    responses((status = 200, description = "The webhook", body = WebhookView, headers(("ETag" = String, description = "Its version")))))]
#[get("/v1/webhooks/{id}")]
pub async fn read(
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
    conditions: Conditions,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let webhook = found(&id, &caller, &mut connection).await?;
    let tag = etag(webhook.version, false);
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    shown(webhook, &mut connection).await
}

/// Change a webhook
///
/// 修改推送地址、订阅的事件，停用或重新启用；重新启用后从停下的地方继续。
#[utoipa::path(operation_id = "replace_webhook", tag = "webhooks", request_body = NewWebhook,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000030"), ("If-Match" = String, Header)),
    responses((status = 200, description = "The webhook", body = WebhookView, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/webhooks/{id}")]
pub async fn replace(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    new: Body<NewWebhook>,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let before = found(&id, &caller, &mut connection).await?;
    conditions.allow_change(before.version)?;
    let url = allowed(&new.0, &caller, &state).await?;
    connection
        .transaction(async |connection| {
            if !store::replace(&before, &new.0.terms(&url), connection).await? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            let details = json!({ "url": url, "types": new.0.types, "enabled": new.0.enabled });
            let event = event(Action::WebhookChanged, before.id).with(details);
            Ok(audit::record(&origin, &event, connection).await?)
        })
        .await?;
    let after = found(&id, &caller, &mut connection).await?;
    shown(after, &mut connection).await
}

/// Delete a webhook
///
/// 删除一个推送地址，连同它的密钥和待推送的内容。
#[utoipa::path(operation_id = "delete_webhook", tag = "webhooks",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000030"), ("If-Match" = String, Header)),
    responses((status = 204, description = "It is gone")))]
#[delete("/v1/webhooks/{id}")]
pub async fn delete(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let webhook = found(&id, &caller, &mut connection).await?;
    conditions.allow_change(webhook.version)?;
    connection
        .transaction(async |connection| {
            if !store::delete(&webhook, connection).await? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            Ok(audit::record(&origin, &event(Action::WebhookDeleted, webhook.id), connection).await?)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Make a secret of a webhook
///
/// 为推送地址再生成一个密钥：同时最多两个，每条推送以两个密钥各签一次，以便不停机更换。密钥只显示这一次。
#[utoipa::path(operation_id = "create_webhook_secret", tag = "webhooks",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000030"),
        ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The secret", body = ShownWebhookSecret)))]
#[post("/v1/webhooks/{id}/secrets")]
pub async fn create_secret(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    keyed: Keyed,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let mut connection = state.database.connection().await?;
    let webhook = found(&id, &caller, &mut connection).await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            let made = add_secret(webhook.id, &state.secret, connection).await?;
            let (id, secret) = made.ok_or_else(two_secrets)?;
            let shown = ShownWebhookSecret { id, secret };
            let answer = keep_sealed(held, id, &shown, &state.secret, connection).await?;
            let event = event(Action::WebhookSecretCreated, webhook.id).with(json!({ "secret": id }));
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    Ok(shown_once(&answer, []))
}

/// Remove a secret of a webhook
///
/// 移除推送地址的一个密钥；最后一个不能移除。
#[utoipa::path(operation_id = "remove_webhook_secret", tag = "webhooks",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000030"),
        ("secret_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000032")),
    responses((status = 204, description = "It signs no more")))]
#[delete("/v1/webhooks/{id}/secrets/{secret_id}")]
pub async fn remove_secret(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
) -> Answer<HttpResponse> {
    let (id, secret) = path.into_inner();
    let secret = ids::of_address(&secret)?;
    let mut connection = state.database.connection().await?;
    let webhook = found(&id, &caller, &mut connection).await?;
    connection
        .transaction(async |connection| {
            match store::remove_secret(webhook.id, secret, connection).await? {
                Some(Removal::Done) => {}
                Some(Removal::IsLast) => {
                    return Err(Problem::new(Kind::Conflict)
                        .saying("最后一个密钥不能移除；请先生成另一个", "the last secret stays; make another first"));
                }
                None => return Err(Problem::not_found()),
            }
            let event = event(Action::WebhookSecretRemoved, webhook.id).with(json!({ "secret": secret }));
            Ok(audit::record(&origin, &event, connection).await?)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The webhook of an address, if it is the caller's or the caller sees all.
///
/// # Errors
/// `not-found` if there is none, or none for the caller.
pub(super) async fn found(id: &str, caller: &Caller, connection: &mut Connection) -> Answer<Webhook> {
    let webhook = store::find(ids::of_address(id)?, connection).await?;
    let seen = webhook.filter(|webhook| sees_all(caller, "read_webhook") || caller.user() == Some(webhook.owner_id));
    seen.ok_or_else(Problem::not_found)
}

/// What is noted of something that happened to a webhook.
pub(super) fn event(action: Action, id: Uuid) -> Event {
    Event::new(action).about_id("webhook", id)
}

fn sees_all(caller: &Caller, operation: &str) -> bool {
    access::granted_records(caller, operation) == Some(Records::All)
}

/// The address in its normal form, if the caller may have such a webhook. A name that is not known yet may be later.
async fn allowed(new: &NewWebhook, caller: &Caller, state: &State) -> Answer<String> {
    new.allow(caller.role())?;
    let refused = |fault| Problem::invalid_field("/url", fault);
    let targets: Targets = state.webhooks.targets();
    let url = targets.parse(&new.url).map_err(refused)?;
    if let Some(Host::Domain(name)) = url.host() {
        let known = tokio::time::timeout(state.webhooks.options.patience, targets.look_up(name)).await;
        if known.is_ok_and(|known| known.is_err_and(|error| error.is::<NotPublic>())) {
            return Err(refused(not_public()));
        }
    }
    Ok(url.into())
}

/// A new secret, as it is shown, and its id; none if the webhook has two.
async fn add_secret(
    webhook: Uuid,
    secret: &Secret,
    connection: &mut AsyncPgConnection,
) -> Answer<Option<(Uuid, String)>> {
    let (id, new) = (Uuid::now_v7(), signature::new_secret());
    let sealed = secret.seal(&new, id.as_bytes()).ok_or_else(|| Problem::internal("a secret was not sealed"))?;
    let added = store::add_secret(webhook, id, &sealed, connection).await?;
    Ok(added.then(|| (id, signature::shown(&new))))
}

/// What holds a secret lies in no cache.
fn shown_once<const N: usize>(answer: &Value, headers: [(header::HeaderName, String); N]) -> HttpResponse {
    let mut response = HttpResponse::Created();
    for header in headers {
        response.insert_header(header);
    }
    response.insert_header((header::CACHE_CONTROL, "no-store")).json(answer)
}

pub(super) async fn shown(webhook: Webhook, connection: &mut Connection) -> Answer<HttpResponse> {
    let secrets = store::secrets(&[webhook.id], connection).await?;
    let tag = etag(webhook.version, false);
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(WebhookView::of(webhook, secrets)))
}

fn two_secrets() -> Problem {
    Problem::new(Kind::Conflict).saying("已有两个密钥；请先移除一个", "there are two secrets already; remove one first")
}

fn too_many() -> Problem {
    Problem::new(Kind::Conflict)
        .saying(format!("每个账号至多 {MOST} 个推送地址"), format!("an account keeps at most {MOST} webhooks"))
}

impl NewWebhook {
    fn terms<'a>(&'a self, url: &'a str) -> Terms<'a> {
        Terms { url, types: &self.types, enabled: self.enabled }
    }
}

impl WebhookView {
    fn of(webhook: Webhook, secrets: Vec<WebhookSecret>) -> Self {
        Self {
            id: webhook.id,
            version: webhook.version,
            owner_id: webhook.owner_id,
            url: webhook.url,
            types: webhook.types,
            enabled: webhook.disabled_at.is_none(),
            disabled_at: webhook.disabled_at,
            disabled_by: webhook.disabled_by,
            created_at: webhook.created_at,
            secrets,
            secret: None,
        }
    }
}
