//! Names, titles and numbers in the form in which they are compared, and how near two of them are.

use crate::matching::text::simplified;
use crate::patents::{ApplicationNumber, PctNumber, PublicationNumber};

/// Titles are near from here on. Of the 1 999 000 pairs of the 2 000 real papers of the samples, all of them distinct, the
/// nearest two have 0.571 (four have more than 0.55), so that no pair of them is reported; a title of ten characters or more
/// that was said with 一种, 的 or 研究 more or less keeps 0.8 and above.
pub const NEAR_TITLE: f64 = 0.75;
/// Names of organisations are near from here on. The nearest two of the 94 sample organisations have 0.769; 河北工业大学 and
/// 河北农业大学 have 0.6, and names of firms that differ in one character before a long ending of one kind up to 0.82.
const NEAR_NAME: f64 = 0.85;
/// A name that goes on where another one ends is of a part of it: 河北工业大学材料学院. So many characters at least.
const PART_OF: usize = 4;
/// A number has so many letters and digits, and so many digits, at least: 无 and 001 are none.
const NUMBER: (usize, usize) = (6, 4);

/// A text in the form in which it is compared: NFKC, lower case, Simplified, letters and digits alone. Brackets fall away,
/// what stands in them stays.
#[must_use]
pub fn bare(text: &str) -> String {
    simplified(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// How near two titles are, 0 to 1: the Dice coefficient of their pairs of neighbouring characters in [`bare`] form, with
/// repetition. Titles whose numbers, Latin words or Chinese numerals differ are of two parts, types or years of the same
/// matter, not two spellings of one, and have 0.
#[must_use]
pub fn title_nearness(one: &str, other: &str) -> f64 {
    if marks(one) == marks(other) { dice(&bare(one), &bare(other)) } else { 0.0 }
}

/// How near two names of organisations are, 0 to 1; none if they are too far from each other.
#[must_use]
pub fn name_nearness(one: &str, other: &str) -> Option<f64> {
    let (one, other) = (bare(one), bare(other));
    let nearness = dice(&one, &other);
    let (short, long) = if one.len() < other.len() { (&one, &other) } else { (&other, &one) };
    let part = short.chars().count() >= PART_OF && long.starts_with(short.as_str());
    (part || nearness >= NEAR_NAME).then_some(nearness)
}

/// A number of intellectual property in the form in which it is compared: an application number without `CN`, `ZL` and
/// blanks, a publication number without its kind code, since an application and its grant are one; any other by its letters
/// and digits. None for what is no number.
#[must_use]
pub fn number(text: &str) -> Option<String> {
    let folded = simplified(text).to_uppercase();
    let compact: String = folded.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let marked = ["专利号", "申请号", "公开号", "公告号", ":", "NO.", "CN", "ZL"];
    let mut rest = compact.as_str();
    while let Some(next) = marked.iter().find_map(|mark| rest.strip_prefix(mark)) {
        if let Ok(number) = PublicationNumber::parse(rest) {
            return Some(without_kind_code(&number));
        }
        rest = next;
    }
    if let Ok(number) = ApplicationNumber::parse(rest) {
        return Some(number.to_string());
    }
    if let Ok(number) = PctNumber::parse(rest) {
        return Some(number.to_string());
    }
    let letters: String = rest.chars().filter(|c| c.is_alphanumeric()).take(100).collect();
    let digits = letters.chars().filter(char::is_ascii_digit).count();
    (letters.chars().count() >= NUMBER.0 && digits >= NUMBER.1).then_some(letters)
}

/// `CN112345678B2` as `CN112345678`.
fn without_kind_code(number: &str) -> String {
    let lettered = number.trim_end_matches(|c: char| c.is_ascii_digit());
    lettered.trim_end_matches(|c: char| c.is_ascii_uppercase()).to_owned()
}

/// Numbers, Latin words and Chinese numerals of a text, in their order. 一种 says nothing.
fn marks(text: &str) -> Vec<String> {
    let mut marks = vec![String::new()];
    for c in simplified(text).replace("一种", "").chars() {
        match (c.is_ascii_alphanumeric(), "一二三四五六七八九十".contains(c)) {
            (true, _) => marks.last_mut().into_iter().for_each(|mark| mark.push(c)),
            (_, true) => marks.extend([c.to_string(), String::new()]),
            _ if marks.last().is_some_and(|mark| !mark.is_empty()) => marks.push(String::new()),
            _ => {}
        }
    }
    marks.retain(|mark| !mark.is_empty());
    marks
}

/// The Dice coefficient of the pairs of neighbouring characters; texts without any are compared whole.
fn dice(one: &str, other: &str) -> f64 {
    if one == other {
        return if one.is_empty() { 0.0 } else { 1.0 };
    }
    share(&pairs(one), &pairs(other))
}

/// The pairs of neighbouring characters, in order.
fn pairs(text: &str) -> Vec<(char, char)> {
    let mut pairs: Vec<_> = text.chars().zip(text.chars().skip(1)).collect();
    pairs.sort_unstable();
    pairs
}

/// What two lists in order share of both.
fn share(one: &[(char, char)], other: &[(char, char)]) -> f64 {
    let (mut left, mut right, mut shared) = (0, 0, 0);
    while let (Some(a), Some(b)) = (one.get(left), other.get(right)) {
        shared += usize::from(a == b);
        left += usize::from(a <= b);
        right += usize::from(b <= a);
    }
    let all = one.len() + other.len();
    if all == 0 { 0.0 } else { (2 * shared) as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use serde_json::Value;

    use super::*;

    #[test]
    fn titles_that_are_said_a_little_otherwise_are_near() {
        for (one, other) in [
            ("球墨铸铁件缩松缺陷的控制方法", "球墨铸铁件缩松缺陷控制方法"),
            ("球墨铸铁件缩松缺陷的控制方法", "球墨鑄鐵件縮鬆缺陷的控制方法"),
            ("球墨铸铁件缩松缺陷的控制方法", "一种球墨铸铁件缩松缺陷的控制方法"),
            ("印染废水脱色工艺", "印染废水脱色工艺研究"),
            ("Fe3O4 纳米颗粒的制备", "Ｆｅ3Ｏ4纳米颗粒制备"),
        ] {
            assert!(title_nearness(one, other) >= NEAR_TITLE, "{one} {other} {}", title_nearness(one, other));
            assert!((title_nearness(one, other) - title_nearness(other, one)).abs() < 1e-9);
        }
    }

    #[test]
    fn parts_types_and_years_of_a_matter_are_not_one() {
        for (one, other) in [
            ("沧州旱碱麦育种技术研究（Ⅰ）", "沧州旱碱麦育种技术研究（Ⅱ）"),
            ("大型铸件凝固过程数值模拟之一", "大型铸件凝固过程数值模拟之二"),
            ("SMC-40 型冲床送料机构设计", "SMC-60 型冲床送料机构设计"),
            ("2019 年冬小麦品种区域试验", "2020 年冬小麦品种区域试验"),
            ("栾树的播种育苗及栽培技术", "紫丁香的育苗及栽培技术"),
            ("", ""),
        ] {
            assert!(title_nearness(one, other) < NEAR_TITLE, "{one} {other}");
        }
    }

    #[test]
    fn no_two_of_the_real_papers_are_near() {
        let mut papers = String::new();
        let packed = include_bytes!("../../samples/results.jsonl.gz");
        GzDecoder::new(packed.as_slice()).read_to_string(&mut papers).expect("papers");
        let titles: Vec<String> = papers
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok()?["title"].as_str().map(bare))
            .collect();
        assert_eq!(titles.len(), 2000);
        let pairs: Vec<_> = titles.iter().map(|title| pairs(title)).collect();
        let others = |place: usize| pairs[place + 1..].iter();
        let nearest = (0..pairs.len()).flat_map(|place| others(place).map(move |other| (place, other)));
        let nearest = nearest.map(|(place, other)| share(&pairs[place], other)).fold(0.0, f64::max);
        assert!((0.57..0.58).contains(&nearest), "{nearest}");
    }

    #[test]
    fn names_are_near_if_they_are_one_or_of_a_part() {
        for (one, other) in [
            ("河北工业大学", "河北工業大學"),
            ("河北工业大学（示例）", "河北工业大学(示例)"),
            ("河北工业大学", "河北工业大学材料科学与工程学院"),
        ] {
            assert!(name_nearness(one, other).is_some(), "{one} {other}");
        }
        for (one, other) in [
            ("河北工业大学", "河北农业大学"),
            ("沧州市第一中学", "沧州市第二中学"),
            ("南皮恒锐五金制品有限公司", "南皮恒达五金制品有限公司"),
            ("南皮", "南皮县五金厂"),
        ] {
            assert!(name_nearness(one, other).is_none(), "{one} {other}");
        }
    }

    #[test]
    fn numbers_are_one_in_all_their_notations() {
        for same in [
            "ZL 2017 1 0601862.3",
            "ＣＮ２０１７１０６０１８６２．３",
            "201710601862.3",
            "zl2017106018623",
            "专利号：ZL201710601862.3",
            "CNZL201710601862.3",
        ] {
            assert_eq!(number(same).as_deref(), Some("201710601862.3"), "{same}");
        }
        assert_eq!(number("CN112345678A"), number("cn 112345678 B"));
        assert_eq!(number("CN112345678B8").as_deref(), Some("CN112345678"));
        assert_eq!(number("pct/cn2020/123456").as_deref(), Some("PCT/CN2020/123456"));
        assert_eq!(number("2020SR-0123456").as_deref(), Some("2020SR0123456"));
        for none in ["", "无", "001", "待定", "申请中", "CN", "ABCDEFGH"] {
            assert_eq!(number(none), None, "{none}");
        }
    }
}
