//! Texts to vectors.

use std::borrow::Cow;

use meaning_encoder::{Encoder, POSITIONS};
use rayon::prelude::*;

use super::file::{self, ModelError, Parts};
use super::manner::{self, Manner};
use super::pieces::{END, Pieces, START};
use super::sentences::{Sentence, sentences};
use super::vector::{DIMENSIONS, Vector};
use super::windows::{self, Window};
use crate::english;

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
        let taken = manner.digest().map_err(|_| ModelError::Damaged("manner.json"))?;
        let added = taken ^ manner::digest(english::SHIPPED);
        let version = format!("{model}-{added:08x}");
        let mut parts = Parts::of(&bytes)?;
        let rows = parts.rows.as_ptr().addr() - bytes.as_ptr().addr();
        let pieces = Pieces::of(&mut parts);
        let encoder = Encoder::of(parts.positions, parts.norm, parts.layers);
        Ok(Self { bytes, rows, pieces, encoder, manner, model, version })
    }

    /// Names the model.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Names the model, and what is taken out of its vectors and added to those of English: what texts mean by different
    /// versions cannot be compared.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The vector of what one looks for.
    ///
    /// # Errors
    /// If a matrix does not fit, which reading the model has ruled out.
    pub fn embed_query(&self, text: &str) -> Result<Vector, ModelError> {
        let said = self.read_all(QUERY, &[text])?.pop();
        Ok(said.map_or_else(|| Vector::towards(vec![0.0; DIMENSIONS]), |said| said.whole))
    }

    /// The vectors of what can be found. Of a text that is too long for the network, the mean of its parts.
    ///
    /// # Errors
    /// As [`Embedder::embed_query`].
    pub fn embed_passages(&self, texts: &[&str]) -> Result<Vec<Vector>, ModelError> {
        Ok(self.read_all(PASSAGE, texts)?.into_iter().map(|said| said.whole).collect())
    }

    /// What texts and their sentences mean, whichever way it is said. Sentences take no time of their own: each is the mean
    /// of its pieces, as they are in the text.
    ///
    /// # Errors
    /// As [`Embedder::embed_query`].
    pub fn understand(&self, texts: &[&str]) -> Result<Vec<Said>, ModelError> {
        let mut said = self.read_all(PASSAGE, texts)?;
        for vector in said.iter_mut().flat_map(Said::vectors) {
            *vector = self.manner.taken_from(vector);
        }
        Ok(said)
    }

    /// What words that are searched for mean, among what texts mean that could be found: the model was trained to be told
    /// which of both it reads.
    ///
    /// # Errors
    /// As [`Embedder::embed_query`].
    pub fn understand_search(&self, words: &str) -> Result<Vector, ModelError> {
        Ok(self.manner.taken_from_sought(&self.embed_query(words)?))
    }

    /// A long text in windows for [`Embedder::embed_passages`], of which the best can count.
    #[must_use]
    pub fn windows<'a>(&self, text: &'a str) -> Vec<Window<'a>> {
        windows::windows(text, &self.pieces, windows::WINDOW)
    }

    fn read_all(&self, prefix: &str, texts: &[&str]) -> Result<Vec<Said>, ModelError> {
        let cut: Vec<Cut<'_>> = texts.par_iter().map(|text| Cut::of(prefix, text, &self.pieces)).collect();
        let parts: Vec<(usize, &[u32])> = cut
            .iter()
            .enumerate()
            .flat_map(|(text, cut)| cut.pieces.chunks(PASS).map(move |part| (text, part)))
            .collect();
        let passes: Vec<Vec<Vec<f32>>> =
            together(&parts).into_par_iter().map(|parts| self.pass(parts)).collect::<Result<_, _>>()?;
        let mut sums: Vec<Sums<'_>> = cut.iter().map(Sums::of).collect();
        for ((text, _), outputs) in parts.iter().zip(passes.into_iter().flatten()) {
            sums[*text].add(&outputs);
        }
        Ok(sums.into_iter().map(Sums::said).collect())
    }

    fn pass(&self, parts: &[(usize, &[u32])]) -> Result<Vec<Vec<f32>>, ModelError> {
        let opened: Vec<Vec<u32>> = parts.iter().map(|(_, part)| [&[START], *part, &[END]].concat()).collect();
        Ok(self.encoder.outputs(&self.bytes[self.rows..], &opened)?)
    }
}

/// What a text means, as a whole and sentence by sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub whole: Vector,
    pub sentences: Vec<Sentence>,
}

impl Said {
    fn vectors(&mut self) -> impl Iterator<Item = &mut Vector> {
        std::iter::once(&mut self.whole).chain(self.sentences.iter_mut().map(|sentence| &mut sentence.vector))
    }
}

/// A text as the model is shown it.
struct Cut<'a> {
    sentences: Vec<&'a str>,
    pieces: Vec<u32>,
    /// How many of the pieces there are before each sentence, and in all.
    bounds: Vec<usize>,
}

impl<'a> Cut<'a> {
    fn of(prefix: &'a str, text: &'a str, pieces: &Pieces) -> Self {
        let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(end, _)| end);
        let sentences = sentences(&text[..end]);
        let parts: Vec<&str> = [prefix].into_iter().chain(sentences.iter().copied()).collect();
        let (pieces, bounds) = pieces.cut_together(&parts);
        Self { sentences, pieces, bounds }
    }
}

/// What the outputs of the pieces of a text add up to, pass by pass.
struct Sums<'a> {
    cut: &'a Cut<'a>,
    /// Of the text, by the share of each pass.
    whole: Vec<f32>,
    sentences: Vec<Vec<f32>>,
    /// Pieces of the passes before.
    before: usize,
}

impl<'a> Sums<'a> {
    fn of(cut: &'a Cut<'a>) -> Self {
        let sentences = vec![vec![0.0; DIMENSIONS]; cut.sentences.len()];
        Self { cut, whole: vec![0.0; DIMENSIONS], sentences, before: 0 }
    }

    /// Takes in the outputs of a pass, those of what opens and closes it among them.
    fn add(&mut self, outputs: &[f32]) {
        let count = outputs.len() / DIMENSIONS;
        let pieces = self.before..self.before + count - 2;
        let mut sum = vec![0.0; DIMENSIONS];
        add(outputs, &mut sum);
        let share = pieces.len() as f32 / self.cut.pieces.len() as f32;
        self.whole.iter_mut().zip(sum).for_each(|(whole, number)| *whole += share * (number / count as f32));
        for (bounds, sum) in self.cut.bounds.windows(2).zip(&mut self.sentences) {
            let (start, end) = (bounds[0].max(pieces.start), bounds[1].min(pieces.end));
            if start < end {
                add(&outputs[(start + 1 - pieces.start) * DIMENSIONS..][..(end - start) * DIMENSIONS], sum);
            }
        }
        self.before = pieces.end;
    }

    /// Sentences without a piece of their own mean nothing.
    fn said(self) -> Said {
        let mut start = 0;
        let placed = self.cut.sentences.iter().zip(self.cut.bounds.windows(2)).zip(self.sentences);
        let sentences = placed.filter_map(|((sentence, bounds), sum)| {
            let end = start + sentence.chars().count();
            let place = std::mem::replace(&mut start, end);
            let says = bounds[0] < bounds[1] && !sentence.trim().is_empty();
            says.then(|| Sentence { start: place, end, vector: Vector::towards(sum) })
        });
        let sentences = sentences.collect();
        Said { whole: Vector::towards(self.whole), sentences }
    }
}

fn add(outputs: &[f32], sum: &mut [f32]) {
    for output in outputs.chunks_exact(DIMENSIONS) {
        sum.iter_mut().zip(output).for_each(|(sum, number)| *sum += number);
    }
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
