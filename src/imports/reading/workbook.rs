//! Workbooks (ECMA-376), read cell by cell.

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::ControlFlow;

use calamine::{DataRef, Reader, Xlsx, XlsxError, open_workbook_from_rs};
use zip::ZipArchive;

use super::{Cell, Content, ReadError, Row, cell};

/// Bytes of what is held in memory, unpacked: the texts that cells share, styles, names.
const MOST_HELD: u64 = 256 * 1024 * 1024;
/// Columns, at most; ours are less than thirty.
const MOST_COLUMNS: u32 = 1000;
/// A day is at most what a spreadsheet can say.
const A_DAY: u16 = 1900;

/// Hands over the rows of a sheet that are not blank.
///
/// # Errors
/// If it is no workbook, has no such sheet, or is made to fill the memory.
pub fn read(file: File, sheet: Option<&str>, take: &mut impl FnMut(Row) -> ControlFlow<()>) -> Result<(), ReadError> {
    let mut workbook = open(file)?;
    let sheet = sheet_of(&workbook, sheet)?;
    let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(unreadable)?;
    let mut row = Row { number: 0, content: Content::Cells(Vec::new()) };
    while let Some(next) = cells.next_cell().map_err(unreadable)? {
        let (place, column) = next.get_position();
        let number = i64::from(place) + 1;
        if number != row.number {
            let done = std::mem::replace(&mut row, Row { number, content: Content::Cells(Vec::new()) });
            if hand_over(done, take).is_break() {
                return Ok(());
            }
        }
        let value = value_of(next.get_value());
        if let Content::Cells(cells) = &mut row.content
            && value != Cell::Empty
            && column < MOST_COLUMNS
        {
            let column = column as usize;
            cells.resize(cells.len().max(column + 1), Cell::Empty);
            cells[column] = value;
        }
    }
    // Whether there are more does not matter at the end.
    let _ = hand_over(row, take);
    Ok(())
}

/// How many rows a sheet says it has.
///
/// # Errors
/// Those of [`read`].
pub fn height(file: File, sheet: Option<&str>) -> Result<Option<i64>, ReadError> {
    let mut workbook = open(file)?;
    let sheet = sheet_of(&workbook, sheet)?;
    let cells = workbook.worksheet_cells_reader(&sheet).map_err(unreadable)?;
    let size = cells.dimensions();
    Ok((size.end.0 > 0).then(|| i64::from(size.end.0) + 1))
}

fn hand_over(row: Row, take: &mut impl FnMut(Row) -> ControlFlow<()>) -> ControlFlow<()> {
    match &row.content {
        Content::Cells(cells) if cells.is_empty() => ControlFlow::Continue(()),
        _ => take(row),
    }
}

fn open(file: File) -> Result<Xlsx<BufReader<File>>, ReadError> {
    let mut archive = ZipArchive::new(BufReader::new(file.try_clone()?)).map_err(|_| no_workbook())?;
    let mut held = 0;
    for place in 0..archive.len() {
        let part = archive.by_index(place).map_err(|_| no_workbook())?;
        let is_sheet = part.name().map_err(|_| no_workbook())?.starts_with("xl/worksheets/");
        if !is_sheet {
            // What a part says of its size may be a lie.
            held += std::io::copy(&mut part.take(MOST_HELD), &mut std::io::sink()).map_err(|_| no_workbook())?;
        }
        if held >= MOST_HELD {
            return Err(ReadError::file("工作簿解开后过大", "the workbook is too large, unpacked"));
        }
    }
    open_workbook_from_rs(BufReader::new(file)).map_err(unreadable)
}

/// The sheet of a name, or the first.
fn sheet_of(workbook: &Xlsx<BufReader<File>>, wanted: Option<&str>) -> Result<String, ReadError> {
    let names = workbook.sheet_names();
    let found = match wanted {
        Some(wanted) => names.iter().find(|name| name.as_str() == wanted),
        None => names.first(),
    };
    found.cloned().ok_or_else(|| {
        let list = names.join("、");
        ReadError::file(format!("没有这个工作表；有：{list}"), format!("there is no such sheet; there are: {list}"))
    })
}

fn value_of(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Int(number) => Cell::Text(number.to_string()),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::String(text) => cell(text),
        DataRef::SharedString(text) => cell(text),
        DataRef::Bool(flag) => Cell::Flag(*flag),
        DataRef::DateTime(time) if time.is_datetime() => {
            let (year, month, day, ..) = time.to_ymd_hms_milli();
            if year >= A_DAY {
                Cell::Text(format!("{year:04}-{month:02}-{day:02}"))
            } else {
                Cell::Number(time.as_f64())
            }
        }
        DataRef::DateTime(time) => Cell::Number(time.as_f64()),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => cell(text.split('T').next().unwrap_or(text)),
        DataRef::Error(error) => Cell::Text(error.to_string()),
        DataRef::Empty => Cell::Empty,
    }
}

fn unreadable(error: XlsxError) -> ReadError {
    match error {
        XlsxError::Io(error) => error.into(),
        XlsxError::Password => {
            ReadError::file("工作簿有密码，请去掉密码后再传", "the workbook has a password; send it without")
        }
        _ => no_workbook(),
    }
}

fn no_workbook() -> ReadError {
    ReadError::file("不是 XLSX 工作簿，或者已损坏", "it is no XLSX workbook, or is damaged")
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

    use super::super::{file_of, rows_of};
    use super::*;
    use crate::imports::ImportFormat;

    fn book() -> Vec<u8> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let day = ExcelDateTime::from_ymd(2026, 3, 1).expect("a day");
        sheet.write_string(0, 0, "名称").expect("a cell");
        sheet.write_string(2, 1, " ").expect("a cell");
        sheet.write_string(3, 0, "球墨铸铁").expect("a cell");
        sheet.write_number(3, 1, 6).expect("a cell");
        sheet.write_datetime_with_format(3, 2, &day, &Format::new().set_num_format("yyyy/m/d")).expect("a cell");
        sheet.write_boolean(3, 4, true).expect("a cell");
        workbook.add_worksheet().set_name("第二页").expect("a name").write_string(0, 0, "二").expect("a cell");
        workbook.save_to_buffer().expect("a workbook")
    }

    #[test]
    fn cells_are_read_by_their_kinds_and_blank_rows_left_out() {
        let rows = rows_of(&book(), ImportFormat::Xlsx).expect("rows");
        let text = |text: &str| Cell::Text(text.to_owned());
        let expected = vec![
            Row { number: 1, content: Content::Cells(vec![text("名称")]) },
            Row {
                number: 4,
                content: Content::Cells(vec![
                    text("球墨铸铁"),
                    Cell::Number(6.0),
                    text("2026-03-01"),
                    Cell::Empty,
                    Cell::Flag(true),
                ]),
            },
        ];
        assert_eq!(rows, expected);
        assert_eq!(height(file_of(&book()), None).expect("a height"), Some(4));
    }

    #[test]
    fn a_sheet_is_named_and_what_is_no_workbook_is_refused() {
        let mut rows = Vec::new();
        let mut take = |row| {
            rows.push(row);
            ControlFlow::Continue(())
        };
        read(file_of(&book()), Some("第二页"), &mut take).expect("rows");
        assert!(read(file_of(&book()), Some("第三页"), &mut take).is_err());
        assert!(read(file_of(b"PK\x03\x04 no"), None, &mut take).is_err());
        let damaged = &book()[..2000];
        assert!(read(file_of(damaged), None, &mut take).is_err());
        assert_eq!(rows.len(), 1);
    }
}
