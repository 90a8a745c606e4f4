//! SQL of the centre's page.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::{Centre, CentrePage};
use crate::database::schema::{centre, record_versions};

/// The page as it is now, and the id under which its versions are kept. The database has exactly one.
///
/// # Errors
/// What the database says.
pub async fn read(connection: &mut AsyncPgConnection) -> QueryResult<(Uuid, CentrePage)> {
    centre::table.select((centre::id, CentrePage::as_select())).first(connection).await
}

/// Writes the next version over one; false if that is no longer the last.
///
/// # Errors
/// What the database says.
pub async fn replace(version: i64, new: &Centre, by: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let set = (
        new,
        centre::version.eq(centre::version + 1),
        centre::updated_at.eq(diesel::dsl::now),
        centre::updated_by.eq(by),
    );
    Ok(diesel::update(centre::table.filter(centre::version.eq(version))).set(set).execute(connection).await? == 1)
}

/// Versions before one, newest first.
///
/// # Errors
/// What the database says, also of a version that cannot be read back.
pub async fn earlier(
    id: Uuid,
    before: i64,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<CentrePage>> {
    let versions = record_versions::table.filter(record_versions::record_id.eq(id));
    let kept: Vec<Value> = versions
        .filter(record_versions::version.lt(before))
        .order(record_versions::version.desc())
        .limit(limit)
        .select(record_versions::record)
        .load(connection)
        .await?;
    let pages = kept.into_iter().map(serde_json::from_value);
    pages.collect::<Result<_, _>>().map_err(|error| diesel::result::Error::DeserializationError(Box::new(error)))
}
