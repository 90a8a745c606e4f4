//! The records of a layer worth a closer look: BM25 over weighted fields of the most telling terms, the best some
//! hundred.
//!
//! Lists are read block by block into one row of sums over a window of records, those first that can give most. Once
//! the best so far, or those that are known ahead ([`floor`](super::floor)), are better than what the last lists can give
//! together, these need not be read but only looked into for the records that the others found, if these are few
//! (`MaxScore`: Turtle & Flood 1995). Every record's sum is added
//! up in the same order, however the index is cut into segments, and equal records have equal sums.

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::BlockSegmentPostings;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, Score};
use uuid::Uuid;

use super::IndexError;
use super::filter::Filter;
use super::floor::floor;
use super::snapshot::Part;
use super::terms::{Gives, Terms};
use super::view::{Layer, View};
use super::window::{WINDOW, Window};
use super::worth::{MARGIN, Worth};

/// The highest sums of a window that are put in order, for each candidate wanted: a filter may refuse some.
const FIRST: usize = 2;
/// To look into a list for a record costs as much as to read so many entries of it.
const LOOK: usize = 4;

/// A record of a segment and its first score: of words or of meaning.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    /// The place of the segment.
    pub part: usize,
    pub doc: DocId,
    score: Score,
}

impl Candidate {
    pub fn id(&self, view: &View) -> Uuid {
        view.snapshot.parts[self.part].columns.id(self.doc)
    }
}

/// The best `most` of what the filter lets pass, in any order.
pub(super) fn best(
    terms: &Terms,
    layer: &Layer,
    view: &View,
    filter: &Filter,
    most: usize,
) -> Result<Vec<Candidate>, IndexError> {
    let worth = Worth::of(view);
    let mut best = Best::new(most, filter, view);
    best.least = floor(terms, layer, view, filter, most, &worth)?;
    let mut window = Window::default();
    for place in &layer.parts {
        let part = &view.snapshot.parts[*place];
        let mut lists = gathering(terms, *place, part, view)?;
        if lists.is_empty() {
            continue;
        }
        match layer.own(part, &view.fields)? {
            Some(own) => best.own(*place, part, &own, &mut lists, &worth),
            None => best.all(*place, part, &mut lists, &worth, &mut window),
        }
    }
    Ok(best.in_any_order())
}

/// The lists of a segment that candidates are gathered from, those first that can give most. The order is the same in
/// every segment.
fn gathering(terms: &Terms, place: usize, part: &Part, view: &View) -> Result<Vec<Gathering>, IndexError> {
    let there = terms.lists(terms.gathering, &view.fields).filter(|(list, ..)| list.part == place);
    // A list that is open is large: it is put in its place at once.
    let mut there: Vec<_> = there.collect();
    there.sort_by(|(.., a), (.., b)| b.most().total_cmp(&a.most()));
    let mut gathered = Vec::with_capacity(there.len());
    for (list, field, gives) in there {
        let (option, lengths) = match gives {
            Gives::AtMost(_) => (IndexRecordOption::WithFreqs, Some(part.segment.get_fieldnorms_reader(field)?)),
            Gives::Each(_) => (IndexRecordOption::Basic, None),
        };
        let postings = part.lists(field)?.read_block_postings_from_terminfo(&list.info, option)?;
        let entries = list.info.doc_freq as usize / part.segment.max_doc().div_ceil(WINDOW) as usize;
        gathered.push(Gathering { postings, most: gives.most(), lengths, entries, at: 0 });
    }
    Ok(gathered)
}

/// A list while it is read.
struct Gathering {
    postings: BlockSegmentPostings,
    /// What it gives a record at most.
    most: Score,
    /// How long the records are; without it the list gives each the most.
    lengths: Option<FieldNormReader>,
    /// Records that it has in a window, about.
    entries: usize,
    /// Where it is read, in the block that is open.
    at: usize,
}

impl Gathering {
    /// Adds what the list gives to the sums of the records of a window.
    fn add(&mut self, start: DocId, window: &mut Window, worth: &Worth) {
        let end = start + WINDOW;
        self.go_to(start);
        loop {
            let docs = &self.postings.docs()[self.at..];
            let all = docs.last().is_some_and(|last| *last < end);
            let before = if all { docs.len() } else { docs.partition_point(|doc| *doc < end) };
            let docs = &docs[..before];
            match &self.lengths {
                Some(lengths) => {
                    let found = docs.iter().zip(&self.postings.freqs()[self.at..]);
                    window.give(
                        found.map(|(doc, freq)| (doc - start, self.most * worth.at(*freq, lengths.fieldnorm_id(*doc)))),
                    );
                }
                None => window.give(docs.iter().map(|doc| (doc - start, self.most))),
            }
            if !all {
                self.at += before;
                return;
            }
            self.postings.advance();
            self.at = 0;
        }
    }

    /// Goes on to the first record that is not before one.
    fn go_to(&mut self, doc: DocId) {
        if self.postings.docs().last().is_none_or(|last| *last < doc) {
            self.at = self.postings.seek(doc);
        }
        let docs = &self.postings.docs()[self.at..];
        // Mostly it stands there already.
        if docs.first().is_some_and(|first| *first < doc) {
            self.at += docs.partition_point(|other| *other < doc);
        }
    }

    /// What the list gives a record; records are asked for in their order.
    fn of(&mut self, doc: DocId, worth: &Worth) -> Score {
        self.go_to(doc);
        if self.postings.docs().get(self.at) != Some(&doc) {
            return 0.0;
        }
        let lengths = self.lengths.as_ref();
        lengths
            .map_or(self.most, |lengths| self.most * worth.at(self.postings.freq(self.at), lengths.fieldnorm_id(doc)))
    }
}

/// The best so far, and some that may no longer be among them.
pub(super) struct Best<'a> {
    found: Vec<Candidate>,
    most: usize,
    /// What a record must have to be among the best: more than nothing, or as much as the last of them.
    least: Score,
    filter: &'a Filter,
    view: &'a View,
}

impl<'a> Best<'a> {
    pub fn new(most: usize, filter: &'a Filter, view: &'a View) -> Self {
        Self { found: Vec::new(), most, least: Score::MIN_POSITIVE, filter, view }
    }

    fn all(&mut self, place: usize, part: &Part, lists: &mut [Gathering], worth: &Worth, window: &mut Window) {
        let rest = rest(lists);
        let mut found = Vec::new();
        for start in (0..part.segment.max_doc()).step_by(WINDOW as usize) {
            let least = self.least;
            let mut leading = rest.partition_point(|rest| *rest >= least);
            window.expect(lists[..leading].iter().map(|list| list.entries).sum());
            for list in &mut lists[..leading] {
                list.add(start, window, worth);
            }
            // A list is read as well if more records would have to be looked for in it than that is worth.
            while let Some(list) = lists.get_mut(leading)
                && window.has_more(list.entries / LOOK, least - rest[leading])
            {
                window.expect(list.entries);
                list.add(start, window, worth);
                leading += 1;
            }
            window.take(start, least - rest[leading], &mut found);
            for (list, rest) in lists[leading..].iter_mut().zip(&rest[leading + 1..]) {
                for (sum, doc) in &mut found {
                    *sum += list.of(*doc, worth);
                }
                found.retain(|(sum, _)| sum + rest >= least);
            }
            self.window(place, part, &mut found);
        }
    }

    /// Takes the best of a window, the highest sums first: so few are looked at that others will push out.
    fn window(&mut self, place: usize, part: &Part, found: &mut [(Score, DocId)]) {
        let first = (self.most * FIRST).min(found.len());
        if first < found.len() {
            found.select_nth_unstable_by(first, |a, b| b.0.total_cmp(&a.0));
        }
        found[..first].sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        for (sum, doc) in found {
            self.offer(place, part, *doc, *sum);
        }
    }

    fn own(&mut self, place: usize, part: &Part, own: &[DocId], lists: &mut [Gathering], worth: &Worth) {
        for doc in own {
            let sum: Score = lists.iter_mut().map(|list| list.of(*doc, worth)).sum();
            self.offer(place, part, *doc, sum);
        }
    }

    /// Takes a record that the filter lets pass if it may be among the best.
    #[inline]
    pub fn offer(&mut self, place: usize, part: &Part, doc: DocId, score: Score) {
        if score < self.least || part.segment.is_deleted(doc) || !part.columns.pass(self.filter, doc) {
            return;
        }
        self.found.push(Candidate { part: place, doc, score });
        if self.found.len() >= 2 * self.most {
            self.cut();
        }
    }

    /// Takes the best of others, which the filter let pass.
    pub fn take_in(&mut self, others: Self) {
        self.found.extend(others.found);
        self.least = self.least.max(others.least);
        if self.found.len() >= 2 * self.most {
            self.cut();
        }
    }

    /// Forgets those that are not among the best any more. Of equal ones that with the lower id is better, wherever it
    /// lies; ids are read only where there are many.
    fn cut(&mut self) {
        let (_, last, _) = self.found.select_nth_unstable_by(self.most - 1, |a, b| b.score.total_cmp(&a.score));
        self.least = last.score;
        self.found.retain(|candidate| candidate.score >= self.least);
        if self.found.len() > self.most + self.most / 2 {
            self.found = self.in_order();
        }
    }

    /// The same as [`Best::in_order`] in any order, for which no id need be read unless the last are equal.
    pub fn in_any_order(mut self) -> Vec<Candidate> {
        if self.found.len() > self.most {
            self.cut();
        }
        if self.found.len() > self.most { self.in_order() } else { self.found }
    }

    /// The best, the very best first.
    pub fn in_order(&self) -> Vec<Candidate> {
        let mut ordered: Vec<(Candidate, Uuid)> =
            self.found.iter().map(|candidate| (*candidate, candidate.id(self.view))).collect();
        ordered.sort_unstable_by(|(a, first), (b, second)| b.score.total_cmp(&a.score).then_with(|| first.cmp(second)));
        ordered.into_iter().map(|(candidate, _)| candidate).take(self.most).collect()
    }
}

/// What each list and those after it can give a record together; nothing after the last.
fn rest(lists: &[Gathering]) -> Vec<Score> {
    let mut rest = vec![0.0];
    for list in lists.iter().rev() {
        rest.push(rest[rest.len() - 1] + list.most * MARGIN);
    }
    rest.reverse();
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Audience;
    use crate::matching::evaluation::Indexed;
    use crate::matching::query::{Choice, Heard};
    use crate::matching::terms::WHOLE;
    use crate::matching::{Document, Model, Query, Viewer};
    use crate::registry::Kind;

    /// Rare ones and common ones: the first is in every second record, the last in one of hundreds.
    const WORDS: [&str; 9] = ["废水", "铸造", "轴承", "染料", "陶瓷", "水泥", "棉花", "柴油", "石墨"];
    /// More than a window.
    const RECORDS: u32 = 9_000;

    fn document(number: u32) -> Document {
        // What stands where is spread by multiplying (Knuth), as by chance.
        let spread = |seed: u32| number.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 16;
        let has = |place: u32| spread(place * 7_919).is_multiple_of(2 << place);
        let words = (0..).zip(WORDS).filter(|(place, _)| has(*place)).map(|(_, word)| word);
        let words: Vec<&str> = words.collect();
        let titled = usize::from(spread(1).is_multiple_of(3)).min(words.len());
        let (title, body) = words.split_at(titled);
        let body = body.join("，").repeat(1 + spread(2) as usize % 3);
        let keywords = words.get(spread(3) as usize % 3).into_iter().map(|word| (*word).to_owned()).collect();
        Document { id: Uuid::from_u128(number.into()), keywords, ..Document::saying(&title.concat(), &body) }
    }

    #[test]
    fn what_is_passed_over_could_not_have_been_among_the_best() {
        let documents = (0..RECORDS).map(document).collect();
        let indexed =
            Indexed::of(Model::shipped().expect("a model"), vec![(Kind::Result, documents)]).expect("an index");
        let filter = Filter::of(Viewer { audience: Audience::PUBLIC, owner: None });
        let view = View::of(filter.viewer, indexed.engine.index_of(Kind::Result)).expect("a view");
        let layer = &view.layers[0];
        let mut floors = 0;
        for first in 0..WORDS.len() {
            for words in [2, 3, 5].map(|many| WORDS.iter().cycle().skip(first).take(many)) {
                let query = Query::of_words(&words.copied().collect::<Vec<_>>().join(" ")).0;
                let heard = Heard::of(&query, Choice::Everything);
                let terms = Terms::of(&heard, &[], layer, &view).expect("terms");
                let best = |most| {
                    let mut found = best(&terms, layer, &view, &filter, most).expect("candidates");
                    found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id(&view).cmp(&b.id(&view))));
                    found.iter().map(|found| (found.id(&view), found.score.to_bits())).collect::<Vec<_>>()
                };
                let all = best(RECORDS as usize);
                for most in [1, 20, 200] {
                    let found = best(most);
                    assert_eq!(found, all[..most.min(all.len())], "{} {most}", query.title);
                    let floor = floor(&terms, layer, &view, &filter, most, &Worth::of(&view)).expect("a floor");
                    assert!(found.get(most - 1).is_none_or(|(_, last)| floor <= Score::from_bits(*last)));
                    floors += usize::from(floor >= WHOLE);
                }
            }
        }
        assert!(floors > 50, "{floors} of 81 are known ahead");
    }
}
