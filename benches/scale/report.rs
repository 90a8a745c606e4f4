//! The figures of a run: each told as it is known, and all of them at the end.

use super::load::Times;

#[derive(Default)]
pub struct Report {
    lines: Vec<(String, String)>,
}

impl Report {
    pub fn line(&mut self, what: &str, figure: String) {
        eprintln!("{what}: {figure}");
        self.lines.push((what.to_owned(), figure));
    }

    pub fn times(&mut self, what: &str, times: &Times) {
        let (rate, p50, p99) = (times.per_second(), times.p(50), times.p(99));
        self.line(what, format!("{rate:.1}/s, p50 {p50:.2} ms, p99 {p99:.2} ms, of {}", times.count()));
    }

    pub fn ratio(&mut self, what: &str, one: f64, other: f64) {
        self.line(what, format!("{one:.2} / {other:.2} = {:.2}", one / other));
    }

    pub fn print(&self) {
        let widest = self.lines.iter().map(|(what, _)| what.chars().count()).max().unwrap_or_default();
        for (what, figure) in &self.lines {
            println!("{what:<widest$}  {figure}");
        }
    }
}
