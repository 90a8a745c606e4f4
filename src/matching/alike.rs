//! Records whose words are most like those of a title: what may be the same is among them.

use uuid::Uuid;

use super::candidates::best;
use super::filter::Filter;
use super::query::{Heard, Query, Terms};
use super::view::View;
use super::{Engine, IndexError, Kind, Viewer};

impl Engine {
    /// The records of a kind that have most of the words of a title, whoever may see them, but for one: as many at most
    /// of each layer.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn alike(&self, kind: Kind, title: &str, except: Uuid, most: usize) -> Result<Vec<Uuid>, IndexError> {
        let view = View::of(Viewer::centre(), self.index_of(kind))?;
        let heard = Heard::of(&Query { title: title.to_owned(), ..Query::default() }, self.choice);
        let filter = Filter { except: Some(except), ..Filter::of(Viewer::centre()) };
        let mut found = Vec::new();
        for layer in &view.layers {
            let terms = Terms::of(&heard, &[], layer, &view)?;
            let candidates = best(&terms, layer, &view, &filter, most)?;
            found.extend(candidates.iter().map(|candidate| candidate.id(&view)));
        }
        Ok(found)
    }
}
