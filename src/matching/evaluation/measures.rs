//! How good a ranking is, as `trec_eval` measures it.

use super::judgments::Grades;

/// Names of the measures, in the order of their values.
pub const MEASURES: [&str; 4] = ["nDCG@10", "MRR", "R@10", "R@100"];

/// The measures of one query.
pub type Values = [f64; MEASURES.len()];

/// How far down a ranking is looked at.
pub const DEPTH: usize = 100;

/// Measures a ranking, best first: its normalised discounted cumulative gain to the tenth (Järvelin & Kekäläinen 2002; the
/// gain of a record is its grade), the reciprocal rank of the first useful record, and the share of the useful ones
/// among the first ten and hundred.
pub fn measure(ranking: &[&str], grades: &Grades) -> Values {
    let grade = |name: &&str| grades.get(*name).copied().unwrap_or_default();
    let found: Vec<u32> = ranking.iter().take(DEPTH).map(grade).collect();
    let mut best: Vec<u32> = grades.values().copied().collect();
    best.sort_unstable_by(|a, b| b.cmp(a));
    let useful = best.iter().filter(|grade| **grade > 0).count();
    if useful == 0 {
        return Values::default();
    }
    let recall = |depth: usize| found.iter().take(depth).filter(|grade| **grade > 0).count() as f64 / useful as f64;
    let first = found.iter().position(|grade| *grade > 0);
    [gain(&found) / gain(&best), first.map_or(0.0, |place| 1.0 / (place as f64 + 1.0)), recall(10), recall(100)]
}

/// The discounted cumulative gain of the first ten.
fn gain(grades: &[u32]) -> f64 {
    grades.iter().take(10).enumerate().map(|(place, grade)| f64::from(*grade) / (place as f64 + 2.0).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grades(judged: &[(&str, u32)]) -> Grades {
        judged.iter().map(|(name, grade)| ((*name).to_owned(), *grade)).collect()
    }

    fn assert_close(measured: Values, expected: Values) {
        let close = measured.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(close, "{measured:?} instead of {expected:?}");
    }

    #[test]
    fn measures_are_those_of_the_book() {
        // DCG: 0 + 1/log2(3) + 3/log2(4) = 2.1309…; at best 3/log2(2) + 2/log2(3) + 1/log2(4) = 4.7618…
        let judged = grades(&[("a", 0), ("b", 1), ("c", 3), ("z", 2)]);
        let ndcg = (1.0 / 3_f64.log2() + 1.5) / (3.0 + 2.0 / 3_f64.log2() + 0.5);
        assert!((ndcg - 0.447_50).abs() < 1e-4, "{ndcg}");
        assert_close(measure(&["a", "b", "c"], &judged), [ndcg, 0.5, 2.0 / 3.0, 2.0 / 3.0]);
    }

    #[test]
    fn what_stands_below_ten_counts_for_a_hundred_alone() {
        let names: Vec<String> = (1..=150).map(|place| place.to_string()).collect();
        let ranking: Vec<&str> = names.iter().map(String::as_str).collect();
        let judged = grades(&[("11", 1), ("100", 1), ("101", 1), ("150", 1)]);
        assert_close(measure(&ranking, &judged), [0.0, 1.0 / 11.0, 0.0, 0.5]);
        assert_close(measure(&ranking, &grades(&[("101", 1)])), Values::default());
    }

    #[test]
    fn the_best_order_is_one_and_without_a_useful_record_nothing_can_be_found() {
        assert_close(measure(&["a", "b"], &grades(&[("a", 2), ("b", 1)])), [1.0; 4]);
        assert_close(measure(&["a"], &grades(&[("a", 0)])), Values::default());
        assert_close(measure(&[], &grades(&[("a", 1)])), Values::default());
    }
}
