//! Runs a program that must not outlive us, even if we are killed.
//!
//! A small shell starts it and holds the reading end of a pipe of which we hold the other. Nothing is ever written to
//! it: when we end, in whatever way, the operating system closes it and the shell interrupts the program, which for
//! PostgreSQL means a fast shutdown.

use std::fs::File;
use std::io::{self, PipeWriter};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::account::Account;

/// The interrupt repeats, as one that comes in the program's first moments is lost; but not for ever, as the number may
/// be another program's one day.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
{ read -r nothing <&3; for time in 1 2 3; do kill -INT "$program" 2>/dev/null || break; sleep 1; done; } &
watcher=$!
exec 3<&-
wait "$program"
status=$?
kill -KILL "$watcher" 2>/dev/null
exit "$status"
"#;

const PAUSE: Duration = Duration::from_millis(20);

/// A program on a leash: it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Supervised {
    leash: Option<PipeWriter>,
    /// The standard library's rather than tokio's, which could be awaited only in the runtime that started it.
    shell: Child,
}

impl Supervised {
    /// Starts `program` as `account`; what it prints goes into `log`.
    pub fn start(account: &Account, program: &Path, arguments: &[String], log: &File) -> io::Result<Self> {
        let (reader, leash) = io::pipe()?;
        let mut shell = account.command(Path::new("/bin/sh"));
        shell.args(["-c", SCRIPT, "sh"]).arg(program).args(arguments);
        shell.stdin(reader).stdout(log.try_clone()?).stderr(log.try_clone()?);
        // Ctrl-C in a terminal reaches our group: the program must still be there for our last requests.
        shell.process_group(0);
        Ok(Self { leash: Some(leash), shell: shell.spawn()? })
    }

    /// Asks the program to end.
    pub fn release(&mut self) {
        self.leash = None;
    }

    /// How the program ended, if it did.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.shell.try_wait()
    }

    /// Waits for the end, but no longer than `patience`.
    pub async fn wait(&mut self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + patience;
        loop {
            let ended = self.ended()?;
            if ended.is_some() || Instant::now() > deadline {
                return Ok(ended);
            }
            sleep(PAUSE).await;
        }
    }
}
