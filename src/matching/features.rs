//! What speaks for a pair, each as a number between −1 and 1. What candidates say comes from the forward index, so no
//! text is read again.

use tantivy::DocId;
use tantivy::schema::{Field, IndexRecordOption};

use super::IndexError;
use super::candidates::Candidate;
use super::forward::Numbers;
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

/// What is known of a candidate's text.
#[derive(Clone, Debug, Default)]
pub(super) struct TextMatch {
    /// By term: how often it stands in title, keywords and body.
    pub counts: Vec<[u32; 3]>,
    pub features: [f32; TEXT_FEATURES.len()],
    /// Whole keywords that both sides have, by their places among those of the query.
    pub keywords: Vec<usize>,
}

impl TextMatch {
    /// How like the titles' words are, 0 to 1: the last of the features.
    pub fn title_likeness(&self) -> f32 {
        let [.., likeness] = self.features;
        likeness
    }

    /// Does it share a word, a keyword or a name with the query, rather than the meaning alone?
    pub fn says_something(&self) -> bool {
        self.features.iter().any(|feature| *feature > 0.0) || self.counts.iter().flatten().any(|count| *count > 0)
    }
}

/// What one candidate says.
struct Found {
    counts: Vec<[u32; 3]>,
    /// The share of the query's neighbouring terms that are neighbours in the record too.
    adjacency: f32,
    lengths: [u32; 3],
    keywords: Vec<usize>,
    name: bool,
}

/// Where a term stands: the term, the field and its place among the words of the record.
type Standing = (usize, usize, usize);

/// The text features of the candidates, in their order. Names count as a shared keyword.
pub(super) fn text_matches(candidates: &[Candidate], terms: &Terms, view: &View) -> Result<Vec<TextMatch>, IndexError> {
    let averages = view.statistics.average_lengths();
    let mut matches = vec![TextMatch::default(); candidates.len()];
    for (place, part) in view.snapshot.parts.iter().enumerate() {
        let there = candidates.iter().enumerate().filter(|(_, candidate)| candidate.part == place);
        let mut docs: Vec<(DocId, usize)> = there.map(|(order, candidate)| (candidate.doc, order)).collect();
        if docs.is_empty() {
            continue;
        }
        docs.sort_unstable();
        for ((_, order), found) in docs.iter().zip(read(place, part, &docs, terms, view)?) {
            matches[*order] = measure(found, terms, averages);
        }
    }
    Ok(matches)
}

/// What records of a segment say, in their order.
fn read(
    place: usize,
    part: &Part,
    docs: &[(DocId, usize)],
    terms: &Terms,
    view: &View,
) -> Result<Vec<Found>, IndexError> {
    let numbers = Numbers::of(terms.terms.iter().enumerate().filter_map(|(order, term)| {
        let list = term.lists.iter().find(|list| list.part == place)?;
        Some((order, part.word(list.audience, term.key)?.number))
    }));
    let (mut space, mut standing) = (Vec::new(), Vec::new());
    let one = |(doc, _): &(DocId, usize)| {
        let mut found = Found {
            counts: vec![[0; 3]; terms.terms.len()],
            adjacency: 0.0,
            lengths: part.forward.lengths(*doc),
            keywords: Vec::new(),
            name: false,
        };
        standing.clear();
        part.forward.read(*doc, &numbers, &mut space, |term, column, order| {
            found.counts[term][column] += 1;
            standing.push((term, column, order));
        });
        if terms.pairs.iter().any(|(a, b)| said(&found.counts[*a]) && said(&found.counts[*b])) {
            found.adjacency = adjacency(terms, &standing, |before, after, characters| {
                part.forward.is_after(*doc, before, after, characters)
            });
        }
        found
    };
    part.forward.fetch(docs.iter().map(|(doc, _)| *doc));
    let mut found: Vec<Found> = docs.iter().map(one).collect();
    for (which, keyword) in terms.whole.iter().enumerate() {
        each(keyword, |words| words.whole, place, docs, view, |order| found[order].keywords.push(which))?;
    }
    for name in &terms.names {
        each(name, |words| words.names, place, docs, view, |order| found[order].name = true)?;
    }
    Ok(found)
}

/// Calls back for those of some records of a segment that have a keyword or a name.
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
        for (order, (doc, _)) in docs.iter().enumerate() {
            if seek(&mut list, *doc) {
                callback(order);
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

fn measure(found: Found, terms: &Terms, averages: [f32; 3]) -> TextMatch {
    let mass = terms.mass().max(f32::MIN_POSITIVE);
    let mut bm25 = [0.0; 3];
    for (column, score) in bm25.iter_mut().enumerate() {
        let norm = norm(found.lengths[column] as f32, averages[column]);
        let sum: f32 = terms
            .terms
            .iter()
            .zip(&found.counts)
            .map(|(term, counts)| term.weight * term.idf * saturated(counts[column], norm))
            .sum();
        *score = sum / mass;
    }
    let features = [
        bm25[0],
        bm25[1],
        bm25[2],
        coverage(&found, terms, terms.terms.len()),
        coverage(&found, terms, RARE),
        found.adjacency,
        shared_keywords(&found, terms),
        title_likeness(&found, terms),
    ];
    TextMatch { counts: found.counts, features, keywords: found.keywords }
}

/// The share of the idf mass of the query's first terms that the record has in any field.
fn coverage(found: &Found, terms: &Terms, first: usize) -> f32 {
    let (mut all, mut have) = (terms.unheard, 0.0);
    for (term, counts) in terms.terms.iter().zip(&found.counts).take(first) {
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

fn shared_keywords(found: &Found, terms: &Terms) -> f32 {
    if found.name {
        return 1.0;
    }
    if terms.whole.is_empty() { 0.0 } else { found.keywords.len() as f32 / terms.whole.len() as f32 }
}

/// Dice's coefficient of the query's title, or what stands for one, and the record's.
fn title_likeness(found: &Found, terms: &Terms) -> f32 {
    let titled = terms.terms.iter().filter(|term| term.title).count();
    let common = terms.terms.iter().zip(&found.counts).filter(|(term, counts)| term.title && counts[0] > 0).count();
    let size = titled as f32 + found.lengths[0] as f32;
    if size > 0.0 { 2.0 * common as f32 / size } else { 0.0 }
}
