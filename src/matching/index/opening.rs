//! Opening the index in a folder: one that is whole and of this format, or a new one.

use std::path::Path;

use tantivy::{Index, IndexReader, IndexSettings, ReloadPolicy};

use super::{IndexError, schema};
use crate::matching::sealed::SealedFolder;
use crate::matching::snapshot::Snapshot;

/// Changes with the fields, the words, the facets or the sketches: an index of another format is built anew.
const FORMAT: &str = "6";

/// An index in its folder, and its last commit ready to be read.
pub(super) struct Kept {
    pub index: Index,
    pub reader: IndexReader,
    pub snapshot: Snapshot,
}

impl Kept {
    /// The index that is there. One that cannot be used is none, for whatever reason.
    pub fn open(folder: &Path) -> Option<Self> {
        if !folder.exists() {
            return None;
        }
        let kept = Self::whole(folder);
        match &kept {
            Ok(Some(_)) => {}
            Ok(None) => {
                tracing::warn!(folder = %folder.display(), "the index is of another format or damaged; building it anew");
            }
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "the index cannot be read; building it anew");
            }
        }
        kept.ok().flatten()
    }

    /// Begins an index anew, in place of whatever is there.
    pub fn create(folder: &Path) -> Result<Self, IndexError> {
        let failed = |source| IndexError::Folder { folder: folder.display().to_string(), source };
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        std::fs::create_dir_all(folder).map_err(failed)?;
        let index = Index::create(SealedFolder::open(folder)?, schema().0, IndexSettings::default())?;
        std::fs::write(folder.join("format"), FORMAT).map_err(failed)?;
        Self::of(index)
    }

    fn of(index: Index) -> Result<Self, IndexError> {
        let reader: IndexReader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let snapshot = Snapshot::of(reader.searcher(), &schema().1, None)?;
        Ok(Self { index, reader, snapshot })
    }

    fn whole(folder: &Path) -> Result<Option<Self>, IndexError> {
        if std::fs::read(folder.join("format"))? != FORMAT.as_bytes() {
            return Ok(None);
        }
        let index = Index::open(SealedFolder::open(folder)?)?;
        if index.schema() != schema().0 || !is_whole(&index) {
            return Ok(None);
        }
        Self::of(index).map(Some)
    }
}

/// Does every file have its checksum? Of a file that was cut shorter than that tantivy panics; that, too, is an answer.
fn is_whole(index: &Index) -> bool {
    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| index.validate_checksum()));
    checked.is_ok_and(|checked| checked.is_ok_and(|damaged| damaged.is_empty()))
}
