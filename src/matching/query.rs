//! What is looked for: a text with its conditions, and the words that are heard in it.

use std::collections::HashMap;
use std::str::FromStr;

use chrono::NaiveDate;

use super::Facet;
use super::document::Document;
use super::nearest::Spoken;
use super::text::{Word, simplified, telling, words};
use crate::english::{Dictionary, Translated, is_english};
use crate::meaning::Compact;

/// Terms of a query: a long demand is cut to its most telling ones.
pub(super) const MOST_TERMS: usize = 32;

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

/// A word of the query before its telling power is known.
#[derive(Default)]
pub(super) struct HeardWord {
    pub stands_for: Option<String>,
    pub title: bool,
    pub keywords: bool,
    pub body: bool,
    pub weight: f32,
    pub length: usize,
}

/// Notes the field that a word stands in.
type Mark = fn(&mut HeardWord);

/// A whole keyword.
pub(super) struct Whole {
    /// In normal form.
    pub text: String,
    pub words: Vec<String>,
}

/// All words of a query, before it is known which of them tell.
#[derive(Default)]
pub(super) struct Heard {
    pub words: HashMap<String, HeardWord>,
    /// Words that follow each other without a gap.
    pub neighbours: Vec<(String, String)>,
    pub whole: Vec<Whole>,
    pub choice: Choice,
}

impl Heard {
    pub fn of(query: &Query, choice: Choice) -> Self {
        let mut heard = Self { choice, ..Self::default() };
        heard.listen(&query.title, TITLE, |word| word.title = true);
        for keyword in &query.keywords {
            let words = heard.listen(keyword, KEYWORD, |word| word.keywords = true);
            let words = words.into_iter().map(|word| word.text).collect();
            heard.whole.push(Whole { text: simplified(keyword), words });
        }
        heard.listen(&query.text, 1.0, |word| word.body = true);
        heard.translate(query);
        heard
    }

    /// Hears the words of a text, and tells them.
    fn listen(&mut self, text: &str, weight: f32, mark: impl Fn(&mut HeardWord)) -> Vec<Word> {
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
        words
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

#[cfg(test)]
mod tests {
    use super::*;

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
