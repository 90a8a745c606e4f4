//! Records, one or thousands in one statement: new ones, and next versions.
//!
//! Each column is one parameter, a list of texts that PostgreSQL reads as it reads those of `COPY`. A document that it
//! first has to take apart costs it twice as much.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::{Error, QueryResult};
use diesel::sql_types::{Array, Bool, Nullable, Text, Untyped};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::join;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::Record;

/// Writes new records into their table, a statement for each batch, and says how many after each. While PostgreSQL takes
/// one in, the next is made ready.
///
/// # Errors
/// Those of the batches, and what the database says: what was written before stays.
pub async fn insert<C: Serialize + Sync, B: AsRef<[Record<C>]>, E: From<Error>>(
    table: &'static str,
    batches: impl Iterator<Item = Result<B, E>>,
    connection: &mut AsyncPgConnection,
    mut written: impl FnMut(usize),
) -> Result<(), E> {
    let columns = columns_of(table, connection).await?;
    let mut batches = batches.map(|batch| {
        let (batch, columns) = (batch?, &columns);
        let records = batch.as_ref();
        Ok::<_, E>((new(table, columns, records)?, records.len()))
    });
    let mut next = batches.next().transpose()?;
    while let Some((writing, amount)) = next {
        let following = async {
            // The connection's own task sends what it was given before this one takes its thread.
            tokio::task::yield_now().await;
            batches.next().transpose()
        };
        let (done, following) = join(writing.execute(connection), following).await;
        done?;
        written(amount);
        next = following?;
    }
    Ok(())
}

/// The statement that writes new records.
fn new<C: Serialize>(table: &str, columns: &[Column], records: &[Record<C>]) -> QueryResult<Writing> {
    let names = names(columns);
    Ok(Writing {
        head: format!("INSERT INTO {table} ({names}) {}", read(columns)),
        lists: lists(columns, records)?,
        tail: format!(") AS written ({names})"),
    })
}

/// Writes next versions over those before them; the ids of those that were written. Where the version before is no longer
/// there, nothing is.
pub async fn advance<C: Serialize + Sync>(
    table: &'static str,
    records: &[Record<C>],
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Uuid>> {
    let columns = columns_of(table, connection).await?;
    let lists = lists(&columns, records)?;
    let (source, names) = (read(&columns), names(&columns));
    let changing = columns.iter().filter(|column| !column.stays);
    let set = listed(changing, |Column { name, .. }| format!("{name} = next.{name}"));
    let head = format!("UPDATE {table} AS before SET {set} FROM ({source}");
    let tail = format!(
        ") AS written ({names})) AS next
         WHERE before.id = next.id AND before.version = next.version - 1 AND before.deleted_at IS NULL
         RETURNING before.id"
    );
    let written: Vec<Written> = Writing { head, lists, tail }.load(connection).await?;
    Ok(written.into_iter().map(|written| written.id).collect())
}

/// A column that is written.
#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    /// Its type, as PostgreSQL calls it.
    #[diesel(sql_type = Text)]
    of: String,
    /// No later version changes it.
    #[diesel(sql_type = Bool)]
    stays: bool,
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    id: Uuid,
}

/// Those of a table that are not made of others. They stay while the program runs: a migration that adds one gives it what
/// this version does not write.
async fn columns_of(table: &'static str, connection: &mut AsyncPgConnection) -> QueryResult<Arc<[Column]>> {
    static KNOWN: Mutex<BTreeMap<&str, Arc<[Column]>>> = Mutex::new(BTreeMap::new());
    if let Some(columns) = KNOWN.lock().get(table) {
        return Ok(Arc::clone(columns));
    }
    let columns: Arc<[Column]> = read_columns(table, connection).await?.into();
    KNOWN.lock().insert(table, Arc::clone(&columns));
    Ok(columns)
}

async fn read_columns(table: &str, connection: &mut AsyncPgConnection) -> QueryResult<Vec<Column>> {
    let query = "SELECT attname::text AS name, format_type(atttypid, atttypmod) AS of,
                     attname IN ('id', 'created_at', 'created_by') AS stays
                 FROM pg_attribute
                 WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum";
    diesel::sql_query(query).bind::<Text, _>(table).load(connection).await
}

fn names(columns: &[Column]) -> String {
    listed(columns.iter(), |column| column.name.clone())
}

fn listed<'c>(columns: impl Iterator<Item = &'c Column>, say: impl Fn(&Column) -> String) -> String {
    columns.map(say).collect::<Vec<_>>().join(", ")
}

/// The beginning of a query for the rows that the lists hold: the lists follow.
fn read(columns: &[Column]) -> String {
    let read = listed(columns.iter(), |Column { name, of, .. }| format!("written.{name}::{of} AS {name}"));
    format!("SELECT {read} FROM unnest(")
}

/// A statement about lists: between its beginning and its end stand these, as parameters.
struct Writing {
    head: String,
    lists: Vec<List>,
    tail: String,
}

/// The values of a column, as texts.
type List = Vec<Option<String>>;

impl QueryFragment<Pg> for Writing {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(&self.head);
        for (place, list) in self.lists.iter().enumerate() {
            if place > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param::<Array<Nullable<Text>>, List>(list)?;
        }
        out.push_sql(&self.tail);
        Ok(())
    }
}

/// It is known by its text.
impl QueryId for Writing {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Writing {
    type SqlType = Untyped;
}

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

/// What records have in each column.
fn lists<C: Serialize>(columns: &[Column], records: &[Record<C>]) -> QueryResult<Vec<List>> {
    let mut lists: Vec<List> = columns.iter().map(|_| List::with_capacity(records.len())).collect();
    let taken = records.iter().try_for_each(|record| take(record, columns, &mut lists));
    taken.map_err(|error| Error::SerializationError(Box::new(error)))?;
    Ok(lists)
}

fn take<C: Serialize>(record: &Record<C>, columns: &[Column], lists: &mut [List]) -> serde_json::Result<()> {
    let row = serde_json::to_string(&Row::from(record))?;
    let row: FxHashMap<&str, &RawValue> = serde_json::from_str(&row)?;
    for (column, list) in columns.iter().zip(lists) {
        let value = row.get(column.name.as_str());
        list.push(value.map(|value| text_of(value.get(), column.of.ends_with("[]"))).transpose()?.flatten());
    }
    Ok(())
}

/// A value as PostgreSQL reads it, from JSON.
fn text_of(value: &str, is_list: bool) -> serde_json::Result<Option<String>> {
    match value.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => serde_json::from_str(value).map(Some),
        Some(b'[') if is_list => {
            let items: Vec<String> = serde_json::from_str(value)?;
            let items = items.iter().map(|item| format!("\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\"")));
            Ok(Some(format!("{{{}}}", items.collect::<Vec<_>>().join(","))))
        }
        _ => Ok(Some(value.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_said_as_postgresql_reads_them() {
        let said = |value, is_list| text_of(value, is_list).expect("a text").unwrap_or_default();
        assert_eq!(text_of("null", false).expect("a text"), None);
        assert_eq!(said(r#""缩松 \\ \"热节\"\n""#, false), "缩松 \\ \"热节\"\n");
        assert_eq!(said("7", false), "7");
        assert_eq!(said("true", false), "true");
        assert_eq!(said(r#"{"min": 1}"#, false), r#"{"min": 1}"#);
        assert_eq!(said("[]", true), "{}");
        assert_eq!(said(r#"["缩松, 热节", "\"", "\\"]"#, true), r#"{"缩松, 热节","\"","\\"}"#);
        assert_eq!(said(r#"[{"kind": "patent"}]"#, false), r#"[{"kind": "patent"}]"#);
    }
}
