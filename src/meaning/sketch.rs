//! A short sketch of a vector, from which it is told nearly how near the vector is to another: 52 bytes for 384 numbers,
//! compared in some nanoseconds.
//!
//! What records have in common is taken out of the vectors of texts, so each number is above nothing about as often as
//! below. Of each its sign is kept, and how large they all are on the average (as `RaBitQ` does, Gao & Long 2024). What is
//! looked for keeps its numbers: a table for every eight of them has the sums for all signs that a record can have there.

use super::vector::{Compact, DIMENSIONS};

/// Numbers whose signs are a byte together.
const TOGETHER: usize = 8;
const BYTES: usize = DIMENSIONS / TOGETHER;

/// What is kept of a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Sketch {
    /// What the numbers are on the average, whatever their sign.
    size: f32,
    /// Whether they are above nothing, by bits.
    signs: [u8; BYTES],
}

/// A vector that sketches are compared with.
pub struct Sought {
    tables: Box<[[i16; 256]; BYTES]>,
    /// What one in the tables stands for.
    scale: f32,
}

impl Sketch {
    /// Words of a sketch in a column.
    pub const WORDS: usize = 1 + BYTES / 8;

    #[must_use]
    pub fn of(vector: &Compact) -> Self {
        let mut signs = [0; BYTES];
        for (byte, eight) in signs.iter_mut().zip(vector.numbers.as_chunks::<TOGETHER>().0) {
            *byte = eight.iter().enumerate().map(|(bit, number)| u8::from(*number > 0) << bit).sum();
        }
        let sum: u32 = vector.numbers.iter().map(|number| u32::from(number.unsigned_abs())).sum();
        Self { size: sum as f32 * vector.scale / DIMENSIONS as f32, signs }
    }

    #[must_use]
    pub fn packed(&self) -> [u64; Self::WORDS] {
        let mut words = [u64::from(self.size.to_bits()); Self::WORDS];
        for (word, signs) in words[1..].iter_mut().zip(self.signs.as_chunks().0) {
            *word = u64::from_le_bytes(*signs);
        }
        words
    }

    #[must_use]
    pub fn unpacked(words: &[u64; Self::WORDS]) -> Self {
        let mut signs = [0; BYTES];
        for (signs, word) in signs.as_chunks_mut().0.iter_mut().zip(&words[1..]) {
            *signs = word.to_le_bytes();
        }
        Self { size: u32::try_from(words[0]).map_or(0.0, f32::from_bits), signs }
    }
}

impl Sought {
    #[must_use]
    pub fn of(vector: &Compact) -> Self {
        #[expect(clippy::large_stack_arrays, reason = "24 KiB, for a moment")]
        let mut tables = Box::new([[0; 256]; BYTES]);
        for (table, eight) in tables.iter_mut().zip(vector.numbers.as_chunks::<TOGETHER>().0) {
            let eight = eight.map(i16::from);
            table[0] = -eight.iter().sum::<i16>();
            for signs in 1..table.len() {
                // Those of another that is known, and one more above nothing.
                table[signs] = table[signs & (signs - 1)] + 2 * eight[signs.trailing_zeros() as usize];
            }
        }
        Self { tables, scale: vector.scale }
    }

    /// The cosine with the vector of a sketch, nearly.
    #[inline]
    #[must_use]
    pub fn nearness(&self, sketch: &Sketch) -> f32 {
        let sums = self.tables.iter().zip(&sketch.signs).map(|(table, signs)| i32::from(table[usize::from(*signs)]));
        sums.sum::<i32>() as f32 * self.scale * sketch.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(seed: usize) -> Compact {
        let numbers = std::array::from_fn(|place| ((place + 1) * seed * 7_919 % 251).to_le_bytes()[0].cast_signed());
        Compact { scale: 0.05 / 127.0, numbers }
    }

    #[test]
    fn what_is_packed_is_the_same_sketch() {
        let sketch = Sketch::of(&vector(3));
        assert_eq!(Sketch::unpacked(&sketch.packed()), sketch);
    }

    #[test]
    fn what_is_looked_for_is_summed_by_the_signs_of_the_other() {
        let (one, other) = (vector(3), vector(5));
        let sketch = Sketch::of(&one);
        let signs = one.numbers.map(|number| if number > 0 { sketch.size } else { -sketch.size });
        let numbers = other.numbers.map(|number| f32::from(number) * other.scale);
        let product: f32 = numbers.iter().zip(signs).map(|(number, sign)| number * sign).sum();
        assert!((Sought::of(&other).nearness(&sketch) - product).abs() < 1e-4);
    }
}
