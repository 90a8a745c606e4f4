//! What the index keeps of a record.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::Facet;

/// Who may find a record: each level includes the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Audience(u8);

impl Audience {
    /// Everyone.
    pub const PUBLIC: Self = Self(0);
    /// Everyone signed in.
    pub const MEMBERS: Self = Self(1);
    /// The centre's staff only.
    pub const STAFF: Self = Self(2);

    /// In the order of their places.
    pub(super) const ALL: [Self; 3] = [Self::PUBLIC, Self::MEMBERS, Self::STAFF];

    /// Its place among all.
    pub(super) fn place(self) -> usize {
        self.0.into()
    }

    /// As the index keeps it.
    pub(super) fn number(self) -> u64 {
        self.0.into()
    }
}

/// A record as the index sees it.
#[derive(Clone, Debug)]
pub struct Document {
    pub id: Uuid,
    pub version: i64,
    pub audience: Audience,
    /// The organisations, the expert or the partner that find it whatever the audience.
    pub owners: Vec<Uuid>,
    pub title: String,
    pub keywords: Vec<String>,
    pub body: Vec<String>,
    /// Names of people and organisations, found by pinyin too.
    pub names: Vec<String>,
    pub facets: Vec<Facet>,
    /// Technology readiness level: offered by a result, least wanted by a demand.
    pub maturity: Option<u8>,
    /// CNY: asked for a result, or the budget of a demand.
    pub price: Option<(i64, i64)>,
    pub deadline: Option<NaiveDate>,
    pub updated_at: DateTime<Utc>,
}

/// A change to take into the index.
#[derive(Clone, Debug)]
pub enum Change {
    Put(Box<Document>),
    Remove(Uuid),
}

/// Who looks: sees an audience, and what it owns.
#[derive(Clone, Copy, Debug)]
pub struct Viewer {
    pub audience: Audience,
    pub owner: Option<Uuid>,
}
