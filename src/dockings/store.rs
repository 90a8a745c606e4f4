//! SQL of dockings.

use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::requests::{DockingFilter, DockingMove};
use super::{Contract, Docking, DockingNews, DockingParty, DockingSide, DockingStage, EndingReason};
use crate::database::schema::{docking_moves, dockings, results};

/// A docking to be begun.
#[derive(Insertable)]
#[diesel(table_name = dockings)]
pub struct Beginning<'a> {
    pub id: Uuid,
    pub created_by: Option<Uuid>,
    pub updated_by: Option<Uuid>,
    pub demand_id: Option<Uuid>,
    pub enterprise_id: Uuid,
    pub result_id: Option<Uuid>,
    pub expert_id: Option<Uuid>,
    pub provider_id: Uuid,
    pub demand_title: Option<&'a str>,
    pub enterprise_name: &'a str,
    pub counterpart_title: &'a str,
    pub provider_name: &'a str,
    pub asked_by: DockingSide,
    pub note: Option<&'a str>,
    pub score: Option<f64>,
    pub level: Option<&'static str>,
    pub model: Option<&'a str>,
}

/// Begins a docking.
///
/// # Errors
/// What the database says, also of sides that are not there or not open, and of a pair that has an open docking.
pub async fn begin(beginning: &Beginning<'_>, connection: &mut AsyncPgConnection) -> QueryResult<Docking> {
    let made = diesel::insert_into(dockings::table).values(beginning).returning(Docking::as_returning());
    made.get_result(connection).await
}

/// A docking.
///
/// # Errors
/// What the database says.
pub async fn find(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<Docking>> {
    dockings::table.find(id).select(Docking::as_select()).first(connection).await.optional()
}

/// One page of dockings, newest first: all, or those that are of a side.
///
/// # Errors
/// What the database says.
pub async fn page(
    filter: &DockingFilter,
    side: Option<Uuid>,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Docking>> {
    let mut query = dockings::table.into_boxed();
    if let Some(side) = side {
        query = query.filter(dockings::enterprise_id.eq(side).or(dockings::provider_id.eq(side)));
    }
    if let Some(stage) = filter.stage {
        query = query.filter(dockings::stage.eq(stage));
    }
    if let Some(demand) = filter.demand_id {
        query = query.filter(dockings::demand_id.eq(demand));
    }
    if let Some(enterprise) = filter.enterprise_id {
        query = query.filter(dockings::enterprise_id.eq(enterprise));
    }
    if let Some(result) = filter.result_id {
        query = query.filter(dockings::result_id.eq(result));
    }
    if let Some(expert) = filter.expert_id {
        query = query.filter(dockings::expert_id.eq(expert));
    }
    if let Some(after) = after {
        query = query.filter(dockings::id.lt(after));
    }
    query.order(dockings::id.desc()).limit(limit).select(Docking::as_select()).load(connection).await
}

/// Where a docking goes, and what is known of it there.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    pub to: DockingStage,
    pub reason: Option<EndingReason>,
    pub reason_note: Option<&'a str>,
    pub contract: Option<&'a Contract>,
    pub undoes: Option<i64>,
}

/// Goes a step from where a docking was read to be, and puts it on record; false if it is no longer there.
///
/// # Errors
/// What the database says.
pub async fn step(
    from: &Docking,
    step: &Step<'_>,
    (by, party): (Uuid, DockingParty),
    connection: &mut AsyncPgConnection,
) -> QueryResult<bool> {
    let there = dockings::table.find(from.id).filter(dockings::version.eq(from.version));
    let further = (
        dockings::version.eq(from.version + 1),
        dockings::updated_at.eq(now),
        dockings::updated_by.eq(by),
        dockings::stage.eq(step.to),
        dockings::since.eq(now),
        dockings::reason.eq(step.reason),
        dockings::reason_note.eq(step.reason_note),
        dockings::contract.eq(step.contract),
    );
    let gone = diesel::update(there.filter(dockings::stage.eq(from.stage))).set(further).execute(connection).await?;
    if gone == 0 {
        return Ok(false);
    }
    let row = (
        docking_moves::docking_id.eq(from.id),
        docking_moves::version.eq(from.version + 1),
        docking_moves::made_by.eq(by),
        docking_moves::party.eq(party),
        docking_moves::from_stage.eq(from.stage),
        docking_moves::to_stage.eq(step.to),
        docking_moves::reason.eq(step.reason),
        docking_moves::reason_note.eq(step.reason_note),
        docking_moves::contract.eq(step.contract.filter(|_| from.contract.is_none())),
        docking_moves::undoes.eq(step.undoes),
    );
    diesel::insert_into(docking_moves::table).values(row).execute(connection).await.map(|_| true)
}

/// Keeps another contract; false if the docking is no longer as it was read.
///
/// # Errors
/// What the database says.
pub async fn amend(from: &Docking, to: &Docking, by: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let there = dockings::table.find(from.id).filter(dockings::version.eq(from.version));
    let amended = (
        dockings::version.eq(from.version + 1),
        dockings::updated_at.eq(now),
        dockings::updated_by.eq(by),
        dockings::contract.eq(&to.contract),
        dockings::outcome_6.eq(&to.outcome_6),
        dockings::outcome_12.eq(&to.outcome_12),
    );
    Ok(diesel::update(there).set(amended).execute(connection).await? == 1)
}

/// Holds the result of a docking as it is to the end of the transaction. Whoever transfers it holds it before its dockings,
/// so whoever opens one again does so too.
///
/// # Errors
/// What the database says.
pub async fn hold_result(docking: &Docking, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let Some(result) = docking.result_id else { return Ok(()) };
    let held = results::table.find(result).select(results::id).for_share();
    held.first::<Uuid>(connection).await.map(drop)
}

/// Tells the people of both sides and of the centre, but for whoever did it.
///
/// # Errors
/// What the database says.
pub async fn tell(docking: Uuid, by: Uuid, news: DockingNews, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let tell = diesel::sql_query("SELECT tell_of_docking($1, $2, $3)");
    let tell = tell.bind::<SqlUuid, _>(docking).bind::<SqlUuid, _>(by).bind::<Text, _>(news.as_str());
    tell.execute(connection).await.map(drop)
}

type MoveRow = (
    (i64, chrono::DateTime<chrono::Utc>, Option<Uuid>, DockingParty, DockingStage, DockingStage),
    (Option<EndingReason>, Option<String>, Option<Contract>, Option<i64>),
);

/// The moves of a docking before a version, newest first.
///
/// # Errors
/// What the database says.
pub async fn moves(
    docking: Uuid,
    before: Option<i64>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<DockingMove>> {
    let mut query = docking_moves::table.filter(docking_moves::docking_id.eq(docking)).into_boxed();
    if let Some(before) = before {
        query = query.filter(docking_moves::version.lt(before));
    }
    let made = (
        docking_moves::version,
        docking_moves::at,
        docking_moves::made_by,
        docking_moves::party,
        docking_moves::from_stage,
        docking_moves::to_stage,
    );
    let told = (docking_moves::reason, docking_moves::reason_note, docking_moves::contract, docking_moves::undoes);
    let rows: Vec<MoveRow> =
        query.order(docking_moves::version.desc()).limit(limit).select((made, told)).load(connection).await?;
    let moves = rows.into_iter().map(|((version, at, made_by, party, from, to), told)| {
        let (reason, reason_note, contract, undoes) = told;
        DockingMove { version, at, made_by, party, from, to, reason, reason_note, contract, undoes }
    });
    Ok(moves.collect())
}
