//! A day planned.

use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::board::Board;
use super::colouring::colour;
use super::conflicts::{Conflict, conflict};
use super::day::{Day, Fixed};
use super::flow::{Flow, NEVER, best};
use super::gaps;
use super::race::race;
use super::tables::seat;
use super::task::Task;

/// A meeting of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Meeting {
    pub slot: usize,
    pub table: usize,
    pub enterprise: usize,
    pub expert: usize,
}

/// The meetings of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// By slot and table.
    pub meetings: Vec<Meeting>,
    /// What they weigh.
    pub total: u64,
    /// What no plan of the day exceeds.
    pub bound: u64,
}

/// What part of the time is kept for gaps.
const FOR_GAPS: f64 = 0.2;

impl Plan {
    /// Whether no plan of the day weighs more.
    #[must_use]
    pub fn is_best(&self) -> bool {
        self.total >= self.bound
    }

    /// What is missing to the bound, as a part of it.
    #[must_use]
    pub fn gap(&self) -> f64 {
        if self.bound == 0 { 0.0 } else { 1.0 - self.total as f64 / self.bound as f64 }
    }
}

/// Plans a day in about the time there is.
///
/// # Errors
/// If its fixed meetings cannot all be held.
pub fn plan(day: &Day, time: Duration) -> Result<Plan, Conflict> {
    replan(day, &[], 0, time)
}

/// Plans a day again of which the meetings of a plan before are known. That one of them stays in its slot weighs as much as
/// `stay`, so that it is moved only for something better.
///
/// # Errors
/// If its fixed meetings cannot all be held.
pub fn replan(day: &Day, before: &[Meeting], stay: u32, time: Duration) -> Result<Plan, Conflict> {
    if let Some(conflict) = conflict(day) {
        return Err(conflict);
    }
    let until = Instant::now() + time;
    let task = Task::of(day, before, stay);
    let (mut board, bound) = if task.is_even() { even(&task) } else { race(&task, time.mul_f64(1.0 - FOR_GAPS)) };
    gaps::close(&mut board, until);
    // What stays adds to that bound; no plan weighs more than the best pairs without it.
    let bound = if before.is_empty() { bound } else { bound.min(best_pairs(&Task::of(day, &[], 0)).total) };
    Ok(finished(day, &board, before, bound))
}

/// The plan that takes the heaviest pair first, each in the emptiest slot that is free.
///
/// # Errors
/// If its fixed meetings cannot all be held.
pub fn greedy(day: &Day) -> Result<Plan, Conflict> {
    if let Some(conflict) = conflict(day) {
        return Err(conflict);
    }
    let task = Task::of(day, &[], 0);
    let mut board = Board::new(&task);
    board.fill(task.heaviest());
    Ok(finished(day, &board, &[], best_pairs(&task).total))
}

/// The best plan of a day on which everybody is there all the time.
fn even(task: &Task) -> (Board<'_>, i64) {
    let flow = best_pairs(task);
    let pairs = flow.pairs();
    let links: Vec<usize> = pairs.filter_map(|(enterprise, expert)| task.link(enterprise, expert)).collect();
    let mut board = Board::new(task);
    colour(&mut board, &links);
    (board, flow.total)
}

/// The best pairs, whatever the hours are.
fn best_pairs(task: &Task) -> Flow {
    let experts = task.guests[1].len();
    let mut gains = vec![NEVER; task.guests[0].len() * experts];
    for link in &task.links {
        gains[link.ends[0] * experts + link.ends[1]] = link.worth;
    }
    best(task, &gains, task.room())
}

/// The plan of a board and the fixed meetings.
fn finished(day: &Day, board: &Board, before: &[Meeting], bound: i64) -> Plan {
    let task = board.task;
    let weights: FxHashMap<_, _> =
        day.pairs.iter().map(|pair| ((pair.enterprise, pair.expert), u64::from(pair.weight))).collect();
    let weight = |fixed: &Fixed| weights.get(&(fixed.enterprise, fixed.expert)).copied().unwrap_or(0);
    let fixed: u64 = day.fixed.iter().map(weight).sum();
    let free: u64 = board.meetings().map(|(link, _)| u64::from(task.links[link].weight)).sum();
    let bound = u64::try_from(bound / task.unit).unwrap_or(0).max(free);
    Plan { meetings: seat(day, board, before), total: fixed + free, bound: fixed + bound }
}
