//! Events (对接活动): a day of 1:1 meetings between enterprises and experts or institutes.
//!
//! The centre says where and when, invites, and says who must not or must meet; who is invited says when they are there and
//! whom they want to meet. [`planning`] has the rules by which the meetings are planned, without HTTP and SQL; [`schedule`]
//! plans an event by them.

pub mod inputs;
pub mod participants;
pub mod planning;
pub mod routes;
pub mod rules;
pub mod schedule;
pub mod store;

use crate::identity::{Caller, Role};
use crate::problem::FieldFault;
use crate::registry::fields::vocabulary;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

vocabulary! {
    /// The side on which somebody meets others: enterprises, or experts and institutes.
    Side { Enterprise = "enterprise", Expert = "expert" }
    /// What is invited: a record of the registry.
    InvitedKind { Organisation = "organisation", Expert = "expert" }
    /// Where an invitation stands: 已邀请, 已接受, 已谢绝.
    Attendance { Invited = "invited", Accepted = "accepted", Declined = "declined" }
}

/// Is the caller of the centre?
#[must_use]
pub fn is_centre(caller: &Caller) -> bool {
    matches!(caller.role(), Role::Staff | Role::Admin)
}
