//! What is looked for: the telling terms of a text, and the conditions that go with it.

use std::collections::HashMap;
use std::str::FromStr;

use chrono::NaiveDate;
use tantivy::schema::Field;

use super::document::Document;
use super::index::{Fields, WordFields};
use super::lexicon::Key;
use super::nearest::Spoken;
use super::statistics::List;
use super::text::{simplified, telling, words};
use super::view::{Layer, View};
use super::{Facet, IndexError};
use crate::english::{Dictionary, Translated, is_english};
use crate::meaning::Compact;

/// Terms of a query: a long demand is cut to its most telling ones.
const MOST_TERMS: usize = 32;
/// Terms that candidates are gathered by, at most: the others only weigh what was gathered.
const GATHERING: usize = 16;
/// Terms that candidates are gathered by in any case.
const IN_ANY_CASE: usize = 8;
/// Entries that the lists of further ones may have, together with those before: of a million records the lists of the last
/// terms, which tell least, would take most of the time (`evaluation/README.md`).
const ENTRIES: u64 = 120_000;

/// Which words of a query are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// So many of the most telling ones, at most.
    Telling(usize),
    /// All, each by its rarity and place alone: what the choice is measured against.
    Everything,
}

impl Default for Choice {
    fn default() -> Self {
        Self::Telling(MOST_TERMS)
    }
}

impl FromStr for Choice {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(most @ 1..) => Ok(Self::Telling(most)),
            _ if text == "all" => Ok(Self::Everything),
            _ => Err("a number from 1 on or `all` is expected"),
        }
    }
}

/// A part of a longer word counts less than a word.
const PART: f32 = 0.4;
/// A word of the title or a keyword counts as so many in the text.
const TITLE: f32 = 2.0;
const KEYWORD: f32 = 2.0;
/// From so many words on a text is running text, in which most words are not about the matter.
const RUNNING: usize = 12;
/// A word that no record has counts so much of the rarest: it may be what the matter is called elsewhere, or no word at all.
const UNHEARD: f32 = 0.3;
/// A word that is in more than this share of the records tells nothing.
const COMMON: f32 = 0.25;

/// What a keyword or a name adds that is the same as a whole.
const WHOLE: f32 = 10.0;

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
    /// What all of it means, if that is known.
    pub meaning: Option<Compact>,
    /// Its sentences, if they are known.
    pub spoken: Option<Spoken>,
}

impl From<Document> for Query {
    fn from(document: Document) -> Self {
        Self {
            meaning: Compact::mean(&document.meaning),
            title: document.title,
            text: document.body.join("\n"),
            keywords: document.keywords,
            facets: document.facets,
            maturity: document.maturity,
            price: document.price,
            deadline: document.deadline,
            spoken: None,
        }
    }
}

impl Query {
    /// All that it says, as a text.
    pub(super) fn said(&self) -> String {
        [self.title.as_str(), self.text.as_str()].join("\n").trim().to_owned()
    }
}

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

/// A word of the query before its telling power is known.
#[derive(Default)]
struct HeardWord {
    stands_for: Option<String>,
    title: bool,
    keywords: bool,
    body: bool,
    weight: f32,
    length: usize,
}

/// Notes the field that a word stands in.
type Mark = fn(&mut HeardWord);

/// All words of a query, before it is known which of them tell.
#[derive(Default)]
pub(super) struct Heard {
    words: HashMap<String, HeardWord>,
    /// Words that follow each other without a gap.
    neighbours: Vec<(String, String)>,
    /// Whole keywords in normal form.
    whole: Vec<String>,
    choice: Choice,
}

impl Heard {
    pub fn of(query: &Query, choice: Choice) -> Self {
        let mut heard = Self { choice, ..Self::default() };
        heard.listen(&query.title, TITLE, |word| word.title = true);
        for keyword in &query.keywords {
            heard.listen(keyword, KEYWORD, |word| word.keywords = true);
        }
        heard.listen(&query.text, 1.0, |word| word.body = true);
        heard.whole = query.keywords.iter().map(|keyword| simplified(keyword)).collect();
        heard.translate(query);
        heard
    }

    fn listen(&mut self, text: &str, weight: f32, mark: impl Fn(&mut HeardWord)) {
        let words = words(text);
        let runs = words.len() >= RUNNING && self.choice != Choice::Everything;
        let telling = if runs { telling(text) } else { HashMap::new() };
        for (place, word) in words.iter().enumerate() {
            let entry = self.words.entry(word.text.clone()).or_default();
            mark(entry);
            let told = telling.get(&word.text).copied().unwrap_or(1.0);
            entry.weight += if word.part { weight * told * PART } else { weight * told };
            entry.length = word.end - word.start;
            let following = words[place + 1..].iter().take_while(|next| next.start <= word.end);
            let next = following.filter(|next| next.start == word.end);
            self.neighbours.extend(next.map(|next| (word.text.clone(), next.text.clone())));
        }
    }

    /// Hears the Chinese words that English ones stand for, too: one for each, as heavy as it would be as the query's own.
    fn translate(&mut self, query: &Query) {
        let keywords = query.keywords.join(" ");
        let fields: [(&str, f32, Mark); 3] = [
            (&query.title, TITLE, |word| word.title = true),
            (&keywords, KEYWORD, |word| word.keywords = true),
            (&query.text, 1.0, |word| word.body = true),
        ];
        for (text, weight, mark) in fields.into_iter().filter(|(text, ..)| is_english(text)) {
            let Some(dictionary) = Dictionary::shipped() else { return };
            let translated = dictionary.translated(text, query.meaning.as_ref());
            let runs = translated.len() >= RUNNING && self.choice != Choice::Everything;
            for one in translated {
                self.hear(&one, weight, runs, mark);
            }
        }
    }

    fn hear(&mut self, Translated { english, chinese }: &Translated<'_>, weight: f32, runs: bool, mark: Mark) {
        let telling = if runs { telling(chinese) } else { HashMap::new() };
        let mut words = words(chinese);
        words.retain(|word| !word.part);
        let share = weight / words.len() as f32;
        for word in words {
            let told = telling.get(&word.text).copied().unwrap_or(1.0);
            // A word of the query's own stays that.
            let new = || HeardWord { stands_for: Some(english.clone()), ..HeardWord::default() };
            let entry = self.words.entry(word.text).or_insert_with(new);
            mark(entry);
            entry.weight += share * told;
            entry.length = word.end - word.start;
        }
    }
}

impl Terms {
    /// Chooses the telling terms for the records of a layer, by idf, place and repetition.
    pub fn of(heard: &Heard, names: &[String], layer: &Layer, view: &View) -> Result<Self, IndexError> {
        let (mut terms, unheard) = weigh(heard, layer, view)?;
        terms.sort_by(|a, b| (b.weight * b.idf).total_cmp(&(a.weight * a.idf)).then_with(|| a.text.cmp(&b.text)));
        let gathering = match heard.choice {
            Choice::Telling(most) => {
                terms.truncate(most);
                gathering(&terms)
            }
            Choice::Everything => terms.len(),
        };
        let places: HashMap<&str, usize> =
            terms.iter().enumerate().map(|(place, term)| (term.text.as_str(), place)).collect();
        let mut pairs: Vec<(usize, usize)> = heard
            .neighbours
            .iter()
            .filter_map(|(a, b)| Some((*places.get(a.as_str())?, *places.get(b.as_str())?)))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        if !layer.is_counted() {
            for term in &mut terms {
                term.lists = layer.lists_of(view, term.key);
            }
        }
        let exact = |field: fn(&WordFields) -> Field, texts: &[String]| -> Result<Vec<Exact>, IndexError> {
            let of = |text: &String| Ok(Exact { text: text.clone(), lists: layer.lists(view, field, text)? });
            texts.iter().map(of).collect()
        };
        let (whole, names) = (exact(|words| words.whole, &heard.whole)?, exact(|words| words.names, names)?);
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
            let most = term.weight * term.idf;
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
        self.unheard + self.terms.iter().map(|term| term.weight * term.idf).sum::<f32>()
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

    #[test]
    fn a_choice_is_a_number_or_all() {
        assert_eq!("12".parse(), Ok(Choice::Telling(12)));
        assert_eq!("all".parse(), Ok(Choice::Everything));
        assert!("0".parse::<Choice>().is_err() && "most".parse::<Choice>().is_err());
    }

    #[test]
    fn everything_hears_what_tells_nothing_too() {
        let text = "我们厂去年正月里试过两回，染色废水的色度还是超标，环保所又来罚了三万块钱，老板心疼得很。";
        let query = Query { text: text.to_owned(), ..Query::default() };
        let weighed = |choice| {
            let heard = Heard::of(&query, choice);
            heard.words.values().filter(|word| word.weight > 0.0).count()
        };
        assert!(weighed(Choice::Everything) > weighed(Choice::default()));
    }
}
