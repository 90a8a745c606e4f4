//! Files as rows: one after the other, so that memory does not grow with the file.

mod json;
mod tables;
mod workbook;

use std::fs::File;
use std::io::{Read, Seek};
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::ImportFormat;
use crate::problem::FieldFault;

/// What a cell of a table has.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    #[default]
    Empty,
    Text(String),
    Number(f64),
    Flag(bool),
}

impl Cell {
    /// What a person sees in it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

/// A row of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// As a person counts them: the first row, or line, is 1.
    pub number: i64,
    pub content: Content,
}

/// What a row has.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Cells(Vec<Cell>),
    Object(Map<String, Value>),
    /// A line that cannot be read, though those after it may.
    Unreadable(FieldFault),
}

/// Why a file, or the rest of it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is the file.
    #[error("{}", .0.detail.in_language(crate::problem::Language::English))]
    File(FieldFault),
    /// It is the disk.
    #[error("a file cannot be read: {0}")]
    Disk(#[from] std::io::Error),
}

impl ReadError {
    fn file(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::File(FieldFault::new("unreadable", zh.into(), en.into()))
    }
}

/// Hands over the rows of a file that are not blank, until somebody has had enough.
///
/// # Errors
/// If the file is not what it should be.
pub fn read(
    mut file: File,
    format: ImportFormat,
    sheet: Option<&str>,
    mut take: impl FnMut(Row) -> ControlFlow<()>,
) -> Result<(), ReadError> {
    file.rewind()?;
    match format {
        ImportFormat::Csv => tables::read(file, &mut take),
        ImportFormat::Xlsx => workbook::read(file, sheet, &mut take),
        ImportFormat::Ndjson => json::read_lines(file, &mut take),
        ImportFormat::Json => json::read_array(file, &mut take),
    }
}

/// How many rows a file seems to have; none where only reading it all would tell.
///
/// # Errors
/// If the file is not what it should be.
pub fn expected(mut file: File, format: ImportFormat, sheet: Option<&str>) -> Result<Option<i64>, ReadError> {
    file.rewind()?;
    let rows = match format {
        ImportFormat::Csv => Some(lines(file)? - 1),
        ImportFormat::Ndjson => Some(lines(file)?),
        ImportFormat::Xlsx => workbook::height(file, sheet)?.map(|rows| rows - 1),
        ImportFormat::Json => None,
    };
    Ok(rows.map(|rows| rows.max(0)))
}

fn lines(mut file: File) -> std::io::Result<i64> {
    let mut piece = vec![0; 64 * 1024];
    let (mut lines, mut last) = (0, b'\n');
    loop {
        let length = file.read(&mut piece)?;
        let Some(end) = piece[..length].last() else { return Ok(lines + i64::from(last != b'\n')) };
        last = *end;
        lines += i64::try_from(bytecount::count(&piece[..length], b'\n')).unwrap_or_default();
    }
}

/// The text of a cell that has more than blanks.
fn cell(text: &str) -> Cell {
    if text.trim().is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) }
}

#[cfg(test)]
pub(super) fn file_of(bytes: &[u8]) -> File {
    use std::io::Write;
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("room for it");
    file
}

#[cfg(test)]
pub(super) fn rows_of(bytes: &[u8], format: ImportFormat) -> Result<Vec<Row>, ReadError> {
    let mut rows = Vec::new();
    read(file_of(bytes), format, None, |row| {
        rows.push(row);
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}
