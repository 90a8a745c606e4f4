//! Where a follower stands.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::problem::FieldFault;

/// After a change: of which transaction, and which of the table's rows. Opaque to followers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Tells databases apart: what was said of one means nothing in another.
    database: [u8; 8],
    pub xid: i64,
    pub seq: i64,
}

impl Position {
    /// A place in a database, which is named by its cluster and its number there.
    #[must_use]
    pub fn new(database: &str, xid: i64, seq: i64) -> Self {
        let digest: [u8; 32] = Sha256::digest(database).into();
        let database = digest.first_chunk().copied().unwrap_or_default();
        Self { database, xid, seq }
    }

    /// Another place in the same database.
    #[must_use]
    pub fn at(self, xid: i64, seq: i64) -> Self {
        Self { xid, seq, ..self }
    }

    /// Are both of one database?
    #[must_use]
    pub fn is_of_same(self, other: Self) -> bool {
        self.database == other.database
    }

    /// The fault of a position that means nothing here, as after the database was set up anew.
    #[must_use]
    pub fn lost() -> FieldFault {
        FieldFault::new(
            "other_database",
            "这个位置不属于现在的数据库：请重新导出后再跟进",
            "is not one of this database: export again and follow from there",
        )
    }

    /// Is it one that this database has come to?
    #[must_use]
    pub fn is_reached(self, now: Self) -> bool {
        self.is_of_same(now) && (now.at(0, -1)..=now).contains(&self)
    }

    /// # Errors
    /// `format` for what no answer has given.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let (database, rest) = bytes.split_first_chunk()?;
            let (xid, rest) = rest.split_first_chunk()?;
            let (seq, rest) = rest.split_first_chunk()?;
            let place = Self { database: *database, xid: i64::from_be_bytes(*xid), seq: i64::from_be_bytes(*seq) };
            rest.is_empty().then_some(place)
        };
        read().ok_or_else(|| FieldFault::new("format", "不是本服务给出的位置", "is no position that was given out"))
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = [self.database, self.xid.to_be_bytes(), self.seq.to_be_bytes()].concat();
        out.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_back_as_it_was_given() {
        let position = Position::new("7/5", 42, -1);
        assert_eq!(Position::parse(&position.to_string()), Ok(position));
        assert!(!position.is_of_same(Position::new("7/6", 42, -1)));
        assert!(position < position.at(42, 0) && position.at(42, 9) < position.at(43, 0));
        for wrong in ["", "x", "AAAA", &format!("{position}A")] {
            assert!(Position::parse(wrong).is_err(), "{wrong}");
        }
    }
}
