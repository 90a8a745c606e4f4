//! SQL of the days that the centre has set.

use chrono::NaiveDate;
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::Calendar;
use crate::database::schema::calendar_days;

/// A day as it is kept: version, whether it is worked, and why.
#[derive(Clone, Debug, Queryable)]
pub struct DayRow {
    pub day: NaiveDate,
    pub version: i64,
    pub works: Option<bool>,
    pub note: Option<String>,
}

const COLUMNS: (calendar_days::day, calendar_days::version, calendar_days::works, calendar_days::note) =
    (calendar_days::day, calendar_days::version, calendar_days::works, calendar_days::note);

/// The calendar as it is now.
///
/// # Errors
/// What the database says.
pub async fn calendar(connection: &mut AsyncPgConnection) -> QueryResult<Calendar> {
    let set = calendar_days::table.filter(calendar_days::works.is_not_null());
    let set: Vec<(NaiveDate, Option<bool>)> =
        set.select((calendar_days::day, calendar_days::works)).load(connection).await?;
    let set: Vec<(NaiveDate, bool)> = set.into_iter().filter_map(|(day, works)| Some((day, works?))).collect();
    Ok(Calendar::changed(&set))
}

/// What was ever set between two days.
///
/// # Errors
/// What the database says.
pub async fn between(
    (from, to): (NaiveDate, NaiveDate),
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<DayRow>> {
    let within = calendar_days::table.filter(calendar_days::day.between(from, to));
    within.order(calendar_days::day).select(COLUMNS).load(connection).await
}

/// What was ever set of a day.
///
/// # Errors
/// What the database says.
pub async fn find(day: NaiveDate, connection: &mut AsyncPgConnection) -> QueryResult<Option<DayRow>> {
    calendar_days::table.find(day).select(COLUMNS).first(connection).await.optional()
}

/// Sets a day, or takes back that it is set, from a version; false if it is of another by now.
///
/// # Errors
/// What the database says.
pub async fn set(
    (day, version): (NaiveDate, i64),
    said: Option<(bool, &str)>,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<bool> {
    let (works, note) = said.unzip();
    let set = (
        calendar_days::version.eq(version + 1),
        calendar_days::works.eq(works),
        calendar_days::note.eq(note),
        calendar_days::updated_at.eq(now),
        calendar_days::updated_by.eq(by),
    );
    if version == 0 {
        let first = diesel::insert_into(calendar_days::table).values((calendar_days::day.eq(day), set));
        return Ok(first.on_conflict_do_nothing().execute(connection).await? == 1);
    }
    let there = calendar_days::table.find(day).filter(calendar_days::version.eq(version));
    Ok(diesel::update(there).set(set).execute(connection).await? == 1)
}
