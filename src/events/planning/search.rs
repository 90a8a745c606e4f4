//! Looking for a better plan where hours differ: simulated annealing (Kirkpatrick, Gelatt, Vecchi 1983) whose step is to
//! put a pair into a slot, send away who is in the way, and let those sit elsewhere if there is a place.

use std::time::Instant;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::board::Board;
use super::day::{Slots, each};

/// Steps between two looks at the clock.
const STRETCH: u32 = 1 << 10;

/// How a search goes.
#[derive(Clone, Copy)]
pub(super) struct Cooling {
    /// Losses that are as good as always taken at the beginning and the end, in value.
    pub from: f64,
    pub to: f64,
    /// Steps, unless time runs out before.
    pub steps: u64,
    pub until: Instant,
    pub seed: u64,
}

/// A board on its way, and the way back.
struct Walk<'a, 'b> {
    board: &'b mut Board<'a>,
    random: SmallRng,
    /// What the step so far has done: links, and where they were.
    done: Vec<(usize, Option<usize>)>,
    /// Links that lost their place in this step.
    sent: Vec<usize>,
}

/// Searches from where the board stands; it is left at the best that was found. Ends as soon as the value is `enough`.
pub(super) fn search(board: &mut Board, cooling: &Cooling, enough: impl Fn(i64) -> bool) {
    if board.task.links.is_empty() {
        return;
    }
    let mut best = board.clone();
    let random = SmallRng::seed_from_u64(cooling.seed);
    let mut walk = Walk { board, random, done: Vec::new(), sent: Vec::new() };
    let mut heat = cooling.from;
    let stretches = (cooling.steps / u64::from(STRETCH)).max(1);
    let cools = (cooling.to / cooling.from).powf(1.0 / stretches as f64);
    for _ in 0..stretches {
        for _ in 0..STRETCH {
            walk.step(heat);
            if walk.board.value() > best.value() {
                best.clone_from(walk.board);
            }
        }
        if enough(best.value()) || Instant::now() >= cooling.until {
            break;
        }
        heat *= cools;
    }
    walk.board.clone_from(&best);
}

impl Walk<'_, '_> {
    /// One step, taken back if it loses more than chance allows.
    fn step(&mut self, heat: f64) {
        let before = self.board.value();
        let link = self.random.random_range(0..self.board.task.links.len());
        let Some(slot) = self.any(self.board.task.links[link].open) else { return };
        self.done.clear();
        self.sent.clear();
        self.place(link, slot);
        while let Some(sent) = self.sent.pop() {
            self.settle(sent);
        }
        let lost = before - self.board.value();
        if lost > 0 && self.random.random::<f64>() >= (-(lost as f64) / heat).exp() {
            self.back();
        }
    }

    /// A link into a slot, and who is in the way out of it.
    fn place(&mut self, link: usize, slot: usize) {
        if self.board.slot(link) == Some(slot) {
            return;
        }
        let ends = self.board.task.links[link].ends;
        let met = self.board.slot(link).is_some();
        if met {
            self.take(link);
        }
        for (side, end) in ends.into_iter().enumerate() {
            if let Some(other) = self.board.seat(side, end, slot) {
                self.send(other);
            }
        }
        for (side, end) in ends.into_iter().enumerate() {
            if self.board.is_sated(side, end) {
                let met = each(self.board.busy(side, end)).filter_map(|slot| self.board.seat(side, end, slot));
                if let Some(worst) = met.min_by_key(|link| self.board.task.links[*link].worth) {
                    self.send(worst);
                }
            }
        }
        if self.board.is_full(slot) {
            let guests = self.board.task.guests[0].len();
            let first = self.random.random_range(0..guests);
            let other = (0..guests).find_map(|step| self.board.seat(0, (first + step) % guests, slot));
            if let Some(other) = other {
                self.send(other);
            }
        }
        self.done.push((link, None));
        self.board.put(link, slot);
    }

    /// One who lost its place sits down elsewhere, or somebody takes the place of its guests.
    fn settle(&mut self, link: usize) {
        let free = self.board.free(link);
        if let Some(slot) = self.any(free) {
            self.done.push((link, None));
            self.board.put(link, slot);
        }
    }

    fn send(&mut self, link: usize) {
        self.take(link);
        self.sent.push(link);
    }

    fn take(&mut self, link: usize) {
        let slot = self.board.take(link);
        self.done.push((link, slot));
    }

    fn back(&mut self) {
        while let Some((link, slot)) = self.done.pop() {
            match slot {
                Some(slot) => self.board.put(link, slot),
                None => drop(self.board.take(link)),
            }
        }
    }

    /// Any one of some slots.
    fn any(&mut self, slots: Slots) -> Option<usize> {
        let count = slots.count_ones();
        (count > 0).then(|| each(slots).nth(self.random.random_range(0..count) as usize)).flatten()
    }
}
