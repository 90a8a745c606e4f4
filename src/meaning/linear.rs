//! A matrix of the network, multiplied in whole numbers.
//!
//! The inputs of a token become 8-bit numbers with one scale, the weights of an output 7-bit numbers with one scale:
//! within that, no processor's product of pairs overflows, so that all processors compute the same. The sums are exact.

use rten_gemm::{GemmError, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_tensor::{Matrix, NdTensorView};

use super::file::{self, BLOCK, BLOCK_BYTES, Weights};
use super::rows::{self, Columns, Onto};

/// The greatest weight.
const WEIGHT: f32 = 63.0;

pub(super) type Product = GemmExecutor<u8, i8, i32>;

/// Activations in 8 bits, with a scale and a zero for each token.
#[derive(Default)]
pub(super) struct Narrow {
    numbers: Vec<u8>,
    scales: Vec<f32>,
    zeros: Vec<i32>,
}

impl Narrow {
    /// Narrows the inputs of some tokens, `inputs` each.
    pub fn set(&mut self, tokens: &[f32], inputs: usize) {
        self.numbers.clear();
        self.numbers.reserve(tokens.len());
        self.scales.clear();
        self.zeros.clear();
        for token in tokens.chunks_exact(inputs) {
            let (scale, zero) = rows::narrow(token, &mut self.numbers);
            self.scales.push(scale);
            self.zeros.push(i32::from(zero));
        }
    }
}

/// Outputs of a layer, from all inputs.
pub(super) struct Linear {
    packed: PackedBMatrix<i8>,
    /// For each output: the sum of its weights, their scale.
    totals: Vec<i32>,
    scales: Vec<f32>,
    bias: Vec<f32>,
}

impl Linear {
    /// One matrix of several that share their inputs.
    pub fn of(product: &Product, parts: &[&Weights]) -> Self {
        let inputs = parts.first().map_or(0, |weights| weights.inputs);
        let (mut numbers, mut totals, mut scales, mut bias) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut row = vec![0.0; inputs];
        for weights in parts {
            for blocks in weights.blocks.chunks_exact(inputs / BLOCK * BLOCK_BYTES) {
                file::numbers(blocks, |place, number| row[place] = number);
                let scale = row.iter().fold(f32::MIN_POSITIVE, |most, number| most.max(number.abs())) / WEIGHT;
                #[expect(clippy::cast_possible_truncation, reason = "within 63 by the scale")]
                numbers.extend(row.iter().map(|number| (number / scale).round() as i8));
                totals.push(numbers[numbers.len() - inputs..].iter().copied().map(i32::from).sum());
                scales.push(scale);
            }
            bias.extend_from_slice(&weights.bias);
        }
        let matrix: Matrix<i8> = NdTensorView::from_data([scales.len(), inputs], numbers.as_slice());
        Self { packed: product.prepack_b(matrix.transposed()), totals, scales, bias }
    }

    /// The outputs of some tokens, put onto what is there.
    pub fn multiply(
        &self,
        product: &Product,
        inputs: &Narrow,
        sums: &mut Vec<i32>,
        onto: Onto,
        outputs: &mut Vec<f32>,
    ) -> Result<(), GemmError> {
        let (tokens, width) = (inputs.scales.len(), self.scales.len());
        sums.resize(tokens * width, 0);
        outputs.resize(tokens * width, 0.0);
        let numbers = NdTensorView::from_data([tokens, self.packed.rows()], inputs.numbers.as_slice());
        let (numbers, weights) = (GemmInputA::Unpacked(numbers), GemmInputB::Packed(&self.packed));
        product.gemm(sums, numbers, weights, GemmOptions::default())?;
        let columns = Columns { totals: &self.totals, scales: &self.scales, bias: &self.bias };
        let rows = sums.chunks_exact(width).zip(outputs.chunks_exact_mut(width));
        for ((sums, outputs), (scale, zero)) in rows.zip(inputs.scales.iter().zip(&inputs.zeros)) {
            rows::widen(sums, *scale, *zero, columns, onto, outputs);
        }
        Ok(())
    }
}
