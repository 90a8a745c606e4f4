//! The versions of a record, newest first. The database keeps the version before every change.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::record::{Concept, Record};
use crate::database::schema::record_versions;

/// One version of a record.
#[derive(Serialize, ToSchema)]
pub struct Version<R> {
    #[schema(minimum = 1)]
    pub version: i64,
    /// When this version was written.
    pub changed_at: DateTime<Utc>,
    /// The account that wrote it; none for the service itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<Uuid>,
    /// True for the tombstone of a deleted record.
    pub deleted: bool,
    /// Why it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub deleted_reason: Option<String>,
    pub record: R,
}

impl<C> From<Record<C>> for Version<Record<C>> {
    fn from(record: Record<C>) -> Self {
        let stamp = &record.stamp;
        Self {
            version: stamp.version,
            changed_at: stamp.updated_at,
            changed_by: stamp.updated_by,
            deleted: stamp.deleted_at.is_some(),
            deleted_reason: stamp.deleted_reason.clone(),
            record,
        }
    }
}

/// Versions of a record before `before`, at most `limit`, newest first.
///
/// # Errors
/// What the database says, also of a version that cannot be read back.
pub async fn earlier<C: Concept>(
    id: Uuid,
    before: i64,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Record<C>>> {
    let versions = record_versions::table.filter(record_versions::record_id.eq(id));
    let kept: Vec<Value> = versions
        .filter(record_versions::version.lt(before))
        .order(record_versions::version.desc())
        .limit(limit)
        .select(record_versions::record)
        .load(connection)
        .await?;
    let records = kept.into_iter().map(serde_json::from_value);
    records.collect::<Result<_, _>>().map_err(|error| diesel::result::Error::DeserializationError(Box::new(error)))
}
