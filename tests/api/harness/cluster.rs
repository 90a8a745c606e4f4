//! One PostgreSQL for all tests of a process. It ends with the process, however that ends.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use duijie::database::Database;
use duijie::database::embedded::{Cluster, ClusterError, Settings};
use tokio::sync::OnceCell;

/// Another process may hold the first folders.
const FOLDERS: u32 = 16;

struct Server {
    cluster: Cluster,
    /// The URL of the server, up to the database's name.
    template: String,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A new database, cloned from the migrated template; its URL.
pub async fn new_database() -> String {
    let server = SERVER.get_or_init(start).await;
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let (client, connection) =
        tokio_postgres::connect(&server.cluster.database("postgres").await.expect("a URL"), tokio_postgres::NoTls)
            .await
            .expect("a connection");
    tokio::spawn(connection);
    // A clone of the template's files; the write-ahead strategy is slower for a database of this size.
    let statement = format!("CREATE DATABASE {name} TEMPLATE {} STRATEGY FILE_COPY", server.template);
    client.batch_execute(&statement).await.expect("a database");
    server.cluster.database(&name).await.expect("a URL")
}

async fn start() -> Server {
    let cluster = start_cluster().await;
    let admin = cluster.database("postgres").await.expect("a URL");
    let (client, connection) = tokio_postgres::connect(&admin, tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(connection);
    // What an earlier run left.
    let left = client.query("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'", &[]).await.expect("names");
    for row in left {
        let name: String = row.get(0);
        client.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("a drop");
    }
    let template = "test_template".to_owned();
    let url = cluster.database(&template).await.expect("a template");
    Database::new(&url, 2).expect("a pool").migrate().await.expect("migrations");
    Server { cluster, template }
}

/// The first folder that no other process holds. They lie where any account can enter.
async fn start_cluster() -> Cluster {
    for place in 0..FOLDERS {
        match Cluster::start(Settings { folder: folder(place), durable: false }).await {
            Ok(cluster) => return cluster,
            Err(ClusterError::InUse { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("all {FOLDERS} folders for test clusters are in use");
}

fn folder(place: u32) -> PathBuf {
    std::env::temp_dir().join(format!("duijie-tests-{place}"))
}
