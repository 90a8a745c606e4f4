//! Which of the terms that a record looks for each of the best candidates says: what a team of them covers.

use std::collections::HashMap;

use uuid::Uuid;

use super::rank::{RECORD_FIELDS, Ranked, Scored};
use super::terms::QueryTerm;
use super::{Engine, IndexError, Level, MatchRequest};

/// What was looked for, and who says how much of it.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// The telling terms, the weightiest first.
    pub terms: Vec<WantedTerm>,
    /// The best candidates, best first.
    pub candidates: Vec<Covering>,
    /// The version of the model that scored.
    pub model: String,
}

/// A telling term.
#[derive(Clone, Debug)]
pub struct WantedTerm {
    /// In normal form, as an explanation shows it.
    pub text: String,
    /// How often and how prominently it is said, times how rare it is.
    pub weight: f32,
}

/// A candidate.
#[derive(Clone, Debug)]
pub struct Covering {
    pub id: Uuid,
    pub score: f32,
    pub level: Level,
    /// By term: the fields of the record that say it.
    pub fields: Vec<Vec<&'static str>>,
}

impl Engine {
    /// The best candidates with the terms that each says, at most as many terms.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn coverage(&self, request: &MatchRequest, most_terms: usize) -> Result<Coverage, IndexError> {
        let model = self.model_for(&request.query);
        let scorer = model.pair(request.target);
        let ranked = self.rank(request.target, &request.query, &[], request.asks, &request.filter, scorer)?;
        let terms = wanted(&ranked, most_terms);
        let candidates = ranked.scored.iter().take(request.limit).map(|scored| {
            let score = scorer.calibrated(scored.place.raw);
            Covering { id: scored.place.id, score, level: model.levels.of(score), fields: said(scored, &terms) }
        });
        let candidates = candidates.collect();
        Ok(Coverage { terms, candidates, model: model.version.clone() })
    }
}

/// The weightiest terms of all layers. A term weighs the same in each layer that knows it.
fn wanted(ranked: &Ranked, most: usize) -> Vec<WantedTerm> {
    let all = ranked.terms.iter().flat_map(|layer| &layer.terms);
    let by_text: HashMap<&str, f32> = all.map(|term| (term.text.as_str(), weight(term))).collect();
    let wanted = by_text.into_iter().map(|(text, weight)| WantedTerm { text: text.to_owned(), weight });
    let mut wanted: Vec<WantedTerm> = wanted.collect();
    wanted.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.text.cmp(&b.text)));
    wanted.truncate(most);
    wanted
}

fn weight(term: &QueryTerm) -> f32 {
    term.weight * term.idf
}

/// By term: the fields in which a candidate says it.
fn said(scored: &Scored, terms: &[WantedTerm]) -> Vec<Vec<&'static str>> {
    let counted = scored.terms.terms.iter().zip(scored.counts());
    let counts: HashMap<&str, &[u32; 3]> = counted.map(|(term, counts)| (term.text.as_str(), counts)).collect();
    let fields = |term: &WantedTerm| {
        let counts = counts.get(term.text.as_str()).copied().copied().unwrap_or_default();
        let said = RECORD_FIELDS.iter().zip(counts).filter(|(_, count)| *count > 0);
        said.map(|(field, _)| *field).collect()
    };
    terms.iter().map(fields).collect()
}
