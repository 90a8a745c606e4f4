//! What a clause begins with: 一、（一）1. 1.1 （1）① 第三条 and their like (GB/T 9704-2012, 7.3.3; 立法技术规范（试行）).

use super::text::{is_space, starts_with};

/// The styles of numbers, each a level of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Style {
    /// 第一编, 第一部分
    Volume,
    /// 第一章
    Chapter,
    /// 第一节
    Section,
    /// 第一条
    Article,
    /// 第一款
    Paragraph,
    /// 第一项
    Item,
    /// 一、
    Chinese,
    /// （一）
    ChineseBracketed,
    /// 1.
    Digit,
    /// 1.1, with as many levels as it has dots.
    Decimal(usize),
    /// （1） and 1)
    DigitBracketed,
    /// ①
    Circled,
}

/// A number at the start of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    pub style: Style,
    pub value: u32,
    /// Characters of the number as it is written.
    pub number: usize,
    /// Characters up to what it numbers.
    pub length: usize,
    /// It could be running text as well; only the right next number makes it one.
    pub weak: bool,
    /// What stands before the last level of a number with several.
    pub before: Vec<u32>,
}

/// The number that a line, in plain form, begins with.
#[must_use]
pub fn marker(line: &[char]) -> Option<Marker> {
    let mut found = ordinal(line)
        .or_else(|| chinese(line))
        .or_else(|| bracketed(line))
        .or_else(|| single(line))
        .or_else(|| digits(line))?;
    found.length = found.number + line.iter().skip(found.number).take_while(|c| is_space(**c)).count();
    (found.length <= line.len()).then_some(found)
}

fn strong(style: Style, value: u32, number: usize) -> Option<Marker> {
    (value > 0).then(|| Marker { style, value, number, length: number, weak: false, before: Vec::new() })
}

/// 第三条, 第3条, 第一部分.
fn ordinal(line: &[char]) -> Option<Marker> {
    let rest = line.strip_prefix(&['第'])?;
    let (value, length) = chinese_number(rest).or_else(|| arabic(rest, 4))?;
    let unit = rest.get(length..)?;
    let (style, unit_length) = match unit.first()? {
        '编' => (Style::Volume, 1),
        '部' if starts_with(unit, "部分") => (Style::Volume, 2),
        '章' => (Style::Chapter, 1),
        '节' => (Style::Section, 1),
        '条' => (Style::Article, 1),
        '款' => (Style::Paragraph, 1),
        '项' => (Style::Item, 1),
        _ => return None,
    };
    let after = unit.get(unit_length..)?;
    let set_off = after.first().is_none_or(|c| is_space(*c) || "【[(:、.".contains(*c));
    let mut found = strong(style, value, 1 + length + unit_length)?;
    found.weak = !set_off;
    // 第三条规定的 and 第三条、第四条 speak of an article.
    let speaks = ["规定", "第", "和", "与", "及", "或", "至", "到", "所", "的", "之", "中", "、第", "(第", "款", "项"];
    if speaks.iter().any(|word| starts_with(after, word)) {
        return None;
    }
    if after.first().is_some_and(|c| ":、.".contains(*c)) {
        found.number += 1;
    }
    Some(found)
}

/// 一、 and 十二．
fn chinese(line: &[char]) -> Option<Marker> {
    let (value, length) = chinese_number(line)?;
    matches!(line.get(length)?, '、' | '.' | '﹑').then(|| strong(Style::Chinese, value, length + 1))?
}

/// （一）, （1） and 1)
fn bracketed(line: &[char]) -> Option<Marker> {
    let opened = line.first() == Some(&'(');
    let rest = line.get(usize::from(opened)..)?;
    let rest = rest.get(rest.iter().take_while(|c| opened && is_space(**c)).count()..)?;
    let inner = line.len() - rest.len();
    let (style, value, length) = match chinese_number(rest) {
        Some((value, length)) => (Style::ChineseBracketed, value, length),
        None => arabic(rest, 3).map(|(value, length)| (Style::DigitBracketed, value, length))?,
    };
    let spaces = rest.iter().skip(length).take_while(|c| opened && is_space(**c)).count();
    if rest.get(length + spaces) != Some(&')') || (!opened && style == Style::ChineseBracketed && length > 3) {
        return None;
    }
    let mut number = inner + length + spaces + 1;
    if line.get(number).is_some_and(|c| "、.".contains(*c)) {
        number += 1;
    }
    strong(style, value, number)
}

/// ①, ⑴, ⒈, ㈠: numbers in one character.
fn single(line: &[char]) -> Option<Marker> {
    let first = *line.first()?;
    let (style, zero) = match first {
        '①'..='⑳' => (Style::Circled, '①'),
        '⑴'..='⒇' => (Style::DigitBracketed, '⑴'),
        '⒈'..='⒛' => (Style::Digit, '⒈'),
        '㈠'..='㈩' => (Style::ChineseBracketed, '㈠'),
        '❶'..='❿' => (Style::Circled, '❶'),
        _ => return None,
    };
    strong(style, u32::from(first) - u32::from(zero) + 1, 1)
}

/// 1. and 1、 and 1.2.3, but not 1.5% or 2.3亿元.
fn digits(line: &[char]) -> Option<Marker> {
    let (first, mut length) = arabic(line, 3)?;
    let mut levels = vec![first];
    while line.get(length) == Some(&'.') {
        let Some((level, more)) = line.get(length + 1..).and_then(|rest| arabic(rest, 3)) else { break };
        levels.push(level);
        length += 1 + more;
    }
    let value = levels.pop()?;
    if levels.is_empty() {
        return matches!(line.get(length)?, '.' | '、' | '﹑').then(|| strong(Style::Digit, value, length + 1))?;
    }
    let dotted = usize::from(matches!(line.get(length), Some('.' | '、')));
    let unit =
        line.get(length).is_none_or(|c| "%‰℃°亿万千百倍个元米吨年月亩度克级分公平小时天人家项/-~至".contains(*c));
    if levels.len() > 3 || unit && dotted == 0 {
        return None;
    }
    let mut found = strong(Style::Decimal(levels.len()), value, length + dotted)?;
    (found.weak, found.before) = (true, levels);
    Some(found)
}

/// A number in Arabic digits, of at most so many.
fn arabic(text: &[char], most: usize) -> Option<(u32, usize)> {
    let length = text.iter().take_while(|c| c.is_ascii_digit()).count();
    let value = text.iter().take(length).try_fold(0, |value: u32, c| Some(value.checked_mul(10)? + c.to_digit(10)?));
    (1..=most).contains(&length).then_some(value?).map(|value| (value, length))
}

/// A Chinese number below ten thousand, and how long it is.
#[must_use]
pub fn chinese_number(text: &[char]) -> Option<(u32, usize)> {
    let digit =
        |c: &char| "〇一二三四五六七八九".chars().position(|known| known == *c || (known == '〇' && *c == '零'));
    let unit = |c: &char| match c {
        '十' => Some(10),
        '百' => Some(100),
        '千' => Some(1000),
        _ => None,
    };
    let length = text.iter().take(12).take_while(|c| digit(c).is_some() || unit(c).is_some()).count();
    let written = text.get(..length).filter(|written| !written.is_empty() && length < 12)?;
    if !written.iter().any(|c| unit(c).is_some()) {
        // 一五 is fifteen, as years are written.
        let read =
            written.iter().try_fold(0, |value: u32, c| u32::try_from(digit(c)?).ok().map(|digit| value * 10 + digit));
        return read.filter(|_| length <= 4).map(|value| (value, length));
    }
    let (mut value, mut pending) = (0, None);
    for c in written {
        match (digit(c), unit(c)) {
            (Some(digit), _) => pending = u32::try_from(digit).ok(),
            (_, Some(unit)) => {
                value += pending.take().filter(|digit| *digit > 0).unwrap_or(1) * unit;
            }
            _ => return None,
        }
    }
    Some((value + pending.unwrap_or(0), length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::cutting::text::Text;

    fn read(line: &str) -> Option<(Style, u32, String)> {
        let text = Text::of(line);
        let found = marker(text.plain(&(0..line.chars().count())))?;
        Some((found.style, found.value, line.chars().skip(found.length).collect()))
    }

    #[test]
    fn numbers_of_every_style_are_read_in_either_script_and_width() {
        let rest = |rest: &str| rest.to_owned();
        for (line, style, value) in [
            ("一、總體", Style::Chinese, 1),
            ("二十三、總體", Style::Chinese, 23),
            ("（十）總體", Style::ChineseBracketed, 10),
            ("( 一 )總體", Style::ChineseBracketed, 1),
            ("㈢總體", Style::ChineseBracketed, 3),
            ("1.總體", Style::Digit, 1),
            ("１．總體", Style::Digit, 1),
            ("12、總體", Style::Digit, 12),
            ("⒊總體", Style::Digit, 3),
            ("（1）總體", Style::DigitBracketed, 1),
            ("2)總體", Style::DigitBracketed, 2),
            ("⑵總體", Style::DigitBracketed, 2),
            ("③總體", Style::Circled, 3),
            ("第一編　總體", Style::Volume, 1),
            ("第二部分 總體", Style::Volume, 2),
            ("第十章 總體", Style::Chapter, 10),
            ("第一百零二條　總體", Style::Article, 102),
            ("第3条總體", Style::Article, 3),
            ("1.2 總體", Style::Decimal(1), 2),
            ("1.2.3總體", Style::Decimal(2), 3),
        ] {
            assert_eq!(read(line), Some((style, value, rest("總體"))), "{line}");
        }
    }

    #[test]
    fn numbers_of_running_text_are_none() {
        for line in [
            "1.5%的补助",
            "2.3亿元",
            "2020年9月",
            "2020.9.30",
            "一是加强",
            "第三条规定的企业",
            "第三条、第四条所称",
            "第一，",
            "十四五期间",
            "(以下简称)",
            "3家企业",
            "一",
            "",
            "第",
            "(",
            "(1",
            "1",
            "1.",
            "第一百",
        ] {
            assert!(read(line).is_none_or(|found| found.2.is_empty()), "{line}: {:?}", read(line));
        }
    }
}
