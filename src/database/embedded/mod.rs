//! A PostgreSQL of our own, for who has none: found or downloaded, set up in a folder, and run as long as we run.

mod account;
mod address;
mod attach;
mod binaries;
mod download;
mod error;
mod folder;
mod initialize;
mod orphan;
mod server;
mod supervisor;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

pub use attach::attach;
pub use error::ClusterError;

use account::Account;
use folder::Folder;
use server::{Programs, Server};
use tokio::time::sleep;

/// Between two looks at a server that should run, and before another attempt to start one.
const PAUSE: Duration = Duration::from_millis(200);

/// Where a cluster lives, and how safely.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Everything of the cluster is in here. Created if it is missing.
    pub folder: PathBuf,
    /// False: a throwaway for tests, fast, and lost if the machine goes down.
    pub durable: bool,
}

/// A PostgreSQL that runs as long as this lives. Dropping it ends the server too, but only [`Cluster::stop`] waits for
/// the end.
#[derive(Debug)]
pub struct Cluster {
    // Dropped in this order: the server is on its way out when the lock falls.
    server: Server,
    programs: Programs,
    folder: Folder,
}

impl Cluster {
    /// Starts the cluster in the folder, which is set up first if it is new. A server that an earlier process left
    /// running there is ended before.
    ///
    /// # Errors
    /// If another process uses the folder, if no PostgreSQL is to be had or it does not fit the data, or if the folder
    /// or the server refuse; see [`ClusterError`].
    pub async fn start(settings: Settings) -> Result<Self, ClusterError> {
        let folder = Folder::open(&settings.folder).await?;
        let account = Account::choose()?;
        account.admit(folder.path())?;
        account.reach(folder.path()).await?;
        let candidates = binaries::candidates(&folder).await;
        let binaries = binaries::obtain(&candidates, download::SOURCE, &folder, &account).await?;
        if folder.data_version().await?.is_none() {
            initialize::initialize(&folder, &binaries, &account, settings.durable).await?;
        }
        let programs = Programs { binaries, account, durable: settings.durable };
        let server = Server::start(&folder, &programs).await?;
        tracing::info!(folder = %folder.path().display(), binaries = ?programs.binaries, "PostgreSQL runs");
        Ok(Self { server, programs, folder })
    }

    /// The URL of a database of this cluster, which is created if it is missing. It holds the password: do not log it.
    ///
    /// # Errors
    /// If the server refuses to create the database.
    pub async fn database(&self, name: &str) -> Result<String, ClusterError> {
        self.server.create_database(name).await?;
        Ok(self.server.url(name))
    }

    /// Does some work, and meanwhile starts the server again, at the same address, whenever it ends by itself.
    pub async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            never = self.keep_running() => match never {},
        }
    }

    async fn keep_running(&mut self) -> Infallible {
        loop {
            sleep(PAUSE).await;
            if self.server.ended() {
                tracing::error!(folder = %self.folder.path().display(), "PostgreSQL ended by itself; starting it again");
                match self.server.restart(&self.folder, &self.programs).await {
                    Ok(()) => tracing::info!("PostgreSQL runs again"),
                    Err(error) => tracing::error!(%error, "PostgreSQL does not start; trying again"),
                }
            }
        }
    }

    /// Ends the server, connections and all, and waits till it is down.
    ///
    /// # Errors
    /// If the server does not end.
    pub async fn stop(self) -> Result<(), ClusterError> {
        self.server.stop(&self.folder).await
    }
}
