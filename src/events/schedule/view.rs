//! A schedule as it is shown.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::sheet::POINT;
use super::store::{MeetingRow, ScheduleRow};
use crate::events::participants::store::Participant;
use crate::events::store::{EventRow, SlotRow};

/// The meetings of an event.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "event_id": "01939c5e-0000-7000-8000-000000000010", "stale": false, "total": 9.0, "bound": 9.0, "gap": 0.0, "best": true,
    "planned_at": "2026-11-25T02:03:04Z",
    "meetings": [{"slot": 1, "begins_at": "2026-12-08T01:00:00Z", "ends_at": "2026-12-08T01:20:00Z", "table": 1,
        "enterprise": {"participant_id": "01939c5e-0000-7000-8000-000000000011", "name": "泊头市五金厂"},
        "expert": {"participant_id": "01939c5e-0000-7000-8000-000000000012", "name": "陈志远"}}],
    "changes": {"kept": 0, "moved": [], "dropped": [], "added": []}
}))]
pub struct Schedule {
    event_id: Uuid,
    /// Whether something that a plan goes by has changed since it was planned.
    stale: bool,
    /// What the plan was worth, in points of wishes; a score of 1 counts as one point.
    total: f64,
    /// What no plan can exceed.
    bound: f64,
    /// What the plan was short of the bound, as a part of it: it is within this of the best possible.
    #[schema(minimum = 0.0, maximum = 1.0)]
    gap: f64,
    /// Whether it is proven that no plan is worth more.
    best: bool,
    planned_at: DateTime<Utc>,
    /// By slot and table: all for the centre, one's own for those who take part.
    #[schema(max_items = 32_000)]
    pub meetings: Vec<PlannedMeeting>,
    /// What the last planning changed, for the centre.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<PlanChanges>,
}

/// A meeting of an event.
#[derive(Clone, Serialize, ToSchema)]
pub struct PlannedMeeting {
    #[schema(minimum = 1, maximum = 64)]
    pub slot: i16,
    pub begins_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    #[schema(minimum = 1, maximum = 500)]
    pub table: i16,
    pub enterprise: Party,
    pub expert: Party,
}

/// Somebody who meets.
#[derive(Clone, Serialize, ToSchema)]
pub struct Party {
    pub participant_id: Uuid,
    #[schema(max_length = 200)]
    pub name: String,
}

/// How a plan differs from the one before. Meetings of those who left were off before and are not among them.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct PlanChanges {
    /// Meetings that are as they were.
    #[schema(minimum = 0)]
    pub kept: usize,
    #[schema(max_items = 32_000)]
    pub moved: Vec<PlannedMove>,
    #[schema(max_items = 32_000)]
    pub dropped: Vec<PlannedPlace>,
    #[schema(max_items = 32_000)]
    pub added: Vec<PlannedPlace>,
}

/// A meeting in another slot or at another table.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlannedMove {
    #[schema(minimum = 1, maximum = 64)]
    pub from_slot: i16,
    #[schema(minimum = 1, maximum = 500)]
    pub from_table: i16,
    pub to: PlannedPlace,
}

/// Who meets, when and where.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlannedPlace {
    pub enterprise_id: Uuid,
    pub expert_id: Uuid,
    #[schema(minimum = 1, maximum = 64)]
    pub slot: i16,
    #[schema(minimum = 1, maximum = 500)]
    pub table: i16,
}

impl Schedule {
    /// What the centre sees, or somebody who takes part.
    pub fn of(event: &EventRow, row: &ScheduleRow, meetings: Vec<PlannedMeeting>, own: Option<&Participant>) -> Self {
        let points = |hundredths: i64| hundredths as f64 / f64::from(POINT);
        let missing = (row.bound - row.total) as f64;
        let is_own = |meeting: &PlannedMeeting| {
            own.is_none_or(|own| [meeting.enterprise.participant_id, meeting.expert.participant_id].contains(&own.id))
        };
        Self {
            event_id: event.id,
            stale: row.revision != event.revision,
            total: points(row.total),
            bound: points(row.bound),
            gap: if row.bound == 0 { 0.0 } else { missing / row.bound as f64 },
            best: row.total == row.bound,
            planned_at: row.planned_at,
            meetings: meetings.into_iter().filter(is_own).collect(),
            changes: own.is_none().then(|| serde_json::from_value(row.changes.clone()).unwrap_or_default()),
        }
    }
}

/// Meetings with their times and names.
pub fn planned(rows: &[MeetingRow], slots: &[SlotRow], names: &HashMap<Uuid, String>) -> Vec<PlannedMeeting> {
    let slots: HashMap<i16, &SlotRow> = slots.iter().map(|slot| (slot.number, slot)).collect();
    let party = |id: Uuid| Party { participant_id: id, name: names.get(&id).cloned().unwrap_or_default() };
    let meeting = |row: &MeetingRow| {
        let slot = slots.get(&row.slot)?;
        Some(PlannedMeeting {
            slot: row.slot,
            begins_at: slot.begins_at,
            ends_at: slot.ends_at,
            table: row.table_number,
            enterprise: party(row.enterprise_id),
            expert: party(row.expert_id),
        })
    };
    rows.iter().filter_map(meeting).collect()
}
