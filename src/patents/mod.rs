//! Patent cases (专利申报): filings that the centre carries for enterprises and institutes, from intake to grant.
//!
//! What moves there are stands in [`stages`] alone, how the law counts in [`deadlines`]. A case is kept by the centre, and seen
//! by it, by its applicants and by the experts among its inventors.

pub mod calendar;
pub mod deadlines;
pub mod documents;
pub mod fees;
mod inputs;
mod kinds;
pub mod letters;
mod numbers;
pub mod reminders;
pub mod routes;
pub mod search;
pub mod stages;
mod store;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

pub use inputs::{Inventor, Inventors};
pub use kinds::{LetterKind, LetterWay, PatentKind};
pub use numbers::{ApplicationNumber, PctNumber, PriorityNumber, PublicationNumber};
pub use stages::PatentStage;

use deadlines::Dates;

use crate::access::Records;
use crate::database::schema::patent_cases;
use crate::identity::{Caller, Role};
use crate::registry::fields::Day;

/// A patent case.
#[derive(Clone, Debug, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = patent_cases)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-000000000020", "version": 4, "created_at": "2026-11-25T02:03:04Z",
    "updated_at": "2026-11-26T08:00:00Z", "kind": "invention", "title": "球墨铸铁件热节的冷铁布置方法",
    "applicant_ids": ["01939c5e-0000-7000-8000-000000000002"], "inventors": [{"name": "陈志远", "nationality": "CN"}],
    "application_number": "202610123456.X", "filing_date": "2026-10-12", "stage": "filed", "since": "2026-11-26T08:00:00Z"
}))]
pub struct PatentCase {
    pub id: Uuid,
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub kind: PatentKind,
    #[schema(max_length = 200)]
    pub title: String,
    /// What is new about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20_000)]
    pub summary: Option<String>,
    /// The result that it protects; its list of intellectual property follows the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_id: Option<Uuid>,
    #[schema(min_items = 1, max_items = 10)]
    pub applicant_ids: Vec<Uuid>,
    #[schema(min_items = 1, max_items = 20, value_type = Vec<Inventor>)]
    pub inventors: Inventors,
    /// The patent agency.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub agency: Option<String>,
    /// The person there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    pub agent: Option<String>,
    /// Of the earliest application whose priority is claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, value_type = Option<Day>)]
    pub priority_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_number: Option<PriorityNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pct_number: Option<PctNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_number: Option<ApplicationNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, value_type = Option<Day>)]
    pub filing_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publication_number: Option<PublicationNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, value_type = Option<Day>)]
    pub publication_date: Option<NaiveDate>,
    /// When the grant was announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, value_type = Option<Day>)]
    pub grant_date: Option<NaiveDate>,
    pub stage: PatentStage,
    /// When it came to the stage.
    pub since: DateTime<Utc>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
    /// Experts of the registry among the inventors.
    #[serde(skip)]
    pub expert_ids: Vec<Uuid>,
}

impl PatentCase {
    /// May a caller to whom these records are granted see it?
    #[must_use]
    pub fn is_among(&self, records: Records, caller: &Caller) -> bool {
        let own = |owner| self.applicant_ids.contains(&owner) || self.expert_ids.contains(&owner);
        records == Records::All || (records == Records::Own && caller.owner().is_some_and(own))
    }

    /// May the caller see it at all, who was told of it once?
    #[must_use]
    pub fn is_seen_by(&self, caller: &Caller) -> bool {
        let records = if is_centre(caller) { Records::All } else { Records::Own };
        self.is_among(records, caller)
    }

    /// What its deadlines follow from.
    #[must_use]
    pub fn dates(&self) -> Dates {
        let Self { kind, stage, priority_date, filing_date, grant_date, .. } = *self;
        Dates { kind, stage, priority_date, filing_date, grant_date }
    }
}

fn is_centre(caller: &Caller) -> bool {
    matches!(caller.role(), Role::Staff | Role::Admin)
}

/// Today where the office is: eight hours ahead of UTC.
#[must_use]
pub fn today() -> NaiveDate {
    (Utc::now() + TimeDelta::hours(8)).date_naive()
}

/// Days of the law: the first patent law came into force in April 1985.
const FIRST_DAY: Option<NaiveDate> = NaiveDate::from_ymd_opt(1985, 4, 1);

/// Can something have happened on this day?
fn has_come(day: NaiveDate) -> bool {
    day <= today() + Days::new(1) && FIRST_DAY.is_some_and(|first| day >= first)
}
