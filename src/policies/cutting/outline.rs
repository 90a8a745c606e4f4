//! From lines to a tree: which piece lies within which.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::markers::{Marker, Style, marker};
use super::text::Text;
use super::{Doubt, PieceKind};

/// A heading without a number is no longer than this.
const LONGEST_GROUP: usize = 30;

/// A piece in the making.
#[derive(Clone, Debug)]
pub struct Draft {
    pub kind: PieceKind,
    pub style: Option<Style>,
    pub parent: Option<usize>,
    pub depth: usize,
    pub leaf: bool,
    pub number: Option<Range<usize>>,
    /// Its lines, the first one without its number.
    pub lines: Vec<Range<usize>>,
    pub doubt: Option<Doubt>,
}

impl Draft {
    #[must_use]
    pub fn bare(kind: PieceKind, lines: Vec<Range<usize>>) -> Self {
        Self { kind, style: None, parent: None, depth: 0, leaf: true, number: None, lines, doubt: None }
    }
}

/// Everything as one piece, for a person to look at.
#[must_use]
pub fn whole(lines: &[Range<usize>], doubt: Doubt) -> Vec<Draft> {
    if lines.is_empty() {
        return Vec::new();
    }
    vec![Draft { doubt: Some(doubt), ..Draft::bare(PieceKind::Whole, lines.to_vec()) }]
}

/// The pieces of lines, by their numbers.
#[must_use]
pub fn outline(text: &Text, lines: &[Range<usize>]) -> Vec<Draft> {
    let mut outline =
        Outline { text, drafts: Vec::new(), open: Vec::new(), last: HashMap::new(), nested: HashSet::new() };
    for line in lines {
        match marker(text.plain(line)).filter(|found| !is_row(text, line, found) && outline.continues(found)) {
            Some(found) => outline.begin(&found, line),
            None => outline.go_on(line),
        }
    }
    if outline.drafts.iter().all(|draft| draft.style.is_none()) {
        return whole(lines, Doubt::Uncut);
    }
    outline.drafts
}

/// A row of a table may begin with a number; it is one by the tabs or bars between its cells.
fn is_row(text: &Text, line: &Range<usize>, found: &Marker) -> bool {
    let rest = text.plain(&(line.start + found.length..line.end));
    rest.contains(&'\t') || text.plain(line).iter().filter(|c| matches!(c, '|' | '│')).count() >= 2
}

/// A style of number that is still open, by the last piece that bears it.
struct Level {
    /// None for a heading without a number.
    style: Option<Style>,
    value: u32,
    piece: usize,
}

struct Outline<'t> {
    text: &'t Text,
    drafts: Vec<Draft>,
    /// From the outermost on.
    open: Vec<Level>,
    /// The last number of each style, wherever it stands: articles go on from chapter to chapter.
    last: HashMap<Style, u32>,
    /// Which style lies right within which.
    nested: HashSet<(Style, Style)>,
}

impl Outline<'_> {
    fn level(&self, style: Style) -> Option<usize> {
        self.open.iter().position(|level| level.style == Some(style))
    }

    /// What could be running text is a number only where it is the next one.
    fn continues(&self, found: &Marker) -> bool {
        let next = self.last.get(&found.style).map_or(1, |last| last + 1);
        match found.style {
            Style::Decimal(_) => {
                let opened = self.level(found.style).and_then(|level| self.open.get(level)).map(|level| level.value);
                let within = self
                    .open
                    .iter()
                    .rev()
                    .find(|level| matches!(level.style, Some(Style::Digit | Style::Chinese | Style::Decimal(_))));
                let outer = found.before.last();
                opened.is_some_and(|value| found.value == value + 1)
                    || found.value == 1
                        && (self.open.is_empty() && found.before.iter().all(|level| *level == 1)
                            || within.is_some_and(|level| {
                                outer.is_some_and(|outer| *outer == level.value || *outer == level.value + 1)
                            }))
            }
            _ => !found.weak || found.value == next || found.value == 1 && self.level(found.style).is_none(),
        }
    }

    /// A line that begins with a number begins a piece.
    fn begin(&mut self, found: &Marker, line: &Range<usize>) {
        let mut doubt = None;
        let follows = self.last.get(&found.style).is_some_and(|last| found.value == last + 1);
        if let Some(level) = self.level(found.style) {
            let value = self.open.get(level).map_or(0, |level| level.value);
            let restarts = found.value == 1 && value >= 1 && !found.weak;
            let heading = restarts.then(|| self.take_heading()).flatten();
            self.open.truncate(level);
            if let Some(heading) = heading {
                self.begin_group(heading);
            } else if restarts {
                doubt = Some(Doubt::NumberRestarts);
            } else if found.value != value + 1 && !follows && found.value != 1 {
                doubt = Some(Doubt::NumberSkips);
            }
        } else if found.value != 1 && !follows {
            doubt = Some(Doubt::NumberSkips);
        }
        if let Some(outer) = self.open.iter().rev().find_map(|level| level.style) {
            self.nested.insert((outer, found.style));
            if self.nested.contains(&(found.style, outer)) {
                doubt = doubt.or(Some(Doubt::LevelsUnclear));
            }
        }
        let (number, rest) = (line.start..line.start + found.number, line.start + found.length..line.end);
        self.push(
            Draft {
                style: Some(found.style),
                number: Some(number),
                doubt,
                ..Draft::bare(PieceKind::Clause, vec![rest])
            },
            found.value,
        );
        self.last.insert(found.style, found.value);
    }

    /// A heading without a number lies where the list lay that it comes after.
    fn begin_group(&mut self, heading: Range<usize>) {
        if self.open.last().is_some_and(|level| level.style.is_none()) {
            self.open.pop();
        }
        self.push(Draft::bare(PieceKind::Group, vec![heading]), 0);
    }

    fn push(&mut self, draft: Draft, value: u32) {
        let parent = self.open.last().map(|level| level.piece);
        if let Some(outer) = parent.and_then(|parent| self.drafts.get_mut(parent)) {
            outer.leaf = false;
            if outer.depth == 0 && outer.kind == PieceKind::Clause {
                outer.kind = PieceKind::Part;
            }
        }
        let level = Level { style: draft.style, value, piece: self.drafts.len() };
        self.drafts.push(Draft { parent, depth: self.open.len(), ..draft });
        self.open.push(level);
    }

    /// The last line before a list that starts again, if it reads as its heading.
    fn take_heading(&mut self) -> Option<Range<usize>> {
        let last = self.drafts.last_mut()?;
        let line = last.lines.last().filter(|line| last.lines.len() > 1 && line.len() <= LONGEST_GROUP)?;
        let is_heading = self.text.plain(line).iter().rev().skip(1).all(|c| !"。;!?".contains(*c));
        let ends = self.text.plain(line).last().is_some_and(|c| !"。;!?,、".contains(*c));
        if is_heading && ends { last.lines.pop() } else { None }
    }

    /// A line without a number belongs to the piece before it.
    fn go_on(&mut self, line: &Range<usize>) {
        match self.drafts.last_mut() {
            Some(last) => last.lines.push(line.clone()),
            None => self.drafts.push(Draft::bare(PieceKind::Preamble, vec![line.clone()])),
        }
    }
}
