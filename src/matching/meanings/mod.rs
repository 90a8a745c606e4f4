//! What records mean: the vectors of their texts, kept in the database by the model and the hash of the text, so that a
//! rebuild or another process does not compute them again.
//!
//! A record is found by its words at once and by its meaning soon after: the changes are followed behind the index, from
//! a position that the database keeps for each model and that moves in the transaction that keeps the vectors. The same
//! transaction appends a change of each record, so that every process's index takes it in again with its vectors. A model
//! that never ran begins with the first change that there is, and so comes by all records.

mod store;
mod worker;

use sha2::{Digest, Sha256};

use super::Document;
use super::text::in_simplified;
use crate::meaning::{Compact, Embedder, ModelError};

pub(super) use store::{Stored, of_records};
pub use store::{begin, is_complete};
pub use worker::work;

/// The text of a record whose meaning is computed. Names of people and organisations mean nothing.
#[must_use]
pub fn text_of(document: &Document) -> String {
    let keywords = document.keywords.join("、");
    let lines = [&document.title, &keywords].into_iter().chain(&document.body);
    lines.map(String::as_str).filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

/// The vectors of the windows of a text, the same in either script.
///
/// # Errors
/// As [`Embedder::understand`].
pub(super) fn vectors_of(text: &str, by: &Embedder) -> Result<Vec<Compact>, ModelError> {
    let windows: Vec<String> = by.windows(text).iter().map(|window| in_simplified(window.text)).collect();
    by.understand(&windows.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Tells whether vectors are those of a text.
fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

impl Stored {
    /// Its vectors go to the document, if they are of the text that it has now.
    pub(super) fn give_to(self, document: &mut Document) {
        if self.digest == digest(&text_of(document)) {
            document.meaning = self.vectors();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_a_line_for_whatever_says_something() {
        let mut document = Document {
            keywords: vec!["废水".to_owned(), "脱色".to_owned()],
            body: vec!["真菌可以脱色。".to_owned(), " ".to_owned()],
            names: vec!["陈志远".to_owned()],
            ..Document::saying("染料脱色", "")
        };
        assert_eq!(text_of(&document), "染料脱色\n废水、脱色\n真菌可以脱色。");
        document.title.clear();
        document.keywords.clear();
        assert_eq!(text_of(&document), "真菌可以脱色。");
        document.body.clear();
        assert_eq!(text_of(&document), "");
    }
}
