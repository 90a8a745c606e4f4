//! What the program does when it is called: one file per command.

pub mod access;
pub mod audit;
pub mod demo;
pub mod english;
pub mod evaluate;
pub mod import;
pub mod judgments;
pub mod keys;
pub mod manner;
pub mod migrate;
pub mod model;
pub mod openapi;
pub mod recombine;
pub mod serve;
pub mod train;
pub mod users;

use std::io::IsTerminal;
use std::path::Path;

use tracing_subscriber::EnvFilter;

use crate::config::Settings;
use crate::database::Database;
use crate::database::embedded::{self, Cluster, ClusterError};

/// Connections of one process; more than two cores can use.
const CONNECTIONS: usize = 16;
/// The database of a cluster of our own.
const DATABASE: &str = "duijie";

/// Logs to standard error: lines for a person at a terminal, JSON for whatever collects them elsewhere.
fn log() {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn,tantivy=warn"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        subscriber.compact().init();
    } else {
        subscriber.json().flatten_event(true).init();
    }
}

/// The database of the settings: the one they name, or one of our own in the data folder, which is then to be stopped.
async fn open(settings: &Settings, folder: &Path) -> anyhow::Result<(Database, Option<Cluster>)> {
    if let Some(url) = &settings.database_url {
        return Ok((Database::new(url, CONNECTIONS)?, None));
    }
    let cluster = Cluster::start(embedded::Settings { folder: folder.to_owned(), durable: true }).await?;
    let url = cluster.database(DATABASE).await?;
    Ok((Database::new(&url, CONNECTIONS)?, Some(cluster)))
}

/// The same beside a service that runs: its database, if it holds the folder.
async fn join(settings: &Settings, folder: &Path) -> anyhow::Result<(Database, Option<Cluster>)> {
    match open(settings, folder).await {
        Err(error) if matches!(error.downcast_ref(), Some(ClusterError::InUse { .. })) => {
            let url = embedded::attach(folder, DATABASE).await?;
            Ok((Database::new(&url, CONNECTIONS)?, None))
        }
        opened => opened,
    }
}

/// Does some work, and sees to it meanwhile that our own PostgreSQL runs, if there is one.
async fn beside<T>(cluster: &mut Option<Cluster>, work: impl Future<Output = T>) -> T {
    match cluster {
        Some(cluster) => cluster.beside(work).await,
        None => work.await,
    }
}

/// Stops our own PostgreSQL, if there is one.
async fn close(cluster: Option<Cluster>) -> anyhow::Result<()> {
    if let Some(cluster) = cluster {
        cluster.stop().await?;
    }
    Ok(())
}
