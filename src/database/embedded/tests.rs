//! With a real PostgreSQL.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use super::account::Account;
use super::binaries::{self, Binaries};
use super::folder::Folder;
use super::{Cluster, ClusterError, Settings};

/// A folder that only its owner may enter.
fn private() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    folder
}

/// What is not about the disk need not wait for it.
fn settings(folder: &Path) -> Settings {
    Settings { folder: folder.to_owned(), durable: false }
}

async fn start(folder: &Path) -> Cluster {
    Cluster::start(settings(folder)).await.unwrap()
}

async fn connect(cluster: &Cluster) -> Client {
    let url = cluster.database("a name, with: %").await.unwrap();
    url.parse::<tokio_postgres::Config>().unwrap();
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn write_row(cluster: &Cluster) {
    let rows = "CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES (1)";
    connect(cluster).await.batch_execute(rows).await.unwrap();
}

async fn rows(cluster: &Cluster) -> i64 {
    connect(cluster).await.query_one("SELECT count(*) FROM kept", &[]).await.unwrap().get(0)
}

/// A folder whose cluster has one row, and is stopped.
async fn with_one_row() -> TempDir {
    let folder = private();
    let cluster = start(folder.path()).await;
    write_row(&cluster).await;
    cluster.stop().await.unwrap();
    folder
}

async fn installed(folder: &TempDir) -> Binaries {
    let other = tempfile::tempdir_in(folder.path()).unwrap();
    let (folder, account) = (Folder::open(other.path()).await.unwrap(), Account::choose().unwrap());
    let candidates = binaries::candidates(&folder).await;
    binaries::obtain(&candidates, "", &folder, &account).await.unwrap()
}

/// Starts a server on the folder that belongs to nobody, and gives its process.
async fn start_orphan(folder: &TempDir) -> String {
    let (data, socket) = (folder.path().join("data"), folder.path().join("socket"));
    let pg_ctl = installed(folder).await.postgres().with_file_name("pg_ctl");
    let options = format!("-c listen_addresses='' -c unix_socket_directories={}", socket.display());
    let mut command = Account::choose().unwrap().command(&pg_ctl);
    command.arg("-D").arg(&data).args(["-o", &options, "-l", "/dev/null", "-w", "start"]);
    assert!(command.status().unwrap().success());
    recorded(&data)
}

fn recorded(data: &Path) -> String {
    fs::read_to_string(data.join("postmaster.pid")).unwrap().lines().next().unwrap().to_owned()
}

fn runs(process: &str) -> bool {
    // A zombie, whom the first process of the machine has yet to bury, runs no more.
    let state = Command::new("ps").args(["-o", "stat=", "-p", process]).output().unwrap().stdout;
    !state.is_empty() && !state.starts_with(b"Z")
}

#[tokio::test]
async fn keeps_rows() {
    let folder = private();
    let durable = || Settings { durable: true, ..settings(folder.path()) };
    for count in [1, 2] {
        let cluster = Cluster::start(durable()).await.unwrap();
        write_row(&cluster).await;
        assert_eq!(rows(&cluster).await, count);
        cluster.stop().await.unwrap();
    }
    assert!(!folder.path().join("data/postmaster.pid").exists());
}

#[tokio::test]
async fn ends_when_dropped() {
    let folder = with_one_row().await;
    let cluster = start(folder.path()).await;
    let process = recorded(&folder.path().join("data"));
    write_row(&cluster).await;
    drop(cluster);
    let cluster = start(folder.path()).await;
    assert!(!runs(&process));
    assert_eq!(rows(&cluster).await, 2);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn refuses_a_folder_in_use() {
    let folder = private();
    let (one, other) = tokio::join!(Cluster::start(settings(folder.path())), Cluster::start(settings(folder.path())));
    let (winner, loser) = if one.is_ok() { (one, other) } else { (other, one) };
    let winner = winner.unwrap();
    assert!(matches!(loser, Err(ClusterError::InUse { .. })), "{loser:?}");
    assert!(matches!(Cluster::start(settings(folder.path())).await, Err(ClusterError::InUse { .. })));
    write_row(&winner).await;
    assert_eq!(rows(&winner).await, 1);
    winner.stop().await.unwrap();
}

#[tokio::test]
async fn stale_pid_files_do_not_block() {
    let folder = with_one_row().await;
    let path = folder.path().join("data/postmaster.pid");
    // Ours stands for another program's; the user who runs the server would be refused with one of its own.
    let mut other = Account::choose().unwrap().command(Path::new("/bin/sleep")).arg("60").spawn().unwrap();
    let contents =
        [std::process::id().to_string(), other.id().to_string(), "99999999".into(), String::new(), "?".into()];
    for content in contents {
        fs::write(&path, content).unwrap();
        fs::write(folder.path().join("socket/.s.PGSQL.5432.lock"), other.id().to_string()).unwrap();
        let cluster = start(folder.path()).await;
        assert_eq!(rows(&cluster).await, 1);
        cluster.stop().await.unwrap();
    }
    assert!(other.try_wait().unwrap().is_none(), "an innocent process was ended");
    other.kill().unwrap();
    other.wait().unwrap();
}

#[tokio::test]
async fn takes_over_an_orphan() {
    let folder = with_one_row().await;
    let process = start_orphan(&folder).await;
    assert!(runs(&process));
    let cluster = start(folder.path()).await;
    assert!(!runs(&process));
    assert_eq!(rows(&cluster).await, 1);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn half_done_setup_does_not_block() {
    let folder = private();
    let leftover = folder.path().join("new-dead/data");
    fs::create_dir_all(&leftover).unwrap();
    fs::write(leftover.join("PG_VERSION"), "15").unwrap();
    fs::write(folder.path().join("password"), "of another").unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    let cluster = start(folder.path()).await;
    write_row(&cluster).await;
    cluster.stop().await.unwrap();
    assert!(!leftover.exists());
}

#[tokio::test]
async fn listens_on_a_port_where_the_path_is_long() {
    let folder = private();
    Account::choose().unwrap().admit(folder.path()).unwrap();
    let deep = folder.path().join("deep".repeat(30));
    let cluster = start(&deep).await;
    assert!(cluster.server.url("any").contains("@127.0.0.1:"));
    write_row(&cluster).await;
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn accepts_odd_paths() {
    let folder = private();
    Account::choose().unwrap().admit(folder.path()).unwrap();
    let cluster = start(&folder.path().join("it's, \"odd\" 中")).await;
    write_row(&cluster).await;
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn creates_a_database_once() {
    let folder = private();
    let cluster = start(folder.path()).await;
    let (one, other) = tokio::join!(cluster.database("same"), cluster.database("same"));
    assert_eq!(one.unwrap(), other.unwrap());
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn says_what_to_install() {
    let folder = private();
    let (folder, account) = (Folder::open(folder.path()).await.unwrap(), Account::choose().unwrap());
    let missing = [PathBuf::from("/nowhere")];
    let error = binaries::obtain(&missing, "https://example.invalid/", &folder, &account).await.unwrap_err();
    let message = error.to_string();
    for part in ["apt install postgresql", "dnf install", "brew install", "DATABASE_URL"] {
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn refuses_data_of_another_version() {
    let folder = with_one_row().await;
    let version = folder.path().join("data/PG_VERSION");
    let true_version = fs::read_to_string(&version).unwrap();
    fs::write(&version, "9\n").unwrap();
    let error = Cluster::start(settings(folder.path())).await.unwrap_err();
    assert!(matches!(error, ClusterError::WrongVersion { data: 9, .. }), "{error}");
    fs::write(&version, true_version).unwrap();
    let cluster = start(folder.path()).await;
    assert_eq!(rows(&cluster).await, 1);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn shows_why_the_server_ended() {
    let folder = with_one_row().await;
    fs::write(folder.path().join("data/postgresql.conf"), "nonsense = 1").unwrap();
    let message = Cluster::start(settings(folder.path())).await.unwrap_err().to_string();
    assert!(message.contains("unrecognized configuration parameter \"nonsense\""), "{message}");
}

#[tokio::test]
async fn names_the_folder_that_blocks() {
    let folder = private();
    let inner = folder.path().join("inner");
    let started = Cluster::start(settings(&inner)).await;
    if !nix::unistd::geteuid().is_root() {
        return started.unwrap().stop().await.unwrap();
    }
    let message = started.unwrap_err().to_string();
    assert!(message.contains(&format!("may not enter {} ", folder.path().display())), "{message}");
}

#[tokio::test]
async fn misses_a_lost_password() {
    let folder = with_one_row().await;
    fs::remove_file(folder.path().join("password")).unwrap();
    let error = Cluster::start(settings(folder.path())).await.unwrap_err();
    assert!(matches!(error, ClusterError::PasswordLost { .. }), "{error}");
}
