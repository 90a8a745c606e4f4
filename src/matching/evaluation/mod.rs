//! Measuring and learning: known items and judged pairs, in the formats of TREC.

mod corpus;
mod measures;
pub mod train;

pub use corpus::{Corpus, Indexed, Texts, everything};
pub use measures::{Evaluated, Judgments, Queries, evaluate};
