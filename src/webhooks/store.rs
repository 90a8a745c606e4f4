//! SQL of webhooks and their secrets.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Uuid as Id};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{WebhookEnding, WebhookEvent};
use crate::changes::Position;
use crate::database::schema::{webhook_deliveries, webhook_secrets, webhooks};

/// A webhook as it is kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = webhooks)]
pub struct Webhook {
    pub id: Uuid,
    pub version: i64,
    pub owner_id: Uuid,
    pub url: String,
    pub types: Vec<WebhookEvent>,
    pub created_at: DateTime<Utc>,
    pub disabled_at: Option<DateTime<Utc>>,
    pub disabled_by: Option<WebhookEnding>,
}

/// A secret, without the secret itself.
#[derive(Clone, Debug, Serialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = webhook_secrets)]
pub struct WebhookSecret {
    pub id: Uuid,
    #[serde(skip)]
    pub webhook_id: Uuid,
    pub created_at: DateTime<Utc>,
}

/// What can be changed of a webhook.
pub struct Terms<'a> {
    pub url: &'a str,
    pub types: &'a [WebhookEvent],
    pub enabled: bool,
}

/// Keeps a new webhook, which is told what comes from now on.
///
/// # Errors
/// What the database says.
pub async fn create(id: Uuid, owner: Uuid, terms: &Terms<'_>, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let off = (!terms.enabled).then_some(());
    let row = (
        webhooks::id.eq(id),
        webhooks::owner_id.eq(owner),
        webhooks::url.eq(terms.url),
        webhooks::types.eq(terms.types),
        webhooks::disabled_at.eq(off.map(|()| Utc::now())),
        webhooks::disabled_by.eq(off.map(|()| WebhookEnding::Owner)),
    );
    diesel::insert_into(webhooks::table).values(row).execute(connection).await.map(drop)
}

/// Changes a webhook from the version that was read; false if it is of another by now. What waits for one that is on again
/// is tried as if for the first time.
///
/// # Errors
/// What the database says.
pub async fn replace(webhook: &Webhook, terms: &Terms<'_>, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let same = webhooks::table.find(webhook.id).filter(webhooks::version.eq(webhook.version));
    let off = (!terms.enabled)
        .then(|| (webhook.disabled_at.unwrap_or_else(Utc::now), webhook.disabled_by.unwrap_or(WebhookEnding::Owner)));
    let change = (
        webhooks::version.eq(webhooks::version + 1),
        webhooks::url.eq(terms.url),
        webhooks::types.eq(terms.types),
        webhooks::disabled_at.eq(off.map(|(at, _)| at)),
        webhooks::disabled_by.eq(off.map(|(_, by)| by)),
        webhooks::paused_until.eq(None::<DateTime<Utc>>),
    );
    let same = same.filter(webhooks::deleted_at.is_null());
    if diesel::update(same).set(change).execute(connection).await? == 0 {
        return Ok(false);
    }
    if terms.enabled && webhook.disabled_at.is_some() {
        let waiting = webhook_deliveries::table.filter(webhook_deliveries::webhook_id.eq(webhook.id));
        let waiting = diesel::update(waiting.filter(webhook_deliveries::due_at.is_not_null()));
        let anew = (webhook_deliveries::attempts.eq(0), webhook_deliveries::due_at.eq(Utc::now()));
        waiting.set(anew).execute(connection).await?;
    }
    Ok(true)
}

/// Removes a webhook with what waits for it and what it signs with, from the version that was read; false if it is of
/// another by now.
///
/// # Errors
/// What the database says.
pub async fn delete(webhook: &Webhook, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let same = webhooks::table.find(webhook.id).filter(webhooks::version.eq(webhook.version));
    let there = same.filter(webhooks::deleted_at.is_null());
    let gone = (webhooks::version.eq(webhooks::version + 1), webhooks::deleted_at.eq(Utc::now()));
    if diesel::update(there).set(gone).execute(connection).await? == 0 {
        return Ok(false);
    }
    let secrets = webhook_secrets::table.filter(webhook_secrets::webhook_id.eq(webhook.id));
    diesel::delete(secrets).execute(connection).await?;
    let deliveries = webhook_deliveries::table.filter(webhook_deliveries::webhook_id.eq(webhook.id));
    diesel::delete(deliveries).execute(connection).await.map(|_| true)
}

/// A webhook.
///
/// # Errors
/// What the database says.
pub async fn find(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<Webhook>> {
    let found = webhooks::table.find(id).filter(webhooks::deleted_at.is_null());
    found.select(Webhook::as_select()).first(connection).await.optional()
}

/// One page of webhooks, newest first: all, or those of an owner.
///
/// # Errors
/// What the database says.
pub async fn page(
    owner: Option<Uuid>,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Webhook>> {
    let mut query = webhooks::table.filter(webhooks::deleted_at.is_null()).into_boxed();
    if let Some(owner) = owner {
        query = query.filter(webhooks::owner_id.eq(owner));
    }
    if let Some(after) = after {
        query = query.filter(webhooks::id.lt(after));
    }
    query.order(webhooks::id.desc()).limit(limit).select(Webhook::as_select()).load(connection).await
}

/// How many webhooks an owner has.
///
/// # Errors
/// What the database says.
pub async fn count(owner: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<i64> {
    let own = webhooks::table.filter(webhooks::owner_id.eq(owner)).filter(webhooks::deleted_at.is_null());
    own.count().get_result(connection).await
}

/// The secrets of webhooks, oldest first.
///
/// # Errors
/// What the database says.
pub async fn secrets(ids: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<Vec<WebhookSecret>> {
    let of = webhook_secrets::table.filter(webhook_secrets::webhook_id.eq_any(ids)).order(webhook_secrets::id);
    of.select(WebhookSecret::as_select()).load(connection).await
}

/// The same as they are kept, each with its webhook and its id, for which it is sealed.
///
/// # Errors
/// What the database says.
pub async fn sealed(ids: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<Vec<(Uuid, Uuid, Vec<u8>)>> {
    let of = webhook_secrets::table.filter(webhook_secrets::webhook_id.eq_any(ids)).order(webhook_secrets::id);
    let kept = (webhook_secrets::webhook_id, webhook_secrets::id, webhook_secrets::sealed);
    of.select(kept).load(connection).await
}

/// Keeps a secret; false if the webhook has two.
///
/// # Errors
/// What the database says.
pub async fn add_secret(
    webhook: Uuid,
    id: Uuid,
    sealed: &[u8],
    connection: &mut AsyncPgConnection,
) -> QueryResult<bool> {
    let taken = held_slots(webhook, connection).await?;
    let Some(slot) = [1_i16, 2].into_iter().find(|slot| !taken.contains(slot)) else { return Ok(false) };
    let row = (
        webhook_secrets::id.eq(id),
        webhook_secrets::webhook_id.eq(webhook),
        webhook_secrets::slot.eq(slot),
        webhook_secrets::sealed.eq(sealed),
    );
    diesel::insert_into(webhook_secrets::table).values(row).execute(connection).await.map(|_| true)
}

/// Removes a secret and says whether there was such; the last one stays.
///
/// # Errors
/// What the database says.
pub async fn remove_secret(
    webhook: Uuid,
    id: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Option<Removal>> {
    let count = held_slots(webhook, connection).await?.len();
    let of = webhook_secrets::table.find(id).filter(webhook_secrets::webhook_id.eq(webhook));
    let there: bool = diesel::select(diesel::dsl::exists(of)).get_result(connection).await?;
    match (there, count) {
        (false, _) => Ok(None),
        (true, ..=1) => Ok(Some(Removal::IsLast)),
        (true, _) => diesel::delete(of).execute(connection).await.map(|_| Some(Removal::Done)),
    }
}

/// What became of a secret that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    Done,
    IsLast,
}

/// Of two that change the secrets of a webhook at once the second waits here, and then sees the first.
async fn held_slots(webhook: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Vec<i16>> {
    webhooks::table.find(webhook).select(webhooks::id).for_update().first::<Uuid>(connection).await?;
    let of = webhook_secrets::table.filter(webhook_secrets::webhook_id.eq(webhook));
    of.select(webhook_secrets::slot).load(connection).await
}

/// Goes back, or on, to a position. What was told at the same moment as the change there is told again.
///
/// # Errors
/// What the database says.
pub async fn move_to(webhook: Uuid, after: Position, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let query = "UPDATE webhooks SET change_xid = $2::text::xid8, change_seq = $3, notice_xid = $2::text::xid8,
                     notice_seq = -1 WHERE id = $1";
    let moved = diesel::sql_query(query)
        .bind::<Id, _>(webhook)
        .bind::<Text, _>(after.xid.to_string())
        .bind::<BigInt, _>(after.seq);
    moved.execute(connection).await.map(drop)
}
