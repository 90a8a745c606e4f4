//! What is other in a plan than in the one before.

use rustc_hash::FxHashMap;

use super::plan::Meeting;

/// How one plan differs from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub moved: Vec<Moved>,
    pub dropped: Vec<Meeting>,
    pub added: Vec<Meeting>,
    /// Meetings that are as they were.
    pub kept: usize,
}

/// A meeting in another slot or at another table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    pub from: Meeting,
    pub to: Meeting,
}

/// What is other.
#[must_use]
pub fn between(before: &[Meeting], after: &[Meeting]) -> Changes {
    let pair = |meeting: &Meeting| (meeting.enterprise, meeting.expert);
    let mut old: FxHashMap<_, _> = before.iter().map(|meeting| (pair(meeting), *meeting)).collect();
    let mut changes = Changes::default();
    for to in after {
        match old.remove(&pair(to)) {
            None => changes.added.push(*to),
            Some(from) if from == *to => changes.kept += 1,
            Some(from) => changes.moved.push(Moved { from, to: *to }),
        }
    }
    changes.dropped = old.into_values().collect();
    changes.dropped.sort_unstable();
    changes
}
