//! Lists: bounded, and no item twice.

use std::collections::HashSet;
use std::hash::Hash;

use crate::problem::FieldFault;

/// At most `MOST` items, each only once.
///
/// # Errors
/// `too_many` or `duplicate`.
pub fn distinct<const MOST: usize, T: Eq + Hash>(items: Vec<T>) -> Result<Vec<T>, FieldFault> {
    if items.len() > MOST {
        let count = items.len();
        return Err(FieldFault::new(
            "too_many",
            format!("至多 {MOST} 项，现为 {count} 项"),
            format!("must have at most {MOST} items, has {count}"),
        ));
    }
    let mut seen = HashSet::with_capacity(items.len());
    if let Some(place) = items.iter().position(|item| !seen.insert(item)) {
        return Err(FieldFault::new(
            "duplicate",
            format!("第 {} 项与前面重复", place + 1),
            format!("item {} stands there twice", place + 1),
        ));
    }
    Ok(items)
}

/// Like [`distinct`], and not empty.
///
/// # Errors
/// `too_few`, `too_many` or `duplicate`.
pub fn at_least_one<const MOST: usize, T: Eq + Hash>(items: Vec<T>) -> Result<Vec<T>, FieldFault> {
    if items.is_empty() {
        return Err(FieldFault::new("too_few", "至少一项", "must have at least one item"));
    }
    distinct::<MOST, T>(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_bounded_and_distinct() {
        assert_eq!(distinct::<2, _>(vec![1, 2]), Ok(vec![1, 2]));
        assert_eq!(distinct::<2, _>(vec![1, 2, 3]).map_err(|fault| fault.code), Err("too_many"));
        assert_eq!(distinct::<2, _>(vec![1, 1]).map_err(|fault| fault.code), Err("duplicate"));
        assert_eq!(at_least_one::<2, u8>(vec![]).map_err(|fault| fault.code), Err("too_few"));
    }
}
