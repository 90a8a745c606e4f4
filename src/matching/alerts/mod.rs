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

use super::rank::Scored;
use super::requests::{asks, request_for};
use super::{Audience, Document, Engine, Facet, IndexError, Kind, Level, Query, Viewer};

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

/// One side of a pair, as it was matched.
#[derive(Clone, Debug)]
struct Side {
    id: Uuid,
    kind: Kind,
    version: i64,
    audience: Audience,
    owners: Vec<Uuid>,
}

impl From<(Kind, &Document)> for Side {
    fn from((kind, document): (Kind, &Document)) -> Self {
        let Document { id, version, audience, owners, .. } = document;
        Self { id: *id, kind, version: *version, audience: *audience, owners: owners.clone() }
    }
}

/// A strong match.
struct Strong {
    side: Side,
    score: f32,
    is_told: bool,
}

/// Pairs that match strongly, each once, though both its sides may be among what was matched.
#[derive(Debug, Default)]
struct Found {
    pairs: HashMap<(Uuid, Uuid), Pair>,
    /// Both sides of each of them, as they were known last.
    sides: HashMap<Uuid, Side>,
}

impl Found {
    fn add(&mut self, demand: &Side, offer: &Side, score: f32) {
        let pair = Pair { demand: demand.id, kind: offer.kind, record: offer.id, score };
        self.pairs.entry((pair.demand, pair.record)).or_insert(pair);
        for side in [demand, offer] {
            if self.sides.get(&side.id).is_none_or(|known| known.version < side.version) {
                self.sides.insert(side.id, side.clone());
            }
        }
    }
}

/// The strong matches of records.
fn match_all(engine: &Engine, records: &[(Kind, Document)]) -> Result<Found, IndexError> {
    let mut found = Found::default();
    for (kind, record) in records {
        match kind {
            Kind::Demand => of_demand(engine, record, &mut found)?,
            Kind::Result | Kind::Expert => of_offer(engine, *kind, record, &mut found)?,
            Kind::Organisation | Kind::Policy => {}
        }
    }
    Ok(found)
}

/// Results and experts for a demand, if it wants them.
fn of_demand(engine: &Engine, demand: &Document, found: &mut Found) -> Result<(), IndexError> {
    let side = Side::from((Kind::Demand, demand));
    for kind in [Kind::Result, Kind::Expert] {
        if wanted(kind).is_some_and(|wanted| demand.facets.contains(&wanted)) {
            let strong = strong(engine, (Kind::Demand, demand), kind, Viewer::centre())?;
            told(&strong).for_each(|offer| found.add(&side, &offer.side, offer.score));
        }
    }
    Ok(())
}

/// Demands that want such a result or expert.
fn of_offer(engine: &Engine, kind: Kind, record: &Document, found: &mut Found) -> Result<(), IndexError> {
    let side = Side::from((kind, record));
    for viewer in VIEWERS {
        let strong = strong(engine, (kind, record), Kind::Demand, viewer)?;
        told(&strong).for_each(|demand| found.add(&demand.side, &side, demand.score));
        if strong.len() < MOST {
            break;
        }
    }
    Ok(())
}

/// The strong matches of a record with a kind.
fn strong(
    engine: &Engine,
    (kind, record): (Kind, &Document),
    target: Kind,
    viewer: Viewer,
) -> Result<Vec<Strong>, IndexError> {
    let mut request = request_for(target, Query::from(record.clone()), asks(kind), &[], viewer, MOST);
    if target == Kind::Demand {
        request.filter.facets.push(wanted(kind).into_iter().collect());
    }
    let model = engine.model_for(&request.query);
    let scorer = model.pair(target);
    let ranked = engine.rank(target, &request.query, &[], request.asks, &request.filter, scorer)?;
    let scored = ranked.scored.iter().take(MOST).map(|scored| (scored, scorer.calibrated(scored.place.raw)));
    let strong = scored.filter(|(_, score)| model.levels.of(*score) == Level::Strong).map(|(scored, score)| {
        let (columns, doc) = (&ranked.view.snapshot.parts[scored.candidate.part].columns, scored.candidate.doc);
        let side = Side {
            id: scored.place.id,
            kind: target,
            version: columns.version(doc),
            audience: columns.audience(doc),
            owners: columns.owners(doc).collect(),
        };
        Strong { side, score, is_told: is_more_than_a_word(scored) }
    });
    Ok(strong.collect())
}

/// Those that somebody is told of.
fn told(strong: &[Strong]) -> impl Iterator<Item = &Strong> {
    strong.iter().filter(|found| found.is_told)
}

/// One word in common is no reason to call anybody. Where few records are yet, it can be all that they know of a demand,
/// and so look like all of it.
fn is_more_than_a_word(scored: &Scored) -> bool {
    scored.said().nth(1).is_some() || scored.keywords().next().is_some()
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
        let told = |demand: &Document| {
            let mut found = Found::default();
            of_demand(&indexed.engine, demand, &mut found).map(|()| found.pairs.len())
        };
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
        let mut found = Found::default();
        of_offer(&indexed.engine, Kind::Result, &result, &mut found)?;
        assert_eq!((found.pairs.len(), found.sides.len()), (MOST + 1, MOST + 2));
        assert!(found.pairs.contains_key(&(open.id, result.id)));
        Ok(())
    }
}
