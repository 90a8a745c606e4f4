//! How well organisations and experts match, for plans that bring many of them together.

use uuid::Uuid;

use super::requests::{asks, request_for};
use super::{Document, Engine, IndexError, Kind, Level, Query, Viewer};

/// Experts of an organisation, at most.
const MOST: usize = 200;

/// An organisation and an expert who match, and how well.
#[derive(Clone, Copy, Debug)]
pub struct Score {
    pub organisation: Uuid,
    pub expert: Uuid,
    pub score: f32,
}

impl Engine {
    /// The experts who match each organisation at least weakly, looked for once for each.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn scores(&self, organisations: &[Document]) -> Result<Vec<Score>, IndexError> {
        let mut scores = Vec::new();
        for organisation in organisations {
            let (query, asks) = (Query::from(organisation.clone()), asks(Kind::Organisation));
            let request = request_for(Kind::Expert, query, asks, &[], Viewer::centre(), MOST);
            let matches = self.matches(&request)?.into_iter().filter(|found| found.level != Level::None);
            scores.extend(matches.map(|found| Score {
                organisation: organisation.id,
                expert: found.id,
                score: found.score,
            }));
        }
        Ok(scores)
    }
}
