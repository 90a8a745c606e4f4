//! The nearest in meaning by themselves, to see what the sketches miss and what time they save.

use uuid::Uuid;

use crate::matching::neighbours::{LIKELY, all, compared, likely};
use crate::matching::view::View;
use crate::matching::{Engine, Filter, IndexError};
use crate::meaning::Compact;
use crate::registry::Kind;

/// Which records are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    All,
    /// Those whose sketches are the nearest.
    Likely,
}

/// The nearest records of a kind that a viewer sees who owns none, nearest first.
///
/// # Errors
/// If the index cannot be read.
pub fn nearest(
    meaning: &Compact,
    kind: Kind,
    engine: &Engine,
    filter: &Filter,
    among: Among,
    most: usize,
) -> Result<Vec<Uuid>, IndexError> {
    let view = View::of(filter.viewer, engine.index_of(kind))?;
    let mut found = Vec::new();
    for layer in &view.layers {
        let records = match among {
            Among::All => all(layer, &view)?,
            Among::Likely => likely(meaning, layer, &view, filter, LIKELY)?,
        };
        found.extend(compared(&records, meaning, &view, filter, most)?.iter().map(|nearest| nearest.id(&view)));
    }
    Ok(found)
}
