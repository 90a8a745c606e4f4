//! Against a real server, in folders that any account can enter.

use std::path::Path;

use super::*;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A temporary folder that the server's account can pass through.
fn place() -> std::io::Result<tempfile::TempDir> {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir()?;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
    Ok(folder)
}

async fn start(folder: &Path) -> Result<Cluster, ClusterError> {
    Cluster::start(Settings { folder: folder.to_owned(), durable: false }).await
}

async fn run(cluster: &Cluster, statement: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let (client, connection) = tokio_postgres::connect(&cluster.database("kept").await?, NoTls).await?;
    tokio::spawn(connection);
    Ok(client.execute(statement, &[]).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_finds_what_the_first_kept_and_nobody_else_may_start() -> Outcome {
    let folder = place()?;
    let cluster = start(folder.path()).await?;
    run(&cluster, "CREATE TABLE kept AS SELECT 1 AS one").await?;
    assert!(matches!(start(folder.path()).await, Err(ClusterError::InUse { .. })));
    assert!(attach(folder.path(), "kept").await.is_ok());
    cluster.stop().await?;
    // A note that a killed server leaves: its number is another program's now.
    std::fs::write(folder.path().join("postgresql/data/postmaster.pid"), format!("{}\n", std::process::id()))?;
    let again = start(folder.path()).await?;
    assert_eq!(run(&again, "UPDATE kept SET one = 2").await?, 1);
    again.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_left_running_is_taken_over_and_a_making_cut_off_is_begun_anew() -> Outcome {
    let folder = place()?;
    std::fs::create_dir_all(folder.path().join("postgresql/data/base"))?;
    let cluster = start(folder.path()).await?;
    run(&cluster, "CREATE TABLE kept AS SELECT 1 AS one").await?;
    cluster.stop().await?;
    let account = Account::for_server()?;
    let binaries = Binaries::find(Path::new("/nonexistent")).await?;
    let data = folder.path().join("postgresql/data");
    let mut orphan = binaries.command("postgres");
    let socket = format!("unix_socket_directories={}", folder.path().join("postgresql").display());
    orphan.arg("-D").arg(&data).args(["-c", &socket, "-c", "listen_addresses="]);
    let mut left = account.take_on(&mut orphan, &data).spawn()?;
    while attach(folder.path(), "kept").await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // Reaped at once, as a real orphan would be.
    let reaper = std::thread::spawn(move || left.wait());
    let cluster = start(folder.path()).await?;
    assert_eq!(run(&cluster, "UPDATE kept SET one = 2").await?, 1);
    cluster.stop().await?;
    assert!(reaper.join().is_ok());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_too_long_for_a_socket_is_served_on_loopback() -> Outcome {
    let folder = place()?;
    let deep = folder.path().join("d".repeat(60)).join("e".repeat(60));
    let cluster = start(&deep).await?;
    assert!(cluster.database("kept").await?.contains("@127.0.0.1:"));
    assert!(attach(&deep, "kept").await.is_ok());
    cluster.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_cluster_of_another_version_is_left_alone() -> Outcome {
    let folder = place()?;
    let data = folder.path().join("postgresql/data");
    std::fs::create_dir_all(&data)?;
    std::fs::write(data.join("PG_VERSION"), "9\n")?;
    std::fs::write(folder.path().join("password"), "x")?;
    assert!(matches!(start(folder.path()).await, Err(ClusterError::OtherVersion { .. })));
    assert_eq!(std::fs::read_to_string(data.join("PG_VERSION"))?, "9\n");
    Ok(())
}
