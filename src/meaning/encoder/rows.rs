//! What is done to one row of numbers, by the widest instructions of the processor.

use rten_simd::ops::{BitOps, NumOps, ToFloat};
use rten_simd::{Isa, SimdOp, SimdUnaryOp};
use rten_vecmath::{ExtendInit, Gelu, MinMax, Normalize, NormalizeOptions, Quantize, Sum, SumSquareSub};

use crate::weights::Norm;

/// What becomes of outputs.
#[derive(Clone, Copy)]
pub(crate) enum Onto {
    /// They are set.
    Nothing,
    /// They are set, after the activation GELU.
    Gelu,
    /// They are added to what is there.
    Sum,
}

/// Appends a row as 8-bit numbers; their scale and which of them is zero.
pub(crate) fn narrow(row: &[f32], numbers: &mut Vec<u8>) -> (f32, u8) {
    let (least, most) = MinMax::new(row).dispatch();
    let (least, most) = (least.min(0.0), most.max(0.0));
    let scale = ((most - least) / 255.0).max(f32::MIN_POSITIVE);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` keeps within 0 to 255")]
    let zero = (-least / scale).round() as u8;
    numbers.extend_init(|spare| Quantize::new(row, &mut spare[..row.len()], 1.0 / scale, zero).dispatch());
    (scale, zero)
}

/// What the outputs of a matrix are made with: the sums of their weights, the scales of those, and the bias.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a> {
    pub totals: &'a [i32],
    pub scales: &'a [f32],
    pub bias: &'a [f32],
}

/// Exact sums of products as the outputs of a token, whose numbers have a scale and a zero.
pub(crate) fn widen(sums: &[i32], scale: f32, zero: i32, columns: Columns, onto: Onto, outputs: &mut [f32]) {
    Widen { sums, scale, zero, columns, onto, outputs }.dispatch();
}

struct Widen<'a> {
    sums: &'a [i32],
    scale: f32,
    zero: i32,
    columns: Columns<'a>,
    onto: Onto,
    outputs: &'a mut [f32],
}

impl SimdOp for Widen<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "else it would not be compiled for the processor that runs it")]
    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let Self { sums, columns: Columns { totals, scales, bias }, onto, outputs, .. } = self;
        let (floats, whole) = (isa.f32(), isa.i32());
        let (scale, zero, lanes) = (floats.splat(self.scale), whole.splat(self.zero), floats.len());
        let sums = sums.chunks_exact(lanes).zip(totals.chunks_exact(lanes));
        let columns = scales.chunks_exact(lanes).zip(bias.chunks_exact(lanes));
        for (((sums, totals), (scales, bias)), outputs) in sums.zip(columns).zip(outputs.chunks_exact_mut(lanes)) {
            let sums = whole.sub(whole.load(sums), whole.mul(whole.load(totals), zero));
            let sums = floats.mul(whole.to_float(sums), scale);
            let output = floats.mul_add(sums, floats.load(scales), floats.load(bias));
            let output = match onto {
                Onto::Nothing => output,
                Onto::Gelu => Gelu {}.eval(isa, output),
                Onto::Sum => floats.add(output, floats.load(outputs)),
            };
            floats.store(output, outputs);
        }
    }
}

/// Layer normalisation.
pub(crate) fn normalise(row: &mut [f32], norm: &Norm) {
    /// What the model was trained with.
    const EPSILON: f32 = 1e-12;
    let mean = Sum::new(row).dispatch() / row.len() as f32;
    let variance = SumSquareSub::new(row, mean).dispatch() / row.len() as f32;
    let options = NormalizeOptions {
        pre_scale_bias: mean,
        scale: 1.0 / (variance + EPSILON).sqrt(),
        element_scale: Some(&norm.weight),
        element_bias: Some(&norm.bias),
        ..NormalizeOptions::default()
    };
    Normalize::new_mut(row, options).dispatch();
}
