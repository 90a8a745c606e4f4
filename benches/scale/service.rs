//! The service as it is really run: the program itself, in a process of its own, on a folder that it filled.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use duijie::database::embedded::{self, Cluster, Settings};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio_postgres::Client;

use super::client::{Connection, get};
use super::peer::connected;

/// The program that was built with this benchmark.
const PROGRAM: &str = env!("CARGO_BIN_EXE_duijie");
/// Units a minute of a caller: as good as without end.
const RATE: &str = "4000000000";
const SKIP_DUPLICATES: &str = "UPDATE duplicate_position
    SET (xid, seq) = (SELECT xid, seq FROM changes ORDER BY xid DESC, seq DESC LIMIT 1)";
const HARVESTED: &str = "SELECT (xid, seq) = (SELECT xid, seq FROM changes ORDER BY xid DESC, seq DESC LIMIT 1)
    FROM harvest_position";
const PAUSE: Duration = Duration::from_millis(50);
/// Longer than this no end of the service is waited for.
const PATIENCE: Duration = Duration::from_mins(2);

/// How many records there are of each kind.
#[derive(Clone, Copy)]
pub struct Amounts {
    pub results: u32,
    pub experts: u32,
    pub demands: u32,
}

impl Amounts {
    /// Of a county with so many results.
    pub fn of(results: u32) -> Self {
        Self { results, experts: results / 5, demands: results / 10 }
    }

    pub fn total(self) -> u32 {
        self.results + self.experts + self.demands
    }
}

/// A folder with records and accounts, and no index.
pub struct Filled {
    folder: TempDir,
    /// How long it took.
    pub taken: Duration,
}

impl Filled {
    pub fn with(amounts: Amounts) -> Self {
        let mut folder = tempfile::Builder::new();
        let folder = folder.permissions(fs::Permissions::from_mode(0o755)).tempdir().expect("a folder");
        let started = Instant::now();
        let mut recombine = program("recombine", folder.path());
        for (option, amount) in
            [("--results", amounts.results), ("--experts", amounts.experts), ("--demands", amounts.demands)]
        {
            recombine.arg(option).arg(amount.to_string());
        }
        let ended = recombine.stdout(Stdio::null()).status().expect("the program");
        assert!(ended.success(), "the folder is filled");
        Self { folder, taken: started.elapsed() }
    }

    /// Adds an account of the centre's staff.
    pub fn add_staff(&self, login: &str, password: &str) {
        let mut users = program("users", self.folder.path());
        users.args(["add", login, "--role", "staff"]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut adding = users.spawn().expect("the program");
        writeln!(adding.stdin.take().expect("an input"), "{password}").expect("a line");
        assert!(adding.wait().expect("an end").success(), "the account is made");
    }

    /// Has nothing of what is there looked through for duplicates.
    pub async fn skip_duplicates(&self) {
        let settings = Settings { folder: self.folder.path().to_owned(), durable: true };
        let cluster = Cluster::start(settings).await.expect("a cluster");
        let url = cluster.database("duijie").await.expect("a database");
        let sql = connected(&url).await;
        sql.batch_execute(SKIP_DUPLICATES).await.expect("a position");
        drop(sql);
        cluster.stop().await.expect("an end");
    }

    /// Starts the service, and waits until all its indexes are built.
    pub fn serve(self) -> Service {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let started = Instant::now();
        let mut serve = program("serve", self.folder.path());
        serve.arg("--no-meaning").arg("--listen").arg(address.to_string()).arg("--rate").arg(RATE);
        serve.stdout(Stdio::null());
        let child = serve.spawn().expect("the program");
        let mut service = Service { child, address, folder: self.folder, built: Duration::ZERO };
        while !service.is_ready() {
            sleep(PAUSE);
        }
        service.built = started.elapsed();
        service
    }
}

/// The program without the settings of whoever runs the benchmark. It logs nothing: what keeps it from starting it says
/// all the same.
fn program(command: &str, folder: &Path) -> Command {
    let mut program = Command::new(PROGRAM);
    let settings = std::env::vars_os().map(|(name, _)| name);
    for name in settings.filter(|name| name == "DATABASE_URL" || name.to_string_lossy().starts_with("DUIJIE_")) {
        program.env_remove(name);
    }
    program.env("RUST_LOG", "off").env("DUIJIE_DATA", folder).arg(command);
    program
}

/// A running service. It ends when this is dropped, and its folder with it.
pub struct Service {
    child: Child,
    pub address: SocketAddr,
    folder: TempDir,
    /// From its start until its indexes were built, from nothing.
    pub built: Duration,
}

impl Service {
    fn is_ready(&mut self) -> bool {
        assert!(self.child.try_wait().expect("a look").is_none(), "the service runs");
        let answered = Connection::open(self.address)
            .and_then(|mut connection| connection.call(&get("/health/ready")).map(|(status, _)| status));
        answered.is_ok_and(|status| status == 200)
    }

    pub async fn database(&self) -> String {
        embedded::attach(self.folder.path(), "duijie").await.expect("a database")
    }

    /// A connection to its database.
    pub async fn connection(&self) -> Client {
        connected(&self.database().await).await
    }

    /// Waits until all that there is is written down for harvesters, which goes on behind the indexes.
    pub async fn harvested(&self) -> Duration {
        let (sql, started) = (self.connection().await, Instant::now());
        while !sql.query_one(HARVESTED, &[]).await.expect("a position").get::<_, bool>(0) {
            tokio::time::sleep(PAUSE).await;
        }
        started.elapsed()
    }

    /// Bytes of the index of the results.
    pub fn index_size(&self) -> u64 {
        let files = fs::read_dir(self.folder.path().join("index/result")).expect("an index");
        files.filter_map(|file| file.ok()?.metadata().ok()).map(|file| file.len()).sum()
    }

    /// Bytes of a line such as `VmRSS` of what the system says of the process.
    pub fn memory(&self, line: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a process");
        let kilobytes = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':')?.strip_suffix("kB"));
        1024 * kilobytes.and_then(|number| number.trim().parse::<u64>().ok()).expect("a number")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let process = i32::try_from(self.child.id()).map(Pid::from_raw);
        let asked = process.is_ok_and(|process| kill(process, Signal::SIGTERM).is_ok());
        let started = Instant::now();
        while asked && started.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
            sleep(PAUSE);
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
