//! The folder of a cluster: its lock, its password, its data and its socket.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::ClusterError;
use super::account::Account;
use super::binaries::Binaries;

/// A socket's path has no more bytes on any of our systems (104 on macOS, 108 on Linux), its name among them.
const LONGEST_SOCKET: usize = 103;
const SOCKET: &str = ".s.PGSQL.5432";

/// A folder held by this process alone.
pub struct Folder {
    root: PathBuf,
    /// Held as long as the folder is; the system lets go of it however the process ends.
    _lock: File,
}

/// Where the server listens.
#[derive(Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A socket in this folder.
    Socket(PathBuf),
    /// A port of the loopback address, where the folder's path is too long for a socket.
    Port(u16),
}

impl Endpoint {
    /// As it stands in a URL.
    pub fn authority(&self) -> String {
        match self {
            Self::Socket(folder) => {
                let escaped = folder.to_string_lossy().bytes().fold(String::new(), |mut text, byte| {
                    match byte {
                        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => text.push(byte.into()),
                        _ => text.push_str(&format!("%{byte:02X}")),
                    }
                    text
                });
                format!("{escaped}:5432")
            }
            Self::Port(port) => format!("127.0.0.1:{port}"),
        }
    }
}

impl Folder {
    /// Takes hold of the folder, made if it is missing.
    pub fn take(root: &Path, account: &Account) -> Result<Self, ClusterError> {
        DirBuilder::new().recursive(true).mode(0o755).create(root).map_err(ClusterError::at(root))?;
        let root = root.canonicalize().map_err(ClusterError::at(root))?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(root.join("lock"));
        let lock = lock.map_err(ClusterError::at(&root))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(ClusterError::InUse { folder: root });
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(ClusterError::at(&root)(error)),
        }
        let folder = Self { root, _lock: lock };
        let server = folder.server();
        if !server.is_dir() {
            DirBuilder::new().mode(0o700).create(&server).map_err(ClusterError::at(&server))?;
        }
        account.own(&server)?;
        account.check_reach(&server)?;
        Ok(folder)
    }

    /// What belongs to the server's account.
    pub fn server(&self) -> PathBuf {
        self.root.join("postgresql")
    }

    pub fn data(&self) -> PathBuf {
        self.server().join("data")
    }

    pub fn log(&self) -> PathBuf {
        self.server().join("server.log")
    }

    pub fn downloads(&self) -> PathBuf {
        self.root.join("downloads")
    }

    /// A cluster is whole once its password is kept: that is the last step of making it.
    pub fn is_initialised(&self) -> bool {
        self.data().join("PG_VERSION").is_file() && password_file(&self.root).is_file()
    }

    /// The cluster must be of the version that was found.
    pub fn check_version(&self, binaries: &Binaries) -> Result<(), ClusterError> {
        if !self.is_initialised() {
            return Ok(());
        }
        let file = self.data().join("PG_VERSION");
        let there = std::fs::read_to_string(&file).map_err(ClusterError::at(&file))?.trim().to_owned();
        let found = binaries.major.to_string();
        if there == found {
            Ok(())
        } else {
            Err(ClusterError::OtherVersion { folder: self.root.clone(), there, found })
        }
    }

    /// Keeps the password where only the program's own account reads it.
    pub fn keep_password(&self, password: &str) -> Result<(), ClusterError> {
        let file = password_file(&self.root);
        let mut open = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&file)
            .map_err(ClusterError::at(&file))?;
        open.set_permissions(Permissions::from_mode(0o600)).map_err(ClusterError::at(&file))?;
        open.write_all(password.as_bytes()).and_then(|()| open.sync_all()).map_err(ClusterError::at(&file))
    }

    pub fn password(&self) -> Result<String, ClusterError> {
        read(&password_file(&self.root))
    }

    /// A socket in the server's folder, or a free port where its path would be too long.
    pub fn endpoint(&self) -> Result<Endpoint, ClusterError> {
        if let Some(socket) = socket_folder(&self.root) {
            return Ok(Endpoint::Socket(socket));
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.map_err(ClusterError::at(&self.root))?.port();
        Ok(Endpoint::Port(port))
    }
}

/// How a cluster that runs in a folder is reached: where it listens, and its password.
pub fn access(root: &Path) -> Result<(Endpoint, String), ClusterError> {
    let root = root.canonicalize().map_err(ClusterError::at(root))?;
    let password = read(&password_file(&root)).map_err(|_| ClusterError::NotRunning { folder: root.clone() })?;
    if let Some(socket) = socket_folder(&root) {
        return Ok((Endpoint::Socket(socket), password));
    }
    // The fourth line of the server's own file is its port.
    let pid_file = read(&root.join("postgresql/data/postmaster.pid"))?;
    let port = pid_file.lines().nth(3).and_then(|line| line.trim().parse().ok());
    Ok((Endpoint::Port(port.ok_or(ClusterError::NotRunning { folder: root })?), password))
}

fn socket_folder(root: &Path) -> Option<PathBuf> {
    let folder = root.join("postgresql");
    (folder.as_os_str().len() + 1 + SOCKET.len() <= LONGEST_SOCKET).then_some(folder)
}

fn password_file(root: &Path) -> PathBuf {
    root.join("password")
}

fn read(file: &Path) -> Result<String, ClusterError> {
    let mut text = String::new();
    File::open(file).and_then(|mut open| open.read_to_string(&mut text)).map_err(ClusterError::at(file))?;
    Ok(text)
}
