//! Texts in sentences, so that it can be told which of them is near.

use super::vector::Vector;

/// Characters of a sentence at least; what is shorter goes with the next one of its line. A heading such as "Methods." or
/// the number of an item says nothing by itself.
const LEAST: usize = 8;

/// A sentence of a text, and what it means there.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    /// Characters of the text before it.
    pub start: usize,
    /// Characters of the text up to its end.
    pub end: usize,
    pub vector: Vector,
}

/// The sentences of a text, in their order. Together they are the text; none goes over the end of a line.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let (mut sentences, mut start, mut length) = (Vec::new(), 0, 0);
    for (place, mark) in text.char_indices() {
        length += usize::from(!mark.is_whitespace());
        let end = place + mark.len_utf8();
        if mark == '\n' || (length >= LEAST && ends_a_sentence(mark, &text[end..])) {
            sentences.push(&text[start..end]);
            (start, length) = (end, 0);
        }
    }
    sentences.push(&text[start..]);
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Full stops of Latin script, which papers in Chinese have too, stand in numbers and names as well.
fn ends_a_sentence(mark: char, rest: &str) -> bool {
    match mark {
        '。' | '！' | '？' | '；' | '!' | '?' | ';' => true,
        '．' => !rest.starts_with(char::is_numeric),
        '.' if rest.starts_with(' ') => rest.trim_start().starts_with(|next: char| next.is_uppercase() || is_han(next)),
        '.' => rest.starts_with(is_han),
        _ => false,
    }
}

fn is_han(character: char) -> bool {
    matches!(character, '\u{4e00}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_the_text() {
        let text = "废水\n脱色、真菌\n目的。考察 pH 3.5 时的脱色率；结果：E. coli 不行。The rate rose to 0.9. It fell later.\n脱色率高(P<0.05).结论：可用.\n";
        let cut = sentences(text);
        assert_eq!(cut.concat(), text);
        let expected = [
            "废水\n",
            "脱色、真菌\n",
            "目的。考察 pH 3.5 时的脱色率；",
            "结果：E. coli 不行。",
            "The rate rose to 0.9.",
            " It fell later.\n",
            "脱色率高(P<0.05).",
            "结论：可用.\n",
        ];
        assert_eq!(cut, expected);
        assert!(sentences("").is_empty());
    }
}
