//! Tables for the meetings of a plan: guests stay where they sit, as far as that goes.

use rustc_hash::FxHashMap;

use super::board::Board;
use super::day::Day;
use super::plan::Meeting;

/// Which table somebody at a meeting (an enterprise, an expert, and the table if it is fixed) would have.
type Wanted<'a> = &'a dyn Fn(&(usize, usize, Option<usize>)) -> Option<usize>;

/// The meetings of a board and the fixed ones, each at a table. One that is as in the plan before keeps its table, others
/// take the table at which the expert sat last, or the enterprise.
pub(super) fn seat(day: &Day, board: &Board, before: &[Meeting]) -> Vec<Meeting> {
    let before: FxHashMap<_, _> =
        before.iter().map(|meeting| ((meeting.slot, meeting.enterprise, meeting.expert), meeting.table)).collect();
    let mut slots = vec![Vec::new(); day.slots];
    for fixed in &day.fixed {
        slots[fixed.slot].push((fixed.enterprise, fixed.expert, fixed.table));
    }
    for (link, slot) in board.meetings() {
        let [enterprise, expert] = board.task.links[link].ends;
        slots[slot].push((enterprise, expert, None));
    }
    let mut last = [vec![None; day.enterprises.len()], vec![None; day.experts.len()]];
    let mut seated = Vec::new();
    for (slot, mut meetings) in slots.into_iter().enumerate() {
        meetings.sort_unstable();
        let mut free = vec![true; day.tables];
        let mut tables = vec![None; meetings.len()];
        // Those who must come first, then those who may; expert `n` begins at table `n`.
        let orders: [Wanted; 5] = [
            &|meeting| meeting.2,
            &|meeting| before.get(&(slot, meeting.0, meeting.1)).copied(),
            &|meeting| last[1][meeting.1].or(Some(meeting.1)),
            &|meeting| last[0][meeting.0],
            &|_| None,
        ];
        for (order, wanted) in orders.into_iter().enumerate() {
            for (meeting, table) in meetings.iter().zip(&mut tables) {
                let first = || free.iter().position(|free| *free).filter(|_| order == 4);
                if table.is_none()
                    && let Some(found) = wanted(meeting).filter(|table| free.get(*table) == Some(&true)).or_else(first)
                {
                    free[found] = false;
                    *table = Some(found);
                }
            }
        }
        for ((enterprise, expert, _), table) in meetings.into_iter().zip(tables) {
            if let Some(table) = table {
                (last[0][enterprise], last[1][expert]) = (Some(table), Some(table));
                seated.push(Meeting { slot, table, enterprise, expert });
            }
        }
    }
    seated.sort_unstable();
    seated
}
