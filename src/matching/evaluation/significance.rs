//! Whether one of two is better, or only luckier with these queries.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// So often the differences change their signs at random.
const TURNS: u32 = 100_000;
/// The same queries give the same p.
const SEED: u64 = 1935;
/// Sums that differ by less are the same, added up in another order.
const NOISE: f64 = 1e-9;

/// The second of two held against the first, over queries.
#[derive(Debug)]
pub struct Paired {
    /// The mean of the second less that of the first.
    pub difference: f64,
    /// How probable a difference as great is, either way, if there were none.
    pub p: f64,
    /// Queries for which the second is better, and worse.
    pub better: usize,
    pub worse: usize,
}

impl Paired {
    /// Fisher's randomisation test, as Smucker, Allan & Carterette (2007) advise for retrieval: were there no difference,
    /// each query could as well have had its two values the other way round.
    pub fn of(first: &[f64], second: &[f64]) -> Self {
        let differences: Vec<f64> = first.iter().zip(second).map(|(first, second)| second - first).collect();
        let sum: f64 = differences.iter().sum();
        let different: Vec<f64> = differences.iter().copied().filter(|difference| difference.abs() > NOISE).collect();
        let mut random = StdRng::seed_from_u64(SEED);
        let as_great = (0..TURNS).filter(|_| turned(&different, &mut random).abs() >= sum.abs() - NOISE).count();
        Self {
            difference: sum / differences.len().max(1) as f64,
            // The order that was seen is one of those possible.
            p: (as_great as f64 + 1.0) / (f64::from(TURNS) + 1.0),
            better: different.iter().filter(|difference| **difference > 0.0).count(),
            worse: different.iter().filter(|difference| **difference < 0.0).count(),
        }
    }
}

/// The sum of the differences, each with its sign kept or turned.
fn turned(differences: &[f64], random: &mut StdRng) -> f64 {
    let mut sum = 0.0;
    for some in differences.chunks(64) {
        let mut signs: u64 = random.random();
        for difference in some {
            sum += if signs & 1 == 1 { -difference } else { *difference };
            signs >>= 1;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_is_the_share_of_turns_as_great() {
        // All five up by the same: of 32 ways to turn them two are as great.
        let up = Paired::of(&[0.1; 5], &[0.3; 5]);
        assert!((up.p - 2.0 / 32.0).abs() < 0.005 && (up.difference - 0.2).abs() < 1e-9, "{up:?}");
        // 1, 2 and −3: nothing is smaller than a sum of 0.
        let even = Paired::of(&[0.0, 0.0, 0.3], &[0.1, 0.2, 0.0]);
        assert!((even.p - 1.0).abs() < 1e-9 && (even.better, even.worse) == (2, 1), "{even:?}");
        // 4, 3, 2 and −1: as great as 8 are ±10 and ±8, four of sixteen.
        let mixed = Paired::of(&[0.0, 0.0, 0.0, 0.1], &[0.4, 0.3, 0.2, 0.0]);
        assert!((mixed.p - 4.0 / 16.0).abs() < 0.005, "{mixed:?}");
    }

    #[test]
    fn the_same_twice_is_no_difference() {
        let same = Paired::of(&[0.5, 0.7], &[0.5, 0.7]);
        assert!((same.p - 1.0).abs() < 1e-9 && (same.better, same.worse) == (0, 0));
    }
}
