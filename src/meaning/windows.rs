//! Long texts in windows, so that the one that is nearest to what one looks for can count.

use super::pieces::Pieces;

/// Pieces of a window at most, about 270 Han characters. Smaller windows are found better and are more to store, and all
/// take the same time (`model/README.md`); with this size an ordinary summary stays whole.
pub(super) const WINDOW: usize = 192;

/// A part of a text: whole sentences, as far as they fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window<'a> {
    pub text: &'a str,
    /// Characters of the text before it.
    pub start: usize,
    /// Characters of the text up to its end.
    pub end: usize,
}

/// The windows of a text, in their order. Together they are the text; an empty text has one.
pub(super) fn windows<'a>(text: &'a str, pieces: &Pieces, most: usize) -> Vec<Window<'a>> {
    let mut fitting = Vec::new();
    for sentence in text.split_inclusive(ends_a_sentence) {
        halve(sentence, pieces, most, &mut fitting);
    }
    let (mut windows, mut start, mut end, mut held) = (Vec::new(), 0, 0, 0);
    for (sentence, count) in fitting {
        if end > start && held + count > most {
            windows.push(&text[start..end]);
            (start, held) = (end, 0);
        }
        end += sentence.len();
        held += count;
    }
    windows.push(&text[start..end]);
    placed(windows)
}

fn placed(texts: Vec<&str>) -> Vec<Window<'_>> {
    let mut start = 0;
    let place = |text| {
        let end = start + str::chars(text).count();
        let window = Window { text, start, end };
        start = end;
        window
    };
    texts.into_iter().map(place).collect()
}

/// Parts of a sentence that fit, cut at a comma or where it has to be, each with how many pieces it has.
fn halve<'a>(sentence: &'a str, pieces: &Pieces, most: usize, parts: &mut Vec<(&'a str, usize)>) {
    let count = pieces.cut(sentence).len();
    let mut middle = sentence.ceil_char_boundary(sentence.len() / 2);
    if count <= most || middle == sentence.len() {
        return parts.push((sentence, count));
    }
    if let Some((comma, mark)) =
        sentence[..middle].char_indices().rev().find(|(_, mark)| matches!(mark, '，' | '、' | ',' | ' '))
    {
        middle = comma + mark.len_utf8();
    }
    let (first, second) = sentence.split_at(middle);
    halve(first, pieces, most, parts);
    halve(second, pieces, most, parts);
}

/// Not the full stop of Latin script, which stands in numbers too.
fn ends_a_sentence(mark: char) -> bool {
    matches!(mark, '。' | '！' | '？' | '；' | '!' | '?' | ';' | '\n')
}
