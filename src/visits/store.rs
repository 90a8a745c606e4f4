//! SQL of visits.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Uuid as Id};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::counter::Visit;
use crate::database::schema::{visitors, visits};

/// Those who were not counted on their day yet are, each thing by as many as they are. Rows are taken in one order, so that
/// two processes never wait for each other in a circle.
const KEEP: &str = "
    WITH came AS (
        INSERT INTO visitors (subject, day, visitor)
        SELECT subject, day, visitor FROM unnest($1, $2, $3) AS came (subject, day, visitor) ORDER BY 1, 2, 3
        ON CONFLICT DO NOTHING RETURNING subject, day
    )
    INSERT INTO visits AS counted (subject, total, day, of_day, since)
    SELECT subject, sum(people), max(day), (array_agg(people ORDER BY day DESC))[1], min(day)
    FROM (SELECT subject, day, count(*) AS people FROM came GROUP BY subject, day) AS days GROUP BY subject ORDER BY subject
    ON CONFLICT (subject) DO UPDATE SET
        total = counted.total + excluded.total,
        of_day = CASE WHEN counted.day = excluded.day THEN counted.of_day + excluded.of_day
                      WHEN counted.day < excluded.day THEN excluded.of_day ELSE counted.of_day END,
        day = greatest(counted.day, excluded.day)";

/// How often something was looked at.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = visits)]
pub struct Count {
    pub total: i64,
    pub day: NaiveDate,
    pub of_day: i64,
    pub since: NaiveDate,
}

/// Counts those who came, each once a day.
///
/// # Errors
/// What the database says.
pub async fn keep(came: &[Visit], connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let subjects: Vec<Uuid> = came.iter().map(|visit| visit.subject).collect();
    let days: Vec<NaiveDate> = came.iter().map(|visit| visit.day).collect();
    let people: Vec<i64> = came.iter().map(|visit| visit.visitor).collect();
    let keep = diesel::sql_query(KEEP).bind::<Array<Id>, _>(subjects).bind::<Array<Date>, _>(days);
    keep.bind::<Array<BigInt>, _>(people).execute(connection).await.map(drop)
}

/// How often something was looked at, if ever.
///
/// # Errors
/// What the database says.
pub async fn count(subject: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<Count>> {
    visits::table.find(subject).select(Count::as_select()).first(connection).await.optional()
}

/// Forgets who came on days that are over everywhere.
///
/// # Errors
/// What the database says.
pub async fn forget_before(day: NaiveDate, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    diesel::delete(visitors::table.filter(visitors::day.lt(day))).execute(connection).await.map(drop)
}
