//! SQL of notifications.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::database::schema::{alerts, dockings, expert_teams, notifications, patent_cases, patent_reminders};
use crate::dockings::{Docking, DockingNews};
use crate::patents::PatentCase;
use crate::teams::TeamNews;
use crate::teams::store::TeamRow;

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
    Team(TeamRow, TeamNews),
    Deadline(Box<PatentCase>, Reminder),
    Policy(Uuid),
    /// One of the person's webhooks, or for an admin of anybody's, which is off.
    Webhook(Uuid),
}

/// A deadline that comes near: its key, its kind, when it is due, and how many days before.
pub type Reminder = (String, String, NaiveDate, i16);

impl Told {
    /// The policy that it is of, if it is of one.
    #[must_use]
    pub fn policy(&self) -> Option<Uuid> {
        match self.of {
            Subject::Policy(policy) => Some(policy),
            Subject::Pair(_)
            | Subject::Docking(..)
            | Subject::Team(..)
            | Subject::Deadline(..)
            | Subject::Webhook(_) => None,
        }
    }

    /// The pair that it is of, if it is of one.
    #[must_use]
    pub fn pair(&self) -> Option<&Pair> {
        match &self.of {
            Subject::Pair(pair) => Some(pair),
            Subject::Docking(..)
            | Subject::Team(..)
            | Subject::Deadline(..)
            | Subject::Policy(_)
            | Subject::Webhook(_) => None,
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

/// When it was told and read, the news of a docking or a team, and the reminder, the policy or the webhook that it is of.
type Row = (
    (Uuid, DateTime<Utc>, Option<DateTime<Utc>>),
    (Option<DockingNews>, Option<TeamNews>),
    (Option<Uuid>, Option<Uuid>, Option<Uuid>),
);
type SubjectRow = (Option<Pair>, Option<Docking>, Option<TeamRow>);

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
    let told = told.left_join(expert_teams::table);
    let mut query = told.filter(notifications::user_id.eq(person)).into_boxed();
    match unread {
        Some(true) => query = query.filter(notifications::read_at.is_null()),
        Some(false) => query = query.filter(notifications::read_at.is_not_null()),
        None => {}
    }
    if let Some(after) = after {
        query = query.filter(notifications::id.lt(after));
    }
    let stamp = (notifications::id, notifications::created_at, notifications::read_at);
    let news = (notifications::news, notifications::team_news);
    let others = (notifications::patent_reminder_id, notifications::policy_id, notifications::webhook_id);
    let told = (stamp, news, others);
    let pair = (alerts::demand_id, alerts::result_id, alerts::expert_id, alerts::score);
    let subject = (pair.nullable(), Option::<Docking>::as_select(), Option::<TeamRow>::as_select());
    let rows: Vec<(Row, SubjectRow)> =
        query.order(notifications::id.desc()).limit(limit).select((told, subject)).load(connection).await?;
    let mut reminders =
        reminders(rows.iter().filter_map(|((.., (reminder, ..)), _)| *reminder).collect(), connection).await?;
    let told = rows.into_iter().filter_map(|((stamp, (news, team_news), (reminder, policy, webhook)), subject)| {
        let of = match subject {
            (Some(pair), ..) => Subject::Pair(pair),
            (None, Some(docking), _) => Subject::Docking(Box::new(docking), news?),
            (None, None, Some(team)) => Subject::Team(team, team_news?),
            (None, None, None) => match (policy, webhook) {
                (Some(policy), _) => Subject::Policy(policy),
                (None, Some(webhook)) => Subject::Webhook(webhook),
                (None, None) => {
                    let (case, reminder) = reminders.remove(&reminder?)?;
                    Subject::Deadline(Box::new(case), reminder)
                }
            },
        };
        let (id, created_at, read_at) = stamp;
        Some(Told { id, created_at, read_at, of })
    });
    Ok(told.collect())
}

/// Reminders by their ids, each with its case.
async fn reminders(
    ids: Vec<Uuid>,
    connection: &mut AsyncPgConnection,
) -> QueryResult<HashMap<Uuid, (PatentCase, Reminder)>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let of = patent_reminders::table.inner_join(patent_cases::table).filter(patent_reminders::id.eq_any(ids));
    let reminder =
        (patent_reminders::deadline, patent_reminders::kind, patent_reminders::due_on, patent_reminders::days);
    let rows: Vec<(Uuid, PatentCase, Reminder)> =
        of.select((patent_reminders::id, PatentCase::as_select(), reminder)).load(connection).await?;
    Ok(rows.into_iter().map(|(id, case, reminder)| (id, (case, reminder))).collect())
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
