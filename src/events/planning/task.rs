//! What is left to plan of a day once its fixed meetings are held.

use std::cmp::Reverse;

use rustc_hash::{FxHashMap, FxHashSet};

use super::day::{Day, Guest, MOST_SLOTS, Slots, each};
use super::plan::Meeting;

/// A day without what is fixed, and what its meetings are worth.
pub(super) struct Task {
    pub slots: usize,
    /// Meetings that each slot has room for.
    pub rooms: Vec<usize>,
    pub guests: [Vec<Place>; 2],
    pub links: Vec<Link>,
    /// Links by enterprise and expert.
    index: FxHashMap<[usize; 2], usize>,
    /// What a unit of weight is worth: more than all that equal weights are told apart by.
    pub unit: i64,
}

/// A guest.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub hours: Slots,
    /// Meetings, no more than hours.
    pub most: usize,
    /// What a first meeting is worth beside its weight: one, to those who wished and have none.
    pub first: i64,
}

/// A pair that can meet.
#[derive(Clone, Copy)]
pub(super) struct Link {
    /// The enterprise and the expert.
    pub ends: [usize; 2],
    pub weight: u32,
    /// When they can meet.
    pub open: Slots,
    /// The slot in which they met in the plan before, if that is still open.
    pub kept: Option<usize>,
    /// What it is worth to meet, and to meet in the kept slot.
    pub worth: i64,
    pub stay: i64,
}

impl Task {
    /// `before` are the meetings of the plan before, and `stay` what it weighs that one of them stays where it is.
    pub fn of(day: &Day, before: &[Meeting], stay: u32) -> Self {
        let all = day.all();
        let unit = i64::try_from(day.enterprises.len() + day.experts.len() + 1).unwrap_or(i64::MAX);
        let mut rooms = vec![day.tables; day.slots];
        let mut guests = day.sides().map(|side| {
            let place = |guest: &Guest| Place { hours: guest.hours & all, most: guest.most, first: 0 };
            side.iter().map(place).collect::<Vec<_>>()
        });
        let mut met = [vec![false; guests[0].len()], vec![false; guests[1].len()]];
        let mut held = FxHashSet::default();
        for fixed in &day.fixed {
            let ends = [fixed.enterprise, fixed.expert];
            for (side, end) in ends.into_iter().enumerate() {
                let place = &mut guests[side][end];
                place.hours &= !(1 << fixed.slot);
                place.most = place.most.saturating_sub(1);
                met[side][end] = true;
            }
            rooms[fixed.slot] = rooms[fixed.slot].saturating_sub(1);
            held.insert(ends);
        }
        let before: FxHashMap<_, _> =
            before.iter().map(|meeting| ([meeting.enterprise, meeting.expert], meeting.slot)).collect();
        let roomy = each(all).filter(|slot| rooms[*slot] > 0).fold(0, |slots, slot| slots | 1 << slot);
        let mut links = Vec::with_capacity(day.pairs.len());
        for pair in &day.pairs {
            let ends = [pair.enterprise, pair.expert];
            let open = guests[0][ends[0]].hours & guests[1][ends[1]].hours & pair.slots & roomy;
            let able = (0..2).all(|side| guests[side][ends[side]].most > 0);
            if pair.weight == 0 || open == 0 || !able || held.contains(&ends) {
                continue;
            }
            for side in 0..2 {
                if pair.wished[side] && !met[side][ends[side]] {
                    guests[side][ends[side]].first = 1;
                }
            }
            let kept = before.get(&ends).copied().filter(|slot| open >> slot & 1 == 1);
            let (worth, stay) = (i64::from(pair.weight) * unit, i64::from(stay) * unit);
            links.push(Link { ends, weight: pair.weight, open, kept, worth, stay });
        }
        for place in guests.iter_mut().flatten() {
            place.most = place.most.min(place.hours.count_ones() as usize);
        }
        let index = links.iter().enumerate().map(|(place, link)| (link.ends, place)).collect();
        Self { slots: day.slots, rooms, guests, links, index, unit }
    }

    /// The link of an enterprise and an expert, if they can meet.
    pub fn link(&self, enterprise: usize, expert: usize) -> Option<usize> {
        self.index.get(&[enterprise, expert]).copied()
    }

    /// All links, the heaviest first.
    pub fn heaviest(&self) -> Vec<usize> {
        let mut links: Vec<usize> = (0..self.links.len()).collect();
        links.sort_by_key(|link| Reverse(self.links[*link].weight));
        links
    }

    /// Meetings that there is room for.
    pub fn room(&self) -> usize {
        let there = |side: usize, slot: usize| {
            self.guests[side].iter().filter(|place| place.most > 0 && place.hours >> slot & 1 == 1).count()
        };
        (0..self.slots).map(|slot| self.rooms[slot].min(there(0, slot)).min(there(1, slot))).sum()
    }

    /// Whether everybody can meet in all slots, so that who meets is all there is to choose.
    pub fn is_even(&self) -> bool {
        let all = if self.slots == 0 { 0 } else { Slots::MAX >> (MOST_SLOTS - self.slots) };
        self.links.iter().all(|link| link.open == all && link.kept.is_none())
            && self.rooms.windows(2).all(|pair| pair[0] == pair[1])
    }
}

impl Link {
    /// What the meeting is worth in a slot.
    pub fn worth_in(&self, slot: usize) -> i64 {
        if self.kept == Some(slot) { self.worth + self.stay } else { self.worth }
    }
}
