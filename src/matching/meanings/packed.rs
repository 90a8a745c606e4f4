//! Vectors in the bytes of the database: a scale, most significant byte first, then a byte for each number.

use crate::meaning::{Compact, DIMENSIONS};

/// Bytes of a scale, and of a vector with its scale.
const SCALE: usize = size_of::<f32>();
pub(super) const VECTOR: usize = SCALE + DIMENSIONS;

pub(super) fn push(vector: &Compact, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&vector.scale.to_be_bytes());
    bytes.extend(vector.numbers.iter().map(|number| number.cast_unsigned()));
}

/// A vector from its bytes; what is missing is 0.
pub(super) fn read(bytes: &[u8]) -> Compact {
    let (scale, rest) = bytes.split_first_chunk::<SCALE>().unwrap_or((&[0; SCALE], &[]));
    let mut numbers = [0; DIMENSIONS];
    for (number, byte) in numbers.iter_mut().zip(rest) {
        *number = byte.cast_signed();
    }
    Compact { scale: f32::from_be_bytes(*scale), numbers }
}

pub(super) fn packed(vectors: &[Compact]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(vectors.len() * VECTOR);
    for vector in vectors {
        push(vector, &mut bytes);
    }
    bytes
}

pub(super) fn unpacked(bytes: &[u8]) -> Vec<Compact> {
    bytes.as_chunks::<VECTOR>().0.iter().map(|bytes| read(bytes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_read_back_as_they_were_written() {
        let vector = |scale, first: i8| {
            let mut numbers = [first; DIMENSIONS];
            numbers[1] = i8::MIN;
            Compact { scale, numbers }
        };
        let vectors = vec![vector(0.01, 127), vector(1.0, 0), vector(f32::MIN_POSITIVE, -1)];
        let bytes = packed(&vectors);
        assert_eq!(bytes.len(), 3 * 388);
        assert_eq!(bytes[..6], [0x3c, 0x23, 0xd7, 0x0a, 127, 128]);
        assert_eq!(unpacked(&bytes), vectors);
    }
}
