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

/// The conditions of a query, ready to be compared with many records.
pub(super) struct Wanted<'a> {
    query: &'a Query,
    /// Is the query the side that asks?
    asks: bool,
    now: DateTime<Utc>,
    industries: Vec<Vec<Facet>>,
    regions: Vec<Vec<Facet>>,
    ways: Vec<Facet>,
}

impl<'a> Wanted<'a> {
    pub fn of(query: &'a Query, asks: bool, now: DateTime<Utc>) -> Self {
        let (industries, regions) = (paths(query, "industry"), paths(query, "region"));
        Self { query, asks, now, industries, regions, ways: named(&query.facets, "cooperation").collect() }
    }

    /// The condition features of a pair, in the order of [`CONDITION_FEATURES`].
    pub fn features(&self, columns: &Columns, doc: DocId) -> [f32; CONDITION_FEATURES.len()] {
        let asked = !(self.industries.is_empty() && self.regions.is_empty() && self.ways.is_empty());
        let facets: Vec<Facet> = if asked { columns.facets(doc).collect() } else { Vec::new() };
        let (least, ripe) = self.sides(self.query.maturity, columns.maturity(doc));
        // Of what nothing is asked nothing is read.
        let price = self.query.price.and_then(|_| columns.price(doc));
        let (budget, price) = self.sides(self.query.price, price);
        let today = days(self.now.date_naive());
        let deadline = columns.deadline(doc).map_or(0.0, |deadline| if deadline < today { -1.0 } else { 0.0 });
        // In whole days: else no answer would be the same a second later, nor a cursor stand where it stood.
        let age = ((self.now.timestamp() - columns.updated(doc)).max(0) / SECONDS_A_DAY) as f32;
        [
            nearness(&self.industries, &facets),
            nearness(&self.regions, &facets),
            ripeness(least, ripe),
            sign(self.common_way(&facets)),
            sign(affordable(budget, price)),
            deadline,
            (-age / FRESH).exp(),
        ]
    }

    /// How each condition of a pair stands.
    pub fn stands(&self, columns: &Columns, doc: DocId) -> Vec<Stand> {
        let facets: Vec<Facet> = columns.facets(doc).collect();
        let (least, ripe) = self.sides(self.query.maturity, columns.maturity(doc));
        let (budget, price) = self.sides(self.query.price, columns.price(doc));
        let trl = |level: Option<u8>| level.map(|level| format!("TRL {level}"));
        let money = |range: Option<(i64, i64)>| range.map(|(min, max)| format!("{min}–{max} CNY"));
        let ripe_enough = least.zip(ripe).map(|(least, ripe)| ripe >= least);
        let words = |facets: &[Facet]| listed(named(facets, "cooperation").map(Facet::text));
        let (wanted_ways, offered_ways) = self.sides(words(&self.ways), words(&facets));
        let stand = |condition, met, wanted, offered| Stand { condition, met, wanted, offered };
        vec![
            self.tree(Condition::Industry, "industry", &self.industries, &facets),
            self.tree(Condition::Region, "region", &self.regions, &facets),
            stand(Condition::Maturity, ripe_enough, trl(least), trl(ripe)),
            stand(Condition::Cooperation, self.common_way(&facets), wanted_ways, offered_ways),
            stand(Condition::Budget, affordable(budget, price), money(budget), money(price)),
        ]
    }

    /// What is wanted and what is offered, of what the query and the record say.
    fn sides<T>(&self, query: T, record: T) -> (T, T) {
        if self.asks { (query, record) } else { (record, query) }
    }

    fn tree(&self, condition: Condition, name: &str, paths: &[Vec<Facet>], there: &[Facet]) -> Stand {
        let own: Vec<Facet> = named(&self.query.facets, name).collect();
        let others: Vec<Facet> = named(there, name).collect();
        let known = !own.is_empty() && !others.is_empty();
        let (wanted, offered) = self.sides(deepest(&own), deepest(&others));
        Stand { condition, met: known.then_some(nearness(paths, there) >= 0.5), wanted, offered }
    }

    /// Is there a way of cooperation that both sides name?
    fn common_way(&self, there: &[Facet]) -> Option<bool> {
        let known = !self.ways.is_empty() && named(there, "cooperation").next().is_some();
        known.then(|| self.ways.iter().any(|way| there.contains(way)))
    }
}

fn named(facets: &[Facet], name: &str) -> impl Iterator<Item = Facet> {
    facets.iter().copied().filter(move |facet| facet.name() == name)
}

/// The codes of a query, each after those above it.
fn paths(query: &Query, name: &str) -> Vec<Vec<Facet>> {
    let path = |facet: Facet| {
        let mut path: Vec<Facet> = facet.with_ancestors().collect();
        path.reverse();
        path
    };
    named(&query.facets, name).map(path).collect()
}

/// Nearness in a tree of codes: the depth of the nearest common code, as a share of the query's own depth.
fn nearness(paths: &[Vec<Facet>], there: &[Facet]) -> f32 {
    let share = |path: &Vec<Facet>| {
        let common = path.iter().take_while(|step| there.contains(step)).count();
        common as f32 / path.len() as f32
    };
    paths.iter().map(share).fold(0.0, f32::max)
}

/// The codes that none of the others lies below.
fn deepest(facets: &[Facet]) -> Option<String> {
    let lowest = |facet: &&Facet| {
        !facets.iter().any(|other| other != *facet && other.with_ancestors().any(|above| above == **facet))
    };
    listed(facets.iter().filter(lowest).take(10).map(|facet| facet.text()))
}

fn listed(words: impl Iterator<Item = String>) -> Option<String> {
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// How well a maturity fits the least that is wanted.
fn ripeness(wanted: Option<u8>, offered: Option<u8>) -> f32 {
    match (wanted, offered) {
        (Some(wanted), Some(offered)) if offered >= wanted => 1.0,
        (Some(wanted), Some(offered)) => -f32::from(wanted - offered) / 8.0,
        _ => 0.0,
    }
}

fn affordable(budget: Option<(i64, i64)>, price: Option<(i64, i64)>) -> Option<bool> {
    budget.zip(price).map(|((_, most), (least, _))| least <= most)
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
        let near = |code: &str| nearness(&paths(&query, "industry"), &facets(code));
        assert!((near("C3311") - 1.0).abs() < 1e-6);
        assert!((near("C3312") - 0.75).abs() < 1e-6);
        assert!((near("C3399") - 0.5).abs() < 1e-6);
        assert!(near("A0111").abs() < 1e-6);
    }

    #[test]
    fn what_is_unknown_neither_fits_nor_fails() {
        assert!(ripeness(Some(6), None).abs() < 1e-6 && ripeness(Some(6), Some(5)) < 0.0);
        assert_eq!(affordable(Some((0, 10)), None), None);
        assert_eq!(affordable(Some((0, 10)), Some((5, 20))), Some(true));
        assert_eq!(affordable(Some((0, 4)), Some((5, 20))), Some(false));
    }
}
