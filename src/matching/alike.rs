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

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use serde_json::Value;

    use super::*;
    use crate::matching::evaluation::Indexed;
    use crate::matching::{Document, Model};

    #[test]
    fn what_a_title_is_nearly_that_of_is_among_the_first() -> anyhow::Result<()> {
        let mut papers = String::new();
        let packed = include_bytes!("../../samples/results.jsonl.gz");
        GzDecoder::new(packed.as_slice()).read_to_string(&mut papers)?;
        let papers: Vec<Value> = papers.lines().take(300).map(serde_json::from_str).collect::<Result<_, _>>()?;
        let text = |paper: &Value, name: &str| paper[name].as_str().unwrap_or_default().to_owned();
        let documents = papers.iter().map(|paper| Document::saying(&text(paper, "title"), &text(paper, "abstract")));
        let documents: Vec<Document> = documents.collect();
        let titles: Vec<(Uuid, String)> = documents.iter().map(|one| (one.id, one.title.clone())).collect();
        let indexed = Indexed::of(Model::shipped()?, vec![(Kind::Result, documents)])?;
        for (id, title) in titles {
            let near = title.replacen('的', "", 1) + "研究";
            let found = indexed.engine.alike(Kind::Result, &near, Uuid::nil(), 3)?;
            assert!(found.contains(&id), "{title}");
            assert!(!indexed.engine.alike(Kind::Result, &near, id, 3)?.contains(&id));
        }
        Ok(())
    }
}
