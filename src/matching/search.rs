//! Search by words over several kinds at once: hits, how many there are, and facet counts.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::counts::Counts;
use super::filter::Filter;
use super::query::Query;
use super::rank::{Place, Scored};
use super::text::{simplified, words};
use super::{Engine, Facet, IndexError, Kind};
use crate::meaning::Compact;

/// How near in meaning a record is that is found without any of the words. Something is always the nearest: of words that
/// mean nothing, or nothing that is there, it comes up to about this.
const NEAR: f32 = 0.375;
/// Names in a search: more words are no name.
const MOST_NAMES: usize = 8;

/// What is searched for.
pub struct SearchRequest {
    pub words: String,
    pub kinds: Vec<Kind>,
    pub filter: Filter,
    pub limit: usize,
    pub after: Option<Place>,
    /// What the words mean, where records that are near in meaning are to be found, too.
    pub meaning: Option<Compact>,
}

/// A record that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    pub kind: Kind,
    pub id: Uuid,
    pub place: Place,
    /// 0 to 1.
    pub score: f32,
    /// The words of the search that it has, in normal form.
    pub terms: Vec<String>,
}

/// How many records have a value of a facet.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FacetCount {
    #[schema(example = "C33", max_length = 50)]
    pub value: String,
    #[schema(minimum = 0)]
    pub count: u64,
}

/// What a search found.
pub struct Found {
    pub hits: Vec<Hit>,
    pub total: u64,
    /// Are the numbers estimates?
    pub estimated: bool,
    /// By facet, the most frequent values first.
    pub facets: BTreeMap<&'static str, Vec<FacetCount>>,
}

/// Values of a facet that are counted in an answer.
const MOST_VALUES: usize = 50;

impl Engine {
    /// Finds records by words, and by what they mean where that is given. More of the words, rarer ones, together and in
    /// the title or the keywords count more; people and organisations are found by pinyin and initials too.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn search(&self, request: &SearchRequest) -> Result<Found, IndexError> {
        let (mut query, names) = Query::of_words(&request.words);
        query.meaning.clone_from(&request.meaning);
        let scorer = &self.model_for(&query).search;
        let mut found: Vec<(Kind, Scored)> = Vec::new();
        let mut counts = Counts::default();
        let asked = !names.is_empty() || !words(&request.words).is_empty();
        let kinds = if asked { &request.kinds[..] } else { &[] };
        for kind in kinds {
            let mut ranked = self.rank(*kind, &query, &names, true, &request.filter, scorer)?;
            ranked.scored.retain(|scored| scored.says_something() || scored.meaning() >= NEAR);
            for (layer, terms) in ranked.view.layers.iter().zip(&ranked.terms) {
                counts.count(terms, layer, &ranked.view, &request.filter)?;
            }
            for scored in ranked.scored.iter().filter(|scored| !scored.says_something()) {
                counts.count_one(scored.candidate, &ranked.view);
            }
            found.extend(ranked.scored.into_iter().map(|scored| (*kind, scored)));
        }
        found.retain(|(_, scored)| request.after.is_none_or(|after| scored.place.is_after(&after)));
        found.sort_by(|(_, a), (_, b)| a.place.order(&b.place));
        let hits = found.into_iter().take(request.limit).map(|(kind, scored)| Hit {
            kind,
            id: scored.place.id,
            place: scored.place,
            score: scorer.calibrated(scored.place.raw),
            terms: scored.said().map(|(term, _)| term.text.clone()).collect(),
        });
        let hits = hits.collect();
        Ok(Found { hits, total: counts.total(), estimated: counts.estimated, facets: by_name(counts.facets()) })
    }
}

impl Query {
    /// What words typed into a search look for, and the names that may be among them.
    pub(super) fn of_words(words: &str) -> (Self, Vec<String>) {
        let keywords = words.split_whitespace().map(str::to_owned).collect();
        (Self { title: words.to_owned(), keywords, ..Self::default() }, names(words))
    }
}

/// The words of a search that may be names or the pinyin of one; blanks within pinyin do not matter.
fn names(words: &str) -> Vec<String> {
    let normal = simplified(words);
    let mut names: Vec<String> = normal.split_whitespace().map(str::to_owned).collect();
    let joined: String = normal.split_whitespace().collect();
    if names.len() > 1 && joined.chars().all(|c| c.is_ascii_alphabetic()) {
        names.push(joined);
    }
    names.retain(|name| name.chars().count() > 1);
    names.truncate(MOST_NAMES);
    names
}

fn by_name(counts: impl Iterator<Item = (Facet, u64)>) -> BTreeMap<&'static str, Vec<FacetCount>> {
    let mut facets: BTreeMap<&'static str, Vec<(Facet, u64)>> = BTreeMap::new();
    for (facet, count) in counts {
        facets.entry(facet.name()).or_default().push((facet, count));
    }
    let first = |mut values: Vec<(Facet, u64)>| {
        values.sort_unstable_by(|(a, first), (b, second)| second.cmp(first).then_with(|| a.order(*b)));
        values.truncate(MOST_VALUES);
        values.into_iter().map(|(facet, count)| FacetCount { value: facet.text(), count }).collect()
    };
    facets.into_iter().map(|(name, values)| (name, first(values))).collect()
}
