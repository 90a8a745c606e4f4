//! Loads the code lists into the database. They only grow: a code that a record bears never goes away.

use diesel::QueryResult;
use diesel::sql_types::{Array, Nullable, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use super::{CodeList, industries, regions};

/// Brings the lists of the database to those of this program.
///
/// # Errors
/// What the database says.
pub async fn load(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    connection
        .transaction(async |connection| {
            load_list("industries", industries(), connection).await?;
            load_list("regions", regions(), connection).await
        })
        .await
}

/// What is there already is not written again.
async fn load_list(table: &str, list: &CodeList, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let load = format!(
        "INSERT INTO {table} AS known (code, name, parent) SELECT * FROM unnest($1, $2, $3)
         ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, parent = EXCLUDED.parent
             WHERE (known.name, known.parent) IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.parent)"
    );
    let items = list.items();
    diesel::sql_query(load)
        .bind::<Array<Text>, _>(items.iter().map(|item| &*item.code).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(items.iter().map(|item| &*item.name).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(items.iter().map(|item| item.parent.as_deref()).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
}
