//! Reaching a cluster that another process of this program runs, to make an account while the service serves.

use std::path::Path;

use tokio::fs;
use tokio_postgres::NoTls;

use super::ClusterError;
use super::address::Address;
use super::folder::{self, Password};

/// The line of the server's own file that holds its port.
const PORT_LINE: usize = 3;

/// The URL of a database of the cluster that runs in a folder. It holds the password: do not log it.
///
/// # Errors
/// If the folder holds no cluster, or it does not answer.
pub async fn attach(folder: &Path, database: &str) -> Result<String, ClusterError> {
    let folder = fs::canonicalize(folder).await.map_err(ClusterError::at("find", folder))?;
    let password = read(&folder.join(folder::PASSWORD)).await?;
    let pid_file = read(&folder.join(folder::DATA).join("postmaster.pid")).await?;
    let port = pid_file.lines().nth(PORT_LINE).and_then(|line| line.trim().parse().ok());
    let address = Address::of(&folder.join(folder::SOCKET), port.unwrap_or_default());
    let url = address.url(&Password::kept(&password), database);
    let connected = tokio_postgres::connect(&url, NoTls).await;
    connected.map(|_| url).map_err(|error| ClusterError::refused("answer", &error))
}

async fn read(path: &Path) -> Result<String, ClusterError> {
    fs::read_to_string(path).await.map_err(ClusterError::at("read", path))
}
