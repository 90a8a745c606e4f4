//! SQL of imports.

use std::fs::File;
use std::io::{Read, Seek, Write};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::heading::Mapping;
use super::{ImportFormat, ImportState, RowOutcome};
use crate::database::lock;
use crate::database::schema::{import_mappings, import_pieces, import_rows, imports, partners, users};
use crate::identity::{Caller, Member, Role, Scope};
use crate::problem::{Answer, Problem};
use crate::registry::Kind;

/// Bytes of a piece of a file.
const PIECE: usize = 1024 * 1024;

/// An import.
#[derive(Clone, Debug, Serialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = imports)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-00000000000f", "kind": "result", "format": "xlsx", "name": "成果汇总.xlsx", "dry_run": false,
    "whole": false, "state": "running", "expected": 1200, "done": 500, "created": 480, "changed": 12, "unchanged": 6,
    "refused": 2, "created_at": "2026-11-29T02:03:04Z"
}))]
pub struct Import {
    pub id: Uuid,
    /// The kind of records that are brought in.
    #[schema(value_type = Kind)]
    pub kind: String,
    pub format: ImportFormat,
    /// What the file is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub name: Option<String>,
    /// The sheet of the workbook; the first without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 31)]
    pub sheet: Option<String>,
    /// The partner site that the records come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub partner: Option<String>,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// Whether all rows are written or none.
    pub whole: bool,
    #[serde(skip)]
    pub mapping: Value,
    pub state: ImportState,
    /// Rows that the file seems to have; not known of a JSON array.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub expected: Option<i64>,
    /// Rows that were gone through.
    #[schema(minimum = 0)]
    pub done: i64,
    /// Records that are new; of a dry run, that would be.
    #[schema(minimum = 0)]
    pub created: i64,
    #[schema(minimum = 0)]
    pub changed: i64,
    #[schema(minimum = 0)]
    pub unchanged: i64,
    /// Rows that are not right.
    #[schema(minimum = 0)]
    pub refused: i64,
    #[serde(skip)]
    pub created_by: Uuid,
    pub created_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
}

impl Import {
    /// The kind of its records.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == self.kind)
    }

    /// Under whom identifiers and mappings are kept.
    #[must_use]
    pub fn partner(&self) -> &str {
        self.partner.as_deref().unwrap_or_default()
    }
}

/// An import to be queued.
pub struct NewImport<'n> {
    pub kind: Kind,
    pub format: ImportFormat,
    pub name: Option<&'n str>,
    pub sheet: Option<&'n str>,
    pub partner: Option<&'n str>,
    pub dry_run: bool,
    pub whole: bool,
    pub sha256: &'n [u8],
}

/// Queues an import with its file.
///
/// # Errors
/// What the database or the disk says.
pub async fn create(
    new: &NewImport<'_>,
    file: &mut File,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> Answer<Import> {
    let bytes = file.seek(std::io::SeekFrom::End(0)).map_err(Problem::internal)?;
    let (mapping, _) = mapping(new.partner.unwrap_or_default(), new.kind, connection).await?;
    let row = (
        imports::id.eq(Uuid::now_v7()),
        imports::kind.eq(new.kind.as_str()),
        imports::format.eq(new.format),
        imports::name.eq(new.name),
        imports::sheet.eq(new.sheet),
        imports::partner.eq(new.partner),
        (imports::dry_run.eq(new.dry_run), imports::whole.eq(new.whole)),
        imports::mapping.eq(serde_json::to_value(mapping).map_err(Problem::internal)?),
        imports::bytes.eq(i64::try_from(bytes).map_err(Problem::internal)?),
        imports::sha256.eq(new.sha256),
        imports::created_by.eq(by),
    );
    let made = diesel::insert_into(imports::table).values(row).returning(Import::as_returning());
    let import: Import = made.get_result(connection).await?;
    keep_pieces(import.id, file, connection).await?;
    Ok(import)
}

async fn keep_pieces(import: Uuid, file: &mut File, connection: &mut AsyncPgConnection) -> Answer<()> {
    file.rewind().map_err(Problem::internal)?;
    for place in 0.. {
        let mut content = Vec::with_capacity(PIECE);
        file.take(PIECE as u64).read_to_end(&mut content).map_err(Problem::internal)?;
        if content.is_empty() {
            break;
        }
        let row =
            (import_pieces::import_id.eq(import), import_pieces::place.eq(place), import_pieces::content.eq(content));
        diesel::insert_into(import_pieces::table).values(row).execute(connection).await?;
    }
    Ok(())
}

/// The file of an import, copied out; none if it was forgotten.
///
/// # Errors
/// What the database or the disk says.
pub async fn file(import: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<File>> {
    let disk = |error: std::io::Error| diesel::result::Error::DeserializationError(Box::new(error));
    let mut file = tempfile::tempfile().map_err(disk)?;
    for place in 0.. {
        let piece: Option<Vec<u8>> = import_pieces::table
            .find((import, place))
            .select(import_pieces::content)
            .first(connection)
            .await
            .optional()?;
        match piece {
            Some(piece) => file.write_all(&piece).map_err(disk)?,
            None if place == 0 => return Ok(None),
            None => break,
        }
    }
    Ok(Some(file))
}

/// Forgets the files of imports that ended a month ago; what became of their rows stays.
///
/// # Errors
/// What the database says.
pub async fn forget_old(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let old = imports::table.filter(imports::ended_at.lt(Utc::now() - chrono::TimeDelta::days(30)));
    let pieces = import_pieces::table.filter(import_pieces::import_id.eq_any(old.select(imports::id)));
    diesel::delete(pieces).execute(connection).await.map(drop)
}

/// An import.
///
/// # Errors
/// What the database says.
pub async fn find(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<Import>> {
    imports::table.find(id).select(Import::as_select()).first(connection).await.optional()
}

/// One page of imports, newest first; those of one account, or all.
///
/// # Errors
/// What the database says.
pub async fn page(
    of: Option<Uuid>,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Import>> {
    let mut query = imports::table.into_boxed();
    if let Some(of) = of {
        query = query.filter(imports::created_by.eq(of));
    }
    if let Some(after) = after {
        query = query.filter(imports::id.lt(after));
    }
    query.order(imports::id.desc()).limit(limit).select(Import::as_select()).load(connection).await
}

/// Ends an import that has not ended; false if it has.
///
/// # Errors
/// What the database says.
pub async fn end(id: Uuid, state: ImportState, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let open = imports::table.find(id).filter(imports::ended_at.is_null());
    let ended = (imports::state.eq(state), imports::ended_at.eq(Utc::now()));
    Ok(diesel::update(open).set(ended).execute(connection).await? == 1)
}

/// The oldest import that nobody works on. It is held by the connection, until it lets go or breaks.
///
/// # Errors
/// What the database says.
pub async fn claim(connection: &mut AsyncPgConnection) -> QueryResult<Option<Import>> {
    let open = imports::table.filter(imports::ended_at.is_null()).order(imports::id).select(imports::id);
    let open: Vec<Uuid> = open.load(connection).await?;
    for id in open {
        if lock::try_hold(lock::of(id), connection).await? {
            // Another process may have gone on with it, or ended it, between the look and the hold.
            match find(id, connection).await? {
                Some(import) if import.ended_at.is_none() => return Ok(Some(import)),
                _ => release(id, connection).await?,
            }
        }
    }
    Ok(None)
}

/// Lets go of an import.
///
/// # Errors
/// What the database says.
pub async fn release(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    lock::let_go(lock::of(id), connection).await
}

/// What became of rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub created: i64,
    pub changed: i64,
    pub unchanged: i64,
    pub refused: i64,
}

impl Counts {
    pub fn add(&mut self, other: Self) {
        self.created += other.created;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.refused += other.refused;
    }

    #[must_use]
    pub const fn sum(self) -> i64 {
        self.created + self.changed + self.unchanged + self.refused
    }
}

/// What became of a row, as it is kept.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = import_rows)]
pub struct KeptRow {
    pub import_id: Uuid,
    pub number: i64,
    pub outcome: RowOutcome,
    pub record_id: Option<Uuid>,
    pub faults: Value,
}

/// Keeps what became of some rows.
///
/// # Errors
/// What the database says.
pub async fn keep_rows(rows: &[KeptRow], connection: &mut AsyncPgConnection) -> QueryResult<()> {
    // A statement has at most 65 535 parameters.
    for rows in rows.chunks(5000) {
        diesel::insert_into(import_rows::table).values(rows).execute(connection).await?;
    }
    Ok(())
}

/// Keeps how far an import has come; false if it was cancelled meanwhile.
///
/// # Errors
/// What the database says.
pub async fn advance(id: Uuid, counts: Counts, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let open = imports::table.find(id).filter(imports::ended_at.is_null());
    let further = (
        imports::state.eq(ImportState::Running),
        imports::done.eq(imports::done + counts.sum()),
        imports::created.eq(imports::created + counts.created),
        imports::changed.eq(imports::changed + counts.changed),
        imports::unchanged.eq(imports::unchanged + counts.unchanged),
        imports::refused.eq(imports::refused + counts.refused),
    );
    Ok(diesel::update(open).set(further).execute(connection).await? == 1)
}

/// Notes how many rows there seem to be.
///
/// # Errors
/// What the database says.
pub async fn expect(id: Uuid, rows: Option<i64>, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let open = imports::table.find(id).filter(imports::ended_at.is_null());
    diesel::update(open).set(imports::expected.eq(rows)).execute(connection).await.map(drop)
}

/// Begins an import anew: nothing is known of its rows.
///
/// # Errors
/// What the database says.
pub async fn begin_anew(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    diesel::delete(import_rows::table.filter(import_rows::import_id.eq(id))).execute(connection).await?;
    forget_counts(id, connection).await
}

/// Nothing is counted of an import.
///
/// # Errors
/// What the database says.
pub async fn forget_counts(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let nothing = (
        imports::done.eq(0),
        imports::created.eq(0),
        imports::changed.eq(0),
        imports::unchanged.eq(0),
        imports::refused.eq(0),
    );
    let open = imports::table.find(id).filter(imports::ended_at.is_null());
    diesel::update(open).set(nothing).execute(connection).await.map(drop)
}

/// What became of rows after one, in the order of the file; all, or those of an outcome.
///
/// # Errors
/// What the database says.
pub async fn rows(
    import: Uuid,
    outcome: Option<RowOutcome>,
    after: i64,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<KeptRow>> {
    let mut query = import_rows::table.filter(import_rows::import_id.eq(import)).into_boxed();
    if let Some(outcome) = outcome {
        query = query.filter(import_rows::outcome.eq(outcome));
    }
    let query = query.filter(import_rows::number.gt(after)).order(import_rows::number).limit(limit);
    query.select(KeptRow::as_select()).load(connection).await
}

/// How the files of a partner site name the fields of a kind, and its version; 0 where that was never told.
///
/// # Errors
/// What the database says.
pub async fn mapping(partner: &str, kind: Kind, connection: &mut AsyncPgConnection) -> QueryResult<(Mapping, i64)> {
    let kept: Option<(Value, i64)> = import_mappings::table
        .find((partner, kind.as_str()))
        .select((import_mappings::mapping, import_mappings::version))
        .first(connection)
        .await
        .optional()?;
    let Some((mapping, version)) = kept else { return Ok((Mapping::default(), 0)) };
    let mapping = serde_json::from_value(mapping);
    mapping
        .map(|mapping| (mapping, version))
        .map_err(|error| diesel::result::Error::DeserializationError(Box::new(error)))
}

/// Keeps the next version of it; false if the one before is another by now.
///
/// # Errors
/// What the database says.
pub async fn keep_mapping(
    (partner, kind): (&str, Kind),
    mapping: &Mapping,
    before: i64,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<bool> {
    let mapping =
        serde_json::to_value(mapping).map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))?;
    let set = (
        import_mappings::version.eq(before + 1),
        import_mappings::mapping.eq(&mapping),
        import_mappings::updated_at.eq(Utc::now()),
        import_mappings::updated_by.eq(by),
    );
    let key = (import_mappings::partner.eq(partner), import_mappings::kind.eq(kind.as_str()));
    let written = if before == 0 {
        let new = diesel::insert_into(import_mappings::table).values((key, set));
        new.on_conflict_do_nothing().execute(connection).await?
    } else {
        let known = import_mappings::table.find((partner, kind.as_str()));
        let known = known.filter(import_mappings::version.eq(before));
        diesel::update(known).set(set).execute(connection).await?
    };
    Ok(written == 1)
}

/// Somebody whose import is worked on, with what they may now; none for an account that was disabled.
///
/// # Errors
/// What the database says.
pub async fn caller(user: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<Caller>> {
    let account = users::table
        .left_join(partners::table)
        .filter(users::id.eq(user))
        .filter(users::disabled_at.is_null())
        .select((users::role, partners::name.nullable(), partners::scopes.nullable()));
    let found: Option<(Role, Option<String>, Option<Vec<Scope>>)> = account.first(connection).await.optional()?;
    Ok(found.map(|(role, partner, scopes)| {
        Caller::on_behalf_of(Member {
            user,
            session: user,
            role,
            organisation: None,
            expert: None,
            partner,
            scopes: scopes.unwrap_or_default(),
            strong: false,
        })
    }))
}
