//! Whom a clause is for: labels, scales, industries and regions of enterprises, and what it is about, found by words, each
//! with the words that speak for it and where they stand. Staff confirm or correct what the rules find.

mod lexicon;
mod regions;
mod words;

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::cutting::Piece;
use super::cutting::text::Text;

pub use regions::region_of;

/// Rises when the rules change.
pub const RULES: i32 = 1;

/// What is found of each aspect, at most: a clause that names more is a list of all there is.
const MOST: usize = 20;

/// What a reason speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AudienceAspect)]
pub enum Aspect {
    Label,
    Scale,
    Industry,
    Region,
    Topic,
}

/// Why something was found: the words and where they stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AudienceReason)]
pub struct Reason {
    pub aspect: Aspect,
    /// What was found: `high_tech`, `C33`, `130927`, 人才.
    pub value: String,
    /// As they are written.
    pub words: String,
    /// Characters of the policy's text.
    pub start: usize,
    pub end: usize,
}

/// Whom a clause is for. What is empty asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    pub labels: BTreeSet<String>,
    pub scales: BTreeSet<String>,
    pub industries: BTreeSet<String>,
    pub regions: BTreeSet<String>,
    pub topics: BTreeSet<String>,
    pub reasons: Vec<Reason>,
}

/// Whom a piece is for, by its own words and the headings above it, within the region that the policy is of.
#[must_use]
pub fn of(text: &Text, pieces: &[Piece], place: usize, region: Option<&str>) -> Audience {
    let mut audience = Audience::default();
    let Some(piece) = pieces.get(place) else { return audience };
    audience.hear(text, &(piece.start..piece.end), region, true);
    // A heading above says whom all below it is for.
    let above = std::iter::successors(piece.parent, |parent| pieces.get(*parent).and_then(|piece| piece.parent));
    for parent in above.filter_map(|parent| pieces.get(parent)) {
        let heading = parent.heading.as_ref().map_or(0, |heading| {
            heading.chars().count() + parent.number.as_ref().map_or(0, |number| number.chars().count())
        });
        audience.hear(text, &(parent.start..parent.end.min(parent.start + heading + 2)), region, false);
    }
    audience
}

impl Audience {
    /// Takes in what a place of the text says; what is asked for is not widened by what stands further off.
    fn hear(&mut self, text: &Text, place: &Range<usize>, region: Option<&str>, own: bool) {
        let mut found = words::found(text, place);
        if own {
            found.extend(regions::found(text, place, region));
        }
        let known: BTreeSet<Aspect> = self.reasons.iter().map(|reason| reason.aspect).collect();
        for reason in found {
            if !own && (known.contains(&reason.aspect) || reason.aspect == Aspect::Topic) {
                continue;
            }
            let values = match reason.aspect {
                Aspect::Label => &mut self.labels,
                Aspect::Scale => &mut self.scales,
                Aspect::Industry => &mut self.industries,
                Aspect::Region => &mut self.regions,
                Aspect::Topic => &mut self.topics,
            };
            // One reason is enough for each.
            if values.len() < MOST && values.insert(reason.value.clone()) {
                self.reasons.push(reason);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::cutting::pieces;

    fn audience(body: &str, region: Option<&str>) -> Audience {
        let text = Text::of(body);
        let pieces = pieces(&text);
        of(&text, &pieces, pieces.len() - 1, region)
    }

    fn told(body: &str) -> (Vec<String>, Vec<String>, Vec<String>, Vec<String>) {
        let found = audience(body, Some("130927"));
        let list = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>();
        (list(found.labels), list(found.scales), list(found.industries), list(found.regions))
    }

    fn says(body: &str, expected: [&[&str]; 4]) {
        let (labels, scales, industries, regions) = told(body);
        assert_eq!(
            [labels, scales, industries, regions],
            expected.map(|words| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()),
            "{body}"
        );
    }

    #[test]
    fn a_clause_is_for_those_whom_it_names_in_either_script() {
        says("1.首次认定的高新技术企业，奖励10万元。", [&["high_tech"], &[], &[], &[]]);
        says("1.對首次認定的高新技術企業，獎勵10萬元。", [&["high_tech"], &[], &[], &[]]);
        says("1.支持科技型中小企业做强核心业务。", [&["sme_tech"], &[], &[], &[]]);
        says("1.对专精特新“小巨人”企业奖励50万元。", [&["specialised"], &[], &[], &[]]);
        says("1.培育瞪羚企业和独角兽企业，支持科技领军企业。", [&["gazelle", "leading", "unicorn"], &[], &[], &[]]);
        says("1.小微企业贷款贴息。", [&[], &["micro", "small"], &[], &[]]);
        says("1.对中小企业的补助。", [&[], &["medium", "small"], &[], &[]]);
        says("1.支持金属制品业和汽车零部件企业技术改造。", [&[], &[], &["C33", "C367"], &[]]);
        says("1.支持医药制造业企业研发。", [&[], &[], &["C27"], &[]]);
        says("1.在沧州市境内注册的医药制造企业。", [&[], &[], &["C27"], &["130900"]]);
    }

    #[test]
    fn words_that_name_nobody_are_passed_over() {
        says("1.高新技术产业增加值占比达到55%，高新技术企业数量翻番。", [&[], &[], &[], &[]]);
        says("1.推动企业成长为高新技术企业。", [&[], &[], &[], &[]]);
        says("1.形成大中小企业融通发展的创新生态。", [&[], &[], &[], &[]]);
        says("1.学习沧州市的经验。", [&[], &[], &[], &[]]);
    }

    #[test]
    fn a_heading_above_speaks_for_what_is_below_it() {
        says("一、支持高新技术企业\n1.每家奖励10万元。", [&["high_tech"], &[], &[], &[]]);
        says("一、支持高新技术企业\n1.科技型中小企业奖励1万元。", [&["sme_tech"], &[], &[], &[]]);
    }

    #[test]
    fn a_reason_is_the_words_and_their_place() {
        let body = "一、獎勵\n1.對瞪羚企業獎勵。";
        let found = audience(body, None);
        let reason = found.reasons.iter().find(|reason| reason.aspect == Aspect::Label);
        let reason = reason.expect("a label was found");
        assert_eq!((reason.value.as_str(), reason.words.as_str()), ("gazelle", "瞪羚"));
        assert_eq!(body.chars().skip(reason.start).take(reason.end - reason.start).collect::<String>(), "瞪羚");
        assert!(found.topics.contains("奖补"));
    }
}
