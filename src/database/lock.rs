//! Advisory locks of a session: held by a connection until it lets go or breaks, or is taken for other work.

use diesel::QueryResult;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

#[derive(diesel::QueryableByName)]
struct Held {
    #[diesel(sql_type = Bool)]
    held: bool,
}

/// The key of what has an id: its random half.
#[must_use]
pub fn of(id: Uuid) -> i64 {
    id.as_u64_pair().1.cast_signed()
}

/// Takes a lock without waiting; false if another connection holds it.
///
/// # Errors
/// What the database says.
pub async fn try_hold(key: i64, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let hold = diesel::sql_query("SELECT pg_try_advisory_lock($1) AS held").bind::<BigInt, _>(key);
    let held: Held = hold.get_result(connection).await?;
    Ok(held.held)
}

/// Lets go of a lock.
///
/// # Errors
/// What the database says.
pub async fn let_go(key: i64, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let let_go = diesel::sql_query("SELECT pg_advisory_unlock($1)").bind::<BigInt, _>(key);
    let_go.execute(connection).await.map(drop)
}
