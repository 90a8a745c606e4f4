//! `duijie openapi`: prints the contract, as it is kept in `openapi/`.

use crate::openapi;

/// # Errors
/// If the document cannot be written as JSON.
pub fn run() -> anyhow::Result<()> {
    println!("{}", openapi::document().to_pretty_json()?);
    Ok(())
}
