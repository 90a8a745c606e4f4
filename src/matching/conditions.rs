//! The conditions of a pair: what one side wants and the other offers. Hard ones filter, the rest only weigh.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tantivy::DocId;
use utoipa::ToSchema;

use super::Facet;
use super::filter::{Columns, Filter};
use super::index::days;
use super::query::Query;
use crate::problem::FieldFault;

/// Names of the condition features, in the order of their values.
pub const CONDITION_FEATURES: [&str; 7] =
    ["industry", "region", "maturity", "cooperation", "budget", "deadline", "freshness"];

/// Days after which a record is a little over a third as fresh.
const FRESH: f32 = 3.0 * 365.0;
const SECONDS_A_DAY: i64 = 86_400;

/// A condition that a caller can make hard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    Industry,
    Region,
    Maturity,
    Cooperation,
    Budget,
}

impl Condition {
    const WORDS: [(&str, Self); 5] = [
        ("industry", Self::Industry),
        ("region", Self::Region),
        ("maturity", Self::Maturity),
        ("cooperation", Self::Cooperation),
        ("budget", Self::Budget),
    ];

    /// # Errors
    /// `not_allowed`, with the list of words.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let found = Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, condition)| *condition);
        found.ok_or_else(|| crate::problem::not_allowed(&Self::WORDS.map(|(word, _)| word)))
    }
}

/// How a condition stands between two sides.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Stand {
    pub condition: Condition,
    /// Null where one of the sides says nothing.
    pub met: Option<bool>,
    /// What the demand's side wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub wanted: Option<String>,
    /// What the other side offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub offered: Option<String>,
}

/// The condition features of a pair, and how each condition stands.
pub(super) struct Conditions {
    pub features: [f32; CONDITION_FEATURES.len()],
    pub stands: Vec<Stand>,
}

/// Makes conditions hard: what does not meet them is not found at all.
pub fn harden(filter: &mut Filter, query: &Query, asks: bool, hard: &[Condition]) {
    let of = |name: &str| query.facets.iter().copied().filter(|facet| facet.name() == name).collect::<Vec<_>>();
    for condition in hard {
        match condition {
            Condition::Industry => filter.facets.push(of("industry").into_iter().filter_map(division).collect()),
            Condition::Region => filter.facets.push(of("region")),
            Condition::Cooperation => filter.facets.push(of("cooperation")),
            Condition::Maturity if asks => filter.least_maturity = query.maturity,
            Condition::Budget if asks => filter.most_price = query.price.map(|(_, most)| most),
            // A result that looks for demands offers what it has: there is nothing to filter by.
            Condition::Maturity | Condition::Budget => {}
        }
    }
    // A condition about which the query says nothing filters nothing.
    filter.facets.retain(|group| !group.is_empty());
}

/// An industry as wide as its division: the firms of one trade, whatever they make.
fn division(facet: Facet) -> Option<Facet> {
    let text = facet.text();
    Facet::industry(text.get(..3).unwrap_or(&text))
}

/// Compares the query's conditions with a record's.
pub(super) fn compare(query: &Query, asks: bool, columns: &Columns, doc: DocId, now: DateTime<Utc>) -> Conditions {
    let facets: Vec<Facet> = columns.facets(doc).collect();
    let (industry, industries) = tree(query, &facets, "industry", asks);
    let (region, regions) = tree(query, &facets, "region", asks);
    let maturity_there = columns.maturity.first(doc).and_then(|level| u8::try_from(level).ok());
    let (wanted, offered) = if asks { (query.maturity, maturity_there) } else { (maturity_there, query.maturity) };
    let (maturity, maturities) = ripe(wanted, offered);
    let (cooperation, ways) = ways(query, &facets, asks);
    let price_there = columns.price(doc);
    let (budget, price) = if asks { (query.price, price_there) } else { (price_there, query.price) };
    let (affordable, prices) = affordable(budget, price);
    let deadline =
        columns.deadline.first(doc).map_or(0.0, |deadline| if deadline < days(now.date_naive()) { -1.0 } else { 0.0 });
    // In whole days: else no answer would be the same a second later, nor a cursor stand where it stood.
    let age = columns.updated.first(doc).map_or(0, |updated| (now.timestamp() - updated).max(0) / SECONDS_A_DAY) as f32;
    Conditions {
        features: [industry, region, maturity, cooperation, affordable, deadline, (-age / FRESH).exp()],
        stands: vec![industries, regions, maturities, ways, prices],
    }
}

/// Nearness in a tree of codes: the depth of the nearest common code, as a share of the query's own depth.
fn tree(query: &Query, there: &[Facet], name: &str, asks: bool) -> (f32, Stand) {
    let own: Vec<Facet> = query.facets.iter().copied().filter(|facet| facet.name() == name).collect();
    let others: Vec<Facet> = there.iter().copied().filter(|facet| facet.name() == name).collect();
    let condition = if name == "industry" { Condition::Industry } else { Condition::Region };
    let nearness = own.iter().map(|facet| share_of_path(*facet, &others)).fold(0.0, f32::max);
    let known = !own.is_empty() && !others.is_empty();
    let (wanted, offered) = (deepest(&own), deepest(&others));
    let (wanted, offered) = if asks { (wanted, offered) } else { (offered, wanted) };
    (nearness, Stand { condition, met: known.then_some(nearness >= 0.5), wanted, offered })
}

fn share_of_path(facet: Facet, others: &[Facet]) -> f32 {
    let mut path: Vec<Facet> = facet.with_ancestors().collect();
    path.reverse();
    let common = path.iter().take_while(|step| others.contains(step)).count();
    common as f32 / path.len() as f32
}

/// The codes that none of the others lies below.
fn deepest(facets: &[Facet]) -> Option<String> {
    let lowest = |facet: &&Facet| {
        !facets.iter().any(|other| other != *facet && other.with_ancestors().any(|above| above == **facet))
    };
    let codes: Vec<String> = facets.iter().filter(lowest).take(10).map(|facet| facet.text()).collect();
    (!codes.is_empty()).then(|| codes.join(", "))
}

fn ripe(wanted: Option<u8>, offered: Option<u8>) -> (f32, Stand) {
    let fit = match (wanted, offered) {
        (Some(wanted), Some(offered)) if offered >= wanted => 1.0,
        (Some(wanted), Some(offered)) => -f32::from(wanted - offered) / 8.0,
        _ => 0.0,
    };
    let met = wanted.zip(offered).map(|(wanted, offered)| offered >= wanted);
    let text = |level: Option<u8>| level.map(|level| format!("TRL {level}"));
    (fit, Stand { condition: Condition::Maturity, met, wanted: text(wanted), offered: text(offered) })
}

fn ways(query: &Query, there: &[Facet], asks: bool) -> (f32, Stand) {
    let list = |facets: &[Facet]| -> Vec<String> {
        facets.iter().filter(|facet| facet.name() == "cooperation").map(|facet| facet.text()).collect()
    };
    let (own, others) = (list(&query.facets), list(there));
    let met = (!own.is_empty() && !others.is_empty()).then(|| own.iter().any(|way| others.contains(way)));
    let text = |ways: Vec<String>| (!ways.is_empty()).then(|| ways.join(", "));
    let (wanted, offered) = if asks { (text(own), text(others)) } else { (text(others), text(own)) };
    (sign(met), Stand { condition: Condition::Cooperation, met, wanted, offered })
}

fn affordable(budget: Option<(i64, i64)>, price: Option<(i64, i64)>) -> (f32, Stand) {
    let met = budget.zip(price).map(|((_, most), (least, _))| least <= most);
    let text = |range: Option<(i64, i64)>| range.map(|(min, max)| format!("{min}–{max} CNY"));
    (sign(met), Stand { condition: Condition::Budget, met, wanted: text(budget), offered: text(price) })
}

fn sign(met: Option<bool>) -> f32 {
    match met {
        Some(true) => 1.0,
        Some(false) => -1.0,
        None => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearness_is_the_shared_part_of_the_path() {
        let facets =
            |code: &str| -> Vec<Facet> { Facet::industry(code).into_iter().flat_map(Facet::with_ancestors).collect() };
        let query = Query { facets: Facet::industry("C3311").into_iter().collect(), ..Query::default() };
        let near = |code: &str| tree(&query, &facets(code), "industry", true).0;
        assert!((near("C3311") - 1.0).abs() < 1e-6);
        assert!((near("C3312") - 0.75).abs() < 1e-6);
        assert!((near("C3399") - 0.5).abs() < 1e-6);
        assert!(near("A0111").abs() < 1e-6);
    }

    #[test]
    fn what_is_unknown_neither_fits_nor_fails() {
        assert_eq!(ripe(Some(6), None).1.met, None);
        assert_eq!(ripe(Some(6), Some(5)).1.met, Some(false));
        assert_eq!(affordable(Some((0, 10)), Some((5, 20))).1.met, Some(true));
        assert_eq!(affordable(Some((0, 4)), Some((5, 20))).1.met, Some(false));
    }
}
