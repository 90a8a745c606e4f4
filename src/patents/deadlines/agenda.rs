//! What is due of a case: its deadlines, and which of them were met.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::kinds::DeadlineKind;
use super::rules::{Computed, Sent, deadlines};
use super::store;
use crate::patents::calendar::{self, Calendar};
use crate::patents::fees::{self, FeeRow};
use crate::patents::{PatentCase, letters};
use crate::registry::fields::Day;

/// A deadline of a case.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "key": "examination_request", "version": 0, "kind": "examination_request", "counted_from": "2023-02-16",
    "ends_on": "2026-02-16", "due_on": "2026-02-24", "provisional": false, "article": "专利法第三十五条；细则第十二条"
}))]
pub struct Deadline {
    /// What tells it from the others of its case.
    #[schema(pattern = "^[a-z0-9_-]{1,40}$")]
    pub key: String,
    /// Of what staff noted of it; 0 while nothing is.
    #[schema(minimum = 0)]
    pub version: i64,
    pub kind: DeadlineKind,
    /// The letter that set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub letter_id: Option<Uuid>,
    /// The year of protection that an annuity is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 2, maximum = 20)]
    pub year: Option<u32>,
    /// The day that it is counted from, which does not count itself.
    #[schema(value_type = String, format = Date)]
    pub counted_from: NaiveDate,
    /// Where the term ends by its length alone.
    #[schema(value_type = String, format = Date)]
    pub ends_on: NaiveDate,
    /// The last day: the first working day from there on (细则第五条).
    #[schema(value_type = String, format = Date)]
    pub due_on: NaiveDate,
    /// The days off there are not all known yet, so `due_on` may still move.
    pub provisional: bool,
    /// Where the law has it.
    #[schema(max_length = 100)]
    pub article: &'static str,
    /// When it was met, or its fee paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, value_type = Option<Day>)]
    pub done_on: Option<NaiveDate>,
}

/// What is due of a case.
pub struct Agenda {
    pub deadlines: Vec<Deadline>,
    pub fees: Vec<FeeRow>,
}

impl Agenda {
    /// The deadline of a key, if the case has it.
    #[must_use]
    pub fn deadline(&self, key: &str) -> Option<&Deadline> {
        self.deadlines.iter().find(|deadline| deadline.key == key)
    }
}

/// That of one case.
///
/// # Errors
/// What the database says.
pub async fn agenda(case: &PatentCase, connection: &mut AsyncPgConnection) -> QueryResult<Agenda> {
    let found = agendas(std::slice::from_ref(case), connection).await?;
    Ok(found.into_iter().next().unwrap_or(Agenda { deadlines: Vec::new(), fees: Vec::new() }))
}

/// Those of some cases, in their order.
///
/// # Errors
/// What the database says.
pub async fn agendas(cases: &[PatentCase], connection: &mut AsyncPgConnection) -> QueryResult<Vec<Agenda>> {
    let ids: Vec<Uuid> = cases.iter().map(|case| case.id).collect();
    let calendar = calendar::store::calendar(connection).await?;
    let mut sent: HashMap<Uuid, Vec<Sent>> = HashMap::new();
    for (case, letter) in letters::store::of_cases(&ids, connection).await? {
        sent.entry(case).or_default().push(letter.sent());
    }
    let mut marks: HashMap<Uuid, HashMap<String, (i64, Option<NaiveDate>)>> = HashMap::new();
    for (case, key, version, done_on) in store::of_cases(&ids, connection).await? {
        marks.entry(case).or_default().insert(key, (version, done_on));
    }
    let mut fees: HashMap<Uuid, Vec<FeeRow>> = HashMap::new();
    for fee in fees::store::of_cases(&ids, connection).await? {
        fees.entry(fee.case_id).or_default().push(fee);
    }
    let agendas = cases.iter().map(|case| {
        let fees = fees.remove(&case.id).unwrap_or_default();
        let marks = marks.remove(&case.id).unwrap_or_default();
        let sent = sent.remove(&case.id).unwrap_or_default();
        Agenda { deadlines: noted(case, &sent, &marks, &fees, &calendar), fees }
    });
    Ok(agendas.collect())
}

fn noted(
    case: &PatentCase,
    sent: &[Sent],
    marks: &HashMap<String, (i64, Option<NaiveDate>)>,
    fees: &[FeeRow],
    calendar: &Calendar,
) -> Vec<Deadline> {
    let computed = deadlines(&case.dates(), sent, calendar);
    let noted = computed.iter().map(|found| {
        let key = found.key();
        let (version, done_on) = marks.get(&key).copied().unwrap_or_default();
        let on_time = found.on_time().unwrap_or_else(|| key.clone());
        let of_it = |fee: &&FeeRow| fee.deadline.as_ref().is_some_and(|of| *of == key || *of == on_time);
        let paid_on = fees.iter().filter(of_it).filter_map(|fee| fee.paid_on).min();
        let on_time_done = marks.get(&on_time).and_then(|(_, done_on)| *done_on);
        Deadline {
            key,
            version,
            kind: found.kind,
            letter_id: found.letter,
            year: found.year,
            counted_from: found.from,
            ends_on: found.end.ends_on,
            due_on: found.end.due_on,
            provisional: found.end.provisional,
            article: found.kind.article(),
            done_on: done_on.or(on_time_done).or(paid_on),
        }
    });
    noted.collect()
}

impl Computed {
    /// Of an annuity that can still be paid late, the key of that which would have been on time: whichever is paid will do.
    fn on_time(&self) -> Option<String> {
        let year = self.year.filter(|_| self.kind == DeadlineKind::LateAnnuity)?;
        Some(format!("{}_{year}", DeadlineKind::Annuity.as_str()))
    }
}
