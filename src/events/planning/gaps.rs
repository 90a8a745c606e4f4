//! Fewer and shorter gaps in the days of people: meetings change slots, and nothing else changes. Simulated annealing
//! whose step is that the meetings that hang together in two slots change places.

use std::time::Instant;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::board::Board;
use super::day::{MOST_SLOTS, Slots, each};

/// Steps, unless time runs out before.
const STEPS: usize = 512;
/// Steps between two looks at the clock.
const STRETCH: usize = 1 << 10;
/// Losses that are as good as always taken at the beginning and the end.
const HEAT: (f64, f64) = (60.0, 1.0);

/// Closes gaps until there are none, or time is up.
pub(super) fn close(board: &mut Board, until: Instant) {
    let guests: Vec<(usize, usize)> =
        (0..2).flat_map(|side| (0..board.task.guests[side].len()).map(move |guest| (side, guest))).collect();
    let mut now = total(board);
    let mut best = (now, board.clone());
    let mut random = SmallRng::seed_from_u64(0);
    let mut heat = HEAT.0;
    let stretches = (STEPS * guests.len() * board.task.slots).div_ceil(STRETCH);
    let cools = (HEAT.1 / HEAT.0).powf(1.0 / stretches as f64);
    for _ in 0..stretches {
        if best.0 == 0 || Instant::now() >= until {
            break;
        }
        for _ in 0..STRETCH {
            let (side, guest) = guests[random.random_range(0..guests.len())];
            now += step(board, side, guest, heat, &mut random);
            if now < best.0 {
                best.0 = now;
                best.1.clone_from(board);
            }
        }
        heat *= cools;
    }
    board.clone_from(&best.1);
}

/// What the gaps of all days cost.
pub(super) fn total(board: &Board) -> i64 {
    (0..2).flat_map(|side| (0..board.task.guests[side].len()).map(move |guest| cost(board.busy(side, guest)))).sum()
}

/// What the gaps of a day cost: one more is worse than any that are longer.
fn cost(busy: Slots) -> i64 {
    if busy == 0 {
        return 0;
    }
    let day = busy >> busy.trailing_zeros();
    let length = Slots::BITS - day.leading_zeros();
    let stretches = (day & !(day << 1)).count_ones();
    let most = i64::try_from(MOST_SLOTS).unwrap_or(i64::MAX);
    i64::from(stretches - 1) * most + i64::from(length - day.count_ones())
}

/// A guest's meeting changes to another slot; what that costs, or nothing where it was taken back.
fn step(board: &mut Board, side: usize, guest: usize, heat: f64, random: &mut SmallRng) -> i64 {
    let busy = board.busy(side, guest);
    let others = board.task.guests[side][guest].hours;
    if busy == 0 || others.count_ones() < 2 {
        return 0;
    }
    let mut any = |slots: Slots| each(slots).nth(random.random_range(0..slots.count_ones()) as usize);
    let Some(from) = any(busy) else { return 0 };
    let Some(to) = any(others & !(1 << from)) else { return 0 };
    let slots = [from, to];
    let chain = board.chain(side, guest, slots);
    let stays = |link: &usize| board.task.links[*link].kept.is_some_and(|kept| board.slot(*link) == Some(kept));
    if chain.iter().any(stays) {
        return 0;
    }
    let before = of(board, &chain);
    if !board.swap(&chain, slots) {
        return 0;
    }
    let costs = of(board, &chain) - before;
    if costs > 0 && random.random::<f64>() >= (-(costs as f64) / heat).exp() {
        board.turn(&chain, slots);
        return 0;
    }
    costs
}

/// What the gaps of those cost who meet in a chain. Those inside it have two meetings and as many gaps after as before,
/// so that it does no harm that they count twice.
fn of(board: &Board, chain: &[usize]) -> i64 {
    let ends = chain.iter().map(|link| board.task.links[*link].ends);
    ends.map(|[enterprise, expert]| cost(board.busy(0, enterprise)) + cost(board.busy(1, expert))).sum()
}
