//! Expert service teams (专家服务团): experts who serve an enterprise, or a demand of it, and visit it.
//!
//! The centre forms them and names who leads; [`suggest`] finds the smallest team that covers what is asked for. Experts see the
//! teams they are named in, the enterprise those that serve it, from when they became active. A demand is named to whoever
//! may read it.

pub mod members;
mod requests;
pub mod routes;
pub mod store;
pub mod suggest;
pub mod suggestion;
mod view;
pub mod visits;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use routes::whose;

use crate::problem::{FieldFault, Kind, Problem};
use crate::registry::fields::vocabulary;

vocabulary! {
    /// Where a team stands: 组建中, 服务中, 已结束.
    TeamState { Forming = "forming", Active = "active", Closed = "closed" }
    /// What people are told of a team: 受邀, 接受, 谢绝, 移出, 任组长, 开始服务, 结束, 走访.
    TeamNews {
        Invited = "invited", Accepted = "accepted", Declined = "declined", Removed = "removed", Leading = "leading",
        Active = "active", Closed = "closed", Visited = "visited",
    }
}

impl TeamState {
    /// Can a team be brought from one state to another? What is active forms again only when its leader leaves.
    #[must_use]
    pub fn leads_to(self, to: Self) -> bool {
        self == to || matches!((self, to), (Self::Forming, Self::Active) | (Self::Forming | Self::Active, Self::Closed))
    }
}

/// The problem of a write that the database refused.
fn refused(error: Error) -> Problem {
    let Error::DatabaseError(kind, details) = &error else { return error.into() };
    let unknown = |pointer, zh: &'static str, en: &'static str| {
        Problem::invalid_field(pointer, FieldFault::new("unknown_reference", zh, en))
    };
    match (kind, details.constraint_name().unwrap_or_default()) {
        (_, "expert_teams_closed") => closed(),
        (DatabaseErrorKind::ForeignKeyViolation, "expert_teams_demand") => {
            unknown("/demand_id", "没有这项需求", "there is no such demand")
        }
        (DatabaseErrorKind::ForeignKeyViolation, "expert_teams_leader") | (_, "expert_teams_leader_declined") => {
            unknown("/leader_id", "组长须是未谢绝的成员", "who leads is a member who has not declined")
        }
        (_, "expert_teams_active") => {
            Problem::new(Kind::Conflict).saying("先指定组长，并由其接受邀请", "name a leader first, who has accepted")
        }
        (DatabaseErrorKind::ForeignKeyViolation, "expert_team_members_published") => {
            unknown("/expert_id", "没有这位公开的专家", "there is no such published expert")
        }
        (DatabaseErrorKind::UniqueViolation, "expert_team_members_pkey") => {
            Problem::conflict("/expert_id", FieldFault::new("duplicate", "已在服务团中", "is in the team already"))
        }
        (_, "expert_team_members_many") => {
            Problem::new(Kind::Conflict).saying("服务团至多 20 人", "a team has at most 20 members")
        }
        (_, "expert_team_visits_active") => {
            Problem::new(Kind::Conflict).saying("服务团不在服务中", "the team is not active")
        }
        (DatabaseErrorKind::ForeignKeyViolation, "expert_team_visits_members") => {
            unknown("/expert_ids", "其中有人不是已接受的成员", "one of them is no member who has accepted")
        }
        _ => crate::registry::refused_write(error),
    }
}

fn closed() -> Problem {
    Problem::new(Kind::Conflict).saying("服务团已结束，不再改动", "the team is closed and stays as it is")
}

#[cfg(test)]
mod tests {
    use super::TeamState::{self, Active, Closed, Forming};

    #[test]
    fn a_closed_team_is_opened_by_nobody() {
        let led_to = |from: TeamState| [Forming, Active, Closed].map(|to| from.leads_to(to));
        assert_eq!(
            [Forming, Active, Closed].map(led_to),
            [[true, true, true], [false, true, true], [false, false, true]]
        );
    }
}
