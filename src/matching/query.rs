//! What is looked for: the telling terms of a text, and the conditions that go with it.

use std::collections::HashMap;

use chrono::NaiveDate;
use tantivy::{Searcher, Term};

use super::document::Document;
use super::index::Fields;
use super::text::{simplified, telling, words};
use super::{Facet, IndexError};

/// Terms of a query: a long demand is cut to its most telling ones.
const MOST_TERMS: usize = 32;
/// A part of a longer word counts less than a word.
const PART: f32 = 0.4;
/// A word of the title or a keyword counts as so many in the text.
const TITLE: f32 = 2.0;
const KEYWORD: f32 = 2.0;
/// From so many words on a text is running text, in which most words are not about the matter.
const RUNNING: usize = 12;
/// A word that is in more than this share of the records tells nothing.
const COMMON: f32 = 0.25;

/// A text to match, with its conditions; a registered record or one typed in.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub title: String,
    pub text: String,
    pub keywords: Vec<String>,
    /// Industries, regions, disciplines and ways of cooperation, without the codes above them.
    pub facets: Vec<Facet>,
    pub maturity: Option<u8>,
    pub price: Option<(i64, i64)>,
    pub deadline: Option<NaiveDate>,
}

impl From<Document> for Query {
    fn from(document: Document) -> Self {
        Self {
            title: document.title,
            text: document.body.join("\n"),
            keywords: document.keywords,
            facets: document.facets,
            maturity: document.maturity,
            price: document.price,
            deadline: document.deadline,
        }
    }
}

/// A telling term.
#[derive(Clone, Debug)]
pub(super) struct QueryTerm {
    pub text: String,
    /// Which fields of the query it stands in.
    pub title: bool,
    pub keywords: bool,
    pub body: bool,
    /// How often and how prominently it stands there.
    pub weight: f32,
    /// Inverse document frequency (Robertson & Spärck Jones), over the records searched.
    pub idf: f32,
    /// Length in characters, to tell neighbours.
    pub length: usize,
}

/// The telling terms of a query, and which of them are neighbours in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Terms {
    pub terms: Vec<QueryTerm>,
    /// Places of two terms that follow each other without a gap.
    pub pairs: Vec<(usize, usize)>,
    /// Whole keywords in normal form.
    pub whole: Vec<String>,
}

/// A word of the query before its telling power is known.
#[derive(Default)]
struct Heard {
    title: bool,
    keywords: bool,
    body: bool,
    weight: f32,
    length: usize,
}

impl Terms {
    /// Chooses the telling terms by idf, place and repetition.
    pub fn of(query: &Query, searcher: &Searcher, fields: &Fields) -> Result<Self, IndexError> {
        let mut heard: HashMap<String, Heard> = HashMap::new();
        let mut neighbours: Vec<(String, String)> = Vec::new();
        listen(&query.title, TITLE, &mut heard, &mut neighbours, |heard| heard.title = true);
        for keyword in &query.keywords {
            listen(keyword, KEYWORD, &mut heard, &mut neighbours, |heard| heard.keywords = true);
        }
        listen(&query.text, 1.0, &mut heard, &mut neighbours, |heard| heard.body = true);
        let mut terms = weigh(heard, searcher, fields)?;
        terms.sort_by(|a, b| (b.weight * b.idf).total_cmp(&(a.weight * a.idf)).then_with(|| a.text.cmp(&b.text)));
        terms.truncate(MOST_TERMS);
        let places: HashMap<&str, usize> =
            terms.iter().enumerate().map(|(place, term)| (term.text.as_str(), place)).collect();
        let mut pairs: Vec<(usize, usize)> =
            neighbours.iter().filter_map(|(a, b)| Some((*places.get(a.as_str())?, *places.get(b.as_str())?))).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let whole = query.keywords.iter().map(|keyword| simplified(keyword)).collect();
        Ok(Self { terms, pairs, whole })
    }

    /// What a record would score that says it all: the measure of every other.
    pub fn mass(&self) -> f32 {
        self.terms.iter().map(|term| term.weight * term.idf).sum()
    }
}

fn listen(
    text: &str,
    weight: f32,
    heard: &mut HashMap<String, Heard>,
    neighbours: &mut Vec<(String, String)>,
    mark: impl Fn(&mut Heard),
) {
    let words = words(text);
    let telling = if words.len() >= RUNNING { telling(text) } else { HashMap::new() };
    for (place, word) in words.iter().enumerate() {
        let entry = heard.entry(word.text.clone()).or_default();
        mark(entry);
        let told = telling.get(&word.text).copied().unwrap_or(1.0);
        entry.weight += if word.part { weight * told * PART } else { weight * told };
        entry.length = word.end - word.start;
        let next =
            words[place + 1..].iter().take_while(|next| next.start <= word.end).filter(|next| next.start == word.end);
        neighbours.extend(next.map(|next| (word.text.clone(), next.text.clone())));
    }
}

/// How much of a technical term a word of running text is: records have such words in title and keywords, not in the
/// body alone. Customers and eyes are rare in them too, but tell nothing.
fn keyness([title, keywords, body]: [f32; 3]) -> f32 {
    let found = title.max(keywords).max(body);
    (3.0 * (title + keywords + 0.5) / (found + 1.0)).clamp(0.2, 1.0)
}

/// Words with their idf. A word that no record has is left out: it tells nothing apart.
fn weigh(heard: HashMap<String, Heard>, searcher: &Searcher, fields: &Fields) -> Result<Vec<QueryTerm>, IndexError> {
    let records = searcher.num_docs().max(1) as f32;
    let mut terms = Vec::with_capacity(heard.len());
    for (text, word) in heard {
        let mut counts = [0.0; 3];
        for (count, field) in counts.iter_mut().zip([fields.title, fields.keywords, fields.body]) {
            *count = searcher.doc_freq(&Term::from_field_text(field, &text))? as f32;
        }
        let found = counts.into_iter().fold(0.0, f32::max);
        let keyness = if word.title || word.keywords { 1.0 } else { keyness(counts) };
        let telling = word.weight > 0.0 && found > 0.0 && (found <= records * COMMON || records < 100.0);
        if telling {
            let idf = (1.0 + (records - found + 0.5).max(0.5) / (found + 0.5)).ln();
            terms.push(QueryTerm {
                text,
                title: word.title,
                keywords: word.keywords,
                body: word.body,
                // Said three times is not three times as important.
                weight: word.weight.sqrt() * keyness,
                idf,
                length: word.length,
            });
        }
    }
    Ok(terms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_titles_and_keywords_have_tells_more_than_one_of_bodies_alone() {
        assert!((keyness([20.0, 30.0, 60.0]) - 1.0).abs() < 1e-6);
        assert!((keyness([0.0, 0.0, 60.0]) - 0.2).abs() < 1e-6);
        assert!(keyness([2.0, 1.0, 40.0]) < keyness([8.0, 5.0, 40.0]));
    }
}
