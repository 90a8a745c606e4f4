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

    /// Of calls one after another.
    pub fn times(&mut self, what: &str, times: &Times) {
        self.line(what, format!("{:.1}/s, {}", times.per_second(), spread(times)));
    }

    /// Of what was not waited for one after another.
    pub fn spread(&mut self, what: &str, times: &Times) {
        self.line(what, spread(times));
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

fn spread(times: &Times) -> String {
    format!("p50 {:.2} ms, p99 {:.2} ms, of {}", times.p(50), times.p(99), times.count())
}
