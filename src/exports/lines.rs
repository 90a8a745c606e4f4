//! Records as lines of text: NDJSON, or CSV that Excel opens.

use actix_web::web::Bytes;
use serde_json::Value;

use crate::http::harmless;
use crate::problem::{Answer, Problem};
use crate::registry::columns::all_columns;
use crate::registry::{Concept, Kind, Record};

/// By which Excel knows UTF-8.
const MARK: &str = "\u{feff}";

/// Records as JSON, each on a line.
///
/// # Errors
/// `internal` for a record that is no JSON, which there is none.
pub fn ndjson<C: Concept>(records: &[Record<C>]) -> Answer<Bytes> {
    let mut lines = Vec::with_capacity(records.len() * 1024);
    for record in records {
        serde_json::to_writer(&mut lines, record).map_err(Problem::internal)?;
        lines.push(b'\n');
    }
    Ok(lines.into())
}

/// The first line of a table: how the fields are named.
///
/// # Errors
/// `internal` if there is no memory for it.
pub fn heading(kind: Kind) -> Answer<Bytes> {
    let names = table([all_columns(kind).map(|column| column.name.to_owned())])?;
    Ok([MARK.as_bytes(), &names].concat().into())
}

/// Records as lines of a table.
///
/// # Errors
/// `internal` for a record that is no JSON, which there is none.
pub fn csv<C: Concept>(records: &[Record<C>]) -> Answer<Bytes> {
    let rows: Vec<Value> =
        records.iter().map(serde_json::to_value).collect::<Result<_, _>>().map_err(Problem::internal)?;
    table(rows.iter().map(|row| all_columns(C::KIND).map(|column| harmless(&column.cell(row)))))
}

fn table<R: Iterator<Item = String>>(rows: impl IntoIterator<Item = R>) -> Answer<Bytes> {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        table.write_record(row.collect::<Vec<_>>()).map_err(Problem::internal)?;
    }
    table.into_inner().map(Bytes::from).map_err(|error| Problem::internal(error.to_string()))
}
