//! A plan in the making: who sits where in each slot.

use super::day::{Slots, each};
use super::task::Task;

/// Nobody.
const NONE: u32 = u32::MAX;

/// Meetings by guest and slot. Every change keeps them free of conflicts.
#[derive(Clone)]
pub(super) struct Board<'a> {
    pub task: &'a Task,
    /// The slot of each link, if it meets.
    slot: Vec<Option<u8>>,
    /// The link of each guest in each slot.
    seats: [Vec<u32>; 2],
    /// When guests have meetings, and how many.
    busy: [Vec<Slots>; 2],
    /// Meetings in each slot, and the slots that are full.
    taken: Vec<usize>,
    full: Slots,
    /// What all meetings are worth, those who have a first one included.
    value: i64,
}

impl<'a> Board<'a> {
    pub fn new(task: &'a Task) -> Self {
        let full = task.rooms.iter().enumerate().filter(|(_, rooms)| **rooms == 0);
        Self {
            task,
            slot: vec![None; task.links.len()],
            seats: [0, 1].map(|side| vec![NONE; task.guests[side].len() * task.slots]),
            busy: [0, 1].map(|side| vec![0; task.guests[side].len()]),
            taken: vec![0; task.slots],
            full: full.fold(0, |slots, (slot, _)| slots | 1 << slot),
            value: 0,
        }
    }

    pub fn value(&self) -> i64 {
        self.value
    }

    pub fn slot(&self, link: usize) -> Option<usize> {
        self.slot[link].map(usize::from)
    }

    /// Who sits with a guest in a slot.
    pub fn seat(&self, side: usize, guest: usize, slot: usize) -> Option<usize> {
        let link = self.seats[side][guest * self.task.slots + slot];
        (link != NONE).then_some(link as usize)
    }

    pub fn busy(&self, side: usize, guest: usize) -> Slots {
        self.busy[side][guest]
    }

    /// Whether a guest has all the meetings that they may have.
    pub fn is_sated(&self, side: usize, guest: usize) -> bool {
        self.busy[side][guest].count_ones() as usize >= self.task.guests[side][guest].most
    }

    pub fn taken(&self, slot: usize) -> usize {
        self.taken[slot]
    }

    pub fn is_full(&self, slot: usize) -> bool {
        self.full >> slot & 1 == 1
    }

    /// Slots in which a link that does not meet could, without disturbing anybody.
    pub fn free(&self, link: usize) -> Slots {
        let [enterprise, expert] = self.task.links[link].ends;
        if self.is_sated(0, enterprise) || self.is_sated(1, expert) {
            return 0;
        }
        self.vacant(link)
    }

    /// The same, however many meetings the two have.
    pub fn vacant(&self, link: usize) -> Slots {
        let [enterprise, expert] = self.task.links[link].ends;
        self.task.links[link].open & !(self.busy[0][enterprise] | self.busy[1][expert] | self.full)
    }

    /// A link meets; the slot must be free.
    pub fn put(&mut self, link: usize, slot: usize) {
        let known = &self.task.links[link];
        for (side, end) in known.ends.into_iter().enumerate() {
            if self.busy[side][end] == 0 {
                self.value += self.task.guests[side][end].first;
            }
            self.busy[side][end] |= 1 << slot;
            self.seats[side][end * self.task.slots + slot] = u32::try_from(link).unwrap_or(NONE);
        }
        self.taken[slot] += 1;
        if self.taken[slot] >= self.task.rooms[slot] {
            self.full |= 1 << slot;
        }
        self.slot[link] = u8::try_from(slot).ok();
        self.value += known.worth_in(slot);
    }

    /// A link meets no longer; the slot in which it met.
    pub fn take(&mut self, link: usize) -> Option<usize> {
        let slot = usize::from(self.slot[link].take()?);
        let known = &self.task.links[link];
        for (side, end) in known.ends.into_iter().enumerate() {
            self.busy[side][end] &= !(1 << slot);
            self.seats[side][end * self.task.slots + slot] = NONE;
            if self.busy[side][end] == 0 {
                self.value -= self.task.guests[side][end].first;
            }
        }
        self.taken[slot] -= 1;
        if self.taken[slot] < self.task.rooms[slot] {
            self.full &= !(1 << slot);
        }
        self.value -= known.worth_in(slot);
        Some(slot)
    }

    /// The links that hang together in two slots, beginning with a guest's in either.
    pub fn chain(&self, side: usize, guest: usize, slots: [usize; 2]) -> Vec<usize> {
        let mut chain = Vec::new();
        for first in 0..2 {
            let (mut side, mut guest, mut which) = (side, guest, first);
            while let Some(link) = self.seat(side, guest, slots[which]) {
                if chain.contains(&link) {
                    // It came round to where it began.
                    return chain;
                }
                chain.push(link);
                (side, which) = (1 - side, 1 - which);
                guest = self.task.links[link].ends[side];
            }
        }
        chain
    }

    /// The links of a chain change to the other slot, if all can and there is room; whether they did.
    pub fn swap(&mut self, chain: &[usize], slots: [usize; 2]) -> bool {
        let [first, second] = slots;
        let mut come = [0, 0];
        for link in chain {
            let to = usize::from(self.slot(*link) == Some(first));
            if self.task.links[*link].open >> slots[to] & 1 == 0 {
                return false;
            }
            come[to] += 1;
        }
        let rooms = &self.task.rooms;
        if self.taken[first] + come[0] - come[1] > rooms[first]
            || self.taken[second] + come[1] - come[0] > rooms[second]
        {
            return false;
        }
        self.turn(chain, slots);
        true
    }

    /// The links of a chain change to the other slot, whether there is room or not.
    pub fn turn(&mut self, chain: &[usize], [first, second]: [usize; 2]) {
        let from: Vec<_> = chain.iter().map(|link| self.take(*link)).collect();
        for (link, from) in chain.iter().zip(from) {
            self.put(*link, if from == Some(first) { second } else { first });
        }
    }

    /// All links that meet, and when.
    pub fn meetings(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.slot.len()).filter_map(|link| Some((link, self.slot(link)?)))
    }

    /// Puts links where they fit, the first one first.
    pub fn fill(&mut self, links: impl IntoIterator<Item = usize>) {
        for link in links {
            if self.slot[link].is_none() {
                let slots = self.free(link);
                let kept = self.task.links[link].kept.filter(|kept| slots >> kept & 1 == 1);
                // The emptiest slot leaves most room for others.
                let slot = kept.or_else(|| each(slots).min_by_key(|slot| self.taken[*slot]));
                if let Some(slot) = slot {
                    self.put(link, slot);
                }
            }
        }
    }
}
