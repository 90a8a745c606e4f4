//! Slots for pairs when everybody is there all day: as many slots as the busiest guest has meetings are enough (König
//! 1916), and no slot needs more tables than another by more than one (de Werra 1971).

use super::board::Board;
use super::day::{MOST_SLOTS, Slots, each};

/// Puts all links on a board without hours; each guest has no more of them than there are slots, and all slots together
/// have room for them.
pub(super) fn colour(board: &mut Board, links: &[usize]) {
    for link in links {
        let ends = board.task.links[*link].ends;
        let all = board.task.links[*link].open;
        let busy = [0, 1].map(|side| board.busy(side, ends[side]));
        let slot = match emptiest(board, all & !(busy[0] | busy[1])) {
            Some(slot) => slot,
            None => match clear(board, ends, [all & !busy[0], all & !busy[1]]) {
                Some(slot) => slot,
                None => continue,
            },
        };
        board.put(*link, slot);
    }
    level(board);
}

fn emptiest(board: &Board, slots: Slots) -> Option<usize> {
    each(slots).min_by_key(|slot| board.taken(*slot))
}

/// Makes a slot free for both: in two slots, each free for one of them, the chain from the expert changes places.
fn clear(board: &mut Board, ends: [usize; 2], free: [Slots; 2]) -> Option<usize> {
    let slots = [emptiest(board, free[0])?, emptiest(board, free[1])?];
    let chain = board.chain(1, ends[1], slots);
    board.turn(&chain, slots);
    Some(slots[0])
}

/// Moves meetings from the fullest slots to the emptiest until none has more than there is room for.
fn level(board: &mut Board) {
    for _ in 0..MOST_SLOTS * board.task.links.len() {
        let fullest = (0..board.task.slots).max_by_key(|slot| board.taken(*slot));
        let emptiest = (0..board.task.slots).min_by_key(|slot| board.taken(*slot));
        let (Some(fullest), Some(emptiest)) = (fullest, emptiest) else { return };
        if board.taken(fullest) <= board.task.rooms[fullest] {
            return;
        }
        let slots = [fullest, emptiest];
        let longer = (0..board.task.guests[0].len()).find_map(|guest| {
            let chain = board.chain(0, guest, slots);
            let here = chain.iter().filter(|link| board.slot(**link) == Some(fullest)).count();
            (2 * here > chain.len()).then_some(chain)
        });
        let Some(longer) = longer else { return };
        board.turn(&longer, slots);
    }
}
