//! Exports: all records of a kind that a caller may read, in one file, as they were at one moment.

mod lines;
mod reader;
pub mod routes;
mod workbook;

pub use reader::AT_ONCE;
pub use workbook::piece;
