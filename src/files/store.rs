//! SQL of files.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::place::{self, FilePlace};
use super::{File, Upload};
use crate::database::schema::files;
use crate::problem::{Answer, Problem};

/// A file as its row has it, without its content.
pub type FileRow = (Uuid, String, String, i32, Vec<u8>, DateTime<Utc>);

/// The columns of a [`FileRow`].
pub const COLUMNS: (files::id, files::name, files::media_type, files::size, files::digest, files::created_at) =
    (files::id, files::name, files::media_type, files::size, files::digest, files::created_at);

impl From<FileRow> for File {
    fn from((id, name, media_type, size, digest, created_at): FileRow) -> Self {
        let sha256 = digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        Self { id, name, media_type, size, sha256, created_at }
    }
}

/// Keeps a file. One that lies in a folder lies there before its row is written, so that no row is without its content.
///
/// # Errors
/// What the database or the folder says.
pub async fn keep(upload: &Upload, by: Uuid, place: &FilePlace, connection: &mut AsyncPgConnection) -> Answer<File> {
    let digest = Sha256::digest(&upload.content).to_vec();
    let content = match place {
        FilePlace::Database => Some(&upload.content[..]),
        FilePlace::Folder(folder) => {
            place::write(folder, &digest, upload.content.clone()).await?;
            None
        }
    };
    let row = (
        files::id.eq(Uuid::now_v7()),
        files::name.eq(upload.name.as_str()),
        files::media_type.eq(upload.media_type),
        files::size.eq(i32::try_from(upload.content.len()).unwrap_or(i32::MAX)),
        files::digest.eq(digest),
        files::content.eq(content),
        files::place.eq(if content.is_some() { "database" } else { "folder" }),
        files::created_by.eq(by),
    );
    let kept: FileRow = diesel::insert_into(files::table).values(row).returning(COLUMNS).get_result(connection).await?;
    Ok(kept.into())
}

/// A file and its content, which is still what its hash says.
///
/// # Errors
/// `not-found`; `internal` for a content that is missing or was changed.
pub async fn read(id: Uuid, place: &FilePlace, connection: &mut AsyncPgConnection) -> Answer<(File, Vec<u8>)> {
    let found: Option<(FileRow, Option<Vec<u8>>)> =
        files::table.find(id).select((COLUMNS, files::content)).first(connection).await.optional()?;
    let (row, content) = found.ok_or_else(Problem::not_found)?;
    let content = match (content, place) {
        (Some(content), _) => content,
        (None, FilePlace::Folder(folder)) => place::read(folder, &row.4).await.map_err(|error| lost(id, &error))?,
        (None, FilePlace::Database) => return Err(lost(id, &"no folder of files is set")),
    };
    if Sha256::digest(&content)[..] != row.4[..] {
        return Err(lost(id, &"it is not what its hash says"));
    }
    Ok((row.into(), content))
}

fn lost(id: Uuid, cause: &impl std::fmt::Display) -> Problem {
    Problem::internal(format!("file {id} cannot be given out: {cause}")).saying(
        "文件内容丢失或已改变，请联系中心",
        "the content of the file is missing or was changed; please tell the centre",
    )
}
