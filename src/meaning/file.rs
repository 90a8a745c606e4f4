//! The model file: what stands where, reading and writing it.
//!
//! All numbers are little-endian. The shape of the network is that of `multilingual-e5-small` and is not told.
//!
//! | what | how |
//! |---|---|
//! | magic | 8 bytes, `DUIJIE-E` |
//! | format | u32, 1 |
//! | SHA-256 of all that follows | 32 bytes |
//! | pieces `n`, bytes of their texts `t`, normalised characters `m`, bytes of what they become `b` | 4 × u32 |
//! | score of a character that is in no piece | f32 |
//! | where the text of each piece ends | n × u32 |
//! | texts of the pieces, rising by their bytes | t bytes |
//! | scores of the pieces | n × f32 |
//! | a normalised character, the number of characters that it becomes, those | m × (u32, u8, u32 …), rising, b bytes |
//! | rows of `<s>`, `</s>`, `<unk>`, then of the pieces | (3 + n) × 384 weights |
//! | rows of the positions, that of the token type added | 512 × 384 × f32 |
//! | norm of the rows | weight and bias, 2 × 384 × f32 |
//! | 12 layers: query, key, value, output; norm; inner, outer; norm | matrices: weights, then a bias in f32; norms as above |
//!
//! Weights lie in blocks of 32 along the input, [`BLOCK_BYTES`] each: a scale as f16 and 16 bytes, of which byte j holds
//! weight j in its lower and weight 16 + j in its upper half, as number − 8 times the scale. That is how the package has
//! them; nothing is rounded anew.

use meaning_encoder::{
    BLOCK, BLOCK_BYTES, DIMENSIONS, GemmError, INNER, LAYERS, LayerWeights, Norm, POSITIONS, Weights,
};
use sha2::{Digest, Sha256};

/// Rows before those of the pieces: the beginning of a text, its end, and what is in no piece.
pub(super) const SPECIALS: u32 = 3;

const MAGIC: &[u8; 8] = b"DUIJIE-E";
const FORMAT: u32 = 1;
const HEAD: usize = 44;

/// The SHA-256 of the file that the program carries, which `duijie model` makes.
pub const SHIPPED_SHA256: &str = "8d2625d815fbcd1662006e4cce5e52edff171d87544a907e35e6e2ced7157dab";

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("this is no model of meaning")]
    Foreign,
    #[error("the model of meaning has format {0}; this program reads format {FORMAT}")]
    Format(u32),
    #[error("the model of meaning is damaged: {0}")]
    Damaged(&'static str),
    #[error("the model of meaning does not fit: {0}")]
    Fit(#[from] GemmError),
}

/// Characters that the model was trained to see as others.
#[derive(Default)]
pub(super) struct Replacements {
    /// Which, rising, and where what replaces each ends in `by`.
    replaced: Vec<(u32, u32)>,
    by: Vec<char>,
}

/// A file that was checked, taken apart.
pub(super) struct Parts<'a> {
    pub ends: Vec<u32>,
    pub texts: &'a [u8],
    pub scores: Vec<f32>,
    pub unknown: f32,
    pub replacements: Replacements,
    pub rows: &'a [u8],
    pub positions: Vec<f32>,
    pub norm: Norm,
    pub layers: Vec<LayerWeights<'a>>,
}

/// The checksum that a file bears in its head, which its version is named by.
pub(super) fn digest(bytes: &[u8]) -> Result<[u8; 32], ModelError> {
    let head = bytes.get(..HEAD).ok_or(ModelError::Foreign)?;
    if !head.starts_with(MAGIC) {
        return Err(ModelError::Foreign);
    }
    let mut reader = Reader(&head[MAGIC.len()..]);
    match reader.number()? {
        FORMAT => reader.take(32)?.try_into().map_err(|_| ModelError::Foreign),
        other => Err(ModelError::Format(other)),
    }
}

/// The SHA-256 of some bytes as it is printed.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Puts a head before the content of a file.
pub(super) fn seal(content: &[u8]) -> Vec<u8> {
    [MAGIC.as_slice(), &FORMAT.to_le_bytes(), &Sha256::digest(content), content].concat()
}

impl<'a> Parts<'a> {
    /// Takes a file apart, if it is whole.
    pub fn of(bytes: &'a [u8]) -> Result<Self, ModelError> {
        let expected = digest(bytes)?;
        let content = &bytes[HEAD..];
        if Sha256::digest(content)[..] != expected {
            return Err(ModelError::Damaged("its checksum is another"));
        }
        let mut reader = Reader(content);
        let [pieces, text, replaced, replacing] = reader.counts()?;
        let unknown = reader.float()?;
        let ends = reader.numbers(pieces)?;
        let texts = reader.take(text)?;
        check_texts(&ends, texts)?;
        let scores = reader.floats(pieces)?;
        let replacements = Replacements::read(reader.take(replacing)?, replaced)?;
        let parts = Self {
            ends,
            texts,
            scores,
            unknown,
            replacements,
            rows: reader.blocks(pieces + SPECIALS as usize, DIMENSIONS)?,
            positions: reader.floats(POSITIONS * DIMENSIONS)?,
            norm: reader.norm()?,
            layers: (0..LAYERS).map(|_| reader.layer()).collect::<Result<_, _>>()?,
        };
        if reader.0.is_empty() { Ok(parts) } else { Err(ModelError::Damaged("it is too long")) }
    }
}

/// Pieces are looked up by halving, so they must rise.
fn check_texts(ends: &[u32], texts: &[u8]) -> Result<(), ModelError> {
    let mut start = 0;
    let mut before: &[u8] = &[];
    for &end in ends {
        let piece = texts.get(start..end as usize).ok_or(ModelError::Damaged("a piece lies outside"))?;
        if piece <= before {
            return Err(ModelError::Damaged("the pieces do not rise"));
        }
        (start, before) = (end as usize, piece);
    }
    Ok(())
}

impl Replacements {
    fn read(bytes: &[u8], count: usize) -> Result<Self, ModelError> {
        let (mut reader, mut replaced, mut by) = (Reader(bytes), Vec::new(), Vec::new());
        for _ in 0..count {
            let from = reader.number()?;
            for _ in 0..reader.take(1)?[0] {
                by.push(char::from_u32(reader.number()?).ok_or(ModelError::Damaged("it names no character"))?);
            }
            replaced.push((from, u32::try_from(by.len()).map_err(|_| ModelError::Damaged("too many characters"))?));
        }
        if replaced.is_sorted_by(|a, b| a.0 < b.0) {
            Ok(Self { replaced, by })
        } else {
            Err(ModelError::Damaged("the replaced characters do not rise"))
        }
    }

    /// What replaces a character, if anything does.
    pub fn of(&self, character: char) -> Option<&[char]> {
        let place = self.replaced.binary_search_by_key(&u32::from(character), |replaced| replaced.0).ok()?;
        let start = place.checked_sub(1).map_or(0, |before| self.replaced[before].1);
        Some(&self.by[start as usize..self.replaced[place].1 as usize])
    }
}

/// What is left to read.
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], ModelError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(ModelError::Damaged("it is cut off"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn number(&mut self) -> Result<u32, ModelError> {
        Ok(self.numbers(1)?[0])
    }

    pub fn float(&mut self) -> Result<f32, ModelError> {
        Ok(f32::from_bits(self.number()?))
    }

    /// Four counts as the head has them.
    fn counts(&mut self) -> Result<[usize; 4], ModelError> {
        Ok([self.number()?, self.number()?, self.number()?, self.number()?].map(|count| count as usize))
    }

    pub fn numbers(&mut self, count: usize) -> Result<Vec<u32>, ModelError> {
        let bytes = self.take(count.saturating_mul(4))?;
        Ok(bytes.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
    }

    pub fn floats(&mut self, count: usize) -> Result<Vec<f32>, ModelError> {
        let floats: Vec<f32> = self.numbers(count)?.into_iter().map(f32::from_bits).collect();
        if floats.iter().all(|number| number.is_finite()) {
            Ok(floats)
        } else {
            Err(ModelError::Damaged("a number is not finite"))
        }
    }

    fn blocks(&mut self, outputs: usize, inputs: usize) -> Result<&'a [u8], ModelError> {
        self.take(outputs.saturating_mul(inputs / BLOCK * BLOCK_BYTES))
    }

    fn matrix(&mut self, outputs: usize, inputs: usize) -> Result<Weights<'a>, ModelError> {
        Ok(Weights { blocks: self.blocks(outputs, inputs)?, inputs, bias: self.floats(outputs)? })
    }

    fn norm(&mut self) -> Result<Norm, ModelError> {
        Ok(Norm { weight: self.floats(DIMENSIONS)?, bias: self.floats(DIMENSIONS)? })
    }

    fn layer(&mut self) -> Result<LayerWeights<'a>, ModelError> {
        Ok(LayerWeights {
            query: self.matrix(DIMENSIONS, DIMENSIONS)?,
            key: self.matrix(DIMENSIONS, DIMENSIONS)?,
            value: self.matrix(DIMENSIONS, DIMENSIONS)?,
            output: self.matrix(DIMENSIONS, DIMENSIONS)?,
            attended: self.norm()?,
            inner: self.matrix(INNER, DIMENSIONS)?,
            outer: self.matrix(DIMENSIONS, INNER)?,
            norm: self.norm()?,
        })
    }
}
