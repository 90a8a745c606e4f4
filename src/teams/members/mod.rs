//! Members of a team: whom the centre asks, what for, and what they answer.

pub mod routes;
pub mod store;

use deserr::Deserr;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::events::Attendance;
use crate::problem::{Faults, FieldFault};
use crate::registry::fields::Line;
use crate::registry::ids;

/// An expert to be asked into a team.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"expert_id": "01939c5e-0000-7000-8000-000000000005", "role": "铸造工艺"}))]
pub struct NewTeamMember {
    #[deserr(try_from(String) = ids::id -> FieldFault)]
    pub expert_id: Uuid,
    /// What for.
    #[deserr(default)]
    #[schema(inline)]
    pub role: Option<Line<1, 200>>,
}

/// What a member answers.
#[derive(Clone, Copy, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"state": "accepted"}))]
pub struct TeamAnswer {
    pub state: Attendance,
}

/// A member of a team.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "expert_id": "01939c5e-0000-7000-8000-000000000005", "version": 2, "name": "陈志远（示例）", "role": "铸造工艺",
    "state": "accepted"
}))]
pub struct TeamMember {
    pub expert_id: Uuid,
    #[schema(minimum = 1)]
    pub version: i64,
    #[schema(max_length = 50)]
    pub name: String,
    /// What for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub role: Option<String>,
    pub state: Attendance,
}
