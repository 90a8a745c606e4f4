//! Measuring and learning: queries, judgments and what the engine answers, in the formats of TREC.

mod calibration;
mod corpus;
mod judgments;
mod measures;
mod nearest;
mod report;
mod run;
mod significance;
mod topics;
pub mod train;

pub use corpus::{Collection, Corpus, Indexed, Target, Texts};
pub use judgments::Judgments;
pub use nearest::{Among, nearest};
pub use report::{Comparison, Evaluated, Parts};
pub use run::Run;
pub use topics::{Topic, Topics};
