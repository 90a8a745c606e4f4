//! What the last candidate has at least, known before the lists of words are read.
//!
//! A record that has a keyword of the query as a whole has all words of it, each as often as a keyword counts. So the short
//! lists of whole keywords tell sums that some records reach, and what cannot reach them need not be looked at. That the
//! search begins with a bound instead of nothing saves most of what it would look at (Kane & Tompa 2018).

use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, Score};

use super::IndexError;
use super::filter::Filter;
use super::index::PROMINENT;
use super::snapshot::Part;
use super::statistics::List;
use super::terms::{Terms, WHOLE};
use super::view::{Layer, View};
use super::worth::{MARGIN, Worth};

/// Records of a keyword that are looked at in a segment, for each candidate wanted.
const LOOKED_AT: usize = 10;

/// A sum that as many records as are wanted reach, which the filter lets pass: more than nothing where none is known.
pub(super) fn floor(
    terms: &Terms,
    layer: &Layer,
    view: &View,
    filter: &Filter,
    most: usize,
    worth: &Worth,
) -> Result<Score, IndexError> {
    // Where the records of one owner alone are searched, no list is read that others are on.
    if layer.whole().is_empty() {
        return Ok(Score::MIN_POSITIVE);
    }
    let (keywords, mut reached) = (own_masses(terms), Vec::new());
    for place in &layer.parts {
        let part = &view.snapshot.parts[*place];
        let mut sums = Vec::new();
        for (lists, mass) in &keywords {
            for list in lists.iter().filter(|list| list.part == *place) {
                add(list, *mass, part, view, worth, most * LOOKED_AT, &mut sums)?;
            }
        }
        sums.retain(|(doc, _)| !part.segment.is_deleted(*doc) && part.columns.pass(filter, *doc));
        // Stable sorting only merges what is in order already.
        sums.sort_by_key(|(doc, _)| *doc);
        reached.extend(sums.chunk_by(|(a, _), (b, _)| a == b).map(|one| one.iter().map(|(_, sum)| sum).sum::<Score>()));
    }
    if reached.len() < most {
        return Ok(Score::MIN_POSITIVE);
    }
    let (_, last, _) = reached.select_nth_unstable_by(most - 1, |a, b| b.total_cmp(a));
    Ok(*last / MARGIN)
}

/// The lists of each whole keyword, and the most that those of its words can give that no keyword before it has.
fn own_masses(terms: &Terms) -> Vec<(&[List], Score)> {
    let mut had = vec![false; terms.gathering.min(terms.terms.len())];
    let masses = terms.whole.iter().map(|exact| {
        let own =
            exact.terms.iter().filter(|place| had.get_mut(**place).is_some_and(|had| !std::mem::replace(had, true)));
        (exact.lists.as_slice(), own.map(|place| terms.terms[*place].most()).sum())
    });
    masses.collect()
}

/// Adds what records of a whole keyword have at least.
fn add(
    list: &List,
    mass: Score,
    part: &Part,
    view: &View,
    worth: &Worth,
    most: usize,
    sums: &mut Vec<(DocId, Score)>,
) -> Result<(), IndexError> {
    let fields = &view.fields.words[list.audience.place()];
    let lengths = part.segment.get_fieldnorms_reader(fields.text)?;
    let lists = part.lists(fields.whole)?;
    let mut postings = lists.read_block_postings_from_terminfo(&list.info, IndexRecordOption::Basic)?;
    let mut left = most;
    while left > 0 && !postings.docs().is_empty() {
        let docs = postings.docs().iter().take(left);
        sums.extend(docs.map(|doc| (*doc, WHOLE + mass * worth.at(PROMINENT.into(), lengths.fieldnorm_id(*doc)))));
        left = left.saturating_sub(postings.docs().len());
        postings.advance();
    }
    Ok(())
}
