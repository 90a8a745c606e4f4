//! A direction in space, and how it is stored.

pub use meaning_encoder::DIMENSIONS;
use rten_simd::{Isa, SimdOp};

/// A vector of length one: the product of two is the cosine of their angle, the nearer to one the nearer in meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector(Vec<f32>);

/// A vector in a byte for each number: `numbers × scale`.
#[derive(Clone, Debug, PartialEq)]
pub struct Compact {
    pub scale: f32,
    pub numbers: [i8; DIMENSIONS],
}

impl Vector {
    /// What points in the direction of a sum.
    pub(crate) fn towards(mut sum: Vec<f32>) -> Self {
        let length = sum.iter().map(|number| number * number).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        for number in &mut sum {
            *number /= length;
        }
        Self(sum)
    }

    #[must_use]
    pub fn numbers(&self) -> &[f32] {
        &self.0
    }

    #[must_use]
    pub fn cosine(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum()
    }

    /// The nearest vector of bytes.
    #[must_use]
    pub fn compact(&self) -> Compact {
        let most = self.0.iter().fold(f32::MIN_POSITIVE, |most, number| most.max(number.abs()));
        let scale = most / f32::from(i8::MAX);
        let mut numbers = [0; DIMENSIONS];
        for (compact, number) in numbers.iter_mut().zip(&self.0) {
            #[expect(clippy::cast_possible_truncation, reason = "within 127 by the scale")]
            let nearest = (number / scale).round() as i8;
            *compact = nearest;
        }
        Compact { scale, numbers }
    }
}

impl Compact {
    /// The direction between some; nothing of none.
    #[must_use]
    pub fn mean(some: &[Self]) -> Option<Self> {
        let mut sum = vec![0.0; DIMENSIONS];
        for one in some {
            for (sum, number) in sum.iter_mut().zip(one.numbers) {
                *sum += f32::from(number) * one.scale;
            }
        }
        (!some.is_empty()).then(|| Vector::towards(sum).compact())
    }

    /// The cosine of two, from exact sums.
    #[must_use]
    pub fn cosine(&self, other: &Self) -> f32 {
        Products(&self.numbers, &other.numbers).dispatch() as f32 * self.scale * other.scale
    }
}

/// The sum of the products of two vectors.
struct Products<'a>(&'a [i8; DIMENSIONS], &'a [i8; DIMENSIONS]);

impl SimdOp for Products<'_> {
    type Output = i32;

    #[expect(clippy::inline_always, reason = "else it would not be compiled for the processor that runs it")]
    #[inline(always)]
    fn eval<I: Isa>(self, _: I) -> i32 {
        self.0.iter().zip(self.1).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
    }
}
