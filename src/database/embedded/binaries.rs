//! Finding the server's programs on the machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::account::Account;
use super::folder::Folder;
use super::{ClusterError, download};

/// The oldest major version that will do.
const OLDEST: u32 = 14;

/// Where packages put their versions side by side: a folder, and what a version's name in it begins with.
const PLACES: [(&str, &str); 7] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/usr/lib", "postgresql"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
    ("/Applications/Postgres.app/Contents/Versions", ""),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@"),
];

/// The programs of one PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    folder: PathBuf,
    major: u32,
}

impl Binaries {
    pub fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    pub fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }
}

/// The folders that may hold the programs, the best first; few of them exist.
pub(super) async fn candidates(folder: &Folder) -> Vec<PathBuf> {
    let mut candidates = on_path();
    candidates.extend(told_by_pg_config().await);
    candidates.extend(PLACES.iter().flat_map(|(parent, prefix)| versions(Path::new(parent), prefix)));
    candidates.extend(versions(&folder.downloads(), ""));
    candidates
}

/// The programs for `folder`'s data: installed, downloaded earlier, or downloaded now from `source`.
pub(super) async fn obtain(
    candidates: &[PathBuf],
    source: &'static str,
    folder: &Folder,
    account: &Account,
) -> Result<Binaries, ClusterError> {
    let data = folder.data_version().await?;
    if let Some(binaries) = find(candidates, folder, account, data).await? {
        return Ok(binaries);
    }
    tracing::info!("no PostgreSQL is installed: downloading one");
    let bin = download::fetch(source, &folder.downloads(), data).await;
    let bin = bin.map_err(|reason| ClusterError::NoBinaries { oldest: OLDEST, reason })?;
    inspect(&bin, account).await.ok_or_else(|| ClusterError::NoBinaries {
        oldest: OLDEST,
        reason: format!("what was downloaded to {} does not run here", bin.display()),
    })
}

/// The first of the candidates that fits the data, or that is new enough if there is no data yet.
async fn find(
    candidates: &[PathBuf],
    folder: &Folder,
    account: &Account,
    data: Option<u32>,
) -> Result<Option<Binaries>, ClusterError> {
    let mut other = None;
    for candidate in candidates {
        match (inspect(candidate, account).await, data) {
            (Some(binaries), None) => return Ok(Some(binaries)),
            (Some(binaries), Some(data)) if binaries.major == data => return Ok(Some(binaries)),
            (Some(binaries), Some(data)) => other = other.or(Some((binaries, data))),
            (None, _) => {}
        }
    }
    other.map_or(Ok(None), |(binaries, data)| {
        let (installed, binaries) = (binaries.major, binaries.folder);
        Err(ClusterError::WrongVersion { folder: folder.data(), data, installed, binaries })
    })
}

/// The programs in `folder`, if they are there, run as `account` and are new enough.
async fn inspect(folder: &Path, account: &Account) -> Option<Binaries> {
    let binaries = Binaries { folder: folder.to_owned(), major: 0 };
    if !binaries.postgres().is_file() || !binaries.initdb().is_file() {
        return None;
    }
    let answer = Command::from(account.command(&binaries.postgres())).arg("--version").output().await.ok()?;
    let major = major(&String::from_utf8_lossy(&answer.stdout)).filter(|major| *major >= OLDEST);
    tracing::debug!(folder = %folder.display(), ?major, "found PostgreSQL");
    Some(Binaries { major: major?, ..binaries })
}

/// 15 of `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
fn major(answer: &str) -> Option<u32> {
    numbers(answer.split_once("(PostgreSQL) ")?.1).first().copied()
}

/// A program on the path is often a link into a folder that has the others too.
fn on_path() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let with_server = env::split_paths(&path).filter(|folder| folder.join("postgres").is_file());
    with_server.flat_map(|folder| [home_of(&folder.join("postgres")), Some(folder)]).flatten().collect()
}

fn home_of(program: &Path) -> Option<PathBuf> {
    fs::canonicalize(program).ok()?.parent().map(Path::to_owned)
}

async fn told_by_pg_config() -> Option<PathBuf> {
    let answer = Command::new("pg_config").arg("--bindir").output().await.ok()?;
    let folder = String::from_utf8(answer.stdout).ok()?;
    Some(PathBuf::from(folder.trim())).filter(|folder| folder.is_absolute())
}

/// The `bin` folders of the versions in `parent`, the newest first.
pub(super) fn versions(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let names =
        fs::read_dir(parent).into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let version = |name: &str| name.strip_prefix(prefix).map(numbers).filter(|numbers| !numbers.is_empty());
    let mut found: Vec<_> = names.filter_map(|name| Some((version(&name)?, name))).collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    found.into_iter().map(|(_, name)| parent.join(name).join("bin")).collect()
}

/// The numbers a version begins with: 16 and 4 of `16.4-1`; none of `latest`.
fn numbers(version: &str) -> Vec<u32> {
    let end = version.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(version.len());
    version[..end].split('.').map_while(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_sorted() {
        assert_eq!(major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 19devel"), Some(19));
        assert_eq!(major("something else"), None);

        let parent = tempfile::tempdir().unwrap();
        for name in ["pgsql-9.6", "pgsql-15", "pgsql-14.10", "pgsql-latest", "other-20"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        let expected = ["pgsql-15", "pgsql-14.10", "pgsql-9.6"].map(|name| parent.path().join(name).join("bin"));
        assert_eq!(versions(parent.path(), "pgsql-"), expected);
    }
}
