//! The counts that words are weighed by: of the living records that everyone of an audience may see, and of no others.
//! What was deleted, or closed since, tells of nothing any more.

use std::sync::Arc;

use tantivy::postings::TermInfo;

use super::lexicon::Key;
use super::snapshot::{Counted, Snapshot};
use crate::access::Audience;

/// The list of a word in one segment, of the records of one audience.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// The place of the segment.
    pub part: usize,
    pub audience: Audience,
    pub info: TermInfo,
}

/// Counts over the records of some audiences.
pub(super) struct Statistics {
    snapshot: Arc<Snapshot>,
    /// Each counted audience, and the segments that have records of it.
    counted: Vec<(Audience, Vec<usize>)>,
    records: u64,
    /// Words in all in title, keywords and body.
    lengths: [u64; 3],
}

/// A word among the records that are counted.
pub(super) struct Known {
    /// How many records have it.
    pub records: u64,
    /// How many have it in title or keywords.
    pub prominently: u64,
    pub lists: Vec<List>,
}

impl Statistics {
    pub fn of(audiences: &[Audience], snapshot: &Arc<Snapshot>) -> Self {
        let lengths = audiences.iter().map(|audience| snapshot.lengths(*audience));
        Self {
            snapshot: Arc::clone(snapshot),
            counted: audiences
                .iter()
                .map(|audience| (*audience, snapshot.parts_of(std::slice::from_ref(audience))))
                .collect(),
            records: audiences.iter().map(|audience| snapshot.records(*audience)).sum(),
            lengths: lengths.fold([0; 3], |sum, one| std::array::from_fn(|place| sum[place] + one[place])),
        }
    }

    /// How many records there are; one where there are none, for there is nothing to divide by.
    pub fn records(&self) -> f32 {
        self.records.max(1) as f32
    }

    /// How many words title, keywords and body have on the average.
    pub fn average_lengths(&self) -> [f32; 3] {
        self.lengths.map(|length| (length as f32 / self.records()).max(1.0))
    }

    /// What is known of a word. A record has one audience, so none is counted twice.
    pub fn word(&self, word: &str, key: Key) -> Known {
        let mut known = Known { records: 0, prominently: 0, lists: Vec::new() };
        for (audience, parts) in &self.counted {
            for place in parts {
                let part = &self.snapshot.parts[*place];
                let Some(found) = part.word(*audience, key) else { continue };
                known.records += part.living(found.records, *audience, word, Counted::Anywhere);
                known.prominently += part.living(found.prominently, *audience, word, Counted::Prominently);
                known.lists.push(List { part: *place, audience: *audience, info: found.list() });
            }
        }
        known
    }
}
