//! Tables as text (RFC 4180), in whatever encoding and with whatever separator spreadsheets write them.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::ops::ControlFlow;

use encoding_rs::{CoderResult, Decoder, Encoding, GB18030, UTF_8};

use super::{Cell, Content, ReadError, Row, cell};
use crate::problem::FieldFault;

/// Characters of a field, at most: more is a quote that nobody closed.
const MOST_OF_A_FIELD: usize = 1024 * 1024;
const PIECE: usize = 64 * 1024;

/// Hands over the rows that are not blank.
///
/// # Errors
/// If the disk fails, or a field does not end.
pub fn read(mut file: File, take: &mut impl FnMut(Row) -> ControlFlow<()>) -> Result<(), ReadError> {
    let encoding = encoding_of(&mut file)?;
    let separator = separator_of(Decoded::new(file.try_clone()?, encoding))?;
    file.rewind()?;
    let text = BufReader::with_capacity(PIECE, Decoded::new(file, encoding));
    let mut table = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text);
    let mut record = csv::ByteRecord::new();
    // Lines within fields are no rows of a spreadsheet.
    let mut within: u64 = 0;
    while table.read_byte_record(&mut record).map_err(unreadable)? {
        let own = record.iter().map(|field| bytecount::count(field, b'\n') as u64).sum::<u64>();
        // The position of a record is that of the blank lines before it.
        let next = table.position().line();
        let number = i64::try_from(next.saturating_sub(own + 1 + within)).unwrap_or(i64::MAX);
        within += own;
        let content = content_of(&record);
        let is_blank = matches!(&content, Content::Cells(cells) if cells.iter().all(|cell| *cell == Cell::Empty));
        if !is_blank && take(Row { number, content }).is_break() {
            break;
        }
    }
    Ok(())
}

fn content_of(record: &csv::ByteRecord) -> Content {
    if record.iter().any(|field| field.len() > MOST_OF_A_FIELD) {
        let fault = FieldFault::new(
            "too_long",
            "一格内容过长，可能有引号没有配对",
            "a field is too long; is a quote not closed?",
        );
        return Content::Unreadable(fault);
    }
    let cells = record.iter().map(|field| cell(without_apostrophe(&String::from_utf8_lossy(field))));
    Content::Cells(cells.collect())
}

/// A text that our tables put an apostrophe before, lest it be taken for a formula.
fn without_apostrophe(text: &str) -> &str {
    let rest = text.strip_prefix('\'');
    rest.filter(|rest| rest.starts_with(['=', '+', '-', '@', '\t', '\r'])).unwrap_or(text)
}

fn unreadable(error: csv::Error) -> ReadError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        _ => ReadError::file("表格无法读出", "the table cannot be read"),
    }
}

/// By its mark (UTF-8 or UTF-16); UTF-8 if all of it is; else GB18030, which has GBK and GB 2312 in it.
fn encoding_of(file: &mut File) -> std::io::Result<&'static Encoding> {
    let mut piece = vec![0; PIECE];
    let mut kept = 0;
    let mut is_first = true;
    let encoding = loop {
        let length = kept + file.read(&mut piece[kept..])?;
        if is_first && let Some((encoding, _)) = Encoding::for_bom(&piece[..length]) {
            break encoding;
        }
        is_first = false;
        if length == kept {
            break if kept == 0 { UTF_8 } else { GB18030 };
        }
        match std::str::from_utf8(&piece[..length]) {
            Ok(_) => kept = 0,
            // A character may go on in the next piece.
            Err(error) if error.error_len().is_none() => {
                piece.copy_within(error.valid_up_to()..length, 0);
                kept = length - error.valid_up_to();
            }
            Err(_) => break GB18030,
        }
    };
    file.rewind()?;
    Ok(encoding)
}

/// The one of comma, tab and semicolon that the first line has most of.
fn separator_of(text: impl Read) -> std::io::Result<u8> {
    let mut beginning = Vec::new();
    text.take(PIECE as u64).read_to_end(&mut beginning)?;
    let line = beginning.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let count = |separator: &u8| bytecount::count(line, *separator);
    // Of equals the last is the greatest.
    Ok([b';', b'\t', b','].into_iter().max_by_key(count).unwrap_or(b','))
}

/// A text in UTF-8 whose every line ends on LF, whatever it was in. What is no character becomes U+FFFD.
struct Decoded {
    file: File,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    is_after_cr: bool,
    is_over: bool,
}

impl Decoded {
    fn new(file: File, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { file, decoder, raw: vec![0; PIECE], text: Vec::new(), given: 0, is_after_cr: false, is_over: false }
    }

    /// Decodes the next piece.
    fn go_on(&mut self) -> std::io::Result<()> {
        let length = self.file.read(&mut self.raw)?;
        self.is_over = length == 0;
        self.given = 0;
        let room = self.decoder.max_utf8_buffer_length(length).unwrap_or(4 * PIECE);
        self.text.resize(room, 0);
        let (result, _, written, _) = self.decoder.decode_to_utf8(&self.raw[..length], &mut self.text, self.is_over);
        self.text.truncate(written);
        self.end_lines();
        match result {
            CoderResult::InputEmpty => Ok(()),
            CoderResult::OutputFull => Err(std::io::ErrorKind::OutOfMemory.into()),
        }
    }
}

impl Decoded {
    /// CR LF, and CR alone, are one LF; the last line has one as well.
    fn end_lines(&mut self) {
        if self.is_over {
            self.text.push(b'\n');
        }
        let is_after_cr = &mut self.is_after_cr;
        self.text.retain_mut(|byte| {
            let is_second = *byte == b'\n' && *is_after_cr;
            *is_after_cr = *byte == b'\r';
            if *is_after_cr {
                *byte = b'\n';
            }
            !is_second
        });
    }
}

impl Read for Decoded {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.given == self.text.len() && !self.is_over {
            self.go_on()?;
        }
        let rest = &self.text[self.given..];
        let length = rest.len().min(out.len());
        out[..length].copy_from_slice(&rest[..length]);
        self.given += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows_of;
    use super::*;
    use crate::imports::ImportFormat;

    fn texts(bytes: &[u8]) -> Vec<(i64, Vec<String>)> {
        let rows = rows_of(bytes, ImportFormat::Csv).expect("a table");
        let text = |cell: Cell| if let Cell::Text(text) = cell { text } else { String::new() };
        let of = |row: Row| match row.content {
            Content::Cells(cells) => (row.number, cells.into_iter().map(text).collect()),
            other => panic!("{other:?}"),
        };
        rows.into_iter().map(of).collect()
    }

    #[test]
    fn a_table_is_the_same_in_every_encoding_and_with_every_separator() {
        let text = "成果名称,关键词\r\n球墨铸铁,\"缩松,冒口\"\r\n";
        let expected = vec![
            (1, vec!["成果名称".to_owned(), "关键词".to_owned()]),
            (2, vec!["球墨铸铁".to_owned(), "缩松,冒口".to_owned()]),
        ];
        let utf16 = |text: &str| -> Vec<u8> {
            [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
        };
        let tabs = text.replace(",关", "\t关").replace(",\"", "\t\"");
        for bytes in [
            text.as_bytes().to_vec(),
            format!("\u{feff}{text}").into_bytes(),
            GB18030.encode(text).0.into_owned(),
            utf16(&tabs),
            tabs.clone().into_bytes(),
        ] {
            assert_eq!(texts(&bytes), expected);
        }
    }

    #[test]
    fn rare_characters_of_gb18030_and_long_texts_are_read() {
        let text = format!("a,b\n{},𠮷䶮\n", "缩松".repeat(50_000));
        let read = texts(&GB18030.encode(&text).0);
        assert_eq!(read[1].1[1], "𠮷䶮");
        assert_eq!(read[1].1[0].chars().count(), 100_000);
        assert_eq!(texts(text.as_bytes()), read);
    }

    #[test]
    fn rows_are_counted_as_a_spreadsheet_counts_them() {
        let text = "a,b\n\n1,\"x\ny\nz\"\n,\n2,\"'=1+1\"";
        for text in [text.to_owned(), format!("{text}\n"), text.replace('\n', "\r\n"), text.replace('\n', "\r")] {
            let read = texts(text.as_bytes());
            let numbers: Vec<i64> = read.iter().map(|(number, _)| *number).collect();
            assert_eq!(numbers, [1, 3, 5], "{text:?}");
            assert_eq!((read[1].1[1].as_str(), read[2].1[1].as_str()), ("x\ny\nz", "=1+1"));
        }
    }

    #[test]
    fn what_is_no_text_has_marks_and_no_end() {
        assert!(texts(&[0xFF, 0xFF, b',', 0x80, b'\n'])[0].1[0].contains('\u{FFFD}'));
        let unclosed = format!("a,b\n1,\"{}", "x".repeat(MOST_OF_A_FIELD + 1));
        let rows = rows_of(unclosed.as_bytes(), ImportFormat::Csv).expect("rows");
        assert!(matches!(&rows[1].content, Content::Unreadable(fault) if fault.code == "too_long"));
    }
}
