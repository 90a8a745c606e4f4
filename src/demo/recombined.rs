//! As many results as are wanted, made of the papers' own sentences and keywords, so that word frequencies stay
//! natural. The same seed makes the same results.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::County;
use crate::problem::{FieldFault, Language};
use crate::registry::fields::{Line, Prose};
use crate::registry::results::ResearchResult;
use crate::registry::{Record, Stamp};

/// Sentences of a summary.
const SENTENCES: std::ops::RangeInclusive<usize> = 3..=6;
/// Keywords of a result.
const KEYWORDS: std::ops::RangeInclusive<usize> = 3..=6;

/// Makes results from those of a county.
///
/// # Errors
/// If the county has no results, or the seed made one that breaks a rule.
pub fn recombined(county: &County, count: usize, seed: u64) -> anyhow::Result<Vec<Record<ResearchResult>>> {
    let parts = Parts::of(county);
    let mut random = StdRng::seed_from_u64(seed);
    (0..count).map(|_| parts.result(&mut random)).collect()
}

/// What results are made of.
struct Parts<'a> {
    papers: &'a [Record<ResearchResult>],
    sentences: Vec<&'a str>,
    keywords: Vec<&'a Line<1, 50>>,
    /// Titles cut in two.
    beginnings: Vec<&'a str>,
    ends: Vec<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(county: &'a County) -> Self {
        let papers = county.results.as_slice();
        let summaries = papers.iter().flat_map(|paper| paper.fields.summary.split_inclusive('。'));
        let (beginnings, ends) = papers.iter().map(|paper| halves(&paper.fields.title)).unzip();
        Self {
            papers,
            sentences: summaries.filter(|sentence| sentence.chars().count() >= 10).collect(),
            keywords: papers.iter().flat_map(|paper| &paper.fields.keywords).collect(),
            beginnings,
            ends,
        }
    }

    fn result(&self, random: &mut StdRng) -> anyhow::Result<Record<ResearchResult>> {
        let pattern = self.papers.choose(random).ok_or_else(|| anyhow::anyhow!("a county without results"))?;
        let count = random.random_range(SENTENCES);
        let summary: String = (0..count).filter_map(|_| self.sentences.choose(random).copied()).collect();
        let title: String =
            [self.beginnings.choose(random), self.ends.choose(random)].into_iter().flatten().copied().collect();
        let mut keywords: Vec<Line<1, 50>> = Vec::new();
        for keyword in (0..random.random_range(KEYWORDS)).filter_map(|_| self.keywords.choose(random)) {
            if !keywords.contains(keyword) {
                keywords.push((*keyword).clone());
            }
        }
        let broken = |fault: FieldFault| anyhow::anyhow!("{}", fault.detail.in_language(Language::English));
        let fields = ResearchResult {
            title: Line::parse(&title.chars().take(200).collect::<String>()).map_err(broken)?,
            summary: Prose::parse(&summary).map_err(broken)?,
            keywords,
            source: None,
            ..pattern.fields.clone()
        };
        Ok(Record { stamp: Stamp::new(None), fields })
    }
}

/// A title cut after its first 的, or in the middle.
fn halves(title: &str) -> (&str, &str) {
    let after = title.find('的').map(|place| place + '的'.len_utf8());
    let middle = title.char_indices().nth(title.chars().count() / 2).map(|(place, _)| place);
    title.split_at(after.or(middle).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_results_and_another_seed_others() -> anyhow::Result<()> {
        let county = County::read()?;
        let titles = |seed| -> anyhow::Result<Vec<String>> {
            let made = recombined(&county, 50, seed)?;
            Ok(made.iter().map(|record| record.fields.title.to_string()).collect())
        };
        assert_eq!(titles(1)?, titles(1)?);
        assert_ne!(titles(1)?, titles(2)?);
        Ok(())
    }
}
