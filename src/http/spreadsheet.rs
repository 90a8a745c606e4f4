//! Tables that spreadsheets open.

/// A text that a spreadsheet does not take for a formula (OWASP, CSV injection).
#[must_use]
pub fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
