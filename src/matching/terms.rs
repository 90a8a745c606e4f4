//! The terms of a query that tell: which of its words are looked for, and how much each weighs.

use std::collections::HashMap;

use tantivy::schema::Field;

use super::IndexError;
use super::index::{Fields, WordFields};
use super::lexicon::Key;
use super::query::{Choice, Heard, MOST_TERMS};
use super::statistics::List;
use super::view::{Layer, View};

/// Terms that candidates are gathered by, at most: the others only weigh what was gathered.
const GATHERING: usize = 16;
/// Terms that candidates are gathered by in any case.
const IN_ANY_CASE: usize = 8;
/// Entries that the lists of further ones may have, together with those before: of a million records the lists of the last
/// terms, which tell least, would take most of the time (`evaluation/README.md`).
const ENTRIES: u64 = 120_000;

/// A word that no record has counts so much of the rarest: it may be what the matter is called elsewhere, or no word at all.
const UNHEARD: f32 = 0.3;
/// A word that is in more than this share of the records tells nothing.
const COMMON: f32 = 0.25;

/// What a keyword or a name adds that is the same as a whole.
pub(super) const WHOLE: f32 = 10.0;

/// A telling term.
#[derive(Clone, Debug)]
pub(super) struct QueryTerm {
    pub text: String,
    pub key: Key,
    /// The English words that it stands for, where it is none of the query's own.
    pub stands_for: Option<String>,
    /// Which fields of the query it stands in.
    pub title: bool,
    pub keywords: bool,
    pub body: bool,
    /// How often and how prominently it stands there.
    pub weight: f32,
    /// Inverse document frequency (Robertson & Spärck Jones), over the records counted.
    pub idf: f32,
    /// The records counted that have it.
    records: u64,
    /// Length in characters, to tell neighbours.
    pub length: usize,
    /// The records of the layer that have it.
    pub lists: Vec<List>,
}

/// A whole keyword, or a name, of a query.
#[derive(Clone, Debug)]
pub(super) struct Exact {
    /// In normal form.
    pub text: String,
    /// The places of the terms that are words of it.
    pub terms: Vec<usize>,
    /// The records of the layer that have it as a whole.
    pub lists: Vec<List>,
}

/// What a list gives the records that are on it.
#[derive(Clone, Copy)]
pub(super) enum Gives {
    /// So much at most: by how often the word stands in a record, and how long that is.
    AtMost(f32),
    /// So much to each.
    Each(f32),
}

impl Gives {
    /// What a record gets at most.
    pub const fn most(self) -> f32 {
        match self {
            Self::AtMost(most) | Self::Each(most) => most,
        }
    }
}

/// The telling terms of a query, and which of them are neighbours in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Terms {
    pub terms: Vec<QueryTerm>,
    /// Are the lists of the terms those of titles and keywords alone?
    prominent: bool,
    /// What the words are worth that no record has.
    pub unheard: f32,
    /// How many of the terms, from the first on, candidates are gathered by.
    pub gathering: usize,
    /// Places of two terms that follow each other without a gap.
    pub pairs: Vec<(usize, usize)>,
    pub whole: Vec<Exact>,
    pub names: Vec<Exact>,
}

impl QueryTerm {
    /// What it gives a record at most.
    pub const fn most(&self) -> f32 {
        self.weight * self.idf
    }
}

impl Terms {
    /// Chooses the telling terms for the records of a layer, by idf, place and repetition.
    pub fn of(heard: &Heard, names: &[String], layer: &Layer, view: &View) -> Result<Self, IndexError> {
        let (mut terms, unheard) = weigh(heard, layer, view)?;
        terms.sort_by(|a, b| b.most().total_cmp(&a.most()).then_with(|| a.text.cmp(&b.text)));
        let gathering = match heard.choice {
            Choice::Telling(most) => {
                terms.truncate(most);
                gathering(&terms)
            }
            Choice::Everything => terms.len(),
        };
        if !layer.is_counted() {
            for term in &mut terms {
                term.lists = layer.lists_of(view, term.key);
            }
        }
        let places: HashMap<&str, usize> =
            terms.iter().enumerate().map(|(place, term)| (term.text.as_str(), place)).collect();
        let mut pairs: Vec<(usize, usize)> = heard
            .neighbours
            .iter()
            .filter_map(|(a, b)| Some((*places.get(a.as_str())?, *places.get(b.as_str())?)))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let exact = |field: fn(&WordFields) -> Field, text: &String, terms: Vec<usize>| -> Result<Exact, IndexError> {
            Ok(Exact { text: text.clone(), terms, lists: layer.lists(view, field, text)? })
        };
        let whole = heard.whole.iter().map(|keyword| {
            let words = keyword.words.iter().filter_map(|word| places.get(word.as_str()).copied());
            exact(|words| words.whole, &keyword.text, words.collect())
        });
        let whole = whole.collect::<Result<_, _>>()?;
        let names = names.iter().map(|name| exact(|words| words.names, name, Vec::new())).collect::<Result<_, _>>()?;
        Ok(Self { terms, prominent: false, unheard, gathering, pairs, whole, names })
    }

    /// The same terms, looked for in titles and keywords alone: a record that has one there has it.
    pub fn prominent(mut self, layer: &Layer, view: &View) -> Result<Self, IndexError> {
        for term in &mut self.terms {
            term.lists = layer.lists(view, |words| words.prominent, &term.text)?;
        }
        self.prominent = true;
        // These lists are short, however many records have the words in their bodies.
        self.gathering = GATHERING;
        Ok(self)
    }

    /// The lists of so many of the terms, of whole keywords and of names: each with its field, and what it gives.
    pub fn lists<'a>(&'a self, first: usize, fields: &'a Fields) -> impl Iterator<Item = (&'a List, Field, Gives)> {
        let of = |list: &List| &fields.words[list.audience.place()];
        let terms = self.terms.iter().take(first).flat_map(|term| term.lists.iter().map(move |list| (term, list)));
        let terms = terms.map(move |(term, list)| {
            let most = term.most();
            if self.prominent {
                (list, of(list).prominent, Gives::Each(most))
            } else {
                (list, of(list).text, Gives::AtMost(most))
            }
        });
        let each = Gives::Each(WHOLE);
        let whole = self.whole.iter().flat_map(|exact| &exact.lists).map(move |list| (list, of(list).whole, each));
        let names = self.names.iter().flat_map(|exact| &exact.lists).map(move |list| (list, of(list).names, each));
        terms.chain(whole).chain(names)
    }

    /// What a record would score that says it all: the measure of every other.
    pub fn mass(&self) -> f32 {
        self.unheard + self.terms.iter().map(QueryTerm::most).sum::<f32>()
    }
}

/// How many of the terms, the most telling first, candidates are gathered by.
fn gathering(terms: &[QueryTerm]) -> usize {
    let entries = terms.iter().scan(0, |entries, term| {
        *entries += term.records;
        Some(*entries)
    });
    entries.take_while(|entries| *entries <= ENTRIES).count().clamp(IN_ANY_CASE, GATHERING)
}

/// How much of a technical term a word of running text is: records have such words in title and keywords, not in the
/// body alone. Customers and eyes are rare in them too, but tell nothing.
fn keyness(records: f32, prominently: f32) -> f32 {
    (3.0 * (prominently + 0.5) / (records + 1.0)).clamp(0.2, 1.0)
}

/// Words with their idf, and what those are worth that no record has: they tell nothing apart, but a record that has all
/// others has not all.
fn weigh(heard: &Heard, layer: &Layer, view: &View) -> Result<(Vec<QueryTerm>, f32), IndexError> {
    let records = view.statistics.records();
    let everything = heard.choice == Choice::Everything;
    let (mut terms, mut unheard) = (Vec::with_capacity(heard.words.len()), Vec::new());
    for (text, word) in heard.words.iter().filter(|(_, word)| word.weight > 0.0) {
        let key = Key::of(text);
        let known = view.statistics.word(text, key);
        let found = known.records as f32;
        let common = found > records * COMMON && records >= 100.0 && !everything;
        let idf = (1.0 + (records - found + 0.5).max(0.5) / (found + 0.5)).ln();
        if known.records == 0 && !layer.knows(key, view)? {
            unheard.push(word.weight.sqrt() * idf);
            continue;
        }
        if common {
            continue;
        }
        let prominent = word.title || word.keywords || everything;
        let keyness = if prominent { 1.0 } else { keyness(found, known.prominently as f32) };
        terms.push(QueryTerm {
            text: text.clone(),
            key,
            stands_for: word.stands_for.clone(),
            title: word.title,
            keywords: word.keywords,
            body: word.body,
            // Said three times is not three times as important.
            weight: word.weight.sqrt() * keyness,
            idf,
            records: known.records,
            length: word.length,
            lists: known.lists,
        });
    }
    unheard.sort_unstable_by(|a, b| b.total_cmp(a));
    unheard.truncate(MOST_TERMS);
    Ok((terms, UNHEARD * unheard.iter().sum::<f32>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_titles_and_keywords_have_tells_more_than_one_of_bodies_alone() {
        assert!((keyness(60.0, 50.0) - 1.0).abs() < 1e-6);
        assert!((keyness(60.0, 0.0) - 0.2).abs() < 1e-6);
        assert!(keyness(40.0, 3.0) < keyness(40.0, 13.0));
    }

    #[test]
    fn candidates_are_gathered_by_fewer_terms_where_these_are_in_many_records() {
        let terms = |records: u64| {
            let term = |number: usize| QueryTerm {
                text: number.to_string(),
                key: Key::of(&number.to_string()),
                stands_for: None,
                title: false,
                keywords: false,
                body: true,
                weight: 1.0,
                idf: 1.0,
                records,
                length: 1,
                lists: Vec::new(),
            };
            (0..MOST_TERMS).map(term).collect::<Vec<_>>()
        };
        let by = |records| gathering(&terms(records));
        assert_eq!([1, ENTRIES / 16, ENTRIES / 12, ENTRIES].map(by), [16, 16, 12, 8]);
        assert_eq!(gathering(&[]), IN_ANY_CASE);
    }
}
