//! Demands, made of those of the county's enterprises.

use std::ops::RangeInclusive;

use rand::rngs::StdRng;
use uuid::Uuid;

use super::super::County;
use super::{Recombination, Recombine, halves, keywords, one, prose, sentences, title};
use crate::registry::Record;
use crate::registry::demands::Demand;
use crate::registry::fields::{Line, OrganisationKind};

/// A description ends with the sentence that brings it to so many characters.
const ENOUGH: usize = 200;
/// A longer sentence is left out, so that no description exceeds 400 characters.
const LONGEST_SENTENCE: usize = 200;
const KEYWORDS: RangeInclusive<usize> = 2..=4;

/// What demands are made of.
pub(super) struct Parts<'a> {
    demands: &'a [Record<Demand>],
    enterprises: Vec<Uuid>,
    sentences: Vec<&'a str>,
    keywords: Vec<&'a Line<1, 50>>,
    beginnings: Vec<&'a str>,
    ends: Vec<&'a str>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(county: &'a County) -> Self {
        let demands = county.demands.as_slice();
        let enterprises =
            county.organisations.iter().filter(|record| record.fields.kind == OrganisationKind::Enterprise);
        let mut sentences = sentences(demands.iter().map(|demand| &*demand.fields.description));
        sentences.retain(|sentence| sentence.chars().count() <= LONGEST_SENTENCE);
        let (beginnings, ends) = demands.iter().map(|demand| halves(&demand.fields.title, '，')).unzip();
        Self {
            demands,
            enterprises: enterprises.map(|record| record.stamp.id).collect(),
            sentences,
            keywords: demands.iter().flat_map(|demand| &demand.fields.keywords).collect(),
            beginnings,
            ends,
        }
    }
}

impl Recombine for Demand {
    fn recombine(recombination: &Recombination<'_>, random: &mut StdRng) -> anyhow::Result<Self> {
        let parts = &recombination.demands;
        let pattern = &one(parts.demands, random)?.fields;
        let mut description = String::new();
        while description.trim().chars().count() < ENOUGH {
            description.push_str(one(&parts.sentences, random)?);
        }
        Ok(Self {
            title: title(&parts.beginnings, &parts.ends, random)?,
            description: prose(&description)?,
            keywords: keywords(&parts.keywords, KEYWORDS, random)?,
            enterprise_id: *one(&parts.enterprises, random)?,
            ..pattern.clone()
        })
    }
}
