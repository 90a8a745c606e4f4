//! What the records of a segment mean: the vectors of their windows, in a column, and sketches of them, in memory.

use tantivy::columnar::Column;
use tantivy::{DocId, SegmentReader};

use super::IndexError;
use super::filter::Columns;
use super::index::columns;
use crate::access::Audience;
use crate::meaning::{Compact, DIMENSIONS, Sketch};

/// Numbers of the column for each window: the scale, then eight numbers of the vector in each.
const STRIDE: usize = 1 + DIMENSIONS / 8;

/// The vectors and the sketches of a segment.
pub(super) struct Meanings {
    vectors: Column<u64>,
    /// By the place of the audience, so that those of one can be read without those of another.
    sketches: [Vec<Sketched>; 3],
}

/// The sketch of a window.
pub(super) struct Sketched {
    pub doc: DocId,
    pub sketch: Sketch,
}

impl Meanings {
    pub fn of(segment: &SegmentReader, columns: &Columns) -> Result<Self, IndexError> {
        let fast = segment.fast_fields();
        let (vectors, column) = (fast.u64(columns::MEANING)?, fast.u64(columns::SKETCH)?);
        let (mut sketches, mut space): ([Vec<Sketched>; 3], _) = (Default::default(), Vec::new());
        for doc in 0..segment.max_doc() {
            read(&column, doc, &mut space);
            let windows = space.as_chunks().0.iter().map(|words| Sketched { doc, sketch: Sketch::unpacked(words) });
            sketches[columns.audience(doc).place()].extend(windows);
        }
        Ok(Self { vectors, sketches })
    }

    /// The sketches of all windows of the records of an audience, removed ones among them.
    pub fn sketches(&self, audience: Audience) -> &[Sketched] {
        &self.sketches[audience.place()]
    }

    /// The cosine of the nearest window of a record; nothing where it is not known what it means.
    pub fn nearest(&self, doc: DocId, to: &Compact, space: &mut Vec<u64>) -> Option<f32> {
        read(&self.vectors, doc, space);
        space.chunks_exact(STRIDE).map(|window| cosine(window, to)).max_by(f32::total_cmp)
    }
}

/// The values of a record.
fn read(column: &Column<u64>, doc: DocId, space: &mut Vec<u64>) {
    let rows = column.index.value_row_ids(doc);
    space.resize(rows.len(), 0);
    column.values.get_range(rows.start.into(), space);
}

/// The numbers of a column that stand for sketches of vectors.
pub(super) fn sketched(windows: &[Compact]) -> impl Iterator<Item = u64> {
    windows.iter().flat_map(|window| Sketch::of(window).packed())
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
    let mut numbers = [0; DIMENSIONS];
    for (eight, packed) in numbers.as_chunks_mut().0.iter_mut().zip(&window[1..]) {
        *eight = packed.to_le_bytes().map(u8::cast_signed);
    }
    let scale = u32::try_from(window[0]).map_or(0.0, f32::from_bits);
    Compact { scale, numbers }.cosine(to)
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
