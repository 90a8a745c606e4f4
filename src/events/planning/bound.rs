//! A bound on what any plan is worth.
//!
//! Hours are prices: a meeting in a slot costs what the hours of its two guests and a table cost then, and what all hours
//! and tables cost together is added. At any prices the best pairs, each in its cheapest slot, are worth at least as much
//! as any plan (Lagrangian relaxation: Held & Karp 1971). Prices move against what the pairs take too often.

use super::day::each;
use super::flow::{NEVER, best};
use super::hours;
use super::task::{Link, Task};

/// How long steps of the tables are at first.
const STRIDE: f64 = 1.0 / 64.0;
/// After so many steps that bring nothing the next ones are shorter, until they are too short to go anywhere.
const PATIENCE: u32 = 2;
const STILL: f64 = 1e-3;

/// Prices of hours by guest and slot, and of tables by slot.
#[derive(Clone)]
struct Prices {
    hours: [Vec<i64>; 2],
    tables: Vec<i64>,
}

/// What the best pairs at some prices tell.
pub(super) struct Relaxed {
    /// What no plan exceeds.
    pub bound: i64,
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
        for (place, link) in task.links.iter().enumerate() {
            let gain = &mut gains[link.ends[0] * experts + link.ends[1]];
            for slot in each(link.open) {
                *gain = (*gain).max(self.gain(task, place, slot));
            }
        }
        let flow = best(task, &gains, room);
        let of = |link: &Link| gains[link.ends[0] * experts + link.ends[1]];
        let losses = task.links.iter().map(|link| flow.loss(link.ends[0], link.ends[1], of(link))).collect();
        let gains = task.links.iter().map(of).collect();
        Relaxed { bound: flow.total + self.whole(task), losses, gains, prices: self.clone() }
    }
}

/// Prices on their way down. The hours of one side after the other get the best prices that there are at those of the
/// others; tables become dearer in the slots that are too full, and cheaper in others.
pub(super) struct Descent {
    prices: Prices,
    /// The prices of the lowest bound so far.
    best: Prices,
    pub lowest: i64,
    /// The side whose hours are next.
    side: usize,
    /// How far a step of the tables goes, of the way to what is known to be reached.
    stride: f64,
    /// Steps that brought nothing.
    idle: u32,
}

impl Descent {
    pub fn new(task: &Task, room: usize) -> Self {
        let prices = Prices::none(task);
        let lowest = prices.relaxed(task, room).bound;
        Self { best: prices.clone(), prices, lowest, side: 1, stride: STRIDE, idle: 0 }
    }

    /// The best pairs at the best prices.
    pub fn relaxed(&self, task: &Task, room: usize) -> Relaxed {
        self.best.relaxed(task, room)
    }

    /// Moves the prices. `reached` is what some plan is worth.
    pub fn step(&mut self, task: &Task, room: usize, reached: i64) {
        self.prices.hours[self.side].fill(0);
        let (worth, taken) = hours::worth(task, self.side, room, &|link, slot| self.prices.gain(task, link, slot));
        self.prices.hours[self.side] = worth;
        self.side = 1 - self.side;
        let bound = self.prices.relaxed(task, room).bound;
        if bound < self.lowest {
            (self.lowest, self.idle, self.stride) = (bound, 0, self.stride * 1.5);
            self.best.clone_from(&self.prices);
        } else {
            self.idle += 1;
            self.prices.clone_from(&self.best);
        }
        if self.idle >= PATIENCE {
            self.stride /= 2.0;
            self.idle = 0;
        }
        self.turn(task, &taken, self.lowest.saturating_sub(reached));
    }

    /// Whether steps have become too short to go anywhere.
    pub fn is_still(&self) -> bool {
        self.stride < STILL
    }

    fn turn(&mut self, task: &Task, taken: &[usize], gap: i64) {
        let over = taken.iter().zip(&task.rooms).zip(&self.prices.tables).map(|((taken, rooms), price)| {
            let over = *taken as f64 - *rooms as f64;
            // What costs nothing cannot become cheaper.
            if *price == 0 { over.max(0.0) } else { over }
        });
        let over: Vec<f64> = over.collect();
        let length: f64 = over.iter().map(|over| over * over).sum();
        if length == 0.0 {
            return;
        }
        let step = self.stride * gap.max(1) as f64 / length;
        for (over, price) in over.iter().zip(&mut self.prices.tables) {
            #[expect(clippy::cast_possible_truncation, reason = "prices are far below the limits of a number")]
            let by = (step * over).round() as i64;
            *price = (*price + by).max(0);
        }
    }
}
