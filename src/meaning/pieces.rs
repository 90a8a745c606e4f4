//! A text as pieces: normalised character by character, then cut so that the scores of the pieces add up highest.
//!
//! This is sentencepiece's unigram model with the normalisation of XLM-R. Both scripts of Chinese stay as they are.

use std::ops::Range;

use super::file::{Parts, Replacements, SPECIALS};

pub(super) const START: u32 = 0;
pub(super) const END: u32 = 1;
const UNKNOWN: u32 = 2;

/// Stands for a space in pieces, and before the first word.
const SPACE: char = '\u{2581}';

pub(super) struct Pieces {
    /// Where the text of each ends.
    ends: Vec<u32>,
    /// Rising, so that those that begin alike stand together.
    texts: Vec<u8>,
    scores: Vec<f32>,
    /// The score of a character that is in no piece.
    unknown: f32,
    /// The pieces that begin with a byte.
    first: Vec<Range<usize>>,
    replacements: Replacements,
}

/// The best way to cut a text up to some character.
#[derive(Clone, Copy)]
struct Best {
    score: f32,
    from: usize,
    piece: u32,
}

impl Pieces {
    pub fn of(parts: &mut Parts) -> Self {
        let mut pieces = Self {
            ends: std::mem::take(&mut parts.ends),
            texts: parts.texts.to_vec(),
            scores: std::mem::take(&mut parts.scores),
            unknown: parts.unknown,
            first: Vec::new(),
            replacements: std::mem::take(&mut parts.replacements),
        };
        let all = 0..pieces.ends.len();
        pieces.first = (0..=u8::MAX).map(|byte| pieces.narrow(&all, 0, byte)).collect();
        pieces
    }

    /// The pieces of a text, without those that open and close it.
    pub fn cut(&self, text: &str) -> Vec<u32> {
        self.cut_together(&[text]).0
    }

    /// The pieces of the text that parts make together, and how many of them there are up to the end of each part. A piece
    /// that two parts share is of the later.
    pub fn cut_together(&self, parts: &[&str]) -> (Vec<u32>, Vec<usize>) {
        let (normal, part_ends) = self.normal(parts);
        let mut ends: Vec<usize> = normal.char_indices().map(|(start, _)| start).collect();
        ends.push(normal.len());
        let unreached = Best { score: f32::NEG_INFINITY, from: 0, piece: UNKNOWN };
        let mut best = vec![unreached; ends.len()];
        best[0].score = 0.0;
        for from in 0..ends.len() - 1 {
            let reached = best[from].score;
            let mut to = from;
            self.each_beginning(&normal.as_bytes()[ends[from]..], |piece, length| {
                while ends[to] < ends[from] + length {
                    to += 1;
                }
                let score = reached + self.scores[piece];
                if score > best[to].score {
                    best[to] = Best { score, from, piece: row(piece) };
                }
            });
            let score = reached + self.unknown;
            if score > best[from + 1].score {
                best[from + 1] = Best { score, from, piece: UNKNOWN };
            }
        }
        let (mut pieces, mut piece_ends) = (Vec::new(), Vec::new());
        let mut end = ends.len() - 1;
        while end > 0 {
            pieces.push(best[end].piece);
            piece_ends.push(ends[end]);
            end = best[end].from;
        }
        pieces.reverse();
        piece_ends.reverse();
        let until = |end: &usize| piece_ends.partition_point(|piece_end| piece_end <= end);
        (pieces, part_ends.iter().map(until).collect())
    }

    /// All pieces that a text begins with, from the shortest on, with their lengths.
    fn each_beginning(&self, text: &[u8], mut each: impl FnMut(usize, usize)) {
        let Some(mut alike) = text.first().map(|byte| self.first[usize::from(*byte)].clone()) else { return };
        for length in 1.. {
            if alike.is_empty() {
                return;
            }
            if self.text(alike.start).len() == length {
                each(alike.start, length);
            }
            let Some(byte) = text.get(length) else { return };
            alike = self.narrow(&alike, length, *byte);
        }
    }

    /// Of pieces that are alike before a place, those that have a byte there.
    fn narrow(&self, alike: &Range<usize>, place: usize, byte: u8) -> Range<usize> {
        let there = |piece: usize| self.text(piece).get(place).copied();
        let start = partition(alike.clone(), |piece| there(piece) < Some(byte));
        let end = partition(start..alike.end, |piece| there(piece) <= Some(byte));
        start..end
    }

    fn text(&self, piece: usize) -> &[u8] {
        let start = piece.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.texts[start as usize..self.ends[piece] as usize]
    }

    /// Characters replaced as the model learned them, runs of spaces as one, and each space shown; and where each part of
    /// the text ends then.
    fn normal(&self, parts: &[&str]) -> (String, Vec<usize>) {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        let mut normal = String::with_capacity(length + SPACE.len_utf8());
        let mut ends = Vec::with_capacity(parts.len());
        push(' ', &mut normal);
        for part in parts {
            for character in part.chars() {
                match self.replacements.of(character) {
                    Some(others) => others.iter().for_each(|other| push(*other, &mut normal)),
                    None => push(character, &mut normal),
                }
            }
            ends.push(normal.len());
        }
        (normal, ends)
    }
}

/// A character, but no second space.
fn push(character: char, normal: &mut String) {
    match character {
        ' ' if normal.ends_with(SPACE) => {}
        ' ' => normal.push(SPACE),
        _ => normal.push(character),
    }
}

/// The row of a piece: those of the specials come before.
fn row(piece: usize) -> u32 {
    u32::try_from(piece).map_or(UNKNOWN, |piece| piece + SPECIALS)
}

/// The first place of a range at which something no longer holds.
fn partition(range: Range<usize>, holds: impl Fn(usize) -> bool) -> usize {
    let (mut start, mut end) = (range.start, range.end);
    while start < end {
        let middle = start.midpoint(end);
        if holds(middle) { start = middle + 1 } else { end = middle }
    }
    start
}
