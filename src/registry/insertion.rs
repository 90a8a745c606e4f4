//! New records, one or thousands, in one statement.

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
    let rows: Vec<Row<'_, C>> = records.iter().map(Row::from).collect();
    let rows = serde_json::to_string(&rows).map_err(|error| Error::SerializationError(Box::new(error)))?;
    let statement = format!("INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, $1::jsonb)");
    diesel::sql_query(statement).bind::<Text, _>(rows).execute(connection).await.map(drop)
}
