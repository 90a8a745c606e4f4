//! Visits of a team (走访): when and where, who took part, what they found, what comes next. A correction keeps what stood before.

pub mod routes;
mod store;

use chrono::{DateTime, NaiveDate, Utc};
use deserr::Deserr;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::database::schema::expert_team_visits;
use crate::dockings::days::parse_day;
use crate::problem::{Faults, FieldFault};
use crate::registry::fields::{Day, Line, Prose, at_least_one};
use crate::registry::ids;

/// A visit to be written down, or corrected.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "on": "2026-11-26", "place": "三号铸造线", "expert_ids": ["01939c5e-0000-7000-8000-000000000005"],
    "findings": "热节处补缩不足，冒口颈偏小。", "next_steps": "改冒口颈，试浇二十件。"
}))]
pub struct NewTeamVisit {
    #[deserr(try_from(String) = parse_day -> FieldFault)]
    #[schema(inline, value_type = Day)]
    pub on: NaiveDate,
    #[schema(inline)]
    pub place: Line<1, 200>,
    /// The members who took part.
    #[deserr(try_from(Vec<String>) = some -> FieldFault)]
    #[schema(value_type = HashSet<Uuid>, min_items = 1, max_items = 20)]
    pub expert_ids: Vec<Uuid>,
    #[schema(inline)]
    pub findings: Prose<1, 10_000>,
    /// What is recommended, and what comes next.
    #[deserr(default)]
    #[schema(inline)]
    pub next_steps: Option<Prose<1, 5000>>,
}

/// A visit.
#[derive(Clone, Debug, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = expert_team_visits)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-000000000012", "team_id": "01939c5e-0000-7000-8000-000000000010", "version": 1,
    "created_at": "2026-11-26T08:00:00Z", "updated_at": "2026-11-26T08:00:00Z", "on": "2026-11-26", "place": "三号铸造线",
    "expert_ids": ["01939c5e-0000-7000-8000-000000000005"], "findings": "热节处补缩不足，冒口颈偏小。",
    "next_steps": "改冒口颈，试浇二十件。"
}))]
pub struct TeamVisit {
    pub id: Uuid,
    pub team_id: Uuid,
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[schema(inline, value_type = Day)]
    pub on: NaiveDate,
    #[schema(max_length = 200)]
    pub place: String,
    #[schema(max_items = 20)]
    pub expert_ids: Vec<Uuid>,
    #[schema(max_length = 10_000)]
    pub findings: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 5000)]
    pub next_steps: Option<String>,
}

fn some(texts: Vec<String>) -> Result<Vec<Uuid>, FieldFault> {
    at_least_one::<20, _>(ids::ids::<20>(texts)?)
}
