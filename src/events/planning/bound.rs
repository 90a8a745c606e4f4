//! A bound on what any plan is worth.
//!
//! Hours are prices: a meeting in a slot costs what the hours of its two guests and a table cost then, and what all hours
//! and tables cost together is added. At any prices the best pairs, each in its cheapest slot, are worth at least as much
//! as any plan (Lagrangian relaxation: Held & Karp 1971). Prices move against what the pairs take too often.

use super::day::{Slots, each};
use super::flow::{NEVER, best};
use super::task::Task;

/// A step that takes less than this part of what is missing is idle; so many of them, and the next ones are shorter; shorter
/// than this they go nowhere.
const WORTHWHILE: i64 = 500;
const PATIENCE: u32 = 8;
const STILL: f64 = 1e-3;

/// Prices of hours by guest and slot, and of tables by slot.
#[derive(Clone)]
struct Prices {
    hours: [Vec<i64>; 2],
    tables: Vec<i64>,
}

/// The best pairs at some prices.
pub(super) struct Relaxed {
    /// What no plan exceeds.
    pub bound: i64,
    /// The pairs, and the slots of each that are as cheap as any.
    pub pairs: Vec<(usize, Slots)>,
    /// What the bound loses at least if a link is among the pairs.
    losses: Vec<i64>,
    /// What each link gains in its cheapest slots.
    gains: Vec<i64>,
    prices: Prices,
}

impl Relaxed {
    /// What no plan exceeds in which a link meets in a slot.
    pub fn at_most(&self, task: &Task, link: usize, slot: usize) -> i64 {
        self.bound - self.losses[link] - (self.gains[link] - self.prices.gain(task, link, slot))
    }
}

impl Prices {
    fn none(task: &Task) -> Self {
        Self { hours: [0, 1].map(|side| vec![0; task.guests[side].len() * task.slots]), tables: vec![0; task.slots] }
    }

    fn each_mut(&mut self) -> impl Iterator<Item = &mut i64> {
        self.hours.iter_mut().flatten().chain(&mut self.tables)
    }

    /// What is gained by a link in a slot.
    fn gain(&self, task: &Task, link: usize, slot: usize) -> i64 {
        let known = &task.links[link];
        let price = |side: usize| self.hours[side][known.ends[side] * task.slots + slot];
        known.worth_in(slot) - price(0) - price(1) - self.tables[slot]
    }

    /// What all hours and tables cost.
    fn whole(&self, task: &Task) -> i64 {
        let tables: i64 =
            self.tables.iter().zip(&task.rooms).map(|(price, rooms)| price * i64::try_from(*rooms).unwrap_or(0)).sum();
        self.hours.iter().flatten().sum::<i64>() + tables
    }

    /// The best pairs at these prices.
    fn relaxed(&self, task: &Task, room: usize) -> Relaxed {
        let experts = task.guests[1].len();
        let mut gains = vec![NEVER; task.guests[0].len() * experts];
        let mut cheapest = vec![0; task.links.len()];
        for (place, link) in task.links.iter().enumerate() {
            let gain = &mut gains[link.ends[0] * experts + link.ends[1]];
            for slot in each(link.open) {
                let here = self.gain(task, place, slot);
                if here > *gain {
                    (*gain, cheapest[place]) = (here, 0);
                }
                if here == *gain {
                    cheapest[place] |= 1 << slot;
                }
            }
        }
        let flow = best(task, &gains, room);
        let of = |link: &super::task::Link| gains[link.ends[0] * experts + link.ends[1]];
        let losses = task.links.iter().map(|link| flow.loss(link.ends[0], link.ends[1], of(link))).collect();
        let pairs = flow.pairs().filter_map(|(enterprise, expert)| task.link(enterprise, expert));
        let pairs = pairs.map(|link| (link, cheapest[link])).collect();
        let gains = task.links.iter().map(of).collect();
        Relaxed { bound: flow.total + self.whole(task), pairs, losses, gains, prices: self.clone() }
    }
}

/// Prices on their way down.
pub(super) struct Descent {
    prices: Prices,
    /// The prices of the lowest bound so far.
    best: Prices,
    pub lowest: i64,
    /// How far a step goes, of the way to what is known to be reached.
    stride: f64,
    /// Steps that brought next to nothing.
    idle: u32,
}

impl Descent {
    pub fn new(task: &Task) -> Self {
        let prices = Prices::none(task);
        Self { best: prices.clone(), prices, lowest: i64::MAX, stride: 1.0, idle: 0 }
    }

    /// The best pairs at the best prices.
    pub fn relaxed(&self, task: &Task, room: usize) -> Relaxed {
        self.best.relaxed(task, room)
    }

    /// Looks at where the prices stand, and moves them against what is taken too often. `reached` is what some plan is
    /// worth.
    pub fn step(&mut self, task: &Task, room: usize, reached: i64) {
        let relaxed = self.prices.relaxed(task, room);
        self.idle += 1;
        if relaxed.bound < self.lowest {
            if self.lowest.saturating_sub(relaxed.bound) > self.lowest.saturating_sub(reached) / WORTHWHILE {
                self.idle = 0;
            }
            self.lowest = relaxed.bound;
            self.best = self.prices.clone();
        }
        if self.idle > PATIENCE {
            self.stride /= 2.0;
            self.idle = 0;
            self.prices = self.best.clone();
        }
        let spread = spread(task, relaxed.pairs);
        self.turn(task, &spread, relaxed.bound.saturating_sub(reached));
    }

    /// Whether steps have become too short to go anywhere.
    pub fn is_still(&self) -> bool {
        self.stride < STILL
    }

    fn turn(&mut self, task: &Task, meetings: &[(usize, usize)], gap: i64) {
        let mut over = Prices::none(task);
        over.hours.iter_mut().for_each(|hours| hours.fill(-1));
        for (table, rooms) in over.tables.iter_mut().zip(&task.rooms) {
            *table = -i64::try_from(*rooms).unwrap_or(0);
        }
        for (link, slot) in meetings {
            for side in 0..2 {
                over.hours[side][task.links[*link].ends[side] * task.slots + slot] += 1;
            }
            over.tables[*slot] += 1;
        }
        // What costs nothing cannot become cheaper.
        for (over, price) in over.each_mut().zip(self.prices.each_mut()) {
            if *price == 0 {
                *over = (*over).max(0);
            }
        }
        let length: i64 = over.each_mut().map(|over| *over * *over).sum();
        if length == 0 {
            return;
        }
        let step = self.stride * gap.max(1) as f64 / length as f64;
        for (over, price) in over.each_mut().zip(self.prices.each_mut()) {
            #[expect(clippy::cast_possible_truncation, reason = "prices are far below the limits of a number")]
            let by = (step * *over as f64).round() as i64;
            *price = (*price + by).max(0);
        }
    }
}

/// A slot for each pair, of those that are as good, in which its guests and the tables are least in demand.
fn spread(task: &Task, mut pairs: Vec<(usize, Slots)>) -> Vec<(usize, usize)> {
    pairs.sort_by_key(|(link, slots)| (slots.count_ones(), *link));
    let mut wanted = [0, 1].map(|side| vec![0_u32; task.guests[side].len() * task.slots]);
    let mut taken = vec![0_usize; task.slots];
    let mut spread = Vec::with_capacity(pairs.len());
    for (link, slots) in pairs {
        let places = task.links[link].ends.map(|end| end * task.slots);
        let crowd = |slot: &usize| {
            let over = u32::from(taken[*slot] >= task.rooms[*slot]);
            (wanted[0][places[0] + slot] + wanted[1][places[1] + slot] + over, taken[*slot])
        };
        if let Some(slot) = each(slots).min_by_key(crowd) {
            wanted[0][places[0] + slot] += 1;
            wanted[1][places[1] + slot] += 1;
            taken[slot] += 1;
            spread.push((link, slot));
        }
    }
    spread
}
