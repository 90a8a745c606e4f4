//! What is near in meaning (意思相近), in words: the sentence of a query and the one of a record that lie nearest.

use serde::Serialize;
use utoipa::ToSchema;

use super::meanings::{self, Read, Sentence};
use super::rank::{QUERY_FIELDS, RECORD_FIELDS};
use super::{Document, Query};
use crate::meaning::Compact;

/// Sentences of a query that are compared: those nearest to what all of it means. Few texts have more.
const MOST: usize = 64;

/// Two sentences that lie near.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Nearest {
    pub query: Quote,
    pub record: Quote,
    /// The cosine of what they mean, each in its text.
    #[schema(minimum = -1.0, maximum = 1.0)]
    pub cosine: f32,
}

/// A sentence, or the title or the keywords as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Quote {
    /// Where it stands: `title`, `keywords`, and `text` in the query or `body` in the record.
    #[schema(max_length = 20)]
    pub field: &'static str,
    #[schema(max_length = 20000)]
    pub text: String,
}

/// A text with its sentences.
#[derive(Clone, Debug)]
pub struct Spoken {
    text: String,
    /// Its fields in their order, each with the characters of the text up to its end.
    fields: Vec<(&'static str, usize)>,
    sentences: Vec<Sentence>,
}

impl Nearest {
    /// Those of the window of a record that is nearest to the query, for that is what the score goes by. Nothing where
    /// sentences are not known, or are of another text.
    pub(super) fn of(query: &Query, record: &Document, read: &Read) -> Option<Self> {
        let (spoken, meaning) = (query.spoken.as_ref()?, query.meaning.as_ref()?);
        if !read.stored.is_of(record) {
            return None;
        }
        spoken.nearest(meaning, &read.stored.vectors(), &Spoken::of(record, RECORD_FIELDS, read.sentences()))
    }
}

impl Spoken {
    /// A text that was typed in: a title, which it may begin with, and more.
    pub(super) fn typed(title: &str, text: String, sentences: Vec<Sentence>, meaning: &Compact) -> Self {
        let all = text.chars().count();
        let title = title.trim();
        let titled = (!title.is_empty()).then(|| (QUERY_FIELDS[0], title.chars().count()));
        let fields = titled.into_iter().chain([(QUERY_FIELDS[2], all)]).collect();
        Self { text, fields, sentences }.about(meaning)
    }

    /// A record that looks for others.
    pub(super) fn of_query(document: &Document, sentences: Vec<Sentence>) -> Self {
        let spoken = Self::of(document, QUERY_FIELDS, sentences);
        match Compact::mean(&document.meaning) {
            Some(meaning) => spoken.about(&meaning),
            None => spoken,
        }
    }

    fn of(document: &Document, names: [&'static str; 3], sentences: Vec<Sentence>) -> Self {
        let mut end = 0;
        let fields = meanings::lines_of(document).into_iter().map(|(column, line)| {
            // With the end of the line.
            end += line.chars().count() + 1;
            (names[column], end)
        });
        Self { fields: fields.collect(), text: meanings::text_of(document), sentences }
    }

    /// With the sentences alone that say what it is about.
    fn about(mut self, meaning: &Compact) -> Self {
        if self.sentences.len() > MOST {
            let near = |sentence: &Sentence| sentence.meaning.cosine(meaning);
            self.sentences.sort_by(|a, b| near(b).total_cmp(&near(a)));
            self.sentences.truncate(MOST);
        }
        self
    }

    fn nearest(&self, meaning: &Compact, windows: &[Compact], record: &Self) -> Option<Nearest> {
        let windows = windows.iter().map(|window| window.cosine(meaning)).enumerate();
        let (best, _) = windows.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        let there = record.sentences.iter().filter(|sentence| sentence.window == best);
        let pairs = there.flat_map(|there| self.sentences.iter().map(move |here| (here, there)));
        let weighed = pairs.map(|(here, there)| (here.meaning.cosine(&there.meaning), here, there));
        let (cosine, here, there) = weighed.max_by(|(a, ..), (b, ..)| a.total_cmp(b))?;
        Some(Nearest { query: self.quote(here)?, record: record.quote(there)?, cosine: cosine.clamp(-1.0, 1.0) })
    }

    fn quote(&self, sentence: &Sentence) -> Option<Quote> {
        let (field, _) = self.fields.iter().find(|(_, end)| sentence.start < *end)?;
        let text: String = self.text.chars().skip(sentence.start).take(sentence.end - sentence.start).collect();
        Some(Quote { field, text: text.trim().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meaning::{DIMENSIONS, Embedder};

    /// Towards one of the axes.
    fn towards(axis: usize) -> Compact {
        let mut numbers = [0; DIMENSIONS];
        numbers[axis] = 127;
        Compact { scale: 1.0 / 127.0, numbers }
    }

    fn sentence(window: usize, start: usize, end: usize, axis: usize) -> Sentence {
        Sentence { window, start, end, meaning: towards(axis) }
    }

    fn quote(field: &'static str, text: &str) -> Quote {
        Quote { field, text: text.to_owned() }
    }

    #[test]
    fn sentences_of_the_nearest_window_are_quoted_with_their_fields() {
        let mut document = Document::saying("脱色", "甲句。乙句。");
        document.keywords = vec!["废水".to_owned(), "真菌".to_owned()];
        let sentences = vec![sentence(0, 0, 3, 1), sentence(0, 3, 9, 2), sentence(1, 9, 12, 3), sentence(1, 12, 15, 4)];
        let record = Spoken::of(&document, RECORD_FIELDS, sentences);
        let windows = [towards(1), towards(3)];
        let query = |axis| {
            let query = Document::saying("颜色", "去不掉。");
            Spoken::of_query(&query, vec![sentence(0, 0, 3, 9), sentence(0, 3, 7, axis)])
        };
        let nearest = query(4).nearest(&towards(3), &windows, &record).expect("two sentences");
        assert_eq!((nearest.query, nearest.record), (quote("text", "去不掉。"), quote("body", "乙句。")));
        assert!((nearest.cosine - 1.0).abs() < 1e-4);
        let nearest = query(2).nearest(&towards(1), &windows, &record).expect("two sentences");
        assert_eq!(nearest.record, quote("keywords", "废水、真菌"));
        let nearest = query(1).nearest(&towards(1), &windows, &record).expect("two sentences");
        assert_eq!(nearest.record, quote("title", "脱色"));
        assert_eq!(query(1).nearest(&towards(1), &[], &record), None);
    }

    #[test]
    fn a_text_that_was_typed_in_may_have_no_title() {
        let embedder = Embedder::shipped().expect("the model");
        for (title, fields) in [("水去不掉颜色", vec!["title", "text"]), ("", vec!["text"])] {
            let query =
                Query { title: title.to_owned(), text: "布染完，水红得很。".to_owned(), ..Query::default() };
            let (windows, sentences) = meanings::understood(&query.said(), &embedder).expect("vectors");
            let spoken = Spoken::typed(title, query.said(), sentences, &windows[0]);
            let quotes: Vec<Quote> = spoken.sentences.iter().filter_map(|sentence| spoken.quote(sentence)).collect();
            assert_eq!(quotes.iter().map(|quote| quote.field).collect::<Vec<_>>(), fields);
            assert_eq!(quotes.last().expect("a quote").text, "布染完，水红得很。");
        }
    }

    #[test]
    fn of_many_sentences_those_are_kept_that_say_what_it_is_about() {
        let sentences = (0..100).map(|place| sentence(0, place, place + 1, usize::from(place < 90))).collect();
        let mut document = Document::saying("", &"水".repeat(100));
        document.meaning = vec![towards(0)];
        let spoken = Spoken::of_query(&document, sentences);
        assert_eq!(spoken.sentences.len(), MOST);
        assert!(spoken.sentences[..10].iter().all(|sentence| sentence.start >= 90));
    }
}
