//! What the engine answers to the queries.

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::corpus::Collection;
use super::measures::DEPTH;
use super::topics::Topics;
use crate::matching::{IndexError, Level};

/// The rankings of all queries.
pub struct Run {
    pub(super) answers: Vec<Answer>,
    /// Times of single queries, the shortest first.
    times: Vec<Duration>,
}

/// The ranking of a query, best first.
pub(super) struct Answer {
    pub topic: String,
    pub found: Vec<Found>,
}

/// A record that was found.
pub(super) struct Found {
    pub name: String,
    raw: f32,
    /// Calibrated.
    pub score: f32,
    pub level: Level,
}

impl Run {
    /// Ranks for every query as the service does.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn of(collection: &Collection, topics: &Topics) -> Result<Self, IndexError> {
        let (mut answers, mut times) = (Vec::new(), Vec::new());
        for topic in &topics.0 {
            let (scorer, levels) = (collection.scorer(topic), collection.model().levels);
            let started = Instant::now();
            let ranked = collection.rank(topic)?;
            times.push(started.elapsed());
            let found = ranked.into_iter().filter_map(|scored| {
                let (raw, score) = (scored.place.raw, scorer.calibrated(scored.place.raw));
                let name = collection.name_of(scored.place.id)?.to_owned();
                Some(Found { name, raw, score, level: levels.of(score) })
            });
            answers.push(Answer { topic: topic.id.clone(), found: found.collect() });
        }
        times.sort_unstable();
        Ok(Self { answers, times })
    }

    /// The time that the middle one of the queries takes.
    pub(super) fn median(&self) -> Duration {
        self.times.get(self.times.len() / 2).copied().unwrap_or_default()
    }

    /// The rankings as a TREC run file: query, Q0, record, rank, score, name of the run. Programs that read one order by the
    /// score alone, so each is a little lower than the one before even where the engine scores both the same.
    #[must_use]
    pub fn trec(&self) -> String {
        let mut run = String::new();
        for Answer { topic, found } in &self.answers {
            let mut above = f32::INFINITY;
            for (place, Found { name, raw, .. }) in found.iter().take(DEPTH).enumerate() {
                above = raw.min(above.next_down());
                // Writing to a string cannot fail.
                let _ = writeln!(run, "{topic} Q0 {name} {} {above} duijie", place + 1);
            }
        }
        run
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A run with names and raw scores; all levels are strong.
    pub fn run(answers: &[(&str, &[(&str, f32)])]) -> Run {
        let found =
            |(name, raw): &(&str, f32)| Found { name: (*name).to_owned(), raw: *raw, score: 0.9, level: Level::Strong };
        let answers = answers
            .iter()
            .map(|(topic, ranking)| Answer { topic: (*topic).to_owned(), found: ranking.iter().map(found).collect() });
        Run { answers: answers.collect(), times: Vec::new() }
    }

    #[test]
    fn a_run_keeps_the_order_of_equals() {
        let run = run(&[("q1", &[("a", 2.5), ("b", 2.5), ("c", 1.0)])]).trec();
        let scores: Vec<f32> = run.lines().filter_map(|line| line.split(' ').nth(4)?.parse().ok()).collect();
        assert!(run.starts_with("q1 Q0 a 1 2.5 duijie\nq1 Q0 b 2 2.4"), "{run}");
        assert!(scores.len() == 3 && scores.windows(2).all(|pair| pair[0] > pair[1]), "{run}");
    }
}
