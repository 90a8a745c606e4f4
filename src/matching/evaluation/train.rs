//! Learning the model from judgments: a multinomial logistic regression that stays near what was believed before
//! (maximum a posteriori with a Gaussian prior), then a calibration that can only rise.
//!
//! Of the records of one query that which is to come first is to be likeliest, by the exponential of its score (Cao et
//! al. 2007, `ListNet`, with a linear score): what matters is who is at the top, not how many pairs further down are in
//! order. Where the judgments say nothing of a feature, the weight of the prior stays.

use std::collections::BTreeMap;

use super::calibration::{Calibration, Pair};
use super::corpus::Collection;
use super::judgments::Judgments;
use super::topics::Topic;
use crate::matching::{IndexError, Level, Scorer, feature_names};

/// How strongly weights are held to the prior's, whose scale alone is free: the judgments of so many queries would
/// have to speak against it.
const PRIOR: f64 = 1.0;
/// How strongly the prior's scale is held: hardly.
const FREE: f64 = 0.01;
/// Newton's method settles in fewer steps than this.
const MOST_STEPS: usize = 50;
/// A step that is none.
const SETTLED: f64 = 1e-6;
/// Points of a calibration.
const POINTS: usize = 12;

/// The candidates of one query: their features, and how useful they were judged.
#[derive(Clone, Debug)]
pub struct Group(pub Vec<(Vec<f32>, u32)>);

impl Group {
    /// What is found for a topic, graded. What was not judged is left out, or has the grade that is given for it.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn of(
        collection: &Collection,
        topic: &Topic,
        judgments: &Judgments,
        unjudged: Option<u32>,
    ) -> Result<Self, IndexError> {
        let grade = |id| {
            let judged = judgments.of(&topic.id).zip(collection.name_of(id));
            judged.and_then(|(grades, name)| grades.get(name).copied()).or(unjudged)
        };
        let ranked = collection.rank(topic)?.into_iter();
        Ok(Self(ranked.filter_map(|scored| Some((scored.features.to_vec(), grade(scored.place.id)?))).collect()))
    }
}

/// The scorer that orders the groups best, given the prior, with its calibration.
#[must_use]
pub fn fit(prior: &Scorer, groups: &[Group]) -> Scorer {
    let weights = weigh(prior, groups);
    let calibration = calibrate(prior, &weights, groups);
    Scorer { weights, calibration }
}

/// The share of differently judged pairs that a scorer puts in the right order: the mean over the groups that have such.
#[must_use]
pub fn right_order(scorer: &Scorer, groups: &[Group]) -> f64 {
    mean(groups.iter().filter_map(|group| share_in_order(scorer, group)))
}

/// How well groups are ordered and their scores calibrated by what was learned from others.
pub struct Validated {
    /// As [`right_order`].
    pub right_order: f64,
    /// The expected calibration error.
    pub calibration_error: f64,
}

/// Scores every group by what was learned from others, by turns over so many parts.
#[must_use]
pub fn cross_validated(prior: &Scorer, groups: &[Group], parts: usize) -> Validated {
    let (mut shares, mut pairs) = (Vec::new(), Vec::new());
    for part in 0..parts {
        let (held, kept): (Vec<_>, Vec<_>) = groups.iter().enumerate().partition(|(place, _)| place % parts == part);
        let kept: Vec<Group> = kept.into_iter().map(|(_, group)| group.clone()).collect();
        let scorer = fit(prior, &kept);
        shares.extend(held.iter().filter_map(|(_, group)| share_in_order(&scorer, group)));
        pairs.extend(held.iter().flat_map(|(_, Group(candidates))| candidates).map(|(features, grade)| Pair {
            score: scorer.calibrated(scorer.raw(features)),
            level: Level::None,
            useful: *grade > 0,
        }));
    }
    let calibration_error = Calibration::of(&pairs).error().unwrap_or_default();
    Validated { right_order: mean(shares.into_iter()), calibration_error }
}

fn share_in_order(scorer: &Scorer, Group(candidates): &Group) -> Option<f64> {
    let scored: Vec<(f32, u32)> = candidates.iter().map(|(features, grade)| (scorer.raw(features), *grade)).collect();
    let pairs = scored.iter().flat_map(|better| scored.iter().map(move |worse| (better, worse)));
    let pairs: Vec<_> = pairs.filter(|(better, worse)| better.1 > worse.1).collect();
    let right = pairs.iter().filter(|(better, worse)| better.0 > worse.0).count();
    (!pairs.is_empty()).then(|| right as f64 / pairs.len() as f64)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    sum / f64::from(count.max(1))
}

/// Weights of the features: the prior's, scaled, and what the judgments say differs from them. A feature that would
/// speak against its own match is left out: features are made so that more is better.
fn weigh(prior: &Scorer, groups: &[Group]) -> BTreeMap<String, f32> {
    let names: Vec<&str> = feature_names().collect();
    let mut kept: Vec<usize> = (0..names.len()).collect();
    loop {
        let believed: Vec<f64> = kept.iter().map(|place| f64::from(prior.weight(names[*place]))).collect();
        let weights = newton(&believed, &choices(groups, &kept, &believed));
        if weights.iter().all(|weight| *weight >= 0.0) {
            let named = kept.iter().zip(weights).map(|(place, weight)| (names[*place].to_owned(), rounded(weight)));
            return named.filter(|(_, weight)| *weight > 0.0).collect();
        }
        kept = kept.into_iter().zip(&weights).filter(|(_, weight)| **weight >= 0.0).map(|(place, _)| place).collect();
    }
}

/// The candidates of a query: the features of each, the prior's own score first, and its share of what the query gains
/// in all.
type Choice = Vec<(Vec<f64>, f64)>;

fn choices(groups: &[Group], kept: &[usize], believed: &[f64]) -> Vec<Choice> {
    let gaining = groups.iter().filter(|Group(candidates)| candidates.iter().any(|(_, grade)| *grade > 0));
    let choice = |Group(candidates): &Group| -> Choice {
        let gain: f64 = candidates.iter().map(|(_, grade)| f64::from(*grade)).sum();
        let of = |(features, grade): &(Vec<f32>, u32)| {
            let kept: Vec<f64> = kept.iter().map(|place| f64::from(features[*place])).collect();
            let prior = kept.iter().zip(believed).map(|(value, weight)| value * weight).sum();
            (std::iter::once(prior).chain(kept).collect(), f64::from(*grade) / gain)
        };
        candidates.iter().map(of).collect()
    };
    gaining.map(choice).collect()
}

/// The loss of some weights, and how it changes with them.
struct Loss {
    value: f64,
    gradient: Vec<f64>,
    hessian: Vec<Vec<f64>>,
}

impl Loss {
    /// Adds the cross-entropy of the shares that the scores stand for and those that are gained.
    fn add(&mut self, weights: &[f64], choice: &Choice) {
        let scores: Vec<f64> = choice.iter().map(|(features, _)| dot(weights, features)).collect();
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = scores.iter().map(|score| (score - most).exp()).sum();
        let mut mean = vec![0.0; weights.len()];
        for ((features, gained), score) in choice.iter().zip(&scores) {
            let share = (score - most).exp() / sum;
            self.value -= gained * (score - most - sum.ln());
            for (place, feature) in features.iter().enumerate() {
                mean[place] += share * feature;
                self.gradient[place] += (share - gained) * feature;
                for (cell, other) in self.hessian[place].iter_mut().zip(features) {
                    *cell += share * feature * other;
                }
            }
        }
        for (row, one) in self.hessian.iter_mut().zip(&mean) {
            for (cell, other) in row.iter_mut().zip(&mean) {
                *cell -= one * other;
            }
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// What weights are sought for, where from, and how strongly each is held to where it starts.
struct Descent<'c> {
    start: Vec<f64>,
    held: Vec<f64>,
    choices: &'c [Choice],
}

impl Descent<'_> {
    fn loss(&self, weights: &[f64]) -> Loss {
        let size = weights.len();
        let mut loss = Loss { value: 0.0, gradient: vec![0.0; size], hessian: vec![vec![0.0; size]; size] };
        let off = weights.iter().zip(&self.start).map(|(weight, start)| weight - start);
        for (place, (off, held)) in off.zip(&self.held).enumerate() {
            loss.value += held * off * off / 2.0;
            loss.gradient[place] = held * off;
            loss.hessian[place][place] = *held;
        }
        for choice in self.choices {
            loss.add(weights, choice);
        }
        loss
    }

    /// A step of Newton's method further down, or half a step where a whole one leads up, and so on; nothing where no
    /// step to speak of is left.
    fn further(&self, weights: &[f64], loss: &Loss) -> Option<(Vec<f64>, Loss)> {
        let mut step = solve(loss.hessian.clone(), loss.gradient.clone());
        while step.iter().any(|step| step.abs() >= SETTLED) {
            let tried: Vec<f64> = weights.iter().zip(&step).map(|(weight, step)| weight - step).collect();
            let there = self.loss(&tried);
            if there.value <= loss.value {
                return Some((tried, there));
            }
            for step in &mut step {
                *step /= 2.0;
            }
        }
        None
    }
}

/// Minimises the loss, which is strictly convex, so there is one minimum. The first coefficient scales the prior, the
/// others add to it.
fn newton(believed: &[f64], choices: &[Choice]) -> Vec<f64> {
    let start: Vec<f64> = std::iter::once(1.0).chain(std::iter::repeat_n(0.0, believed.len())).collect();
    let held = std::iter::once(FREE).chain(std::iter::repeat_n(PRIOR, believed.len())).collect();
    let mut weights = start.clone();
    let descent = Descent { start, held, choices };
    let mut loss = descent.loss(&weights);
    for _ in 0..MOST_STEPS {
        let Some(next) = descent.further(&weights, &loss) else { break };
        (weights, loss) = next;
    }
    believed.iter().zip(&weights[1..]).map(|(believed, more)| weights[0] * believed + more).collect()
}

/// Solves a system of equations whose matrix is positive definite, by elimination.
fn solve(mut matrix: Vec<Vec<f64>>, mut values: Vec<f64>) -> Vec<f64> {
    let size = values.len();
    for pivot in 0..size {
        let (above, below) = matrix.split_at_mut(pivot + 1);
        let lead = &above[pivot];
        for (offset, row) in below.iter_mut().enumerate() {
            let factor = row[pivot] / lead[pivot];
            for (cell, known) in row[pivot..].iter_mut().zip(&lead[pivot..]) {
                *cell -= factor * known;
            }
            values[pivot + 1 + offset] -= factor * values[pivot];
        }
    }
    for pivot in (0..size).rev() {
        let known: f64 = (pivot + 1..size).map(|place| matrix[pivot][place] * values[place]).sum();
        values[pivot] = (values[pivot] - known) / matrix[pivot][pivot];
    }
    values
}

/// Raw scores and the share of useful pairs near them: bins with as many useful ones each, pooled where the share
/// would fall (isotonic regression, Ayer et al. 1955). Each share is a little drawn to the middle, for a bin is only a
/// sample. Without a useful pair nothing is learned, and the prior's calibration stays.
fn calibrate(prior: &Scorer, weights: &BTreeMap<String, f32>, groups: &[Group]) -> Vec<(f32, f32)> {
    let scorer = Scorer { weights: weights.clone(), calibration: Vec::new() };
    let candidates = groups.iter().flat_map(|Group(candidates)| candidates);
    let mut judged: Vec<(f32, bool)> = candidates.map(|(features, grade)| (scorer.raw(features), *grade > 0)).collect();
    judged.sort_by(|a, b| a.0.total_cmp(&b.0));
    let useful = judged.iter().filter(|(_, useful)| *useful).count();
    if useful == 0 {
        return prior.calibration.clone();
    }
    let mut pooled: Vec<Bin> = Vec::new();
    for mut bin in bins(&judged, useful.div_ceil(POINTS)) {
        while let Some(last) = pooled.pop_if(|last| last.share() >= bin.share() || last.raw() >= bin.raw()) {
            bin = last.with(&bin);
        }
        pooled.push(bin);
    }
    let mut points: Vec<(f32, f32)> = pooled.iter().map(|bin| (rounded(bin.raw()), rounded(bin.share()))).collect();
    points.dedup_by(|next, last| next.0 <= last.0);
    points
}

/// Cuts pairs in the order of their scores, from the top, so that each bin has so many useful ones; lowest first.
fn bins(judged: &[(f32, bool)], useful: usize) -> Vec<Bin> {
    let mut bins = vec![Bin::default()];
    for (raw, is_useful) in judged.iter().rev() {
        if bins.last().is_some_and(|bin| bin.useful >= useful as f64) {
            bins.push(Bin::default());
        }
        if let Some(bin) = bins.last_mut() {
            bin.pairs += 1.0;
            bin.useful += f64::from(u8::from(*is_useful));
            bin.raw += f64::from(*raw);
        }
    }
    bins.reverse();
    bins
}

/// Pairs of near the same raw score.
#[derive(Default)]
struct Bin {
    pairs: f64,
    useful: f64,
    raw: f64,
}

impl Bin {
    fn with(&self, other: &Self) -> Self {
        Self { pairs: self.pairs + other.pairs, useful: self.useful + other.useful, raw: self.raw + other.raw }
    }

    fn share(&self) -> f64 {
        (self.useful + 0.5) / (self.pairs + 1.0)
    }

    fn raw(&self) -> f64 {
        self.raw / self.pairs
    }
}

/// Four digits are more than the judgments can tell.
#[expect(clippy::cast_possible_truncation, reason = "that is the purpose")]
fn rounded(number: f64) -> f32 {
    ((number * 1e4).round() / 1e4) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(coverage: f32, region: f32) -> Vec<f32> {
        let values = feature_names().map(|name| match name {
            "coverage" => coverage,
            "region" => region,
            _ => 0.0,
        });
        values.collect()
    }

    /// Coverage tells, the region is noise.
    fn groups() -> Vec<Group> {
        let group = |turn: usize| {
            let useful = (features(0.8, if turn.is_multiple_of(2) { 1.0 } else { 0.0 }), 2);
            let useless = (features(0.2, if turn.is_multiple_of(2) { 0.0 } else { 1.0 }), 0);
            Group(vec![useful, useless])
        };
        (0..40).map(group).collect()
    }

    #[test]
    fn what_tells_gets_weight_and_what_is_unknown_keeps_its_prior() {
        let believed = BTreeMap::from([("maturity".to_owned(), 0.3)]);
        let prior = Scorer { weights: believed, calibration: Vec::new() };
        let learned = fit(&prior, &groups());
        assert!(learned.weight("coverage") > 1.0, "{learned:?}");
        assert!(learned.weight("region").abs() < 0.1, "{learned:?}");
        assert!((learned.weight("maturity") - 0.3).abs() < 1e-3, "{learned:?}");
        assert!((right_order(&learned, &groups()) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_was_learned_is_tried_on_what_was_not() {
        let validated = cross_validated(&Scorer::default(), &groups(), 4);
        assert!((validated.right_order - 1.0).abs() < 1e-9);
        // Shares are drawn to the middle, the more the fewer the pairs.
        assert!(validated.calibration_error > 0.0 && validated.calibration_error < 0.2);
    }

    #[test]
    fn a_feature_never_speaks_against_its_match() {
        let upside_down: Vec<Group> = groups()
            .into_iter()
            .map(|Group(pairs)| Group(pairs.into_iter().map(|(f, g)| (f, 2 - g)).collect()))
            .collect();
        assert!(fit(&Scorer::default(), &upside_down).weights.values().all(|weight| *weight > 0.0));
    }

    #[test]
    fn a_calibration_rises_and_stays_within_bounds() {
        let learned = fit(&Scorer::default(), &groups());
        assert!(learned.calibration.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1));
        assert!(learned.calibrated(-9.0) < 0.1 && learned.calibrated(9.0) > 0.9, "{learned:?}");
    }

    #[test]
    fn no_judgments_leave_the_prior() {
        let prior = Scorer { weights: BTreeMap::from([("coverage".to_owned(), 2.0)]), calibration: Vec::new() };
        assert!((fit(&prior, &[]).weight("coverage") - 2.0).abs() < 1e-6);
    }
}
