//! A PostgreSQL of our own, for whoever has none: found or downloaded, started in a folder, stopped with the program.

mod account;
mod binaries;
mod error;
mod folder;
mod postmaster;

use std::path::PathBuf;

use tokio_postgres::NoTls;

use account::Account;
use binaries::Binaries;
use folder::{Endpoint, Folder};
use postmaster::Postmaster;

pub use error::ClusterError;

/// The superuser of the cluster, and the only account that uses it.
const USER: &str = "duijie";

/// Where the cluster lies and what it is for.
pub struct Settings {
    pub folder: PathBuf,
    /// Whether what is committed must survive a power cut; a throwaway cluster for tests need not.
    pub durable: bool,
}

/// A running cluster. It stops when this is dropped, or the program ends in whatever way.
pub struct Cluster {
    postmaster: Postmaster,
    access: Access,
    _folder: Folder,
}

/// How the cluster is reached.
struct Access {
    endpoint: Endpoint,
    password: String,
}

impl Cluster {
    /// Starts the cluster of a folder, making it on the first start. A server that an earlier program left running
    /// on it is stopped first, and a lock that one left is no hindrance.
    ///
    /// # Errors
    /// In words for whoever starts the program: no PostgreSQL to be found, a folder in use, not to be entered or of
    /// another version, a server that does not start.
    pub async fn start(settings: Settings) -> Result<Self, ClusterError> {
        let account = Account::for_server()?;
        let folder = Folder::take(&settings.folder, &account)?;
        let binaries = Binaries::find(&folder.downloads()).await?;
        folder.check_version(&binaries)?;
        postmaster::stop_left_running(&folder, &binaries, &account).await?;
        if !folder.is_initialised() {
            postmaster::initialise(&folder, &binaries, &account).await?;
        }
        let access = Access { endpoint: folder.endpoint()?, password: folder.password()? };
        let mut postmaster = Postmaster::start(&folder, &binaries, &account, &access.endpoint, settings.durable)?;
        postmaster.wait_until_ready(&access.url("postgres"), &folder).await?;
        Ok(Self { postmaster, access, _folder: folder })
    }

    /// The URL of a database of this cluster, which is made if it is missing.
    ///
    /// # Errors
    /// What the server says.
    pub async fn database(&self, name: &str) -> Result<String, ClusterError> {
        let (client, connection) = tokio_postgres::connect(&self.access.url("postgres"), NoTls).await?;
        let driver = tokio::spawn(connection);
        let there = client.query_opt("SELECT FROM pg_database WHERE datname = $1", &[&name]).await?;
        if there.is_none() {
            client.batch_execute(&format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\""))).await?;
        }
        drop(client);
        driver.abort();
        Ok(self.access.url(name))
    }

    /// Stops the server and waits until it is down.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub async fn stop(self) -> Result<(), ClusterError> {
        self.postmaster.stop().await
    }
}

/// The URL of a database of a cluster that another process of this program runs in a folder.
///
/// # Errors
/// If the folder holds no cluster that can be reached.
pub async fn attach(folder: &std::path::Path, name: &str) -> Result<String, ClusterError> {
    let access = folder::access(folder)?;
    let url = Access { endpoint: access.0, password: access.1 }.url(name);
    let _answered = tokio_postgres::connect(&url, NoTls).await?;
    Ok(url)
}

impl Access {
    fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{}@{}/{database}", self.password, self.endpoint.authority())
    }
}

#[cfg(test)]
mod tests;
