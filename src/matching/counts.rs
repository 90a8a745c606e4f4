//! How many records a search finds, and how many of them have each value of a facet.
//!
//! Up to some thousand records are counted one by one. Of more a sample is counted, evenly spread over the index, and the
//! numbers are estimates: within a few hundredths, in a time that does not grow with what is found.

use rustc_hash::FxHashMap;
use tantivy::postings::BlockSegmentPostings;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, TERMINATED};

use super::candidates::Candidate;
use super::filter::Filter;
use super::snapshot::Part;
use super::terms::Terms;
use super::view::{Layer, View};
use super::{Facet, IndexError};

/// Entries of lists up to which all are counted.
const MOST: u64 = 5_000;
/// Entries of a sample, about: the estimate of a half of them is two hundredths off, mostly.
const SAMPLE: u64 = 1_000;
/// Records of a stretch. Of some stretches all records are looked at, of the others none.
const STRETCH: DocId = 1 << 8;

/// What was counted so far.
#[derive(Default)]
pub(super) struct Counts {
    total: f64,
    facets: FxHashMap<Facet, f64>,
    /// Was only a sample looked at?
    pub estimated: bool,
}

impl Counts {
    /// Counts the records of a layer that have any of the terms and pass the filter.
    pub fn count(&mut self, terms: &Terms, layer: &Layer, view: &View, filter: &Filter) -> Result<(), IndexError> {
        let lists: Vec<_> = terms.lists(terms.terms.len(), &view.fields).collect();
        let entries: u64 = lists.iter().map(|(list, ..)| u64::from(list.info.doc_freq)).sum();
        // Every so-manieth stretch.
        let every = if entries > MOST { DocId::try_from(entries.div_ceil(SAMPLE)).unwrap_or(DocId::MAX) } else { 1 };
        self.estimated |= every > 1;
        for place in &layer.parts {
            let part = &view.snapshot.parts[*place];
            let there: Vec<_> = lists.iter().filter(|(list, ..)| list.part == *place).collect();
            let mut postings = Vec::with_capacity(there.len());
            for (list, field, _) in there {
                let lists = part.lists(*field)?;
                postings.push(lists.read_block_postings_from_terminfo(&list.info, IndexRecordOption::Basic)?);
            }
            let mut looked_at = Sample::of(part, filter);
            if let Some(own) = layer.own(part, &view.fields)? {
                let has = |doc: &DocId, list: &mut BlockSegmentPostings| {
                    let at = list.seek(*doc);
                    list.docs().get(at) == Some(doc)
                };
                let found = own.into_iter().filter(|doc| postings.iter_mut().any(|list| has(doc, list)));
                found.for_each(|doc| looked_at.take(doc));
                self.add(looked_at, 1.0);
                continue;
            }
            // Where the first stretch lies differs between segments: many small ones are sampled like one large one.
            let mut start = (u32::try_from(*place).unwrap_or(0) % every) * STRETCH;
            loop {
                // Where all is looked at, what lies between two entries is passed over.
                if every == 1 {
                    start = next(&mut postings, start) / STRETCH * STRETCH;
                }
                if start >= part.segment.max_doc() {
                    break;
                }
                looked_at.stretch(start, &mut postings);
                start = start.saturating_add(every.saturating_mul(STRETCH));
            }
            self.add(looked_at, every.into());
        }
        Ok(())
    }

    /// Counts a candidate that is on no list.
    pub fn count_one(&mut self, candidate: Candidate, view: &View) {
        self.total += 1.0;
        for facet in view.snapshot.parts[candidate.part].columns.facets(candidate.doc) {
            *self.facets.entry(facet).or_default() += 1.0;
        }
    }

    /// Counts what was looked at, of which each stands for several.
    fn add(&mut self, mut looked_at: Sample<'_>, stands_for: f64) {
        self.total += looked_at.sets.len() as f64 * stands_for;
        looked_at.sets.sort_unstable();
        for same in looked_at.sets.chunk_by(|a, b| a == b) {
            for facet in looked_at.part.columns.facets_of(same[0]) {
                *self.facets.entry(facet).or_default() += same.len() as f64 * stands_for;
            }
        }
    }

    pub fn total(&self) -> u64 {
        rounded(self.total)
    }

    pub fn facets(&self) -> impl Iterator<Item = (Facet, u64)> {
        self.facets.iter().map(|(facet, count)| (*facet, rounded(*count)))
    }
}

/// The first record from one on that is on any of the lists; beyond all if there is none.
fn next(lists: &mut [BlockSegmentPostings], from: DocId) -> DocId {
    let firsts = lists.iter_mut().map(|list| {
        let at = list.seek(from);
        list.docs().get(at).copied().unwrap_or(TERMINATED)
    });
    firsts.min().unwrap_or(TERMINATED)
}

/// What was found among the records of a segment that were looked at.
struct Sample<'a> {
    part: &'a Part,
    filter: &'a Filter,
    /// The places of their sets of facets in the segment.
    sets: Vec<u32>,
}

impl<'a> Sample<'a> {
    fn of(part: &'a Part, filter: &'a Filter) -> Self {
        Self { part, filter, sets: Vec::new() }
    }

    /// Counts the records of a stretch that are on any of the lists.
    fn stretch(&mut self, start: DocId, lists: &mut [BlockSegmentPostings]) {
        let mut there = [0_u64; (STRETCH / u64::BITS) as usize];
        for list in lists {
            let mut at = list.seek(start);
            loop {
                let docs = list.docs().get(at..).unwrap_or_default();
                let inside = docs.partition_point(|doc| *doc - start < STRETCH);
                for place in docs[..inside].iter().map(|doc| doc - start) {
                    there[(place / u64::BITS) as usize] |= 1 << (place % u64::BITS);
                }
                if inside < docs.len() || docs.is_empty() {
                    break;
                }
                list.advance();
                at = 0;
            }
        }
        for (first, mut there) in (start..).step_by(u64::BITS as usize).zip(there) {
            while there != 0 {
                self.take(first + there.trailing_zeros());
                there &= there - 1;
            }
        }
    }

    fn take(&mut self, doc: DocId) {
        if self.part.segment.is_deleted(doc) || !self.part.columns.pass(self.filter, doc) {
            return;
        }
        self.sets.push(self.part.columns.facet_set(doc));
    }
}

/// Counts are whole and not negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
fn rounded(count: f64) -> u64 {
    count.round() as u64
}
