//! The network: from rows of pieces to what they mean beside each other.
//!
//! Twelve layers of attention, as BERT has them. The pieces of several texts go through the matrices together; each piece
//! attends only to its own text.

use std::ops::Range;

use rten_gemm::{GemmError, GemmExecutor, GemmInputA, GemmInputB, GemmOptions};
use rten_simd::SimdOp;
use rten_tensor::{Matrix, NdTensorView};
use rten_vecmath::Softmax;

use crate::linear::{Linear, Narrow, Product};
use crate::rows::{self, Onto};
use crate::weights::{BLOCK, BLOCK_BYTES, DIMENSIONS, HEADS, INNER, LayerWeights, Norm, numbers};

/// Numbers of a head.
const HEAD: usize = DIMENSIONS / HEADS;

/// The network.
pub struct Encoder {
    positions: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    /// Query, key and value at once.
    attention: Linear,
    output: Linear,
    attended: Norm,
    inner: Linear,
    outer: Linear,
    norm: Norm,
}

/// What one pass needs, so that its layers share it.
#[derive(Default)]
struct Workspace {
    product: Product,
    mixing: GemmExecutor,
    narrow: Narrow,
    sums: Vec<i32>,
    attention: Vec<f32>,
    context: Vec<f32>,
    inner: Vec<f32>,
}

impl Encoder {
    /// Of rows of the positions, the norm of the first rows, and layers.
    #[must_use]
    pub fn of(positions: Vec<f32>, norm: Norm, layers: Vec<LayerWeights>) -> Self {
        let product = Product::new();
        let layers = layers.into_iter().map(|weights| Layer::of(&product, weights)).collect();
        Self { positions, norm, layers }
    }

    /// The outputs of the pieces of each text, which are rows of the table `rows`. A text has at most
    /// [`POSITIONS`](crate::POSITIONS) pieces.
    ///
    /// # Errors
    /// If the weights do not fit each other.
    pub fn outputs(&self, rows: &[u8], texts: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, GemmError> {
        let mut tokens = self.embed(rows, texts);
        let mut start = 0;
        let ranges: Vec<Range<usize>> = texts
            .iter()
            .map(|text| {
                let range = start..start + text.len();
                start = range.end;
                range
            })
            .collect();
        let mut work = Workspace::default();
        for layer in &self.layers {
            layer.pass(&ranges, &mut tokens, &mut work)?;
        }
        Ok(ranges.into_iter().map(|range| tokens[range.start * DIMENSIONS..range.end * DIMENSIONS].to_vec()).collect())
    }

    /// The row of each piece with that of its position.
    fn embed(&self, rows: &[u8], texts: &[Vec<u32>]) -> Vec<f32> {
        const ROW: usize = DIMENSIONS / BLOCK * BLOCK_BYTES;
        let mut tokens = Vec::with_capacity(texts.iter().map(Vec::len).sum::<usize>() * DIMENSIONS);
        for text in texts {
            for (piece, position) in text.iter().zip(self.positions.chunks_exact(DIMENSIONS)) {
                let start = tokens.len();
                tokens.extend_from_slice(position);
                let token = &mut tokens[start..];
                numbers(&rows[*piece as usize * ROW..][..ROW], |place, number| token[place] += number);
                rows::normalise(token, &self.norm);
            }
        }
        tokens
    }
}

impl Layer {
    fn of(product: &Product, weights: LayerWeights) -> Self {
        Self {
            attention: Linear::of(product, &[&weights.query, &weights.key, &weights.value]),
            output: Linear::of(product, &[&weights.output]),
            attended: weights.attended,
            inner: Linear::of(product, &[&weights.inner]),
            outer: Linear::of(product, &[&weights.outer]),
            norm: weights.norm,
        }
    }

    fn pass(&self, texts: &[Range<usize>], tokens: &mut Vec<f32>, work: &mut Workspace) -> Result<(), GemmError> {
        let Workspace { product, mixing, narrow, sums, attention, context, inner } = work;
        narrow.set(tokens, DIMENSIONS);
        self.attention.multiply(product, narrow, sums, Onto::Nothing, attention)?;
        context.resize(tokens.len(), 0.0);
        for text in texts {
            let [attention, context] = [(&mut *attention, 3 * DIMENSIONS), (&mut *context, DIMENSIONS)]
                .map(|(numbers, width)| &mut numbers[text.start * width..text.end * width]);
            attend(mixing, attention, context)?;
        }
        narrow.set(context, DIMENSIONS);
        self.output.multiply(product, narrow, sums, Onto::Sum, tokens)?;
        normalise(tokens, &self.attended);
        narrow.set(tokens, DIMENSIONS);
        self.inner.multiply(product, narrow, sums, Onto::Gelu, inner)?;
        narrow.set(inner, INNER);
        self.outer.multiply(product, narrow, sums, Onto::Sum, tokens)?;
        normalise(tokens, &self.norm);
        Ok(())
    }
}

/// The attention of the pieces of one text to each other.
fn attend(mixing: &GemmExecutor, attention: &[f32], context: &mut [f32]) -> Result<(), GemmError> {
    let pieces = context.len() / DIMENSIONS;
    let all: Matrix<f32> = NdTensorView::from_data([pieces, 3 * DIMENSIONS], attention);
    let (mut weights, mut mixed) = (vec![0.0; pieces * pieces], vec![0.0; pieces * HEAD]);
    for head in 0..HEADS {
        let [query, key, value]: [Matrix<f32>; 3] = [0, 1, 2].map(|part| {
            let start = part * DIMENSIONS + head * HEAD;
            all.slice((.., start..start + HEAD))
        });
        let scaled = GemmOptions { alpha: 1.0 / (HEAD as f32).sqrt(), ..GemmOptions::default() };
        mixing.gemm(&mut weights, GemmInputA::Unpacked(query), GemmInputB::Unpacked(key.transposed()), scaled)?;
        for row in weights.chunks_exact_mut(pieces) {
            Softmax::new_mut(row).dispatch();
        }
        let shares = GemmInputA::Unpacked(NdTensorView::from_data([pieces, pieces], weights.as_slice()));
        mixing.gemm(&mut mixed, shares, GemmInputB::Unpacked(value), GemmOptions::default())?;
        for (mixed, context) in mixed.chunks_exact(HEAD).zip(context.chunks_exact_mut(DIMENSIONS)) {
            context[head * HEAD..][..HEAD].copy_from_slice(mixed);
        }
    }
    Ok(())
}

fn normalise(tokens: &mut [f32], norm: &Norm) {
    for token in tokens.chunks_exact_mut(DIMENSIONS) {
        rows::normalise(token, norm);
    }
}
