//! Letters of the office: what came, how and when. Those that ask for something set a deadline.

pub mod routes;
pub mod store;

use chrono::{DateTime, NaiveDate, Utc};
use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::deadlines::{Sent, counts_from_entry, received_on};
use super::{LetterKind, LetterWay, has_come};
use crate::dockings::days::{in_future, parse_day};
use crate::problem::{Answer, Faults, FieldFault, Problem};
use crate::registry::fields::{Day, Prose, date};

/// A letter to be put down.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "kind": "first_office_action", "way": "electronic", "dated_on": "2026-10-12", "entered_on": "2026-10-12"
}))]
pub struct NewPatentLetter {
    pub kind: LetterKind,
    pub way: LetterWay,
    #[deserr(try_from(String) = parse_day -> FieldFault)]
    #[schema(inline, value_type = Day)]
    pub dated_on: NaiveDate,
    /// When an electronic letter entered the system of whom it is for: needed of those dated since 2024-01-20.
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    pub entered_on: Option<NaiveDate>,
    /// The term that the letter itself sets, where it is not the usual one.
    #[deserr(default, try_from(Option<i64>) = parse_months -> FieldFault)]
    #[schema(value_type = Option<i16>, minimum = 1, maximum = 12)]
    pub months: Option<i16>,
    #[deserr(default)]
    #[schema(inline)]
    pub note: Option<Prose<1, 2000>>,
}

/// A letter.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-000000000021", "version": 1, "created_at": "2026-11-26T08:00:00Z",
    "kind": "first_office_action", "way": "electronic", "dated_on": "2026-10-12", "entered_on": "2026-10-12",
    "received_on": "2026-10-12"
}))]
pub struct PatentLetter {
    pub id: Uuid,
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub kind: LetterKind,
    pub way: LetterWay,
    #[schema(inline, value_type = Day)]
    pub dated_on: NaiveDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, value_type = Option<Day>)]
    pub entered_on: Option<NaiveDate>,
    /// When it counts as received (细则第四条): its term is counted from there.
    #[schema(value_type = String, format = Date)]
    pub received_on: NaiveDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 12)]
    pub months: Option<i16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

fn parse_months(months: Option<i64>) -> Result<Option<i16>, FieldFault> {
    let Some(months) = months else { return Ok(None) };
    i16::try_from(months)
        .ok()
        .filter(|months| (1..=12).contains(months))
        .map(Some)
        .ok_or_else(|| FieldFault::new("out_of_range", "期限为 1 到 12 个月", "a term is 1 to 12 months"))
}

impl NewPatentLetter {
    /// # Errors
    /// `invalid-input`: `in_future`, `required_for_way`, `not_for_way`, `upside_down`, `not_for_kind`.
    pub fn check(&self) -> Answer<()> {
        let mut faults = Faults::default();
        if !has_come(self.dated_on) {
            faults.add("/dated_on".to_owned(), in_future());
        }
        let entry = "/entered_on".to_owned();
        match (self.entered_on, counts_from_entry(self.way, self.dated_on)) {
            (None, true) => faults.add(
                entry,
                FieldFault::new(
                    "required_for_way",
                    "2024-01-20 起的电子通知须给出进入系统的日期",
                    "is required of electronic letters since 2024-01-20",
                ),
            ),
            (Some(_), false) => faults.add(
                entry,
                FieldFault::new(
                    "not_for_way",
                    "纸件和 2024-01-20 前的电子通知自发文日推定收到",
                    "is not for letters that count from their date",
                ),
            ),
            (Some(entered), true) if entered < self.dated_on => {
                faults.add(entry, FieldFault::new("upside_down", "早于发文日", "is before the date of the letter"));
            }
            (Some(entered), true) if !has_come(entered) => faults.add(entry, in_future()),
            _ => {}
        }
        if self.months.is_some() && self.kind.asks().is_none() {
            let fault = FieldFault::new("not_for_kind", "这类通知书没有期限", "a letter of this kind sets no term");
            faults.add("/months".to_owned(), fault);
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }
}

impl PatentLetter {
    /// What its deadline follows from.
    #[must_use]
    pub fn sent(&self) -> Sent {
        Sent {
            id: self.id,
            kind: self.kind,
            way: self.way,
            dated_on: self.dated_on,
            entered_on: self.entered_on,
            months: self.months.and_then(|months| u32::try_from(months).ok()),
        }
    }
}

/// A letter as its row has it.
pub(super) type LetterRow =
    ((Uuid, i64, DateTime<Utc>, LetterKind, LetterWay), (NaiveDate, Option<NaiveDate>, Option<i16>, Option<String>));

impl From<LetterRow> for PatentLetter {
    fn from(((id, version, created_at, kind, way), (dated_on, entered_on, months, note)): LetterRow) -> Self {
        let received_on = received_on(way, dated_on, entered_on);
        Self { id, version, created_at, kind, way, dated_on, entered_on, received_on, months, note }
    }
}
