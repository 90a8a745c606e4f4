//! What a cell says, as the value of a field: the word of a list for what people say, a code for a name, a date however it
//! is written.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::NaiveDate;
use serde_json::{Number, Value, json};

use super::property;
use super::reading::Cell;
use crate::matching::text::simplified;
use crate::problem::FieldFault;
use crate::registry::codes::{CodeList, industries, regions};
use crate::registry::columns::{Column, Holds, Values};
use crate::registry::words::Words;

/// Names that are told of those that are near.
const NEAR: usize = 3;

/// The value of a cell; null for an empty one.
///
/// # Errors
/// What it cannot be.
pub fn value(column: &Column, cell: &Cell) -> Result<Value, FieldFault> {
    let shown = match cell {
        Cell::Empty => return Ok(Value::Null),
        Cell::Number(number) if column.holds == Holds::Number => return Ok(number_of(*number)),
        Cell::Flag(flag) if column.holds == Holds::Flag => return Ok(Value::Bool(*flag)),
        other => other.shown(),
    };
    let text = shown.trim();
    if text.contains('\u{FFFD}') {
        return Err(FieldFault::new(
            "encoding",
            "有无法识别的字符，请将文件另存为 UTF-8",
            "has characters that cannot be read; save the file as UTF-8",
        ));
    }
    match column.holds {
        Holds::Text => one(column.of, text).map(Value::String),
        Holds::Number => number(text),
        Holds::Flag => flag(text).map(Value::Bool),
        Holds::List => {
            split(text, true).map(|item| one(column.of, item)).collect::<Result<Vec<_>, _>>().map(Value::from)
        }
        Holds::Phrases => Ok(split(text, false).collect::<Vec<_>>().into()),
        Holds::Items if text.starts_with('[') => {
            serde_json::from_str(text).map_err(|_| FieldFault::new("format", "不是合法的 JSON", "is no valid JSON"))
        }
        Holds::Items if column.name == "attachments" => property::attachments(text),
        Holds::Items => property::items(text),
    }
}

/// The items of a cell: between semicolons, bars or lines, and if there are none of these, between commas.
pub(super) fn split(text: &str, at_commas: bool) -> impl Iterator<Item = &str> {
    const STRONG: [char; 5] = ['；', ';', '\n', '|', '｜'];
    const WEAK: [char; 3] = ['、', '，', ','];
    let is_strong = text.contains(STRONG);
    let at = move |c: char| STRONG.contains(&c) || (at_commas && !is_strong && WEAK.contains(&c));
    text.split(at).map(str::trim).filter(|item| !item.is_empty())
}

/// One text as what the column takes.
fn one(of: Values, text: &str) -> Result<String, FieldFault> {
    match of {
        Values::Words(words) => word(words, text),
        Values::Industries => code(industries(), &INDUSTRIES, text),
        Values::Regions => code(regions(), &REGIONS, text),
        // A drop-down may have the name behind the code.
        Values::Disciplines => Ok(text.split_whitespace().next().unwrap_or_default().to_owned()),
        Values::Days => day(text),
        Values::Any | Values::Records(_) => Ok(text.to_owned()),
    }
}

/// The word of a list, for itself or for what people say.
pub(super) fn word(words: Words, text: &str) -> Result<String, FieldFault> {
    let wanted = simplified(text);
    let found = words.iter().find(|(word, zh)| *word == wanted || *zh == wanted);
    found.map(|(word, _)| (*word).to_owned()).ok_or_else(|| {
        let zh: Vec<&str> = words.iter().map(|(_, zh)| *zh).collect();
        let en: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        FieldFault::new(
            "not_allowed",
            format!("只能是：{}", zh.join("、")),
            format!("must be one of: {}", en.join(", ")),
        )
    })
}

/// Codes by name.
type Names = HashMap<String, Vec<&'static str>>;

static INDUSTRIES: LazyLock<Names> = LazyLock::new(|| names(industries()));
static REGIONS: LazyLock<Names> = LazyLock::new(|| names(regions()));

/// Codes by their names, and by those of all that they lie in, put together: 河北省沧州市南皮县.
fn names(list: &'static CodeList) -> Names {
    let mut names: Names = HashMap::new();
    for item in list.items() {
        let mut path: Vec<&str> = list.path(&item.code).map(|above| above.name.as_str()).collect();
        while path.len() > 1 {
            let whole: String = path.iter().rev().copied().collect();
            names.entry(whole).or_default().push(&item.code);
            path.pop();
        }
        names.entry(item.name.clone()).or_default().push(&item.code);
    }
    names
}

/// The code of a list, for itself, with its name behind it, or for a name that only one has.
fn code(list: &'static CodeList, names: &Names, text: &str) -> Result<String, FieldFault> {
    let first = text.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    if let Some(item) = list.find(&first) {
        return Ok(item.code.clone());
    }
    let name: String = simplified(text).split_whitespace().collect();
    match names.get(&name).map(Vec::as_slice) {
        Some([code]) => Ok((*code).to_owned()),
        // What is divided once only has the name of what it is a part of.
        Some([code, rest @ ..]) if rest.iter().all(|other| list.path(other).any(|above| above.code == **code)) => {
            Ok((*code).to_owned())
        }
        Some(codes) => {
            Err(told(list, codes.iter().copied(), "ambiguous", "不止一个叫这个名称", "several have this name"))
        }
        None => {
            let near = list.items().iter().filter(|item| !name.is_empty() && item.name.contains(&name));
            Err(told(
                list,
                near.map(|item| item.code.as_str()),
                "unknown_code",
                "没有这个代码或名称",
                "no such code or name",
            ))
        }
    }
}

/// A fault with some of the codes that may be meant.
fn told<'c>(
    list: &CodeList,
    codes: impl Iterator<Item = &'c str>,
    fault: &'static str,
    zh: &str,
    en: &str,
) -> FieldFault {
    let named = codes.filter_map(|code| list.find(code)).take(NEAR).map(|item| format!("{} {}", item.code, item.name));
    let named: Vec<String> = named.collect();
    if named.is_empty() {
        return FieldFault::new(fault, zh.to_owned(), en.to_owned());
    }
    FieldFault::new(
        fault,
        format!("{zh}；可能是：{}", named.join("、")),
        format!("{en}; it may be {}", named.join(", ")),
    )
}

/// A date of four, two and two digits, whatever stands between them.
fn day(text: &str) -> Result<String, FieldFault> {
    let date = text.split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<&str> = date.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let (year, month, day) = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => (*year, *month, *day),
        [all] if all.len() == 8 => (&all[..4], &all[4..6], &all[6..]),
        _ => return Err(no_day()),
    };
    let number = |part: &str| part.parse::<u32>().map_err(|_| no_day());
    let date = NaiveDate::from_ymd_opt(year.parse().map_err(|_| no_day())?, number(month)?, number(day)?);
    date.map(|date| date.to_string()).ok_or_else(no_day)
}

fn no_day() -> FieldFault {
    FieldFault::new("format", "应为日期，如 2026-03-01", "must be a date, such as 2026-03-01")
}

/// A number, with separators, a unit, and 万 or 亿 behind it.
fn number(text: &str) -> Result<Value, FieldFault> {
    let bare: String = simplified(text).chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    let bare = bare.strip_prefix("trl").or_else(|| bare.strip_prefix('¥')).unwrap_or(&bare);
    let bare = ["元", "级"].iter().find_map(|unit| bare.strip_suffix(unit)).unwrap_or(bare);
    let units = [("万", 1e4), ("亿", 1e8)];
    let (bare, unit) =
        units.iter().find_map(|(name, unit)| Some((bare.strip_suffix(name)?, *unit))).unwrap_or((bare, 1.0));
    let is_plain = bare.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
    match bare.parse::<f64>() {
        // 0.1 万 is 1 000, not 1 000.0000000000001.
        Ok(number) if is_plain => Ok(number_of((number * unit * 100.0).round() / 100.0)),
        _ => Err(FieldFault::new("format", "应为数字", "must be a number")),
    }
}

/// A number; a whole one where it has no fraction.
fn number_of(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9.0e15 {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number of at most 53 bits")]
        return json!(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

fn flag(text: &str) -> Result<bool, FieldFault> {
    match simplified(text).as_str() {
        "是" | "有" | "面议" | "true" | "yes" | "y" | "1" | "√" | "✓" => Ok(true),
        "否" | "无" | "false" | "no" | "n" | "0" | "×" => Ok(false),
        _ => Err(FieldFault::new("not_allowed", "只能是：是、否", "must be one of: yes, no")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Kind;
    use crate::registry::columns::columns;

    fn read(kind: Kind, name: &str, text: &str) -> Result<Value, &'static str> {
        let column = columns(kind).iter().find(|column| column.name == name).expect("a column");
        value(column, &Cell::Text(text.to_owned())).map_err(|fault| fault.code)
    }

    #[test]
    fn people_say_words_of_lists_in_either_language_and_script() {
        for text in ["new", "工艺"] {
            assert_eq!(read(Kind::Result, "form", text), Err("not_allowed"));
        }
        for text in ["新工艺", "新工藝", "process", " Process "] {
            assert_eq!(read(Kind::Result, "form", text), Ok(json!("process")));
        }
        assert_eq!(read(Kind::Result, "cooperation", "转让、许可"), Ok(json!(["transfer", "license"])));
    }

    #[test]
    fn codes_are_named_as_people_name_them() {
        for text in ["130927", "130927 南皮县", "南皮县", "河北省沧州市南皮县", "沧州市南皮县", "河北省 滄州市 南皮縣"]
        {
            assert_eq!(read(Kind::Result, "region", text), Ok(json!("130927")), "{text}");
        }
        assert_eq!(read(Kind::Result, "region", "新华区"), Err("ambiguous"));
        assert_eq!(read(Kind::Result, "region", "沧州市新华区"), Ok(json!("130902")));
        assert_eq!(read(Kind::Result, "region", "南皮"), Err("unknown_code"));
        assert_eq!(read(Kind::Result, "industries", "c3311; 3391"), Ok(json!(["C3311", "C3391"])));
        assert_eq!(read(Kind::Result, "disciplines", "430"), Ok(json!(["430"])));
        let column = columns(Kind::Result).iter().find(|column| column.name == "region").expect("a column");
        let near = value(column, &Cell::Text("南皮".to_owned())).expect_err("a fault");
        assert!(near.detail.in_language(crate::problem::Language::Chinese).contains("130927 南皮县"));
    }

    #[test]
    fn dates_and_numbers_are_read_however_they_are_written() {
        for text in ["2026-03-01", "2026/3/1", "2026年3月1日", "2026.3.1", "20260301", "2026-03-01 08:00:00"] {
            assert_eq!(read(Kind::Policy, "published_on", text), Ok(json!("2026-03-01")), "{text}");
        }
        for text in ["2026-02-30", "3月1日", "明年", "1.3.2026"] {
            assert_eq!(read(Kind::Policy, "published_on", text), Err("format"), "{text}");
        }
        for (text, number) in [
            ("6", json!(6)),
            ("TRL 6", json!(6)),
            ("６级", json!(6)),
            ("50万元", json!(500_000)),
            ("1,000", json!(1000)),
        ] {
            assert_eq!(read(Kind::Result, "maturity", text), Ok(number), "{text}");
        }
        assert_eq!(read(Kind::Result, "asking_price.min", "0.1万"), Ok(json!(1000)));
        assert_eq!(read(Kind::Result, "asking_price.min", "1.1 亿元"), Ok(json!(110_000_000)));
        assert_eq!(read(Kind::Result, "asking_price.min", "1.5"), Ok(json!(1.5)));
        for text in ["面议", "inf", "1e5", ""] {
            assert!(read(Kind::Result, "asking_price.min", text) == Err("format"), "{text}");
        }
        assert_eq!(read(Kind::Result, "asking_price.negotiable", "是"), Ok(json!(true)));
    }

    #[test]
    fn lists_are_split_where_they_mean_it() {
        assert_eq!(read(Kind::Result, "keywords", "缩松、冒口，冷铁"), Ok(json!(["缩松", "冒口", "冷铁"])));
        assert_eq!(read(Kind::Result, "keywords", "Fe, C；冒口"), Ok(json!(["Fe, C", "冒口"])));
        assert_eq!(
            read(Kind::Result, "awards", "省科技进步奖，二等奖\n市发明奖"),
            Ok(json!(["省科技进步奖，二等奖", "市发明奖"]))
        );
    }

    #[test]
    fn a_number_in_a_column_of_texts_is_a_text() {
        let column = columns(Kind::Result).iter().find(|column| column.name == "region").expect("a column");
        assert_eq!(value(column, &Cell::Number(130_927.0)).ok(), Some(json!("130927")));
        assert_eq!(value(column, &Cell::Empty).ok(), Some(Value::Null));
        assert_eq!(value(column, &Cell::Text("\u{FFFD}".to_owned())).map_err(|fault| fault.code), Err("encoding"));
    }
}
