//! What is known of a day before it is planned.

/// Slots, the first one the lowest bit.
pub type Slots = u64;

/// Slots that a day can have.
pub const MOST_SLOTS: usize = 64;

/// A day. Enterprises, experts and slots are numbered from 0.
#[derive(Clone, Debug, Default)]
pub struct Day {
    /// At most [`MOST_SLOTS`].
    pub slots: usize,
    /// Meetings that can go on in a slot.
    pub tables: usize,
    pub enterprises: Vec<Guest>,
    pub experts: Vec<Guest>,
    /// Pairs of which something is known, each once. Others meet only where it is fixed.
    pub pairs: Vec<Pair>,
    pub fixed: Vec<Fixed>,
}

/// Somebody who takes part: an enterprise, or an expert or institute.
#[derive(Clone, Copy, Debug)]
pub struct Guest {
    /// When they are there.
    pub hours: Slots,
    /// Meetings that they want at most.
    pub most: usize,
}

/// An enterprise and an expert.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    pub enterprise: usize,
    pub expert: usize,
    /// What their meeting is worth; one that is worth nothing is not held unless it is fixed.
    pub weight: u32,
    /// When they may meet; never, for those who must not.
    pub slots: Slots,
    /// Whether the enterprise and the expert wished for it.
    pub wished: [bool; 2],
}

/// A meeting that must be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fixed {
    pub enterprise: usize,
    pub expert: usize,
    pub slot: usize,
    pub table: Option<usize>,
}

impl Day {
    /// The slots that the day has.
    pub(super) fn all(&self) -> Slots {
        match self.slots {
            0 => 0,
            slots => Slots::MAX >> (MOST_SLOTS - slots.min(MOST_SLOTS)),
        }
    }

    /// Enterprises, then experts.
    pub(super) fn sides(&self) -> [&[Guest]; 2] {
        [&self.enterprises, &self.experts]
    }
}

/// The slots of a set, in order.
pub(super) fn each(mut slots: Slots) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let slot = slots.trailing_zeros() as usize;
        (slots != 0).then(|| {
            slots &= slots - 1;
            slot
        })
    })
}
