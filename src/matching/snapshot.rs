//! A snapshot of an index: its segments with their columns, and the counts of the records that live in them.
//!
//! tantivy counts a record that was removed or replaced until its segment is merged. Scores would tell of the index's
//! past, and no two indexes would agree. So what a removed record said is taken off the counts of its segment when the
//! commit that removed it is first read, by the forward index.

use std::collections::HashMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use tantivy::index::InvertedIndexReader;
use tantivy::postings::TermInfo;
use tantivy::schema::Field;
use tantivy::{DocId, Searcher, SegmentReader, TantivyError, Term};

use super::IndexError;
use super::filter::Columns;
use super::forward::Forward;
use super::index::Fields;
use super::lexicon::{Key, Lexicon, Word};
use super::nearness::Meanings;
use crate::access::Audience;

/// What can be read of an index at one moment.
pub(super) struct Snapshot {
    pub parts: Vec<Part>,
    /// Keeps the files of the segments while they are read.
    _searcher: Searcher,
}

/// A segment.
pub(super) struct Part {
    pub segment: SegmentReader,
    pub columns: Arc<Columns>,
    pub forward: Arc<Forward>,
    lexicon: Arc<Lexicon>,
    pub meanings: Arc<Meanings>,
    /// Of each field that has lists, opened once: one without any here would else be opened anew each time.
    lists: Arc<FxHashMap<Field, Arc<InvertedIndexReader>>>,
    counts: Arc<Counts>,
}

/// What of a segment lives, by the place of the audience.
#[derive(Clone, Default)]
struct Counts {
    records: [u64; 3],
    /// Words in title, keywords and body.
    lengths: [[u64; 3]; 3],
    /// How many removed records a word still stands for: anywhere, and in title or keywords.
    removed: [HashMap<String, [u32; 2]>; 3],
}

/// Which count of a word.
#[derive(Clone, Copy)]
pub(super) enum Counted {
    Anywhere,
    Prominently,
}

impl Snapshot {
    /// What is known of the segments that the snapshot before had is carried on.
    pub fn of(searcher: Searcher, fields: &Fields, before: Option<&Self>) -> Result<Self, IndexError> {
        let segments = searcher.segment_readers().iter();
        let parts = segments.map(|segment| match before.and_then(|before| before.part_like(segment)) {
            Some(then) => then.now(segment),
            None => Part::of(segment, fields),
        });
        let parts = parts.collect::<Result<_, IndexError>>()?;
        Ok(Self { parts, _searcher: searcher })
    }

    /// The same segment as it was, perhaps with fewer records removed.
    fn part_like(&self, segment: &SegmentReader) -> Option<&Part> {
        self.parts.iter().find(|known| known.segment.segment_id() == segment.segment_id())
    }

    /// The segments where records of some audience live, by their places.
    pub fn parts_of(&self, audiences: &[Audience]) -> Vec<usize> {
        let lives = |part: &Part| audiences.iter().any(|audience| part.counts.records[audience.place()] > 0);
        self.parts.iter().enumerate().filter(|(_, part)| lives(part)).map(|(place, _)| place).collect()
    }

    /// How many records have an audience.
    pub fn records(&self, audience: Audience) -> u64 {
        self.parts.iter().map(|part| part.counts.records[audience.place()]).sum()
    }

    /// How many words title, keywords and body of the records of an audience have in all.
    pub fn lengths(&self, audience: Audience) -> [u64; 3] {
        let lengths = self.parts.iter().map(|part| part.counts.lengths[audience.place()]);
        lengths.fold([0; 3], |sum, one| std::array::from_fn(|place| sum[place] + one[place]))
    }
}

impl Part {
    fn of(segment: &SegmentReader, fields: &Fields) -> Result<Self, IndexError> {
        let (columns, forward) = (Arc::new(Columns::of(segment)?), Arc::new(Forward::of(segment)?));
        let meanings = Arc::new(Meanings::of(segment, &columns)?);
        let lexicon = Arc::new(Lexicon::of(segment, &forward, fields)?);
        let mut counts = Counts::default();
        for doc in 0..segment.max_doc() {
            counts.add(doc, &columns, &forward);
        }
        let indexed = segment.schema().fields().filter(|(_, entry)| entry.is_indexed());
        let lists = indexed.map(|(field, _)| Ok((field, segment.inverted_index(field)?)));
        let lists = Arc::new(lists.collect::<Result<_, IndexError>>()?);
        let counts = Arc::new(counts);
        let whole = Self { segment: segment.clone(), columns, forward, lexicon, meanings, lists, counts };
        let removed: Vec<DocId> = (0..segment.max_doc()).filter(|doc| segment.is_deleted(*doc)).collect();
        whole.less(&removed)
    }

    /// The same segment later, when more of it may have been removed.
    fn now(&self, segment: &SegmentReader) -> Result<Self, IndexError> {
        let same = Self {
            segment: segment.clone(),
            columns: Arc::clone(&self.columns),
            forward: Arc::clone(&self.forward),
            lexicon: Arc::clone(&self.lexicon),
            meanings: Arc::clone(&self.meanings),
            lists: Arc::clone(&self.lists),
            counts: Arc::clone(&self.counts),
        };
        if segment.num_deleted_docs() == self.segment.num_deleted_docs() {
            return Ok(same);
        }
        let since = (0..segment.max_doc()).filter(|doc| segment.is_deleted(*doc) && !self.segment.is_deleted(*doc));
        same.less(&since.collect::<Vec<DocId>>())
    }

    /// Takes removed records off the counts.
    fn less(mut self, removed: &[DocId]) -> Result<Self, IndexError> {
        if removed.is_empty() {
            return Ok(self);
        }
        let mut counts = Counts::clone(&self.counts);
        for audience in Audience::ALL {
            let of_audience = |doc: &DocId| self.columns.audience(*doc) == audience;
            let docs: Vec<DocId> = removed.iter().copied().filter(of_audience).collect();
            if !docs.is_empty() {
                counts.take_off(&docs, audience.place(), &self.forward)?;
            }
        }
        self.counts = Arc::new(counts);
        Ok(self)
    }

    /// The lists of a field.
    ///
    /// # Errors
    /// If it is none that has lists.
    pub fn lists(&self, field: Field) -> Result<&InvertedIndexReader, IndexError> {
        let lists = self.lists.get(&field).map(Arc::as_ref);
        Ok(lists.ok_or_else(|| TantivyError::SchemaError(format!("field {} has no lists", field.field_id())))?)
    }

    /// A word of the records of an audience.
    pub fn word(&self, audience: Audience, key: Key) -> Option<&Word> {
        self.lexicon.word(audience, key)
    }

    /// Where the list of a text of a field is.
    pub fn list(&self, field: Field, text: &str) -> Result<Option<TermInfo>, IndexError> {
        Ok(self.lists(field)?.get_term_info(&Term::from_field_text(field, text))?)
    }

    /// How many of so many records with a word live.
    pub fn living(&self, records: u32, audience: Audience, word: &str, counted: Counted) -> u64 {
        let removed = &self.counts.removed[audience.place()];
        let removed = if removed.is_empty() { None } else { removed.get(word) };
        u64::from(records.saturating_sub(removed.map_or(0, |removed| removed[counted as usize])))
    }
}

impl Counts {
    fn add(&mut self, doc: DocId, columns: &Columns, forward: &Forward) {
        let audience = columns.audience(doc).place();
        self.records[audience] += 1;
        for (sum, length) in self.lengths[audience].iter_mut().zip(forward.lengths(doc)) {
            *sum += u64::from(length);
        }
    }

    fn take_off(&mut self, docs: &[DocId], audience: usize, forward: &Forward) -> Result<(), IndexError> {
        self.records[audience] = self.records[audience].saturating_sub(docs.len() as u64);
        for doc in docs {
            for (sum, length) in self.lengths[audience].iter_mut().zip(forward.lengths(*doc)) {
                *sum = sum.saturating_sub(length.into());
            }
        }
        for (word, counts) in forward.count(docs)? {
            let removed = self.removed[audience].entry(word).or_default();
            *removed = [removed[0] + counts[0], removed[1] + counts[1]];
        }
        Ok(())
    }
}
