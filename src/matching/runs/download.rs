//! What a run found, as a file: a JSON object a line, or a table for a spreadsheet.

use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::stream::try_unfold;
use serde_json::{Value, json};
use uuid::Uuid;

use super::store::{self, Matched};
use crate::database::Database;
use crate::http::harmless;
use crate::problem::Problem;

/// Rows read at once.
const PAGE: i64 = 200;
const COLUMNS: [&str; 9] = ["query_id", "query_title", "kind", "rank", "id", "title", "score", "level", "terms"];

/// How it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Ndjson,
    Csv,
}

impl Format {
    pub const WORDS: [&str; 2] = ["ndjson", "csv"];

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Ndjson, Self::Csv].into_iter().zip(Self::WORDS).find(|(_, word)| *word == text).map(|(format, _)| format)
    }

    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

/// The file, page by page, so that no run is ever held whole.
pub fn stream(run: Uuid, format: Format, database: Database) -> impl Stream<Item = Result<Bytes, Problem>> {
    // None: the head is still to be written. Some: after this row.
    try_unfold(Some(None), move |after: Option<Option<(Uuid, String)>>| {
        let database = database.clone();
        async move {
            let Some(after) = after else { return Ok(None) };
            let mut connection = database.connection().await?;
            let rows = store::matches_after(run, after.as_ref(), PAGE, &mut connection).await?;
            let mut text = if after.is_none() { head(format) } else { String::new() };
            for row in &rows {
                text.push_str(&written(row, format)?);
            }
            let next = rows.last().map(|row| Some((row.query_id, row.kind.clone())));
            Ok::<_, Problem>(Some((Bytes::from(text), next)))
        }
    })
}

/// The names of the columns. The mark before them tells spreadsheets that this is UTF-8.
fn head(format: Format) -> String {
    match format {
        Format::Ndjson => String::new(),
        Format::Csv => format!("\u{feff}{}\r\n", COLUMNS.join(",")),
    }
}

fn written(row: &Matched, format: Format) -> Result<String, Problem> {
    let matches = row.matches.as_array().into_iter().flatten().enumerate();
    match format {
        Format::Ndjson => Ok(matches.map(|(place, found)| object(row, place + 1, found).to_string() + "\n").collect()),
        Format::Csv => {
            let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
            for (place, found) in matches {
                writer.write_record(cells(row, place + 1, found)).map_err(Problem::internal)?;
            }
            let bytes = writer.into_inner().map_err(Problem::internal)?;
            String::from_utf8(bytes).map_err(Problem::internal)
        }
    }
}

fn object(row: &Matched, rank: usize, found: &Value) -> Value {
    json!({
        "query_id": row.query_id, "query_title": row.title, "kind": row.kind, "rank": rank, "id": found["id"],
        "title": found["title"], "score": found["score"], "level": found["level"], "terms": found["terms"]
    })
}

fn cells(row: &Matched, rank: usize, found: &Value) -> [String; COLUMNS.len()] {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let terms: Vec<&str> = found["terms"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    [
        row.query_id.to_string(),
        harmless(&row.title),
        row.kind.clone(),
        rank.to_string(),
        text(&found["id"]),
        harmless(&text(&found["title"])),
        found["score"].to_string(),
        text(&found["level"]),
        harmless(&terms.join(" ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Matched {
        Matched {
            run_id: Uuid::nil(),
            query_id: Uuid::nil(),
            kind: "result".to_owned(),
            title: "=HYPERLINK(\"x\"), 缩松".to_owned(),
            matches: json!([{"id": Uuid::nil(), "title": "球铁", "score": 0.5, "level": "fair", "terms": ["缩松", "冒口"]}]),
        }
    }

    #[test]
    fn a_cell_is_never_a_formula_and_quotes_are_doubled() -> Result<(), Problem> {
        let nil = Uuid::nil();
        let line = format!("{nil},\"'=HYPERLINK(\"\"x\"\"), 缩松\",result,1,{nil},球铁,0.5,fair,缩松 冒口\r\n");
        assert_eq!(written(&row(), Format::Csv)?, line);
        Ok(())
    }

    #[test]
    fn a_line_is_an_object() -> Result<(), Box<dyn std::error::Error>> {
        let line: Value = serde_json::from_str(&written(&row(), Format::Ndjson)?)?;
        assert_eq!((&line["rank"], &line["terms"][1]), (&json!(1), &json!("冒口")));
        Ok(())
    }
}
