//! Work cut for the processors.

use std::num::NonZero;
use std::thread;

/// How many there are.
pub(crate) fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// The same in shares of about one size, for each processor one.
pub(super) fn shares<T>(all: &[T]) -> Vec<&[T]> {
    all.chunks(all.len().div_ceil(processors()).max(1)).collect()
}
