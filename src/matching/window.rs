//! The sums of some thousand records that lie side by side in a segment, while lists are read.

use tantivy::{DocId, Score};

/// Records whose sums are held at once: 32 KiB, which stay beside the processor.
pub(super) const WINDOW: DocId = 1 << 13;
const SIZE: usize = WINDOW as usize;
/// From so many entries of lists on, all sums are looked through sooner than it is noted which of them are something.
const DENSE: usize = SIZE / 16;
/// Sums that are passed over at once.
const STRETCH: usize = 16;
/// Sums that are counted without asking whether they are enough.
const PIECE: usize = 256;
/// Sums that are counted at once.
const SIDE_BY_SIDE: usize = 8;

/// The sums of the records of a window; all are nothing between two windows.
pub(super) struct Window {
    sums: Vec<Score>,
    /// Entries of the lists read so far, about.
    expected: usize,
    /// The places of the sums that are something, unless there are many: so many, in any order. One more place is there to
    /// be written to.
    touched: Vec<u32>,
    many: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { sums: vec![0.0; SIZE], expected: 0, touched: vec![0; SIZE + 1], many: 0 }
    }
}

impl Window {
    /// Makes it ready for a list that has so many entries in it, about, beside those before.
    pub fn expect(&mut self, entries: usize) {
        self.expected += entries;
    }

    /// Are so many sums something that it is not noted which?
    const fn is_dense(&self) -> bool {
        self.expected >= DENSE
    }

    /// Gives records at some places something each.
    #[inline]
    pub fn give(&mut self, given: impl Iterator<Item = (u32, Score)>) {
        let dense = self.is_dense();
        // So that it need not be asked for each place whether there is one.
        let sums = &mut self.sums[..SIZE];
        if dense {
            given.for_each(|(place, given)| sums[place as usize % SIZE] += given);
            return;
        }
        let mut many = self.many;
        for (place, given) in given {
            // Without a branch, which would be foreseen wrongly half the time.
            let sum = &mut sums[place as usize % SIZE];
            self.touched[many] = place;
            many += usize::from(*sum == 0.0 && given > 0.0);
            *sum += given;
        }
        self.many = many;
    }

    /// Are more than so many sums something, and not below a bound?
    pub fn has_more(&self, most: usize, bound: Score) -> bool {
        let bound = something(bound);
        let mut found = 0;
        if self.is_dense() {
            return self.sums.as_chunks::<PIECE>().0.iter().any(|sums| {
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
    pub fn take(&mut self, start: DocId, bound: Score, found: &mut Vec<(Score, DocId)>) {
        let bound = something(bound);
        found.clear();
        if self.is_dense() {
            let firsts = (start..).step_by(STRETCH);
            for (sums, first) in self.sums.as_chunks::<STRETCH>().0.iter().zip(firsts) {
                if any_is_at_least(sums, bound) {
                    take_from(sums, first, bound, found);
                }
            }
            self.sums.fill(0.0);
        } else {
            for place in &self.touched[..self.many] {
                let sum = std::mem::take(&mut self.sums[*place as usize]);
                if sum >= bound {
                    found.push((sum, start + place));
                }
            }
            found.sort_unstable_by_key(|(_, doc)| *doc);
        }
        (self.expected, self.many) = (0, 0);
    }
}

/// A record that nothing was given is not found, however low the bound.
fn something(bound: Score) -> Score {
    bound.max(Score::MIN_POSITIVE)
}

/// How many sums are not below a bound; several are compared at once, and each of them counts for itself.
fn at_least(sums: &[Score; PIECE], bound: Score) -> u32 {
    let mut counts = [0; SIDE_BY_SIDE];
    for some in sums.as_chunks::<SIDE_BY_SIDE>().0 {
        for (count, sum) in counts.iter_mut().zip(some) {
            *count += u32::from(*sum >= bound);
        }
    }
    counts.iter().sum()
}

/// Is any of the sums not below a bound?
#[expect(clippy::needless_bitwise_bool, reason = "all are compared, several at once, instead of stopping at the first")]
fn any_is_at_least(sums: &[Score; STRETCH], bound: Score) -> bool {
    sums.iter().fold(false, |any, sum| any | (*sum >= bound))
}

/// Takes those of the sums that are not below a bound, again without a branch for each.
fn take_from(sums: &[Score; STRETCH], first: DocId, bound: Score, found: &mut Vec<(Score, DocId)>) {
    let mut taken = [(0.0, 0); STRETCH];
    let mut many = 0;
    for (sum, doc) in sums.iter().zip(first..) {
        taken[many % STRETCH] = (*sum, doc);
        many += usize::from(*sum >= bound);
    }
    found.extend_from_slice(&taken[..many]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_back_what_it_was_given_whether_that_is_much_or_little() {
        let given = (0..WINDOW).filter(|place| place % 7 == 3).map(|place| (place, (place % 100) as Score));
        let given: Vec<(u32, Score)> = given.collect();
        let sums: Vec<_> =
            given.iter().filter(|(_, given)| *given >= 50.0).map(|(place, given)| (*given, 10 + place)).collect();
        let half = given.len() / 2;
        let mut window = Window::default();
        let mut found = Vec::new();
        // Little, much, and what turns out to be much when part of it is there.
        for (expected, later) in [(1, 0), (WINDOW as usize, 0), (1, WINDOW as usize)] {
            window.expect(expected);
            let (first, second) = given.split_at(half);
            window.give(first.iter().copied());
            window.expect(later);
            window.give(second.iter().copied());
            assert_eq!(window.is_dense(), expected + later >= DENSE);
            assert!(window.has_more(sums.len() - 1, 50.0) && !window.has_more(sums.len(), 50.0));
            window.take(10, 50.0, &mut found);
            assert_eq!(found, sums);
            for entries in [0, WINDOW as usize] {
                window.expect(entries);
                assert!(!window.has_more(0, 0.0));
                window.take(0, -1.0, &mut found);
                assert!(found.is_empty());
            }
        }
    }
}
