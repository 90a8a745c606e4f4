//! Experts, made of the sample experts and of the papers that they could have written.

use std::ops::RangeInclusive;

use rand::RngExt;
use rand::rngs::StdRng;

use super::super::County;
use super::{Recombination, Recombine, keywords, line, one, prose, sentences};
use crate::registry::Record;
use crate::registry::experts::Expert;
use crate::registry::fields::Line;

/// Sentences of a biography: from others' biographies, and from papers.
const SENTENCES: RangeInclusive<usize> = 2..=3;
const FROM_PAPERS: RangeInclusive<usize> = 1..=2;
/// Keywords of the expertise: from others' expertise, and from papers.
const EXPERTISE: RangeInclusive<usize> = 2..=4;
const EXPERTISE_FROM_PAPERS: RangeInclusive<usize> = 1..=3;

/// How the name of a made-up person ends.
const MARK: &str = "（示例）";

/// What experts are made of.
pub(super) struct Parts<'a> {
    experts: &'a [Record<Expert>],
    sentences: Vec<&'a str>,
    expertise: Vec<&'a Line<1, 50>>,
    surnames: Vec<&'a str>,
    given_names: Vec<&'a str>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(county: &'a County) -> Self {
        let experts = county.experts.as_slice();
        let (surnames, given_names) = experts.iter().map(|expert| names(&expert.fields.name)).unzip();
        Self {
            experts,
            sentences: sentences(experts.iter().filter_map(|expert| expert.fields.biography.as_deref())),
            expertise: experts.iter().flat_map(|expert| &expert.fields.expertise).collect(),
            surnames,
            given_names,
        }
    }
}

impl Recombine for Expert {
    fn recombine(recombination: &Recombination<'_>, random: &mut StdRng) -> anyhow::Result<Self> {
        let (parts, papers) = (&recombination.experts, &recombination.results);
        let pattern = &one(parts.experts, random)?.fields;
        let mut biography = String::new();
        for (sentences, amount) in [(&parts.sentences, SENTENCES), (&papers.sentences, FROM_PAPERS)] {
            for _ in 0..random.random_range(amount) {
                biography.push_str(one(sentences, random)?);
            }
        }
        let mut expertise = keywords(&parts.expertise, EXPERTISE, random)?;
        for keyword in keywords(&papers.keywords, EXPERTISE_FROM_PAPERS, random)? {
            if !expertise.contains(&keyword) {
                expertise.push(keyword);
            }
        }
        Ok(Self {
            name: line(&[*one(&parts.surnames, random)?, *one(&parts.given_names, random)?, MARK].concat())?,
            biography: Some(prose(&biography)?),
            expertise,
            // Those of the pattern are its own.
            result_ids: Vec::new(),
            contact: None,
            ..pattern.clone()
        })
    }
}

/// Surname and given name; of four characters the surname has two.
fn names(name: &str) -> (&str, &str) {
    let name = name.strip_suffix(MARK).unwrap_or(name);
    let surname = if name.chars().count() > 3 { 2 } else { 1 };
    let end = name.char_indices().nth(surname).map_or(name.len(), |(place, _)| place);
    name.split_at(end)
}
