//! The records of a layer worth a closer look: BM25 over weighted fields of the most telling terms, the best some
//! hundred.
//!
//! Lists are read block by block into one row of sums over a window of records, term after term. So every record's sum
//! is added up in the same order, however the index is cut into segments, and equal records have equal sums.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::BlockSegmentPostings;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, Score};
use uuid::Uuid;

use super::IndexError;
use super::features::{norm, saturated};
use super::filter::Filter;
use super::index::WordFields;
use super::query::Terms;
use super::snapshot::Part;
use super::view::{Layer, View};
use crate::access::Audience;

/// What a keyword or a name adds that is the same as a whole.
const WHOLE: Score = 10.0;
/// Records whose sums are held at once: 256 KiB, which stay near the processor.
const WINDOW: DocId = 1 << 16;

/// Sums that are looked at together.
const STRETCH: usize = 64;
/// The highest sums of a window that are put in order, for each candidate wanted: a filter may refuse some.
const FIRST: usize = 2;

/// A record of a segment and its first score. Of equal ones that with the lower id is better, wherever it lies.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// The place of the segment.
    pub part: usize,
    pub doc: DocId,
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
    terms: &Terms,
    layer: &Layer,
    view: &View,
    filter: &Filter,
    most: usize,
) -> Result<Vec<Candidate>, IndexError> {
    let norms = norms(view);
    let mut best = Best { heap: BinaryHeap::with_capacity(most + 1), most, filter };
    let mut sums = Vec::new();
    for place in &layer.parts {
        let part = &view.snapshot.parts[*place];
        let mut lists = gathering(terms, *place, part, view)?;
        if lists.is_empty() {
            continue;
        }
        match layer.own(part, &view.fields)? {
            Some(own) => best.own(*place, part, &own, &mut lists, &norms),
            None => best.all(*place, part, &mut lists, &norms, &mut sums),
        }
    }
    let mut candidates: Vec<Candidate> = best.heap.into_iter().map(|Reverse(candidate)| candidate).collect();
    candidates.sort_unstable_by(|a, b| b.cmp(a));
    Ok(candidates)
}

/// BM25's length normalisation by what the index keeps of a length.
fn norms(view: &View) -> [Score; 256] {
    let [title, keywords, body] = view.statistics.average_lengths();
    let average = WordFields::length(title, keywords, body);
    std::array::from_fn(|id| {
        let length = u8::try_from(id).map_or(0, FieldNormReader::id_to_fieldnorm);
        norm(length as f32, average)
    })
}

/// The lists of a segment that candidates are gathered from.
fn gathering(terms: &Terms, place: usize, part: &Part, view: &View) -> Result<Vec<Gathering>, IndexError> {
    let there = terms.lists(terms.gathering, &view.fields).filter(|(list, ..)| list.part == place);
    let gathered = there.map(|(list, field, worth)| {
        let option = if worth.is_some() { IndexRecordOption::WithFreqs } else { IndexRecordOption::Basic };
        let postings = part.lists(field)?.read_block_postings_from_terminfo(&list.info, option)?;
        let lengths = worth.map(|_| part.segment.get_fieldnorms_reader(field)).transpose()?;
        Ok(Gathering { postings, at: 0, worth: worth.zip(lengths) })
    });
    gathered.collect()
}

/// A list while it is read.
struct Gathering {
    postings: BlockSegmentPostings,
    /// The place in the block.
    at: usize,
    /// What a word is worth by how often it stands there and how long the record is; [`WHOLE`] without it.
    worth: Option<(Score, FieldNormReader)>,
}

impl Gathering {
    /// Adds what the list gives to the sums of the records of a window.
    fn add(&mut self, window: DocId, sums: &mut [Score], norms: &[Score; 256]) {
        let end = window + WINDOW;
        loop {
            let docs = &self.postings.docs()[self.at..];
            let before = docs.partition_point(|doc| *doc < end);
            let all = before == docs.len();
            match &self.worth {
                Some((factor, lengths)) => {
                    let freqs = &self.postings.freqs()[self.at..];
                    for (doc, freq) in docs[..before].iter().zip(freqs) {
                        let norm = norms[usize::from(lengths.fieldnorm_id(*doc))];
                        sums[(doc - window) as usize] += factor * saturated(*freq, norm);
                    }
                }
                None => docs[..before].iter().for_each(|doc| sums[(doc - window) as usize] += WHOLE),
            }
            self.at += before;
            if !all || before == 0 {
                return;
            }
            self.postings.advance();
            self.at = 0;
        }
    }

    /// What the list gives a record; records are asked for in their order.
    fn of(&mut self, doc: DocId, norms: &[Score; 256]) -> Score {
        let at = self.postings.seek(doc);
        if self.postings.docs().get(at) != Some(&doc) {
            return 0.0;
        }
        self.worth.as_ref().map_or(WHOLE, |(factor, lengths)| {
            factor * saturated(self.postings.freq(at), norms[usize::from(lengths.fieldnorm_id(doc))])
        })
    }
}

/// The best so far.
struct Best<'a> {
    heap: BinaryHeap<Reverse<Candidate>>,
    most: usize,
    filter: &'a Filter,
}

impl Best<'_> {
    fn all(&mut self, place: usize, part: &Part, lists: &mut [Gathering], norms: &[Score; 256], sums: &mut Vec<Score>) {
        let count = part.segment.max_doc();
        let mut window = 0;
        while window < count {
            sums.clear();
            sums.resize(WINDOW.min(count - window) as usize, 0.0);
            for list in &mut *lists {
                list.add(window, sums, norms);
            }
            self.window(place, part, window, sums);
            window += WINDOW;
        }
    }

    /// Takes the best of a window, the highest sums first: so few are looked at that others will push out.
    fn window(&mut self, place: usize, part: &Part, window: DocId, sums: &[Score]) {
        let least = self.least();
        let mut found: Vec<(Score, DocId)> = Vec::new();
        for (start, stretch) in (window..).step_by(STRETCH).zip(sums.chunks(STRETCH)) {
            // Counted, without a way out of the loop: so many sums are compared at once.
            if stretch.iter().filter(|sum| **sum >= least).count() > 0 {
                found.extend(stretch.iter().copied().zip(start..).filter(|(sum, _)| *sum >= least));
            }
        }
        let first = (self.most * FIRST).min(found.len());
        if first < found.len() {
            found.select_nth_unstable_by(first, |a, b| b.0.total_cmp(&a.0));
        }
        found[..first].sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        for (sum, doc) in found {
            if sum >= self.least() {
                self.offer(place, part, doc, sum);
            }
        }
    }

    fn own(&mut self, place: usize, part: &Part, own: &[DocId], lists: &mut [Gathering], norms: &[Score; 256]) {
        for doc in own {
            let sum: Score = lists.iter_mut().map(|list| list.of(*doc, norms)).sum();
            if sum >= self.least() {
                self.offer(place, part, *doc, sum);
            }
        }
    }

    /// What a record must have to be among the best: more than nothing, or as much as the last of them.
    fn least(&self) -> Score {
        match self.heap.peek() {
            Some(Reverse(least)) if self.heap.len() >= self.most => least.score,
            _ => Score::MIN_POSITIVE,
        }
    }

    fn offer(&mut self, place: usize, part: &Part, doc: DocId, score: Score) {
        if part.segment.is_deleted(doc) || !part.columns.pass(self.filter, doc) {
            return;
        }
        let (id, audience) = (part.columns.id(doc), part.columns.audience(doc));
        self.heap.push(Reverse(Candidate { part: place, doc, id, audience, score }));
        if self.heap.len() > self.most {
            self.heap.pop();
        }
    }
}
