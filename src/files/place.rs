//! Where the contents of files lie: in the database, or in a folder, each under its hash.
//!
//! A content in a folder is written under another name first, reaches the disk, and then gets its own: so a name never has
//! half a content, and what is left of a crash is at most a content that no row names.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use actix_web::web::{self, Bytes};
use uuid::Uuid;

use super::MOST_BYTES;
use crate::problem::{Answer, Problem};

/// Where the contents of new files are put.
#[derive(Clone, Debug, Default)]
pub enum FilePlace {
    #[default]
    Database,
    /// Shared by all processes on one database.
    Folder(PathBuf),
}

/// Writes a content under its hash.
///
/// # Errors
/// `internal` for what the disk says.
pub(super) async fn write(folder: &Path, digest: &[u8], content: Bytes) -> Answer<()> {
    let path = path(folder, digest);
    let written = web::block(move || put(&path, &content)).await.map_err(Problem::internal)?;
    written.map_err(|error| Problem::internal(format!("a file cannot be written: {error}")))
}

/// The content under a hash.
///
/// # Errors
/// What the disk says.
pub(super) async fn read(folder: &Path, digest: &[u8]) -> io::Result<Vec<u8>> {
    let path = path(folder, digest);
    web::block(move || get(&path)).await.map_err(io::Error::other)?
}

/// `ab/cdef…`: a folder for each first byte.
fn path(folder: &Path, digest: &[u8]) -> PathBuf {
    let name = digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let (first, rest) = name.split_at_checked(2).unwrap_or_default();
    folder.join(first).join(rest)
}

fn put(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let unfinished = folder.join(format!(".{}", Uuid::now_v7()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    let written =
        file.write_all(content).and_then(|()| file.sync_all()).and_then(|()| std::fs::rename(&unfinished, path));
    if let Err(error) = written {
        // It may not even be there.
        let _ = std::fs::remove_file(&unfinished);
        return Err(error);
    }
    // The names as well: of the content, and of its folder.
    File::open(folder)?.sync_all()?;
    folder.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

/// No more than a file may have, whatever lies there now.
fn get(path: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(MOST_BYTES as u64 + 1).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_found_under_its_hash_and_written_anew_over_a_damaged_one() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = path(folder.path(), &[0xAB; 32]);
        assert!(path.ends_with(format!("ab/{}", "ab".repeat(31))));
        assert_eq!(get(&path).map_err(|error| error.kind()), Err(io::ErrorKind::NotFound));
        put(&path, b"content")?;
        assert_eq!(get(&path)?, b"content");
        std::fs::write(&path, b"c")?;
        put(&path, b"content")?;
        assert_eq!(get(&path)?, b"content");
        let left = std::fs::read_dir(path.parent().expect("a folder"))?.count();
        assert_eq!(left, 1, "nothing unfinished is left");
        Ok(())
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = path(folder.path(), &[1; 32]);
        // A folder stands where the content should be.
        std::fs::create_dir_all(path.join("in the way"))?;
        assert!(put(&path, b"content").is_err());
        assert_eq!(std::fs::read_dir(path.parent().expect("a folder"))?.count(), 1);
        Ok(())
    }
}
