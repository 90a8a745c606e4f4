//! A suggestion: the smallest team for a demand or an enterprise, with what each member covers and what nobody covers.

pub mod routes;
mod store;

use std::collections::HashMap;

use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::suggest::{self, Candidate, MOST_MEMBERS, Team, Things};
use crate::matching::{Coverage, Covering, Level};
use crate::problem::{Faults, FieldFault};
use crate::registry::codes::regions;
use crate::registry::experts::Expert;
use crate::registry::fields::{ExpertCategory, RegionCode, distinct};
use crate::registry::ids::optional_id;

/// What a wanted category weighs, and the weightiest term, so that no word counts more than a kind of expert.
const WEIGHTIEST: u16 = 1000;
/// Dockings and teams that anybody could have.
const MOST_LOAD: i64 = 1000;

/// What a team is wanted for: a demand or an enterprise.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "demand_id": "01939c5e-0000-7000-8000-000000000004", "categories": ["research", "quality"], "most_members": 4,
    "regions": ["130900"], "most_load": 3
}))]
pub struct WantedTeam {
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub demand_id: Option<Uuid>,
    /// The enterprise, where it is for no demand.
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub enterprise_id: Option<Uuid>,
    /// Categories that the team is to have; each weighs as much as the weightiest term.
    #[deserr(default, try_from(Vec<ExpertCategory>) = distinct::<5, _> -> FieldFault)]
    #[schema(value_type = HashSet<ExpertCategory>, max_items = 5, required = false)]
    pub categories: Vec<ExpertCategory>,
    #[deserr(default = MOST_MEMBERS, try_from(i64) = parse_members -> FieldFault)]
    #[schema(value_type = i16, minimum = 1, maximum = 8, default = 8, required = false)]
    pub most_members: usize,
    /// Members serve one of these or what lies in it or around it (GB/T 2260), or their organisation is there, if they do not say.
    #[deserr(default, try_from(Vec<RegionCode>) = distinct::<50, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<RegionCode>, max_items = 50, required = false)]
    pub regions: Vec<RegionCode>,
    /// Open dockings and active teams that a member may have already. For the centre alone.
    #[deserr(default, try_from(Option<i64>) = parse_load -> FieldFault)]
    #[schema(value_type = Option<i16>, minimum = 0, maximum = 1000)]
    pub most_load: Option<i64>,
}

/// The smallest team that covers the most. Looked for among the two hundred experts who match best: what nobody of them covers
/// is said, not looked for elsewhere.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "members": [{
        "expert_id": "01939c5e-0000-7000-8000-000000000005", "name": "陈志远（示例）", "score": 0.73, "level": "strong",
        "covers": {"terms": [{"term": "球墨铸铁", "fields": ["keywords", "body"]}, {"term": "缩松", "fields": ["body"]}],
                   "categories": ["research"]},
        "alone": {"terms": ["球墨铸铁", "缩松"], "categories": ["research"]}
    }],
    "looked_for": {"terms": ["球墨铸铁", "缩松", "冒口"], "categories": ["research", "quality"]},
    "uncovered": {"terms": ["冒口"], "categories": []}, "beyond_limits": {"terms": [], "categories": ["quality"]},
    "left": {"terms": [], "categories": []}, "candidates": 17, "model": "1-77c63aef"
}))]
pub struct TeamSuggestion {
    /// The best matching first.
    #[schema(max_items = 8)]
    pub members: Vec<SuggestedMember>,
    /// The telling terms of the demand or the enterprise, the weightiest first, and the wanted categories.
    pub looked_for: Part,
    /// What no candidate covers.
    pub uncovered: Part,
    /// What only candidates beyond the limits cover.
    pub beyond_limits: Part,
    /// What others could cover, had the team more members.
    pub left: Part,
    /// How many were considered.
    #[schema(minimum = 0, maximum = 200)]
    pub candidates: usize,
    /// The version of the model that scored.
    #[schema(max_length = 100)]
    pub model: String,
}

/// Some of what was looked for.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TeamPart)]
pub struct Part {
    #[schema(max_items = 32)]
    pub terms: Vec<String>,
    #[schema(max_items = 5)]
    pub categories: Vec<ExpertCategory>,
}

/// A member that is suggested.
#[derive(Serialize, ToSchema)]
pub struct SuggestedMember {
    expert_id: Uuid,
    #[schema(max_length = 50)]
    name: String,
    /// How well they match, 0 to 1.
    #[schema(minimum = 0.0, maximum = 1.0)]
    score: f32,
    level: Level,
    covers: Covered,
    /// What no other member covers.
    alone: Part,
}

/// What a member covers.
#[derive(Serialize, ToSchema)]
#[schema(as = TeamCovered)]
pub struct Covered {
    #[schema(max_items = 32)]
    terms: Vec<CoveredTerm>,
    #[schema(max_items = 5)]
    categories: Vec<ExpertCategory>,
}

/// A term that the record of an expert says.
#[derive(Serialize, ToSchema)]
#[schema(as = TeamCoveredTerm)]
pub struct CoveredTerm {
    /// In normal form: lower case, Simplified, English stemmed.
    #[schema(max_length = 100)]
    term: String,
    /// Where: `title`, `keywords`, `body`.
    #[schema(max_items = 3)]
    fields: Vec<&'static str>,
}

/// What is known of an expert beside how they match.
pub struct Known {
    pub expert: Expert,
    /// Of their organisation.
    pub region: Option<String>,
    /// Open dockings and active teams.
    pub load: i64,
}

/// The best team of candidates of whom all is known; others are left out.
fn suggested(wanted: &WantedTeam, mut coverage: Coverage, known: &HashMap<Uuid, Known>) -> TeamSuggestion {
    coverage.candidates.retain(|candidate| known.contains_key(&candidate.id));
    let asked = Asked { terms: coverage.terms.iter().map(|term| term.text.as_str()).collect(), wanted };
    let candidates: Vec<Candidate> = coverage
        .candidates
        .iter()
        .filter_map(|candidate| Some((candidate, known.get(&candidate.id)?)))
        .map(|(candidate, known)| asked.candidate(candidate, known))
        .collect();
    let team = suggest::suggest(&weights(&coverage, wanted), &candidates, wanted.most_members);
    let Team { uncovered, beyond_limits, left, .. } = team;
    let members = team.members.iter().filter_map(|member| {
        let candidate = &coverage.candidates[member.candidate];
        let part = asked.part(member.covers);
        let fields = |term: &String| asked.terms.iter().position(|text| text == term);
        let terms = part.terms.iter().filter_map(|term| {
            Some(CoveredTerm { term: term.clone(), fields: candidate.fields[fields(term)?].clone() })
        });
        Some(SuggestedMember {
            expert_id: candidate.id,
            name: known.get(&candidate.id)?.expert.name.to_string(),
            score: candidate.score,
            level: candidate.level,
            covers: Covered { terms: terms.collect(), categories: part.categories.clone() },
            alone: asked.part(member.alone),
        })
    });
    TeamSuggestion {
        members: members.collect(),
        looked_for: asked.part(Things::MAX),
        uncovered: asked.part(uncovered),
        beyond_limits: asked.part(beyond_limits),
        left: asked.part(left),
        candidates: candidates.len(),
        model: coverage.model.clone(),
    }
}

/// What is asked for, as the bits of things: the terms, then the categories.
struct Asked<'a> {
    terms: Vec<&'a str>,
    wanted: &'a WantedTeam,
}

impl Asked<'_> {
    fn candidate(&self, candidate: &Covering, known: &Known) -> Candidate {
        let said = candidate.fields.iter().map(|fields| !fields.is_empty());
        let is = self.wanted.categories.iter().map(|category| known.expert.categories.contains(category));
        let covers = said.chain(is).enumerate().filter(|(_, covered)| *covered).fold(0, |all, (bit, _)| all | 1 << bit);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a score is between 0 and 1")]
        let score = (candidate.score.clamp(0.0, 1.0) * 1000.0).round() as u16;
        Candidate { covers, score, is_within_limits: self.wanted.allows(known) }
    }

    fn part(&self, things: Things) -> Part {
        let has = |bit: usize| things >> bit & 1 == 1;
        let count = self.terms.len();
        let terms = self.terms.iter().enumerate().filter(|(bit, _)| has(*bit));
        let categories = self.wanted.categories.iter().enumerate().filter(|(place, _)| has(count + place));
        Part {
            terms: terms.map(|(_, term)| (*term).to_owned()).collect(),
            categories: categories.map(|(_, category)| *category).collect(),
        }
    }
}

impl WantedTeam {
    /// Do region and load allow an expert?
    fn allows(&self, known: &Known) -> bool {
        let own = known.region.as_deref().filter(|_| known.expert.regions.is_empty());
        let mut served = known.expert.regions.iter().map(|code| &**code).chain(own);
        let is_there =
            self.regions.is_empty() || served.any(|served| self.regions.iter().any(|wanted| overlap(served, wanted)));
        is_there && self.most_load.is_none_or(|most| known.load <= most)
    }
}

/// Does one region lie in the other?
fn overlap(one: &str, other: &str) -> bool {
    let lies_in = |inner: &str, outer: &str| regions().path(inner).any(|item| item.code == outer);
    lies_in(one, other) || lies_in(other, one)
}

/// The weights of terms and categories, of the weightiest term.
fn weights(coverage: &Coverage, wanted: &WantedTeam) -> Vec<u16> {
    let most = coverage.terms.first().map_or(1.0, |term| term.weight.max(f32::MIN_POSITIVE));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a thousand")]
    let weight = |weight: f32| ((weight / most).clamp(0.0, 1.0) * f32::from(WEIGHTIEST)).round().max(1.0) as u16;
    let terms = coverage.terms.iter().map(|term| weight(term.weight));
    terms.chain(wanted.categories.iter().map(|_| WEIGHTIEST)).collect()
}

fn parse_members(number: i64) -> Result<usize, FieldFault> {
    let members = usize::try_from(number).ok().filter(|number| (1..=MOST_MEMBERS).contains(number));
    members.ok_or_else(|| out_of_range(1, i64::try_from(MOST_MEMBERS).unwrap_or(i64::MAX)))
}

fn parse_load(number: Option<i64>) -> Result<Option<i64>, FieldFault> {
    if number.is_none_or(|number| (0..=MOST_LOAD).contains(&number)) {
        return Ok(number);
    }
    Err(out_of_range(0, MOST_LOAD))
}

fn out_of_range(least: i64, most: i64) -> FieldFault {
    let (zh, en) = (format!("应为 {least} 到 {most} 的整数"), format!("must be an integer from {least} to {most}"));
    FieldFault::new("out_of_range", zh, en)
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn a_region_overlaps_what_it_lies_in_and_what_lies_in_it() {
        assert!(overlap("130927", "130927") && overlap("130927", "130900") && overlap("130000", "130927"));
        assert!(!overlap("130927", "130928") && !overlap("130100", "130927"));
    }
}
