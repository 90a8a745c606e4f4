//! Harvesting by OAI-PMH 2.0 (<https://www.openarchives.org/OAI/openarchivesprotocol.html>): what is public, for whoever
//! comes by night and asks what has changed since.
//!
//! The datestamp of a record is when this service came to know of a change that had committed, not when the writer began: so a
//! harvester that goes on from its last answer misses nothing that commits late ([`worker`]). Lists go by the ids of
//! records, which do not move when records change, so a token is good whatever happens meanwhile ([`token`]).

mod answer;
mod arguments;
mod dublin_core;
mod fields;
mod item;
pub mod routes;
mod store;
mod token;
pub mod worker;

use serde::{Deserialize, Serialize};

/// The formats of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MetadataFormat {
    /// Dublin Core without qualifiers.
    #[serde(rename = "oai_dc")]
    DublinCore,
    /// Every field of the record.
    #[serde(rename = "duijie")]
    Fields,
}

impl MetadataFormat {
    pub const ALL: [Self; 2] = [Self::DublinCore, Self::Fields];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DublinCore => "oai_dc",
            Self::Fields => "duijie",
        }
    }
}
