//! Alerts (提醒): a result, an expert or a demand that is new or has changed is matched with what stands on the other
//! side, and the people concerned are told of strong matches, each pair once.
//!
//! The changes are followed behind the index, from a position that the database keeps and that moves in the transaction
//! that keeps what was found: whatever is killed when, nothing is lost and nothing told twice. One process at a time is
//! at it, whichever has the time.

mod store;
mod worker;

use std::collections::HashMap;

use uuid::Uuid;

use super::requests::{asks, request_for};
use super::{Audience, Document, Engine, Explanation, Facet, IndexError, Kind, Level, Match, Query, Viewer};

pub use store::begin;
pub use worker::work;

/// The kinds that alerts are of: what asks, and what is offered.
const SIDES: [Kind; 3] = [Kind::Demand, Kind::Result, Kind::Expert];

/// Matches of a record with a kind that are told, at most.
const MOST: usize = 20;

/// Who looks for demands. What members may see is among what the centre sees, with the same scores; it is looked for by
/// itself where what is closed may have taken its places.
const VIEWERS: [Viewer; 2] = [Viewer::centre(), Viewer { audience: Audience::MEMBERS, owner: None }];

/// A demand and what may help it.
#[derive(Clone, Copy, Debug)]
struct Pair {
    demand: Uuid,
    /// A result or an expert.
    kind: Kind,
    record: Uuid,
    score: f32,
}

/// The strong matches of records, each pair once, though both its sides may be among them.
fn match_all(engine: &Engine, records: &[(Kind, Document)]) -> Result<Vec<Pair>, IndexError> {
    let mut pairs = HashMap::new();
    for (kind, record) in records {
        let found = match kind {
            Kind::Demand => of_demand(engine, record)?,
            Kind::Result | Kind::Expert => of_offer(engine, *kind, record)?,
            Kind::Organisation | Kind::Policy => Vec::new(),
        };
        for pair in found {
            pairs.entry((pair.demand, pair.record)).or_insert(pair);
        }
    }
    Ok(pairs.into_values().collect())
}

/// Results and experts for a demand, if it wants them.
fn of_demand(engine: &Engine, demand: &Document) -> Result<Vec<Pair>, IndexError> {
    let mut pairs = Vec::new();
    for kind in [Kind::Result, Kind::Expert] {
        if wanted(kind).is_some_and(|wanted| demand.facets.contains(&wanted)) {
            let found = strong(engine, (Kind::Demand, demand), kind, Viewer::centre())?;
            let told = told(&found).map(|of| Pair { demand: demand.id, kind, record: of.id, score: of.score });
            pairs.extend(told);
        }
    }
    Ok(pairs)
}

/// Demands that want such a result or expert.
fn of_offer(engine: &Engine, kind: Kind, record: &Document) -> Result<Vec<Pair>, IndexError> {
    let mut pairs = Vec::new();
    for viewer in VIEWERS {
        let found = strong(engine, (kind, record), Kind::Demand, viewer)?;
        pairs.extend(told(&found).map(|of| Pair { demand: of.id, kind, record: record.id, score: of.score }));
        if found.len() < MOST {
            break;
        }
    }
    Ok(pairs)
}

/// The strong matches of a record with a kind.
fn strong(
    engine: &Engine,
    (kind, record): (Kind, &Document),
    target: Kind,
    viewer: Viewer,
) -> Result<Vec<Match>, IndexError> {
    let mut request = request_for(target, Query::from(record.clone()), asks(kind), &[], viewer, MOST);
    if target == Kind::Demand {
        request.filter.facets.push(wanted(kind).into_iter().collect());
    }
    let mut matches = engine.matches(&request)?;
    matches.retain(|found| found.level == Level::Strong);
    Ok(matches)
}

/// Those that somebody is told of.
fn told(strong: &[Match]) -> impl Iterator<Item = &Match> {
    strong.iter().filter(|found| is_more_than_a_word(&found.explanation))
}

/// One word in common is no reason to call anybody. Where few records are yet, it can be all that they know of a demand,
/// and so look like all of it.
fn is_more_than_a_word(explanation: &Explanation) -> bool {
    explanation.terms.len() > 1 || !explanation.keywords.is_empty()
}

/// What a demand has that wants such records.
fn wanted(kind: Kind) -> Option<Facet> {
    Facet::value("wanted", kind.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::Model;
    use crate::matching::evaluation::Indexed;

    fn document(title: &str, body: &str, facets: &[(&str, &str)]) -> Document {
        Document {
            facets: facets.iter().filter_map(|(facet, word)| Facet::value(facet, word)).collect(),
            ..Document::saying(title, body)
        }
    }

    #[test]
    fn one_word_in_common_is_no_alert_even_where_there_is_only_one_record() -> anyhow::Result<()> {
        let demand = |title, body| document(title, body, &[("wanted", "result")]);
        let result = document("离心泵密封", "离心泵机械密封的泄漏及其防治。", &[("status", "published")]);
        let indexed = Indexed::of(Model::shipped()?, vec![(Kind::Result, vec![result])])?;
        let told = |demand: &Document| of_demand(&indexed.engine, demand).map(|pairs| pairs.len());
        assert_eq!(told(&demand("密封", "玻璃罐头的密封老是不严。"))?, 0);
        assert_eq!(told(&demand("离心泵密封泄漏", "离心泵的机械密封老是泄漏。"))?, 1);
        Ok(())
    }

    #[test]
    fn closed_demands_take_no_places_of_those_that_members_see() -> anyhow::Result<()> {
        let demand = |id, audience| Document {
            id: Uuid::from_u128(id),
            audience,
            ..document(
                "离心泵密封泄漏",
                "离心泵的机械密封老是泄漏。",
                &[("wanted", "result"), ("demand_status", "open")],
            )
        };
        let closed = (1..=30).map(|id| demand(id, Audience::STAFF));
        let open = demand(100, Audience::PUBLIC);
        let demands = closed.chain([open.clone()]).collect();
        let indexed = Indexed::of(Model::shipped()?, vec![(Kind::Demand, demands)])?;
        let result = document("离心泵密封", "离心泵机械密封的泄漏及其防治。", &[("status", "published")]);
        let told = of_offer(&indexed.engine, Kind::Result, &result)?;
        assert_eq!(told.len(), MOST + 1);
        assert!(told.iter().any(|pair| pair.demand == open.id));
        Ok(())
    }
}
