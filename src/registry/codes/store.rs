//! Loads the code lists into the database. They only grow: a code that a record bears never goes away.

use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use super::{CodeList, industries, regions};
use crate::database::schema;

/// Rows a statement; three parameters each, far below the protocol's 65 535.
const BATCH: usize = 2000;

macro_rules! load_list {
    ($table:ident, $list:expr, $connection:expr) => {{
        use schema::$table::{self, code, name, parent};
        let list: &CodeList = $list;
        for batch in list.items().chunks(BATCH) {
            let rows: Vec<_> = batch
                .iter()
                .map(|item| (code.eq(&item.code), name.eq(&item.name), parent.eq(item.parent.as_deref())))
                .collect();
            diesel::insert_into($table::table)
                .values(rows)
                .on_conflict(code)
                .do_update()
                .set((name.eq(excluded(name)), parent.eq(excluded(parent))))
                .execute($connection)
                .await?;
        }
    }};
}

/// Brings the lists of the database to those of this program.
///
/// # Errors
/// What the database says.
pub async fn load(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    connection
        .transaction(async |connection| {
            load_list!(industries, industries(), connection);
            load_list!(regions, regions(), connection);
            Ok(())
        })
        .await
}
