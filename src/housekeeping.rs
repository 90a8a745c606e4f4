//! What is done from time to time as long as the service runs: whoever is to be reminded is, what was not read is, and what
//! is old is forgotten.

use std::sync::Weak;
use std::time::Duration;

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::database::{Database, DatabaseError};
use crate::http::idempotency;
use crate::{dockings, identity, imports, patents, policies, visits, webhooks};

/// Between two rounds.
const PERIOD: Duration = Duration::from_mins(1);
/// Rounds after which all is done that need not be done in each.
const AN_HOUR: u64 = 60;

/// Something that is done by any process of the service, and does no harm if another does it, too.
struct Chore {
    /// As the log calls it.
    name: &'static str,
    /// Every so many rounds.
    every: u64,
    run: Run,
}

type Run = for<'c> fn(&'c mut AsyncPgConnection) -> BoxFuture<'c, QueryResult<()>>;

const CHORES: [Chore; 8] = [
    each_minute("reminders of dockings", |connection| dockings::reminders::remind(connection).boxed()),
    each_minute("policies to be read", |connection| policies::read_unread(connection).boxed()),
    each_hour("reminders of patents", |connection| patents::reminders::remind(patents::today(), connection).boxed()),
    each_hour("answers kept for who asks twice", |connection| idempotency::forget_old(connection).boxed()),
    each_hour("old failures to sign in", |connection| identity::forget_old_failures(connection).boxed()),
    each_hour("old visits", |connection| visits::forget_old(connection).boxed()),
    each_hour("old deliveries of webhooks", |connection| webhooks::forget_old(connection).boxed()),
    each_hour("files of old imports", |connection| imports::forget_old(connection).boxed()),
];

const fn each_minute(name: &'static str, run: Run) -> Chore {
    Chore { name, every: 1, run }
}

const fn each_hour(name: &'static str, run: Run) -> Chore {
    Chore { name, every: AN_HOUR, run }
}

/// Does what is due, every minute as long as the service runs. What fails is tried again when it is due again.
pub async fn work<T>(running: Weak<T>, database: Database) {
    for round in 0.. {
        if running.strong_count() == 0 {
            return;
        }
        if let Err(error) = do_chores(round, &database).await {
            tracing::warn!(%error, "nothing is kept in order; trying again in a minute");
        }
        tokio::time::sleep(PERIOD).await;
    }
}

async fn do_chores(round: u64, database: &Database) -> Result<(), DatabaseError> {
    let mut connection = database.worker_connection().await?;
    for chore in CHORES.iter().filter(|chore| round.is_multiple_of(chore.every)) {
        if let Err(error) = (chore.run)(&mut connection).await {
            tracing::warn!(%error, "{} failed; they come again", chore.name);
        }
    }
    Ok(())
}
