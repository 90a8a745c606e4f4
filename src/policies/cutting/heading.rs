//! A piece as it is kept: its heading, if its first sentence is one, and its text.

use std::collections::HashMap;
use std::ops::Range;

use super::departments::{self, Found};
use super::markers::Style;
use super::outline::Draft;
use super::text::{Text, contains, ends_with, is_space};
use super::{Doubt, Piece, PieceKind};

/// A first sentence that is longer is no heading.
const LONGEST: usize = 40;
/// A line of its own without a full stop may be longer.
const LONGEST_LINE: usize = 60;
/// What stands before a colon, and the first sentence of an article, is a heading only if it is short.
const SHORT: usize = 15;

/// What orders or grants is no heading, however short.
const ORDERS: [&str; 8] = ["应当", "不得", "可以", "必须", "给予", "自发布", "印发之日", "有效期"];

/// Whether the pieces of a list have headings, by the first that tells.
#[derive(Default)]
pub struct Manner(HashMap<(Option<usize>, Option<Style>), bool>);

/// A piece in the making as it is kept.
#[must_use]
pub fn finished(text: &Text, draft: &Draft, manner: &mut Manner) -> Piece {
    let more = draft.lines.len() > 1 || !draft.leaf;
    let list = (draft.parent, draft.style);
    let headed = manner.0.get(&list) != Some(&false);
    let heading = draft.lines.first().and_then(|line| match (draft.kind, draft.style) {
        (PieceKind::Group, _) => Some(line.clone()),
        (_, Some(style)) => heading(text, line, style, (more, headed)),
        _ => None,
    });
    let ends_in_list = || draft.lines.first().is_some_and(|line| ends_with(text.plain(line), ";"));
    if heading.is_some() || more || ends_in_list() {
        manner.0.entry(list).or_insert(heading.is_some());
    }
    let Found { departments, unclear } =
        if draft.style.is_some() { departments::of(text, &draft.lines) } else { Found::default() };
    let mut lines = draft.lines.clone();
    if let (Some(heading), Some(first)) = (&heading, lines.first_mut()) {
        *first = text.trimmed(after_heading(text, heading.end, first.end)..first.end);
    }
    let start = draft.number.as_ref().or(draft.lines.first()).map_or(0, |range| range.start);
    let end = draft.lines.last().map_or(start, |line| line.end);
    let own: Vec<String> = lines.iter().filter(|line| !line.is_empty()).map(|line| text.given(line)).collect();
    Piece {
        kind: draft.kind,
        parent: draft.parent,
        depth: draft.depth,
        leaf: draft.leaf,
        number: draft.number.as_ref().map(|number| text.given(number)),
        heading: heading.map(|heading| text.given(&without_colon(text, heading))),
        text: own.join("\n"),
        start,
        end,
        departments,
        doubt: draft.doubt.or(unclear.then_some(Doubt::DepartmentsUnclear)),
    }
}

/// The text goes on after the mark that ends the heading.
fn after_heading(text: &Text, from: usize, end: usize) -> usize {
    let marks = text.plain(&(from..end)).iter().take_while(|c| matches!(c, '。' | ':' | '】' | ']') || is_space(**c));
    from + marks.count().min(end - from)
}

fn without_colon(text: &Text, heading: Range<usize>) -> Range<usize> {
    let mut heading = heading;
    while text.plain(&heading).last().is_some_and(|c| matches!(c, ':' | '。')) {
        heading.end -= 1;
    }
    if matches!(text.plain(&heading).first(), Some('【' | '[')) {
        heading.start += 1;
    }
    heading
}

/// Where the heading of a first line is. A line with nothing after it is the text itself.
fn heading(text: &Text, line: &Range<usize>, style: Style, (more, headed): (bool, bool)) -> Option<Range<usize>> {
    let plain = text.plain(line);
    let brackets = text.brackets(line);
    let within = |at: usize| brackets.iter().any(|bracket| bracket.contains(&(line.start + at)));
    let mark = |marks: &str| plain.iter().enumerate().position(|(at, c)| marks.contains(*c) && !within(at));
    if matches!(style, Style::Volume | Style::Chapter | Style::Section) {
        return ((1..=LONGEST_LINE).contains(&line.len()) && mark("。;").is_none()).then(|| line.clone());
    }
    // 第三条 【申报条件】
    if let Some(bracket) = brackets.first().filter(|bracket| bracket.start == line.start && bracket.len() <= LONGEST)
        && matches!(plain.first(), Some('【' | '['))
    {
        return (more || bracket.end < line.end).then(|| bracket.start..bracket.end - 1);
    }
    let article = matches!(style, Style::Article | Style::Paragraph | Style::Item);
    let (longest, stop) = (if article { SHORT } else { LONGEST }, mark("。;!?:"));
    let Some(stop) = stop else {
        // Who is responsible may stand in a bracket after the heading.
        let end = brackets.last().filter(|bracket| bracket.end == line.end && departments::speaks(text.plain(bracket)));
        let end = end.map_or(line.end, |bracket| bracket.start);
        let spaced = spaced(plain);
        return match spaced {
            Some(length) if !article => Some(line.start..line.start + length),
            _ if article => None,
            _ => {
                let high = matches!(style, Style::Chinese | Style::ChineseBracketed);
                let whole = more && end > line.start && end - line.start <= LONGEST_LINE;
                (whole && (high || !plain.contains(&','))).then_some(line.start..end)
            }
        };
    };
    // A bracket alone is no text that a heading would stand over.
    let rest = brackets.iter().find(|bracket| bracket.start == line.start + stop + 1 && bracket.end == line.end);
    let follows = headed && (more || stop + 1 < plain.len() && rest.is_none());
    let sentence = plain.get(..stop)?;
    let commas = sentence.iter().filter(|c| **c == ',').count();
    let plain_words = !sentence.is_empty() && !ORDERS.iter().any(|word| contains(sentence, word));
    let is_heading = follows
        && plain_words
        && match plain.get(stop)? {
            '。' => stop <= longest && commas <= usize::from(!article),
            ':' => !article && stop <= SHORT && commas == 0,
            _ => false,
        };
    is_heading.then_some(line.start..line.start + stop)
}

/// A short heading that is set off by space: 支持范围　在本县注册的企业.
fn spaced(plain: &[char]) -> Option<usize> {
    let length = plain.iter().take(SHORT).position(|c| is_space(*c))?;
    let space = plain.get(length..)?.iter().take_while(|c| is_space(**c)).count();
    let wide = space > 1 || plain.get(length) == Some(&'\u{3000}');
    (length >= 2 && wide && plain.len() > length + space).then_some(length)
}
