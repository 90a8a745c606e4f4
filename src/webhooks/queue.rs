//! SQL of deliveries: which subscriptions have something to be told, what waits, and what became of it.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Double, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as Id};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::backoff::Verdict;
use super::sender::Outcome;
use super::{DeliveryFault, DeliveryState, WebhookEnding, WebhookEvent};
use crate::database::schema::{webhook_deliveries, webhooks};
use crate::identity::{Role, Scope};

/// Deliveries of a subscription that wait, about at most: what else comes waits where it is written.
const MOST_WAITING: i64 = 1000;
/// Days for which it is known what became of a delivery.
const KEPT: i64 = 30;

/// How far a subscription was told: among changes, and among notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Places {
    #[diesel(sql_type = BigInt)]
    pub change_xid: i64,
    #[diesel(sql_type = BigInt)]
    pub change_seq: i64,
    #[diesel(sql_type = BigInt)]
    pub notice_xid: i64,
    #[diesel(sql_type = BigInt)]
    pub notice_seq: i64,
}

/// A subscription to which something happened, and who keeps it.
#[derive(QueryableByName)]
pub struct Subscription {
    #[diesel(sql_type = Id)]
    pub id: Uuid,
    #[diesel(sql_type = Id)]
    pub owner_id: Uuid,
    #[diesel(sql_type = Array<Text>)]
    pub types: Vec<WebhookEvent>,
    #[diesel(sql_type = Text)]
    pub owner_role: Role,
    #[diesel(sql_type = Nullable<Text>)]
    pub partner: Option<String>,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    pub scopes: Option<Vec<Scope>>,
    #[diesel(embed)]
    pub places: Places,
}

/// A notification, where it stands, and what is sent of it.
#[derive(QueryableByName)]
pub struct Notice {
    #[diesel(sql_type = BigInt)]
    pub xid: i64,
    #[diesel(sql_type = BigInt)]
    pub seq: i64,
    #[diesel(sql_type = Id)]
    pub id: Uuid,
    #[diesel(sql_type = Jsonb)]
    pub data: Value,
}

/// A delivery to be made.
pub struct NewDelivery {
    pub source: &'static str,
    pub xid: i64,
    pub seq: i64,
    pub event: WebhookEvent,
    pub subject: Uuid,
    pub data: Value,
}

/// A delivery that this process sends now.
#[derive(QueryableByName)]
pub struct Claimed {
    #[diesel(sql_type = Id)]
    pub id: Uuid,
    #[diesel(sql_type = Id)]
    pub webhook_id: Uuid,
    #[diesel(sql_type = Text)]
    pub url: String,
    #[diesel(sql_type = Text)]
    pub event: WebhookEvent,
    #[diesel(sql_type = Jsonb)]
    pub data: Value,
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    #[diesel(sql_type = SmallInt)]
    pub attempts: i16,
}

/// What became of an event for a webhook.
#[derive(Clone, Debug, Serialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
#[schema(as = WebhookDelivery, example = json!({
    "id": "01939c5e-0000-7000-8000-000000000031", "type": "result.changed", "state": "delivered", "attempts": 1,
    "created_at": "2026-11-25T02:03:04Z", "attempted_at": "2026-11-25T02:03:05Z", "status": 204, "answer": "",
    "data": {"kind": "result", "id": "01939c5e-0000-7000-8000-000000000003", "version": 2, "action": "put",
             "position": "q83vEjRWeJAAAAAAAAAAKgAAAAAAAAAB",
             "url": "https://duijie.example.com/v1/results/01939c5e-0000-7000-8000-000000000003"}
}))]
pub struct Delivery {
    /// `webhook-id` is `msg_` and this without hyphens.
    pub id: Uuid,
    #[serde(rename = "type")]
    #[diesel(column_name = type_)]
    pub event: WebhookEvent,
    pub state: DeliveryState,
    /// How often it was sent.
    #[schema(minimum = 0, maximum = 100)]
    pub attempts: i16,
    pub created_at: DateTime<Utc>,
    /// When it is sent next, if it waits; what is being sent is due again only after that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<DateTime<Utc>>,
    /// When it was sent last, and what came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempted_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 100, maximum = 999)]
    pub status: Option<i16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<DeliveryFault>,
    /// How the answer began.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub answer: Option<String>,
    /// What was sent.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// Is there any subscription?
///
/// # Errors
/// What the database says.
pub async fn is_wanted(connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    diesel::select(exists(webhooks::table.filter(webhooks::deleted_at.is_null()))).get_result(connection).await
}

/// The subscriptions behind whose places something stands.
///
/// # Errors
/// What the database says.
pub async fn behind(connection: &mut AsyncPgConnection) -> QueryResult<Vec<Subscription>> {
    let query = "
        SELECT id, owner_id, types, owner_role, partner, scopes, change_xid::text::bigint AS change_xid, change_seq,
               notice_xid::text::bigint AS notice_xid, notice_seq
        FROM webhooks_at_work AS webhook
        WHERE (EXISTS (SELECT FROM changes WHERE (xid, seq) > (change_xid, change_seq)
                           AND xid < pg_snapshot_xmin(pg_current_snapshot()))
               OR EXISTS (SELECT FROM notifications WHERE user_id = owner_id AND (xid, seq) > (notice_xid, notice_seq)
                              AND xid < pg_snapshot_xmin(pg_current_snapshot())))
          AND (SELECT count(*) FROM (SELECT FROM webhook_deliveries
                   WHERE webhook_id = webhook.id AND state = 'waiting' LIMIT $1) AS waiting) < $1";
    diesel::sql_query(query).bind::<BigInt, _>(MOST_WAITING).load(connection).await
}

/// What somebody was told after a place and before a transaction; at most so many.
///
/// # Errors
/// What the database says.
pub async fn notices(
    person: Uuid,
    places: Places,
    before: i64,
    most: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Notice>> {
    // All that a notification is of, whatever that may be.
    let query = "
        SELECT told.xid::text::bigint AS xid, told.seq, told.id, jsonb_strip_nulls(
            to_jsonb(told) - ARRAY['user_id', 'alert_id', 'patent_reminder_id', 'read_at', 'xid', 'seq'] || jsonb_build_object(
                'demand_id', alerts.demand_id, 'result_id', alerts.result_id, 'expert_id', alerts.expert_id,
                'score', alerts.score, 'case_id', reminder.case_id, 'deadline', reminder.deadline, 'kind', reminder.kind,
                'due_on', reminder.due_on, 'days', reminder.days)) AS data
        FROM notifications AS told LEFT JOIN alerts ON alerts.id = alert_id
            LEFT JOIN patent_reminders AS reminder ON reminder.id = patent_reminder_id
        WHERE user_id = $1 AND (xid, seq) > ($2::text::xid8, $3) AND xid < $4::text::xid8
        ORDER BY told.xid, told.seq LIMIT $5";
    diesel::sql_query(query)
        .bind::<Id, _>(person)
        .bind::<Text, _>(places.notice_xid.to_string())
        .bind::<BigInt, _>(places.notice_seq)
        .bind::<Text, _>(before.to_string())
        .bind::<BigInt, _>(most)
        .load(connection)
        .await
}

/// Moves a subscription on from where it was; false if it is elsewhere by now.
///
/// # Errors
/// What the database says.
pub async fn move_on(id: Uuid, from: Places, to: Places, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let query = "
        UPDATE webhooks SET change_xid = $6::text::xid8, change_seq = $7, notice_xid = $8::text::xid8, notice_seq = $9
        WHERE id = $1 AND deleted_at IS NULL AND (change_xid, change_seq, notice_xid, notice_seq)
            = ($2::text::xid8, $3, $4::text::xid8, $5)";
    let moved = diesel::sql_query(query)
        .bind::<Id, _>(id)
        .bind::<Text, _>(from.change_xid.to_string())
        .bind::<BigInt, _>(from.change_seq)
        .bind::<Text, _>(from.notice_xid.to_string())
        .bind::<BigInt, _>(from.notice_seq)
        .bind::<Text, _>(to.change_xid.to_string())
        .bind::<BigInt, _>(to.change_seq)
        .bind::<Text, _>(to.notice_xid.to_string())
        .bind::<BigInt, _>(to.notice_seq);
    Ok(moved.execute(connection).await? == 1)
}

/// Keeps deliveries. One that was made before is made again; one that still waits is left as it is.
///
/// # Errors
/// What the database says.
pub async fn keep(webhook: Uuid, new: &[NewDelivery], connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let query = "
        INSERT INTO webhook_deliveries (id, webhook_id, source, xid, seq, type, subject, data)
        SELECT id, $1, source, xid::xid8, seq, type, subject, data
        FROM unnest($2, $3, $4, $5, $6, $7, $8) AS new (id, source, xid, seq, type, subject, data)
        ON CONFLICT (webhook_id, source, xid, seq) DO UPDATE
            SET state = 'waiting', due_at = now(), attempts = 0, data = EXCLUDED.data
            WHERE webhook_deliveries.state <> 'waiting'";
    let ids: Vec<Uuid> = new.iter().map(|_| Uuid::now_v7()).collect();
    let kept = diesel::sql_query(query)
        .bind::<Id, _>(webhook)
        .bind::<Array<Id>, _>(ids)
        .bind::<Array<Text>, _>(new.iter().map(|one| one.source).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(new.iter().map(|one| one.xid.to_string()).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(new.iter().map(|one| one.seq).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(new.iter().map(|one| one.event.as_str()).collect::<Vec<_>>())
        .bind::<Array<Id>, _>(new.iter().map(|one| one.subject).collect::<Vec<_>>())
        .bind::<Array<Jsonb>, _>(new.iter().map(|one| &one.data).collect::<Vec<_>>());
    kept.execute(connection).await.map(drop)
}

/// Takes what is due, so many of each webhook but those that have enough to do already: of one subject only the first. It
/// is due again once whoever sends it must have ended, by then and not before.
///
/// # Errors
/// What the database says.
pub async fn claim(
    (most, of_each): (i64, i64),
    busy: &[Uuid],
    lease: f64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Claimed>> {
    let query = "
        WITH due AS (
            SELECT id, row_number() OVER (PARTITION BY webhook_id ORDER BY due_at, xid, seq) AS turn
            FROM webhook_deliveries AS delivery
            WHERE due_at <= now() AND webhook_id <> ALL ($3)
              AND EXISTS (SELECT FROM webhooks_at_work AS webhook
                          WHERE webhook.id = webhook_id AND (paused_until IS NULL OR paused_until <= now()))
              AND NOT EXISTS (SELECT FROM webhook_deliveries AS earlier
                              WHERE earlier.webhook_id = delivery.webhook_id AND earlier.subject = delivery.subject
                                AND earlier.state = 'waiting' AND (earlier.xid, earlier.seq) < (delivery.xid, delivery.seq))
        ), claimed AS (
            SELECT id FROM webhook_deliveries
            WHERE id IN (SELECT id FROM due WHERE turn <= $2 LIMIT $1) AND due_at <= now()
            FOR UPDATE SKIP LOCKED
        )
        UPDATE webhook_deliveries SET due_at = now() + make_interval(secs => $4) FROM claimed, webhooks
        WHERE webhook_deliveries.id = claimed.id AND webhooks.id = webhook_id
        RETURNING webhook_deliveries.id, webhook_id, url, type AS event, data, webhook_deliveries.created_at, attempts";
    diesel::sql_query(query)
        .bind::<BigInt, _>(most)
        .bind::<BigInt, _>(of_each)
        .bind::<Array<Id>, _>(busy)
        .bind::<Double, _>(lease)
        .load(connection)
        .await
}

/// Keeps what became of an attempt. A webhook that is given up is off, and those who keep it are told.
///
/// # Errors
/// What the database says.
pub async fn note(
    claimed: &Claimed,
    outcome: &Outcome,
    verdict: Verdict,
    connection: &mut AsyncPgConnection,
) -> QueryResult<()> {
    let (state, after) = match verdict {
        Verdict::Delivered => (DeliveryState::Delivered, None),
        Verdict::Again { after, .. } => (DeliveryState::Waiting, Some(after.as_secs_f64())),
        Verdict::GivenUp(_) => (DeliveryState::Failed, None),
    };
    let query = "
        UPDATE webhook_deliveries SET state = $2, due_at = now() + make_interval(secs => $3), attempts = attempts + 1,
            attempted_at = now(), status = $4, fault = $5, answer = $6
        WHERE id = $1 AND state = 'waiting'";
    let answer = outcome.status.map(|_| outcome.answer.as_str());
    diesel::sql_query(query)
        .bind::<Id, _>(claimed.id)
        .bind::<Text, _>(state.as_str())
        .bind::<Nullable<Double>, _>(after)
        .bind::<Nullable<SmallInt>, _>(outcome.status.and_then(|status| i16::try_from(status).ok()))
        .bind::<Nullable<Text>, _>(outcome.fault.map(DeliveryFault::as_str))
        .bind::<Nullable<Text>, _>(answer)
        .execute(connection)
        .await?;
    match verdict {
        Verdict::Again { after, pause: true } => pause(claimed.webhook_id, after.as_secs_f64(), connection).await,
        Verdict::GivenUp(ending) => disable(claimed.webhook_id, ending, connection).await,
        Verdict::Delivered | Verdict::Again { .. } => Ok(()),
    }
}

async fn pause(webhook: Uuid, seconds: f64, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let query =
        "UPDATE webhooks SET paused_until = greatest(paused_until, now() + make_interval(secs => $2)) WHERE id = $1";
    diesel::sql_query(query).bind::<Id, _>(webhook).bind::<Double, _>(seconds).execute(connection).await.map(drop)
}

/// Its owner is told, if that is a person, and so are the admins.
async fn disable(webhook: Uuid, ending: WebhookEnding, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let query = "
        WITH off AS (
            UPDATE webhooks SET version = version + 1, disabled_at = now(), disabled_by = $2
            WHERE id = $1 AND disabled_at IS NULL AND deleted_at IS NULL RETURNING id, owner_id
        )
        INSERT INTO notifications (id, user_id, webhook_id)
        SELECT uuid_v7(), users.id, off.id FROM off JOIN users ON users.role = 'admin'
            OR (users.id = owner_id AND users.role = 'staff')
        WHERE users.disabled_at IS NULL";
    diesel::sql_query(query).bind::<Id, _>(webhook).bind::<Text, _>(ending.as_str()).execute(connection).await.map(drop)
}

/// One page of the deliveries of a webhook, newest first.
///
/// # Errors
/// What the database says.
pub async fn page(
    webhook: Uuid,
    state: Option<DeliveryState>,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Delivery>> {
    let mut query = webhook_deliveries::table.filter(webhook_deliveries::webhook_id.eq(webhook)).into_boxed();
    if let Some(state) = state {
        query = query.filter(webhook_deliveries::state.eq(state));
    }
    if let Some(after) = after {
        query = query.filter(webhook_deliveries::id.lt(after));
    }
    let page = query.order(webhook_deliveries::id.desc()).limit(limit);
    page.select(Delivery::as_select()).load(connection).await
}

/// Forgets what became of deliveries long ago.
///
/// # Errors
/// What the database says.
pub async fn forget_old(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let old = webhook_deliveries::table.filter(webhook_deliveries::created_at.lt(Utc::now() - TimeDelta::days(KEPT)));
    let old = old.filter(webhook_deliveries::due_at.is_null());
    diesel::delete(old).execute(connection).await.map(drop)
}
