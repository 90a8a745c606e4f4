//! Where the words of a search stand in a text: pieces of it, with what was hit marked. No markup is made, so nothing
//! in a record can become markup.

use std::ops::Range;

use serde::Serialize;
use utoipa::ToSchema;

use super::text::{Normal, folded_to_one, is_han, latin_words};

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

/// Terms to look for in texts.
pub struct Sought {
    /// Han words: wherever their characters stand.
    han: Vec<Vec<char>>,
    /// Whether a Han word begins with a character that has these last bits: most have not, and need no closer look.
    likely: u64,
    /// Others: as words.
    others: Vec<String>,
}

impl Sought {
    /// Terms in normal form.
    #[must_use]
    pub fn of(terms: &[String]) -> Self {
        let terms = terms.iter().filter(|term| !term.is_empty());
        let (han, others): (Vec<&String>, Vec<&String>) = terms.partition(|term| term.chars().all(is_han));
        let han: Vec<Vec<char>> = han.into_iter().map(|term| term.chars().collect()).collect();
        let likely = han.iter().filter_map(|term| term.first()).fold(0, |likely, first| likely | last_bits(*first));
        Self { han, likely, others: others.into_iter().cloned().collect() }
    }

    /// Where they stand in a text, in the order of their beginnings.
    fn places(&self, text: &str) -> Vec<Range<usize>> {
        let quickly = if self.others.is_empty() { self.places_of_han(text) } else { None };
        let mut places = quickly.unwrap_or_else(|| self.places_in(&Normal::of(text)));
        places.sort_unstable_by_key(|place| (place.start, place.end));
        places
    }

    /// The same of the Han words alone, without writing the normal form of the text down; nothing where a character has more
    /// than one as its normal form.
    fn places_of_han(&self, text: &str) -> Option<Vec<Range<usize>>> {
        let mut places = Vec::new();
        for (start, source) in text.char_indices() {
            if self.likely & last_bits(folded_to_one(source)?) != 0 {
                let lengths = self.han.iter().filter_map(|term| beginning(&text[start..], term));
                places.extend(lengths.map(|length| start..start + length));
            }
        }
        Some(places)
    }

    fn places_in(&self, normal: &Normal) -> Vec<Range<usize>> {
        let mut places: Vec<Range<usize>> = Vec::new();
        for (start, first) in normal.chars.iter().enumerate() {
            if self.likely & last_bits(*first) != 0 {
                let here = self.han.iter().filter(|term| normal.chars[start..].starts_with(term));
                places.extend(here.map(|term| normal.source(start..start + term.len())));
            }
        }
        if !self.others.is_empty() {
            let found = latin_words(normal).into_iter().filter(|word| self.others.contains(&word.text));
            places.extend(found.map(|word| word.source));
        }
        places
    }
}

/// Bytes of the beginning of a text, if that is a term.
fn beginning(text: &str, term: &[char]) -> Option<usize> {
    let mut chars = text.chars();
    let is_it = term.iter().all(|wanted| chars.next().and_then(folded_to_one) == Some(*wanted));
    is_it.then(|| text.len() - chars.as_str().len())
}

fn last_bits(first: char) -> u64 {
    1 << (u32::from(first) % u64::BITS)
}

/// Pieces of a text around what is sought.
#[must_use]
pub fn highlight(text: &str, sought: &Sought) -> Vec<Vec<Span>> {
    let mut hits: Vec<Range<usize>> = Vec::new();
    for hit in sought.places(text) {
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
        let pieces = highlight("本廠染料廢水的顏色去不掉", &Sought::of(&["废水".to_owned()]));
        let hits: Vec<&str> = pieces.iter().flatten().filter(|span| span.hit).map(|span| span.text.as_str()).collect();
        assert_eq!(hits, ["廢水"]);
        let whole: String = pieces.iter().flatten().map(|span| span.text.as_str()).collect();
        assert_eq!(whole, "本廠染料廢水的顏色去不掉");
    }

    #[test]
    fn a_long_text_gives_few_pieces() {
        let text = format!("{}废水{}", "甲".repeat(500), "乙".repeat(500)).repeat(10);
        let sought = Sought::of(&["废水".to_owned()]);
        assert_eq!(highlight(&text, &sought).len(), MOST);
        assert!(highlight("没有", &sought).is_empty());
    }

    #[test]
    fn a_text_is_looked_through_the_same_whether_its_normal_form_is_written_down() {
        let sought = Sought::of(&["废水", "水处理", "处理", "令和", "铸铁"].map(str::to_owned));
        let mut found = 0;
        for text in ["廢水處理廠", "印染废水，废水处理，废", "球墨鑄鐵", "没有", "", "水处"] {
            let quickly = sought.places_of_han(text).expect("one character for each");
            assert_eq!(quickly, sought.places_in(&Normal::of(text)), "{text}");
            found += quickly.len();
        }
        assert_eq!(found, 8);
        // One character may stand for several.
        assert!(sought.places_of_han("㋿三年，300℃的废水").is_none());
        assert_eq!(sought.places("㋿三年，300℃的废水").len(), 2);
    }
}
