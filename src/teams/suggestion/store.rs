//! SQL of what is known of candidates.

use std::collections::HashMap;

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::database::schema::{dockings, expert_team_members, expert_teams, organisations};
use crate::dockings::DockingStage;
use crate::events::Attendance;
use crate::teams::TeamState;

/// How many open dockings and active teams experts have; none are left out.
///
/// # Errors
/// What the database says.
pub async fn loads(experts: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<HashMap<Uuid, i64>> {
    let open = dockings::table
        .filter(dockings::expert_id.eq_any(experts))
        .filter(dockings::stage.eq_any(DockingStage::OPEN))
        .group_by(dockings::expert_id)
        .select((dockings::expert_id.assume_not_null(), count_star()));
    let active = expert_team_members::table
        .inner_join(expert_teams::table)
        .filter(expert_team_members::expert_id.eq_any(experts))
        .filter(expert_team_members::state.eq(Attendance::Accepted))
        .filter(expert_teams::state.eq(TeamState::Active))
        .group_by(expert_team_members::expert_id)
        .select((expert_team_members::expert_id, count_star()));
    let mut loads: HashMap<Uuid, i64> = HashMap::new();
    let open: Vec<(Uuid, i64)> = open.load(connection).await?;
    let active: Vec<(Uuid, i64)> = active.load(connection).await?;
    for (expert, count) in open.into_iter().chain(active) {
        *loads.entry(expert).or_default() += count;
    }
    Ok(loads)
}

/// The regions of organisations; those that do not say are left out.
///
/// # Errors
/// What the database says.
pub async fn regions(organisations: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<HashMap<Uuid, String>> {
    let of = organisations::table.filter(organisations::id.eq_any(organisations));
    let of = of.filter(organisations::region.is_not_null());
    let regions = of.select((organisations::id, organisations::region.assume_not_null()));
    let regions: Vec<(Uuid, String)> = regions.load(connection).await?;
    Ok(regions.into_iter().collect())
}
