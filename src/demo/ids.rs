//! Ids of made-up records, the same however often they are made.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// When the first record of each kind was made, in milliseconds: the beginning of 2026. Each that follows is a
/// millisecond younger.
const BEGINNING: i64 = 1_767_225_600_000;

pub fn made_at(number: u32) -> i64 {
    BEGINNING + i64::from(number)
}

/// What would be chance in what is not made up.
pub fn chance(of: &str, number: u32) -> [u8; 32] {
    Sha256::digest(format!("{of} {number}")).into()
}

/// A `UUIDv7`: those of a kind rise with their numbers.
pub fn id(number: u32, chance: &[u8; 32]) -> Uuid {
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&chance[..10]);
    Builder::from_unix_timestamp_millis(made_at(number).cast_unsigned(), &bytes).into_uuid()
}
