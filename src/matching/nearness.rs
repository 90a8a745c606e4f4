//! What the records of a segment mean: the vectors of their windows, in a column.

use tantivy::columnar::Column;
use tantivy::{DocId, SegmentReader};

use super::IndexError;
use super::index::columns;
use crate::meaning::{Compact, DIMENSIONS};

/// Numbers of the column for each window: the scale, then eight numbers of the vector in each.
const STRIDE: usize = 1 + DIMENSIONS / 8;

/// The column of a segment.
pub(super) struct Meanings(Column<u64>);

impl Meanings {
    pub fn of(segment: &SegmentReader) -> Result<Self, IndexError> {
        Ok(Self(segment.fast_fields().u64(columns::MEANING)?))
    }

    /// The cosine of the nearest window of a record; nothing where it is not known what it means.
    pub fn nearest(&self, doc: DocId, to: &Compact, space: &mut Vec<u64>) -> Option<f32> {
        let rows = self.0.index.value_row_ids(doc);
        space.resize(rows.len(), 0);
        self.0.values.get_range(rows.start.into(), space);
        space.chunks_exact(STRIDE).map(|window| cosine(window, to)).max_by(f32::total_cmp)
    }
}

/// The numbers of a column that stand for vectors.
pub(super) fn packed(windows: &[Compact]) -> impl Iterator<Item = u64> {
    windows.iter().flat_map(|window| {
        let numbers = window.numbers.chunks_exact(8).map(|eight| {
            let bytes: [u8; 8] = std::array::from_fn(|place| eight[place].cast_unsigned());
            u64::from_le_bytes(bytes)
        });
        std::iter::once(window.scale.to_bits().into()).chain(numbers)
    })
}

fn cosine(window: &[u64], to: &Compact) -> f32 {
    let eights = window[1..].iter().zip(to.numbers.as_chunks::<8>().0);
    let sum: i32 = eights
        .map(|(packed, to)| {
            let numbers = packed.to_le_bytes().map(u8::cast_signed);
            numbers.iter().zip(to).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>()
        })
        .sum();
    let scale = u32::try_from(window[0]).map_or(0.0, f32::from_bits);
    sum as f32 * scale * to.scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_as_near_as_it_was() {
        let vector = |seed: usize| Compact {
            scale: 0.5 / 127.0,
            numbers: std::array::from_fn(|place| (place * seed % 251).to_le_bytes()[0].cast_signed()),
        };
        let (a, b) = (vector(7), vector(13));
        let packed: Vec<u64> = packed(&[a.clone(), b.clone()]).collect();
        assert_eq!(packed.len(), 2 * STRIDE);
        for (window, vector) in packed.chunks_exact(STRIDE).zip([&a, &b]) {
            assert!((cosine(window, &b) - vector.cosine(&b)).abs() < 1e-6);
        }
    }
}
