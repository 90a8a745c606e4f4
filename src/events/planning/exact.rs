//! The best plan there is, of those that the bound leaves open, by branch and bound over linear programs.

use std::time::Duration;

use microlp::{ComparisonOp, OptimizationDirection, Problem, SolutionStatus, SolveOptions, SolveOutcome, Variable};
use rustc_hash::FxHashMap;

use super::board::Board;
use super::bound::Relaxed;
use super::day::each;
use super::task::Task;

/// Links in slots that could be part of a plan better than the one at hand, which is among them.
pub(super) fn open(board: &Board, relaxed: &Relaxed) -> Vec<(usize, usize)> {
    let mut open = Vec::new();
    for (link, known) in board.task.links.iter().enumerate() {
        let could = |slot: &usize| relaxed.at_most(board.task, link, *slot) > board.value();
        open.extend(
            each(known.open).filter(|slot| board.slot(link) == Some(*slot) || could(slot)).map(|at| (link, at)),
        );
    }
    open
}

/// What constraints are about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum About {
    /// A guest has one meeting in a slot.
    Hour(usize, usize, usize),
    /// A pair meets once.
    Link(usize),
    /// A guest has so many meetings at most.
    Guest(usize, usize),
    /// A slot has so many tables.
    Tables(usize),
}

/// Makes the best plan of what is open, beginning with the one at hand, if there is time; gives back what no plan exceeds,
/// if that was found out.
pub(super) fn solve(board: &mut Board, open: &[(usize, usize)], time: Duration) -> Option<i64> {
    let task = board.task;
    let mut problem = Problem::new(OptimizationDirection::Maximize);
    let mut rows: FxHashMap<About, Vec<Variable>> = FxHashMap::default();
    let mut start = Vec::new();
    let mut columns = Vec::new();
    for (link, slot) in open {
        let known = &task.links[*link];
        let column = problem.add_binary_var(known.worth_in(*slot) as f64 / task.unit as f64);
        let [enterprise, expert] = known.ends;
        for about in [
            About::Hour(0, enterprise, *slot),
            About::Hour(1, expert, *slot),
            About::Link(*link),
            About::Guest(0, enterprise),
            About::Guest(1, expert),
            About::Tables(*slot),
        ] {
            rows.entry(about).or_default().push(column);
        }
        start.push((column, if board.slot(*link) == Some(*slot) { 1.0 } else { 0.0 }));
        columns.push(column);
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_unstable_by_key(|(about, _)| *about);
    for (about, columns) in rows {
        let most = match about {
            About::Hour(..) | About::Link(_) => 1,
            About::Guest(side, guest) => task.guests[side][guest].most,
            About::Tables(slot) => task.rooms[slot],
        };
        if let About::Guest(side, guest) = about
            && task.guests[side][guest].first > 0
        {
            first(&mut problem, task, &columns, &mut start);
        }
        if columns.len() > most {
            let sum: Vec<_> = columns.into_iter().map(|column| (column, 1.0)).collect();
            problem.add_constraint(&sum[..], ComparisonOp::Le, most as f64);
        }
    }
    let mut options = SolveOptions::default();
    (options.time_limit, options.warm_start) = (Some(time), Some(start));
    // Whatever keeps the solver from an answer, the plan at hand stays.
    let Ok(SolveOutcome::Solution(solution)) = problem.solve_with(options) else { return None };
    let chosen = || columns.iter().zip(open).filter(|(column, _)| solution.var_value(**column) > 0.5);
    let mut found = Board::new(task);
    for (_, (link, slot)) in chosen() {
        if found.free(*link) >> slot & 1 == 1 {
            found.put(*link, *slot);
        }
    }
    if found.value() > board.value() {
        board.clone_from(&found);
    }
    if solution.status() == SolutionStatus::Optimal {
        return Some(board.value());
    }
    solution.stats().best_bound.map(|bound| rounded(bound * task.unit as f64))
}

/// A bound of the solver, which computes in floating point, as a whole number no lower.
#[expect(clippy::cast_possible_truncation, reason = "far below the limits of a number")]
fn rounded(bound: f64) -> i64 {
    (bound + bound.abs() * 1e-9 + 1e-3).ceil() as i64
}

/// A guest who wished has a first meeting.
fn first(problem: &mut Problem, task: &Task, columns: &[Variable], start: &mut Vec<(Variable, f64)>) {
    let met = problem.add_binary_var(1.0 / task.unit as f64);
    let sum = columns.iter().map(|column| (*column, -1.0)).chain([(met, 1.0)]);
    problem.add_constraint(&sum.collect::<Vec<_>>()[..], ComparisonOp::Le, 0.0);
    let meets = columns.iter().any(|column| start[column.idx()].1 > 0.5);
    start.push((met, if meets { 1.0 } else { 0.0 }));
}
