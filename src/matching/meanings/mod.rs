//! What records mean: the vectors of their texts, kept in the database by the model and the hash of the text, so that a
//! rebuild or another process does not compute them again.
//!
//! A record is found by its words at once and by its meaning soon after: the changes are followed behind the index, from
//! a position that the database keeps for each model and that moves in the transaction that keeps the vectors. The same
//! transaction appends a change of each record, so that every process's index takes it in again with its vectors. A model
//! that never ran begins with the first change that there is, and so comes by all records.

mod packed;
mod sentences;
mod store;
mod worker;

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use self::store::Stored;
use super::Document;
use super::text::in_simplified;
use crate::english;
use crate::meaning::{Compact, Embedder, ModelError};

pub use sentences::Sentence;
pub(super) use store::{Read, of_records, sentences_of};
pub use store::{begin, is_complete};
pub use worker::work;

/// The lines of a record whose meaning is computed, each with its place among title, keywords and body. Names of people
/// and organisations mean nothing.
pub(super) fn lines_of(document: &Document) -> Vec<(usize, Cow<'_, str>)> {
    let keywords = document.keywords.join("、");
    let head = [Cow::from(&document.title), Cow::from(keywords)].into_iter().enumerate();
    let lines = head.chain(document.body.iter().map(|line| (2, Cow::from(line))));
    lines.filter(|(_, line)| !line.trim().is_empty()).collect()
}

/// The text of a record whose meaning is computed.
#[must_use]
pub fn text_of(document: &Document) -> String {
    lines_of(document).iter().map(|(_, line)| &**line).collect::<Vec<_>>().join("\n")
}

/// The vectors of the windows of a text, and its sentences; the same in either script, and nearly the same in English.
///
/// # Errors
/// As [`Embedder::understand`].
pub(super) fn understood(text: &str, by: &Embedder) -> Result<(Vec<Compact>, Vec<Sentence>), ModelError> {
    let windows = by.windows(text);
    let texts: Vec<String> = windows.iter().map(|window| in_simplified(window.text)).collect();
    let said = english::understand(&texts.iter().map(String::as_str).collect::<Vec<_>>(), by)?;
    let sentences = said.iter().zip(&windows).enumerate();
    let sentences = sentences.flat_map(|(place, (said, window))| Sentence::of_window(said, place, window.start));
    Ok((said.iter().map(|said| said.whole.compact()).collect(), sentences.collect()))
}

/// What words that are searched for mean; the same in either script, and nearly the same in English.
///
/// # Errors
/// As [`Embedder::understand`].
pub(super) fn sought(words: &str, by: &Embedder) -> Result<Compact, ModelError> {
    Ok(english::understand_search(&in_simplified(words), by)?.compact())
}

/// Tells whether vectors are those of a text.
fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

impl Stored {
    /// Is it of the text that a document has now?
    pub(super) fn is_of(&self, document: &Document) -> bool {
        self.digest == digest(&text_of(document))
    }

    /// Its vectors go to the document, if they are of its text.
    pub(super) fn give_to(&self, document: &mut Document) {
        if self.is_of(document) {
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
