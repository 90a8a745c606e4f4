//! The cluster's folder: what lies where in it, its lock, its password and its log.
//!
//! The folder itself stays ours; only `data` and `socket` in it belong to the user PostgreSQL runs as.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand::distr::{Alphanumeric, SampleString};
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::time::sleep;

use super::ClusterError;

/// What must fit on the disk before anything is touched.
const PROBE: usize = 256 * 1024;
/// What a program takes at most to be started.
const STARTING: Duration = Duration::from_secs(1);
/// A log longer than this begins anew at the next start.
const LONGEST_LOG: u64 = 10 * 1024 * 1024;
/// So much of the log goes into an error's message.
const TAIL: usize = 20;
/// Begins the name of what becomes something only when it is whole, and then gets its own name.
pub(super) const UNFINISHED: &str = "new-";
/// What lies in the folder.
pub(super) const DATA: &str = "data";
pub(super) const SOCKET: &str = "socket";
pub(super) const PASSWORD: &str = "password";
const ONLY_OWNER: u32 = 0o600;
const ONLY_OWNER_ENTERS: u32 = 0o700;

/// The superuser's password, which shows in no log.
#[derive(Clone)]
pub(super) struct Password(String);

impl Password {
    pub fn random() -> Self {
        Self(Alphanumeric.sample_string(&mut rand::rng(), 32))
    }

    /// One that was read from the file that keeps it.
    pub fn kept(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

/// A folder that is ours alone as long as this lives.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Held, never read: the operating system frees the lock when the file is closed, however we end.
    _lock: File,
}

impl Folder {
    /// Creates the folder if it is missing, and locks it.
    pub async fn open(path: &Path) -> Result<Self, ClusterError> {
        let path = create(path).await?;
        let lock = lock(&path).await?;
        probe(&path)?;
        Ok(Self { path, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn data(&self) -> PathBuf {
        self.path.join(DATA)
    }

    pub fn socket(&self) -> PathBuf {
        self.path.join(SOCKET)
    }

    pub fn downloads(&self) -> PathBuf {
        self.path.join("postgresql")
    }

    pub fn log(&self) -> PathBuf {
        self.path.join("postgresql.log")
    }

    fn password_file(&self) -> PathBuf {
        self.path.join(PASSWORD)
    }

    /// The major version that made the data; none if there is no data yet.
    pub async fn data_version(&self) -> Result<Option<u32>, ClusterError> {
        let path = self.data().join("PG_VERSION");
        match fs::read_to_string(&path).await {
            Ok(version) => match version.trim().parse() {
                Ok(major) => Ok(Some(major)),
                Err(error) => Err(ClusterError::at("understand", &path)(std::io::Error::other(error))),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ClusterError::at("read", &path)(error)),
        }
    }

    pub async fn password(&self) -> Result<Password, ClusterError> {
        let path = self.password_file();
        match fs::read_to_string(&path).await {
            Ok(password) => Ok(Password::kept(&password)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(ClusterError::PasswordLost { password: path, data: self.data() })
            }
            Err(error) => Err(ClusterError::at("read", &path)(error)),
        }
    }

    pub async fn keep_password(&self, password: &Password) -> Result<(), ClusterError> {
        let path = self.password_file();
        remove(&path).await?;
        write_secret(&path, password)
    }

    /// An empty folder for the server's socket; what a server that was killed left in it could block the next one.
    pub async fn empty_socket(&self) -> Result<PathBuf, ClusterError> {
        let path = self.socket();
        match fs::remove_dir_all(&path).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(ClusterError::at("remove", &path)(error)),
            _ => make_private(&path).map(|()| path),
        }
    }

    /// The log, to append to.
    pub fn open_log(&self) -> Result<File, ClusterError> {
        let path = self.log();
        let open = || {
            let log = OpenOptions::new().create(true).append(true).mode(ONLY_OWNER).open(&path)?;
            if log.metadata()?.len() > LONGEST_LOG {
                log.set_len(0)?;
            }
            Ok(log)
        };
        open().map_err(ClusterError::at("open", &path))
    }

    /// The last lines of what was logged after the first `start` bytes.
    pub async fn log_tail(&self, start: u64) -> String {
        let read = async || {
            let mut log = fs::File::open(self.log()).await?;
            log.seek(std::io::SeekFrom::Start(start)).await?;
            let mut bytes = Vec::new();
            log.read_to_end(&mut bytes).await?;
            Ok::<_, std::io::Error>(bytes)
        };
        let bytes = read().await.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }
}

/// The folder's true path. One that is new is closed to others.
async fn create(path: &Path) -> Result<PathBuf, ClusterError> {
    let absolute = std::path::absolute(path).map_err(ClusterError::at("find", path))?;
    if let Some(parent) = absolute.parent() {
        fs::create_dir_all(parent).await.map_err(ClusterError::at("create", parent))?;
    }
    match make_private(&absolute) {
        Err(ClusterError::Path { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {}
        created => created?,
    }
    let path = fs::canonicalize(&absolute).await.map_err(ClusterError::at("find", &absolute))?;
    match path.to_str() {
        Some(_) => Ok(path),
        None => Err(ClusterError::at("use", &path)(std::io::Error::other("its name is not UTF-8"))),
    }
}

/// A program that is just being started has for a moment all that was open where it was started, so a lock may outlive its
/// holder by that.
async fn lock(folder: &Path) -> Result<File, ClusterError> {
    let path = folder.join("lock");
    let file = OpenOptions::new().create(true).append(true).mode(ONLY_OWNER).open(&path);
    let file = file.map_err(ClusterError::at("write to", &path))?;
    let until = Instant::now() + STARTING;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(Duration::from_millis(20)).await,
            Err(TryLockError::WouldBlock) => return Err(ClusterError::InUse { folder: folder.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(ClusterError::at("lock", &path)(error)),
        }
    }
}

/// A full disk shows here, where it can be named, rather than in a server that cannot even log it.
fn probe(folder: &Path) -> Result<(), ClusterError> {
    tempfile::tempfile_in(folder)
        .and_then(|mut file| file.write_all(&vec![0; PROBE]))
        .map_err(ClusterError::at("write to", folder))
}

/// Removes a file, if there is one.
pub(super) async fn remove(path: &Path) -> Result<(), ClusterError> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ClusterError::at("remove", path)(error)),
        _ => Ok(()),
    }
}

pub(super) fn make_private(folder: &Path) -> Result<(), ClusterError> {
    DirBuilder::new().mode(ONLY_OWNER_ENTERS).create(folder).map_err(ClusterError::at("create", folder))
}

/// Writes a password into a new file that only its owner can read.
pub(super) fn write_secret(path: &Path, password: &Password) -> Result<(), ClusterError> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(ONLY_OWNER).open(path)?;
        file.write_all(password.reveal().as_bytes())?;
        file.sync_all()
    };
    write().map_err(ClusterError::at("write", path))
}

/// Removes what starts that were killed left unfinished. What cannot be removed does no harm.
pub(super) async fn sweep(folder: &Path) {
    let Ok(mut entries) = fs::read_dir(folder).await else { return };
    while let Ok(Some(entry)) = entries.next_entry().await {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED)
            && let Err(error) = fs::remove_dir_all(entry.path()).await
        {
            tracing::warn!(%error, folder = %entry.path().display(), "cannot remove what an earlier start left");
        }
    }
}
