//! Pinyin of names: full, by syllables, and initials from the front; every part of a Han name of two characters or more.

use std::collections::BTreeSet;

use pinyin::ToPinyinMulti;

use super::Normal;

/// Readings of one name; a name with many polyphonic characters has more than anyone types.
const MOST_READINGS: usize = 16;
/// Characters of a name that count; the rest of a long name of an organisation adds nothing.
const LONGEST: usize = 24;
/// Syllables that are typed of the middle of a long name: 恒锐 of 南皮恒锐五金制品有限公司.
const INNER: usize = 4;

/// What a name is found by, in normal form.
#[must_use]
pub fn name_terms(name: &str) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    for part in parts(name) {
        if part.iter().all(char::is_ascii_alphanumeric) {
            terms.insert(part.iter().collect());
            continue;
        }
        for length in 2..=part.len() {
            terms.extend(part.windows(length).map(|window| window.iter().collect::<String>()));
        }
        for reading in readings(&part) {
            for length in 2.min(reading.len())..=reading.len() {
                terms.insert(reading[..length].concat());
                terms.insert(reading[..length].iter().filter_map(|syllable| syllable.chars().next()).collect());
            }
        }
        for start in 1..part.len() {
            for reading in readings(&part[start..part.len().min(start + INNER)]) {
                terms.extend((2..=reading.len()).map(|length| reading[..length].concat()));
            }
        }
    }
    terms
}

/// Runs of letters of a name, without a remark in brackets.
fn parts(name: &str) -> Vec<Vec<char>> {
    let normal = Normal::of(name).chars;
    let remark = normal.iter().position(|c| matches!(c, '(' | '（' | '[')).filter(|place| *place > 0);
    let own = &normal[..remark.unwrap_or(normal.len())];
    own.split(|c| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(|part| part[..part.len().min(LONGEST)].to_vec())
        .collect()
}

/// The syllables of a text in every reading; none if some character has no pinyin.
fn readings(part: &[char]) -> Vec<Vec<&'static str>> {
    let mut readings: Vec<Vec<&'static str>> = vec![Vec::new()];
    for c in part {
        let syllables: BTreeSet<&'static str> =
            c.to_pinyin_multi().into_iter().flatten().map(pinyin::Pinyin::plain).collect();
        let longer = readings.iter().flat_map(|reading| {
            syllables.iter().map(|syllable| reading.iter().copied().chain([*syllable]).collect::<Vec<_>>())
        });
        readings = longer.take(MOST_READINGS).collect();
    }
    readings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_found_by_pinyin_initials_and_parts() {
        let terms = name_terms("陈志远（示例）");
        for term in ["陈志远", "志远", "chenzhiyuan", "czy", "chenzhi"] {
            assert!(terms.contains(term), "{term} is not among {terms:?}");
        }
        assert!(!terms.iter().any(|term| term.contains("示例") || term.contains("shili")));
    }

    #[test]
    fn polyphonic_surnames_have_all_their_readings() {
        let terms = name_terms("单雄信");
        assert!(terms.contains("shanxiongxin") && terms.contains("danxiongxin"), "{terms:?}");
        assert!(name_terms("欧阳修").contains("oyx"));
    }

    #[test]
    fn an_organisation_is_found_by_the_pinyin_of_its_own_word() {
        let terms = name_terms("南皮恒锐五金制品有限公司（示例）");
        assert!(terms.contains("hengrui") && terms.contains("nanpihengrui"), "{terms:?}");
    }

    #[test]
    fn a_long_name_has_a_bounded_number_of_terms() {
        assert!(name_terms(&"行".repeat(200)).len() < 1000);
        assert!(name_terms("").is_empty());
    }
}
