//! The sums of some thousand records that lie side by side in a segment, while lists are read.

use tantivy::{DocId, Score};

/// Records whose sums are held at once: 32 KiB, which stay beside the processor.
pub(super) const WINDOW: DocId = 1 << 13;
/// Sums that are counted without asking whether they are enough.
const PIECE: usize = 256;

/// The sums of the records of a window; all are nothing between two windows.
pub(super) struct Window {
    sums: Vec<Score>,
    /// The places of the sums that are something: so many, in any order. One more place is there to be written to.
    touched: Vec<u32>,
    many: usize,
}

impl Default for Window {
    fn default() -> Self {
        let size = WINDOW as usize;
        Self { sums: vec![0.0; size], touched: vec![0; size + 1], many: 0 }
    }
}

impl Window {
    /// Without a branch, which would be foreseen wrongly half the time.
    #[inline]
    pub fn give(&mut self, place: u32, given: Score) {
        let sum = &mut self.sums[place as usize];
        self.touched[self.many] = place;
        self.many += usize::from(*sum == 0.0 && given > 0.0);
        *sum += given;
    }

    /// Are more than so many sums not below a bound?
    pub fn has_more(&self, most: usize, bound: Score) -> bool {
        let mut found = 0;
        self.many > most
            && self.touched[..self.many].chunks(PIECE).any(|places| {
                found += places.iter().filter(|place| self.sums[**place as usize] >= bound).count();
                found > most
            })
    }

    /// Takes the sums that are not below a bound, in any order.
    pub fn take(&mut self, start: DocId, bound: Score) -> Vec<(Score, DocId)> {
        let mut found = Vec::new();
        for place in &self.touched[..std::mem::take(&mut self.many)] {
            let sum = std::mem::take(&mut self.sums[*place as usize]);
            if sum >= bound {
                found.push((sum, start + place));
            }
        }
        found
    }
}
