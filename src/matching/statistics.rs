//! The counts that words are weighed by: of the records that everyone of an audience may see, and of no others.

use std::sync::Arc;

use tantivy::Term;
use tantivy::query::Bm25StatisticsProvider;
use tantivy::schema::Field;

use super::IndexError;
use super::index::{Fields, WordFields};
use super::living::Snapshot;
use crate::access::Audience;

/// Counts over the living records of some audiences. What was deleted, or closed since, tells of nothing any more.
pub(super) struct Statistics {
    snapshot: Arc<Snapshot>,
    fields: Fields,
    /// The fields of each audience, and the segments that have records of it.
    counted: Vec<(WordFields, Vec<usize>)>,
    records: u64,
    /// Words in all, by the place of the field.
    lengths: [u64; 5],
}

impl Statistics {
    pub fn of(audiences: &[Audience], fields: Fields, snapshot: &Arc<Snapshot>) -> Self {
        let mut lengths = [0; 5];
        for audience in audiences {
            for (length, more) in lengths.iter_mut().zip(snapshot.lengths(*audience)) {
                *length += more;
            }
        }
        let of = |audience: &Audience| {
            (fields.words[audience.place()], snapshot.segments_of(std::slice::from_ref(audience)))
        };
        Self {
            snapshot: Arc::clone(snapshot),
            fields,
            counted: audiences.iter().map(of).collect(),
            records: audiences.iter().map(|audience| snapshot.records(*audience)).sum(),
            lengths,
        }
    }

    /// How many records there are; one where there are none, for there is nothing to divide by.
    pub fn records(&self) -> f32 {
        self.records.max(1) as f32
    }

    /// How many records have a word in title, keywords and body.
    pub fn frequencies(&self, word: &str) -> Result<[f32; 3], IndexError> {
        let mut frequencies = [0.0; 3];
        for (place, frequency) in frequencies.iter_mut().enumerate() {
            *frequency = self.frequency(place, word)? as f32;
        }
        Ok(frequencies)
    }

    /// How many words title, keywords and body have on the average.
    pub fn average_lengths(&self) -> [f32; 3] {
        [0, 1, 2].map(|place| (self.lengths[place] as f32 / self.records()).max(1.0))
    }

    /// How many records have a word in the field of a place. A record has one audience, so none is counted twice.
    fn frequency(&self, place: usize, word: &str) -> tantivy::Result<u64> {
        let mut found = 0;
        for (words, segments) in &self.counted {
            let term = Term::from_field_text(words.all()[place], word);
            for segment in segments {
                found += self.snapshot.frequency(*segment, &term)?;
            }
        }
        Ok(found)
    }

    fn place(&self, field: Field) -> Option<usize> {
        self.fields.words.iter().find_map(|words| words.all().iter().position(|known| *known == field))
    }
}

/// Whatever the audience of the record that is scored: its words weigh what they weigh in the records counted.
impl Bm25StatisticsProvider for Statistics {
    /// Where no record has any word the average would be nothing, and a score no number.
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        let length = self.place(field).map_or(0, |place| self.lengths[place]);
        Ok(if length == 0 { self.records.max(1) } else { length })
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.records.max(1))
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        let value = term.value();
        match self.place(term.field()).zip(value.as_str()) {
            Some((place, word)) => Ok(self.frequency(place, word)?.min(self.records)),
            None => Ok(0),
        }
    }
}
