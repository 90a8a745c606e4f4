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
use super::query::Terms;
use super::snapshot::Part;
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
        let mut looked_at = Sample { stands_for: f64::from(every), filter, found: self };
        for place in &layer.parts {
            let part = &view.snapshot.parts[*place];
            let there = lists.iter().filter(|(list, ..)| list.part == *place);
            let mut postings = there
                .map(|(list, field, _)| {
                    Ok(part.lists(*field)?.read_block_postings_from_terminfo(&list.info, IndexRecordOption::Basic)?)
                })
                .collect::<Result<Vec<_>, IndexError>>()?;
            if let Some(own) = layer.own(part, &view.fields)? {
                let has = |doc: &DocId, list: &mut BlockSegmentPostings| {
                    let at = list.seek(*doc);
                    list.docs().get(at) == Some(doc)
                };
                let found = own.into_iter().filter(|doc| postings.iter_mut().any(|list| has(doc, list)));
                looked_at.stands_for = 1.0;
                found.for_each(|doc| looked_at.take(part, doc));
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
                looked_at.stretch(part, start, &mut postings);
                start = start.saturating_add(every.saturating_mul(STRETCH));
            }
        }
        Ok(())
    }

    /// Counts a record that is on no list.
    pub fn count_one(&mut self, candidate: Candidate, view: &View, filter: &Filter) {
        let mut one = Sample { stands_for: 1.0, filter, found: self };
        one.take(&view.snapshot.parts[candidate.part], candidate.doc);
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

/// Counts records that stand for several each.
struct Sample<'a> {
    /// Of how many records each that is looked at is one.
    stands_for: f64,
    filter: &'a Filter,
    found: &'a mut Counts,
}

impl Sample<'_> {
    /// Counts the records of a stretch that are on any of the lists.
    fn stretch(&mut self, part: &Part, start: DocId, lists: &mut [BlockSegmentPostings]) {
        let mut there = [false; STRETCH as usize];
        for list in lists {
            let mut at = list.seek(start);
            loop {
                let docs = list.docs().get(at..).unwrap_or_default();
                let inside = docs.partition_point(|doc| *doc - start < STRETCH);
                docs[..inside].iter().for_each(|doc| there[(doc - start) as usize] = true);
                if inside < docs.len() || docs.is_empty() {
                    break;
                }
                list.advance();
                at = 0;
            }
        }
        for (doc, _) in (start..).zip(there).filter(|(_, there)| *there) {
            self.take(part, doc);
        }
    }

    fn take(&mut self, part: &Part, doc: DocId) {
        if part.segment.is_deleted(doc) || !part.columns.pass(self.filter, doc) {
            return;
        }
        self.found.total += self.stands_for;
        for facet in part.columns.facets(doc) {
            *self.found.facets.entry(facet).or_default() += self.stands_for;
        }
    }
}

/// Counts are whole and not negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
fn rounded(count: f64) -> u64 {
    count.round() as u64
}
