//! A corpus of records in a file, indexed in a temporary folder.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use chrono::Utc;
use flate2::read::GzDecoder;
use serde::Deserialize;
use tempfile::TempDir;
use uuid::Uuid;

use crate::matching::{Audience, Change, Document, Engine, Facet, Filter, Model, Viewer};
use crate::registry::Kind;

/// What of a record is indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Texts {
    /// The abstract alone.
    Abstract,
    /// Title, abstract and keywords.
    All,
}

/// Records to search.
pub struct Corpus {
    records: Vec<CorpusRecord>,
    texts: Texts,
}

/// A record of a corpus file.
#[derive(Deserialize)]
pub struct CorpusRecord {
    pub title: String,
    #[serde(alias = "abstract")]
    pub summary: String,
    #[serde(default)]
    pub keywords: Vec<String>,
}

/// A corpus in an index of its own, which goes with this.
pub struct Indexed {
    pub engine: Engine,
    _folder: TempDir,
}

impl Corpus {
    /// Reads a corpus file.
    ///
    /// # Errors
    /// If it cannot be read, naming the line.
    pub fn read(file: &Path, texts: Texts) -> anyhow::Result<Self> {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        let mut lines = String::new();
        if file.extension().is_some_and(|ending| ending == "gz") {
            GzDecoder::new(bytes.as_slice()).read_to_string(&mut lines)?;
        } else {
            lines = String::from_utf8(bytes)?;
        }
        let parsed = lines.lines().enumerate().map(|(place, line)| {
            serde_json::from_str(line).with_context(|| format!("{}, line {}", file.display(), place + 1))
        });
        Ok(Self { records: parsed.collect::<anyhow::Result<_>>()?, texts })
    }

    /// Builds the index.
    ///
    /// # Errors
    /// If the temporary folder cannot be written.
    pub fn index(&self, model: Model) -> anyhow::Result<Indexed> {
        let documents = self.records.iter().enumerate();
        let documents = documents.map(|(place, record)| document(place, record, self.texts));
        Indexed::of(model, vec![(Kind::Result, documents.collect())])
    }
}

impl Indexed {
    /// Indexes documents, by kind.
    ///
    /// # Errors
    /// If the temporary folder cannot be written.
    pub fn of(model: Model, documents: Vec<(Kind, Vec<Document>)>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let engine = Engine::with_model(folder.path(), model)?;
        for (kind, documents) in documents {
            let index = engine.index_of(kind);
            index.apply(documents.into_iter().map(|document| Change::Put(Box::new(document))).collect())?;
            index.commit("")?;
        }
        Ok(Self { engine, _folder: folder })
    }
}

fn document(place: usize, record: &CorpusRecord, texts: Texts) -> Document {
    let whole = texts == Texts::All;
    Document {
        id: id_of(place),
        version: 1,
        audience: Audience::PUBLIC,
        owners: Vec::new(),
        title: if whole { record.title.clone() } else { String::new() },
        keywords: if whole {
            record.keywords.iter().map(|keyword| keyword.trim().to_owned()).collect()
        } else {
            Vec::new()
        },
        body: vec![record.summary.clone()],
        names: Vec::new(),
        facets: Facet::value("status", "published").into_iter().collect(),
        maturity: None,
        price: None,
        deadline: None,
        updated_at: Utc::now(),
    }
}

/// The id of the record of a line, counted from zero.
fn id_of(place: usize) -> Uuid {
    Uuid::from_u128(place as u128 + 1)
}

/// The name of a record in judgments and runs: its line, counted from one.
pub(super) fn name_of(id: Uuid) -> String {
    format!("csl-{:04}", id.as_u128())
}

/// The id of a record by its name.
pub(super) fn id_of_name(name: &str) -> Option<Uuid> {
    name.rsplit_once('-')?.1.parse().ok().map(Uuid::from_u128)
}

/// Everything in the corpus.
#[must_use]
pub fn everything() -> Filter {
    Filter::of(Viewer { audience: Audience::PUBLIC, owner: None })
}
