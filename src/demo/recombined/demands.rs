//! Demands, made of those of the county's enterprises.

use std::ops::RangeInclusive;

use rand::rngs::StdRng;
use uuid::Uuid;

use super::super::County;
use super::{Recombination, Recombine, halves, keywords, one, short_sentences, text, title};
use crate::registry::Record;
use crate::registry::demands::Demand;
use crate::registry::fields::{Line, OrganisationKind};

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
        let (beginnings, ends) = demands.iter().map(|demand| halves(&demand.fields.title, '，')).unzip();
        Self {
            demands,
            enterprises: enterprises.map(|record| record.stamp.id).collect(),
            sentences: short_sentences(demands.iter().map(|demand| &*demand.fields.description)),
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
        Ok(Self {
            title: title(&parts.beginnings, &parts.ends, random)?,
            description: text(&parts.sentences, random)?,
            keywords: keywords(&parts.keywords, KEYWORDS, random)?,
            enterprise_id: *one(&parts.enterprises, random)?,
            ..pattern.clone()
        })
    }
}
