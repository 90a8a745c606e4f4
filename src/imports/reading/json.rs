//! Records as JSON: one on a line, or all in one array.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

use serde::de::{DeserializeSeed, Error as _, SeqAccess, Visitor};
use serde_json::Value;

use super::{Content, ReadError, Row};
use crate::problem::FieldFault;

/// Bytes of a line, at most: as of a body.
const MOST_OF_A_LINE: usize = 1024 * 1024;

/// Hands over the lines that are not blank.
///
/// # Errors
/// If the disk fails.
pub fn read_lines(file: File, take: &mut impl FnMut(Row) -> ControlFlow<()>) -> Result<(), ReadError> {
    let mut lines = BufReader::new(file);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let length = (&mut lines).take(MOST_OF_A_LINE as u64 + 1).read_until(b'\n', &mut line)?;
        if length == 0 {
            break;
        }
        let is_whole = length <= MOST_OF_A_LINE;
        if !is_whole {
            lines.skip_until(b'\n')?;
        }
        let text = line.strip_prefix("\u{feff}".as_bytes()).filter(|_| number == 1).unwrap_or(&line).trim_ascii();
        let content = if is_whole { object(serde_json::from_slice(text).ok()) } else { too_long() };
        if !text.is_empty() && take(Row { number, content }).is_break() {
            break;
        }
    }
    Ok(())
}

/// Hands over the items of an array.
///
/// # Errors
/// If it is no array.
pub fn read_array(file: File, take: &mut impl FnMut(Row) -> ControlFlow<()>) -> Result<(), ReadError> {
    let mut bytes = BufReader::new(file);
    if bytes.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
        bytes.consume('\u{feff}'.len_utf8());
    }
    let mut deserializer = serde_json::Deserializer::from_reader(bytes);
    let mut is_enough = false;
    let read = Items { take, is_enough: &mut is_enough }.deserialize(&mut deserializer);
    match read.and_then(|()| deserializer.end()) {
        Ok(()) => Ok(()),
        Err(_) if is_enough => Ok(()),
        Err(error) if error.is_io() => Err(ReadError::Disk(error.into())),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            Err(ReadError::file(
                format!("第 {line} 行第 {column} 列附近不是合法的 JSON 数组"),
                format!("not a valid JSON array near line {line}, column {column}"),
            ))
        }
    }
}

/// Takes the items as they come.
struct Items<'t, T> {
    take: &'t mut T,
    is_enough: &'t mut bool,
}

impl<'de, T: FnMut(Row) -> ControlFlow<()>> DeserializeSeed<'de> for Items<'_, T> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: FnMut(Row) -> ControlFlow<()>> Visitor<'de> for Items<'_, T> {
    type Value = ();

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("an array of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(item) = items.next_element::<Value>()? {
            number += 1;
            if (self.take)(Row { number, content: object(Some(item)) }).is_break() {
                *self.is_enough = true;
                return Err(A::Error::custom("enough"));
            }
        }
        Ok(())
    }
}

fn object(value: Option<Value>) -> Content {
    match value {
        Some(Value::Object(members)) => Content::Object(members),
        _ => Content::Unreadable(FieldFault::new("wrong_type", "应为 JSON 对象", "must be a JSON object")),
    }
}

fn too_long() -> Content {
    Content::Unreadable(FieldFault::new("too_long", "一行至多 1 MiB", "a line has at most 1 MiB"))
}

#[cfg(test)]
mod tests {
    use super::super::rows_of;
    use super::*;
    use crate::imports::ImportFormat;

    fn numbers(rows: &[Row]) -> Vec<(i64, bool)> {
        rows.iter().map(|row| (row.number, matches!(row.content, Content::Object(_)))).collect()
    }

    #[test]
    fn a_bad_line_spoils_no_other() {
        let long = format!("{{\"a\": \"{}\"}}", "x".repeat(MOST_OF_A_LINE));
        let text = format!("\u{feff}{{\"a\": 1}}\r\n\n[1]\n{long}\n{{\"b\"\n{{\"c\": 2}}");
        let rows = rows_of(text.as_bytes(), ImportFormat::Ndjson).expect("lines");
        assert_eq!(numbers(&rows), [(1, true), (3, false), (4, false), (5, false), (6, true)]);
    }

    #[test]
    fn an_array_is_read_item_by_item() {
        let rows = rows_of(b"[{\"a\": 1}, 2, {}]", ImportFormat::Json).expect("items");
        assert_eq!(numbers(&rows), [(1, true), (2, false), (3, true)]);
        for wrong in ["{\"a\": 1}", "[{\"a\": 1},", "[] x", ""] {
            assert!(rows_of(wrong.as_bytes(), ImportFormat::Json).is_err(), "{wrong}");
        }
        let mut count = 0;
        let enough = |_| {
            count += 1;
            ControlFlow::Break(())
        };
        super::super::read(super::super::file_of(b"[{}, {}"), ImportFormat::Json, None, enough).expect("enough");
        assert_eq!(count, 1);
    }
}
