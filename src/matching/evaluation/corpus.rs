//! The records of an evaluation, indexed in a temporary folder.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Context;
use tempfile::TempDir;
use uuid::Uuid;

use super::topics::Topic;
use crate::access::Audience;
use crate::demo::County;
use crate::matching::documents::Indexed as Indexable;
use crate::matching::meanings;
use crate::matching::rank::Scored;
use crate::matching::text::in_simplified;
use crate::matching::{Change, Choice, Document, Engine, Filter, IndexError, Model, Scorer, Viewer};
use crate::meaning::Embedder;
use crate::registry::experts::Expert;
use crate::registry::results::ResearchResult;
use crate::registry::{Kind, Record};

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    Result,
    Expert,
}

/// What of a record is indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Texts {
    /// The abstract, or what is told of an expert, alone.
    Abstract,
    /// Title, abstract and keywords.
    All,
}

/// Records of a kind, with the names that judgments and runs have for them.
pub struct Corpus {
    kind: Kind,
    records: Vec<(String, Document)>,
}

/// An index of its own, which goes with this.
pub struct Indexed {
    pub engine: Engine,
    _folder: TempDir,
}

/// A corpus in an index.
pub struct Collection {
    indexed: Indexed,
    kind: Kind,
    names: Vec<String>,
    known: HashSet<String>,
}

impl Target {
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::Result => Kind::Result,
            Self::Expert => Kind::Expert,
        }
    }
}

impl Corpus {
    /// Reads the records of a kind from `results.jsonl` or `experts.jsonl` in a folder, each a line as the API answers
    /// it and named by its id. Without a folder they are those of the sample county, named by their lines: `csl-0001`,
    /// `expert-001` and on.
    ///
    /// # Errors
    /// If the file cannot be read, naming the line.
    pub fn read(folder: Option<&Path>, target: Target) -> anyhow::Result<Self> {
        let records = match (folder, target) {
            (Some(folder), Target::Result) => read::<ResearchResult>(&folder.join("results.jsonl"))?,
            (Some(folder), Target::Expert) => read::<Expert>(&folder.join("experts.jsonl"))?,
            (None, Target::Result) => by_line(&County::read()?.results, |line| format!("csl-{line:04}")),
            (None, Target::Expert) => by_line(&County::read()?.experts, |line| format!("expert-{line:03}")),
        };
        Ok(Self { kind: target.kind(), records })
    }

    /// The same with less of each record.
    #[must_use]
    pub fn with(mut self, texts: Texts) -> Self {
        if texts == Texts::Abstract {
            for (_, document) in &mut self.records {
                document.title.clear();
                document.keywords.clear();
            }
        }
        self
    }

    /// What its records say, in Simplified script.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.records.iter().map(|(_, document)| in_simplified(&meanings::text_of(document))).collect()
    }

    /// Has it known what every record means.
    ///
    /// # Errors
    /// As [`Embedder::understand`].
    pub fn understood(mut self, by: &Embedder) -> anyhow::Result<Self> {
        for (_, document) in &mut self.records {
            document.meaning = meanings::understood(&meanings::text_of(document), by)?.0;
        }
        Ok(self)
    }

    /// Builds the index.
    ///
    /// # Errors
    /// If the temporary folder cannot be written.
    pub fn index(self, model: Model) -> anyhow::Result<Collection> {
        let (mut names, mut documents) = (Vec::new(), Vec::new());
        for (name, mut document) in self.records {
            names.push(name);
            // Of equals the lower id comes first: so the same file gives the same order.
            document.id = Uuid::from_u128(names.len() as u128);
            documents.push(document);
        }
        let known = names.iter().cloned().collect();
        let indexed = Indexed::of(model, vec![(self.kind, documents)])?;
        Ok(Collection { indexed, kind: self.kind, names, known })
    }
}

fn read<C: Indexable + serde::de::DeserializeOwned>(file: &Path) -> anyhow::Result<Vec<(String, Document)>> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let records = lines.map(|(place, line)| {
        let record: Record<C> =
            serde_json::from_str(line).with_context(|| format!("{}, line {}", file.display(), place + 1))?;
        Ok((record.stamp.id.to_string(), C::document(&record)))
    });
    records.collect()
}

fn by_line<C: Indexable>(records: &[Record<C>], name: impl Fn(usize) -> String) -> Vec<(String, Document)> {
    records.iter().enumerate().map(|(place, record)| (name(place + 1), C::document(record))).collect()
}

impl Indexed {
    /// Indexes documents, by kind.
    ///
    /// # Errors
    /// If the temporary folder cannot be written.
    pub fn of(model: Model, documents: Vec<(Kind, Vec<Document>)>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let engine = Engine::open(folder.path(), model)?;
        for (kind, documents) in documents {
            let index = engine.index_of(kind);
            index.apply(documents.into_iter().map(|document| Change::Put(Box::new(document))).collect())?;
            index.commit("")?;
        }
        Ok(Self { engine, _folder: folder })
    }
}

impl Collection {
    /// The name of a record.
    pub(super) fn name_of(&self, id: Uuid) -> Option<&str> {
        let place = usize::try_from(id.as_u128()).ok()?.checked_sub(1)?;
        self.names.get(place).map(String::as_str)
    }

    /// Is a record of this name there?
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.known.contains(name)
    }

    /// The same index with another model and another choice of terms.
    pub fn set(&mut self, model: Model, choice: Choice) {
        self.indexed.engine.model = model;
        self.indexed.engine.choice = choice;
    }

    /// The model that it is ranked by.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.indexed.engine.model
    }

    /// What scores the records for a topic.
    #[must_use]
    pub fn scorer(&self, topic: &Topic) -> &Scorer {
        if topic.typed { &self.model().search } else { self.model().pair(self.kind) }
    }

    /// The candidates for a topic, scored, best first: as the service ranks them for the public.
    pub(super) fn rank(&self, topic: &Topic) -> Result<Vec<Scored>, IndexError> {
        let everything = Filter::of(Viewer { audience: Audience::PUBLIC, owner: None });
        let (engine, scorer) = (&self.indexed.engine, self.scorer(topic));
        Ok(engine.rank(self.kind, &topic.query, &topic.names, true, &everything, scorer)?.scored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_the_api_answers_them_and_named_by_their_ids() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let county = County::read()?;
        let lines = county.results[..2].iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        std::fs::write(folder.path().join("results.jsonl"), lines.join("\n"))?;
        let collection = Corpus::read(Some(folder.path()), Target::Result)?.index(Model::shipped()?)?;
        let second = county.results[1].stamp.id.to_string();
        assert!(collection.has(&second) && !collection.has("csl-0002"));
        assert_eq!(collection.name_of(Uuid::from_u128(2)), Some(&*second));
        std::fs::write(folder.path().join("results.jsonl"), format!("{}\n{{}}", lines[0]))?;
        let broken = Corpus::read(Some(folder.path()), Target::Result).err().map(|error| error.to_string());
        assert!(broken.is_some_and(|error| error.ends_with("results.jsonl, line 2")));
        Ok(())
    }
}
