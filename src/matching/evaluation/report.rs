//! What an evaluation says, of one model or of two.

use std::fmt;
use std::time::Duration;

use super::calibration::{Calibration, LEVELS, Pair};
use super::judgments::Judgments;
use super::measures::{MEASURES, Values, measure};
use super::run::{Answer, Found, Run};
use super::significance::Paired;

/// A run held against judgments.
pub struct Evaluated {
    /// The measures of each query that was judged.
    values: Vec<Values>,
    /// Queries for which no record was judged useful: all their measures are 0, whatever is found.
    hopeless: usize,
    pairs: Vec<Pair>,
    /// Pairs found that nobody judged.
    unjudged: usize,
    /// Pairs judged that were not found.
    missed: usize,
    median: Duration,
}

impl Evaluated {
    /// Measures the queries that were judged.
    #[must_use]
    pub fn of(run: &Run, judgments: &Judgments) -> Self {
        let mut evaluated = Self {
            values: Vec::new(),
            hopeless: 0,
            pairs: Vec::new(),
            unjudged: 0,
            missed: judgments.count(),
            median: run.median(),
        };
        for Answer { topic, found } in &run.answers {
            let Some(grades) = judgments.of(topic) else { continue };
            let ranking: Vec<&str> = found.iter().map(|found| found.name.as_str()).collect();
            evaluated.values.push(measure(&ranking, grades));
            evaluated.hopeless += usize::from(grades.values().all(|grade| *grade == 0));
            let judged = found.iter().filter_map(|Found { name, score, level, .. }| {
                let useful = *grades.get(name)? > 0;
                Some(Pair { score: *score, level: *level, useful })
            });
            let before = evaluated.pairs.len();
            evaluated.pairs.extend(judged);
            let judged = evaluated.pairs.len() - before;
            evaluated.unjudged += found.len() - judged;
            evaluated.missed -= judged;
        }
        evaluated
    }

    fn column(&self, place: usize) -> Vec<f64> {
        self.values.iter().map(|values| values[place]).collect()
    }

    /// Precision and calibration, if the judgments can tell: where no found pair was judged useless, they cannot.
    fn calibration(&self) -> Option<Calibration> {
        self.pairs.iter().any(|pair| !pair.useful).then(|| Calibration::of(&self.pairs))
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A number between 0 and 1, or that there is none.
pub(super) fn fraction(number: Option<f64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.4}"))
}

impl fmt::Display for Evaluated {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:<12}{:>8}", "queries", self.values.len())?;
        writeln!(out, "{:<12}{:>8}", "hopeless", self.hopeless)?;
        let others = self.values.len() - self.hopeless;
        for (place, name) in MEASURES.iter().enumerate() {
            let values = self.column(place);
            write!(out, "{name:<12}{:>8.4}", mean(&values))?;
            if self.hopeless > 0 && others > 0 {
                write!(out, "   without the hopeless {:.4}", values.iter().sum::<f64>() / others as f64)?;
            }
            writeln!(out)?;
        }
        writeln!(out, "{:<12}{:>8.2} ms a query", "median", milliseconds(self.median))?;
        let found = self.pairs.len() + self.unjudged;
        let share = self.unjudged as f64 / found.max(1) as f64;
        writeln!(out, "\npairs found {found}, of them not judged {} ({:.1} %)", self.unjudged, share * 100.0)?;
        writeln!(out, "pairs judged {}, of them not found {}", self.pairs.len() + self.missed, self.missed)?;
        match self.calibration() {
            Some(calibration) => write!(out, "\n{calibration}"),
            None => write!(out, "no found pair was judged useless: precision and calibration would say nothing"),
        }
    }
}

/// Two runs side by side.
pub struct Comparison {
    pub first: Evaluated,
    pub second: Evaluated,
}

impl fmt::Display for Comparison {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, second } = self;
        writeln!(out, "{:<12}{:>8}", "queries", first.values.len())?;
        writeln!(out, "{:<12}{:>8}\n", "hopeless", first.hopeless)?;
        writeln!(out, "{:<18}   first   second   change        p  better  worse", "")?;
        for (place, name) in MEASURES.iter().enumerate() {
            let (before, after) = (first.column(place), second.column(place));
            let Paired { difference, p, better, worse } = Paired::of(&before, &after);
            let (before, after) = (mean(&before), mean(&after));
            writeln!(out, "{name:<18}{before:>8.4} {after:>8.4} {difference:>+8.4} {p:>8.5} {better:>7} {worse:>6}")?;
        }
        let mut row = |name: &str, before: Option<f64>, after: Option<f64>| {
            let change =
                before.zip(after).map_or_else(String::new, |(before, after)| format!("{:+.4}", after - before));
            writeln!(out, "{name:<18}{:>8} {:>8} {change:>8}", fraction(before), fraction(after))
        };
        if let Some((before, after)) = first.calibration().zip(second.calibration()) {
            for ((_, name), (before, after)) in
                LEVELS.iter().zip(before.precisions().into_iter().zip(after.precisions()))
            {
                row(&format!("precision {name}"), before, after)?;
            }
            row("ECE", before.error(), after.error())?;
        }
        let (before, after) = (milliseconds(first.median), milliseconds(second.median));
        write!(out, "{:<18}{before:>8.2} {after:>8.2} {:>+8.2}", "median ms", after - before)
    }
}

/// What a run is worth without each part of the model.
pub struct Parts {
    pub whole: Evaluated,
    /// By the name of the feature that was left out.
    pub without: Vec<(&'static str, Evaluated)>,
}

impl fmt::Display for Parts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}\n\n{:<18}{:>8}   change        p  better  worse", self.whole, "without", MEASURES[0])?;
        let before = self.whole.column(0);
        for (feature, evaluated) in &self.without {
            let after = evaluated.column(0);
            let Paired { difference, p, better, worse } = Paired::of(&before, &after);
            write!(out, "\n{feature:<18}{:>8.4} {difference:>+8.4} {p:>8.5} {better:>7} {worse:>6}", mean(&after))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::evaluation::run::tests::run;

    #[test]
    fn the_worth_of_a_part_is_what_is_lost_without_it() -> anyhow::Result<()> {
        let judgments = Judgments::parse("q1 0 a 1\n")?;
        let of = |ranking: &[(&str, f32)]| Evaluated::of(&run(&[("q1", ranking)]), &judgments);
        let parts = Parts {
            whole: of(&[("a", 2.0), ("b", 1.0)]),
            without: vec![("coverage", of(&[("b", 2.0), ("a", 1.0)])), ("region", of(&[("a", 1.0)]))],
        };
        let told = parts.to_string();
        assert!(
            told.contains("coverage            0.6309  -0.3691")
                && told.contains("region              1.0000  +0.0000"),
            "{told}"
        );
        Ok(())
    }

    #[test]
    fn what_is_not_judged_is_left_out_and_told() -> anyhow::Result<()> {
        let run = run(&[("q1", &[("a", 3.0), ("b", 2.0), ("c", 1.0)]), ("q2", &[("a", 3.0)]), ("q3", &[("a", 3.0)])]);
        let judgments = Judgments::parse("q1 0 a 2\nq1 0 c 0\nq1 0 z 1\nq2 0 a 0\n")?;
        let evaluated = Evaluated::of(&run, &judgments);
        assert_eq!((evaluated.values.len(), evaluated.hopeless), (2, 1));
        assert_eq!((evaluated.pairs.len(), evaluated.unjudged, evaluated.missed), (3, 1, 1));
        let told = evaluated.to_string();
        assert!(told.contains("MRR           0.5000   without the hopeless 1.0000"), "{told}");
        assert!(
            told.contains("not judged 1 (25.0 %)") && told.contains("strong             3         1     0.3333"),
            "{told}"
        );
        Ok(())
    }
}
