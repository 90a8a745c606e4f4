//! What speaks for a pair, each as a number between −1 and 1. Term counts come from the postings themselves, so no
//! text is read again.

use tantivy::postings::Postings;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, SegmentReader, TERMINATED, Term};

use super::IndexError;
use super::candidates::Candidate;
use super::index::WordFields;
use super::query::Terms;
use super::view::View;
use crate::access::Audience;

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

/// What is known of a candidate's text.
#[derive(Clone, Debug, Default)]
pub(super) struct TextMatch {
    /// By term: how often it stands in title, keywords and body.
    pub counts: Vec<[u32; 3]>,
    pub features: [f32; TEXT_FEATURES.len()],
    /// Whole keywords that both sides have.
    pub keywords: Vec<String>,
}

/// Counts and neighbours of one candidate while the postings are read.
#[derive(Clone)]
struct Found {
    counts: Vec<[u32; 3]>,
    /// By term and field, the places.
    places: Vec<[Vec<u32>; 3]>,
    lengths: [u32; 3],
    keywords: Vec<String>,
    name: bool,
}

/// The text features of the candidates, in their order, each read from the fields of its audience. Names count as a
/// shared keyword.
pub(super) fn text_matches(
    candidates: &[Candidate],
    terms: &Terms,
    names: &[String],
    view: &View,
) -> Result<Vec<TextMatch>, IndexError> {
    let mut found: Vec<Found> = vec![
        Found {
            counts: vec![[0; 3]; terms.terms.len()],
            places: vec![Default::default(); terms.terms.len()],
            lengths: [0; 3],
            keywords: Vec::new(),
            name: false,
        };
        candidates.len()
    ];
    for (ordinal, segment) in (0_u32..).zip(view.searcher.segment_readers()) {
        for audience in Audience::ALL {
            let there = candidates
                .iter()
                .enumerate()
                .filter(|(_, candidate)| candidate.address.segment_ord == ordinal && candidate.audience == audience);
            let mut docs: Vec<(DocId, usize)> =
                there.map(|(place, candidate)| (candidate.address.doc_id, place)).collect();
            docs.sort_unstable();
            read_segment(segment, &docs, terms, names, &view.fields.words[audience.place()], &mut found)?;
        }
    }
    let averages = view.statistics.average_lengths();
    Ok(found.into_iter().map(|found| measure(found, terms, averages)).collect())
}

fn read_segment(
    segment: &SegmentReader,
    docs: &[(DocId, usize)],
    terms: &Terms,
    names: &[String],
    words: &WordFields,
    found: &mut [Found],
) -> Result<(), IndexError> {
    if docs.is_empty() {
        return Ok(());
    }
    for (column, field) in words.weighted().into_iter().enumerate() {
        let norms = segment.get_fieldnorms_reader(field)?;
        for (doc, place) in docs {
            found[*place].lengths[column] = norms.fieldnorm(*doc);
        }
        for (number, term) in terms.terms.iter().enumerate() {
            seek(segment, field, &term.text, IndexRecordOption::WithFreqsAndPositions, docs, |place, postings| {
                found[place].counts[number][column] = postings.term_freq();
                postings.positions(&mut found[place].places[number][column]);
            })?;
        }
    }
    for keyword in &terms.whole {
        seek(segment, words.whole, keyword, IndexRecordOption::Basic, docs, |place, _| {
            found[place].keywords.push(keyword.clone());
        })?;
    }
    for name in names {
        seek(segment, words.names, name, IndexRecordOption::Basic, docs, |place, _| found[place].name = true)?;
    }
    Ok(())
}

/// Calls back for those of the documents, in their order, that have the term.
fn seek(
    segment: &SegmentReader,
    field: Field,
    term: &str,
    option: IndexRecordOption,
    docs: &[(DocId, usize)],
    mut callback: impl FnMut(usize, &mut tantivy::postings::SegmentPostings),
) -> Result<(), IndexError> {
    let Some(mut postings) =
        segment.inverted_index(field)?.read_postings(&Term::from_field_text(field, term), option)?
    else {
        return Ok(());
    };
    for (doc, place) in docs {
        if postings.doc() < *doc {
            postings.seek(*doc);
        }
        match postings.doc() {
            TERMINATED => break,
            at if at == *doc => callback(*place, &mut postings),
            _ => {}
        }
    }
    Ok(())
}

fn measure(found: Found, terms: &Terms, averages: [f32; 3]) -> TextMatch {
    let mass = terms.mass().max(f32::MIN_POSITIVE);
    let mut bm25 = [0.0; 3];
    for (column, score) in bm25.iter_mut().enumerate() {
        let norm = K1 * (1.0 - B + B * found.lengths[column] as f32 / averages[column]);
        let sum: f32 = terms
            .terms
            .iter()
            .zip(&found.counts)
            .map(|(term, counts)| term.weight * term.idf * (counts[column] as f32 / (counts[column] as f32 + norm)))
            .sum();
        *score = sum / mass;
    }
    let features = [
        bm25[0],
        bm25[1],
        bm25[2],
        coverage(&found, terms, terms.terms.len()),
        coverage(&found, terms, RARE),
        adjacency(&found, terms),
        shared_keywords(&found, terms),
        title_likeness(&found, terms),
    ];
    TextMatch { counts: found.counts, features, keywords: found.keywords }
}

/// The share of the idf mass of the query's first terms that the record has in any field.
fn coverage(found: &Found, terms: &Terms, first: usize) -> f32 {
    let (mut all, mut have) = (0.0, 0.0);
    for (term, counts) in terms.terms.iter().zip(&found.counts).take(first) {
        all += term.weight * term.idf;
        if counts.iter().any(|count| *count > 0) {
            have += term.weight * term.idf;
        }
    }
    if all > 0.0 { have / all } else { 0.0 }
}

/// The share of the query's neighbouring terms that are neighbours in the record too.
fn adjacency(found: &Found, terms: &Terms) -> f32 {
    let (mut all, mut have) = (0.0, 0.0);
    for (a, b) in &terms.pairs {
        let (first, second) = (&terms.terms[*a], &terms.terms[*b]);
        let weight = first.idf.min(second.idf);
        all += weight;
        let together = (0..3).any(|column| {
            let (before, after) = (&found.places[*a][column], &found.places[*b][column]);
            before
                .iter()
                .any(|place| after.binary_search(&(place + u32::try_from(first.length).unwrap_or(u32::MAX))).is_ok())
        });
        if together {
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
