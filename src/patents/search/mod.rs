//! What the centre's own records say of a case before it is filed: results that were published already, and other cases of the
//! same thing.
//!
//! What the public could know before the day of filing, or of the priority, is prior art (专利法第二十二条); in four cases it does
//! not count for six months (第二十四条). Whether one of them applies, a person says.

pub mod routes;
mod store;

use std::collections::HashSet;

use chrono::{Months, NaiveDate};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{PatentCase, PatentKind, PatentStage};
use crate::matching::{Level, text};
use crate::registry::fields::Day;

/// The four cases of 专利法第二十四条 in which a disclosure within six months before the filing does not spoil novelty.
pub const GRACE: [&str; 4] = [
    "国家出现紧急状态或者非常情况时，为公共利益目的首次公开",
    "在中国政府主办或者承认的国际展览会上首次展出",
    "在规定的学术会议或者技术会议上首次发表",
    "他人未经申请人同意而泄露其内容",
];

/// For how long (第二十四条): before the filing itself, or before the priority (细则第十二条).
const GRACE_MONTHS: Months = Months::new(6);

/// What a published result means for novelty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Novelty {
    /// It was published before the day that counts: prior art, unless the grace period applies.
    Spoiled,
    /// It was published before the day that counts, and its grace period had passed by then.
    Lost,
    /// It was published on that day or later.
    Kept,
}

/// A result near the case.
#[derive(Serialize, ToSchema)]
pub struct NearResult {
    pub id: Uuid,
    #[schema(max_length = 200)]
    pub title: String,
    pub holder_id: Uuid,
    /// The result that the case protects, or one of an applicant's.
    pub own: bool,
    /// How near, as a match; none of the case's own result where its words do not match.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub score: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// When the public could read of it first: here, or where it was collected.
    #[schema(value_type = String, format = Date)]
    pub published_on: NaiveDate,
    pub novelty: Novelty,
    /// Until when it had to be filed, where one of the four cases of the grace period applies.
    #[schema(value_type = String, format = Date)]
    pub grace_until: NaiveDate,
}

/// Another case near this one.
#[derive(Serialize, ToSchema)]
pub struct NearCase {
    pub id: Uuid,
    pub kind: PatentKind,
    #[schema(max_length = 200)]
    pub title: String,
    pub stage: PatentStage,
    /// Is it of the same result?
    pub same_result: bool,
    /// Of the words of both titles, the share that they have in common.
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub likeness: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, value_type = Option<Day>)]
    pub filing_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, value_type = Option<Day>)]
    pub publication_date: Option<NaiveDate>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub struct PatentSearch {
    /// The day that counts: of the priority, of the filing, or today where neither is known.
    #[schema(value_type = String, format = Date)]
    pub counts_on: NaiveDate,
    /// The nearest first.
    #[schema(max_items = 21)]
    pub results: Vec<NearResult>,
    /// Those that the caller may see.
    #[schema(max_items = 20)]
    pub cases: Vec<NearCase>,
    /// 专利法第二十四条: the disclosures that do not count for six months.
    #[schema(max_items = 4)]
    pub grace: [&'static str; 4],
}

/// What a publication means for what counts on a day.
#[must_use]
pub fn novelty(published_on: NaiveDate, counts_on: NaiveDate) -> (Novelty, NaiveDate) {
    let grace_until = published_on.checked_add_months(GRACE_MONTHS).unwrap_or(NaiveDate::MAX);
    let novelty = if published_on >= counts_on {
        Novelty::Kept
    } else if counts_on <= grace_until {
        Novelty::Spoiled
    } else {
        Novelty::Lost
    };
    (novelty, grace_until)
}

/// Of the words of two titles, the share that they have in common.
fn likeness(one: &HashSet<String>, other: &HashSet<String>) -> f32 {
    let (common, all) = (one.intersection(other).count(), one.union(other).count());
    if all == 0 { 0.0 } else { common as f32 / all as f32 }
}

fn words(title: &str) -> HashSet<String> {
    text::words(title).into_iter().map(|word| word.text).collect()
}

/// From here on two titles are near.
const NEAR: f32 = 0.4;

/// The cases that are near another, the nearest first.
fn near_cases(case: &PatentCase, others: Vec<PatentCase>, most: usize) -> Vec<NearCase> {
    let own = words(&case.title);
    let mut near: Vec<NearCase> = others
        .into_iter()
        .filter(|other| other.id != case.id)
        .map(|other| NearCase {
            id: other.id,
            kind: other.kind,
            same_result: case.result_id.is_some() && case.result_id == other.result_id,
            likeness: likeness(&own, &words(&other.title)),
            title: other.title,
            stage: other.stage,
            filing_date: other.filing_date,
            publication_date: other.publication_date,
        })
        .filter(|near| near.same_result || near.likeness >= NEAR)
        .collect();
    near.sort_by(|one, other| {
        other
            .same_result
            .cmp(&one.same_result)
            .then(other.likeness.total_cmp(&one.likeness))
            .then(one.id.cmp(&other.id))
    });
    near.truncate(most);
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn what_was_published_before_spoils_novelty_and_is_lost_after_six_months() {
        for (published, counts, novel, until) in [
            ("2026-03-01", "2026-03-01", Novelty::Kept, "2026-09-01"),
            ("2026-03-02", "2026-03-01", Novelty::Kept, "2026-09-02"),
            ("2026-02-28", "2026-03-01", Novelty::Spoiled, "2026-08-28"),
            ("2025-08-31", "2026-02-28", Novelty::Spoiled, "2026-02-28"),
            ("2025-08-31", "2026-03-01", Novelty::Lost, "2026-02-28"),
        ] {
            assert_eq!(novelty(day(published), day(counts)), (novel, day(until)), "{published}");
        }
    }

    #[test]
    fn titles_are_near_by_the_words_that_they_share() {
        let near = likeness(&words("球墨铸铁件热节的冷铁布置方法"), &words("一种球墨铸铁件热节处冷铁的布置方法"));
        let far = likeness(&words("球墨铸铁件热节的冷铁布置方法"), &words("印染废水脱色装置"));
        assert!(near >= NEAR && far < NEAR, "{near} {far}");
        assert!(likeness(&words(""), &words("")).abs() < f32::EPSILON);
    }
}
