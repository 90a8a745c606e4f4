//! Records whose words are most like those of a title: what may be the same is among them.

use uuid::Uuid;

use super::candidates::best;
use super::features::text_matches;
use super::filter::Filter;
use super::query::{Heard, Query};
use super::terms::Terms;
use super::view::View;
use super::{Engine, IndexError, Kind, Viewer};

/// How like the words of two titles are, at least, of which one may be a spelling of the other. Words are cut otherwise
/// where a character is more or less, so it is far below what the characters themselves must have in common.
const LIKE: f32 = 0.25;

impl Engine {
    /// The records of a kind that have most of the words of a title in theirs or in their keywords, and whose titles have many
    /// of them, whoever may see them, but for one: as many at most of each layer.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn alike(&self, kind: Kind, title: &str, except: Uuid, most: usize) -> Result<Vec<Uuid>, IndexError> {
        let view = View::of(Viewer::centre(), self.index_of(kind))?;
        let heard = Heard::of(&Query { title: title.to_owned(), ..Query::default() }, self.choice);
        let filter = Filter { except: Some(except), ..Filter::of(Viewer::centre()) };
        let mut found = Vec::new();
        for layer in &view.layers {
            let terms = Terms::of(&heard, &[], layer, &view)?.prominent(layer, &view)?;
            let candidates = best(&terms, layer, &view, &filter, most)?;
            let texts = text_matches(&candidates, &terms, &view)?;
            let like = candidates.iter().enumerate().filter(|(order, _)| texts.title_likeness(*order) >= LIKE);
            found.extend(like.map(|(_, candidate)| candidate.id(&view)));
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

    /// A title with a word more or less, a character more or less, without its beginning and without its end.
    fn spellings(title: &str) -> [String; 6] {
        let letters: Vec<char> = title.chars().collect();
        let middle = letters.len() / 2;
        let without = |from: usize, to: usize| letters[..from].iter().chain(&letters[to..]).collect::<String>();
        [
            title.replacen('的', "", 1) + "研究",
            format!("一种{title}的方法"),
            without(middle, middle + 1),
            format!("{}与{}", &without(middle, letters.len()), &without(0, middle)),
            without(0, 2),
            without(letters.len().saturating_sub(2), letters.len()),
        ]
    }

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
        let mut others = 0;
        for (id, title) in titles {
            for near in spellings(&title) {
                let found = indexed.engine.alike(Kind::Result, &near, Uuid::nil(), 3)?;
                assert!(found.contains(&id), "{title} {near}");
                let found = indexed.engine.alike(Kind::Result, &near, id, 30)?;
                assert!(!found.contains(&id));
                others += found.len();
            }
        }
        // Of thirty that are looked at each time.
        assert!(others < 900, "{others} titles with few of the words are read");
        Ok(())
    }
}
