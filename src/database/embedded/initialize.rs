//! Making the data of a new cluster.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::fs;

use super::ClusterError;
use super::account::Account;
use super::address::USER;
use super::binaries::Binaries;
use super::folder::{Folder, Password, UNFINISHED, make_private, sweep, write_secret};
use super::supervisor::Supervised;

/// A slow disk takes a minute.
const PATIENCE: Duration = Duration::from_mins(5);

/// Makes the data in a folder of another name, which it leaves only when it is whole: a start that is killed half way
/// leaves nothing that the next one could mistake for data.
pub(super) async fn initialize(
    folder: &Folder,
    binaries: &Binaries,
    account: &Account,
    durable: bool,
) -> Result<(), ClusterError> {
    sweep(folder.path()).await;
    let workshop = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(folder.path());
    let workshop = workshop.map_err(ClusterError::at("create a folder in", folder.path()))?;
    let password = Password::random();
    folder.keep_password(&password).await?;
    run_initdb(folder, &workshop, binaries, account, &password, durable).await?;
    let (made, data) = (workshop.path().join("data"), folder.data());
    fs::rename(&made, &data).await.map_err(ClusterError::at("create", &data))?;
    let entry = fs::File::open(folder.path()).await.map_err(ClusterError::at("open", folder.path()))?;
    entry.sync_all().await.map_err(ClusterError::at("write to", folder.path()))
}

async fn run_initdb(
    folder: &Folder,
    workshop: &TempDir,
    binaries: &Binaries,
    account: &Account,
    password: &Password,
    durable: bool,
) -> Result<(), ClusterError> {
    let (data, secret) = (workshop.path().join("data"), workshop.path().join("password"));
    make_private(&data)?;
    write_secret(&secret, password)?;
    [secret.as_path(), &data, workshop.path()].into_iter().try_for_each(|path| account.own(path))?;

    let log = folder.open_log()?;
    let start = log.metadata().map_or(0, |log| log.len());
    let arguments = arguments(&data, &secret, durable);
    let initdb = Supervised::start(account, &binaries.initdb(), &arguments, &log);
    let mut initdb = initdb.map_err(ClusterError::at("run", &binaries.initdb()))?;
    let status = initdb.wait(PATIENCE).await.map_err(ClusterError::at("run", &binaries.initdb()))?;
    if status.is_some_and(|status| status.success()) {
        return Ok(());
    }
    Err(ClusterError::Ended { program: "initdb", log: folder.log(), tail: folder.log_tail(start).await })
}

fn arguments(data: &Path, secret: &Path, durable: bool) -> Vec<String> {
    let mut arguments = vec![
        format!("--pgdata={}", data.display()),
        format!("--pwfile={}", secret.display()),
        format!("--username={USER}"),
        "--encoding=UTF8".to_owned(),
        "--locale=C".to_owned(),
        "--auth=scram-sha-256".to_owned(),
    ];
    if !durable {
        arguments.push("--no-sync".to_owned());
    }
    arguments
}
