//! SQL of what is searched.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, Date, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// The day, where the office is, on which a result could be read here first, or on which it was collected where everybody could.
const PUBLISHED: &str = "
    SELECT id, min(day) AS day FROM (
        SELECT id, status, updated_at, source FROM results WHERE id = ANY ($1)
        UNION ALL
        SELECT record_id, record ->> 'status', (record ->> 'updated_at')::timestamptz, record -> 'source'
        FROM record_versions WHERE record_id = ANY ($1)) AS versions
    CROSS JOIN LATERAL (VALUES
        ((updated_at AT TIME ZONE 'Asia/Shanghai')::date),
        (CASE WHEN source ->> 'url' IS NOT NULL THEN (source ->> 'collected_on')::date END)) AS days (day)
    WHERE status IN ('published', 'transferred') GROUP BY id";

#[derive(QueryableByName)]
struct Published {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Date)]
    day: NaiveDate,
}

/// When results were published, of those that were.
///
/// # Errors
/// What the database says.
pub async fn published(results: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<HashMap<Uuid, NaiveDate>> {
    let rows: Vec<Published> = diesel::sql_query(PUBLISHED).bind::<Array<SqlUuid>, _>(results).load(connection).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.day)).collect())
}
