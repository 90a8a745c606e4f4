//! Matches: candidates, their features, their score, and why.

use std::cmp::{Ordering, Reverse};
use std::collections::HashSet;
use std::rc::Rc;

use chrono::Utc;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::candidates::{Candidate, best};
use super::conditions::{CONDITION_FEATURES, Stand, Wanted};
use super::features::{MEANING_FEATURE, TEXT_FEATURES, TextFeatures, TextMatches, nearness, said, text_matches};
use super::filter::Filter;
use super::model::{Level, Scorer, feature_names};
use super::nearest::Nearest;
use super::neighbours::nearest;
use super::query::{Heard, Query};
use super::terms::{QueryTerm, Terms};
use super::view::{Layer, View};
use super::{Engine, IndexError, Kind};
use crate::meaning::Compact;

/// Records of a layer that get a closer look.
const CANDIDATES: usize = 200;
/// Of these, found by their meaning.
const NEAR: usize = 100;
/// Terms that an explanation names.
const EXPLAINED: usize = 20;
/// Names of the fields of a query, and of a record, in the order in which they are counted.
pub(super) const QUERY_FIELDS: [&str; 3] = ["title", "keywords", "text"];
pub(super) const RECORD_FIELDS: [&str; 3] = ["title", "keywords", "body"];

/// What is to be matched with what.
pub struct MatchRequest {
    pub target: Kind,
    pub query: Query,
    /// Is the query the side that asks (a demand), rather than the side that offers?
    pub asks: bool,
    pub filter: Filter,
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<Place>,
}

/// Where a match stands: by score, then by id.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub raw: f32,
    pub id: Uuid,
}

impl Place {
    /// The best first.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }

    /// What places are ordered by. The bits of floats are in their order once those of negative ones are turned round.
    fn key(&self) -> (Reverse<i32>, Uuid) {
        let bits = self.raw.to_bits().cast_signed();
        (Reverse(if bits < 0 { bits ^ i32::MAX } else { bits }), self.id)
    }

    /// Is this further down than the other?
    pub(super) fn is_after(&self, other: &Self) -> bool {
        self.order(other).is_gt()
    }
}

/// A scored, explained pair.
#[derive(Clone, Debug)]
pub struct Match {
    pub id: Uuid,
    pub version: i64,
    /// 0 to 1: of pairs with this score about this share is useful.
    pub score: f32,
    pub level: Level,
    pub explanation: Explanation,
}

/// Why two records belong together.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// The terms that both sides have, the weightiest first.
    #[schema(max_items = 20)]
    pub terms: Vec<SharedTerm>,
    /// Keywords that both sides have whole, in normal form.
    #[schema(max_items = 20)]
    pub keywords: Vec<String>,
    /// The telling terms that were looked for, the weightiest first.
    #[schema(max_items = 40)]
    pub looked_for: Vec<String>,
    /// What speaks for the match; the contributions add up to `raw`.
    #[schema(max_items = 40)]
    pub features: Vec<FeatureShare>,
    /// The two sentences that are nearest in meaning (意思相近), where meaning speaks for the match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
    /// The score before calibration.
    pub raw: f32,
    /// Conditions met and missed.
    #[schema(max_items = 10)]
    pub conditions: Vec<Stand>,
    /// The version of the model that scored.
    #[schema(max_length = 100)]
    pub model: String,
}

impl Explanation {
    /// Does it speak for the match that the two are near in meaning?
    pub(super) fn is_near(&self) -> bool {
        self.features.iter().any(|feature| feature.name == MEANING_FEATURE && feature.contribution > 0.0)
    }
}

/// A term that both sides have.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SharedTerm {
    /// In normal form: lower case, Simplified, English stemmed.
    #[schema(max_length = 100)]
    pub term: String,
    /// The English words of the query that it stands for, where the query has them instead.
    #[schema(max_length = 200)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<String>,
    /// Where it stands in the query: `title`, `keywords`, `text`.
    #[schema(max_items = 3)]
    pub query_fields: Vec<&'static str>,
    /// Where it stands in the record: `title`, `keywords`, `body`.
    #[schema(max_items = 3)]
    pub record_fields: Vec<&'static str>,
    /// Its share of the weight of all terms looked for, 0 to 1.
    pub weight: f32,
}

/// What a feature adds to the raw score.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FeatureShare {
    #[schema(max_length = 50)]
    pub name: &'static str,
    pub value: f32,
    pub weight: f32,
    /// `value` times `weight`.
    pub contribution: f32,
}

/// Values of all features, in the order of [`feature_names`].
pub(super) type Features = [f32; TEXT_FEATURES.len() + 1 + CONDITION_FEATURES.len()];

/// A candidate with its features and raw score.
pub(super) struct Scored {
    pub place: Place,
    /// What was looked for in the layer that it is of.
    pub terms: Rc<Terms>,
    /// What all candidates of that layer say, and which of them it is.
    texts: Rc<TextMatches>,
    order: usize,
    pub features: Features,
    pub candidate: Candidate,
}

impl Scored {
    /// The terms that it says, each with how often it stands in title, keywords and body.
    pub fn said(&self) -> impl Iterator<Item = (&QueryTerm, &[u32; 3])> {
        self.terms.terms.iter().zip(self.counts()).filter(|(_, counts)| said(counts))
    }

    /// By term: how often it stands in title, keywords and body.
    pub fn counts(&self) -> &[[u32; 3]] {
        self.texts.counts(self.order)
    }

    /// Whole keywords that it shares with what was looked for, by their places there.
    pub fn keywords(&self) -> impl Iterator<Item = usize> + '_ {
        self.texts.keywords(self.order)
    }

    /// Does it share a word, a keyword or a name with what was looked for, rather than the meaning alone?
    pub fn says_something(&self) -> bool {
        self.texts.says_something(self.order)
    }

    /// How near it is in meaning, as the feature says it.
    pub fn meaning(&self) -> f32 {
        self.features[TEXT_FEATURES.len()]
    }
}

/// What a viewer sees, what was looked for in each layer of it, and the records scored by that, best first.
pub(super) struct Ranked {
    pub view: View,
    pub terms: Vec<Rc<Terms>>,
    pub scored: Vec<Scored>,
}

impl Engine {
    /// The best matches, each explained.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn matches(&self, request: &MatchRequest) -> Result<Vec<Match>, IndexError> {
        let model = self.model_for(&request.query);
        let scorer = model.pair(request.target);
        let ranked = self.rank(request.target, &request.query, &[], request.asks, &request.filter, scorer)?;
        let wanted = Wanted::of(&request.query, request.asks, Utc::now());
        let page =
            ranked.scored.into_iter().filter(|scored| request.after.is_none_or(|after| scored.place.is_after(&after)));
        let matches = page.take(request.limit).map(|scored| {
            let score = scorer.calibrated(scored.place.raw);
            let Candidate { part, doc, .. } = scored.candidate;
            let columns = &ranked.view.snapshot.parts[part].columns;
            Match {
                id: scored.place.id,
                version: columns.version(doc),
                score,
                level: model.levels.of(score),
                explanation: explain(&scored, wanted.stands(columns, doc), scorer, &model.version),
            }
        });
        Ok(matches.collect())
    }

    /// Candidates of a kind, scored, best first.
    pub(super) fn rank(
        &self,
        target: Kind,
        query: &Query,
        names: &[String],
        asks: bool,
        filter: &Filter,
        scorer: &Scorer,
    ) -> Result<Ranked, IndexError> {
        let view = View::of(filter.viewer, self.index_of(target))?;
        let heard = Heard::of(query, self.choice);
        let wanted = Wanted::of(query, asks, Utc::now());
        let weights = scorer.in_order();
        let (mut looked_for, mut scored, mut space) = (Vec::new(), Vec::new(), Vec::new());
        for layer in &view.layers {
            let terms = Rc::new(Terms::of(&heard, names, layer, &view)?);
            let candidates = gather(&terms, query.meaning.as_ref(), layer, &view, filter)?;
            let texts = Rc::new(text_matches(&candidates, &terms, &view)?);
            scored.extend(candidates.into_iter().zip(&texts.features).enumerate().map(|(order, (candidate, text))| {
                let part = &view.snapshot.parts[candidate.part];
                let near = query.meaning.as_ref().and_then(|to| part.meanings.nearest(candidate.doc, to, &mut space));
                let meaning = nearness(near);
                let conditions = wanted.features(&part.columns, candidate.doc);
                let features = together(*text, meaning, conditions);
                let raw = weights.iter().zip(&features).map(|(weight, value)| weight * value).sum();
                Scored {
                    place: Place { raw, id: candidate.id(&view) },
                    terms: Rc::clone(&terms),
                    texts: Rc::clone(&texts),
                    order,
                    features,
                    candidate,
                }
            }));
            looked_for.push(terms);
        }
        // What is large is moved once.
        scored.sort_by_cached_key(|scored| scored.place.key());
        Ok(Ranked { view, terms: looked_for, scored })
    }
}

/// The records of a layer worth a closer look, for their words or for what they mean.
fn gather(
    terms: &Terms,
    meaning: Option<&Compact>,
    layer: &Layer,
    view: &View,
    filter: &Filter,
) -> Result<Vec<Candidate>, IndexError> {
    let mut candidates = best(terms, layer, view, filter, CANDIDATES)?;
    if let Some(meaning) = meaning {
        let known: HashSet<_> = candidates.iter().map(|candidate| (candidate.part, candidate.doc)).collect();
        let near = nearest(meaning, layer, view, filter, NEAR)?.into_iter();
        candidates.extend(near.filter(|near| !known.contains(&(near.part, near.doc))));
    }
    Ok(candidates)
}

fn together(text: TextFeatures, meaning: f32, conditions: [f32; CONDITION_FEATURES.len()]) -> Features {
    let mut all = text.into_iter().chain([meaning]).chain(conditions);
    std::array::from_fn(|_| all.next().unwrap_or_default())
}

fn explain(scored: &Scored, conditions: Vec<Stand>, scorer: &Scorer, model: &str) -> Explanation {
    let terms = &scored.terms;
    let mass = terms.mass().max(f32::MIN_POSITIVE);
    let shared_terms = scored.said().take(EXPLAINED).map(|(term, counts)| SharedTerm {
        term: term.text.clone(),
        stands_for: term.stands_for.clone(),
        query_fields: standing(
            [0, 1, 2].map(|column| (QUERY_FIELDS[column], [term.title, term.keywords, term.body][column])),
        ),
        record_fields: standing([0, 1, 2].map(|column| (RECORD_FIELDS[column], counts[column] > 0))),
        weight: term.weight * term.idf / mass,
    });
    let features = feature_names().zip(&scored.features).map(|(name, value)| FeatureShare {
        name,
        value: *value,
        weight: scorer.weight(name),
        contribution: value * scorer.weight(name),
    });
    Explanation {
        terms: shared_terms.collect(),
        keywords: scored.keywords().map(|which| terms.whole[which].text.clone()).collect(),
        looked_for: terms.terms.iter().map(|term| term.text.clone()).collect(),
        features: features.collect(),
        nearest: None,
        raw: scored.place.raw,
        conditions,
        model: model.to_owned(),
    }
}

fn standing<const N: usize>(fields: [(&'static str, bool); N]) -> Vec<&'static str> {
    fields.into_iter().filter(|(_, stands)| *stands).map(|(name, _)| name).collect()
}
