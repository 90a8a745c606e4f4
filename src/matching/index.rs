//! The inverted index of one kind of record (tantivy), with the position it has reached in the change table.

mod opening;

use std::path::Path;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tantivy::merge_policy::LogMergePolicy;
use tantivy::schema::{BytesOptions, FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexReader, IndexWriter, TantivyDocument, TantivyError, Term};
use uuid::Uuid;

use self::opening::Kept;
use super::document::{Change, Document};
use super::forward::Sequence;
use super::nearness;
use super::snapshot::Snapshot;
use super::text::{name_terms, simplified};
use crate::access::Audience;

/// What may be taken in before it becomes a segment: some ten thousand records. Only an index that is built anew comes
/// near it.
const WRITER_BYTES: usize = 128_000_000;
/// Segments of fewer records are merged however their sizes differ. While records are written one by one, each is merged
/// again every few seconds until its segment has outgrown that.
const SMALL: u32 = 1_000;
/// Words are handed over with blanks between them; none has one in it.
const BETWEEN: &str = "whitespace";
/// What a word of the title or of a keyword counts in the text: it stands so often in the list of its record, which is
/// BM25 over weighted fields (Robertson, Zaragoza & Taylor 2004).
pub(super) const PROMINENT: u8 = 2;

#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("the index failed: {0}")]
    Index(#[from] TantivyError),
    #[error("the index folder {folder}: {source}")]
    Folder { folder: String, source: std::io::Error },
    #[error("the index could not be read: {0}")]
    Read(#[from] std::io::Error),
    #[error("the matching model: {0}")]
    Model(String),
}

/// The fields of the words of a record.
#[derive(Clone, Copy)]
pub(super) struct WordFields {
    /// Every word, those of the title and the keywords more than once.
    pub text: Field,
    /// The words of the title and the keywords.
    pub prominent: Field,
    /// Whole keywords in normal form.
    pub whole: Field,
    /// What names are found by.
    pub names: Field,
}

impl WordFields {
    /// How long a text is of which title, keywords and body have so many words.
    pub fn length(title: f32, keywords: f32, body: f32) -> f32 {
        f32::from(PROMINENT) * (title + keywords) + body
    }
}

/// The fields of the index. The numbers stand in columns.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    id: Field,
    /// By the place of the audience: the words of a record stand only in the fields of its own, so that no list and
    /// no count of one audience tells of a record of another.
    pub words: [WordFields; 3],
    /// Owners of what not everyone may see, as terms.
    pub owners: Field,
    /// The words in their order: title, keywords, body.
    sequence: Field,
    steps: Field,
    titled: Field,
    keyed: Field,
    id_high: Field,
    id_low: Field,
    version: Field,
    pub audience: Field,
    owner_high: Field,
    owner_low: Field,
    facets: Field,
    maturity: Field,
    price_min: Field,
    price_max: Field,
    deadline: Field,
    updated: Field,
    meaning: Field,
    sketch: Field,
}

/// Names of the columns.
pub(super) mod columns {
    pub const ID: (&str, &str) = ("id_high", "id_low");
    pub const VERSION: &str = "version";
    pub const AUDIENCE: &str = "audience";
    pub const OWNER: (&str, &str) = ("owner_high", "owner_low");
    pub const FACETS: &str = "facets";
    pub const MATURITY: &str = "maturity";
    pub const PRICE: (&str, &str) = ("price_min", "price_max");
    pub const DEADLINE: &str = "deadline";
    pub const UPDATED: &str = "updated";
    pub const MEANING: &str = "meaning";
    pub const SKETCH: &str = "sketch";
    pub const SEQUENCE: &str = "sequence";
    pub const STEPS: &str = "steps";
    pub const TITLED: &str = "titled";
    pub const KEYED: &str = "keyed";
}

fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let indexed = |tokenizer: &str, option: IndexRecordOption| {
        let indexing = TextFieldIndexing::default().set_tokenizer(tokenizer).set_fieldnorms(option.has_freq());
        TextOptions::default().set_indexing_options(indexing.set_index_option(option))
    };
    let text = indexed(BETWEEN, IndexRecordOption::WithFreqs);
    let (prominent, whole) = (indexed(BETWEEN, IndexRecordOption::Basic), indexed("raw", IndexRecordOption::Basic));
    let fields = Fields {
        id: builder.add_bytes_field("id", BytesOptions::default().set_indexed()),
        words: ["public", "members", "staff"].map(|audience| WordFields {
            text: builder.add_text_field(&format!("{audience}_text"), text.clone()),
            prominent: builder.add_text_field(&format!("{audience}_prominent"), prominent.clone()),
            whole: builder.add_text_field(&format!("{audience}_whole"), whole.clone()),
            names: builder.add_text_field(&format!("{audience}_names"), whole.clone()),
        }),
        owners: builder.add_bytes_field("owners", BytesOptions::default().set_indexed()),
        sequence: builder.add_text_field(columns::SEQUENCE, TextOptions::default().set_fast(BETWEEN)),
        steps: builder.add_u64_field(columns::STEPS, FAST),
        titled: builder.add_u64_field(columns::TITLED, FAST),
        keyed: builder.add_u64_field(columns::KEYED, FAST),
        id_high: builder.add_u64_field(columns::ID.0, FAST),
        id_low: builder.add_u64_field(columns::ID.1, FAST),
        version: builder.add_u64_field(columns::VERSION, FAST),
        audience: builder.add_u64_field(columns::AUDIENCE, FAST | INDEXED),
        owner_high: builder.add_u64_field(columns::OWNER.0, FAST),
        owner_low: builder.add_u64_field(columns::OWNER.1, FAST),
        facets: builder.add_u64_field(columns::FACETS, FAST),
        maturity: builder.add_u64_field(columns::MATURITY, FAST),
        price_min: builder.add_i64_field(columns::PRICE.0, FAST),
        price_max: builder.add_i64_field(columns::PRICE.1, FAST),
        deadline: builder.add_i64_field(columns::DEADLINE, FAST),
        updated: builder.add_i64_field(columns::UPDATED, FAST),
        meaning: builder.add_u64_field(columns::MEANING, FAST),
        sketch: builder.add_u64_field(columns::SKETCH, FAST),
    };
    (builder.build(), fields)
}

/// The index of one kind. Readers take snapshots; one writer at a time.
pub struct KindIndex {
    index: Index,
    reader: IndexReader,
    snapshot: RwLock<Arc<Snapshot>>,
    writer: Mutex<IndexWriter>,
    pub(super) fields: Fields,
}

impl KindIndex {
    /// Opens the index in a folder. One that is missing, of another format or damaged is begun anew, without position.
    ///
    /// # Errors
    /// If the folder cannot be written or another process holds it.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        let fields = schema().1;
        let Kept { index, reader, snapshot } = Kept::open(folder).map_or_else(|| Kept::create(folder), Ok)?;
        let writer = index.writer_with_num_threads(1, WRITER_BYTES)?;
        writer.set_merge_policy(Box::new(merging()));
        past_the_commit(&writer)?;
        let writer = Mutex::new(writer);
        Ok(Self { index, reader, snapshot: RwLock::new(Arc::new(snapshot)), writer, fields })
    }

    /// What stood in the last commit.
    #[must_use]
    pub fn position(&self) -> Option<String> {
        self.index.load_metas().ok().and_then(|metas| metas.payload)
    }

    /// What is read from.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read())
    }

    /// Takes changes in; they are found after the next commit.
    ///
    /// # Errors
    /// What the disk says.
    pub fn apply(&self, changes: Vec<Change>) -> Result<(), IndexError> {
        // Words are found before the lock is taken.
        let prepared: Vec<(Uuid, Option<TantivyDocument>)> = changes
            .into_iter()
            .map(|change| match change {
                Change::Put(document) => (document.id, Some(self.prepare(&document))),
                Change::Remove(id) => (id, None),
            })
            .collect();
        let writer = self.writer.lock();
        for (id, document) in prepared {
            writer.delete_term(Term::from_field_bytes(self.fields.id, id.as_bytes()));
            if let Some(document) = document {
                writer.add_document(document)?;
            }
        }
        Ok(())
    }

    /// Takes records in of which it has none yet, as when it is built.
    ///
    /// # Errors
    /// What the disk says.
    pub fn fill(&self, changes: Vec<Change>) -> Result<(), IndexError> {
        let living = changes.into_iter().filter_map(|change| match change {
            Change::Put(document) => Some(self.prepare(&document)),
            Change::Remove(_) => None,
        });
        let prepared: Vec<TantivyDocument> = living.collect();
        let writer = self.writer.lock();
        for document in prepared {
            writer.add_document(document)?;
        }
        Ok(())
    }

    /// Removes everything.
    ///
    /// # Errors
    /// What the disk says.
    pub fn clear(&self) -> Result<(), IndexError> {
        let writer = self.writer.lock();
        writer.delete_all_documents()?;
        past_the_commit(&writer)
    }

    /// Forgets what was taken in since the last commit, and whatever kept the index from taking in more.
    ///
    /// # Errors
    /// What the disk says.
    pub fn roll_back(&self) -> Result<(), IndexError> {
        let mut writer = self.writer.lock();
        writer.rollback()?;
        past_the_commit(&writer)
    }

    /// Makes all that was taken in visible and durable, together with the position.
    ///
    /// # Errors
    /// What the disk says.
    pub fn commit(&self, position: &str) -> Result<(), IndexError> {
        let mut writer = self.writer.lock();
        let mut prepared = writer.prepare_commit()?;
        prepared.set_payload(position);
        prepared.commit()?;
        self.reader.reload()?;
        let next = Snapshot::of(self.reader.searcher(), &self.fields, Some(&self.snapshot()))?;
        // What is gone is given back when nobody waits for the lock.
        let _before = std::mem::replace(&mut *self.snapshot.write(), Arc::new(next));
        Ok(())
    }

    fn prepare(&self, document: &Document) -> TantivyDocument {
        let fields = &self.fields;
        let mut prepared = TantivyDocument::default();
        prepared.add_bytes(fields.id, document.id.as_bytes());
        let words = fields.words[document.audience.place()];
        let sequence = Sequence::of(document);
        let text = sequence.words.join(" ");
        let prominent = sequence.words[..sequence.titled + sequence.keyed].iter().map(|word| word.len() + 1);
        let prominent = &text[..prominent.sum::<usize>().min(text.len())];
        // The text has them once.
        prepared.add_text(words.text, [prominent, " "].concat().repeat(usize::from(PROMINENT) - 1) + &text);
        prepared.add_text(words.prominent, prominent);
        prepared.add_text(fields.sequence, &text);
        for step in sequence.steps {
            prepared.add_u64(fields.steps, step);
        }
        prepared.add_u64(fields.titled, sequence.titled as u64);
        prepared.add_u64(fields.keyed, sequence.keyed as u64);
        for keyword in &document.keywords {
            prepared.add_text(words.whole, simplified(keyword));
        }
        for term in document.names.iter().flat_map(|name| name_terms(name)) {
            prepared.add_text(words.names, term);
        }
        add_id(&mut prepared, (fields.id_high, fields.id_low), document.id);
        for owner in &document.owners {
            add_id(&mut prepared, (fields.owner_high, fields.owner_low), *owner);
            if document.audience > Audience::PUBLIC {
                prepared.add_bytes(fields.owners, owner.as_bytes());
            }
        }
        prepared.add_u64(fields.version, document.version.unsigned_abs());
        prepared.add_u64(fields.audience, document.audience.number());
        let mut facets: Vec<u64> =
            document.facets.iter().flat_map(|facet| facet.with_ancestors()).map(|facet| facet.0).collect();
        facets.sort_unstable();
        facets.dedup();
        for facet in facets {
            prepared.add_u64(fields.facets, facet);
        }
        if let Some(level) = document.maturity {
            prepared.add_u64(fields.maturity, level.into());
        }
        if let Some((min, max)) = document.price {
            prepared.add_i64(fields.price_min, min);
            prepared.add_i64(fields.price_max, max);
        }
        if let Some(deadline) = document.deadline {
            prepared.add_i64(fields.deadline, days(deadline));
        }
        prepared.add_i64(fields.updated, document.updated_at.timestamp());
        for number in nearness::packed(&document.meaning) {
            prepared.add_u64(fields.meaning, number);
        }
        for number in nearness::sketched(&document.meaning) {
            prepared.add_u64(fields.sketch, number);
        }
        prepared
    }
}

fn add_id(prepared: &mut TantivyDocument, (high, low): (Field, Field), id: Uuid) {
    let (high_half, low_half) = id.as_u64_pair();
    prepared.add_u64(high, high_half);
    prepared.add_u64(low, low_half);
}

/// Days since the common era began.
pub(super) fn days(date: chrono::NaiveDate) -> i64 {
    use chrono::Datelike;
    date.num_days_from_ce().into()
}

/// Segments of like size are merged.
fn merging() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_layer_size(SMALL);
    policy
}

/// A writer that was opened, rolled back or emptied gives its first change the number of the last commit. A merge of what
/// was committed then takes that change for one of the commit, and drops it from segments that it has already brought
/// up to there: a record that was replaced stays beside the new one. An empty batch uses the number up.
fn past_the_commit(writer: &IndexWriter) -> Result<(), IndexError> {
    writer.run([])?;
    Ok(())
}

#[cfg(test)]
mod tests;
