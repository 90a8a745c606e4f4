//! What speaks for a pair, each as a number between −1 and 1. What candidates say comes from the forward index, so no
//! text is read again.

use tantivy::DocId;
use tantivy::schema::{Field, IndexRecordOption};

use super::IndexError;
use super::candidates::Candidate;
use super::forward::{Forward, Numbers};
use super::index::WordFields;
use super::snapshot::Part;
use super::terms::{Exact, Terms};
use super::view::{View, seek};

/// BM25's saturation and length normalisation (Robertson & Zaragoza 2009).
const K1: f32 = 1.2;
const B: f32 = 0.75;
/// The rarest terms of a query.
const RARE: usize = 4;

/// Names of the text features, in the order of their values.
pub const TEXT_FEATURES: [&str; 8] = [
    "bm25_title",
    "bm25_keywords",
    "bm25_body",
    "coverage",
    "rare_coverage",
    "adjacency",
    "shared_keywords",
    "title_likeness",
];

/// The name of the feature that says how near two texts are in meaning.
pub const MEANING_FEATURE: &str = "meaning";

/// The cosine of texts that say the same, though in other words and at other lengths. That of texts that have nothing to do
/// with each other is 0.
const THE_SAME: f32 = 0.8;

/// How near two texts are in meaning, 0 where that is not known.
pub(super) fn nearness(cosine: Option<f32>) -> f32 {
    cosine.map_or(0.0, |cosine| (cosine / THE_SAME).clamp(-1.0, 1.0))
}

/// What candidates say. Of all of them it is kept in a few lists: most of it is only counted.
pub(super) struct TextMatches {
    /// The features of each, in their order.
    pub features: Vec<TextFeatures>,
    /// By candidate and term: how often it stands in title, keywords and body.
    counts: Vec<[u32; 3]>,
    terms: usize,
    /// Candidates, each with the place of a whole keyword of the query that it has too.
    keywords: Vec<(usize, usize)>,
}

/// In the order of [`TEXT_FEATURES`].
pub(super) type TextFeatures = [f32; TEXT_FEATURES.len()];

impl TextMatches {
    /// By term: how often it stands in title, keywords and body of a candidate.
    pub fn counts(&self, candidate: usize) -> &[[u32; 3]] {
        &self.counts[candidate * self.terms..][..self.terms]
    }

    /// Whole keywords that a candidate shares with the query, by their places among those of the query.
    pub fn keywords(&self, candidate: usize) -> impl Iterator<Item = usize> + '_ {
        self.keywords.iter().filter(move |(one, _)| *one == candidate).map(|(_, keyword)| *keyword)
    }

    /// How like the titles' words are, 0 to 1: the last of the features.
    pub fn title_likeness(&self, candidate: usize) -> f32 {
        let [.., likeness] = self.features[candidate];
        likeness
    }

    /// Does a candidate share a word, a keyword or a name with the query, rather than the meaning alone?
    pub fn says_something(&self, candidate: usize) -> bool {
        self.features[candidate].iter().any(|feature| *feature > 0.0) || self.counts(candidate).iter().any(said)
    }
}

/// What one candidate says.
struct Found<'a> {
    counts: &'a [[u32; 3]],
    /// The share of the query's neighbouring terms that are neighbours in the record too.
    adjacency: f32,
    lengths: [u32; 3],
    /// How many whole keywords it shares with the query.
    keywords: usize,
    name: bool,
}

/// Where a term stands: the term, the field and its place among the words of the record.
type Standing = (usize, usize, usize);

/// What the candidates say. Names count as a shared keyword.
pub(super) fn text_matches(candidates: &[Candidate], terms: &Terms, view: &View) -> Result<TextMatches, IndexError> {
    let size = terms.terms.len();
    let mut matches = TextMatches {
        features: vec![TextFeatures::default(); candidates.len()],
        counts: vec![[0; 3]; candidates.len() * size],
        terms: size,
        keywords: Vec::new(),
    };
    for place in 0..view.snapshot.parts.len() {
        let there = candidates.iter().enumerate().filter(|(_, candidate)| candidate.part == place);
        let mut docs: Vec<(DocId, usize)> = there.map(|(order, candidate)| (candidate.doc, order)).collect();
        if !docs.is_empty() {
            docs.sort_unstable();
            matches.read(place, &docs, terms, view)?;
        }
    }
    Ok(matches)
}

impl TextMatches {
    /// Reads what candidates of a segment say, which are in the order of their records.
    fn read(&mut self, place: usize, docs: &[(DocId, usize)], terms: &Terms, view: &View) -> Result<(), IndexError> {
        let averages = view.statistics.average_lengths();
        let mut shared = vec![(0, false); docs.len()];
        for (which, keyword) in terms.whole.iter().enumerate() {
            let share = |at: usize| {
                shared[at].0 += 1;
                self.keywords.push((docs[at].1, which));
            };
            each(keyword, |words| words.whole, place, docs, view, share)?;
        }
        for name in &terms.names {
            each(name, |words| words.names, place, docs, view, |at| shared[at].1 = true)?;
        }
        let mut reader = Reader::of(place, &view.snapshot.parts[place], terms);
        reader.forward.fetch(docs.iter().map(|(doc, _)| *doc));
        for ((doc, order), (keywords, name)) in docs.iter().zip(shared) {
            let counts = &mut self.counts[order * self.terms..][..self.terms];
            let adjacency = reader.read(*doc, counts);
            let found = Found { counts, adjacency, lengths: reader.forward.lengths(*doc), keywords, name };
            self.features[*order] = measure(&found, terms, averages);
        }
        Ok(())
    }
}

/// Reads what records of a segment say.
struct Reader<'a> {
    forward: &'a Forward,
    terms: &'a Terms,
    numbers: Numbers,
    /// Of the record that is read: the numbers of its words, and which of the terms stand where.
    words: Vec<u64>,
    standing: Vec<Standing>,
}

impl<'a> Reader<'a> {
    fn of(place: usize, part: &'a Part, terms: &'a Terms) -> Self {
        let numbers = Numbers::of(terms.terms.iter().enumerate().filter_map(|(order, term)| {
            let list = term.lists.iter().find(|list| list.part == place)?;
            Some((order, part.word(list.audience, term.key)?.number))
        }));
        Self { forward: &part.forward, terms, numbers, words: Vec::new(), standing: Vec::new() }
    }

    /// Counts the terms of a record, and tells which share of those that are neighbours in the query are so in it too.
    fn read(&mut self, doc: DocId, counts: &mut [[u32; 3]]) -> f32 {
        self.standing.clear();
        self.forward.read(doc, &self.numbers, &mut self.words, |term, column, order| {
            counts[term][column] += 1;
            self.standing.push((term, column, order));
        });
        if !self.terms.pairs.iter().any(|(a, b)| said(&counts[*a]) && said(&counts[*b])) {
            return 0.0;
        }
        let is_after = |before, after, characters| self.forward.is_after(doc, before, after, characters);
        adjacency(self.terms, &self.standing, is_after)
    }
}

/// Calls back for those of some records of a segment that have a keyword or a name, with their places.
fn each(
    exact: &Exact,
    field: fn(&WordFields) -> Field,
    place: usize,
    docs: &[(DocId, usize)],
    view: &View,
    mut callback: impl FnMut(usize),
) -> Result<(), IndexError> {
    for list in exact.lists.iter().filter(|list| list.part == place) {
        let lists = view.snapshot.parts[place].lists(field(&view.fields.words[list.audience.place()]))?;
        let mut list = lists.read_postings_from_terminfo(&list.info, IndexRecordOption::Basic)?;
        for (at, (doc, _)) in docs.iter().enumerate() {
            if seek(&mut list, *doc) {
                callback(at);
            }
        }
    }
    Ok(())
}

/// How much it counts that a word stands so often in a field.
pub(super) fn saturated(count: u32, norm: f32) -> f32 {
    count as f32 / (count as f32 + norm)
}

/// BM25's length normalisation.
pub(super) fn norm(length: f32, average: f32) -> f32 {
    K1 * (1.0 - B + B * length / average)
}

fn measure(found: &Found<'_>, terms: &Terms, averages: [f32; 3]) -> TextFeatures {
    let mass = terms.mass().max(f32::MIN_POSITIVE);
    let mut bm25 = [0.0; 3];
    for (column, score) in bm25.iter_mut().enumerate() {
        let norm = norm(found.lengths[column] as f32, averages[column]);
        let sum: f32 = terms
            .terms
            .iter()
            .zip(found.counts)
            .map(|(term, counts)| term.weight * term.idf * saturated(counts[column], norm))
            .sum();
        *score = sum / mass;
    }
    [
        bm25[0],
        bm25[1],
        bm25[2],
        coverage(found, terms, terms.terms.len()),
        coverage(found, terms, RARE),
        found.adjacency,
        shared_keywords(found, terms),
        title_likeness(found, terms),
    ]
}

/// The share of the idf mass of the query's first terms that the record has in any field.
fn coverage(found: &Found<'_>, terms: &Terms, first: usize) -> f32 {
    let (mut all, mut have) = (terms.unheard, 0.0);
    for (term, counts) in terms.terms.iter().zip(found.counts).take(first) {
        all += term.weight * term.idf;
        if said(counts) {
            have += term.weight * term.idf;
        }
    }
    if all > 0.0 { have / all } else { 0.0 }
}

/// Is a term said anywhere?
pub(super) fn said(counts: &[u32; 3]) -> bool {
    counts.iter().any(|count| *count > 0)
}

/// The share of the query's neighbouring terms that are neighbours in the record too. `is_after` says whether a word begins so
/// many characters after an earlier one.
fn adjacency(terms: &Terms, standing: &[Standing], is_after: impl Fn(usize, usize, u64) -> bool) -> f32 {
    let of = |wanted: usize| standing.iter().filter(move |(term, ..)| *term == wanted);
    let follow = |before: usize, after: usize, length: u64| {
        of(before).any(|(_, field, first)| {
            of(after).any(|(_, other, next)| other == field && next > first && is_after(*first, *next, length))
        })
    };
    let (mut all, mut have) = (0.0, 0.0);
    for (a, b) in &terms.pairs {
        let (first, second) = (&terms.terms[*a], &terms.terms[*b]);
        let weight = first.idf.min(second.idf);
        all += weight;
        if follow(*a, *b, first.length as u64) {
            have += weight;
        }
    }
    if all > 0.0 { have / all } else { 0.0 }
}

fn shared_keywords(found: &Found<'_>, terms: &Terms) -> f32 {
    if found.name {
        return 1.0;
    }
    if terms.whole.is_empty() { 0.0 } else { found.keywords as f32 / terms.whole.len() as f32 }
}

/// Dice's coefficient of the query's title, or what stands for one, and the record's.
fn title_likeness(found: &Found<'_>, terms: &Terms) -> f32 {
    let titled = terms.terms.iter().filter(|term| term.title).count();
    let common = terms.terms.iter().zip(found.counts).filter(|(term, counts)| term.title && counts[0] > 0).count();
    let size = titled as f32 + found.lengths[0] as f32;
    if size > 0.0 { 2.0 * common as f32 / size } else { 0.0 }
}
