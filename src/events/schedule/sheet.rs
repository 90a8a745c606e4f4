//! An event as it is to be planned: rows of the database as a day of [`planning`](crate::events::planning).

use std::collections::HashMap;

use uuid::Uuid;

use crate::events::Side;
use crate::events::inputs::Rules;
use crate::events::participants::store::{Participant, WishRow};
use crate::events::planning::{Changes, Conflict, Day, Fixed, Guest, Meeting, Pair, Reason, Slots};
use crate::events::store::{EventRow, SlotRow};
use crate::matching::Score;
use crate::problem::{Kind, Problem};

use super::store::MeetingRow;
use super::view::{PlanChanges, PlannedMove, PlannedPlace};

/// What a point of a wish weighs, and a score of one: a plan is worth hundredths of points.
pub const POINT: u32 = 100;

/// All that a plan goes by.
pub struct Sheet {
    pub event: EventRow,
    pub slots: Vec<SlotRow>,
    pub enterprises: Vec<Participant>,
    pub experts: Vec<Participant>,
    pub wishes: Vec<WishRow>,
    pub rules: Rules,
    pub before: Vec<MeetingRow>,
    pub names: HashMap<Uuid, String>,
}

impl Sheet {
    /// Those who accepted, on their sides.
    pub fn seated(accepted: Vec<Participant>) -> [Vec<Participant>; 2] {
        let (enterprises, experts) = accepted.into_iter().partition(|one| one.side == Side::Enterprise);
        [enterprises, experts]
    }

    /// The day: pairs are worth what both sides wish, or their match score where neither does.
    pub fn day(&self, scores: &[Score]) -> Day {
        let pairs = self.pairs(scores);
        let fixed = self.rules.fixed.iter().map(|rule| Fixed {
            enterprise: place_of(&self.enterprises, rule.enterprise_id),
            expert: place_of(&self.experts, rule.expert_id),
            slot: number(rule.slot),
            table: rule.table.map(number),
        });
        Day {
            slots: self.slots.len(),
            tables: usize::try_from(self.event.tables).unwrap_or_default(),
            enterprises: self.enterprises.iter().map(guest).collect(),
            experts: self.experts.iter().map(guest).collect(),
            pairs,
            fixed: fixed.collect(),
        }
    }

    fn pairs(&self, scores: &[Score]) -> Vec<Pair> {
        let (enterprises, experts) = (places(&self.enterprises), places(&self.experts));
        let mut pairs: HashMap<(usize, usize), Pair> = HashMap::new();
        let blank =
            |(enterprise, expert)| Pair { enterprise, expert, weight: 0, slots: Slots::MAX, wished: [false; 2] };
        for row in &self.wishes {
            let ends = match (enterprises.get(&row.participant_id), experts.get(&row.wished_id)) {
                (Some(enterprise), Some(expert)) => Some((*enterprise, *expert, 0)),
                _ => enterprises.get(&row.wished_id).zip(experts.get(&row.participant_id)).map(|(a, b)| (*a, *b, 1)),
            };
            if let Some((enterprise, expert, side)) = ends {
                let pair = pairs.entry((enterprise, expert)).or_insert_with(|| blank((enterprise, expert)));
                pair.weight += u32::try_from(row.wish).unwrap_or_default() * POINT;
                pair.wished[side] = true;
            }
        }
        let (firms, people) = (records(&self.enterprises), records(&self.experts));
        for score in scores {
            if let (Some(enterprise), Some(expert)) = (firms.get(&score.organisation), people.get(&score.expert)) {
                let pair = pairs.entry((*enterprise, *expert)).or_insert_with(|| blank((*enterprise, *expert)));
                if !pair.wished.contains(&true) {
                    pair.weight = hundredths(score.score);
                }
            }
        }
        for rule in &self.rules.forbidden {
            let ends = enterprises.get(&rule.enterprise_id).zip(experts.get(&rule.expert_id));
            if let Some((enterprise, expert)) = ends {
                let pair = pairs.entry((*enterprise, *expert)).or_insert_with(|| blank((*enterprise, *expert)));
                pair.slots &= rule.slot.map_or(0, |slot| !bit(slot));
            }
        }
        let mut pairs: Vec<Pair> = pairs.into_values().collect();
        pairs.sort_unstable_by_key(|pair| (pair.enterprise, pair.expert));
        pairs
    }

    /// The meetings of the plan before, as far as both still take part.
    pub fn meetings_before(&self) -> Vec<Meeting> {
        let (enterprises, experts) = (places(&self.enterprises), places(&self.experts));
        let meeting = |row: &MeetingRow| {
            let (enterprise, expert) = (*enterprises.get(&row.enterprise_id)?, *experts.get(&row.expert_id)?);
            Some(Meeting { slot: number(row.slot), table: number(row.table_number), enterprise, expert })
        };
        self.before.iter().filter_map(meeting).collect()
    }

    /// A meeting as it is kept.
    pub fn row(&self, meeting: &Meeting) -> MeetingRow {
        let place = self.place(meeting);
        MeetingRow {
            event_id: self.event.id,
            slot: place.slot,
            table_number: place.table,
            enterprise_id: place.enterprise_id,
            expert_id: place.expert_id,
        }
    }

    fn place(&self, meeting: &Meeting) -> PlannedPlace {
        let id = |side: &[Participant], place: usize| side.get(place).map(|one| one.id).unwrap_or_default();
        PlannedPlace {
            enterprise_id: id(&self.enterprises, meeting.enterprise),
            expert_id: id(&self.experts, meeting.expert),
            slot: counted(meeting.slot),
            table: counted(meeting.table),
        }
    }

    /// What a plan changed.
    pub fn changes(&self, changes: &Changes) -> PlanChanges {
        let all = |meetings: &[Meeting]| meetings.iter().map(|meeting| self.place(meeting)).collect();
        let moved = changes.moved.iter().map(|moved| {
            let (from, to) = (self.place(&moved.from), self.place(&moved.to));
            PlannedMove { from_slot: from.slot, from_table: from.table, to }
        });
        PlanChanges {
            kept: changes.kept,
            moved: moved.collect(),
            dropped: all(&changes.dropped),
            added: all(&changes.added),
        }
    }

    /// Which fixed meetings cannot be held together, and why.
    pub fn refusal(&self, conflict: &Conflict) -> Problem {
        let name = |id| self.names.get(&id).map_or("?", String::as_str);
        let meetings = conflict.meetings.iter().filter_map(|place| self.rules.fixed.get(*place));
        let meetings: Vec<(&str, &str, i16)> =
            meetings.map(|rule| (name(rule.enterprise_id), name(rule.expert_id), rule.slot)).collect();
        let zh: Vec<String> = meetings.iter().map(|(a, b, slot)| format!("{a}与{b}（第 {slot} 时段）")).collect();
        let en: Vec<String> = meetings.iter().map(|(a, b, slot)| format!("{a} with {b} (slot {slot})")).collect();
        let (why_zh, why_en) = reason(conflict.reason);
        Problem::new(Kind::Conflict).saying(
            format!("指定的洽谈无法安排：{}。原因：{why_zh}。", zh.join("；")),
            format!("These fixed meetings cannot be held: {}. {why_en}.", en.join("; ")),
        )
    }
}

fn reason(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::Slot => ("没有这个时段", "There is no such slot"),
        Reason::Table => ("没有这张桌子", "There is no such table"),
        Reason::Unknown => ("有人没有接受邀请", "Somebody has not accepted"),
        Reason::Absent => ("有人那时不在场", "Somebody is not there then"),
        Reason::Forbidden => ("双方不得见面，或那时不得见面", "The two must not meet, or not then"),
        Reason::Twice => ("同样的双方出现了两次", "The same two stand there twice"),
        Reason::Enterprise(_) => ("一家企业同一时段有两场", "An enterprise has two in a slot"),
        Reason::Expert(_) => ("一位专家同一时段有两场", "An expert has two in a slot"),
        Reason::Shared => ("同一时段有两场在同一桌", "Two in a slot are at the same table"),
        Reason::Tables => ("这一时段的桌子不够", "There are not enough tables in the slot"),
        Reason::MostOfEnterprise(_) => ("超过一家企业愿意参加的场数", "They are more than an enterprise wants"),
        Reason::MostOfExpert(_) => ("超过一位专家愿意参加的场数", "They are more than an expert wants"),
    }
}

fn guest(participant: &Participant) -> Guest {
    let hours = participant.hours.as_ref();
    let hours = hours.map_or(Slots::MAX, |hours| hours.iter().fold(0, |all, slot| all | bit(*slot)));
    Guest { hours, most: usize::try_from(participant.most).unwrap_or_default() }
}

/// Slots and tables are numbered from 1 outside, and from 0 inside.
fn number(counted: i16) -> usize {
    usize::try_from(counted - 1).unwrap_or(usize::MAX)
}

fn counted(number: usize) -> i16 {
    i16::try_from(number + 1).unwrap_or(i16::MAX)
}

fn bit(slot: i16) -> Slots {
    u32::try_from(slot - 1).ok().and_then(|slot| 1_u64.checked_shl(slot)).unwrap_or_default()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a score is 0 to 1")]
fn hundredths(score: f32) -> u32 {
    (score * POINT as f32).round() as u32
}

fn places(side: &[Participant]) -> HashMap<Uuid, usize> {
    side.iter().enumerate().map(|(place, one)| (one.id, place)).collect()
}

/// By the organisation or the expert.
fn records(side: &[Participant]) -> HashMap<Uuid, usize> {
    side.iter().enumerate().filter_map(|(place, one)| Some((one.record()?, place))).collect()
}

/// Nobody's place for who does not take part.
fn place_of(side: &[Participant], id: Uuid) -> usize {
    side.iter().position(|one| one.id == id).unwrap_or(usize::MAX)
}
