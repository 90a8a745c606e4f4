//! What a word is worth in a record, of its most: by how often it stands there, and how long the record is.

use tantivy::Score;
use tantivy::fieldnorm::FieldNormReader;

use super::features::{norm, saturated};
use super::index::WordFields;
use super::view::View;

/// Words that stand more often in a record are rare.
const OFTEN: usize = 16;
/// Sums are as exact as a float; bounds on them are kept so much higher, or lower.
pub(super) const MARGIN: Score = 1.0 + 1e-5;

/// The worth of a word, 0 to 1.
pub(super) struct Worth {
    /// By what the index keeps of a length.
    norms: [Score; 256],
    /// By how often, then by what the index keeps of a length.
    known: Box<[[Score; 256]; OFTEN]>,
}

impl Worth {
    pub fn of(view: &View) -> Self {
        let [title, keywords, body] = view.statistics.average_lengths();
        let average = WordFields::length(title, keywords, body);
        let norms = std::array::from_fn(|id| {
            let length = u8::try_from(id).map_or(0, FieldNormReader::id_to_fieldnorm);
            norm(length as f32, average)
        });
        let mut known = Box::new([norms; OFTEN]);
        for (known, freq) in known.iter_mut().zip(0..) {
            *known = norms.map(|norm| saturated(freq, norm));
        }
        Self { norms, known }
    }

    pub fn at(&self, freq: u32, length: u8) -> Score {
        let length = usize::from(length);
        self.known.get(freq as usize).map_or_else(|| saturated(freq, self.norms[length]), |known| known[length])
    }
}
