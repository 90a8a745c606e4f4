//! SQL of documents.

use diesel::dsl::max;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{DocumentKind, PatentDocument};
use crate::database::schema::{files, patent_documents};
use crate::files::{COLUMNS, FileRow};

/// The number of the last version of a kind; 0 if there is none.
///
/// # Errors
/// What the database says.
pub async fn last(case: Uuid, kind: DocumentKind, connection: &mut AsyncPgConnection) -> QueryResult<i16> {
    let of_kind =
        patent_documents::table.filter(patent_documents::case_id.eq(case).and(patent_documents::kind.eq(kind)));
    let last: Option<i16> = of_kind.select(max(patent_documents::number)).get_result(connection).await?;
    Ok(last.unwrap_or_default())
}

/// Adds a file that is kept to a case.
///
/// # Errors
/// What the database says.
pub async fn add(case: Uuid, added: &PatentDocument, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let row = (
        patent_documents::file_id.eq(added.file.id),
        patent_documents::case_id.eq(case),
        patent_documents::kind.eq(added.kind),
        patent_documents::number.eq(added.number),
    );
    diesel::insert_into(patent_documents::table).values(row).execute(connection).await.map(drop)
}

/// One page of the documents of a case, newest first.
///
/// # Errors
/// What the database says.
pub async fn page(
    case: Uuid,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<PatentDocument>> {
    let of_case = patent_documents::table.inner_join(files::table).filter(patent_documents::case_id.eq(case));
    let mut query = of_case.into_boxed();
    if let Some(after) = after {
        query = query.filter(patent_documents::file_id.lt(after));
    }
    let query = query.order(patent_documents::file_id.desc()).limit(limit);
    let rows: Vec<(FileRow, DocumentKind, i16)> =
        query.select((COLUMNS, patent_documents::kind, patent_documents::number)).load(connection).await?;
    Ok(rows.into_iter().map(|(file, kind, number)| PatentDocument { file: file.into(), kind, number }).collect())
}

/// Is a file one of a case?
///
/// # Errors
/// What the database says.
pub async fn has(case: Uuid, file: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let of_case = patent_documents::table.find(file).filter(patent_documents::case_id.eq(case));
    diesel::select(diesel::dsl::exists(of_case)).get_result(connection).await
}
