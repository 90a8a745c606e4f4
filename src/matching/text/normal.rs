//! Normal form of a text that remembers where each character came from.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;
use unicode_normalization::UnicodeNormalization;

/// A text in NFKC, lower case and Simplified script, with the bytes of the source that each character stands for. Texts of
/// 4 GiB and more, which nothing lets in, would only lose their places.
pub struct Normal {
    pub chars: Vec<char>,
    /// By character: the byte of the source that what it stands for begins at.
    starts: Vec<u32>,
    /// Bytes of the source.
    length: usize,
}

impl Normal {
    #[must_use]
    pub fn of(text: &str) -> Self {
        // Most characters stay one.
        let many = bytecount::num_chars(text.as_bytes());
        let (chars, starts) = (Vec::with_capacity(many), Vec::with_capacity(many));
        let mut normal = Self { chars, starts, length: text.len() };
        for (start, source) in text.char_indices() {
            match folded_to_one(source) {
                Some(folded) => normal.push(folded, start),
                None => folded(source).for_each(|folded| normal.push(folded, start)),
            }
        }
        normal
    }

    fn push(&mut self, normal: char, start: usize) {
        self.chars.push(normal);
        self.starts.push(u32::try_from(start).unwrap_or(u32::MAX));
    }

    /// The bytes of the source that a range of characters stands for.
    #[must_use]
    pub fn source(&self, range: Range<usize>) -> Range<usize> {
        let start = |place: usize| self.starts.get(place).copied();
        let first = start(range.start).unwrap_or_default();
        let end = range.end.checked_sub(1).and_then(start).map_or(first as usize, |last| {
            // Several characters may stand for one.
            let next = self.starts[range.end..].iter().find(|next| **next > last);
            next.map_or(self.length, |next| *next as usize)
        });
        first as usize..end
    }
}

/// The normal form of a text as a text.
#[must_use]
pub fn simplified(text: &str) -> String {
    Normal::of(text).chars.into_iter().collect()
}

/// A text in Simplified script, and else as it is.
#[must_use]
pub fn in_simplified(text: &str) -> String {
    text.chars().map(simplified_char).collect()
}

/// The normal form of a character of the basic plane, where it is one character.
pub(crate) fn folded_to_one(source: char) -> Option<char> {
    FOLDED.get(source as usize).copied().flatten()
}

/// NFKC, lower case, Simplified.
fn folded(source: char) -> impl Iterator<Item = char> {
    std::iter::once(source).nfkc().flat_map(char::to_lowercase).map(simplified_char)
}

/// The normal form of each character of the basic plane, where it is one character.
static FOLDED: LazyLock<Vec<Option<char>>> = LazyLock::new(|| {
    let single = |source: char| {
        let mut chars = folded(source);
        chars.next().filter(|_| chars.next().is_none())
    };
    (0..=0xffff).map(|number| char::from_u32(number).and_then(single)).collect()
});

/// Traditional characters and their Simplified forms. Character by character, so that every one keeps its place;
/// the same table serves records and queries.
static SIMPLIFIED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let Ok(converter) = OpenCC::from_config(BuiltinConfig::T2s) else {
        tracing::error!("no table of Traditional characters; both scripts are kept apart");
        return HashMap::new();
    };
    let ideographs = ['\u{3400}'..='\u{9fff}', '\u{f900}'..='\u{faff}', '\u{20000}'..='\u{2ebef}'];
    let convert = |source: char| {
        let converted = converter.convert(source.encode_utf8(&mut [0; 4]));
        let mut chars = converted.chars();
        let single = chars.next().filter(|_| chars.next().is_none());
        single.filter(|converted| *converted != source).map(|converted| (source, converted))
    };
    ideographs.into_iter().flatten().filter_map(convert).collect()
});

fn simplified_char(source: char) -> char {
    SIMPLIFIED.get(&source).copied().unwrap_or(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_scripts_and_all_widths_are_one() {
        assert_eq!(simplified("染廠廢水的顏色"), "染厂废水的颜色");
        assert_eq!(simplified("ＡＢＣ　１２３"), "abc 123");
        assert_eq!(simplified("３００℃"), "300°c");
    }

    #[test]
    fn every_character_knows_its_source() {
        let text = "㎡廢水ﬁne";
        let normal = Normal::of(text);
        let of = |word: &str| {
            let chars: Vec<char> = word.chars().collect();
            let place = normal.chars.windows(chars.len()).position(|window| window == chars);
            place.map(|place| &text[normal.source(place..place + chars.len())])
        };
        assert_eq!(of("m2"), Some("㎡"));
        assert_eq!(of("废水"), Some("廢水"));
        assert_eq!(of("fi"), Some("ﬁ"));
        assert_eq!(of("ne"), Some("ne"));
    }

    #[test]
    fn anything_is_text() {
        for text in ["", "\0", "🔥🔥", "\u{202e}abc", "e\u{301}"] {
            let normal = Normal::of(text);
            assert_eq!(normal.source(0..normal.chars.len()).end, text.len());
        }
    }
}
