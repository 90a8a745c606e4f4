//! SQL of notifications.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::database::schema::{alerts, dockings, notifications};
use crate::dockings::{Docking, DockingNews};

/// A notification as it is kept, with what it is of.
pub struct Told {
    pub id: Uuid,
    pub created_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
    pub of: Subject,
}

/// What somebody was told of.
pub enum Subject {
    Pair(Pair),
    Docking(Box<Docking>, DockingNews),
    /// One of the person's webhooks, or for an admin of anybody's, which is off.
    Webhook(Uuid),
}

impl Told {
    /// The pair that it is of, if it is of one.
    #[must_use]
    pub fn pair(&self) -> Option<&Pair> {
        match &self.of {
            Subject::Pair(pair) => Some(pair),
            Subject::Docking(..) | Subject::Webhook(_) => None,
        }
    }
}

/// A demand and the result or the expert that may help it.
#[derive(Queryable)]
pub struct Pair {
    pub demand: Uuid,
    pub result: Option<Uuid>,
    pub expert: Option<Uuid>,
    pub score: f32,
}

type Row = (Uuid, DateTime<Utc>, Option<DateTime<Utc>>, Option<DockingNews>, Option<Uuid>);
type SubjectRow = (Option<Pair>, Option<Docking>);

/// One page of what a person was told, newest first.
///
/// # Errors
/// What the database says.
pub async fn page(
    person: Uuid,
    unread: Option<bool>,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Told>> {
    let told = notifications::table.left_join(alerts::table).left_join(dockings::table);
    let mut query = told.filter(notifications::user_id.eq(person)).into_boxed();
    match unread {
        Some(true) => query = query.filter(notifications::read_at.is_null()),
        Some(false) => query = query.filter(notifications::read_at.is_not_null()),
        None => {}
    }
    if let Some(after) = after {
        query = query.filter(notifications::id.lt(after));
    }
    let told = (
        notifications::id,
        notifications::created_at,
        notifications::read_at,
        notifications::news,
        notifications::webhook_id,
    );
    let pair = (alerts::demand_id, alerts::result_id, alerts::expert_id, alerts::score);
    let subject = (pair.nullable(), Option::<Docking>::as_select());
    let rows: Vec<(Row, SubjectRow)> =
        query.order(notifications::id.desc()).limit(limit).select((told, subject)).load(connection).await?;
    let told = rows.into_iter().filter_map(|((id, created_at, read_at, news, webhook), subject)| {
        let of = match subject {
            (Some(pair), _) => Subject::Pair(pair),
            (None, Some(docking)) => Subject::Docking(Box::new(docking), news?),
            (None, None) => Subject::Webhook(webhook?),
        };
        Some(Told { id, created_at, read_at, of })
    });
    Ok(told.collect())
}

/// How many a person has not read.
///
/// # Errors
/// What the database says.
pub async fn unread(person: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<i64> {
    let unread =
        notifications::table.filter(notifications::user_id.eq(person)).filter(notifications::read_at.is_null());
    unread.count().get_result(connection).await
}

/// Notes that a person has read one, the first time; false if it is not the person's.
///
/// # Errors
/// What the database says.
pub async fn read(person: Uuid, id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let own = notifications::table.find(id).filter(notifications::user_id.eq(person));
    let unread = diesel::update(own.filter(notifications::read_at.is_null()));
    if unread.set(notifications::read_at.eq(sql::<Nullable<Timestamptz>>(NOW))).execute(connection).await? == 1 {
        return Ok(true);
    }
    diesel::select(diesel::dsl::exists(own)).get_result(connection).await
}

/// Notes that a person has read all up to one.
///
/// # Errors
/// What the database says.
pub async fn read_until(person: Uuid, until: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let unread =
        notifications::table.filter(notifications::user_id.eq(person)).filter(notifications::read_at.is_null());
    let unread = diesel::update(unread.filter(notifications::id.le(until)));
    unread.set(notifications::read_at.eq(sql::<Nullable<Timestamptz>>(NOW))).execute(connection).await.map(drop)
}

/// Nothing is read before it was told, though a clock be put back.
const NOW: &str = "greatest(now(), created_at)";
