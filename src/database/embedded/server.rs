//! The server's process: starting it, and waiting till it answers.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use super::ClusterError;
use super::account::Account;
use super::address::Address;
use super::binaries::Binaries;
use super::folder::{Folder, Password};
use super::orphan;
use super::supervisor::Supervised;

/// So long the server may take until it answers.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(50);
/// The database every cluster has.
const MAINTENANCE: &str = "postgres";

/// Nothing of this survives a crash of the machine, but it is fast, and many tests can run at once. None lasts long enough
/// to want cleaning, which would go through hundreds of databases; and its connections are many and short, so that what each would
/// load is loaded once.
const THROWAWAY: [&str; 6] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "max_connections=400",
    "shared_preload_libraries=plpgsql",
];

/// What a server that lasts may keep at hand of its files. It takes no more than there are data; a million results are about
/// as much.
const AT_HAND: &str = "shared_buffers=1GB";

/// What a server is made of, and how safely it keeps its data.
#[derive(Debug)]
pub(super) struct Programs {
    pub binaries: Binaries,
    pub account: Account,
    pub durable: bool,
}

/// A server that runs.
#[derive(Debug)]
pub(super) struct Server {
    process: Supervised,
    address: Address,
    password: Password,
}

impl Server {
    /// Starts the server and waits till it answers.
    pub async fn start(folder: &Folder, programs: &Programs) -> Result<Self, ClusterError> {
        Self::start_at(None, folder, programs).await
    }

    /// Starts a server that has ended, where it was.
    pub async fn restart(&mut self, folder: &Folder, programs: &Programs) -> Result<(), ClusterError> {
        *self = Self::start_at(Some(&self.address), folder, programs).await?;
        Ok(())
    }

    /// Whether the server ended, though nobody asked it to.
    pub fn ended(&mut self) -> bool {
        self.process.ended().is_ok_and(|ended| ended.is_some())
    }

    async fn start_at(address: Option<&Address>, folder: &Folder, programs: &Programs) -> Result<Self, ClusterError> {
        let first = Self::attempt(address, folder, programs).await;
        if !matches!(first, Err(ClusterError::Ended { .. })) {
            return first;
        }
        // A server whose program was killed a moment ago may have been too young to be seen, or have taken the port.
        // It is on its way out.
        sleep(Duration::from_secs(1)).await;
        Self::attempt(address, folder, programs).await
    }

    async fn attempt(address: Option<&Address>, folder: &Folder, programs: &Programs) -> Result<Self, ClusterError> {
        let Programs { binaries, account, durable } = programs;
        orphan::end(&folder.data()).await?;
        // Only now that nothing writes there: another user may have run it last time.
        account.own_all(&folder.data())?;
        let password = folder.password().await?;
        let socket = folder.empty_socket().await?;
        account.own(&socket)?;
        let address = match address {
            Some(address) => address.clone(),
            None => Address::choose(&socket).map_err(ClusterError::at("find a free port instead of", &socket))?,
        };
        let log = folder.open_log()?;
        let start = log.metadata().map_or(0, |log| log.len());
        let arguments = arguments(folder, &address, *durable);
        let process = Supervised::start(account, &binaries.postgres(), &arguments, &log);
        let process = process.map_err(ClusterError::at("run", &binaries.postgres()))?;
        let mut server = Self { process, address, password };
        server.wait_for_answer(folder, start).await?;
        Ok(server)
    }

    async fn wait_for_answer(&mut self, folder: &Folder, log_start: u64) -> Result<(), ClusterError> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.ended() {
                let tail = folder.log_tail(log_start).await;
                return Err(ClusterError::Ended { program: "PostgreSQL", log: folder.log(), tail });
            }
            match tokio::time::timeout_at(deadline, self.connect()).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) if !is_young(&error) => return Err(ClusterError::refused("let us in", &error)),
                _ => sleep(PAUSE).await,
            }
        }
        Err(ClusterError::Silent { seconds: PATIENCE.as_secs(), log: folder.log() })
    }

    async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(&self.url(MAINTENANCE), NoTls).await?;
        // Ends when the client is dropped; its errors reach the client.
        tokio::spawn(connection);
        Ok(client)
    }

    pub fn url(&self, database: &str) -> String {
        self.address.url(&self.password, database)
    }

    /// Creates a database unless it is there.
    pub async fn create_database(&self, name: &str) -> Result<(), ClusterError> {
        let action = || format!("create the database {name}");
        let client = self.connect().await.map_err(|error| ClusterError::refused(action(), &error))?;
        let found = client.query_opt("SELECT FROM pg_database WHERE datname = $1", &[&name]).await;
        if found.map_err(|error| ClusterError::refused(action(), &error))?.is_some() {
            return Ok(());
        }
        let statement = format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\""));
        match client.batch_execute(&statement).await {
            Err(error) if !was_faster(&error) => Err(ClusterError::refused(action(), &error)),
            _ => Ok(()),
        }
    }

    /// Shuts the server down fast, and waits till it is down.
    pub async fn stop(mut self, folder: &Folder) -> Result<(), ClusterError> {
        self.process.release();
        // Also if the shell that should end the server was killed.
        orphan::end(&folder.data()).await?;
        // The server's last moments come after it has left its record.
        self.process.wait(PATIENCE).await.map_err(ClusterError::at("end the server of", &folder.data()))?;
        Ok(())
    }
}

fn arguments(folder: &Folder, address: &Address, durable: bool) -> Vec<String> {
    let mut settings = address.settings();
    if durable {
        settings.push(AT_HAND.to_owned());
    } else {
        settings.extend(THROWAWAY.map(str::to_owned));
    }
    let settings = settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]);
    ["-D".to_owned(), folder.data().display().to_string()].into_iter().chain(settings).collect()
}

/// Not there yet, or still recovering: it may answer in a moment.
fn is_young(error: &tokio_postgres::Error) -> bool {
    error.code().is_none_or(|code| *code == SqlState::CANNOT_CONNECT_NOW)
}

/// Another has created the same database at the same time.
fn was_faster(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| [SqlState::DUPLICATE_DATABASE, SqlState::UNIQUE_VIOLATION].contains(code))
}
