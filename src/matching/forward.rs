//! The forward index: the words of each record in their order. What candidates say is read from it, so that no text is
//! cut into words again and no list is read for a handful of records; and the counts of the records that live.

use std::collections::HashMap;
use std::hint::black_box;
use std::ops::Range;

use rustc_hash::FxHashMap;
use tantivy::columnar::{BytesColumn, Column, StrColumn};
use tantivy::{DocId, SegmentReader};

use super::IndexError;
use super::document::Document;
use super::index::columns;
use super::text::words;

/// Between two texts of one field, so that the last word of one is no neighbour of the first of the next.
const GAP: usize = 100;
/// The longest step that is told from longer ones: longer than any word, so that whatever lies behind is no neighbour.
const LONGEST_STEP: usize = 127;

/// The words of a record as the index keeps them: title, keywords, body.
pub(super) struct Sequence {
    pub words: Vec<String>,
    /// Characters from the beginning of the word before to that of each word.
    pub steps: Vec<u64>,
    /// How many of the words are of the title.
    pub titled: usize,
    /// How many are of keywords.
    pub keyed: usize,
}

impl Sequence {
    pub fn of(document: &Document) -> Self {
        let mut sequence = Self { words: Vec::new(), steps: Vec::new(), titled: 0, keyed: 0 };
        sequence.push(&document.title);
        sequence.titled = sequence.words.len();
        document.keywords.iter().for_each(|keyword| sequence.push(keyword));
        sequence.keyed = sequence.words.len() - sequence.titled;
        document.body.iter().for_each(|text| sequence.push(text));
        sequence
    }

    fn push(&mut self, text: &str) {
        let mut before = None;
        for word in words(text) {
            let step = before.map_or(GAP, |before| word.start - before);
            self.steps.push(step.min(LONGEST_STEP) as u64);
            before = Some(word.start);
            self.words.push(word.text);
        }
    }
}

/// The words of the records of a segment.
pub(super) struct Forward {
    words: StrColumn,
    /// By record: where its words begin. One more tells where the last end.
    firsts: Vec<u32>,
    steps: Column<u64>,
    /// By record: how many words are of the title, and of keywords.
    prominent: Vec<[u16; 2]>,
}

/// The numbers of some words in a segment.
pub(super) struct Numbers {
    /// By number: the place of the word among those asked for.
    places: FxHashMap<u64, usize>,
    /// Whether some word has a number with these last bits: most have not, and need no look into the map.
    likely: Vec<bool>,
}

impl Numbers {
    /// Of words by their places among those asked for.
    pub fn of(words: impl Iterator<Item = (usize, u32)>) -> Self {
        let mut numbers = Self { places: FxHashMap::default(), likely: vec![false; LIKELY] };
        for (place, number) in words {
            numbers.places.insert(number.into(), place);
            numbers.likely[last_bits(number.into())] = true;
        }
        numbers
    }
}

/// Of so many the words of a query take a few.
const LIKELY: usize = 1 << 11;

impl Forward {
    pub fn of(segment: &SegmentReader) -> Result<Self, IndexError> {
        let fast = segment.fast_fields();
        let none = || StrColumn::wrap(BytesColumn::empty(segment.max_doc()));
        let words = fast.str(columns::SEQUENCE)?.unwrap_or_else(none);
        let [steps, titled, keyed] = [columns::STEPS, columns::TITLED, columns::KEYED].map(|name| fast.u64(name));
        let (steps, titled, keyed) = (steps?, titled?, keyed?);
        let length =
            |column: &Column<u64>, doc| column.first(doc).map_or(0, |length| u16::try_from(length).unwrap_or(u16::MAX));
        let prominent = (0..segment.max_doc()).map(|doc| [length(&titled, doc), length(&keyed, doc)]).collect();
        Ok(Self { firsts: firsts(words.ords(), segment.max_doc()), words, steps, prominent })
    }

    /// Where its words lie in the column.
    fn rows(&self, doc: DocId) -> Range<u32> {
        let doc = doc as usize;
        self.firsts[doc]..self.firsts[doc + 1]
    }

    /// Has the processor fetch the beginnings of some records' words all at once, instead of waiting for each when it is
    /// read.
    pub fn fetch(&self, docs: impl Iterator<Item = DocId>) {
        let rows = docs.map(|doc| self.rows(doc)).filter(|rows| !rows.is_empty());
        let read =
            rows.map(|rows| self.words.ords().values.get_val(rows.start) ^ self.steps.values.get_val(rows.start));
        black_box(read.fold(0, |all, value| all ^ value));
    }

    /// How many words title, keywords and body of a record have.
    pub fn lengths(&self, doc: DocId) -> [u32; 3] {
        let [titled, keyed] = self.prominent[doc as usize].map(u32::from);
        let rows = self.rows(doc);
        [titled, keyed, (rows.end - rows.start).saturating_sub(titled + keyed)]
    }

    /// Calls back for every word that is there, with its number.
    pub fn each_word(&self, mut callback: impl FnMut(&[u8], u32)) -> Result<(), IndexError> {
        let mut words = self.words.dictionary().stream()?;
        for number in 0.. {
            let Some((word, ())) = words.next() else { break };
            callback(word, number);
        }
        Ok(())
    }

    /// Calls back for each of the words that a record has, in their order, with its place among those asked for, the
    /// field it stands in (title, keywords, body) and its place among the record's words.
    pub fn read(
        &self,
        doc: DocId,
        numbers: &Numbers,
        space: &mut Vec<u64>,
        mut callback: impl FnMut(usize, usize, usize),
    ) {
        let [titled, keyed, _] = self.lengths(doc).map(|length| length as usize);
        values(self.words.ords(), self.rows(doc), space);
        for (order, number) in space.iter().enumerate() {
            if !numbers.likely[last_bits(*number)] {
                continue;
            }
            if let Some(place) = numbers.places.get(number) {
                let column = if order < titled { 0 } else { 1 + usize::from(order >= titled + keyed) };
                callback(*place, column, order);
            }
        }
    }

    /// Does the word at a place among those of a record begin so many characters after one at an earlier place? Mostly few
    /// words lie between.
    pub fn is_after(&self, doc: DocId, before: usize, after: usize, characters: u64) -> bool {
        // Each word has a step, so both lie alike in their columns.
        let first = self.rows(doc).start;
        let mut distance = 0;
        for row in (first..).take(after + 1).skip(before + 1) {
            distance += self.steps.values.get_val(row);
            if distance > characters {
                return false;
            }
        }
        distance == characters
    }

    /// How many of some records have each word: anywhere, and in title or keywords.
    pub fn count(&self, docs: &[DocId]) -> Result<HashMap<String, [u32; 2]>, IndexError> {
        let mut counted: HashMap<u64, [u32; 2]> = HashMap::new();
        let mut words = Vec::new();
        for doc in docs {
            let [titled, keyed, _] = self.lengths(*doc).map(|length| length as usize);
            values(self.words.ords(), self.rows(*doc), &mut words);
            for (range, which) in [(0..words.len(), 0), (0..titled + keyed, 1)] {
                for number in distinct(&words, range) {
                    counted.entry(number).or_default()[which] += 1;
                }
            }
        }
        let mut numbers: Vec<u64> = counted.keys().copied().collect();
        numbers.sort_unstable();
        let mut named = HashMap::with_capacity(numbers.len());
        let mut next = numbers.iter();
        self.words.dictionary().sorted_ords_to_term_cb(&numbers, |word| {
            let counts = next.next().and_then(|number| counted.get(number)).copied().unwrap_or_default();
            named.insert(String::from_utf8_lossy(word).into_owned(), counts);
        })?;
        Ok(named)
    }
}

/// Where the values of each record begin, and where those of the last end.
fn firsts(column: &Column<u64>, records: DocId) -> Vec<u32> {
    let mut firsts = vec![0];
    let mut end = 0;
    for doc in 0..records {
        // Of a record without values no place is told.
        end = column.index.value_row_ids(doc).end.max(end);
        firsts.push(end);
    }
    firsts
}

fn values(column: &Column<u64>, rows: Range<u32>, values: &mut Vec<u64>) {
    values.resize(rows.len(), 0);
    column.values.get_range(rows.start.into(), values);
}

/// The bits of a number that tell whether it is likely.
fn last_bits(number: u64) -> usize {
    usize::try_from(number % LIKELY as u64).unwrap_or_default()
}

fn distinct(words: &[u64], range: Range<usize>) -> Vec<u64> {
    let mut some = words[range].to_vec();
    some.sort_unstable();
    some.dedup();
    some
}
