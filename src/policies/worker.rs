//! Reads the policies that were written past the routes, or before the rules were what they are.

use std::sync::Weak;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{Integer, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::clauses;
use super::reading::RULES;
use crate::database::{Database, DatabaseError};
use crate::registry::Store;
use crate::registry::policies::Policy;

/// Between two looks.
const PERIOD: Duration = Duration::from_mins(1);

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

/// Looks every minute, as long as the service runs.
pub async fn work<T>(running: Weak<T>, database: Database) {
    while running.strong_count() > 0 {
        match read_some(&database).await {
            Ok(some) if some == BATCH => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "policies could not be read; trying again in a minute"),
        }
        tokio::time::sleep(PERIOD).await;
    }
}

async fn read_some(database: &Database) -> Result<usize, DatabaseError> {
    let mut connection = database.lasting_connection().await?;
    let unread: Vec<Unread> = diesel::sql_query(UNREAD).bind::<Integer, _>(RULES).load(&mut connection).await?;
    for Unread { id } in &unread {
        connection.transaction(async |connection| read(*id, connection).await).await?;
    }
    Ok(unread.len())
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
