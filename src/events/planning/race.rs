//! A plan from below and a bound from above, where hours differ: a search and the prices of hours, each on a thread. Once
//! few enough meetings are still possible in a better plan, linear programs look through them.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use super::board::Board;
use super::bound::Descent;
use super::exact;
use super::search::{Cooling, search};
use super::task::Task;

/// After what parts of the time linear programs are tried.
const TRIES: [u32; 2] = [8, 2];
/// Meetings in slots that linear programs can cope with.
const COLUMNS: usize = 8000;
/// What part of the time that is left they may take at most; they end somewhat later than they are told.
const FOR_PROGRAMS: f64 = 0.75;
/// Steps of the first round of a search for each meeting in a slot; each round is twice as long as the one before, up to
/// the longest.
const STEPS: u64 = 32;
const LONGEST: u32 = 7;
/// What is as good as always lost at the beginning and the end of a round, of what the heaviest pair is worth.
const HEAT: (f64, f64) = (0.1, 0.001);

/// A good plan, and what no plan exceeds.
pub(super) fn race(task: &Task, time: Duration) -> (Board<'_>, i64) {
    let began = Instant::now();
    let mut board = Board::new(task);
    board.fill((0..task.links.len()).filter(|link| task.links[*link].kept.is_some()));
    board.fill(task.heaviest());
    let room = task.room();
    let mut race = Race { task, room, board, descent: Descent::new(task, room), round: 0 };
    for part in TRIES {
        race.approach(began + time / part, true);
        if race.is_over() {
            break;
        }
        race.finish(began + time);
    }
    race.approach(began + time, false);
    (race.board, race.descent.lowest)
}

struct Race<'a> {
    task: &'a Task,
    room: usize,
    board: Board<'a>,
    descent: Descent,
    /// Rounds of the search so far.
    round: u32,
}

/// What the threads tell each other.
struct Progress {
    /// What a plan is worth, and what no plan exceeds.
    reached: AtomicI64,
    lowest: AtomicI64,
    /// Whether there is nothing left to wait for.
    over: AtomicBool,
}

impl Progress {
    fn is_over(&self) -> bool {
        let met = self.reached.load(Ordering::Relaxed) >= self.lowest.load(Ordering::Relaxed);
        met || self.over.load(Ordering::Relaxed)
    }
}

impl Race<'_> {
    fn is_over(&self) -> bool {
        self.board.value() >= self.descent.lowest
    }

    fn progress(&self) -> Progress {
        let (reached, lowest) = (AtomicI64::new(self.board.value()), AtomicI64::new(self.descent.lowest));
        Progress { reached, lowest, over: AtomicBool::new(false) }
    }

    /// Until plan and bound meet, or time is up; in haste, only until the bound comes down no more.
    fn approach(&mut self, until: Instant, in_haste: bool) {
        let progress = self.progress();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while Instant::now() < until && !self.descent.is_still() && !progress.is_over() {
                    self.descent.step(self.task, self.room, progress.reached.load(Ordering::Relaxed));
                    progress.lowest.store(self.descent.lowest, Ordering::Relaxed);
                }
                progress.over.store(in_haste, Ordering::Relaxed);
            });
            look(&mut self.board, &mut self.round, until, &progress);
        });
    }

    /// The best plan by linear programs, if few enough meetings are still possible; the search goes on meanwhile.
    fn finish(&mut self, until: Instant) {
        let open = exact::open(&self.board, &self.descent.relaxed(self.task, self.room));
        if open.len() > COLUMNS {
            return;
        }
        let progress = self.progress();
        let mut solved = self.board.clone();
        let time = until.saturating_duration_since(Instant::now()).mul_f64(FOR_PROGRAMS);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                if let Some(bound) = exact::solve(&mut solved, &open, time) {
                    progress.lowest.fetch_min(bound, Ordering::Relaxed);
                }
                progress.over.store(true, Ordering::Relaxed);
            });
            look(&mut self.board, &mut self.round, until, &progress);
        });
        if solved.value() > self.board.value() {
            self.board.clone_from(&solved);
        }
        // A plan that the search has found meanwhile may be better than any of those that were looked through.
        self.descent.lowest = progress.lowest.load(Ordering::Relaxed).max(self.board.value());
    }
}

/// Rounds of the search, until there is nothing left to wait for, or time is up.
fn look(board: &mut Board, round: &mut u32, until: Instant, progress: &Progress) {
    let meetings: u32 = board.task.links.iter().map(|link| link.open.count_ones()).sum();
    let heaviest = board.task.links.iter().map(|link| link.worth).max().unwrap_or(0) as f64;
    while !progress.is_over() && Instant::now() < until {
        let (from, to) = (heaviest * HEAT.0, heaviest * HEAT.1);
        let steps = (STEPS * u64::from(meetings)) << *round;
        search(board, &Cooling { from, to, steps, until, seed: u64::from(*round) }, |value| {
            progress.reached.fetch_max(value, Ordering::Relaxed);
            progress.is_over()
        });
        *round = (*round + 1).min(LONGEST);
    }
}
