//! What stands after the clauses: attachments, who signed, and on which day.

use std::ops::Range;

use super::PieceKind;
use super::markers::{chinese_number, marker};
use super::outline::Draft;
use super::text::{Text, starts_with};

/// Who signed is named in at most so many lines, each at most so long.
const LINES: usize = 8;
const LONGEST: usize = 40;

/// The lines with the clauses, and what comes after them as it is.
#[must_use]
pub fn part<'l>(text: &Text, lines: &'l [Range<usize>]) -> (&'l [Range<usize>], Vec<Draft>) {
    let first = lines.iter().position(|line| marker(text.plain(line)).is_some());
    let begun = first.map_or(lines.len().saturating_sub(LINES), |first| first + 1);
    let signed = (begun..lines.len()).find(|at| lines.get(*at).is_some_and(|line| is_date(text.plain(line))));
    let signed = signed.map(|date| (signature_before(text, lines, begun, date), date + 1));
    let until = signed.map_or(lines.len(), |(start, _)| start);
    let attached = (begun..until).find(|at| lines.get(*at).is_some_and(|line| is_attachment(text.plain(line))));
    let end = attached.unwrap_or(until);
    let mut closing = Vec::new();
    let mut keep = |kind, place: Range<usize>| {
        let kept = lines.get(place).unwrap_or_default();
        if !kept.is_empty() {
            closing.push(Draft::bare(kind, kept.to_vec()));
        }
    };
    keep(PieceKind::Attachment, end..until);
    if let Some((start, after)) = signed {
        let public = lines.get(after).is_some_and(|line| starts_with(text.plain(line), "(此件"));
        keep(PieceKind::Signature, start..after + usize::from(public));
        keep(PieceKind::Attachment, after + usize::from(public)..lines.len());
    }
    (lines.get(..end).unwrap_or_default(), closing)
}

/// Names of offices stand above the date, line by line.
fn signature_before(text: &Text, lines: &[Range<usize>], begun: usize, date: usize) -> usize {
    let is_name = |line: &Range<usize>| {
        let plain = text.plain(line);
        line.len() <= LONGEST
            && marker(plain).is_none()
            && !is_attachment(plain)
            && plain.iter().all(|c| !"。;:,!?)\t|".contains(*c))
    };
    let names = lines.get(begun..date).unwrap_or_default().iter().rev().take(LINES);
    date - names.take_while(|line| is_name(line)).count()
}

/// 附件：…, 附件1, 附：…
fn is_attachment(line: &[char]) -> bool {
    let Some(rest) = line.strip_prefix(&['附']) else { return false };
    let named = rest.strip_prefix(&['件']);
    let rest = named.unwrap_or(rest);
    match rest.first() {
        None => named.is_some(),
        Some(':') => true,
        Some(c) => named.is_some() && (c.is_ascii_digit() || c.is_whitespace() || chinese_number(rest).is_some()),
    }
}

/// A line that is a day and nothing else: 2020年9月30日, 二〇二〇年九月三十日, 2020-09-30.
fn is_date(line: &[char]) -> bool {
    let digits = |c: &char| c.is_ascii_digit() || "〇零○O一二三四五六七八九十".contains(*c);
    let mut rest: Vec<char> = line.iter().copied().filter(|c| !c.is_whitespace()).collect();
    if rest.len() > 16 {
        return false;
    }
    for (parts, marks) in ["年-./", "月-./", "日"].into_iter().enumerate() {
        let length = rest.iter().take_while(|c| digits(c)).count();
        let most = if parts == 0 { 4 } else { 3 };
        if length == 0 || length > most || parts == 0 && length < 4 {
            return false;
        }
        match rest.get(length) {
            Some(c) if marks.contains(*c) => rest.drain(..=length),
            None if parts == 2 => rest.drain(..length),
            _ => return false,
        };
    }
    rest.is_empty()
}
