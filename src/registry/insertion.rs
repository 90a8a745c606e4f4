//! Records, one or thousands, in one statement: new ones, and next versions.

use diesel::QueryableByName;
use diesel::result::{Error, QueryResult};
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use uuid::Uuid;

use super::Record;

/// A record as its row: its JSON has the names of the columns.
#[derive(Serialize)]
struct Row<'r, C> {
    #[serde(flatten)]
    record: &'r Record<C>,
    created_by: Option<Uuid>,
    updated_by: Option<Uuid>,
}

impl<'r, C> From<&'r Record<C>> for Row<'r, C> {
    fn from(record: &'r Record<C>) -> Self {
        Self { record, created_by: record.stamp.created_by, updated_by: record.stamp.updated_by }
    }
}

/// Writes records into their table. They are one parameter, so that the statement is the same however many they are.
pub async fn insert<C: Serialize + Sync>(
    table: &str,
    records: &[Record<C>],
    connection: &mut AsyncPgConnection,
) -> QueryResult<()> {
    let rows = rows(records)?;
    let statement = format!("INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, $1::jsonb)");
    diesel::sql_query(statement).bind::<Text, _>(rows).execute(connection).await.map(drop)
}

/// Writes next versions over those before them; the ids of those that were written. Where the version before is no longer
/// there, nothing is.
pub async fn advance<C: Serialize + Sync>(
    table: &str,
    records: &[Record<C>],
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Uuid>> {
    let rows = rows(records)?;
    let columns: Setting = diesel::sql_query(
        "SELECT string_agg(format('%1$I = next.%1$I', attname), ', ') AS setting FROM pg_attribute
         WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
           AND attname NOT IN ('id', 'created_at', 'created_by')",
    )
    .bind::<Text, _>(table)
    .get_result(connection)
    .await?;
    let statement = format!(
        "UPDATE {table} AS before SET {} FROM jsonb_populate_recordset(NULL::{table}, $1::jsonb) AS next
         WHERE before.id = next.id AND before.version = next.version - 1 AND before.deleted_at IS NULL
         RETURNING before.id",
        columns.setting
    );
    let written: Vec<Written> = diesel::sql_query(statement).bind::<Text, _>(rows).load(connection).await?;
    Ok(written.into_iter().map(|written| written.id).collect())
}

/// What an update sets.
#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    setting: String,
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    id: Uuid,
}

fn rows<C: Serialize>(records: &[Record<C>]) -> QueryResult<String> {
    let rows: Vec<Row<'_, C>> = records.iter().map(Row::from).collect();
    serde_json::to_string(&rows).map_err(|error| Error::SerializationError(Box::new(error)))
}
