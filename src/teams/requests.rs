//! What callers ask of teams, and what is wrong with it.

use deserr::Deserr;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::TeamState;
use crate::problem::{Answer, Faults, FieldFault, Problem};
use crate::registry::fields::{Line, Prose};
use crate::registry::ids::optional_id;

/// A team to be formed: for a demand, which tells the enterprise, or for an enterprise.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "name": "球铁缩松攻关服务团", "purpose": "三个月内把阀体废品率降到 3% 以下。",
    "demand_id": "01939c5e-0000-7000-8000-000000000004"
}))]
pub struct NewExpertTeam {
    #[schema(inline)]
    pub name: Line<2, 200>,
    #[deserr(default)]
    #[schema(inline)]
    pub purpose: Option<Prose<1, 5000>>,
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub demand_id: Option<Uuid>,
    /// The enterprise, where it is for no demand.
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub enterprise_id: Option<Uuid>,
}

/// A team as it is to be.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = ExpertTeamChange, example = json!({
    "name": "球铁缩松攻关服务团", "leader_id": "01939c5e-0000-7000-8000-000000000005", "state": "active"
}))]
pub struct TeamChange {
    #[schema(inline)]
    pub name: Line<2, 200>,
    #[deserr(default)]
    #[schema(inline)]
    pub purpose: Option<Prose<1, 5000>>,
    /// One of the members. An active team has one who has accepted.
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub leader_id: Option<Uuid>,
    /// What is closed stays closed.
    pub state: TeamState,
}

/// Which teams.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExpertTeamFilter {
    #[deserr(default)]
    #[param(inline)]
    pub state: Option<TeamState>,
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub demand_id: Option<Uuid>,
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub enterprise_id: Option<Uuid>,
    /// An expert who is named in them.
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub expert_id: Option<Uuid>,
}

/// One of two is given: a demand or an enterprise.
///
/// # Errors
/// `either_or`.
pub fn one_of(demand: Option<Uuid>, enterprise: Option<Uuid>) -> Answer<()> {
    if demand.is_some() != enterprise.is_some() {
        return Ok(());
    }
    let (zh, en) = ("demand_id 和 enterprise_id 须给出且只给出一个", "either demand_id or enterprise_id is given");
    Err(Problem::invalid_field("", FieldFault::new("either_or", zh, en)))
}
