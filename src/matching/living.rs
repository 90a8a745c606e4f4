//! A snapshot of an index with the counts of the records that live in it.
//!
//! tantivy counts a record that was removed or replaced until its segment is merged, and after the merge it only
//! estimates how many words there are. Scores would tell of the index's past, and no two indexes would agree. So the
//! words of each record stand in columns too: those of a removed one are taken off the counts of its segment when the
//! commit that removed it is first read, and a search pays one look into a table for it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tantivy::columnar::ColumnValues;
use tantivy::schema::Field;
use tantivy::{DocId, Searcher, SegmentReader, Term};

use super::IndexError;
use super::index::{Fields, columns};
use crate::access::Audience;

/// A searcher, and the counts of each of its segments.
pub(super) struct Snapshot {
    pub searcher: Searcher,
    counts: Vec<Arc<Counts>>,
}

/// What of a segment lives.
#[derive(Clone, Default)]
struct Counts {
    /// Records by the place of their audience.
    records: [u64; 3],
    /// Words in all by the place of the audience and of the field.
    lengths: [[u64; 5]; 3],
    /// How many removed records a word still stands for: by field, and where the word's list begins in the segment.
    removed: HashMap<(Field, usize), u32>,
}

impl Snapshot {
    /// The counts of segments that the snapshot before had are carried on.
    pub fn of(searcher: Searcher, fields: &Fields, before: Option<&Self>) -> Result<Self, IndexError> {
        let segments = searcher.segment_readers().iter();
        let counts = segments.map(|segment| {
            let known = before.and_then(|before| before.segment_like(segment));
            match known {
                Some((then, counts)) if then.num_deleted_docs() == segment.num_deleted_docs() => Ok(Arc::clone(counts)),
                Some((then, counts)) => Counts::clone(counts).less(segment, Some(then), fields).map(Arc::new),
                None => Counts::whole(segment, fields)?.less(segment, None, fields).map(Arc::new),
            }
        });
        let counts = counts.collect::<Result<_, IndexError>>()?;
        Ok(Self { searcher, counts })
    }

    /// The same segment as it was, perhaps with fewer records removed.
    fn segment_like(&self, segment: &SegmentReader) -> Option<(&SegmentReader, &Arc<Counts>)> {
        let mut known = self.searcher.segment_readers().iter().zip(&self.counts);
        known.find(|(known, _)| known.segment_id() == segment.segment_id())
    }

    /// The segments where records of some audience live, by their places.
    pub fn segments_of(&self, audiences: &[Audience]) -> Vec<usize> {
        let lives = |counts: &Counts| audiences.iter().any(|audience| counts.records[audience.place()] > 0);
        self.counts.iter().enumerate().filter(|(_, counts)| lives(counts)).map(|(place, _)| place).collect()
    }

    /// How many records have an audience.
    pub fn records(&self, audience: Audience) -> u64 {
        self.counts.iter().map(|counts| counts.records[audience.place()]).sum()
    }

    /// How many words the fields of an audience have in all.
    pub fn lengths(&self, audience: Audience) -> [u64; 5] {
        let lengths = self.counts.iter().map(|counts| counts.lengths[audience.place()]);
        lengths.fold([0; 5], |sum, one| std::array::from_fn(|place| sum[place] + one[place]))
    }

    /// How many records of a segment have a word.
    pub fn frequency(&self, segment: usize, term: &Term) -> tantivy::Result<u64> {
        let index = self.searcher.segment_readers()[segment].inverted_index(term.field())?;
        let Some(found) = index.get_term_info(term)? else { return Ok(0) };
        let removed = self.counts[segment].removed.get(&(term.field(), found.postings_range.start));
        Ok(u64::from(found.doc_freq.saturating_sub(removed.copied().unwrap_or_default())))
    }
}

impl Counts {
    /// As if nothing had been removed.
    fn whole(segment: &SegmentReader, fields: &Fields) -> Result<Self, IndexError> {
        let mut counts = Self::default();
        let audiences = segment.inverted_index(fields.audience)?;
        for audience in Audience::ALL {
            let records = audiences.doc_freq(&Term::from_field_u64(fields.audience, audience.number()))?;
            counts.records[audience.place()] = records.into();
            for (place, field) in fields.words[audience.place()].all().into_iter().enumerate() {
                let column = segment.fast_fields().str(segment.schema().get_field_name(field))?;
                let length = column.map_or(0, |column| column.ords().values.num_vals());
                counts.lengths[audience.place()][place] = length.into();
            }
        }
        Ok(counts)
    }

    /// Less the records that were removed, or that were since then.
    fn less(
        mut self,
        segment: &SegmentReader,
        then: Option<&SegmentReader>,
        fields: &Fields,
    ) -> Result<Self, IndexError> {
        if !segment.has_deletes() {
            return Ok(self);
        }
        let known = |doc| then.is_some_and(|then| then.is_deleted(doc));
        let removed: Vec<DocId> =
            (0..segment.max_doc()).filter(|doc| segment.is_deleted(*doc) && !known(*doc)).collect();
        let audiences = segment.fast_fields().u64(columns::AUDIENCE)?;
        for audience in Audience::ALL {
            let of_audience = |doc: &DocId| audiences.first(*doc) == Some(audience.number());
            let docs: Vec<DocId> = removed.iter().copied().filter(of_audience).collect();
            if docs.is_empty() {
                continue;
            }
            let records = &mut self.records[audience.place()];
            *records = records.saturating_sub(docs.len() as u64);
            for (place, field) in fields.words[audience.place()].all().into_iter().enumerate() {
                let length = self.take_off(segment, field, &docs)?;
                let lengths = &mut self.lengths[audience.place()][place];
                *lengths = lengths.saturating_sub(length);
            }
        }
        Ok(self)
    }

    /// Takes the words of a field of removed records off; how many words they are.
    fn take_off(&mut self, segment: &SegmentReader, field: Field, docs: &[DocId]) -> Result<u64, IndexError> {
        let Some(column) = segment.fast_fields().str(segment.schema().get_field_name(field))? else { return Ok(0) };
        let mut length = 0;
        let mut records: BTreeMap<u64, u32> = BTreeMap::new();
        for doc in docs {
            let mut words: Vec<u64> = column.term_ords(*doc).collect();
            length += words.len() as u64;
            words.sort_unstable();
            words.dedup();
            for word in words {
                *records.entry(word).or_default() += 1;
            }
        }
        // The column numbers words in its own way: they are known by their letters.
        let numbers: Vec<u64> = records.keys().copied().collect();
        let mut words: Vec<Vec<u8>> = Vec::with_capacity(numbers.len());
        column.dictionary().sorted_ords_to_term_cb(&numbers, |word| words.push(word.to_owned()))?;
        let index = segment.inverted_index(field)?;
        for (word, records) in words.iter().zip(records.values()) {
            if let Some(found) = index.terms().get(word)? {
                *self.removed.entry((field, found.postings_range.start)).or_default() += records;
            }
        }
        Ok(length)
    }
}
