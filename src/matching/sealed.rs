//! A folder whose every file tells when it was damaged. tantivy ends the large files with a checksum but not the small
//! ones, which say what the index consists of and how far it has come: a wrong digit there would go unseen.

use std::io;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, WatchCallback, WatchHandle, WritePtr,
};

/// Bytes of the hash that a small file ends with.
const HASH: usize = 32;

/// A folder on the disk.
#[derive(Clone, Debug)]
pub(super) struct SealedFolder(MmapDirectory);

impl SealedFolder {
    /// A folder that is there.
    pub fn open(folder: &Path) -> tantivy::Result<Self> {
        Ok(Self(MmapDirectory::open(folder)?))
    }
}

impl Directory for SealedFolder {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.0.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.0.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.0.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        self.0.open_write(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the file is damaged");
        let sealed = self.0.atomic_read(path)?;
        unseal(sealed).ok_or_else(|| OpenReadError::wrap_io_error(damaged(), path.to_owned()))
    }

    fn atomic_write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.0.atomic_write(path, &[content, &Sha256::digest(content)[..]].concat())
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.0.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.0.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.0.watch(callback)
    }
}

fn unseal(mut sealed: Vec<u8>) -> Option<Vec<u8>> {
    let hash = sealed.split_off(sealed.len().checked_sub(HASH)?);
    (Sha256::digest(&sealed)[..] == hash).then_some(sealed)
}
