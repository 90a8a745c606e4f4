//! What is said of an event: by the centre, and by those who are invited.

use std::hash::{Hash, Hasher};

use chrono::{DateTime, Utc};
use deserr::Deserr;
use utoipa::ToSchema;
use uuid::Uuid;

use super::planning::MOST_SLOTS;
use super::{Attendance, InvitedKind};
use crate::problem::{Faults, FieldFault};
use crate::registry::fields::{Line, distinct};
use crate::registry::ids;

/// Slots are numbered from 1.
const LAST_SLOT: i64 = 64;
const MOST_TABLES: i64 = 500;
/// Seconds that a plan may take.
const MOST_SECONDS: i64 = 20;

/// An event.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "title": "秋季产学研对接会", "place": "泊头市会展中心二楼", "tables": 12,
    "slots": [{"begins_at": "2026-12-08T01:00:00Z", "ends_at": "2026-12-08T01:20:00Z"},
              {"begins_at": "2026-12-08T01:25:00Z", "ends_at": "2026-12-08T01:45:00Z"}]
}))]
pub struct NewEvent {
    #[schema(inline)]
    pub title: Line<2, 200>,
    #[schema(inline)]
    pub place: Line<1, 200>,
    /// Meetings that can go on at once.
    #[deserr(try_from(i64) = parse_tables -> FieldFault)]
    #[schema(value_type = i16, minimum = 0, maximum = 500)]
    pub tables: i16,
    /// One after the other; they are numbered from 1.
    #[deserr(try_from(Vec<NewSlot>) = parse_slots -> FieldFault)]
    #[schema(max_items = 64)]
    pub slots: Vec<NewSlot>,
}

/// A slot of an event.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct NewSlot {
    #[deserr(try_from(String) = moment -> FieldFault)]
    pub begins_at: DateTime<Utc>,
    #[deserr(try_from(String) = moment -> FieldFault)]
    pub ends_at: DateTime<Utc>,
}

/// Somebody to be invited: an organisation or an expert.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"kind": "organisation", "id": "01939c5e-0000-7000-8000-000000000002"}))]
pub struct NewParticipant {
    /// An enterprise meets experts; an expert or any other organisation meets enterprises.
    pub kind: InvitedKind,
    #[deserr(try_from(String) = ids::id -> FieldFault)]
    pub id: Uuid,
}

/// What somebody who is invited says.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "state": "accepted", "most": 6, "hours": [1, 2, 3],
    "wishes": [{"participant_id": "01939c5e-0000-7000-8000-000000000012", "wish": 5}]
}))]
pub struct Attending {
    pub state: Attendance,
    /// Meetings that they want at most; as many as there are slots without it.
    #[deserr(default = 64, try_from(i64) = parse_most -> FieldFault)]
    #[schema(value_type = i16, minimum = 0, maximum = 64, default = 64, required = false)]
    pub most: i16,
    /// The numbers of the slots in which they are there; all without it.
    #[deserr(default, try_from(Option<Vec<i64>>) = parse_hours -> FieldFault)]
    #[schema(value_type = Option<HashSet<i16>>, max_items = 64)]
    pub hours: Option<Vec<i16>>,
    /// Whom of the other side they want to meet.
    #[deserr(default, try_from(Vec<Wish>) = distinct::<500, _> -> FieldFault)]
    #[schema(value_type = HashSet<Wish>, max_items = 500, required = false)]
    pub wishes: Vec<Wish>,
}

/// A wish to meet somebody.
#[derive(Clone, Debug, Deserr, serde::Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Wish {
    #[deserr(try_from(String) = ids::id -> FieldFault)]
    pub participant_id: Uuid,
    /// How much, 5 most.
    #[deserr(try_from(i64) = parse_wish -> FieldFault)]
    #[schema(value_type = i16, minimum = 1, maximum = 5)]
    pub wish: i16,
}

/// Nobody is wished for twice.
impl PartialEq for Wish {
    fn eq(&self, other: &Self) -> bool {
        self.participant_id == other.participant_id
    }
}

impl Eq for Wish {}

impl Hash for Wish {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.participant_id.hash(state);
    }
}

/// Who must not meet and who must.
#[derive(Clone, Debug, Default, Deserr, serde::Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "forbidden": [{"enterprise_id": "01939c5e-0000-7000-8000-000000000011", "expert_id": "01939c5e-0000-7000-8000-000000000012"}],
    "fixed": []
}))]
pub struct Rules {
    /// Pairs that must not meet: in a slot, or at all.
    #[deserr(default, try_from(Vec<Forbidden>) = distinct::<1000, _> -> FieldFault)]
    #[schema(value_type = HashSet<Forbidden>, max_items = 1000, required = false)]
    pub forbidden: Vec<Forbidden>,
    /// Meetings that must be held.
    #[deserr(default, try_from(Vec<Required>) = distinct::<1000, _> -> FieldFault)]
    #[schema(value_type = HashSet<Required>, max_items = 1000, required = false)]
    pub fixed: Vec<Required>,
}

/// Two participants who must not meet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserr, serde::Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Forbidden {
    #[deserr(try_from(String) = ids::id -> FieldFault)]
    pub enterprise_id: Uuid,
    #[deserr(try_from(String) = ids::id -> FieldFault)]
    pub expert_id: Uuid,
    /// Only in this slot; not at all without it.
    #[deserr(default, try_from(Option<i64>) = parse_slot -> FieldFault)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i16>, minimum = 1, maximum = 64)]
    pub slot: Option<i16>,
}

/// A meeting that must be held.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserr, serde::Serialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Required {
    #[deserr(try_from(String) = ids::id -> FieldFault)]
    pub enterprise_id: Uuid,
    #[deserr(try_from(String) = ids::id -> FieldFault)]
    pub expert_id: Uuid,
    #[deserr(try_from(i64) = parse_number -> FieldFault)]
    #[schema(value_type = i16, minimum = 1, maximum = 64)]
    pub slot: i16,
    /// The number of a table; any without it.
    #[deserr(default, try_from(Option<i64>) = parse_table -> FieldFault)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i16>, minimum = 1, maximum = 500)]
    pub table: Option<i16>,
}

/// How to plan.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"seconds": 10}))]
pub struct Planning {
    /// How long a better plan is looked for, at most.
    #[deserr(default = 5, try_from(i64) = parse_seconds -> FieldFault)]
    #[schema(value_type = i16, minimum = 1, maximum = 20, default = 5, required = false)]
    pub seconds: i16,
}

fn within(number: i64, least: i64, most: i64) -> Result<i16, FieldFault> {
    let fault = || {
        let (zh, en) = (format!("应为 {least} 到 {most} 的整数"), format!("must be an integer from {least} to {most}"));
        FieldFault::new("out_of_range", zh, en)
    };
    i16::try_from(number).ok().filter(|_| (least..=most).contains(&number)).ok_or_else(fault)
}

fn parse_tables(number: i64) -> Result<i16, FieldFault> {
    within(number, 0, MOST_TABLES)
}

fn parse_most(number: i64) -> Result<i16, FieldFault> {
    within(number, 0, LAST_SLOT)
}

fn parse_wish(number: i64) -> Result<i16, FieldFault> {
    within(number, 1, 5)
}

fn parse_number(number: i64) -> Result<i16, FieldFault> {
    within(number, 1, LAST_SLOT)
}

fn parse_slot(number: Option<i64>) -> Result<Option<i16>, FieldFault> {
    number.map(parse_number).transpose()
}

fn parse_table(number: Option<i64>) -> Result<Option<i16>, FieldFault> {
    number.map(|number| within(number, 1, MOST_TABLES)).transpose()
}

fn parse_seconds(number: i64) -> Result<i16, FieldFault> {
    within(number, 1, MOST_SECONDS)
}

fn parse_hours(numbers: Option<Vec<i64>>) -> Result<Option<Vec<i16>>, FieldFault> {
    let Some(numbers) = numbers else { return Ok(None) };
    let hours: Result<Vec<i16>, FieldFault> = numbers.into_iter().map(parse_number).collect();
    distinct::<MOST_SLOTS, _>(hours?).map(Some)
}

fn moment(text: String) -> Result<DateTime<Utc>, FieldFault> {
    let moment = DateTime::parse_from_rfc3339(&text).ok().map(|moment| moment.to_utc());
    moment.ok_or_else(|| FieldFault::new("format", "应为 RFC 3339 的时间", "must be a time as in RFC 3339"))
}

fn parse_slots(slots: Vec<NewSlot>) -> Result<Vec<NewSlot>, FieldFault> {
    if slots.len() > MOST_SLOTS {
        let (zh, en) = (format!("至多 {MOST_SLOTS} 个时段"), format!("must have at most {MOST_SLOTS} slots"));
        return Err(FieldFault::new("too_many", zh, en));
    }
    let wrong = slots.iter().any(|slot| slot.begins_at >= slot.ends_at);
    if wrong || slots.windows(2).any(|two| two[0].ends_at > two[1].begins_at) {
        return Err(FieldFault::new(
            "upside_down",
            "时段须先开始后结束，依次排列，互不重叠",
            "a slot begins before it ends, and after the one before has ended",
        ));
    }
    Ok(slots)
}
