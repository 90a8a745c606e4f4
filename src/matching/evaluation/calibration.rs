//! Whether scores and levels mean what they say.

use std::fmt;

use super::report::fraction;
use crate::matching::Level;

/// Bins of the reliability table, all as wide.
const BINS: usize = 10;
/// The levels that call a pair useful, and their names.
pub const LEVELS: [(Level, &str); 3] = [(Level::Strong, "strong"), (Level::Fair, "fair"), (Level::Weak, "weak")];

/// A judged pair that was found.
#[derive(Clone, Copy)]
pub struct Pair {
    /// Calibrated: the share of such pairs that are useful.
    pub score: f32,
    pub level: Level,
    pub useful: bool,
}

/// Pairs, and how many of them are useful.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    pub pairs: usize,
    pub useful: usize,
    /// The sum of their scores.
    scores: f64,
}

/// Scores and levels held against judgments.
pub struct Calibration {
    levels: [Share; LEVELS.len()],
    bins: [Share; BINS],
}

impl Calibration {
    pub fn of(pairs: &[Pair]) -> Self {
        let levels = LEVELS.map(|(level, _)| share(pairs.iter().filter(|pair| pair.level == level)));
        let bins = std::array::from_fn(|bin| share(pairs.iter().filter(|pair| bin_of(pair.score) == bin)));
        Self { levels, bins }
    }

    /// Of the pairs of each level, in the order of [`LEVELS`], the share that was judged useful.
    pub fn precisions(&self) -> [Option<f64>; LEVELS.len()] {
        self.levels.map(|share| share.useful())
    }

    /// The expected calibration error (Naeini et al. 2015): how far the mean score of a bin is from the share of useful
    /// pairs in it, on average over pairs.
    pub fn error(&self) -> Option<f64> {
        let pairs: usize = self.bins.iter().map(|bin| bin.pairs).sum();
        let apart = self.bins.iter().map(|bin| (bin.useful as f64 - bin.scores).abs()).sum::<f64>();
        (pairs > 0).then(|| apart / pairs as f64)
    }
}

impl Share {
    fn useful(&self) -> Option<f64> {
        (self.pairs > 0).then(|| self.useful as f64 / self.pairs as f64)
    }

    fn mean_score(&self) -> Option<f64> {
        (self.pairs > 0).then(|| self.scores / self.pairs as f64)
    }
}

fn share<'a>(pairs: impl Iterator<Item = &'a Pair>) -> Share {
    pairs.fold(Share::default(), |share, pair| Share {
        pairs: share.pairs + 1,
        useful: share.useful + usize::from(pair.useful),
        scores: share.scores + f64::from(pair.score),
    })
}

/// A score on the border of two bins belongs to the upper one; 1 to the last.
fn bin_of(score: f32) -> usize {
    (1..BINS).take_while(|bin| score >= *bin as f32 / BINS as f32).count()
}

impl fmt::Display for Calibration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "level          pairs    useful  precision")?;
        for ((_, name), level) in LEVELS.iter().zip(self.levels) {
            writeln!(out, "{name:<12}{:>8}{:>10}{:>11}", level.pairs, level.useful, fraction(level.useful()))?;
        }
        writeln!(out, "\nscore          pairs      mean     useful")?;
        for (place, bin) in self.bins.iter().enumerate() {
            let (from, to) = (place as f64 / BINS as f64, (place + 1) as f64 / BINS as f64);
            let range = format!("{from:.1} to {to:.1}");
            writeln!(
                out,
                "{range:<12}{:>8}{:>10}{:>11}",
                bin.pairs,
                fraction(bin.mean_score()),
                fraction(bin.useful())
            )?;
        }
        write!(out, "{:<12}{:>8}", "ECE", fraction(self.error()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(score: f32, level: Level, useful: bool) -> Pair {
        Pair { score, level, useful }
    }

    #[test]
    fn the_error_is_that_of_the_bins_weighed_by_their_pairs() {
        let pairs = [
            pair(0.9, Level::Strong, true),
            pair(1.0, Level::Strong, true),
            pair(0.91, Level::Strong, false),
            pair(0.25, Level::Weak, false),
            pair(0.27, Level::Weak, true),
        ];
        let calibration = Calibration::of(&pairs);
        assert_eq!((calibration.bins[9].pairs, calibration.bins[9].useful, calibration.bins[2].pairs), (3, 2, 2));
        // (|2 − 2.81| + |1 − 0.52|) / 5
        assert!(calibration.error().is_some_and(|error| (error - 0.258).abs() < 1e-6));
        let [strong, fair, weak] = calibration.precisions();
        assert!(strong.is_some_and(|share| (share - 2.0 / 3.0).abs() < 1e-9));
        assert!(fair.is_none() && weak.is_some_and(|share| (share - 0.5).abs() < 1e-9));
    }

    #[test]
    fn scores_on_a_border_belong_to_the_upper_bin() {
        let bins: Vec<usize> = [0.0, 0.099, 0.1, 0.3, 0.7, 0.999, 1.0].into_iter().map(bin_of).collect();
        assert_eq!(bins, [0, 0, 1, 3, 7, 9, 9]);
    }

    #[test]
    fn without_pairs_nothing_is_said() {
        let nothing = Calibration::of(&[]);
        assert!(nothing.error().is_none() && nothing.precisions().iter().all(Option::is_none));
    }
}
