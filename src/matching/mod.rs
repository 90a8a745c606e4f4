//! Matching, the heart: text to words, an index of each kind of record, candidates, features, a score and its reasons.
//!
//! PostgreSQL is the only truth; the index follows it ([`follow`]) and can always be built anew.

pub mod alerts;
mod alike;
mod answers;
pub(crate) mod behind;
mod candidates;
pub mod changes;
mod conditions;
mod counts;
mod coverage;
mod document;
pub mod documents;
pub mod evaluation;
mod facet;
mod features;
mod filter;
mod floor;
pub mod follow;
mod forward;
mod highlight;
mod index;
mod lexicon;
pub mod meanings;
mod model;
mod nearest;
mod nearness;
mod neighbours;
mod pairs;
mod query;
mod rank;
mod requests;
pub mod routes;
pub mod runs;
mod scores;
mod sealed;
mod search;
pub(crate) mod shares;
mod snapshot;
mod statistics;
mod terms;
pub mod text;
mod turns;
mod view;
mod window;
pub(crate) mod work;
mod worth;

use std::path::Path;
use std::sync::Arc;

pub use conditions::{Condition, Stand, harden};
pub use coverage::{Coverage, Covering, WantedTerm};
pub use document::{Change, Document, Viewer};
pub use facet::Facet;
pub use filter::Filter;
pub use highlight::{Sought, Span, highlight};
pub use index::{IndexError, KindIndex};
pub use model::{Level, Levels, Model, Scorer, feature_names};
pub use nearest::{Nearest, Quote};
pub use pairs::{covered, matched, near_results};
pub use query::{Choice, Query};
pub use rank::{Explanation, Match, MatchRequest, Place};
pub use scores::Score;
pub use search::{FacetCount, Found, Hit, SearchRequest};

use self::nearest::Spoken;
use self::turns::Turns;
use crate::access::Audience;
use crate::meaning::{Compact, Embedder, ModelError};
use crate::registry::Kind;

/// The indexes of all kinds, the model that scores, and the one that knows what texts mean.
pub struct Engine {
    /// In the order of [`Kind::ALL`].
    indexes: Vec<KindIndex>,
    model: Model,
    /// For what is not known by its meaning.
    words: Model,
    choice: Choice,
    turns: Turns,
    /// None where words alone count.
    pub embedder: Option<Arc<Embedder>>,
}

impl Engine {
    /// Opens the indexes in a folder, each begun anew if it cannot be used.
    ///
    /// # Errors
    /// If the folder cannot be written, or another process holds it.
    pub fn open(folder: &Path, model: Model) -> Result<Self, IndexError> {
        let indexes = Kind::ALL.map(|kind| KindIndex::open(&folder.join(kind.as_str())));
        let indexes = indexes.into_iter().collect::<Result<Vec<_>, _>>()?;
        // A model that was learned from words is good for those.
        let words = if model.knows_meaning() { Model::words()? } else { model.clone() };
        Ok(Self { indexes, model, words, choice: Choice::default(), turns: Turns::default(), embedder: None })
    }

    /// The same with a model of meaning.
    #[must_use]
    pub fn with_embedder(self, embedder: Arc<Embedder>) -> Self {
        Self { embedder: Some(embedder), ..self }
    }

    /// Names the model of meaning, if there is one.
    #[must_use]
    pub fn meaning_version(&self) -> Option<&str> {
        self.embedder.as_deref().map(Embedder::version)
    }

    /// Has it known what a query and its sentences mean, if there is a model of meaning and it is not known yet. It takes as long as the
    /// query does: some milliseconds.
    ///
    /// # Errors
    /// As [`Embedder::understand`].
    pub fn understand(&self, query: &mut Query) -> Result<(), ModelError> {
        if let (Some(embedder), None) = (&self.embedder, &query.meaning) {
            let text = query.said();
            let (windows, sentences) = meanings::understood(&text, embedder)?;
            query.meaning = Compact::mean(&windows);
            query.spoken = query.meaning.as_ref().map(|meaning| Spoken::typed(&query.title, text, sentences, meaning));
        }
        Ok(())
    }

    /// What words that are searched for mean, if there is a model of meaning.
    ///
    /// # Errors
    /// As [`Embedder::understand`].
    pub fn meaning_of(&self, words: &str) -> Result<Option<Compact>, ModelError> {
        self.embedder.as_ref().map(|embedder| meanings::sought(words, embedder)).transpose()
    }

    /// The model for a query: what is known of its meaning counts.
    fn model_for(&self, query: &Query) -> &Model {
        if query.meaning.is_some() { &self.model } else { &self.words }
    }

    /// Forgets what was taken in since the last commits.
    ///
    /// # Errors
    /// What the disk says.
    pub fn roll_back(&self) -> Result<(), IndexError> {
        self.indexes.iter().try_for_each(KindIndex::roll_back)
    }

    /// The index of a kind.
    #[must_use]
    pub fn index_of(&self, kind: Kind) -> &KindIndex {
        &self.indexes[kind as usize]
    }
}
