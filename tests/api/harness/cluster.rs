//! One PostgreSQL for all tests of a process. It ends with the process, however that ends.

use std::path::PathBuf;
use std::thread;

use duijie::database::Database;
use duijie::database::embedded::{Cluster, ClusterError, Settings};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{Mutex, OnceCell};
use tokio_postgres::{Client, NoTls};

/// Another process may hold the first folders.
const FOLDERS: u32 = 16;
/// Databases that are made ahead, while tests run.
const AHEAD: usize = 2;

struct Server {
    _cluster: Cluster,
    /// URLs of new databases.
    made: Mutex<Receiver<String>>,
}

/// The database that all others are clones of.
const TEMPLATE: &str = "test_template";

static SERVER: OnceCell<Server> = OnceCell::const_new();

/// A new database, cloned from the migrated template; its URL.
pub async fn new_database() -> String {
    let server = SERVER.get_or_init(start).await;
    server.made.lock().await.recv().await.expect("a database")
}

/// Makes databases as long as any are wanted, all on one connection.
async fn make_databases(url: String, made: Sender<String>) {
    let client = connect(&format!("{url}postgres")).await;
    for number in 0.. {
        let name = format!("test_{number}");
        // A clone of the template's files; the write-ahead strategy is slower for a database of this size.
        let statement = format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY");
        client.batch_execute(&statement).await.expect("a database");
        if made.send(format!("{url}{name}")).await.is_err() {
            return;
        }
    }
}

/// A connection to a database.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

async fn start() -> Server {
    let cluster = start_cluster().await;
    let admin = cluster.database("postgres").await.expect("a URL");
    let template = cluster.database(TEMPLATE).await.expect("a template");
    Database::new(&template, 2).expect("a pool").migrate().await.expect("migrations");
    let url = admin.strip_suffix("postgres").expect("a name at the end").to_owned();
    let (sender, made) = mpsc::channel(AHEAD);
    // On a thread of its own: the runtime of the test that begins ends with it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    thread::spawn(move || runtime.block_on(make_databases(url, sender)));
    Server { _cluster: cluster, made: Mutex::new(made) }
}

/// The first folder that no other process holds. They lie where any account can enter. What an earlier run left there is
/// put aside and removed while the tests run: hundreds of databases have some hundred thousand files.
async fn start_cluster() -> Cluster {
    for place in 0..FOLDERS {
        let data = folder(place).join("data");
        let is_left = data.exists();
        let settings = || Settings { folder: folder(place), durable: false };
        let mut started = Cluster::start(settings()).await;
        if is_left && let Ok(cluster) = started {
            cluster.stop().await.expect("an end");
            let aside = folder(place).join("left");
            std::fs::create_dir_all(&aside).expect("a folder");
            std::fs::rename(&data, aside.join(uuid::Uuid::now_v7().to_string())).expect("data put aside");
            thread::spawn(move || std::fs::remove_dir_all(aside));
            started = Cluster::start(settings()).await;
        }
        match started {
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
