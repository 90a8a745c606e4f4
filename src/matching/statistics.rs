//! The counts that words are weighed by: of the records that everyone of an audience may see, and of no others.

use tantivy::query::Bm25StatisticsProvider;
use tantivy::schema::Field;
use tantivy::{Searcher, Term};

use super::IndexError;
use super::index::{Fields, WordFields};
use crate::access::Audience;

/// Counts over the records of some audiences.
///
/// A record that was deleted or changed counts as it was until its segment is merged with others, as in every index of
/// this kind. It counts where it stood, so that tells of nothing that was ever closed.
pub(super) struct Statistics {
    searcher: Searcher,
    fields: Fields,
    /// The fields of each audience, and the segments that have records of it.
    counted: Vec<(WordFields, Vec<usize>)>,
    records: u64,
    /// Words in all, by the place of the field.
    lengths: [u64; 5],
}

impl Statistics {
    pub fn of(audiences: &[Audience], fields: Fields, searcher: &Searcher) -> Result<Self, IndexError> {
        let mut records = 0;
        let mut lengths = [0; 5];
        for audience in audiences {
            records += records_of(*audience, &fields, searcher)?;
            for (length, field) in lengths.iter_mut().zip(fields.words[audience.place()].all()) {
                *length += searcher.total_num_tokens(field)?;
            }
        }
        let of = |audience: &Audience| -> tantivy::Result<(WordFields, Vec<usize>)> {
            Ok((fields.words[audience.place()], segments_of(std::slice::from_ref(audience), &fields, searcher)?))
        };
        let counted = audiences.iter().map(of).collect::<tantivy::Result<_>>()?;
        Ok(Self { searcher: searcher.clone(), fields, counted, records, lengths })
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
                let index = self.searcher.segment_readers()[*segment].inverted_index(term.field())?;
                found += u64::from(index.doc_freq(&term)?);
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

/// How many records have an audience.
pub(super) fn records_of(audience: Audience, fields: &Fields, searcher: &Searcher) -> tantivy::Result<u64> {
    searcher.doc_freq(&Term::from_field_u64(fields.audience, audience.number()))
}

/// The segments that have records of some audience, by their places.
pub(super) fn segments_of(audiences: &[Audience], fields: &Fields, searcher: &Searcher) -> tantivy::Result<Vec<usize>> {
    let mut found = Vec::new();
    for (place, segment) in searcher.segment_readers().iter().enumerate() {
        let index = segment.inverted_index(fields.audience)?;
        for audience in audiences {
            if index.doc_freq(&Term::from_field_u64(fields.audience, audience.number()))? > 0 {
                found.push(place);
                break;
            }
        }
    }
    Ok(found)
}
