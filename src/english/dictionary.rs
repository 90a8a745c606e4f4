//! The dictionary that the program carries.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::sync::LazyLock;

use anyhow::{Context, ensure};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::words::{Word, words};
use crate::meaning::{Compact, DIMENSIONS, Sketch, Sought};

/// The file that the program was built with.
pub(crate) const SHIPPED: &[u8] = include_bytes!("../../model/english.bin");

static DICTIONARY: LazyLock<Option<Dictionary>> = LazyLock::new(|| Dictionary::read(SHIPPED).ok());

/// Words of a term at most.
pub(super) const LONGEST: usize = 3;
/// How much it counts that a Chinese word is near to what the text means, against how common it is (on a logarithmic scale).
const NEAR: f32 = 20.0;
/// A word that is less near than this is not about the matter, or is not what was meant.
const RELATED: f32 = 0.05;

/// English terms and the Chinese words that they can stand for.
pub struct Dictionary {
    pub(super) chinese: Vec<Chinese>,
    /// By the stems of a term: places of Chinese words, each with how likely it is meant, on a logarithmic scale.
    pub(super) terms: HashMap<String, Vec<(u32, f32)>>,
    /// What the meanings of glosses have in common.
    pub(super) manner: Vec<f32>,
}

/// A Chinese word.
pub(super) struct Chinese {
    pub text: String,
    /// What it means.
    pub sketch: Sketch,
}

/// A term of a text and the Chinese word that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translated<'a> {
    pub english: String,
    pub chinese: &'a str,
}

impl Dictionary {
    /// The dictionary that the program carries.
    #[must_use]
    pub fn shipped() -> Option<&'static Self> {
        DICTIONARY.as_ref()
    }

    /// The terms of a text, the longest that are known, in the order in which they stand there. Where it is known what the text
    /// means, those that have nothing to do with it are left out.
    #[must_use]
    pub fn translated(&self, text: &str, means: Option<&Compact>) -> Vec<Translated<'_>> {
        let (words, sought) = (words(text), means.map(Sought::of));
        let (mut translated, mut start) = (Vec::new(), 0);
        while start < words.len() {
            let found = (1..=LONGEST.min(words.len() - start)).rev().find_map(|length| {
                let term = &words[start..start + length];
                let idle = [term.first(), term.last()].into_iter().flatten().any(Word::is_idle);
                let stems: Vec<&str> = term.iter().map(|word| &*word.stem).collect();
                let chinese = self.terms.get(&stems.join(" ")).filter(|_| !idle)?;
                Some((length, chinese))
            });
            let Some((length, senses)) = found else {
                start += 1;
                continue;
            };
            let english = words[start..start + length].iter().map(|word| &*word.text).collect::<Vec<_>>().join(" ");
            translated.extend(self.meant(senses, sought.as_ref()).map(|chinese| Translated { english, chinese }));
            start += length;
        }
        translated
    }

    fn meant(&self, senses: &[(u32, f32)], sought: Option<&Sought>) -> Option<&str> {
        let weighed = senses.iter().filter_map(|(place, likely)| {
            let chinese = self.chinese.get(*place as usize)?;
            let near = sought.map(|sought| sought.nearness(&chinese.sketch));
            Some((likely + NEAR * near.unwrap_or_default(), near, &*chinese.text))
        });
        let (_, near, chinese) = weighed.max_by(|a, b| a.0.total_cmp(&b.0))?;
        near.is_none_or(|near| near >= RELATED).then_some(chinese)
    }

    /// What a text says in Chinese, word by word, each once.
    #[must_use]
    pub fn gloss(&self, text: &str, means: &Compact) -> String {
        let mut gloss: Vec<&str> = Vec::new();
        for Translated { chinese, .. } in self.translated(text, Some(means)) {
            if !gloss.contains(&chinese) {
                gloss.push(chinese);
            }
        }
        gloss.join(" ")
    }

    /// As a file: compressed, vectors before the text; the same bytes each time.
    ///
    /// # Errors
    /// None that is known; it writes to memory.
    pub(super) fn to_file(&self) -> anyhow::Result<Vec<u8>> {
        let mut file = GzEncoder::new(Vec::new(), Compression::best());
        for number in &self.manner {
            file.write_all(&number.to_le_bytes())?;
        }
        file.write_all(&u32::try_from(self.chinese.len())?.to_le_bytes())?;
        let mut text = String::new();
        for chinese in &self.chinese {
            for word in chinese.sketch.packed() {
                file.write_all(&word.to_le_bytes())?;
            }
            writeln!(text, "{}", chinese.text)?;
        }
        let mut terms: Vec<_> = self.terms.iter().collect();
        terms.sort_unstable_by_key(|(term, _)| *term);
        for (term, senses) in terms {
            text.push_str(term);
            for (place, likely) in senses {
                write!(text, "\t{place} {likely:.1}")?;
            }
            text.push('\n');
        }
        file.write_all(text.as_bytes())?;
        Ok(file.finish()?)
    }

    pub(super) fn read(file: &[u8]) -> anyhow::Result<Self> {
        let mut bytes = Vec::new();
        GzDecoder::new(file).read_to_end(&mut bytes)?;
        let (manner, rest) = bytes.split_at_checked(4 * DIMENSIONS).context("it ends early")?;
        let manner = manner.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number)).collect();
        let (count, rest) = rest.split_first_chunk().context("it ends early")?;
        let count = u32::from_le_bytes(*count) as usize;
        let (sketches, text) = rest.split_at_checked(count * Sketch::WORDS * 8).context("it ends early")?;
        let mut lines = std::str::from_utf8(text)?.lines();
        let words: Vec<u64> = sketches.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let sketches = words.as_chunks::<{ Sketch::WORDS }>().0.iter();
        let chinese: Vec<Chinese> = sketches
            .zip(lines.by_ref())
            .map(|(sketch, text)| Chinese { text: text.to_owned(), sketch: Sketch::unpacked(sketch) })
            .collect();
        ensure!(chinese.len() == count, "words are missing");
        let terms = lines.map(|line| {
            let mut parts = line.split('\t');
            let term = parts.next().context("no term")?.to_owned();
            let senses = parts.map(|part| {
                let (place, likely) = part.split_once(' ').context("no sense")?;
                Ok((place.parse()?, likely.parse()?))
            });
            Ok((term, senses.collect::<anyhow::Result<_>>()?))
        });
        let terms = terms.collect::<anyhow::Result<_>>()?;
        Ok(Self { chinese, terms, manner })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, &'static str)> {
        let dictionary = Dictionary::shipped().expect("the dictionary");
        dictionary.translated(text, None).into_iter().map(|found| (found.english, found.chinese)).collect()
    }

    fn pair(english: &str, chinese: &'static str) -> (String, &'static str) {
        (english.to_owned(), chinese)
    }

    #[test]
    fn the_longest_terms_are_taken_and_idle_words_are_none() {
        assert_eq!(of("Heavy metals in our boiler."), [pair("heavy metals", "重金属"), pair("boiler", "锅炉")]);
        assert!(of("we would not have it").is_empty() && of("").is_empty() && of("球墨铸铁").is_empty());
    }

    #[test]
    fn a_word_of_several_senses_has_the_one_that_is_near_the_matter() {
        let dictionary = Dictionary::shipped().expect("the dictionary");
        let embedder = crate::meaning::Embedder::shipped().expect("the model");
        let senses = |text: &str| {
            let means = embedder.understand(&[text]).expect("vectors").remove(0).whole.compact();
            dictionary.translated("drug", Some(&means)).into_iter().map(|found| found.chinese).collect::<Vec<_>>()
        };
        assert_ne!(senses("治病的药物，医院用药"), senses("公安查获毒品，吸毒贩毒"));
    }

    #[test]
    fn a_file_is_read_as_it_was_written() -> anyhow::Result<()> {
        let dictionary = Dictionary::read(SHIPPED)?;
        assert!(dictionary.to_file()? == SHIPPED);
        assert!(Dictionary::read(b"").is_err() && Dictionary::read(&SHIPPED[..SHIPPED.len() / 2]).is_err());
        Ok(())
    }
}
