//! `duijie access`: prints the rules of access, as they are kept in `openapi/`.

use crate::access;

/// Prints the table.
pub fn run() {
    print!("{}", access::as_markdown());
}
