//! The server's process: made ready, started, watched, stopped.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use tokio_postgres::NoTls;

use super::account::Account;
use super::binaries::Binaries;
use super::folder::{Endpoint, Folder};
use super::{ClusterError, USER};

/// A server that replays a long log takes its time.
const STARTING: Duration = Duration::from_secs(60);
/// Bytes of the server's log that are kept over a start.
const LOG_LIMIT: u64 = 10_000_000;

/// Stops the server when the pipe on its standard input closes, which it does however the program ends: even killed,
/// it leaves no server behind. The server's own end is passed on.
const WATCH: &str = r#"exec 3<&0
"$@" 3<&- </dev/null & server=$!
{ read -r _ <&3; kill -INT "$server" 2>/dev/null; } & watch=$!
wait "$server"; status=$?
kill "$watch" 2>/dev/null
exit "$status""#;

/// A running server.
pub struct Postmaster {
    shell: Child,
    /// Closing it stops the server.
    pipe: Option<ChildStdin>,
}

/// Makes the cluster. It becomes whole only at the end, so that a making that was cut off is begun anew.
pub async fn initialise(folder: &Folder, binaries: &Binaries, account: &Account) -> Result<(), ClusterError> {
    let (server, data) = (folder.server(), folder.data());
    if data.exists() {
        std::fs::remove_dir_all(&data).map_err(ClusterError::at(&data))?;
    }
    let password: String = rand::random::<[u8; 24]>().iter().map(|byte| format!("{byte:02x}")).collect();
    let secret = server.join("initial-password");
    write_secret(&secret, &password, account)?;
    let mut command = binaries.command("initdb");
    command.arg("--pgdata").arg(&data).args([
        "--username",
        USER,
        "--encoding=UTF8",
        "--locale=C",
        "--auth=scram-sha-256",
    ]);
    command.arg("--pwfile").arg(&secret);
    let made = run("initdb", account.take_on(&mut command, &server)).await;
    std::fs::remove_file(&secret).map_err(ClusterError::at(&secret))?;
    made?;
    folder.keep_password(&password)
}

/// A server that an earlier program left running is stopped; a note of one that is gone is no server.
pub async fn stop_left_running(folder: &Folder, binaries: &Binaries, account: &Account) -> Result<(), ClusterError> {
    if !folder.data().join("postmaster.pid").is_file() {
        return Ok(());
    }
    for (mode, seconds) in [("fast", "30"), ("immediate", "10")] {
        let mut status = binaries.command("pg_ctl");
        status.arg("status").arg("--pgdata").arg(folder.data());
        if run("pg_ctl", account.take_on(&mut status, &folder.server())).await.is_err() {
            return Ok(());
        }
        tracing::warn!("a PostgreSQL was left running; stopping it");
        let mut stop = binaries.command("pg_ctl");
        stop.arg("stop").arg("--pgdata").arg(folder.data()).args(["--wait", "--timeout", seconds, "--mode", mode]);
        if run("pg_ctl", account.take_on(&mut stop, &folder.server())).await.is_ok() {
            return Ok(());
        }
    }
    Err(ClusterError::InUse { folder: folder.data() })
}

impl Postmaster {
    /// Starts the server under its watch.
    pub fn start(
        folder: &Folder,
        binaries: &Binaries,
        account: &Account,
        endpoint: &Endpoint,
        durable: bool,
    ) -> Result<Self, ClusterError> {
        let log = open_log(&folder.log(), account)?;
        let errors = log.try_clone().map_err(ClusterError::at(&folder.log()))?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", WATCH, "sh"]).arg(binaries.path("postgres")).arg("-D").arg(folder.data());
        for setting in settings(endpoint, durable) {
            command.args(["-c", &setting]);
        }
        // A group of its own: Ctrl-C at a terminal is for the program, which finishes its requests first.
        account.take_on(&mut command, &folder.server()).process_group(0);
        let mut shell = command
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(ClusterError::at(&folder.server()))?;
        let pipe = shell.stdin.take();
        Ok(Self { shell, pipe })
    }

    /// Waits until the server answers.
    pub async fn wait_until_ready(&mut self, url: &str, folder: &Folder) -> Result<(), ClusterError> {
        let started = Instant::now();
        while started.elapsed() < STARTING {
            if let Ok((client, connection)) = tokio_postgres::connect(url, NoTls).await {
                drop((client, connection));
                return Ok(());
            }
            if self.shell.try_wait().is_ok_and(|status| status.is_some()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(ClusterError::NotStarted { log: tail(&folder.log()) })
    }

    /// Stops the server and waits until it is down.
    pub async fn stop(mut self) -> Result<(), ClusterError> {
        drop(self.pipe.take());
        let waited = tokio::task::spawn_blocking(move || self.shell.wait()).await;
        match waited {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(ClusterError::Program { program: "postgres", output: error.to_string() }),
            Err(error) => Err(ClusterError::Program { program: "postgres", output: error.to_string() }),
        }
    }
}

fn settings(endpoint: &Endpoint, durable: bool) -> Vec<String> {
    let mut settings: Vec<String> = match endpoint {
        Endpoint::Socket(folder) => {
            vec!["listen_addresses=".to_owned(), format!("unix_socket_directories={}", folder.display())]
        }
        Endpoint::Port(port) => {
            vec!["listen_addresses=127.0.0.1".to_owned(), format!("port={port}"), "unix_socket_directories=".to_owned()]
        }
    };
    settings.push("timezone=UTC".to_owned());
    settings.push("log_timezone=UTC".to_owned());
    if !durable {
        let fast =
            ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=400", "autovacuum=off"];
        settings.extend(fast.map(str::to_owned));
    }
    settings
}

/// Runs a program to its end; what it said is told only if it failed.
async fn run(program: &'static str, command: &mut Command) -> Result<(), ClusterError> {
    // `pg_ctl` hands its outputs to nothing that stays, so they close with it.
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.map_err(|error| ClusterError::Program { program, output: error.to_string() })?;
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await;
    let failed = |output: String| ClusterError::Program { program, output };
    let output = output.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))))
}

fn write_secret(file: &Path, secret: &str, account: &Account) -> Result<(), ClusterError> {
    let opened = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(file);
    opened.and_then(|mut open| open.write_all(secret.as_bytes())).map_err(ClusterError::at(file))?;
    account.own(file)
}

fn open_log(file: &Path, account: &Account) -> Result<File, ClusterError> {
    let long = file.metadata().is_ok_and(|metadata| metadata.len() > LOG_LIMIT);
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600);
    let opened = if long { options.write(true).truncate(true).open(file) } else { options.append(true).open(file) };
    let log = opened.map_err(ClusterError::at(file))?;
    account.own(file)?;
    Ok(log)
}

fn tail(file: &Path) -> String {
    let text = std::fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<&str> = text.lines().rev().take(15).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
