//! The weights of the network as a file has them.

use half::f16;

/// Numbers of a vector.
pub const DIMENSIONS: usize = 384;
pub const LAYERS: usize = 12;
pub const HEADS: usize = 12;
pub const INNER: usize = 1536;
/// Pieces of a text, at most.
pub const POSITIONS: usize = 512;
/// Weights that share a scale.
pub const BLOCK: usize = 32;
/// Bytes of those weights with their scale.
pub const BLOCK_BYTES: usize = 18;

/// A matrix as it lies in the file, a row for each output.
pub struct Weights<'a> {
    pub blocks: &'a [u8],
    pub inputs: usize,
    pub bias: Vec<f32>,
}

pub struct Norm {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

pub struct LayerWeights<'a> {
    pub query: Weights<'a>,
    pub key: Weights<'a>,
    pub value: Weights<'a>,
    pub output: Weights<'a>,
    pub attended: Norm,
    pub inner: Weights<'a>,
    pub outer: Weights<'a>,
    pub norm: Norm,
}

/// The weights of some blocks as numbers.
pub fn numbers(blocks: &[u8], mut each: impl FnMut(usize, f32)) {
    for (place, block) in blocks.chunks_exact(BLOCK_BYTES).enumerate() {
        let scale = f16::from_le_bytes([block[0], block[1]]).to_f32();
        for (offset, byte) in block[2..].iter().enumerate() {
            each(place * BLOCK + offset, (f32::from(byte & 15) - 8.0) * scale);
            each(place * BLOCK + BLOCK / 2 + offset, (f32::from(byte >> 4) - 8.0) * scale);
        }
    }
}
