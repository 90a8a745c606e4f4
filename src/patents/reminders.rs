//! Reminders of deadlines and fees: the centre and the people of the applicants are told 30, 14, 7 and 1 days before.
//!
//! Deadlines are computed, so what is near is computed once an hour. Which reminders were given is kept in the statement that
//! tells, so that no process tells one twice; a service that was down tells the one that matters now.

use chrono::NaiveDate;
use diesel::QueryResult;
use diesel::sql_types::{Array, Date, SmallInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::deadlines::{Agenda, agendas};
use super::{PatentCase, store};

/// So many days before a day, the nearest first.
const DAYS: [i16; 4] = [1, 7, 14, 30];

/// Cases that are looked at together.
const BATCH: i64 = 200;

const TELL: &str = "
    WITH kept AS (
        INSERT INTO patent_reminders (case_id, deadline, kind, due_on, days)
        SELECT * FROM unnest($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING RETURNING id, case_id
    )
    INSERT INTO notifications (id, user_id, patent_reminder_id)
    SELECT uuid_v7(), users.id, kept.id
    FROM kept JOIN patent_cases ON patent_cases.id = kept.case_id
        JOIN users ON users.role IN ('admin', 'staff') OR users.organisation_id = ANY (patent_cases.applicant_ids)
    WHERE users.disabled_at IS NULL";

/// What comes near.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Near {
    case: Uuid,
    key: String,
    kind: &'static str,
    due_on: NaiveDate,
    days: i16,
}

/// What somebody was reminded of: a deadline, or a fee that is due on a day of its own.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "case_id": "01939c5e-0000-7000-8000-000000000020", "title": "球墨铸铁件热节的冷铁布置方法", "deadline": "examination_request",
    "kind": "examination_request", "due_on": "2026-02-24", "days": 14
}))]
pub struct NotifiedDeadline {
    pub case_id: Uuid,
    #[schema(max_length = 200)]
    pub title: String,
    /// The key of the deadline, or the id of the fee.
    #[schema(max_length = 40)]
    pub deadline: String,
    /// The kind of the deadline, or `fee`.
    #[schema(max_length = 40)]
    pub kind: String,
    #[schema(inline, value_type = crate::registry::fields::Day)]
    pub due_on: NaiveDate,
    /// How many days before it.
    #[schema(minimum = 1, maximum = 30)]
    pub days: i16,
}

/// Tells the people of what comes near on a day.
///
/// # Errors
/// What the database says.
pub async fn remind(on: NaiveDate, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let mut after = None;
    loop {
        let cases = store::page(&super::inputs::PatentCaseFilter::default(), None, after, BATCH, connection).await?;
        let agendas = agendas(&cases, connection).await?;
        let near: Vec<Near> = cases.iter().zip(&agendas).flat_map(|(case, agenda)| near(case, agenda, on)).collect();
        if !near.is_empty() {
            tell(&near, connection).await?;
        }
        let Some(last) = cases.last() else { return Ok(()) };
        after = Some(last.id);
    }
}

async fn tell(near: &[Near], connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let tell = diesel::sql_query(TELL)
        .bind::<Array<SqlUuid>, _>(near.iter().map(|one| one.case).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(near.iter().map(|one| one.key.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(near.iter().map(|one| one.kind).collect::<Vec<_>>())
        .bind::<Array<Date>, _>(near.iter().map(|one| one.due_on).collect::<Vec<_>>())
        .bind::<Array<SmallInt>, _>(near.iter().map(|one| one.days).collect::<Vec<_>>());
    tell.execute(connection).await.map(drop)
}

/// What of a case is not done and comes near.
fn near(case: &PatentCase, agenda: &Agenda, on: NaiveDate) -> Vec<Near> {
    let deadlines = agenda.deadlines.iter().filter(|deadline| deadline.done_on.is_none());
    let deadlines = deadlines.map(|deadline| (deadline.key.clone(), deadline.kind.as_str(), Some(deadline.due_on)));
    // One that goes with a deadline is told of with it.
    let fees = agenda.fees.iter().filter(|fee| fee.paid_on.is_none() && fee.deadline.is_none());
    let fees = fees.map(|fee| (fee.id.to_string(), "fee", fee.due_on));
    let due = deadlines.chain(fees).filter_map(|(key, kind, due_on)| {
        let (due_on, days) = due_on.and_then(|due_on| Some((due_on, notice(on, due_on)?)))?;
        Some(Near { case: case.id, key, kind, due_on, days })
    });
    due.collect()
}

/// Which of the notices is to be given of a day: that of the fewest days that are not fewer than are left.
fn notice(on: NaiveDate, due_on: NaiveDate) -> Option<i16> {
    let left = (due_on - on).num_days();
    DAYS.into_iter().find(|days| (0..=i64::from(*days)).contains(&left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_given_30_14_7_and_1_days_before() {
        let due: NaiveDate = "2026-03-31".parse().expect("a day");
        for (on, days) in [
            ("2026-02-28", None),
            ("2026-03-01", Some(30)),
            ("2026-03-16", Some(30)),
            ("2026-03-17", Some(14)),
            ("2026-03-23", Some(14)),
            ("2026-03-24", Some(7)),
            ("2026-03-29", Some(7)),
            ("2026-03-30", Some(1)),
            ("2026-03-31", Some(1)),
            ("2026-04-01", None),
        ] {
            assert_eq!(notice(on.parse().expect("a day"), due), days, "{on}");
        }
    }
}
