//! The records worth a closer look: BM25 over weighted fields, the best some hundred by block-max WAND.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tantivy::query::{BooleanQuery, BoostQuery, EnableScoring, Occur, Query as TantivyQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, Score, Searcher, Term};

use super::IndexError;
use super::filter::{Columns, Filter};
use super::index::Fields;
use super::query::Terms;

/// Weights of the fields while candidates are gathered; the model weighs them anew.
const FIELDS: [Score; 3] = [2.0, 2.5, 1.0];
/// A keyword or a name that is the same as a whole is worth more than its words.
const WHOLE: Score = 6.0;

/// A record of a segment and its first score.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub address: DocAddress,
    pub score: Score,
}

impl Eq for Candidate {}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.score.total_cmp(&other.score).then_with(|| other.address.cmp(&self.address))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The query of the terms, and of names if there are any.
pub(super) fn union(terms: &Terms, names: &[String], fields: &Fields) -> BooleanQuery {
    let mut clauses: Vec<(Occur, Box<dyn TantivyQuery>)> = Vec::new();
    let mut push = |field: Field, text: &str, boost: Score, frequencies: IndexRecordOption| {
        let term = TermQuery::new(Term::from_field_text(field, text), frequencies);
        clauses.push((Occur::Should, Box::new(BoostQuery::new(Box::new(term), boost))));
    };
    for term in &terms.terms {
        for (field, weight) in [fields.title, fields.keywords, fields.body].into_iter().zip(FIELDS) {
            push(field, &term.text, weight * term.weight, IndexRecordOption::WithFreqs);
        }
    }
    for keyword in &terms.whole {
        push(fields.whole, keyword, WHOLE, IndexRecordOption::Basic);
    }
    for name in names {
        push(fields.names, name, WHOLE, IndexRecordOption::Basic);
    }
    BooleanQuery::new(clauses)
}

/// The best `most` of what the filter lets pass, best first.
pub(super) fn best(
    query: &BooleanQuery,
    searcher: &Searcher,
    filter: &Filter,
    most: usize,
) -> Result<Vec<Candidate>, IndexError> {
    let weight = query.weight(EnableScoring::enabled_from_searcher(searcher))?;
    let mut heap: BinaryHeap<Reverse<Candidate>> = BinaryHeap::with_capacity(most + 1);
    for (ordinal, segment) in (0_u32..).zip(searcher.segment_readers()) {
        let columns = Columns::of(segment)?;
        let alive = segment.alive_bitset();
        let threshold = |heap: &BinaryHeap<Reverse<Candidate>>| match heap.peek() {
            Some(Reverse(least)) if heap.len() >= most => least.score,
            _ => Score::MIN,
        };
        let start = threshold(&heap);
        weight.for_each_pruning(start, segment, &mut |doc, score| {
            if alive.is_none_or(|alive| alive.is_alive(doc)) && columns.pass(filter, doc) {
                heap.push(Reverse(Candidate { address: DocAddress::new(ordinal, doc), score }));
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
