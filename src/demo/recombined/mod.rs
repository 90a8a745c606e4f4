//! As many records as are wanted, made of the sample county's own sentences and keywords, so that word frequencies stay
//! natural. A seed and a number always make the same record, its id and times included.

mod demands;
mod experts;
mod fill;
mod results;

use std::ops::{Range, RangeInclusive};

use anyhow::{Context, anyhow};
use chrono::DateTime;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use super::{County, ids};
use crate::problem::{FieldFault, Language};
use crate::registry::fields::{Line, Prose};
use crate::registry::results::ResearchResult;
use crate::registry::{Concept, Record, Stamp};

pub use fill::{Amounts, fill};

/// A summary or description ends with the sentence that brings it to so many characters.
const ENOUGH: usize = 200;
/// Longer sentences are left out of them, so that none exceeds 400 characters: about 250 on the average.
const LONGEST_SENTENCE: usize = 200;

/// Makes results from those of a county.
///
/// # Errors
/// If the county has no results, or the seed made one that breaks a rule.
pub fn recombined(county: &County, count: usize, seed: u64) -> anyhow::Result<Vec<Record<ResearchResult>>> {
    Recombination::of(county, seed).records(0..u32::try_from(count)?).collect()
}

/// What records are made of, and the seed of all choices.
pub struct Recombination<'a> {
    seed: u64,
    results: results::Parts<'a>,
    experts: experts::Parts<'a>,
    demands: demands::Parts<'a>,
}

/// A concept whose records are recombined.
pub trait Recombine: Concept {
    /// Draws the fields of a record.
    ///
    /// # Errors
    /// If there is nothing to draw from, or what was drawn breaks a rule.
    fn recombine(recombination: &Recombination<'_>, random: &mut StdRng) -> anyhow::Result<Self>;
}

impl<'a> Recombination<'a> {
    #[must_use]
    pub fn of(county: &'a County, seed: u64) -> Self {
        Self {
            seed,
            results: results::Parts::of(county),
            experts: experts::Parts::of(county),
            demands: demands::Parts::of(county),
        }
    }

    /// The records of these numbers, each made as it is asked for.
    pub fn records<C: Recombine>(&self, numbers: Range<u32>) -> impl Iterator<Item = anyhow::Result<Record<C>>> {
        numbers.map(|number| self.record(number))
    }

    /// The id of a record: a `UUIDv7` whose chance comes from the seed. Those of a kind rise with their numbers.
    #[must_use]
    pub fn id<C: Concept>(&self, number: u32) -> Uuid {
        ids::id(number, &self.chance::<C>(number))
    }

    fn record<C: Recombine>(&self, number: u32) -> anyhow::Result<Record<C>> {
        let at = DateTime::from_timestamp_millis(ids::made_at(number)).context("a time that no calendar has")?;
        let stamp = Stamp { id: self.id::<C>(number), created_at: at, updated_at: at, ..Stamp::new(None) };
        let fields = C::recombine(self, &mut StdRng::from_seed(self.chance::<C>(number)))?;
        Ok(Record { stamp, fields })
    }

    fn chance<C: Concept>(&self, number: u32) -> [u8; 32] {
        ids::chance(&format!("{} {}", self.seed, C::KIND.as_str()), number)
    }
}

/// One of the items.
fn one<'i, T>(items: &'i [T], random: &mut StdRng) -> anyhow::Result<&'i T> {
    items.choose(random).context("the county has nothing to draw from")
}

/// As many keywords as drawn from the range, those drawn twice only once.
fn keywords(
    of: &[&Line<1, 50>],
    amount: RangeInclusive<usize>,
    random: &mut StdRng,
) -> anyhow::Result<Vec<Line<1, 50>>> {
    let mut drawn: Vec<Line<1, 50>> = Vec::new();
    for _ in 0..random.random_range(amount) {
        let keyword = *one(of, random)?;
        if !drawn.contains(keyword) {
            drawn.push(keyword.clone());
        }
    }
    Ok(drawn)
}

/// A text of 200 to 400 characters.
fn text<const MIN: usize, const MAX: usize>(
    sentences: &[&str],
    random: &mut StdRng,
) -> anyhow::Result<Prose<MIN, MAX>> {
    let mut text = String::new();
    while text.trim().chars().count() < ENOUGH {
        text.push_str(one(sentences, random)?);
    }
    prose(&text)
}

/// Two halves of titles.
fn title(beginnings: &[&str], ends: &[&str], random: &mut StdRng) -> anyhow::Result<Line<2, 200>> {
    let title = [*one(beginnings, random)?, *one(ends, random)?].concat();
    line(&title.chars().take(200).collect::<String>())
}

fn line<const MIN: usize, const MAX: usize>(text: &str) -> anyhow::Result<Line<MIN, MAX>> {
    Line::parse(text).map_err(broken)
}

fn prose<const MIN: usize, const MAX: usize>(text: &str) -> anyhow::Result<Prose<MIN, MAX>> {
    Prose::parse(text).map_err(broken)
}

fn broken(fault: FieldFault) -> anyhow::Error {
    anyhow!("{}", fault.detail.in_language(Language::English))
}

/// The sentences of texts, each with what ends it. Those of a few characters say nothing.
fn sentences<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    let all = texts.flat_map(|text| text.split_inclusive(['。', '！', '？']));
    all.filter(|sentence| sentence.chars().count() >= 10).collect()
}

/// Those that fit into a [`text`].
fn short_sentences<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    let mut sentences = sentences(texts);
    sentences.retain(|sentence| sentence.chars().count() <= LONGEST_SENTENCE);
    sentences
}

/// A title cut after the first of these marks, or in the middle.
fn halves(title: &str, mark: char) -> (&str, &str) {
    let after = title.find(mark).map(|place| place + mark.len_utf8());
    let middle = title.char_indices().nth(title.chars().count() / 2).map(|(place, _)| place);
    title.split_at(after.or(middle).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::{Map, Value};

    use super::*;
    use crate::problem::Faults;
    use crate::registry::demands::Demand;
    use crate::registry::experts::Expert;

    fn shown<C: Recombine>(recombination: &Recombination<'_>, numbers: Range<u32>) -> anyhow::Result<Vec<Value>> {
        recombination.records::<C>(numbers).map(|record| Ok(serde_json::to_value(record?)?)).collect()
    }

    #[test]
    fn a_seed_and_a_number_make_the_same_record_wherever_it_is_begun() -> anyhow::Result<()> {
        fn check<C: Recombine>(one: &Recombination<'_>, other: &Recombination<'_>) -> anyhow::Result<()> {
            let made = shown::<C>(one, 0..50)?;
            assert_eq!(made, shown::<C>(other, 0..50)?);
            assert_eq!(made[20..], shown::<C>(one, 20..50)?);
            let ids: Vec<&str> = made.iter().filter_map(|record| record["id"].as_str()).collect();
            assert!(ids.is_sorted_by(|earlier, later| earlier < later));
            Ok(())
        }
        let counties = [County::read()?, County::read()?];
        let [one, other] = counties.each_ref().map(|county| Recombination::of(county, 1));
        check::<ResearchResult>(&one, &other)?;
        check::<Expert>(&one, &other)?;
        check::<Demand>(&one, &other)
    }

    #[test]
    fn other_seeds_and_other_numbers_make_other_records() -> anyhow::Result<()> {
        let county = County::read()?;
        let mut ids = HashSet::new();
        let mut titles = HashSet::new();
        for seed in [1, 2] {
            for record in Recombination::of(&county, seed).records::<ResearchResult>(0..50) {
                let record = record?;
                assert_eq!(record.stamp.id.get_version_num(), 7);
                ids.insert(record.stamp.id);
                titles.insert(record.fields.title.to_string());
            }
        }
        assert_eq!(ids.len(), 100);
        assert!(titles.len() > 90);
        Ok(())
    }

    #[test]
    fn what_is_made_keeps_the_rules_of_what_a_person_types_in() -> anyhow::Result<()> {
        fn check<C: Recombine>(recombination: &Recombination<'_>) -> anyhow::Result<Vec<C>> {
            let again = |record: anyhow::Result<Record<C>>| {
                let fields: Map<String, Value> = serde_json::from_value(serde_json::to_value(record?.fields)?)?;
                deserr::deserialize::<C, _, Faults>(Value::Object(fields))
                    .map_err(|faults| anyhow!("{}", faults.summary(Language::English)))
            };
            recombination.records(0..2_000).map(again).collect()
        }
        let county = County::read()?;
        let recombination = Recombination::of(&county, 1);
        check::<ResearchResult>(&recombination)?;
        let experts = check::<Expert>(&recombination)?;
        assert!(experts.iter().all(|expert| expert.name.ends_with("（示例）")));
        let demands = check::<Demand>(&recombination)?;
        assert!(demands.iter().all(|demand| (200..=400).contains(&demand.description.chars().count())));
        Ok(())
    }
}
