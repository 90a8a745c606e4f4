//! SQL of patent cases.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::inputs::{Given, NewPatentCase, PatentCaseFilter, PatentMove};
use super::{
    ApplicationNumber, Inventors, PatentCase, PatentKind, PatentStage, PctNumber, PriorityNumber, PublicationNumber,
};
use crate::database::schema::{patent_cases, patent_moves};

/// What the centre says of a case.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = patent_cases, treat_none_as_null = true)]
struct Said<'a> {
    kind: PatentKind,
    title: &'a str,
    summary: Option<String>,
    result_id: Option<Uuid>,
    applicant_ids: &'a [Uuid],
    inventors: Inventors,
    agency: Option<String>,
    agent: Option<String>,
    priority_date: Option<NaiveDate>,
    priority_number: Option<PriorityNumber>,
    pct_number: Option<PctNumber>,
}

impl<'a> Said<'a> {
    fn of(new: &'a NewPatentCase) -> Self {
        Self {
            kind: new.kind,
            title: &new.title,
            summary: new.summary.as_deref().map(str::to_owned),
            result_id: new.result_id,
            applicant_ids: &new.applicant_ids,
            inventors: Inventors(new.inventors.clone()),
            agency: new.agency.as_deref().map(str::to_owned),
            agent: new.agent.as_deref().map(str::to_owned),
            priority_date: new.priority_date,
            priority_number: new.priority_number.clone(),
            pct_number: new.pct_number.clone(),
        }
    }
}

type GivenColumns<'a> = (
    diesel::dsl::Eq<patent_cases::application_number, Option<&'a ApplicationNumber>>,
    diesel::dsl::Eq<patent_cases::filing_date, Option<NaiveDate>>,
    diesel::dsl::Eq<patent_cases::publication_number, Option<&'a PublicationNumber>>,
    diesel::dsl::Eq<patent_cases::publication_date, Option<NaiveDate>>,
    diesel::dsl::Eq<patent_cases::grant_date, Option<NaiveDate>>,
);

fn given_columns<'a>(given: &Given<'a>) -> GivenColumns<'a> {
    (
        patent_cases::application_number.eq(given.application_number),
        patent_cases::filing_date.eq(given.filing_date),
        patent_cases::publication_number.eq(given.publication_number),
        patent_cases::publication_date.eq(given.publication_date),
        patent_cases::grant_date.eq(given.grant_date),
    )
}

/// Keeps a new case.
///
/// # Errors
/// What the database says, also of applicants, experts and a result that are not there.
pub async fn create(new: &NewPatentCase, by: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<PatentCase> {
    let row = (
        Said::of(new),
        patent_cases::id.eq(Uuid::now_v7()),
        patent_cases::created_by.eq(by),
        patent_cases::updated_by.eq(by),
    );
    let made = diesel::insert_into(patent_cases::table).values(row).returning(PatentCase::as_returning());
    made.get_result(connection).await
}

/// A case.
///
/// # Errors
/// What the database says.
pub async fn find(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<PatentCase>> {
    patent_cases::table.find(id).select(PatentCase::as_select()).first(connection).await.optional()
}

/// Holds a case to the end of the transaction, so that what belongs to it is added by one at a time.
///
/// # Errors
/// What the database says.
pub async fn hold(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let held = patent_cases::table.find(id).select(patent_cases::id).for_no_key_update();
    held.first::<Uuid>(connection).await.map(drop)
}

/// One page of cases, newest first: all, or those that are somebody's.
///
/// # Errors
/// What the database says.
pub async fn page(
    filter: &PatentCaseFilter,
    owner: Option<Uuid>,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<PatentCase>> {
    let mut query = patent_cases::table.into_boxed();
    if let Some(owner) = owner {
        let own = patent_cases::applicant_ids.contains(vec![owner]).or(patent_cases::expert_ids.contains(vec![owner]));
        query = query.filter(own);
    }
    if let Some(stage) = filter.stage {
        query = query.filter(patent_cases::stage.eq(stage));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(patent_cases::kind.eq(kind));
    }
    if let Some(result) = filter.result_id {
        query = query.filter(patent_cases::result_id.eq(result));
    }
    if let Some(applicant) = filter.applicant_id {
        query = query.filter(patent_cases::applicant_ids.contains(vec![applicant]));
    }
    if let Some(after) = after {
        query = query.filter(patent_cases::id.lt(after));
    }
    query.order(patent_cases::id.desc()).limit(limit).select(PatentCase::as_select()).load(connection).await
}

/// Says a case anew from the version that was read; false if it is of another by now.
///
/// # Errors
/// What the database says.
pub async fn replace(
    from: &PatentCase,
    new: &NewPatentCase,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<bool> {
    let there = patent_cases::table.find(from.id).filter(patent_cases::version.eq(from.version));
    let further = (
        Said::of(new),
        given_columns(&new.given()),
        patent_cases::version.eq(from.version + 1),
        patent_cases::updated_at.eq(now),
        patent_cases::updated_by.eq(by),
    );
    Ok(diesel::update(there).set(further).execute(connection).await? == 1)
}

/// Moves a case from where it was read to be, and puts it on record; false if it is no longer there.
///
/// # Errors
/// What the database says.
pub async fn step(
    from: &PatentCase,
    to: PatentStage,
    (given, reason): (&Given<'_>, Option<&str>),
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<bool> {
    let there = patent_cases::table.find(from.id).filter(patent_cases::version.eq(from.version));
    let ends = matches!(to, PatentStage::Rejected | PatentStage::Withdrawn);
    let further = (
        given_columns(given),
        patent_cases::version.eq(from.version + 1),
        patent_cases::updated_at.eq(now),
        patent_cases::updated_by.eq(by),
        patent_cases::stage.eq(to),
        patent_cases::since.eq(now),
        patent_cases::reason.eq(reason.filter(|_| ends)),
    );
    if diesel::update(there).set(further).execute(connection).await? == 0 {
        return Ok(false);
    }
    let row = (
        patent_moves::case_id.eq(from.id),
        patent_moves::version.eq(from.version + 1),
        patent_moves::made_by.eq(by),
        patent_moves::from_stage.eq(from.stage),
        patent_moves::to_stage.eq(to),
        patent_moves::reason.eq(reason),
    );
    diesel::insert_into(patent_moves::table).values(row).execute(connection).await.map(|_| true)
}

type MoveRow = (i64, DateTime<Utc>, Uuid, PatentStage, PatentStage, Option<String>);

/// The moves of a case before a version, newest first.
///
/// # Errors
/// What the database says.
pub async fn moves(
    case: Uuid,
    before: Option<i64>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<PatentMove>> {
    let mut query = patent_moves::table.filter(patent_moves::case_id.eq(case)).into_boxed();
    if let Some(before) = before {
        query = query.filter(patent_moves::version.lt(before));
    }
    let columns = (
        patent_moves::version,
        patent_moves::at,
        patent_moves::made_by,
        patent_moves::from_stage,
        patent_moves::to_stage,
        patent_moves::reason,
    );
    let rows: Vec<MoveRow> =
        query.order(patent_moves::version.desc()).limit(limit).select(columns).load(connection).await?;
    let made = |(version, at, made_by, from, to, reason)| PatentMove { version, at, made_by, from, to, reason };
    Ok(rows.into_iter().map(made).collect())
}
