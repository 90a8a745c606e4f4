//! What people judged: a grade for a query and a record.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context;

/// Grades of the records of a query. From 1 on a record is useful.
pub type Grades = HashMap<String, u32>;

/// Grades by query and record.
#[derive(Default)]
pub struct Judgments(HashMap<String, Grades>);

impl Judgments {
    /// Reads `query 0 record grade` lines.
    ///
    /// # Errors
    /// If the file cannot be read, naming the line.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        Self::parse(&text).with_context(|| file.display().to_string())
    }

    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut grades: HashMap<String, Grades> = HashMap::new();
        for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let [query, _, record, grade] = columns[..] else {
                anyhow::bail!("line {}: four columns are expected: query, 0, record, grade", place + 1);
            };
            let grade: i32 = grade.parse().with_context(|| format!("line {}: {grade} is no grade", place + 1))?;
            // TREC gives junk a grade below zero: it is of no more use than nothing.
            grades.entry(query.to_owned()).or_default().insert(record.to_owned(), grade.max(0).cast_unsigned());
        }
        Ok(Self(grades))
    }

    /// Those of records that are there, and how many were left out.
    #[must_use]
    pub fn within(mut self, is_there: impl Fn(&str) -> bool) -> (Self, usize) {
        let before = self.count();
        for grades in self.0.values_mut() {
            grades.retain(|record, _| is_there(record));
        }
        self.0.retain(|_, grades| !grades.is_empty());
        let left_out = before - self.count();
        (self, left_out)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.values().map(Grades::len).sum()
    }

    /// The queries that have any.
    pub fn queries(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The grades of a query's records; none if nothing was judged for it.
    #[must_use]
    pub fn of(&self, query: &str) -> Option<&Grades> {
        self.0.get(query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judgments_are_read_as_trec_writes_them_and_a_broken_line_is_named() -> anyhow::Result<()> {
        let judgments = Judgments::parse("q1 0 a 2\nq1\t0\tb\t-1\n\nq2 0 c 0\n")?;
        assert_eq!(judgments.of("q1"), Some(&HashMap::from([("a".to_owned(), 2), ("b".to_owned(), 0)])));
        let (kept, left_out) = judgments.within(|record| record != "c");
        assert_eq!((kept.count(), left_out, kept.of("q2")), (2, 1, None));
        let error = Judgments::parse("q1 0 a 2\nq1 a 2").err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("line 2")));
        Ok(())
    }
}
