//! Reads the policies that were written past the routes, or before the rules were what they are.

use diesel::prelude::*;
use diesel::sql_types::{Integer, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::clauses;
use super::reading::RULES;
use crate::registry::Store;
use crate::registry::policies::Policy;

/// Policies that are looked up at once.
const BATCH: usize = 64;

const UNREAD: &str = "
    SELECT policies.id FROM policies LEFT JOIN policy_readings reading ON reading.policy_id = policies.id
    WHERE reading.version IS DISTINCT FROM policies.version OR reading.rules IS DISTINCT FROM $1
    ORDER BY policies.id LIMIT 64";

#[derive(QueryableByName)]
struct Unread {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Reads all of them.
///
/// # Errors
/// What the database says.
pub async fn read_unread(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    loop {
        let unread: Vec<Unread> = diesel::sql_query(UNREAD).bind::<Integer, _>(RULES).load(connection).await?;
        for Unread { id } in &unread {
            connection.transaction(async |connection| read(*id, connection).await).await?;
        }
        if unread.len() < BATCH {
            return Ok(());
        }
    }
}

/// Reads a policy as it stands. Nobody is told of it: it may have been there for long.
///
/// # Errors
/// What the database says.
pub async fn read(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    // Whoever writes the policy waits, so that what is kept is of the version that stands.
    diesel::sql_query("SELECT FROM policies WHERE id = $1 FOR UPDATE")
        .bind::<SqlUuid, _>(id)
        .execute(connection)
        .await?;
    match Policy::find(id, connection).await? {
        Some(policy) => clauses::keep(&policy, connection).await,
        None => Ok(()),
    }
}
