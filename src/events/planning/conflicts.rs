//! Why fixed meetings cannot all be held.

use super::day::{Day, Fixed, MOST_SLOTS};

/// Fixed meetings that cannot be held together: no fewer do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Places in the list of fixed meetings, rising.
    pub meetings: Vec<usize>,
    pub reason: Reason,
}

/// What speaks against them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The day has no such slot.
    Slot,
    /// The hall has no such table.
    Table,
    /// Nobody of that number takes part.
    Unknown,
    /// The enterprise or the expert is not there then.
    Absent,
    /// The two must not meet, or not then.
    Forbidden,
    /// The same two, twice.
    Twice,
    /// An enterprise at two meetings in a slot.
    Enterprise(usize),
    /// An expert at two meetings in a slot.
    Expert(usize),
    /// Two meetings at a table in a slot.
    Shared,
    /// More meetings in a slot than there are tables.
    Tables,
    /// More meetings of an enterprise than it wants at most.
    MostOfEnterprise(usize),
    /// More meetings of an expert than they want at most.
    MostOfExpert(usize),
}

/// The smallest set of fixed meetings that cannot all be held, if there is one.
#[must_use]
pub fn conflict(day: &Day) -> Option<Conflict> {
    let alone = day.fixed.iter().enumerate().find_map(|(place, fixed)| {
        let reason = alone(day, fixed)?;
        Some(Conflict { meetings: vec![place], reason })
    });
    alone.or_else(|| smallest(day))
}

/// What speaks against a meeting by itself.
fn alone(day: &Day, fixed: &Fixed) -> Option<Reason> {
    let (Some(enterprise), Some(expert)) = (day.enterprises.get(fixed.enterprise), day.experts.get(fixed.expert))
    else {
        return Some(Reason::Unknown);
    };
    if fixed.slot >= day.slots.min(MOST_SLOTS) {
        return Some(Reason::Slot);
    }
    if day.tables == 0 {
        return Some(Reason::Tables);
    }
    if fixed.table.is_some_and(|table| table >= day.tables) {
        return Some(Reason::Table);
    }
    if enterprise.hours & expert.hours & 1 << fixed.slot == 0 {
        return Some(Reason::Absent);
    }
    let pair = day.pairs.iter().find(|pair| (pair.enterprise, pair.expert) == (fixed.enterprise, fixed.expert));
    if pair.is_some_and(|pair| pair.slots >> fixed.slot & 1 == 0) {
        return Some(Reason::Forbidden);
    }
    if enterprise.most == 0 {
        return Some(Reason::MostOfEnterprise(fixed.enterprise));
    }
    (expert.most == 0).then_some(Reason::MostOfExpert(fixed.expert))
}

/// The smallest of the sets that are one too many of something: meetings of two, of somebody in a slot, at a table, of
/// somebody all day, in a slot. No other sets conflict, for whatever tables are not fixed can be given out freely.
fn smallest(day: &Day) -> Option<Conflict> {
    let fixed = || day.fixed.iter();
    let most = |side: &[super::Guest], guest: usize| side.get(guest).map_or(0, |guest| guest.most);
    let mut found: Option<Conflict> = None;
    let mut too_many = |reason: Reason, most: usize, of: &dyn Fn(&Fixed) -> bool| {
        let meetings: Vec<usize> = fixed().enumerate().filter(|(_, fixed)| of(fixed)).map(|(place, _)| place).collect();
        let fewer = found.as_ref().is_none_or(|found| most + 1 < found.meetings.len());
        if meetings.len() > most && fewer {
            found = Some(Conflict { meetings: meetings[..=most].to_vec(), reason });
        }
    };
    for one in fixed() {
        too_many(Reason::Twice, 1, &|other| (other.enterprise, other.expert) == (one.enterprise, one.expert));
        let at = |other: &Fixed| other.slot == one.slot;
        too_many(Reason::Enterprise(one.enterprise), 1, &|other| at(other) && other.enterprise == one.enterprise);
        too_many(Reason::Expert(one.expert), 1, &|other| at(other) && other.expert == one.expert);
        too_many(Reason::Shared, 1, &|other| at(other) && one.table.is_some() && other.table == one.table);
        let (enterprise, expert) = (most(&day.enterprises, one.enterprise), most(&day.experts, one.expert));
        too_many(Reason::MostOfEnterprise(one.enterprise), enterprise, &|other| other.enterprise == one.enterprise);
        too_many(Reason::MostOfExpert(one.expert), expert, &|other| other.expert == one.expert);
        too_many(Reason::Tables, day.tables, &at);
    }
    found
}
