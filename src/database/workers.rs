//! Connections of the work beside the requests. Most of it wants one for a moment now and then, so that a few serve all.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{ManagerConfig, RecyclingMethod};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::{Connection, DatabaseError, PATIENCE};

/// Connections at most: more than there are kinds of work.
const MOST: usize = 32;
/// Connections that those who want one for a moment wait for.
const FEW: usize = 2;
/// So long they wait; then another is made.
const MOMENT: Duration = Duration::from_millis(500);

/// What whoever had a connection before may have left: transactions are seen to by the pool, locks of the session are not.
const CLEAN: &str = "SELECT pg_advisory_unlock_all()";

#[derive(Clone)]
pub(super) struct Workers {
    pool: Pool<AsyncPgConnection>,
    turns: Arc<Semaphore>,
}

/// A connection for work beside the requests. No statement of it is ended for taking long.
pub struct WorkerConnection {
    connection: Connection,
    turn: Option<OwnedSemaphorePermit>,
}

impl Workers {
    pub fn new(url: &str) -> Result<Self, DatabaseError> {
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::CustomQuery(CLEAN.into());
        let pool = super::pool(url, config, MOST).recycle_timeout(Some(PATIENCE)).build();
        let pool = pool.map_err(|error| DatabaseError::Pool(error.to_string()))?;
        Ok(Self { pool, turns: Arc::new(Semaphore::new(FEW)) })
    }

    pub async fn connection(&self) -> Result<WorkerConnection, DatabaseError> {
        let turn = timeout(MOMENT, Arc::clone(&self.turns).acquire_owned()).await;
        let connection = self.pool.get().await.map_err(|error| DatabaseError::Pool(error.to_string()))?;
        Ok(WorkerConnection { connection, turn: turn.ok().and_then(Result::ok) })
    }
}

impl WorkerConnection {
    /// It is wanted for longer than a moment: nobody need wait for it.
    pub fn keep(&mut self) {
        self.turn = None;
    }
}

impl Deref for WorkerConnection {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.connection
    }
}

impl DerefMut for WorkerConnection {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.connection
    }
}
