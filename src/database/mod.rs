//! The database: its pool, its migrations, and a PostgreSQL of our own where none is given.

pub mod embedded;
pub mod lock;
pub mod notices;
pub mod schema;
mod workers;

use std::time::Duration;

use deadpool::managed::{PoolBuilder, QueueMode};
use diesel::ConnectionResult;
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures_util::FutureExt;

use crate::problem::{Answer, Kind, Problem};
use crate::registry::codes;

pub use workers::WorkerConnection;
use workers::Workers;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Longer than this no request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections that a worker has of its own, at least.
const LEAST: usize = 4;

/// Longer than 30 s no statement of a request runs, not even when its caller is gone; and none so long that compiling it
/// would pay.
const STATEMENT: &str = "SET statement_timeout = '30s'; SET jit = off";

pub type Connection = Object<AsyncPgConnection>;

type Manager = AsyncDieselConnectionManager<AsyncPgConnection>;

#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("cannot connect to the database: {0}")]
    Connect(#[from] diesel::ConnectionError),
    #[error("the database refused: {0}")]
    Query(#[from] diesel::result::Error),
    #[error("a migration failed: {0}")]
    Migrate(String),
    #[error("no connection is to be had: {0}")]
    Pool(String),
}

/// Connections to one database: a pool for the requests, and a few for the work beside them.
#[derive(Clone)]
pub struct Database {
    pool: Pool<AsyncPgConnection>,
    workers: Workers,
    url: String,
    size: usize,
}

impl Database {
    /// A pool of at most `size` connections, made as they are needed.
    ///
    /// # Errors
    /// If the pool cannot be made; a database that does not answer shows at the first connection.
    pub fn new(url: &str, size: usize) -> Result<Self, DatabaseError> {
        Ok(Self { pool: for_requests(url, size)?, workers: Workers::new(url)?, url: url.to_owned(), size })
    }

    /// The same database with connections of its own for one of so many workers: what PostgreSQL answers to one need not
    /// pass through the thread of another. Where that would leave too few to each, they share.
    ///
    /// # Errors
    /// If the pool cannot be made.
    pub fn for_one_of(&self, workers: usize) -> Result<Self, DatabaseError> {
        match self.size / workers {
            ..LEAST => Ok(self.clone()),
            own => Ok(Self { pool: for_requests(&self.url, own)?, size: own, ..self.clone() }),
        }
    }

    /// A connection for one request.
    ///
    /// # Errors
    /// `unavailable` if none is to be had in time.
    pub async fn connection(&self) -> Answer<Connection> {
        self.pool.get().await.map_err(|error| {
            tracing::error!(%error, "no database connection");
            Problem::new(Kind::Unavailable)
        })
    }

    /// A connection for work beside the requests.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn worker_connection(&self) -> Result<WorkerConnection, DatabaseError> {
        self.workers.connection().await
    }

    /// A connection outside the pools, for what listens as long as the program runs, and for statements that take long.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn lasting_connection(&self) -> Result<AsyncPgConnection, DatabaseError> {
        Ok(AsyncPgConnection::establish(&self.url).await?)
    }

    /// Runs the migrations that are missing, then brings the code lists up to date. Processes that do it at once
    /// wait for each other.
    ///
    /// # Errors
    /// What the database says.
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        use diesel_async::RunQueryDsl;
        let mut connection = self.lasting_connection().await?;
        // A lock of the session: it ends with the connection, whatever happens.
        diesel::sql_query("SELECT pg_advisory_lock(hashtext('duijie migrations'))").execute(&mut connection).await?;
        let mut harness = AsyncMigrationHarness::new(connection);
        let applied =
            harness.run_pending_migrations(MIGRATIONS).map_err(|error| DatabaseError::Migrate(error.to_string()))?;
        for migration in &applied {
            tracing::info!(%migration, "migrated");
        }
        codes::load(&mut harness.into_inner()).await?;
        Ok(())
    }
}

/// A pool of connections that are made as they are needed.
fn pool(url: &str, config: ManagerConfig<AsyncPgConnection>, size: usize) -> PoolBuilder<Manager> {
    Pool::builder(Manager::new_with_config(url, config))
        .max_size(size)
        .create_timeout(Some(PATIENCE))
        .runtime(deadpool::Runtime::Tokio1)
}

fn for_requests(url: &str, size: usize) -> Result<Pool<AsyncPgConnection>, DatabaseError> {
    let mut config = ManagerConfig::default();
    // One that was closed is known without asking the database, which would cost every request a round trip.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(|url| pooled(url.to_owned()).boxed());
    // The one used last has at hand what it prepared.
    let pool = pool(url, config, size).queue_mode(QueueMode::Lifo).wait_timeout(Some(PATIENCE)).build();
    pool.map_err(|error| DatabaseError::Pool(error.to_string()))
}

/// A connection of the pool.
async fn pooled(url: String) -> ConnectionResult<AsyncPgConnection> {
    let mut connection = AsyncPgConnection::establish(&url).await?;
    let set = connection.batch_execute(STATEMENT).await;
    set.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_have_connections_of_their_own_as_long_as_there_are_enough() {
        let database = Database::new("postgres://localhost/nowhere", 16).expect("a pool");
        let each = |workers| database.for_one_of(workers).expect("a pool").pool.status().max_size;
        assert_eq!([1, 2, 4, 5, 64].map(each), [16, 8, 4, 16, 16]);
    }
}
