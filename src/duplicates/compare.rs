//! What records are compared by, and why two of them may be the same: without HTTP and SQL.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::alike::{NEAR_TITLE, bare, name_nearness, number, title_nearness};
use super::{DuplicateKind, DuplicateReason};
use crate::registry::experts::Expert;
use crate::registry::fields::IntellectualPropertyKind;
use crate::registry::organisations::Organisation;
use crate::registry::results::{IntellectualPropertyItems, ResearchResult};
use crate::registry::{Concept, Record};

/// Experts of one name are as near as this if they are of one organisation, or took part in one result.
const SAME_PERSON: f64 = 0.9;
/// The same if the names of their organisations are near.
const NEAR_PERSON: f64 = 0.8;
/// Organisations of one name.
const SAME_ORGANISATION: f64 = 0.95;
/// Of a list of results so many become keys.
const MOST_KEYS: usize = 200;

/// Why two records may be the same, with what was compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "reason": "same_number", "one": "ZL 2017 1 0601862.3", "other": "CN201710601862.3", "compared": "201710601862.3", "nearness": 1.0
}))]
pub struct PairReason {
    pub reason: DuplicateReason,
    /// What the first record says, or the note of who reported the pair.
    #[schema(max_length = 2000)]
    pub one: String,
    /// What the second record says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub other: Option<String>,
    /// What both are in the form in which they were compared, where that is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub compared: Option<String>,
    /// How near they are in this, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearness: Option<f64>,
}

/// What a record is compared by.
#[derive(Clone, Debug)]
pub struct Traits {
    pub id: Uuid,
    pub living: bool,
    /// Its title or name.
    pub title: String,
    /// Who holds the result or employs the expert.
    pub organisation: Option<Uuid>,
    /// Numbers in the form in which they are compared, with how they are written.
    pub numbers: BTreeMap<String, String>,
    /// Results that an expert took part in.
    pub results: BTreeSet<Uuid>,
}

/// A concept whose records are compared.
pub trait Comparable: Concept {
    fn traits(record: &Record<Self>) -> Traits;
}

impl Comparable for ResearchResult {
    fn traits(record: &Record<Self>) -> Traits {
        let fields = &record.fields;
        let common = Traits::named(record.stamp.id, record.stamp.deleted_at, &fields.title);
        common.of_result(fields.holder_id, &fields.intellectual_property)
    }
}

impl Comparable for Expert {
    fn traits(record: &Record<Self>) -> Traits {
        let fields = &record.fields;
        let common = Traits::named(record.stamp.id, record.stamp.deleted_at, &fields.name);
        common.of_expert(fields.organisation_id, &fields.result_ids)
    }
}

impl Comparable for Organisation {
    fn traits(record: &Record<Self>) -> Traits {
        Traits::named(record.stamp.id, record.stamp.deleted_at, &record.fields.name)
    }
}

impl Traits {
    /// What every record has, and all that an organisation is compared by.
    #[must_use]
    pub fn named(id: Uuid, deleted_at: Option<DateTime<Utc>>, title: &str) -> Self {
        let (numbers, results) = (BTreeMap::new(), BTreeSet::new());
        Self { id, living: deleted_at.is_none(), title: title.to_owned(), organisation: None, numbers, results }
    }

    #[must_use]
    pub fn of_result(self, holder: Uuid, property: &IntellectualPropertyItems) -> Self {
        // A standard is no property of the result that keeps to it, and a secret has no number of an office.
        let owned = property.0.iter().filter(|item| {
            !matches!(item.kind, IntellectualPropertyKind::Standard | IntellectualPropertyKind::TradeSecret)
        });
        let written = owned.filter_map(|item| item.number.as_deref());
        let numbers = written.filter_map(|text| Some((number(text)?, text.to_owned()))).collect();
        Self { organisation: Some(holder), numbers, ..self }
    }

    #[must_use]
    pub fn of_expert(self, organisation: Uuid, results: &[Uuid]) -> Self {
        Self { organisation: Some(organisation), results: results.iter().copied().collect(), ..self }
    }

    /// What others are found by that have the same: those that can be the same are among those that share one.
    #[must_use]
    pub fn keys(&self, kind: DuplicateKind) -> Vec<String> {
        let title = bare(&self.title);
        let mut keys: Vec<String> = self.numbers.keys().map(|number| format!("number {number}")).collect();
        if title.is_empty() || !self.living {
            return if self.living { keys } else { Vec::new() };
        }
        keys.push(format!("title {title}"));
        if kind == DuplicateKind::Expert {
            keys.extend(self.organisation.map(|organisation| format!("title {title} {organisation}")));
            let results = self.results.iter().take(MOST_KEYS);
            keys.extend(results.map(|result| format!("title {title} {result}")));
        }
        keys
    }
}

/// Why two records of a kind may be the same, and how near they are; nothing if they are not. `names` are those of the
/// organisations they are of.
#[must_use]
pub fn compare(
    kind: DuplicateKind,
    (one, other): (&Traits, &Traits),
    names: &HashMap<Uuid, String>,
) -> Vec<PairReason> {
    if one.id == other.id || !one.living || !other.living {
        return Vec::new();
    }
    match kind {
        DuplicateKind::Result => results(one, other, names),
        DuplicateKind::Expert => experts(one, other, names),
        DuplicateKind::Organisation => same_name(one, other, SAME_ORGANISATION).into_iter().collect(),
    }
}

/// How near two records are, by the reasons: as near as the nearest.
#[must_use]
pub fn nearness(reasons: &[PairReason]) -> f64 {
    reasons.iter().filter_map(|reason| reason.nearness).fold(0.0, f64::max)
}

/// The numbers that both have, in the form in which they were compared.
#[must_use]
pub fn numbers(reasons: &[PairReason]) -> Vec<String> {
    let same = reasons.iter().filter(|reason| reason.reason == DuplicateReason::SameNumber);
    same.filter_map(|reason| reason.compared.clone()).collect()
}

/// Results with one number, or with near titles that are held by one, or by two whose names are near.
fn results(one: &Traits, other: &Traits, names: &HashMap<Uuid, String>) -> Vec<PairReason> {
    let both = one.numbers.iter().filter_map(|(number, written)| Some((number, written, other.numbers.get(number)?)));
    let mut reasons: Vec<PairReason> = both
        .map(|(number, written, again)| PairReason {
            compared: Some(number.clone()),
            nearness: Some(1.0),
            ..reason(DuplicateReason::SameNumber, written, again)
        })
        .collect();
    let near = title_nearness(&one.title, &other.title);
    if near < NEAR_TITLE {
        return reasons;
    }
    let titles = PairReason { nearness: Some(near), ..reason(DuplicateReason::NearTitle, &one.title, &other.title) };
    let holders = (DuplicateReason::SameHolder, DuplicateReason::NearHolder);
    if let Some(holder) = organisations(one, other, names, holders) {
        reasons.extend([titles, holder]);
    } else if !reasons.is_empty() {
        reasons.push(titles);
    }
    reasons
}

/// Experts of one name and of one organisation, or of two whose names are near, or who took part in one result.
fn experts(one: &Traits, other: &Traits, names: &HashMap<Uuid, String>) -> Vec<PairReason> {
    let organisations =
        organisations(one, other, names, (DuplicateReason::SameOrganisation, DuplicateReason::NearOrganisation));
    let shared = one.results.intersection(&other.results).next();
    let result = shared.map(|id| PairReason {
        compared: Some(id.to_string()),
        ..reason(DuplicateReason::SameResult, &id.to_string(), &id.to_string())
    });
    let near = match &organisations {
        _ if result.is_some() => SAME_PERSON,
        Some(found) if found.reason == DuplicateReason::SameOrganisation => SAME_PERSON,
        Some(_) => NEAR_PERSON,
        None => return Vec::new(),
    };
    match same_name(one, other, near) {
        Some(name) => std::iter::once(name).chain(organisations).chain(result).collect(),
        None => Vec::new(),
    }
}

fn same_name(one: &Traits, other: &Traits, nearness: f64) -> Option<PairReason> {
    let name = bare(&one.title);
    (!name.is_empty() && name == bare(&other.title)).then(|| PairReason {
        compared: Some(name),
        nearness: Some(nearness),
        ..reason(DuplicateReason::SameName, &one.title, &other.title)
    })
}

/// The organisations of two records, if they are one or their names are near.
fn organisations(
    one: &Traits,
    other: &Traits,
    names: &HashMap<Uuid, String>,
    (same, near): (DuplicateReason, DuplicateReason),
) -> Option<PairReason> {
    let (first, second) = (one.organisation?, other.organisation?);
    let (name, again) = (names.get(&first)?, names.get(&second)?);
    if first == second {
        return Some(reason(same, name, again));
    }
    name_nearness(name, again).map(|_| reason(near, name, again))
}

fn reason(reason: DuplicateReason, one: &str, other: &str) -> PairReason {
    PairReason { reason, one: one.to_owned(), other: Some(other.to_owned()), compared: None, nearness: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLDERS: [(u128, &str); 3] =
        [(1, "河北工业大学"), (2, "河北工业大学材料科学与工程学院"), (3, "河北农业大学")];

    fn record(id: u128, title: &str, organisation: u128, numbers: &[&str]) -> Traits {
        Traits {
            id: Uuid::from_u128(id),
            living: true,
            title: title.to_owned(),
            organisation: Some(Uuid::from_u128(organisation)),
            numbers: numbers.iter().filter_map(|text| Some((number(text)?, (*text).to_owned()))).collect(),
            results: BTreeSet::new(),
        }
    }

    fn why(kind: DuplicateKind, one: &Traits, other: &Traits) -> Vec<&'static str> {
        let names = HOLDERS.map(|(id, name)| (Uuid::from_u128(id), name.to_owned())).into();
        compare(kind, (one, other), &names).iter().map(|reason| reason.reason.as_str()).collect()
    }

    #[test]
    fn results_are_the_same_by_a_number_or_by_title_and_holder() {
        let kind = DuplicateKind::Result;
        let one = record(1, "球墨铸铁件缩松缺陷的控制方法", 1, &["ZL 2017 1 0601862.3"]);
        let same = |title, holder, numbers: &[&str]| why(kind, &one, &record(2, title, holder, numbers));
        assert_eq!(same("球墨铸铁件缩松缺陷控制方法", 1, &[]), ["near_title", "same_holder"]);
        assert_eq!(same("球墨铸铁件缩松缺陷控制方法", 2, &[]), ["near_title", "near_holder"]);
        assert_eq!(same("球墨铸铁件缩松缺陷控制方法", 3, &[]), [""; 0]);
        assert_eq!(same("冷铁的用法", 3, &["cn201710601862.3"]), ["same_number"]);
        assert_eq!(same("球墨铸铁件缩松缺陷控制方法", 3, &["2017106018623"]), ["same_number", "near_title"]);
        assert_eq!(same("球墨铸铁件冲压模具的设计方法", 1, &[]), [""; 0]);
    }

    #[test]
    fn experts_of_one_name_are_the_same_at_one_place_or_in_one_result() {
        let kind = DuplicateKind::Expert;
        let one = Traits { results: [Uuid::from_u128(9)].into(), ..record(1, "陈志遠", 1, &[]) };
        let at = |name, place| record(2, name, place, &[]);
        assert_eq!(why(kind, &one, &at("陈志远", 1)), ["same_name", "same_organisation"]);
        assert_eq!(why(kind, &one, &at("陈志远", 2)), ["same_name", "near_organisation"]);
        assert_eq!(why(kind, &one, &at("陈志远", 3)), [""; 0]);
        assert_eq!(why(kind, &one, &at("陈志", 1)), [""; 0]);
        let of_one_result = Traits { results: [Uuid::from_u128(9)].into(), ..at("陈志远", 3) };
        assert_eq!(why(kind, &one, &of_one_result), ["same_name", "same_result"]);
    }

    #[test]
    fn what_is_gone_is_like_nothing_and_has_no_key() {
        let kind = DuplicateKind::Organisation;
        let (one, other) = (record(1, "五金厂（示例）", 1, &[]), record(2, "五金廠(示例)", 1, &[]));
        assert_eq!(why(kind, &one, &other), ["same_name"]);
        assert_eq!(one.keys(kind), other.keys(kind));
        let gone = Traits { living: false, ..other };
        assert_eq!(why(kind, &one, &gone), [""; 0]);
        assert!(gone.keys(kind).is_empty());
        assert_eq!(why(kind, &one, &one), [""; 0]);
    }
}
