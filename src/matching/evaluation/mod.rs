//! Measuring and learning: known items and judged pairs, in the formats of TREC.

mod corpus;
mod measures;

pub use corpus::{Corpus, Indexed, Texts};
pub use measures::{Evaluated, Judgments, Queries, evaluate};
