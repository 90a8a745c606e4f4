//! A text that rules read: every character beside its plain form, so that what they find keeps its place.

use std::ops::Range;

use crate::matching::text::in_simplified;

/// Brackets within brackets that are looked at.
const DEEPEST: usize = 16;

/// A text as it was given, and in Simplified script with half-width marks, character by character.
pub struct Text {
    given: Vec<char>,
    plain: Vec<char>,
}

impl Text {
    #[must_use]
    pub fn of(text: &str) -> Self {
        let given: Vec<char> = text.chars().collect();
        let plain: Vec<char> = in_simplified(text).chars().map(half_width).collect();
        debug_assert_eq!(given.len(), plain.len(), "a character stays one character");
        Self { given, plain }
    }

    /// Characters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.given.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// As it was given.
    #[must_use]
    pub fn given(&self, place: &Range<usize>) -> String {
        self.given.get(place.clone()).unwrap_or_default().iter().collect()
    }

    #[must_use]
    pub fn plain(&self, place: &Range<usize>) -> &[char] {
        self.plain.get(place.clone()).unwrap_or_default()
    }

    /// The lines that say something, without the space around them.
    #[must_use]
    pub fn lines(&self) -> Vec<Range<usize>> {
        let mut lines = Vec::new();
        let mut start = 0;
        for end in 0..=self.given.len() {
            if self.given.get(end).is_none_or(|c| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')) {
                lines.push(self.trimmed(start..end));
                start = end + 1;
            }
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// A place without the space around it.
    #[must_use]
    pub fn trimmed(&self, place: Range<usize>) -> Range<usize> {
        let text = self.plain(&place);
        let before = text.iter().take_while(|c| is_space(**c)).count();
        let after = text.iter().skip(before).rev().take_while(|c| is_space(**c)).count();
        place.start + before..place.end - after
    }

    /// The places of outermost brackets, with the brackets. One that never closes is none.
    #[must_use]
    pub fn brackets(&self, place: &Range<usize>) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut open = Vec::new();
        for (offset, c) in self.plain(place).iter().enumerate() {
            match c {
                '(' | '[' | '【' | '〔' if open.len() < DEEPEST => open.push((place.start + offset, *c)),
                ')' | ']' | '】' | '〕' => {
                    let Some(at) = open.iter().rposition(|(_, opening)| closing(*opening) == *c) else { continue };
                    let start = open.get(at).map_or(place.start, |(start, _)| *start);
                    open.truncate(at);
                    // What it holds is inside of it.
                    while found.last().is_some_and(|inner| inner.start > start) {
                        found.pop();
                    }
                    found.push(start..place.start + offset + 1);
                }
                _ => {}
            }
        }
        found
    }
}

fn closing(opening: char) -> char {
    match opening {
        '(' => ')',
        '[' => ']',
        '【' => '】',
        _ => '〕',
    }
}

/// Space, and what is written like it without being seen.
#[must_use]
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}')
}

fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '﹒' | '｡' => '.',
        _ => c,
    }
}

/// Where a word stands in a text, one after the other.
pub fn places<'t>(text: &'t [char], word: &str) -> impl Iterator<Item = usize> + use<'t> {
    let word: Vec<char> = word.chars().collect();
    let last = text.len().checked_sub(word.len());
    (0..last.map_or(0, |last| last + 1)).filter(move |at| text.get(*at..).is_some_and(|rest| rest.starts_with(&word)))
}

#[must_use]
pub fn contains(text: &[char], word: &str) -> bool {
    places(text, word).next().is_some()
}

#[must_use]
pub fn ends_with(text: &[char], word: &str) -> bool {
    let length = word.chars().count();
    text.len().checked_sub(length).and_then(|at| text.get(at..)).is_some_and(|end| end.iter().copied().eq(word.chars()))
}

#[must_use]
pub fn starts_with(text: &[char], word: &str) -> bool {
    text.get(..word.chars().count()).is_some_and(|start| start.iter().copied().eq(word.chars()))
}
