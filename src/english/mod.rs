//! English texts among Chinese records: which Chinese words an English one stands for.
//!
//! The program carries a dictionary (`model/README.md`, made by [`package`]). A word of many senses has several Chinese ones:
//! how common each is among technical texts decides, and where it is known what the text means, which of them is near that. The
//! words that are chosen are looked for beside the English ones, and what they mean together is added to what the text
//! means, for the model of meaning finds what is said in the same language better. Nothing is read before there is an English text.

mod dictionary;
pub mod package;
mod words;

use crate::meaning::{Embedder, ModelError, Said, Vector};

pub(crate) use dictionary::SHIPPED;
pub use dictionary::{Dictionary, Translated};

/// Chinese characters of an English text: one in so many letters at most.
const HAN: usize = 10;

/// Is a text English, or like it?
#[must_use]
pub fn is_english(text: &str) -> bool {
    let (mut letters, mut han) = (0, 0);
    for c in text.chars() {
        letters += usize::from(c.is_ascii_alphabetic());
        han += usize::from(crate::matching::text::is_han(c));
    }
    letters > 1 && letters >= han * HAN
}

/// What texts mean, those in English with what their words mean in Chinese.
///
/// # Errors
/// As [`Embedder::understand`].
pub fn understand(texts: &[&str], by: &Embedder) -> Result<Vec<Said>, ModelError> {
    let mut said = by.understand(texts)?;
    for (text, said) in texts.iter().zip(&mut said) {
        if let Some(both) = in_both(text, &said.whole, by)? {
            said.whole = both;
        }
    }
    Ok(said)
}

/// What words that are searched for mean, as [`understand`] tells it of texts.
///
/// # Errors
/// As [`Embedder::understand`].
pub fn understand_search(words: &str, by: &Embedder) -> Result<Vector, ModelError> {
    let means = by.understand_search(words)?;
    Ok(in_both(words, &means, by)?.unwrap_or(means))
}

/// What lies between the meaning of an English text and that of its words in Chinese; nothing of other texts.
fn in_both(text: &str, means: &Vector, by: &Embedder) -> Result<Option<Vector>, ModelError> {
    let Some(dictionary) = is_english(text).then(Dictionary::shipped).flatten() else { return Ok(None) };
    let gloss = dictionary.gloss(text, &means.compact());
    if gloss.is_empty() {
        return Ok(None);
    }
    let chinese = meanings_of(&[&gloss], by)?.pop();
    Ok(chinese.map(|chinese| between(means, &without(&chinese, &dictionary.manner))))
}

fn between(one: &Vector, other: &Vector) -> Vector {
    Vector::towards(one.numbers().iter().zip(other.numbers()).map(|(one, other)| one + other).collect())
}

/// What texts mean as they stand there.
fn meanings_of(texts: &[&str], by: &Embedder) -> Result<Vec<Vector>, ModelError> {
    Ok(by.understand(texts)?.into_iter().map(|said| said.whole).collect())
}

/// A vector without what is common to its kind.
fn without(vector: &Vector, common: &[f32]) -> Vector {
    Vector::towards(vector.numbers().iter().zip(common).map(|(number, common)| number - common).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_formulae_and_names_is_not_english_for_that() {
        assert!(
            is_english("dye wastewater decolorization") && is_english("The boiler (锅炉) smokes too much at night")
        );
        for text in ["活性艳红X-3B的脱色", "TiO2光催化", "球墨铸铁", "", "5 %", "x"] {
            assert!(!is_english(text), "{text}");
        }
    }

    #[test]
    fn what_is_said_in_english_means_nearly_what_it_does_in_chinese() {
        let embedder = Embedder::shipped().expect("the model");
        let of = |text| understand(&[text], &embedder).expect("vectors").remove(0).whole;
        let record = of("活性艳红的微生物脱色\n白腐真菌降解偶氮染料废水。");
        let text = "dye wastewater decolorization";
        let english = embedder.understand(&[text]).expect("vectors").remove(0).whole;
        let (before, after) = (english.cosine(&record), of(text).cosine(&record));
        assert!(after > before + 0.05, "{before} {after}");
    }
}
