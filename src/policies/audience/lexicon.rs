//! Many words, looked for in one pass.

use std::collections::HashMap;

/// Words of two characters and more, each with what it stands for.
pub struct Lexicon<T>(HashMap<[char; 2], Vec<(Vec<char>, T)>>);

impl<T> Lexicon<T> {
    pub fn of(words: impl IntoIterator<Item = (String, T)>) -> Self {
        let mut lexicon: HashMap<[char; 2], Vec<(Vec<char>, T)>> = HashMap::new();
        for (word, meaning) in words {
            let word: Vec<char> = word.chars().collect();
            if let [first, second, ..] = word[..] {
                lexicon.entry([first, second]).or_default().push((word, meaning));
            }
        }
        Self(lexicon)
    }

    /// Where the words stand in a text: the place, the length and what it stands for.
    pub fn found<'l>(&'l self, text: &'l [char]) -> impl Iterator<Item = (usize, usize, &'l T)> {
        text.windows(2).enumerate().flat_map(move |(at, start)| {
            let words = <[char; 2]>::try_from(start).ok().and_then(|start| self.0.get(&start));
            let rest = text.get(at..).unwrap_or_default();
            let here = words.into_iter().flatten().filter(move |(word, _)| rest.starts_with(word));
            here.map(move |(word, meaning)| (at, word.len(), meaning))
        })
    }
}
