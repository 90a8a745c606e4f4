//! SQL of what staff note of deadlines.

use chrono::NaiveDate;
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::database::schema::patent_marks;

/// Case, key, version, and when it was met.
pub type MarkRow = (Uuid, String, i64, Option<NaiveDate>);

/// What is noted of the deadlines of some cases.
///
/// # Errors
/// What the database says.
pub async fn of_cases(cases: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<Vec<MarkRow>> {
    let of = patent_marks::table.filter(patent_marks::case_id.eq_any(cases));
    let columns = (patent_marks::case_id, patent_marks::deadline, patent_marks::version, patent_marks::done_on);
    of.select(columns).load(connection).await
}

/// Notes when a deadline was met, from a version; false if it is of another by now.
///
/// # Errors
/// What the database says.
pub async fn mark(
    (case, key, version): (Uuid, &str, i64),
    done_on: Option<NaiveDate>,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<bool> {
    let noted = (
        patent_marks::version.eq(version + 1),
        patent_marks::done_on.eq(done_on),
        patent_marks::updated_at.eq(now),
        patent_marks::updated_by.eq(by),
    );
    if version == 0 {
        let first = (patent_marks::case_id.eq(case), patent_marks::deadline.eq(key), noted);
        let first = diesel::insert_into(patent_marks::table).values(first).on_conflict_do_nothing();
        return Ok(first.execute(connection).await? == 1);
    }
    let there = patent_marks::table.find((case, key)).filter(patent_marks::version.eq(version));
    Ok(diesel::update(there).set(noted).execute(connection).await? == 1)
}
