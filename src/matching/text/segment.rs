//! Words of a text, with their places.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use frostem::{Algorithm, Stemmer};
use jieba_rs::{Jieba, Token, TokenizeMode};
use rustc_hash::FxHashMap;

use super::Normal;
use super::stop::is_stop_word;

/// Technical terms of the county's trades that the general dictionary does not know as one word.
const TERMS: &str = include_str!("../../../model/terms.txt");

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(Dictionary::read);

/// The words that are known.
struct Dictionary {
    jieba: Jieba,
    /// The words that the general dictionary finds in a technical term: who types one of them finds the term too.
    parts: FxHashMap<&'static str, Vec<Piece>>,
}

impl Dictionary {
    fn read() -> Self {
        let mut jieba = Jieba::new();
        let terms: Vec<&'static str> =
            TERMS.lines().map(str::trim).filter(|term| !term.is_empty() && !term.starts_with('#')).collect();
        let parts = terms.iter().map(|term| {
            let tokens = jieba.tokenize(term, TokenizeMode::Search, true).into_iter();
            (*term, tokens.filter(|token| token.word != *term).map(|token| Piece::of(&token)).collect())
        });
        let parts = parts.collect();
        for term in terms {
            jieba.add_word(term, None, Some("n"));
        }
        Self { jieba, parts }
    }
}

/// Where a word lies in a text.
#[derive(Clone, PartialEq, Eq)]
struct Piece {
    chars: Range<usize>,
    bytes: Range<usize>,
}

impl Piece {
    fn of(token: &Token<'_>) -> Self {
        Self { chars: token.start..token.end, bytes: token.byte_start..token.byte_end }
    }

    /// Where it lies in the text that has its text at a place.
    fn within(&self, Self { chars, bytes }: &Self) -> Self {
        let after = |range: &Range<usize>, start: usize| start + range.start..start + range.end;
        Self { chars: after(&self.chars, chars.start), bytes: after(&self.bytes, bytes.start) }
    }
}

/// Units that follow a number; with a blank between or without it they make one word.
const UNITS: &[&str] = &[
    "mm", "cm", "m", "km", "um", "nm", "kg", "g", "mg", "t", "l", "ml", "mpa", "kpa", "pa", "°c", "kw", "w", "mw",
    "kwh", "v", "kv", "a", "ma", "hz", "khz", "mhz", "ghz", "rpm", "s", "min", "h", "mol", "ppm", "db", "n", "kn",
    "hrc", "hb", "hv", "%",
];

/// A run of more letters is no word.
const LONGEST: usize = 60;

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// In normal form.
    pub text: String,
    /// Its place, in characters of the normal form: a word that ends where another begins is its neighbour.
    pub start: usize,
    pub end: usize,
    /// Its bytes in the source.
    pub source: Range<usize>,
    /// Part of a longer word that stands at the same place.
    pub part: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Han,
    /// Letters and digits of all other scripts.
    Latin,
    Between,
}

/// The words of a text, in the order of their places; long words are followed by the words they are made of.
#[must_use]
pub fn words(text: &str) -> Vec<Word> {
    words_of(&Normal::of(text), |_| true)
}

/// The words of a text that are not Chinese: model names, quantities, words of other languages.
#[must_use]
pub fn latin_words(text: &Normal) -> Vec<Word> {
    words_of(text, |script| script == Script::Latin)
}

fn words_of(normal: &Normal, wanted: impl Fn(Script) -> bool) -> Vec<Word> {
    // Most words have two characters.
    let mut words = Vec::with_capacity(normal.chars.len() / 2);
    let mut start = 0;
    while start < normal.chars.len() {
        let script = script(normal.chars[start]);
        let end = match script {
            Script::Between => start + 1,
            Script::Han => run(&normal.chars, start, |c| self::script(c) == Script::Han),
            Script::Latin => latin_run(&normal.chars, start),
        };
        match script {
            Script::Han if wanted(script) => han_words(normal, start..end, &mut words),
            Script::Latin if wanted(script) => split_latin(normal, start..end, &mut words),
            _ => {}
        }
        start = end;
    }
    words
}

/// How much a word of running text tells by its part of speech, 0 to 1: names of things most, numbers and adverbs
/// nothing. Words that are not in the map are parts of others.
#[must_use]
pub fn telling(text: &str) -> HashMap<String, f32> {
    let normal: String = Normal::of(text).chars.into_iter().collect();
    let mut telling: HashMap<String, f32> = HashMap::new();
    for tag in DICTIONARY.jieba.tag(&normal, true) {
        let weight = if tag.word.chars().count() == 1 { 0.0 } else { part_of_speech(tag.tag) };
        let known = telling.entry(tag.word.to_owned()).or_default();
        *known = known.max(weight);
    }
    telling
}

/// How often the general dictionary's texts have a word; never if it has none.
#[must_use]
pub fn frequency(word: &str) -> usize {
    let jieba = &DICTIONARY.jieba;
    if jieba.has_word(word) { jieba.suggest_freq(word) } else { 0 }
}

/// Is it a technical term of the program's own list?
#[must_use]
pub fn is_term(word: &str) -> bool {
    DICTIONARY.parts.contains_key(word)
}

/// Weights by the tags of the dictionary: nouns and what is used as one, verbs and adjectives, all else.
fn part_of_speech(tag: &str) -> f32 {
    match tag {
        "nr" | "nrt" | "ns" | "nt" | "t" | "f" | "s" => 0.1,
        "eng" | "vn" | "j" | "l" | "x" => 1.0,
        _ if tag.starts_with('n') => 1.0,
        "v" => 0.35,
        "a" | "an" | "b" => 0.5,
        _ => 0.0,
    }
}

/// Is it a Chinese character?
#[must_use]
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2ebef}')
}

fn script(c: char) -> Script {
    match c {
        _ if is_han(c) => Script::Han,
        _ if c.is_alphanumeric() => Script::Latin,
        _ => Script::Between,
    }
}

fn run(chars: &[char], start: usize, belongs: impl Fn(char) -> bool) -> usize {
    chars[start..].iter().position(|c| !belongs(*c)).map_or(chars.len(), |length| start + length)
}

/// A model name or quantity goes on over `- . / + #` between letters and digits, and takes `#`, `%` or a unit at its end.
fn latin_run(chars: &[char], start: usize) -> usize {
    let latin = |place: usize| chars.get(place).is_some_and(|c| script(*c) == Script::Latin);
    let mut end = start;
    loop {
        end = run(chars, end, |c| script(c) == Script::Latin);
        let joins = chars.get(end).is_some_and(|c| matches!(c, '-' | '.' | '/' | '+' | '_' | '°'));
        if joins && latin(end + 1) {
            end += 1;
        } else {
            break;
        }
    }
    if chars.get(end).is_some_and(|c| matches!(c, '#' | '%')) {
        return end + 1;
    }
    let number = chars[start..end].iter().all(|c| c.is_ascii_digit() || *c == '.');
    if number && chars.get(end) == Some(&' ') {
        let after = run(chars, end + 1, |c| c.is_ascii_alphabetic() || matches!(c, '°' | '%'));
        let unit: String = chars[end + 1..after].iter().collect();
        if UNITS.contains(&unit.as_str()) {
            return after;
        }
    }
    end
}

fn han_words(normal: &Normal, range: Range<usize>, words: &mut Vec<Word>) {
    let text: String = normal.chars[range.clone()].iter().collect();
    let mut pieces = Vec::new();
    for token in DICTIONARY.jieba.tokenize(&text, TokenizeMode::Search, true) {
        let piece = Piece::of(&token);
        let parts = DICTIONARY.parts.get(token.word).into_iter().flatten();
        pieces.extend(parts.map(|part| part.within(&piece)));
        pieces.push(piece);
    }
    pieces.sort_unstable_by_key(|piece| (piece.chars.start, std::cmp::Reverse(piece.chars.end)));
    pieces.dedup();
    // A word inside a longer one is a part of it; the longer one comes first.
    let mut reached = 0;
    for Piece { chars, bytes } in pieces {
        let is_part = chars.end <= reached;
        reached = reached.max(chars.end);
        push(normal, &text[bytes], range.start + chars.start..range.start + chars.end, is_part, words);
    }
}

fn split_latin(normal: &Normal, range: Range<usize>, words: &mut Vec<Word>) {
    let whole: String = normal.chars[range.clone()].iter().filter(|c| **c != ' ').collect();
    if whole.chars().all(|c| c.is_ascii_alphabetic()) {
        push(normal, &stem(&whole), range, false, words);
        return;
    }
    push(normal, &whole, range.clone(), false, words);
    let chars = &normal.chars[range.clone()];
    let mut start = 0;
    while start < chars.len() {
        let end = run(chars, start, char::is_alphanumeric);
        // Parts of one character say nothing, and a part that is all is no part.
        if end - start > 1 && end - start < chars.len() {
            let text: String = chars[start..end].iter().collect();
            push(normal, &stem(&text), range.start + start..range.start + end, true, words);
        }
        start = end + 1;
    }
}

/// Adds a word that tells something, and is one.
fn push(normal: &Normal, text: &str, range: Range<usize>, part: bool, words: &mut Vec<Word>) {
    if range.len() <= LONGEST && !is_stop_word(text) {
        let (start, end) = (range.start, range.end);
        words.push(Word { text: text.to_owned(), start, end, source: normal.source(range), part });
    }
}

/// The stem of an English word (Snowball); anything else as it is.
#[must_use]
pub fn stem(text: &str) -> String {
    if text.len() > 2 && text.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Stemmer::new(Algorithm::English).stem(text).into_owned();
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn model_names_and_quantities_stay_whole() {
        let found = texts("染料X-3B在0.5 MPa、300℃下，45#钢，GB/T 4754，PM2.5，TiO2，含量12%");
        for whole in ["x-3b", "0.5mpa", "300°c", "45#", "gb/t", "pm2.5", "tio2", "12%"] {
            assert!(found.contains(&whole.to_owned()), "{whole} is not among {found:?}");
        }
    }

    #[test]
    fn english_is_stemmed_and_both_scripts_are_one() {
        assert_eq!(texts("castings"), texts("casting"));
        assert_eq!(texts("球墨鑄鐵縮松"), texts("球墨铸铁缩松"));
    }

    #[test]
    fn a_long_word_is_followed_by_its_parts() {
        let found = words("计算机科学");
        let whole = |word: &Word| !word.part && matches!(word.text.as_str(), "计算机" | "计算机科学");
        assert!(found.iter().any(whole), "{found:?}");
        assert!(found.iter().any(|word| word.part), "{found:?}");
    }

    #[test]
    fn any_text_has_words_or_none() {
        let (long, longer) = ("炉".repeat(20_000), "x".repeat(20_000));
        assert!(words(&longer).is_empty());
        for text in ["", " ", "……！！", "🔥", "\0\u{1}", "\u{202e}", "的", &long, "-.-", "a-", "5 "] {
            for word in words(text) {
                assert!(text.get(word.source.clone()).is_some(), "{text:?} {word:?}");
            }
        }
    }
}
