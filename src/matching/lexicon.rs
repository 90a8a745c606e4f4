//! The words of a segment, held in memory: a demand asks every segment for a hundred words, and to look each up in the
//! dictionaries on disk, once for its list, once for how prominent it is and once for its number, takes longer than all
//! the rest of a match.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use tantivy::SegmentReader;
use tantivy::postings::TermInfo;

use super::IndexError;
use super::forward::Forward;
use super::index::Fields;
use crate::access::Audience;

/// Nobody outside knows how keys come about, so no two words can be made to have the same one.
static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// What a word is looked up by, in every segment: 64 bits of it, of which no two words have the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key(u64);

impl Key {
    pub fn of(word: &str) -> Self {
        Self::of_bytes(word.as_bytes())
    }

    fn of_bytes(word: &[u8]) -> Self {
        Self(KEYS.hash_one(word))
    }
}

/// A word of the records of one audience in a segment.
#[derive(Clone, Copy)]
pub(super) struct Word {
    /// Where its list lies.
    start: usize,
    length: u32,
    /// How many records have it, removed ones among them.
    pub records: u32,
    /// How many have it in title or keywords.
    pub prominently: u32,
    /// Its number in the forward index.
    pub number: u32,
}

impl Word {
    /// Its list. There are no positions.
    pub fn list(&self) -> TermInfo {
        TermInfo {
            doc_freq: self.records,
            postings_range: self.start..self.start + self.length as usize,
            positions_range: 0..0,
        }
    }
}

/// The words of a segment, by the place of the audience.
pub(super) struct Lexicon([FxHashMap<u64, Word>; 3]);

impl Lexicon {
    pub fn of(segment: &SegmentReader, forward: &Forward, fields: &Fields) -> Result<Self, IndexError> {
        let mut numbers: FxHashMap<u64, u32> = FxHashMap::default();
        forward.each_word(|word, number| {
            numbers.insert(Key::of_bytes(word).0, number);
        })?;
        let mut words: [FxHashMap<u64, Word>; 3] = Default::default();
        for (words, fields) in words.iter_mut().zip(&fields.words) {
            let lists = segment.inverted_index(fields.text)?;
            let mut all = lists.terms().stream()?;
            while let Some((word, list)) = all.next() {
                let Key(key) = Key::of_bytes(word);
                let Some(number) = numbers.get(&key) else { continue };
                let (start, length) = (list.postings_range.start, length(list));
                words.insert(key, Word { start, length, records: list.doc_freq, prominently: 0, number: *number });
            }
            let lists = segment.inverted_index(fields.prominent)?;
            let mut prominent = lists.terms().stream()?;
            while let Some((word, list)) = prominent.next() {
                if let Some(word) = words.get_mut(&Key::of_bytes(word).0) {
                    word.prominently = list.doc_freq;
                }
            }
            words.shrink_to_fit();
        }
        Ok(Self(words))
    }

    pub fn word(&self, audience: Audience, Key(key): Key) -> Option<&Word> {
        self.0[audience.place()].get(&key)
    }
}

/// A list has fewer bytes than that.
fn length(list: &TermInfo) -> u32 {
    u32::try_from(list.postings_range.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use tantivy::schema::Field;
    use uuid::Uuid;

    use super::*;
    use crate::matching::evaluation::Indexed;
    use crate::matching::{Document, Model};
    use crate::registry::Kind;

    #[test]
    fn it_says_of_every_word_what_the_dictionaries_say() {
        let texts = [("印染废水", "脱色"), ("造纸废水", "絮凝 cod"), ("轴承", "废水")];
        let audiences = [Audience::PUBLIC, Audience::PUBLIC, Audience::STAFF];
        let documents = texts.into_iter().zip(audiences).zip(0..).map(|(((title, body), audience), id)| Document {
            id: Uuid::from_u128(id),
            audience,
            ..Document::saying(title, body)
        });
        let documents = documents.collect();
        let indexed =
            Indexed::of(Model::shipped().expect("a model"), vec![(Kind::Result, documents)]).expect("an index");
        let index = indexed.engine.index_of(Kind::Result);
        let (snapshot, fields) = (index.snapshot(), index.fields);
        let mut told = 0;
        for part in &snapshot.parts {
            for audience in Audience::ALL {
                let words = fields.words[audience.place()];
                let there = |field: Field, word: &str| part.list(field, word).expect("a look");
                for word in ["印染", "废水", "造纸", "轴承", "脱色", "絮凝", "cod", "没有"] {
                    let known = part.word(audience, Key::of(word));
                    assert_eq!(known.map(Word::list), there(words.text, word), "{word}");
                    let prominently = there(words.prominent, word).map_or(0, |list| list.doc_freq);
                    assert_eq!(known.map_or(0, |known| known.prominently), prominently, "{word}");
                    told += known.map_or(0, |known| known.records);
                }
            }
        }
        // 废水 in three, each of the others in one.
        assert_eq!(told, 9);
    }
}
