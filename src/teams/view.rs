//! Teams as they are shown.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::TeamState;
use super::members::TeamMember;
use super::members::store as members;
use super::store::{self, TeamRow};
use crate::access::{self, Action};
use crate::events::Attendance;
use crate::identity::{Caller, Role};
use crate::problem::Answer;
use crate::registry::demands::Demand;
use crate::registry::{Record, Store};

/// A team.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-000000000010", "version": 4, "created_at": "2026-11-25T02:03:04Z",
    "updated_at": "2026-11-26T08:00:00Z", "name": "球铁缩松攻关服务团", "demand_id": "01939c5e-0000-7000-8000-000000000004",
    "demand_title": "球铁件热节处总有缩松", "enterprise_id": "01939c5e-0000-7000-8000-000000000002",
    "enterprise_name": "南皮恒锐五金（示例）", "leader_id": "01939c5e-0000-7000-8000-000000000005", "state": "active",
    "active_since": "2026-11-26T08:00:00Z", "members": [{
        "expert_id": "01939c5e-0000-7000-8000-000000000005", "version": 2, "name": "陈志远（示例）", "role": "铸造工艺",
        "state": "accepted"
    }]
}))]
pub struct ExpertTeam {
    id: Uuid,
    #[schema(minimum = 1)]
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[schema(max_length = 200)]
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 5000)]
    purpose: Option<String>,
    /// The demand that it serves, as it is called now. Left out where there is none that the caller may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    demand_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    demand_title: Option<String>,
    enterprise_id: Uuid,
    #[schema(max_length = 200)]
    enterprise_name: String,
    /// One of the members that are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    leader_id: Option<Uuid>,
    state: TeamState,
    /// When it became active first.
    #[serde(skip_serializing_if = "Option::is_none")]
    active_since: Option<DateTime<Utc>>,
    /// All are shown to the centre; to others those who accepted, and to an expert always themselves.
    #[schema(max_items = 20)]
    members: Vec<TeamMember>,
}

/// One page of teams, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct ExpertTeamPage {
    #[schema(max_items = 100)]
    items: Vec<ExpertTeam>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

impl ExpertTeam {
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Teams that the caller may see, as the caller sees them.
    ///
    /// # Errors
    /// What the database says.
    pub async fn of(rows: Vec<TeamRow>, caller: &Caller, connection: &mut AsyncPgConnection) -> Answer<Vec<Self>> {
        let teams: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let enterprises: Vec<Uuid> = rows.iter().map(|row| row.enterprise_id).collect();
        let demands: Vec<Uuid> = rows.iter().filter_map(|row| row.demand_id).collect();
        let names = store::names(&enterprises, connection).await?;
        let demands = readable(&demands, caller, connection).await?;
        let mut members: HashMap<Uuid, Vec<TeamMember>> = HashMap::new();
        for (team, member) in members::of_teams(&teams, connection).await? {
            members.entry(team).or_default().push(member);
        }
        let view = |row: TeamRow| {
            let demand = row.demand_id.and_then(|id| demands.get(&id));
            let members = shown(members.remove(&row.id).unwrap_or_default(), caller);
            let leader = row.leader_id.filter(|leader| members.iter().any(|member| member.expert_id == *leader));
            Self {
                id: row.id,
                version: row.version,
                created_at: row.created_at,
                updated_at: row.updated_at,
                name: row.name,
                purpose: row.purpose,
                demand_id: demand.map(|demand| demand.stamp.id),
                demand_title: demand.map(|demand| demand.fields.title.to_string()),
                enterprise_id: row.enterprise_id,
                enterprise_name: names.get(&row.enterprise_id).cloned().unwrap_or_default(),
                leader_id: leader,
                state: row.state,
                active_since: row.active_since,
                members,
            }
        };
        Ok(rows.into_iter().map(view).collect())
    }
}

/// Those of the members whom a caller sees.
fn shown(mut members: Vec<TeamMember>, caller: &Caller) -> Vec<TeamMember> {
    let own = caller.owner().filter(|_| caller.role() == Role::Expert);
    let left = members.iter().any(|one| Some(one.expert_id) == own && one.state == Attendance::Declined);
    match caller.role() {
        Role::Staff | Role::Admin => {}
        _ => members.retain(|one| Some(one.expert_id) == own || (one.state == Attendance::Accepted && !left)),
    }
    members
}

/// Those of the demands that the caller may read, by their ids.
///
/// # Errors
/// What the database says.
pub async fn readable(
    ids: &[Uuid],
    caller: &Caller,
    connection: &mut AsyncPgConnection,
) -> Answer<HashMap<Uuid, Record<Demand>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let demands = Demand::find_all(ids, connection).await?.into_iter();
    let readable =
        demands.filter(|demand| demand.stamp.deleted_at.is_none() && access::may(caller, Action::Read, demand));
    Ok(readable.map(|demand| (demand.stamp.id, demand)).collect())
}
