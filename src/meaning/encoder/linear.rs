//! A matrix of the network, multiplied in whole numbers.
//!
//! The inputs of a token become 8-bit numbers with one scale, the weights of an output 7-bit numbers with one scale:
//! within that, no processor's product of pairs overflows, so that all processors compute the same. The sums are exact.

use rten_gemm::{GemmError, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_tensor::{Matrix, NdTensorView};

use crate::rows::{self, Columns, Onto};
use crate::weights::{self, BLOCK, BLOCK_BYTES, Weights};

/// The greatest weight.
const WEIGHT: f32 = 63.0;

pub(crate) type Product = GemmExecutor<u8, i8, i32>;

/// Activations in 8 bits, with a scale and a zero for each token.
#[derive(Default)]
pub(crate) struct Narrow {
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
pub(crate) struct Linear {
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
                weights::numbers(blocks, |place, number| row[place] = number);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Processors differ in how they multiply.
    #[test]
    fn products_are_exact() {
        let product = Product::new();
        for (tokens, inputs, outputs) in [(1, 384, 384), (5, 1_536, 384), (33, 384, 48), (100, 1_536, 32)] {
            let left: Vec<u8> = [255, 0, 89, 178, 255, 11, 255].into_iter().cycle().take(tokens * inputs).collect();
            let right: Vec<i8> =
                [63, -63, 63, 5, 63, 63, -1, 63, 17, 63, 63].into_iter().cycle().take(outputs * inputs).collect();
            let weights: Matrix<i8> = NdTensorView::from_data([outputs, inputs], right.as_slice());
            let packed = product.prepack_b(weights.transposed());
            let mut sums = vec![7; tokens * outputs];
            let numbers = GemmInputA::Unpacked(NdTensorView::from_data([tokens, inputs], left.as_slice()));
            product.gemm(&mut sums, numbers, GemmInputB::Packed(&packed), GemmOptions::default()).expect("a product");
            for (place, sum) in sums.iter().enumerate() {
                let left = left[place / outputs * inputs..].iter().take(inputs);
                let right = right[place % outputs * inputs..].iter();
                assert_eq!(*sum, left.zip(right).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>());
            }
        }
    }
}
