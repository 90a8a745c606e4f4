//! Sentences of records, as they lie in the database.

use super::packed::{self, VECTOR};
use crate::meaning::{Compact, Said};

/// Sentences of a window that are kept; one that has more consists of scraps.
const MOST: usize = 16;
/// Bytes of a number, and of a sentence: three numbers and a vector.
const NUMBER: usize = size_of::<u32>();
const SENTENCE: usize = 3 * NUMBER + VECTOR;

/// A sentence of a text, and what it means there.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    /// Which window of the text it stands in.
    pub window: usize,
    /// Characters of the text before it.
    pub start: usize,
    /// Characters of the text up to its end.
    pub end: usize,
    pub meaning: Compact,
}

impl Sentence {
    /// Those of a window that begins after so many characters.
    pub(super) fn of_window(said: &Said, window: usize, before: usize) -> impl Iterator<Item = Self> {
        said.sentences.iter().take(MOST).map(move |sentence| {
            let (start, end) = (before + sentence.start, before + sentence.end);
            Self { window, start, end, meaning: sentence.vector.compact() }
        })
    }
}

pub(super) fn packed(sentences: &[Sentence]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(sentences.len() * SENTENCE);
    for Sentence { window, start, end, meaning } in sentences {
        for number in [window, start, end] {
            bytes.extend(u32::try_from(*number).unwrap_or(u32::MAX).to_be_bytes());
        }
        packed::push(meaning, &mut bytes);
    }
    bytes
}

pub(super) fn unpacked(bytes: &[u8]) -> Vec<Sentence> {
    let sentences = bytes.as_chunks::<SENTENCE>().0.iter().map(|bytes| {
        let (numbers, vector) = bytes.split_at(3 * NUMBER);
        let mut numbers = numbers.as_chunks::<NUMBER>().0.iter().map(|number| u32::from_be_bytes(*number) as usize);
        let mut next = || numbers.next().unwrap_or_default();
        let (window, start, end) = (next(), next(), next());
        Sentence { window, start, end, meaning: packed::read(vector) }
    });
    sentences.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meaning::DIMENSIONS;

    #[test]
    fn sentences_are_read_back_as_they_were_written() {
        let sentence = |window, start, end, first: i8| {
            let mut numbers = [1; DIMENSIONS];
            numbers[0] = first;
            Sentence { window, start, end, meaning: Compact { scale: 0.01, numbers } }
        };
        let sentences = vec![sentence(0, 0, 8, 127), sentence(2, 70_000, 70_123, -128)];
        let bytes = packed(&sentences);
        assert_eq!((bytes.len(), &bytes[400..412]), (800, &[0, 0, 0, 2, 0, 1, 17, 112, 0, 1, 17, 235][..]));
        assert_eq!(unpacked(&bytes), sentences);
    }
}
