//! SQL of visits.

use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{NewTeamVisit, TeamVisit};
use crate::database::schema::expert_team_visits;

/// Keeps a visit.
///
/// # Errors
/// What the database says, also of who is no member and of a team that is not active.
pub async fn add(
    team: Uuid,
    new: &NewTeamVisit,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<TeamVisit> {
    let row = (
        expert_team_visits::id.eq(Uuid::now_v7()),
        expert_team_visits::team_id.eq(team),
        expert_team_visits::created_by.eq(by),
        expert_team_visits::updated_by.eq(by),
        expert_team_visits::on.eq(new.on),
        expert_team_visits::place.eq(&new.place),
        expert_team_visits::expert_ids.eq(&new.expert_ids),
        expert_team_visits::findings.eq(&new.findings),
        expert_team_visits::next_steps.eq(&new.next_steps),
    );
    let added = diesel::insert_into(expert_team_visits::table).values(row).returning(TeamVisit::as_returning());
    added.get_result(connection).await
}

/// Corrects a visit; none if it is of another version by now.
///
/// # Errors
/// As [`add`].
pub async fn correct(
    before: &TeamVisit,
    new: &NewTeamVisit,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Option<TeamVisit>> {
    let same = expert_team_visits::table.find(before.id).filter(expert_team_visits::version.eq(before.version));
    let set = (
        expert_team_visits::version.eq(before.version + 1),
        expert_team_visits::updated_at.eq(now),
        expert_team_visits::updated_by.eq(by),
        expert_team_visits::on.eq(new.on),
        expert_team_visits::place.eq(&new.place),
        expert_team_visits::expert_ids.eq(&new.expert_ids),
        expert_team_visits::findings.eq(&new.findings),
        expert_team_visits::next_steps.eq(&new.next_steps),
    );
    diesel::update(same).set(set).returning(TeamVisit::as_returning()).get_result(connection).await.optional()
}

/// A visit of a team.
///
/// # Errors
/// What the database says.
pub async fn find(team: Uuid, id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<TeamVisit>> {
    let of = expert_team_visits::table.find(id).filter(expert_team_visits::team_id.eq(team));
    of.select(TeamVisit::as_select()).first(connection).await.optional()
}

/// One page of the visits of a team, newest first.
///
/// # Errors
/// What the database says.
pub async fn page(
    team: Uuid,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<TeamVisit>> {
    let mut query = expert_team_visits::table.filter(expert_team_visits::team_id.eq(team)).into_boxed();
    if let Some(after) = after {
        query = query.filter(expert_team_visits::id.lt(after));
    }
    query.order(expert_team_visits::id.desc()).limit(limit).select(TeamVisit::as_select()).load(connection).await
}
