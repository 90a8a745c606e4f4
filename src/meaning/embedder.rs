//! Texts to vectors.

use std::borrow::Cow;

use rayon::prelude::*;

use super::encoder::Encoder;
use super::file::{self, ModelError, POSITIONS, Parts};
use super::manner::{self, Manner};
use super::pieces::{END, Pieces, START};
use super::vector::{Compact, DIMENSIONS, Vector};
use super::windows::{self, Window};

/// The model that the program was built with.
pub(super) static SHIPPED: &[u8] = include_bytes!("../../model/meaning.bin");

/// What the model was trained to see before what one looks for, and before what is found.
const QUERY: &str = "query: ";
const PASSAGE: &str = "passage: ";

/// Pieces of a text in one pass, without those that open and close it.
const PASS: usize = POSITIONS - 2;

/// Characters of a text that are looked at: what comes after hardly turns the mean of so much, and memory has a bound.
const LONGEST: usize = 32_768;

/// Pieces that go through the network together: enough to keep the matrices busy, few enough to stay in the cache.
const TOGETHER: usize = 512;

/// The model, ready. It has no state: any number of threads share one.
pub struct Embedder {
    /// The file, in which the rows of the pieces are looked up.
    bytes: Cow<'static, [u8]>,
    /// Where those rows begin.
    rows: usize,
    pieces: Pieces,
    encoder: Encoder,
    manner: Manner,
    model: String,
    version: String,
}

impl Embedder {
    /// The model that the program carries.
    ///
    /// # Errors
    /// As [`Embedder::read`].
    pub fn shipped() -> Result<Self, ModelError> {
        Self::read(Cow::Borrowed(SHIPPED))
    }

    /// The model in the bytes of a file.
    ///
    /// # Errors
    /// If they are no model of this format, or are damaged.
    pub fn read(bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let model = name(file::digest(&bytes)?);
        let manner = Manner::read(manner::SHIPPED).map_err(|_| ModelError::Damaged("manner.json"))?;
        let version = format!("{model}-{:08x}", manner::digest(manner::SHIPPED));
        let mut parts = Parts::of(&bytes)?;
        let rows = parts.rows.as_ptr().addr() - bytes.as_ptr().addr();
        let pieces = Pieces::of(&mut parts);
        let encoder = Encoder::of(parts);
        Ok(Self { bytes, rows, pieces, encoder, manner, model, version })
    }

    /// Names the model.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Names the model and what is taken out of its vectors: what texts mean by different versions cannot be compared.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The vector of what one looks for.
    ///
    /// # Errors
    /// If a matrix does not fit, which reading the model has ruled out.
    pub fn embed_query(&self, text: &str) -> Result<Vector, ModelError> {
        let mean = self.means(QUERY, &[text])?.pop();
        Ok(Vector::towards(mean.unwrap_or_default()))
    }

    /// The vectors of what can be found. Of a text that is too long for the network, the mean of its parts.
    ///
    /// # Errors
    /// As [`Embedder::embed_query`].
    pub fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vector>, ModelError> {
        Ok(self.means(PASSAGE, texts)?.into_iter().map(Vector::towards).collect())
    }

    /// What texts mean, whichever way it is said.
    ///
    /// # Errors
    /// As [`Embedder::embed_query`].
    pub fn understand(&self, texts: &[&str]) -> Result<Vec<Compact>, ModelError> {
        Ok(self.embed_passages(texts)?.iter().map(|vector| self.manner.taken_from(vector).compact()).collect())
    }

    /// A long text in windows for [`Embedder::embed_passages`], of which the best can count.
    #[must_use]
    pub fn windows<'a>(&self, text: &'a str) -> Vec<Window<'a>> {
        windows::windows(text, &self.pieces, windows::WINDOW)
    }

    /// The mean of the pieces of each text. What is too long goes through the network in parts.
    fn means(&self, prefix: &str, texts: &[&str]) -> Result<Vec<Vec<f32>>, ModelError> {
        let cut: Vec<Vec<u32>> = texts.par_iter().map(|text| self.pieces.cut(&prefixed(prefix, text))).collect();
        let parts: Vec<(usize, &[u32])> = cut
            .iter()
            .enumerate()
            .flat_map(|(text, pieces)| pieces.chunks(PASS).map(move |part| (text, part)))
            .collect();
        let passes: Vec<Vec<Vec<f32>>> =
            together(&parts).into_par_iter().map(|parts| self.pass(parts)).collect::<Result<_, _>>()?;
        let mut means = vec![vec![0.0; DIMENSIONS]; texts.len()];
        for ((text, part), mean) in parts.iter().zip(passes.into_iter().flatten()) {
            let share = part.len() as f32 / cut[*text].len() as f32;
            means[*text].iter_mut().zip(mean).for_each(|(sum, number)| *sum += share * number);
        }
        Ok(means)
    }

    fn pass(&self, parts: &[(usize, &[u32])]) -> Result<Vec<Vec<f32>>, ModelError> {
        let opened: Vec<Vec<u32>> = parts.iter().map(|(_, part)| [&[START], *part, &[END]].concat()).collect();
        Ok(self.encoder.means(&self.bytes[self.rows..], &opened)?)
    }
}

/// A text as the model is shown it.
fn prefixed(prefix: &str, text: &str) -> String {
    let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(end, _)| end);
    [prefix, &text[..end]].concat()
}

/// Parts in groups of about [`TOGETHER`] pieces.
fn together<'a>(parts: &'a [(usize, &'a [u32])]) -> Vec<&'a [(usize, &'a [u32])]> {
    let (mut groups, mut start, mut pieces) = (Vec::new(), 0, 0);
    for (place, (_, part)) in parts.iter().enumerate() {
        if place > start && pieces + part.len() > TOGETHER {
            groups.push(&parts[start..place]);
            (start, pieces) = (place, 0);
        }
        pieces += part.len();
    }
    groups.push(&parts[start..]);
    groups
}

/// The name of a model is the beginning of its checksum.
fn name(digest: [u8; 32]) -> String {
    let [a, b, c, d, ..] = digest;
    format!("e5-small-{:08x}", u32::from_be_bytes([a, b, c, d]))
}
