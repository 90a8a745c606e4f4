//! What can keep a cluster from starting, in words for the operator who reads them.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Why the cluster cannot be had. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Another process holds the folder's lock.
    #[error("the folder {} is in use by another process: stop that one, or choose another folder", folder.display())]
    InUse { folder: PathBuf },
    /// A file or folder refused: no right to it, a full disk, a read-only file system…
    #[error("cannot {action} {}: {source}{}", path.display(), advice(source))]
    Path { action: &'static str, path: PathBuf, source: io::Error },
    /// The unprivileged user cannot get to the folder.
    #[error(
        "PostgreSQL does not run as root, so it runs as the user {user}, who may not enter {} and so cannot reach {}: \
         choose a folder elsewhere, such as one below /var/lib, or let others pass (chmod o+x {})",
        blocker.display(), folder.display(), blocker.display()
    )]
    Unreachable { folder: PathBuf, blocker: PathBuf, user: String },
    /// Root, and nobody to hand PostgreSQL to.
    #[error(
        "PostgreSQL does not run as root, and this machine has neither a user postgres nor a user nobody: \
         create one (useradd --system postgres), or start this program as another user"
    )]
    NoAccount,
    /// Nothing is installed, and nothing could be downloaded.
    #[error(
        "PostgreSQL {oldest} or newer is not on this machine, and could not be downloaded ({reason}). Install it \
         (Debian and Ubuntu: apt install postgresql; Fedora and RHEL: dnf install postgresql-server; \
         macOS: brew install postgresql@17), or set DATABASE_URL to a PostgreSQL that runs already"
    )]
    NoBinaries { oldest: u32, reason: String },
    /// The data was made by a major version that is not installed.
    #[error(
        "the data in {} is of PostgreSQL {data}, but this machine has PostgreSQL {installed} ({}): install PostgreSQL \
         {data} beside it, or move the data with pg_upgrade. Nothing was changed",
        folder.display(), binaries.display()
    )]
    WrongVersion { folder: PathBuf, data: u32, installed: u32, binaries: PathBuf },
    /// The data is there, but not the password to it.
    #[error(
        "the password of the database is gone: {} is missing. Put it back, or move {} away to begin with an empty \
         database",
        password.display(), data.display()
    )]
    PasswordLost { password: PathBuf, data: PathBuf },
    /// A server is left over that does not react.
    #[error(
        "an earlier PostgreSQL (process {process}) still runs on {} and does not end: end it by hand, then start again",
        data.display()
    )]
    Stuck { process: i32, data: PathBuf },
    /// `initdb` or the server ended by itself; `tail` is the last of what it wrote.
    #[error("{program} ended at once. The last lines of {}:\n{tail}", log.display())]
    Ended { program: &'static str, log: PathBuf, tail: String },
    /// The server runs, but does not answer.
    #[error("PostgreSQL did not answer within {seconds} seconds: see {}", log.display())]
    Silent { seconds: u64, log: PathBuf },
    /// The server answered with a refusal.
    #[error("PostgreSQL refused to {action}: {reason}")]
    Refused { action: String, reason: String },
}

impl ClusterError {
    /// For `map_err`: `action` could not be done to `path`.
    pub(super) fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Path { action, path: path.to_owned(), source }
    }

    /// The database's own words, which the driver's error keeps one level down.
    pub(super) fn refused(action: impl Into<String>, error: &tokio_postgres::Error) -> Self {
        let reason = match (error.as_db_error(), std::error::Error::source(error)) {
            (Some(refusal), _) => refusal.to_string(),
            (None, Some(source)) => format!("{error}: {source}"),
            (None, None) => error.to_string(),
        };
        Self::Refused { action: action.into(), reason }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            ". The disk is full: make room, or choose a folder on another disk"
        }
        ErrorKind::ReadOnlyFilesystem => ". Choose a folder on a file system that can be written",
        ErrorKind::PermissionDenied => ". Give this user the right to it, or choose another folder",
        _ => "",
    }
}
