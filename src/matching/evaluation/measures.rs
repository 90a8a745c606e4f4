//! Queries, judgments, and how well the one finds what the other names.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::corpus::{Indexed, everything, name_of};
use crate::matching::SearchRequest;
use crate::registry::Kind;

/// Ranks that are looked at.
const DEPTH: usize = 100;

/// Queries by their ids, in the order of the file.
pub struct Queries(Vec<(String, String)>);

impl Queries {
    /// Reads `id<TAB>text` lines.
    ///
    /// # Errors
    /// If the file cannot be read, naming the line.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let parsed = text.lines().enumerate().map(|(place, line)| {
            let (id, words) =
                line.split_once('\t').with_context(|| format!("{}, line {}", file.display(), place + 1))?;
            Ok((id.to_owned(), words.to_owned()))
        });
        Ok(Self(parsed.collect::<anyhow::Result<_>>()?))
    }

    /// The queries.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(id, words)| (id.as_str(), words.as_str()))
    }
}

/// Grades by query and record.
pub struct Judgments(HashMap<String, HashMap<String, u32>>);

impl Judgments {
    /// Reads `query 0 record grade` lines.
    ///
    /// # Errors
    /// If the file cannot be read, naming the line.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let mut grades: HashMap<String, HashMap<String, u32>> = HashMap::new();
        for (place, line) in text.lines().enumerate() {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let [query, _, record, grade] = columns[..] else {
                anyhow::bail!("{}, line {}: four columns are expected", file.display(), place + 1);
            };
            grades.entry(query.to_owned()).or_default().insert(record.to_owned(), grade.parse()?);
        }
        Ok(Self(grades))
    }

    /// All judged records of a query, with their grades.
    pub fn all_of(&self, query: &str) -> impl Iterator<Item = (&str, u32)> {
        self.0.get(query).into_iter().flatten().map(|(record, grade)| (record.as_str(), *grade))
    }

    /// The records judged useful for a query, with their grades.
    pub fn of(&self, query: &str) -> impl Iterator<Item = (&str, u32)> {
        self.all_of(query).filter(|(_, grade)| *grade > 0)
    }
}

/// What was found, and how good it is.
pub struct Evaluated {
    rankings: Vec<(String, Vec<(String, f32)>)>,
    /// Mean reciprocal rank of the first useful record.
    pub mrr: f64,
    /// Mean share of the useful records among the first ten.
    pub recall_at_10: f64,
    pub recall_at_100: f64,
    /// Mean normalised discounted cumulative gain of the first ten (Järvelin & Kekäläinen 2002), gain 2^grade − 1.
    pub ndcg_at_10: f64,
    median: Duration,
}

/// Runs every query through the same search that the service answers with.
///
/// # Errors
/// If the index cannot be read.
pub fn evaluate(corpus: &Indexed, queries: &Queries, judgments: &Judgments) -> anyhow::Result<Evaluated> {
    let mut rankings = Vec::new();
    let mut times = Vec::new();
    let mut sums = [0.0; 4];
    for (id, words) in queries.iter() {
        let request = SearchRequest {
            words: words.to_owned(),
            kinds: vec![Kind::Result],
            filter: everything(),
            limit: DEPTH,
            after: None,
        };
        let started = Instant::now();
        let found = corpus.engine.search(&request)?;
        times.push(started.elapsed());
        let ranking: Vec<(String, f32)> = found.hits.iter().map(|hit| (name_of(hit.id), hit.place.raw)).collect();
        let useful: HashMap<&str, u32> = judgments.of(id).collect();
        for (sum, value) in sums.iter_mut().zip(measure(&ranking, &useful)) {
            *sum += value;
        }
        rankings.push((id.to_owned(), ranking));
    }
    times.sort_unstable();
    let count = rankings.len().max(1) as f64;
    let [mrr, recall_at_10, recall_at_100, ndcg_at_10] = sums.map(|sum| sum / count);
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    Ok(Evaluated { rankings, mrr, recall_at_10, recall_at_100, ndcg_at_10, median })
}

/// Reciprocal rank, recall at 10 and 100, nDCG at 10.
fn measure(ranking: &[(String, f32)], useful: &HashMap<&str, u32>) -> [f64; 4] {
    let is_useful = |(name, _): &(String, f32)| useful.contains_key(name.as_str());
    let reciprocal = ranking.iter().position(is_useful).map_or(0.0, |place| 1.0 / (place as f64 + 1.0));
    let recall = |depth: usize| {
        let found = ranking.iter().take(depth).filter(|item| is_useful(item)).count();
        found as f64 / useful.len().max(1) as f64
    };
    let gain = |grades: &mut dyn Iterator<Item = u32>| -> f64 {
        let gains = grades.take(10).enumerate();
        gains.map(|(place, grade)| (2_f64.powi(grade.cast_signed()) - 1.0) / (place as f64 + 2.0).log2()).sum()
    };
    let mut best: Vec<u32> = useful.values().copied().collect();
    best.sort_unstable_by(|a, b| b.cmp(a));
    let ideal = gain(&mut best.into_iter());
    let actual = gain(&mut ranking.iter().map(|(name, _)| useful.get(name.as_str()).copied().unwrap_or_default()));
    [reciprocal, recall(10), recall(100), if ideal > 0.0 { actual / ideal } else { 0.0 }]
}

impl Evaluated {
    /// The ranking as a TREC run file: query, Q0, record, rank, score, name of the run.
    #[must_use]
    pub fn trec_run(&self) -> String {
        let mut run = String::new();
        for (query, ranking) in &self.rankings {
            for (place, (record, score)) in ranking.iter().enumerate() {
                // Writing to a string cannot fail.
                let _ = writeln!(run, "{query} Q0 {record} {} {score:.6} duijie", place + 1);
            }
        }
        run
    }
}

impl fmt::Display for Evaluated {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "queries   {}", self.rankings.len())?;
        writeln!(out, "MRR       {:.4}", self.mrr)?;
        writeln!(out, "R@10      {:.4}", self.recall_at_10)?;
        writeln!(out, "R@100     {:.4}", self.recall_at_100)?;
        writeln!(out, "nDCG@10   {:.4}", self.ndcg_at_10)?;
        write!(out, "median    {:.2} ms a query", self.median.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_those_of_the_book() {
        let ranking: Vec<(String, f32)> = ["a", "b", "c"].map(|name| (name.to_owned(), 0.0)).to_vec();
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let [reciprocal, recall, _, ndcg] = measure(&ranking, &HashMap::from([("b", 1), ("z", 1)]));
        assert!(close(reciprocal, 0.5) && close(recall, 0.5));
        let second = 1.0 / 3_f64.log2();
        assert!(close(ndcg, second / (1.0 + second)));
        assert!(close(measure(&ranking, &HashMap::from([("a", 3)]))[3], 1.0));
    }
}
