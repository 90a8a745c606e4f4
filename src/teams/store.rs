//! SQL of teams.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::requests::{ExpertTeamFilter, NewExpertTeam, TeamChange};
use super::{TeamNews, TeamState};
use crate::database::schema::{expert_team_members, expert_teams, organisations};
use crate::events::Attendance;

/// A team as it is kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = expert_teams)]
pub struct TeamRow {
    pub id: Uuid,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub name: String,
    pub purpose: Option<String>,
    pub demand_id: Option<Uuid>,
    pub enterprise_id: Uuid,
    pub leader_id: Option<Uuid>,
    pub state: TeamState,
    pub active_since: Option<DateTime<Utc>>,
}

/// Whose teams.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    All,
    /// Those that serve an enterprise, from when they became active.
    Served(Uuid),
    /// Those that an expert is named in.
    Named(Uuid),
}

/// Keeps a new team.
///
/// # Errors
/// What the database says, also of a demand or an enterprise that is not there.
pub async fn create(
    id: Uuid,
    new: &NewExpertTeam,
    enterprise: Uuid,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<TeamRow> {
    let row = (
        expert_teams::id.eq(id),
        expert_teams::name.eq(&new.name),
        expert_teams::purpose.eq(&new.purpose),
        expert_teams::demand_id.eq(new.demand_id),
        expert_teams::enterprise_id.eq(enterprise),
        expert_teams::created_by.eq(by),
        expert_teams::updated_by.eq(by),
    );
    let made = diesel::insert_into(expert_teams::table).values(row).returning(TeamRow::as_returning());
    made.get_result(connection).await
}

/// Changes a team that is held.
///
/// # Errors
/// What the database says, also of a leader who cannot lead.
pub async fn replace(
    before: &TeamRow,
    change: &TeamChange,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<TeamRow> {
    let begins = change.state == TeamState::Active && before.active_since.is_none();
    let active_since = if begins { Some(Utc::now()) } else { before.active_since };
    let set = (
        expert_teams::version.eq(before.version + 1),
        expert_teams::updated_at.eq(now),
        expert_teams::updated_by.eq(by),
        expert_teams::name.eq(&change.name),
        expert_teams::purpose.eq(&change.purpose),
        expert_teams::leader_id.eq(change.leader_id),
        expert_teams::state.eq(change.state),
        expert_teams::active_since.eq(active_since),
    );
    let changed = diesel::update(expert_teams::table.find(before.id)).set(set).returning(TeamRow::as_returning());
    changed.get_result(connection).await
}

/// A team of those.
///
/// # Errors
/// What the database says.
pub async fn find(id: Uuid, whose: Whose, connection: &mut AsyncPgConnection) -> QueryResult<Option<TeamRow>> {
    Ok(find_all(&[id], whose, connection).await?.pop())
}

/// Those of some teams.
///
/// # Errors
/// What the database says.
pub async fn find_all(ids: &[Uuid], whose: Whose, connection: &mut AsyncPgConnection) -> QueryResult<Vec<TeamRow>> {
    of(whose).filter(expert_teams::id.eq_any(ids)).select(TeamRow::as_select()).load(connection).await
}

/// Holds a team as it is to the end of the transaction.
///
/// # Errors
/// What the database says.
pub async fn hold(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<TeamRow> {
    expert_teams::table.find(id).select(TeamRow::as_select()).for_update().first(connection).await
}

/// One page of teams, newest first. By an expert they are found as far as the expert is seen in them.
///
/// # Errors
/// What the database says.
pub async fn page(
    filter: &ExpertTeamFilter,
    whose: Whose,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<TeamRow>> {
    let mut query = of(whose);
    if let Some(state) = filter.state {
        query = query.filter(expert_teams::state.eq(state));
    }
    if let Some(demand) = filter.demand_id {
        query = query.filter(expert_teams::demand_id.eq(demand));
    }
    if let Some(enterprise) = filter.enterprise_id {
        query = query.filter(expert_teams::enterprise_id.eq(enterprise));
    }
    if let Some(expert) = filter.expert_id {
        query = match whose {
            Whose::Named(own) if own != expert => query
                .filter(expert_teams::id.eq_any(standing_in(expert, Attendance::Accepted)))
                .filter(expert_teams::id.ne_all(standing_in(own, Attendance::Declined))),
            Whose::Served(_) => query.filter(expert_teams::id.eq_any(standing_in(expert, Attendance::Accepted))),
            Whose::All | Whose::Named(_) => query.filter(expert_teams::id.eq_any(named_in(expert))),
        };
    }
    if let Some(after) = after {
        query = query.filter(expert_teams::id.lt(after));
    }
    query.order(expert_teams::id.desc()).limit(limit).select(TeamRow::as_select()).load(connection).await
}

fn of(whose: Whose) -> expert_teams::BoxedQuery<'static, diesel::pg::Pg> {
    let query = expert_teams::table.into_boxed();
    match whose {
        Whose::All => query,
        Whose::Served(enterprise) => {
            query.filter(expert_teams::enterprise_id.eq(enterprise)).filter(expert_teams::active_since.is_not_null())
        }
        Whose::Named(expert) => query.filter(expert_teams::id.eq_any(named_in(expert))),
    }
}

/// The teams that an expert is named in.
#[diesel::dsl::auto_type(no_type_alias)]
fn named_in(expert: Uuid) -> _ {
    expert_team_members::table.filter(expert_team_members::expert_id.eq(expert)).select(expert_team_members::team_id)
}

/// The teams in which an expert stands so.
#[diesel::dsl::auto_type(no_type_alias)]
fn standing_in(expert: Uuid, state: Attendance) -> _ {
    expert_team_members::table
        .filter(expert_team_members::expert_id.eq(expert))
        .filter(expert_team_members::state.eq(state))
        .select(expert_team_members::team_id)
}

/// The names of organisations.
///
/// # Errors
/// What the database says.
pub async fn names(ids: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<HashMap<Uuid, String>> {
    let of = organisations::table.filter(organisations::id.eq_any(ids));
    let names: Vec<(Uuid, String)> = of.select((organisations::id, organisations::name)).load(connection).await?;
    Ok(names.into_iter().collect())
}

/// Tells an expert of a team, or all whom it concerns, but for whoever did it.
///
/// # Errors
/// What the database says.
pub async fn tell(
    team: Uuid,
    by: Uuid,
    news: TeamNews,
    one: Option<Uuid>,
    connection: &mut AsyncPgConnection,
) -> QueryResult<()> {
    let tell = diesel::sql_query("SELECT tell_of_team($1, $2, $3, $4)");
    let tell = tell.bind::<SqlUuid, _>(team).bind::<SqlUuid, _>(by).bind::<Text, _>(news.as_str());
    tell.bind::<Nullable<SqlUuid>, _>(one).execute(connection).await.map(drop)
}
