//! Where the words of a search stand in a text: pieces of it, with what was hit marked. No markup is made, so nothing
//! in a record can become markup.

use std::ops::Range;

use serde::Serialize;
use utoipa::ToSchema;

use super::text::{Normal, is_han, latin_words};

/// Pieces a text; more does nobody read.
const MOST: usize = 3;
/// Characters shown before and after a hit.
const AROUND: usize = 30;

/// A stretch of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Span {
    /// As it stands in the record.
    #[schema(max_length = 20000)]
    pub text: String,
    /// Whether it is a word that was searched for.
    pub hit: bool,
}

/// Pieces of a text around the terms, which are in normal form.
#[must_use]
pub fn highlight(text: &str, terms: &[String]) -> Vec<Vec<Span>> {
    let mut hits: Vec<Range<usize>> = Vec::new();
    for hit in places(text, terms) {
        match hits.last_mut() {
            Some(last) if hit.start <= last.end => last.end = last.end.max(hit.end),
            _ => hits.push(hit),
        }
    }
    let mut pieces: Vec<(Range<usize>, Vec<Range<usize>>)> = Vec::new();
    for hit in hits {
        let around = before(text, hit.start)..after(text, hit.end);
        let full = pieces.len() == MOST;
        match pieces.last_mut() {
            Some((piece, inside)) if around.start <= piece.end => {
                piece.end = around.end;
                inside.push(hit);
            }
            _ if full => break,
            _ => pieces.push((around, vec![hit])),
        }
    }
    pieces.into_iter().map(|(piece, inside)| spans(text, &piece, &inside)).collect()
}

/// Where the terms stand, in the order of their beginnings: Han words wherever their characters do, others as words.
fn places(text: &str, terms: &[String]) -> Vec<Range<usize>> {
    let (han, others): (Vec<&String>, Vec<&String>) = terms.iter().partition(|term| term.chars().all(is_han));
    let normal = Normal::of(text);
    let mut places: Vec<Range<usize>> = Vec::new();
    for term in han {
        let term: Vec<char> = term.chars().collect();
        let (Some(first), length) = (term.first(), term.len()) else { continue };
        let starts = normal.chars.iter().enumerate().filter(|(_, c)| *c == first).map(|(start, _)| start);
        let found = starts.filter(|start| normal.chars[*start..].starts_with(&term));
        places.extend(found.map(|start| normal.source(start..start + length)));
    }
    if !others.is_empty() {
        let found = latin_words(&normal).into_iter().filter(|word| others.contains(&&word.text));
        places.extend(found.map(|word| word.source));
    }
    places.sort_unstable_by_key(|place| (place.start, place.end));
    places
}

fn before(text: &str, place: usize) -> usize {
    text[..place].char_indices().rev().nth(AROUND - 1).map_or(0, |(start, _)| start)
}

fn after(text: &str, place: usize) -> usize {
    text[place..].char_indices().nth(AROUND).map_or(text.len(), |(end, _)| place + end)
}

fn spans(text: &str, piece: &Range<usize>, hits: &[Range<usize>]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = piece.start;
    let mut push = |range: Range<usize>, hit| {
        if let Some(part) = text.get(range).filter(|part| !part.is_empty()) {
            spans.push(Span { text: part.to_owned(), hit });
        }
    };
    for hit in hits {
        push(at..hit.start, false);
        push(hit.clone(), true);
        at = hit.end;
    }
    push(at..piece.end, false);
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_exact_in_the_script_of_the_record() {
        let pieces = highlight("本廠染料廢水的顏色去不掉", &["废水".to_owned()]);
        let hits: Vec<&str> = pieces.iter().flatten().filter(|span| span.hit).map(|span| span.text.as_str()).collect();
        assert_eq!(hits, ["廢水"]);
        let whole: String = pieces.iter().flatten().map(|span| span.text.as_str()).collect();
        assert_eq!(whole, "本廠染料廢水的顏色去不掉");
    }

    #[test]
    fn a_long_text_gives_few_pieces() {
        let text = format!("{}废水{}", "甲".repeat(500), "乙".repeat(500)).repeat(10);
        let pieces = highlight(&text, &["废水".to_owned()]);
        assert_eq!(pieces.len(), MOST);
        assert!(highlight("没有", &["废水".to_owned()]).is_empty());
    }
}
