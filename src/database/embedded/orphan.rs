//! A server that still runs on our data though the program it belonged to is gone.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::fs;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::ClusterError;
use super::folder::remove;

/// First PostgreSQL's fast shutdown, then its immediate one, from which it recovers at the next start.
const WAYS_TO_END: [(Signal, Duration); 2] =
    [(Signal::SIGINT, Duration::from_mins(1)), (Signal::SIGQUIT, Duration::from_secs(15))];
const PAUSE: Duration = Duration::from_millis(20);
/// No system counts its processes so far.
const NO_PROCESS: i32 = i32::MAX;

/// Ends the server that `data` says is running on it, and sees to it that the record of it blocks no later one. Only
/// who holds the folder's lock may call this.
pub(super) async fn end(data: &Path) -> Result<(), ClusterError> {
    let Some(process) = recorded(data).await? else { return Ok(()) };
    for (signal, patience) in WAYS_TO_END {
        if !serves(process, data).await {
            return forget(data);
        }
        tracing::info!(process, %signal, "ending the PostgreSQL that runs on the data folder");
        // A process that is gone by now is what we want; one that refuses shows below.
        kill(Pid::from_raw(process), signal).ok();
        wait(process, data, patience).await;
    }
    if serves(process, data).await {
        return Err(ClusterError::Stuck { process, data: data.to_owned() });
    }
    forget(data)
}

/// The process in the server's pid file. One that cannot be read, as a crash may leave it, goes: the server would
/// refuse to start over it.
async fn recorded(data: &Path) -> Result<Option<i32>, ClusterError> {
    let path = data.join("postmaster.pid");
    let Ok(content) = fs::read_to_string(&path).await else { return Ok(None) };
    match content.lines().next().and_then(|line| line.trim().parse().ok()).filter(|process| *process > 0) {
        Some(process) => Ok(Some(process)),
        None => remove(&path).await.map(|()| None),
    }
}

async fn wait(process: i32, data: &Path, patience: Duration) {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline && serves(process, data).await {
        sleep(PAUSE).await;
    }
}

/// Replaces the process in a pid file that nobody removed. Its number may be another program's by now, which the
/// server would take for a running one; the rest of the file stays, by which the server itself finds out whether a
/// child of the old one is still at work.
fn forget(data: &Path) -> Result<(), ClusterError> {
    let path = data.join("postmaster.pid");
    match erase_process(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ClusterError::at("write", &path)(error)),
        _ => Ok(()),
    }
}

fn erase_process(path: &Path) -> io::Result<()> {
    // The folder is another user's: root must not follow a link out of it.
    let mut file = OpenOptions::new().read(true).write(true).custom_flags(OFlag::O_NOFOLLOW.bits()).open(path)?;
    let content = io::read_to_string(&file)?;
    let rest = content.split_once('\n').map_or("", |(_, rest)| rest);
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(format!("{NO_PROCESS}\n{rest}").as_bytes())
}

/// Whether the process is a server, and of this data.
async fn serves(process: i32, data: &Path) -> bool {
    let Some(line) = command_line(process).await else { return false };
    let program = line.split(" -").next().unwrap_or_default().trim_end();
    let is_server = matches!(program.rsplit('/').next(), Some("postgres" | "postmaster"));
    let named = format!("{line} ").contains(&format!(" -D {} ", data.display()));
    is_server && (named || works_in(process, data).await)
}

/// How the process was called: its program and its arguments, with spaces between.
async fn command_line(process: i32) -> Option<String> {
    if cfg!(target_os = "linux") {
        let line = fs::read(format!("/proc/{process}/cmdline")).await.ok()?;
        return Some(String::from_utf8_lossy(&line).replace('\0', " ").trim_end().to_owned());
    }
    let process = process.to_string();
    let output = Command::new("ps").args(["-ww", "-o", "command=", "-p", &process]).output().await.ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// A server stands in its data folder, however it was called.
async fn works_in(process: i32, data: &Path) -> bool {
    fs::read_link(format!("/proc/{process}/cwd")).await.is_ok_and(|folder| folder == data)
}
