//! As whom PostgreSQL runs: it refuses root, who therefore hands it to an unprivileged user.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{User, geteuid};

use super::ClusterError;

/// In the order of preference.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// Prints the first of the folders, given from the root down, that cannot be entered.
const FIRST_BLOCKER: &str = r#"for folder; do cd "$folder" 2>/dev/null || { printf %s "$folder"; exit; }; done"#;

const OTHERS_OR_GROUP: u32 = 0o077;
const GROUP_ENTERS: u32 = 0o010;

/// The user that PostgreSQL's programs run as.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// None: as we are.
    lent: Option<User>,
}

impl Account {
    /// An unprivileged user if we are root, else ourselves.
    pub fn choose() -> Result<Self, ClusterError> {
        if !geteuid().is_root() {
            return Ok(Self { lent: None });
        }
        let user = UNPRIVILEGED.iter().find_map(|name| User::from_name(name).ok().flatten());
        user.map(|user| Self { lent: Some(user) }).ok_or(ClusterError::NoAccount)
    }

    /// A command that runs as this user, speaks English and stands in a folder that everybody can read.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env("LC_ALL", "C");
        if let Some(user) = &self.lent {
            // Leaves root's supplementary groups as well.
            command.gid(user.gid.as_raw()).uid(user.uid.as_raw());
        }
        command
    }

    /// Gives one file or folder to this user.
    pub fn own(&self, path: &Path) -> Result<(), ClusterError> {
        let Some(user) = &self.lent else { return Ok(()) };
        lchown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
            .map_err(ClusterError::at("change the owner of", path))
    }

    /// Gives a folder with all that is in it to this user, unless it is theirs already.
    pub fn own_all(&self, folder: &Path) -> Result<(), ClusterError> {
        let Some(user) = &self.lent else { return Ok(()) };
        let metadata = folder.symlink_metadata().map_err(ClusterError::at("read", folder))?;
        if metadata.uid() == user.uid.as_raw() {
            return Ok(());
        }
        let entries = entries(folder, &metadata).map_err(ClusterError::at("read", folder))?;
        entries.iter().try_for_each(|entry| self.own_all(entry))?;
        // The folder itself comes last: an interrupted walk begins anew.
        self.own(folder)
    }

    /// Lets this user, but nobody else, pass through a private folder of root.
    pub fn admit(&self, folder: &Path) -> Result<(), ClusterError> {
        let Some(user) = &self.lent else { return Ok(()) };
        let mode = fs::metadata(folder).map_err(ClusterError::at("read", folder))?.mode();
        if mode & OTHERS_OR_GROUP != 0 {
            return Ok(());
        }
        lchown(folder, None, Some(user.gid.as_raw()))
            .and_then(|()| fs::set_permissions(folder, Permissions::from_mode(mode | GROUP_ENTERS)))
            .map_err(ClusterError::at("change the rights of", folder))
    }

    /// Tries, as this user, to enter the folder and every one above it: that honours access lists too.
    pub async fn reach(&self, folder: &Path) -> Result<(), ClusterError> {
        let Some(user) = &self.lent else { return Ok(()) };
        let mut way: Vec<&Path> = folder.ancestors().collect();
        way.reverse();
        let mut shell = self.command(Path::new("/bin/sh"));
        shell.args(["-c", FIRST_BLOCKER, "sh"]).args(way);
        let output = tokio::process::Command::from(shell).output().await;
        let output = output.map_err(ClusterError::at("run", Path::new("/bin/sh")))?;
        let blocker = PathBuf::from(String::from_utf8_lossy(&output.stdout).into_owned());
        if blocker.as_os_str().is_empty() {
            return Ok(());
        }
        Err(ClusterError::Unreachable { folder: folder.to_owned(), blocker, user: user.name.clone() })
    }
}

fn entries(path: &Path, metadata: &Metadata) -> io::Result<Vec<PathBuf>> {
    if !metadata.is_dir() {
        return Ok(Vec::new());
    }
    fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect()
}
