//! The account that the server runs as. PostgreSQL refuses root, so root steps down.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{User, geteuid};

use super::ClusterError;

/// Who runs the server.
pub struct Account {
    /// Another account than the program's own.
    other: Option<User>,
}

impl Account {
    /// The program's own account; for root `postgres` or else `nobody`.
    pub fn for_server() -> Result<Self, ClusterError> {
        if !geteuid().is_root() {
            return Ok(Self { other: None });
        }
        let known = ["postgres", "nobody"].into_iter().find_map(|name| User::from_name(name).ok().flatten());
        Ok(Self { other: Some(known.ok_or(ClusterError::NoAccount)?) })
    }

    /// Makes a command run as the account, in a place it can be in.
    pub fn take_on<'a>(&self, command: &'a mut Command, folder: &Path) -> &'a mut Command {
        command.current_dir(folder).env_remove("PGDATA").env_remove("PGHOST").env_remove("PGPORT");
        match &self.other {
            Some(user) => command.uid(user.uid.as_raw()).gid(user.gid.as_raw()).env("HOME", folder),
            None => command,
        }
    }

    /// Gives a folder or file to the account.
    pub fn own(&self, path: &Path) -> Result<(), ClusterError> {
        let Some(user) = &self.other else {
            return Ok(());
        };
        chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).map_err(ClusterError::at(path))
    }

    /// Can the account get to the folder? Every folder above it must let others pass.
    pub fn check_reach(&self, folder: &Path) -> Result<(), ClusterError> {
        let Some(user) = &self.other else {
            return Ok(());
        };
        for above in folder.ancestors().skip(1) {
            let metadata = above.metadata().map_err(ClusterError::at(above))?;
            let mode = metadata.mode();
            let open = mode & 0o001 != 0
                || (metadata.uid() == user.uid.as_raw() && mode & 0o100 != 0)
                || (metadata.gid() == user.gid.as_raw() && mode & 0o010 != 0);
            if !open {
                return Err(ClusterError::Unreachable { account: user.name.clone(), blocked: above.to_owned() });
            }
        }
        Ok(())
    }
}
