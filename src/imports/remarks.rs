//! The file of an import as it came, with what became of each row behind it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Seek, Write};
use std::ops::ControlFlow;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web;
use futures_util::stream;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use serde_json::{Value, json};

use super::faults::kept;
use super::reading::{self, Cell, Content, ReadError, Row};
use super::store::{self, Import, KeptRow};
use super::{ImportFormat, RowOutcome};
use crate::background;
use crate::database::Database;
use crate::exports::piece;
use crate::exports::routes::{NDJSON, XLSX};
use crate::http::harmless;
use crate::problem::{Answer, Language, Problem};

/// Rows of what is kept that are read at once.
const PAGE: i64 = 1000;
/// Characters that a cell has room for.
const MOST_CHARACTERS: usize = 32_767;

#[derive(Debug, thiserror::Error)]
enum RemarksError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("a workbook cannot be written: {0}")]
    Workbook(#[from] XlsxError),
    #[error("a file cannot be written: {0}")]
    Disk(#[from] std::io::Error),
    #[error("a table cannot be written: {0}")]
    Table(#[from] csv::Error),
    #[error("what became of the rows cannot be read: {0}")]
    Rows(String),
}

/// The answer with the file, once it is whole.
///
/// # Errors
/// What the database or the disk says.
pub async fn answer(import: &Import, file: File, language: Language, database: Database) -> Answer<HttpResponse> {
    let (media_type, ending) = match import.format {
        ImportFormat::Xlsx => (XLSX, "xlsx"),
        ImportFormat::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        ImportFormat::Ndjson | ImportFormat::Json => (NDJSON, "ndjson"),
    };
    let (job, runtime) = (import.clone(), tokio::runtime::Handle::current());
    let written = background::run(move || {
        let told = Told {
            import: job.id,
            language,
            database,
            runtime,
            rows: VecDeque::new(),
            after: -1,
            is_over: false,
            width: 0,
        };
        written(&job, file, told)
    });
    let written = written.await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    let name = format!("attachment; filename=\"remarks-{}.{ending}\"", import.id);
    let pieces = stream::try_unfold(written, async |mut file: File| {
        let read = web::block(move || piece(&mut file).map(|piece| piece.map(|piece| (web::Bytes::from(piece), file))));
        read.await.map_err(Problem::internal)?.map_err(Problem::internal)
    });
    let mut response = HttpResponse::Ok();
    response.content_type(media_type).insert_header((header::CONTENT_DISPOSITION, name));
    if import.format == ImportFormat::Xlsx {
        // It is packed already.
        response.insert_header((header::CONTENT_ENCODING, "identity"));
    }
    Ok(response.streaming(Box::pin(pieces)))
}

fn written(import: &Import, file: File, mut told: Told) -> Result<File, RemarksError> {
    let whole = told.of(0)?;
    let mut out = tempfile::tempfile()?;
    match import.format {
        ImportFormat::Xlsx => write_workbook(import, file, &mut told, whole, &mut out)?,
        ImportFormat::Csv => write_table(import, file, &mut told, whole, &mut out)?,
        ImportFormat::Ndjson | ImportFormat::Json => write_lines(import, file, &mut told, &mut out)?,
    }
    out.rewind()?;
    Ok(out)
}

/// Goes through the rows of the file; what is unreadable from some row on was told of the file as a whole.
fn each_row(
    import: &Import,
    file: File,
    mut write: impl FnMut(Row) -> Result<(), RemarksError>,
) -> Result<(), RemarksError> {
    let mut result = Ok(());
    let read = reading::read(file, import.format, import.sheet.as_deref(), |row| {
        result = write(row);
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    match read {
        Err(ReadError::Disk(error)) => Err(error.into()),
        Ok(()) | Err(ReadError::File(_)) => result,
    }
}

fn write_workbook(
    import: &Import,
    file: File,
    told: &mut Told,
    whole: Option<String>,
    out: &mut File,
) -> Result<(), RemarksError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    let bold = Format::new().set_bold();
    let mut place = 0;
    let mut is_first = true;
    each_row(import, file, |row| {
        let Content::Cells(cells) = row.content else { return Ok(()) };
        let remark = if is_first { Some(told.heading(whole.as_deref())) } else { told.of(row.number)? };
        let place_of_remark = u16::try_from(cells.len().max(told.width)).unwrap_or(u16::MAX);
        told.width = told.width.max(cells.len());
        for (column, cell) in (0..).zip(&cells) {
            write_cell(sheet, (place, column), cell)?;
        }
        if let Some(remark) = remark {
            let remark: String = remark.chars().take(MOST_CHARACTERS / 2).collect();
            sheet.write_string_with_format(place, place_of_remark, remark, &bold)?;
        }
        is_first = false;
        place += 1;
        Ok(())
    })?;
    workbook.save_to_writer(out)?;
    Ok(())
}

fn write_cell(sheet: &mut Worksheet, (row, column): (u32, u16), cell: &Cell) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => {
            let cut: String = text.chars().take(MOST_CHARACTERS / 2).collect();
            sheet.write_string(row, column, if text.encode_utf16().count() > MOST_CHARACTERS { &cut } else { text })?;
        }
        Cell::Number(number) => _ = sheet.write_number(row, column, *number)?,
        Cell::Flag(flag) => _ = sheet.write_boolean(row, column, *flag)?,
    }
    Ok(())
}

fn write_table(
    import: &Import,
    file: File,
    told: &mut Told,
    whole: Option<String>,
    out: &mut File,
) -> Result<(), RemarksError> {
    out.write_all("\u{feff}".as_bytes())?;
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(out);
    let mut is_first = true;
    each_row(import, file, |row| {
        let cells = if let Content::Cells(cells) = row.content { cells } else { Vec::new() };
        let remark = if is_first { Some(told.heading(whole.as_deref())) } else { told.of(row.number)? };
        told.width = told.width.max(cells.len());
        let mut texts: Vec<String> = cells.iter().map(|cell| harmless(&cell.shown())).collect();
        texts.resize(told.width, String::new());
        texts.push(remark.map(|remark| harmless(&remark)).unwrap_or_default());
        table.write_record(&texts)?;
        is_first = false;
        Ok(())
    })?;
    table.flush()?;
    Ok(())
}

fn write_lines(import: &Import, file: File, told: &mut Told, out: &mut File) -> Result<(), RemarksError> {
    let mut lines = std::io::BufWriter::new(out);
    each_row(import, file, |row| {
        let remark = told.of(row.number)?;
        let record = if let Content::Object(members) = row.content { Value::Object(members) } else { Value::Null };
        let line = json!({ "row": row.number, "remark": remark, "record": record });
        Ok(writeln!(lines, "{line}")?)
    })?;
    lines.flush()?;
    Ok(())
}

/// What became of rows, read in the order of the file, a page at a time.
struct Told {
    import: uuid::Uuid,
    language: Language,
    database: Database,
    runtime: tokio::runtime::Handle,
    rows: VecDeque<KeptRow>,
    after: i64,
    is_over: bool,
    /// Columns that the rows so far have.
    width: usize,
}

impl Told {
    /// The remark of a row; rows are asked for one after the other.
    fn of(&mut self, number: i64) -> Result<Option<String>, RemarksError> {
        loop {
            match self.rows.front() {
                Some(row) if row.number < number => drop(self.rows.pop_front()),
                Some(row) if row.number == number => break,
                Some(_) => return Ok(None),
                None if self.is_over => return Ok(None),
                None => self.read_on()?,
            }
        }
        Ok(self.rows.pop_front().map(|row| self.remark(row)))
    }

    fn read_on(&mut self) -> Result<(), RemarksError> {
        let (import, after) = (self.import, self.after);
        let read = self.runtime.block_on(async {
            let mut connection = self.database.connection().await.map_err(|problem| problem.to_string())?;
            let rows = store::rows(import, None, after, PAGE, &mut connection).await;
            rows.map_err(|error| error.to_string())
        });
        let rows = read.map_err(RemarksError::Rows)?;
        self.is_over = rows.is_empty();
        self.after = rows.last().map_or(self.after, |last| last.number);
        self.rows.extend(rows);
        Ok(())
    }

    fn remark(&self, row: KeptRow) -> String {
        match (row.outcome, self.language) {
            (RowOutcome::Refused, language) => {
                let faults: Vec<String> = kept(row.faults).iter().map(|fault| fault.remark(language)).collect();
                faults.join(if language == Language::Chinese { "；" } else { "; " })
            }
            (RowOutcome::Created, Language::Chinese) => "新增".to_owned(),
            (RowOutcome::Changed, Language::Chinese) => "更新".to_owned(),
            (outcome, Language::English) => outcome.as_str().to_owned(),
        }
    }

    /// What stands above the remarks, with what is wrong with the file as a whole.
    fn heading(&self, whole: Option<&str>) -> String {
        let name = match self.language {
            Language::Chinese => "导入说明",
            Language::English => "remarks",
        };
        whole.map_or_else(|| name.to_owned(), |whole| format!("{name}: {whole}"))
    }
}
