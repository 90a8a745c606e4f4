//! SQL of members.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{NewTeamMember, TeamMember};
use crate::database::schema::{expert_team_members, experts};
use crate::events::Attendance;

type MemberRow = (Uuid, Uuid, i64, Option<String>, Attendance, String);

fn member((team, expert_id, version, role, state, name): MemberRow) -> (Uuid, TeamMember) {
    (team, TeamMember { expert_id, version, name, role, state })
}

/// Holds an expert as they are to the end of the transaction: before the team, as whoever withdraws one does.
///
/// # Errors
/// What the database says.
pub async fn hold_expert(expert: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let held = experts::table.find(expert).select(experts::id).for_share();
    held.first::<Uuid>(connection).await.optional().map(drop)
}

/// Asks an expert into a team.
///
/// # Errors
/// What the database says, also of who is no published expert or in the team already.
pub async fn invite(team: Uuid, new: &NewTeamMember, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let row = (
        expert_team_members::team_id.eq(team),
        expert_team_members::expert_id.eq(new.expert_id),
        expert_team_members::role.eq(&new.role),
    );
    diesel::insert_into(expert_team_members::table).values(row).execute(connection).await.map(drop)
}

/// Keeps what a member answers, from a version; false if there is none of it.
///
/// # Errors
/// What the database says, also of a withdrawn expert and a closed team.
pub async fn answer(
    (team, expert): (Uuid, Uuid),
    version: i64,
    state: Attendance,
    connection: &mut AsyncPgConnection,
) -> QueryResult<bool> {
    let same = expert_team_members::table.find((team, expert)).filter(expert_team_members::version.eq(version));
    let set = (expert_team_members::version.eq(version + 1), expert_team_members::state.eq(state));
    Ok(diesel::update(same).set(set).execute(connection).await? == 1)
}

/// Takes a member of a version out of a team; false if there is none of it.
///
/// # Errors
/// What the database says, also of a leader and a closed team.
pub async fn remove(
    (team, expert): (Uuid, Uuid),
    version: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<bool> {
    let same = expert_team_members::table.find((team, expert)).filter(expert_team_members::version.eq(version));
    Ok(diesel::delete(same).execute(connection).await? == 1)
}

/// A member.
///
/// # Errors
/// What the database says.
pub async fn find(team: Uuid, expert: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<TeamMember>> {
    let of = expert_team_members::table.inner_join(experts::table);
    let of = of.filter(expert_team_members::team_id.eq(team)).filter(expert_team_members::expert_id.eq(expert));
    let row: Option<MemberRow> = of.select(MEMBER).first(connection).await.optional()?;
    Ok(row.map(|row| member(row).1))
}

/// The members of teams, each with the team, in the order of their records.
///
/// # Errors
/// What the database says.
pub async fn of_teams(teams: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<Vec<(Uuid, TeamMember)>> {
    let of = expert_team_members::table.inner_join(experts::table).filter(expert_team_members::team_id.eq_any(teams));
    let order = (expert_team_members::team_id, expert_team_members::expert_id);
    let rows: Vec<MemberRow> = of.order(order).select(MEMBER).load(connection).await?;
    Ok(rows.into_iter().map(member).collect())
}

const MEMBER: (
    expert_team_members::team_id,
    expert_team_members::expert_id,
    expert_team_members::version,
    expert_team_members::role,
    expert_team_members::state,
    experts::name,
) = (
    expert_team_members::team_id,
    expert_team_members::expert_id,
    expert_team_members::version,
    expert_team_members::role,
    expert_team_members::state,
    experts::name,
);
