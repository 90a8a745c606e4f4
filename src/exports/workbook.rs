//! Records as a workbook (ECMA-376), made row by row in a file, and sent once it is whole.

use std::fs::File;
use std::io::{Read, Seek};

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::reader::{Batches, BrokenOff};
use crate::registry::columns::{Column, Holds, all_columns};
use crate::registry::{Concept, Kind};

/// Rows that a sheet has room for, beside its heading.
const MOST_ROWS: u32 = 1_048_575;

/// Characters that a cell has room for.
const MOST_CHARACTERS: usize = 32_767;

/// Bytes that are sent at a time.
const PIECE: usize = 64 * 1024;

/// Why there is no workbook.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookError {
    #[error("a workbook cannot be written: {0}")]
    Write(#[from] XlsxError),
    #[error("a workbook has no room for more than {MOST_ROWS} records")]
    TooMany,
    #[error(transparent)]
    BrokenOff(#[from] BrokenOff),
    #[error("a workbook cannot be kept: {0}")]
    File(#[from] std::io::Error),
    #[error("a record is no JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Writes all records that come into a file without a name.
///
/// # Errors
/// If there are too many, if they break off, or if the disk is full.
pub fn written<C: Concept>(mut batches: Batches<C>) -> Result<File, WorkbookError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    head(sheet, C::KIND)?;
    let mut row = 0;
    while let Some(batch) = batches.blocking_recv() {
        for record in batch? {
            row += 1;
            if row > MOST_ROWS {
                return Err(WorkbookError::TooMany);
            }
            let record = serde_json::to_value(&record)?;
            for (place, column) in (0..).zip(all_columns(C::KIND)) {
                fill(sheet, (row, place), column, &column.cell(&record))?;
            }
        }
    }
    let mut file = tempfile::tempfile()?;
    workbook.save_to_writer(&mut file)?;
    file.rewind()?;
    Ok(file)
}

/// The names of the fields, and how people call them.
fn head(sheet: &mut Worksheet, kind: Kind) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    for (place, column) in (0..).zip(all_columns(kind)) {
        sheet.write_string_with_format(0, place, column.name, &bold)?;
        sheet.set_column_width(place, 18)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

/// A text stays a text, whatever it begins with. One that is too long for a cell is cut.
fn fill(sheet: &mut Worksheet, (row, place): (u32, u16), column: &Column, text: &str) -> Result<(), XlsxError> {
    match (column.holds, text.parse::<f64>()) {
        _ if text.is_empty() => {}
        (Holds::Number, Ok(number)) => _ = sheet.write_number(row, place, number)?,
        _ if text.encode_utf16().count() > MOST_CHARACTERS => {
            let cut: String = text
                .chars()
                .scan(0, |length, c| {
                    *length += c.len_utf16();
                    (*length <= MOST_CHARACTERS).then_some(c)
                })
                .collect();
            sheet.write_string(row, place, cut)?;
        }
        _ => _ = sheet.write_string(row, place, text)?,
    }
    Ok(())
}

/// The next piece of a file; nothing at its end.
///
/// # Errors
/// If the disk fails.
pub fn piece(file: &mut File) -> std::io::Result<Option<Vec<u8>>> {
    let mut piece = vec![0; PIECE];
    let length = file.read(&mut piece)?;
    piece.truncate(length);
    Ok((length > 0).then_some(piece))
}
