//! The records of a layer worth a closer look: BM25 over weighted fields, the best some hundred by block-max WAND.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tantivy::query::{BooleanQuery, EnableScoring, Query as TantivyQuery};
use tantivy::{DocAddress, Score};
use uuid::Uuid;

use super::IndexError;
use super::filter::Filter;
use super::view::View;
use crate::access::Audience;

/// The bits of a score that do not count: the same numbers added up in another order differ in the last of them, and
/// the order depends on how the index is cut into segments.
const NOISE: u32 = 0xfff;

/// A record of a segment and its first score. Of equal ones that with the lower id is better, wherever it lies.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub address: DocAddress,
    pub id: Uuid,
    pub audience: Audience,
    score: Score,
}

impl Eq for Candidate {}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.score.total_cmp(&other.score).then_with(|| other.id.cmp(&self.id))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The best `most` of what the filter lets pass, best first.
pub(super) fn best(
    query: &BooleanQuery,
    view: &View,
    filter: &Filter,
    most: usize,
) -> Result<Vec<Candidate>, IndexError> {
    let scoring = EnableScoring::enabled_from_statistics_provider(&view.statistics, &view.searcher);
    let weight = query.weight(scoring)?;
    let mut heap: BinaryHeap<Reverse<Candidate>> = BinaryHeap::with_capacity(most + 1);
    for place in &view.segments {
        let (segment, columns) = (&view.searcher.segment_readers()[*place], &view.columns[*place]);
        let alive = segment.alive_bitset();
        // Only what is above it is looked at: just below the least, so that its equals are.
        let threshold = |heap: &BinaryHeap<Reverse<Candidate>>| match heap.peek() {
            Some(Reverse(least)) if heap.len() >= most => least.score.next_down(),
            _ => Score::MIN,
        };
        let start = threshold(&heap);
        weight.for_each_pruning(start, segment, &mut |doc, score| {
            if alive.is_none_or(|alive| alive.is_alive(doc)) && columns.pass(filter, doc) {
                let address = DocAddress::new(ordinal(*place), doc);
                let (id, audience) = (columns.id(doc), columns.audience(doc));
                heap.push(Reverse(Candidate { address, id, audience, score: coarse(score) }));
                if heap.len() > most {
                    heap.pop();
                }
            }
            threshold(&heap)
        })?;
    }
    let mut candidates: Vec<Candidate> = heap.into_iter().map(|Reverse(candidate)| candidate).collect();
    candidates.sort_unstable_by(|a, b| b.cmp(a));
    Ok(candidates)
}

/// tantivy counts segments in 32 bits.
fn ordinal(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn coarse(score: Score) -> Score {
    Score::from_bits(score.to_bits() & !NOISE)
}
