//! What the index keeps of a record.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::Facet;
use crate::access::Audience;
use crate::meaning::Compact;

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
    /// What its windows mean, in their order; nothing as long as that is not known.
    pub meaning: Vec<Compact>,
}

impl Document {
    /// Does it ask, or is it offered, now?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.facets.iter().any(|facet| facet.is_open())
    }
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

#[cfg(test)]
impl Document {
    /// A public record that says so much and no more.
    pub(super) fn saying(title: &str, body: &str) -> Self {
        Self {
            id: Uuid::now_v7(),
            version: 1,
            audience: Audience::PUBLIC,
            owners: Vec::new(),
            title: title.to_owned(),
            keywords: Vec::new(),
            body: vec![body.to_owned()],
            names: Vec::new(),
            facets: Vec::new(),
            maturity: None,
            price: None,
            deadline: None,
            updated_at: Utc::now(),
            meaning: Vec::new(),
        }
    }
}
