//! A workbook to be filled in: the columns of a kind, what each wants, and lists to choose from.

use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, Format, Formula, Workbook, Worksheet, XlsxError,
};

use super::heading::{IDENTIFIER, fields, needed};
use crate::problem::Language;
use crate::registry::Kind;
use crate::registry::codes::{CodeList, industries, regions};
use crate::registry::columns::{Column, Holds, Values};
use crate::registry::words::Words;

/// Rows that have lists to choose from.
const ROWS: u32 = 10_000;
/// The sheet of the codes that a list is too long for.
const CODES: &str = "代码 codes";

/// The workbook for a kind, in a language.
///
/// # Errors
/// If it cannot be made.
pub fn made(kind: Kind, language: Language) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name(kind.plural())?;
    let needed_format = Format::new().set_bold().set_font_color(Color::Red);
    let format = Format::new().set_bold();
    let identifier = (kind != Kind::Result).then_some(&IDENTIFIER);
    for (place, column) in (0..).zip(fields(kind).chain(identifier)) {
        let is_needed = needed(kind).contains(&column.name);
        let name = match language {
            Language::Chinese => column.zh,
            Language::English => column.name,
        };
        if is_needed {
            sheet.write_string_with_format(0, place, format!("{name}*"), &needed_format)?;
        } else {
            sheet.write_string_with_format(0, place, name, &format)?;
        }
        sheet.set_column_width(place, 18)?;
        sheet.add_data_validation(1, place, ROWS, place, &validation(column, language)?)?;
        if column.holds == Holds::Text && column.of == Values::Any || column.of == Values::Days {
            // What looks like a number or a date stays as it was typed.
            sheet.set_column_format(place, &Format::new().set_num_format("@"))?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    write_codes(workbook.add_worksheet().set_name(CODES)?)?;
    workbook.save_to_buffer()
}

/// What a cell of a column wants, and what can be chosen. Other than that can be written as well: a list of several has no
/// drop-down of its own.
fn validation(column: &Column, language: Language) -> Result<DataValidation, XlsxError> {
    let (title, hint) = match language {
        Language::Chinese => (column.zh, hint(column).0),
        Language::English => (column.name, hint(column).1),
    };
    let validation = match column.of {
        Values::Words(words) => DataValidation::new().allow_list_strings(&choices(words, language))?,
        Values::Industries => codes_of(industries(), 'A'),
        Values::Regions => codes_of(regions(), 'B'),
        _ if column.holds == Holds::Flag => DataValidation::new().allow_list_strings(&match language {
            Language::Chinese => ["是", "否"],
            Language::English => ["yes", "no"],
        })?,
        _ => DataValidation::new(),
    };
    let is_list = matches!(column.holds, Holds::List | Holds::Phrases);
    let style = if is_list { DataValidationErrorStyle::Information } else { DataValidationErrorStyle::Warning };
    // A title has at most 32 characters.
    let title: String = title.chars().take(32).collect();
    validation.set_error_style(style).set_input_title(title)?.set_input_message(hint)
}

fn choices(words: Words, language: Language) -> Vec<&'static str> {
    let say = |(word, zh): &(&'static str, &'static str)| if language == Language::Chinese { *zh } else { *word };
    words.iter().map(say).collect()
}

/// The codes of a list, each with its name, in a column of their sheet.
fn codes_of(list: &CodeList, column: char) -> DataValidation {
    let range = format!("='{CODES}'!${column}$1:${column}${}", list.items().len());
    DataValidation::new().allow_list_formula(Formula::new(range))
}

fn write_codes(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    for (column, list) in [(0, industries()), (1, regions())] {
        for (row, item) in (0..).zip(list.items()) {
            sheet.write_string(row, column, format!("{} {}", item.code, item.name))?;
        }
        sheet.set_column_width(column, 40)?;
    }
    Ok(())
}

/// What a cell wants: Chinese, English; at most 255 characters.
const fn hint(column: &Column) -> (&'static str, &'static str) {
    match (column.of, column.holds) {
        (Values::Words(_), Holds::List) => ("可填多项，用分号隔开。", "Several, with semicolons between them."),
        (Values::Words(_), _) => ("请选择。", "Choose one."),
        (Values::Industries, _) => (
            "GB/T 4754-2017 的代码或名称；多项用分号隔开。",
            "Code or name of GB/T 4754-2017; put semicolons between several.",
        ),
        (Values::Regions, _) => {
            ("GB/T 2260 的代码或名称，如 130927 或 河北省沧州市南皮县。", "Code or name of GB/T 2260, such as 130927.")
        }
        (Values::Disciplines, _) => ("GB/T 13745-2009 的代码，如 460。", "Code of GB/T 13745-2009, such as 460."),
        (Values::Days, _) => ("日期，如 2026-03-01。", "A date, such as 2026-03-01."),
        (Values::Records(Kind::Organisation), _) => (
            "单位名称、统一社会信用代码或编号；须已登记。",
            "Name, credit code or id of an organisation that is registered.",
        ),
        (Values::Records(_), _) => (
            "名称或编号；须已登记；多项用分号隔开。",
            "Names or ids of what is registered; put semicolons between several.",
        ),
        (_, Holds::Number) => ("数字；金额可写“50万”。", "A number."),
        (_, Holds::Flag) => ("是或否。", "Yes or no."),
        (_, Holds::List | Holds::Phrases) => ("多项用分号隔开。", "Put semicolons between several."),
        (_, Holds::Items) => (
            "知识产权：类型 号码 状态，如 发明 ZL202010123456.2 已授权；附件：名称 网址；多项用分号隔开。",
            "Intellectual property: kind, number, status; attachments: name, address; put semicolons between several.",
        ),
        (Values::Any, Holds::Text) => ("文字。", "Text."),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Reader, Xlsx};

    use super::super::heading::{Heading, Mapping, Origin};
    use super::super::reading::Cell;
    use super::*;

    #[test]
    fn a_template_is_a_heading_that_is_read_in_both_languages() {
        for kind in Kind::ALL {
            for language in [Language::Chinese, Language::English] {
                let workbook = made(kind, language).expect("a workbook");
                let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(workbook)).expect("a workbook");
                let sheet = workbook.worksheet_range_at(0).expect("a sheet").expect("cells");
                let names = sheet.rows().next().expect("a row").iter();
                let cells: Vec<Cell> = names.map(|name| Cell::Text(name.to_string())).collect();
                let mapping = Mapping::default();
                let heading = Heading::read(&Origin { kind, mapping: &mapping, partner: None }, &cells);
                assert_eq!(heading.expect("a heading").columns.len(), cells.len(), "{kind:?}");
            }
        }
    }
}
