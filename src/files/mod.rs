//! Files that belong to a record: uploaded whole, looked at, kept in the database or in a folder with their hash, given back
//! as they came.
//!
//! What a file is, its first bytes say, not who sends it; only what offices exchange is taken, and nothing that a browser or
//! an office program would run. A record that has files says who may see them.

mod download;
mod kinds;
mod name;
mod place;
mod store;
mod upload;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

pub use download::download;
pub use name::FileName;
pub use place::FilePlace;
pub use store::{COLUMNS, FileRow, keep, read};
pub use upload::{FileBytes, MOST_BYTES, Upload};

/// A file as it is listed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = KeptFile, example = json!({
    "id": "01939c5e-0000-7000-8000-000000000012", "name": "会谈纪要.pdf", "media_type": "application/pdf", "size": 48_211,
    "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", "created_at": "2026-11-26T08:00:00Z"
}))]
pub struct File {
    pub id: Uuid,
    #[schema(max_length = 200)]
    pub name: String,
    #[schema(max_length = 100)]
    pub media_type: String,
    /// Bytes.
    #[schema(minimum = 1, maximum = 10_485_760)]
    pub size: i32,
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
    pub created_at: DateTime<Utc>,
}
