//! SQL of letters.

use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{LetterRow, NewPatentLetter, PatentLetter};
use crate::database::schema::patent_letters;

type Columns = (
    (
        patent_letters::id,
        patent_letters::version,
        patent_letters::created_at,
        patent_letters::kind,
        patent_letters::way,
    ),
    (patent_letters::dated_on, patent_letters::entered_on, patent_letters::months, patent_letters::note),
);

const COLUMNS: Columns = (
    (
        patent_letters::id,
        patent_letters::version,
        patent_letters::created_at,
        patent_letters::kind,
        patent_letters::way,
    ),
    (patent_letters::dated_on, patent_letters::entered_on, patent_letters::months, patent_letters::note),
);

/// Puts a letter down.
///
/// # Errors
/// What the database says.
pub async fn add(
    case: Uuid,
    new: &NewPatentLetter,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<PatentLetter> {
    let row = (
        patent_letters::id.eq(Uuid::now_v7()),
        patent_letters::case_id.eq(case),
        patent_letters::created_by.eq(by),
        patent_letters::updated_by.eq(by),
        patent_letters::kind.eq(new.kind),
        patent_letters::way.eq(new.way),
        patent_letters::dated_on.eq(new.dated_on),
        patent_letters::entered_on.eq(new.entered_on),
        patent_letters::months.eq(new.months),
        patent_letters::note.eq(new.note.as_deref()),
    );
    let added = diesel::insert_into(patent_letters::table).values(row).returning(COLUMNS);
    added.get_result::<LetterRow>(connection).await.map(PatentLetter::from)
}

/// Puts a letter right from a version; none if it is of another by now.
///
/// # Errors
/// What the database says.
pub async fn replace(
    (id, version): (Uuid, i64),
    new: &NewPatentLetter,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Option<PatentLetter>> {
    let there = patent_letters::table.find(id).filter(patent_letters::version.eq(version));
    let right = (
        patent_letters::version.eq(version + 1),
        patent_letters::updated_at.eq(now),
        patent_letters::updated_by.eq(by),
        patent_letters::kind.eq(new.kind),
        patent_letters::way.eq(new.way),
        patent_letters::dated_on.eq(new.dated_on),
        patent_letters::entered_on.eq(new.entered_on),
        patent_letters::months.eq(new.months),
        patent_letters::note.eq(new.note.as_deref()),
    );
    let replaced = diesel::update(there).set(right).returning(COLUMNS);
    Ok(replaced.get_result::<LetterRow>(connection).await.optional()?.map(PatentLetter::from))
}

/// A letter of a case.
///
/// # Errors
/// What the database says.
pub async fn find(case: Uuid, id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<PatentLetter>> {
    let own = patent_letters::table.find(id).filter(patent_letters::case_id.eq(case));
    Ok(own.select(COLUMNS).first::<LetterRow>(connection).await.optional()?.map(PatentLetter::from))
}

/// How many a case has.
///
/// # Errors
/// What the database says.
pub async fn count(case: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<i64> {
    patent_letters::table.filter(patent_letters::case_id.eq(case)).count().get_result(connection).await
}

/// One page of the letters of a case, newest first.
///
/// # Errors
/// What the database says.
pub async fn page(
    case: Uuid,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<PatentLetter>> {
    let mut query = patent_letters::table.filter(patent_letters::case_id.eq(case)).into_boxed();
    if let Some(after) = after {
        query = query.filter(patent_letters::id.lt(after));
    }
    let rows: Vec<LetterRow> =
        query.order(patent_letters::id.desc()).limit(limit).select(COLUMNS).load(connection).await?;
    Ok(rows.into_iter().map(PatentLetter::from).collect())
}

/// The letters of some cases, each with its case.
///
/// # Errors
/// What the database says.
pub async fn of_cases(cases: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<Vec<(Uuid, PatentLetter)>> {
    let of = patent_letters::table.filter(patent_letters::case_id.eq_any(cases)).order(patent_letters::id);
    let rows: Vec<(Uuid, LetterRow)> = of.select((patent_letters::case_id, COLUMNS)).load(connection).await?;
    Ok(rows.into_iter().map(|(case, row)| (case, PatentLetter::from(row))).collect())
}
