//! The sums of some thousand records that lie side by side in a segment, while lists are read.

use tantivy::{DocId, Score};

/// Records whose sums are held at once: 32 KiB, which stay beside the processor.
pub(super) const WINDOW: DocId = 1 << 13;
/// From so many entries of lists on, all sums are looked through sooner than it is noted which of them are something.
const DENSE: usize = WINDOW as usize / 16;
/// Sums that are looked through at once.
const STRETCH: usize = 64;
/// Places that are counted without asking whether they are enough.
const PIECE: usize = 256;

/// The sums of the records of a window; all are nothing between two windows.
pub(super) struct Window {
    sums: Vec<Score>,
    /// The places of the sums that are something, unless there are many: so many, in any order. One more place is there to
    /// be written to.
    touched: Vec<u32>,
    many: usize,
    is_dense: bool,
}

impl Default for Window {
    fn default() -> Self {
        let size = WINDOW as usize;
        Self { sums: vec![0.0; size], touched: vec![0; size + 1], many: 0, is_dense: false }
    }
}

impl Window {
    /// Makes it ready for lists that have so many entries in a window, about.
    pub fn expect(&mut self, entries: usize) {
        self.is_dense = entries >= DENSE;
    }

    /// Are so many sums something that it is not noted which? Then things are given by [`Window::give_one_of_many`].
    pub const fn is_dense(&self) -> bool {
        self.is_dense
    }

    /// Without a branch, which would be foreseen wrongly half the time.
    #[inline]
    pub fn give(&mut self, place: u32, given: Score) {
        let sum = &mut self.sums[place as usize];
        self.touched[self.many] = place;
        self.many += usize::from(*sum == 0.0 && given > 0.0);
        *sum += given;
    }

    #[inline]
    pub fn give_one_of_many(&mut self, place: u32, given: Score) {
        self.sums[place as usize] += given;
    }

    /// Are more than so many sums something, and not below a bound?
    pub fn has_more(&self, most: usize, bound: Score) -> bool {
        let bound = something(bound);
        let mut found = 0;
        if self.is_dense {
            return self.sums.as_chunks::<STRETCH>().0.iter().any(|sums| {
                found += at_least(sums, bound);
                found as usize > most
            });
        }
        self.many > most
            && self.touched[..self.many].chunks(PIECE).any(|places| {
                found += places.iter().map(|place| u32::from(self.sums[*place as usize] >= bound)).sum::<u32>();
                found as usize > most
            })
    }

    /// Takes the sums that are something and not below a bound, in the order of the records.
    pub fn take(&mut self, start: DocId, bound: Score) -> Vec<(Score, DocId)> {
        let bound = something(bound);
        let mut found = Vec::new();
        if self.is_dense {
            let firsts = (start..).step_by(STRETCH);
            for (sums, first) in self.sums.as_chunks::<STRETCH>().0.iter().zip(firsts) {
                if at_least(sums, bound) > 0 {
                    found.extend(sums.iter().copied().zip(first..).filter(|(sum, _)| *sum >= bound));
                }
            }
            self.sums.fill(0.0);
            return found;
        }
        for place in &self.touched[..std::mem::take(&mut self.many)] {
            let sum = std::mem::take(&mut self.sums[*place as usize]);
            if sum >= bound {
                found.push((sum, start + place));
            }
        }
        found.sort_unstable_by_key(|(_, doc)| *doc);
        found
    }
}

/// A record that nothing was given is not found, however low the bound.
fn something(bound: Score) -> Score {
    bound.max(Score::MIN_POSITIVE)
}

/// How many sums are not below a bound; several are compared at once.
fn at_least(sums: &[Score; STRETCH], bound: Score) -> u32 {
    sums.iter().map(|sum| u32::from(*sum >= bound)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_back_what_it_was_given_whether_that_is_much_or_little() {
        let given = (0..WINDOW).filter(|place| place % 7 == 3).map(|place| (place, (place % 100) as Score));
        let given: Vec<(u32, Score)> = given.collect();
        let expected: Vec<_> =
            given.iter().filter(|(_, given)| *given >= 50.0).map(|(place, given)| (*given, 10 + place)).collect();
        let mut window = Window::default();
        for is_dense in [false, true, false] {
            window.expect(if is_dense { WINDOW as usize } else { 1 });
            assert_eq!(window.is_dense(), is_dense);
            let give = if is_dense { Window::give_one_of_many } else { Window::give };
            for (place, given) in &given {
                give(&mut window, *place, *given);
            }
            assert!(window.has_more(expected.len() - 1, 50.0) && !window.has_more(expected.len(), 50.0));
            assert_eq!(window.take(10, 50.0), expected);
            assert!(!window.has_more(0, 0.0) && window.take(0, -1.0).is_empty());
        }
    }
}
