//! Results, made of the papers.

use std::ops::RangeInclusive;

use rand::rngs::StdRng;

use super::super::County;
use super::{Recombination, Recombine, halves, keywords, one, short_sentences, text, title};
use crate::registry::Record;
use crate::registry::fields::Line;
use crate::registry::results::ResearchResult;

const KEYWORDS: RangeInclusive<usize> = 3..=6;

/// What results are made of.
pub(super) struct Parts<'a> {
    papers: &'a [Record<ResearchResult>],
    pub sentences: Vec<&'a str>,
    pub keywords: Vec<&'a Line<1, 50>>,
    beginnings: Vec<&'a str>,
    ends: Vec<&'a str>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(county: &'a County) -> Self {
        let papers = county.results.as_slice();
        let (beginnings, ends) = papers.iter().map(|paper| halves(&paper.fields.title, '的')).unzip();
        Self {
            papers,
            sentences: short_sentences(papers.iter().map(|paper| &*paper.fields.summary)),
            keywords: papers.iter().flat_map(|paper| &paper.fields.keywords).collect(),
            beginnings,
            ends,
        }
    }
}

impl Recombine for ResearchResult {
    fn recombine(recombination: &Recombination<'_>, random: &mut StdRng) -> anyhow::Result<Self> {
        let parts = &recombination.results;
        let pattern = &one(parts.papers, random)?.fields;
        Ok(Self {
            title: title(&parts.beginnings, &parts.ends, random)?,
            summary: text(&parts.sentences, random)?,
            keywords: keywords(&parts.keywords, KEYWORDS, random)?,
            // A paper is one result, whatever is made of its words.
            source: None,
            ..pattern.clone()
        })
    }
}
