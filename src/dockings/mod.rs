//! Dockings (对接): the dealings of an enterprise with a result or an expert, from a request to an outcome.
//!
//! What moves there are, and who may make each, stands in [`stages`] alone. A docking is seen by its two sides and the
//! centre; the sides are whose they were when it began, and each is told how it was called then.

mod acquaintance;
pub mod contacts;
mod contract;
pub(crate) mod days;
pub mod judgments;
mod pair;
pub mod reminders;
mod requests;
pub mod routes;
pub mod stages;
pub mod statistics;
mod store;

use chrono::{DateTime, Utc};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use acquaintance::are_acquainted;
pub use contract::{Contract, ContractKind, Outcome};
pub use stages::{DockingNews, DockingParty, DockingSide, DockingStage};

use crate::access::Records;
use crate::database::schema::dockings;
use crate::identity::{Caller, Role};
use crate::matching::Level;
use crate::problem::FieldFault;
use crate::registry::fields::vocabulary;

vocabulary! {
    /// Why a docking ended, as people say: 不相关, 不够成熟, 说不清楚, 价格, 没有精力, 已另行解决, 谈不拢, 其他.
    GivenReason {
        NotRelevant = "not_relevant", TooEarly = "too_early", Unclear = "unclear", Price = "price",
        NoCapacity = "no_capacity", SolvedOtherwise = "solved_otherwise", NoAgreement = "no_agreement", Other = "other",
    }
    /// Why a docking ended: as people say, or because the result was transferred to somebody.
    EndingReason {
        NotRelevant = "not_relevant", TooEarly = "too_early", Unclear = "unclear", Price = "price",
        NoCapacity = "no_capacity", SolvedOtherwise = "solved_otherwise", NoAgreement = "no_agreement",
        ResultTransferred = "result_transferred", Other = "other",
    }
}

impl From<GivenReason> for EndingReason {
    fn from(given: GivenReason) -> Self {
        match given {
            GivenReason::NotRelevant => Self::NotRelevant,
            GivenReason::TooEarly => Self::TooEarly,
            GivenReason::Unclear => Self::Unclear,
            GivenReason::Price => Self::Price,
            GivenReason::NoCapacity => Self::NoCapacity,
            GivenReason::SolvedOtherwise => Self::SolvedOtherwise,
            GivenReason::NoAgreement => Self::NoAgreement,
            GivenReason::Other => Self::Other,
        }
    }
}

/// A docking.
#[derive(Clone, Debug, Queryable, Selectable, Serialize, ToSchema)]
#[diesel(table_name = dockings)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-000000000010", "version": 2, "created_at": "2026-11-25T02:03:04Z",
    "updated_at": "2026-11-26T08:00:00Z", "demand_id": "01939c5e-0000-7000-8000-000000000004",
    "demand_title": "球铁件热节处总有缩松", "enterprise_id": "01939c5e-0000-7000-8000-000000000002",
    "enterprise_name": "南皮恒锐五金（示例）", "result_id": "01939c5e-0000-7000-8000-000000000003",
    "counterpart_title": "球墨铸铁件缩松缺陷的控制方法", "provider_id": "01939c5e-0000-7000-8000-000000000005",
    "provider_name": "燕北理工大学（示例）", "asked_by": "enterprise", "note": "想先看看样件。", "score": 0.73,
    "level": "strong", "model": "1-4ecf7fa7", "stage": "accepted", "since": "2026-11-26T08:00:00Z"
}))]
pub struct Docking {
    pub id: Uuid,
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// The demand that it is about, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demand_id: Option<Uuid>,
    /// As it was called when the docking began, like the other names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub demand_title: Option<String>,
    pub enterprise_id: Uuid,
    #[schema(max_length = 200)]
    pub enterprise_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expert_id: Option<Uuid>,
    /// The title of the result, or the name of the expert.
    #[schema(max_length = 200)]
    pub counterpart_title: String,
    /// Whose the counterpart was when it began: the expert, or the organisation that holds the result.
    pub provider_id: Uuid,
    #[schema(max_length = 200)]
    pub provider_name: String,
    /// The side that asked; the other one answers.
    pub asked_by: DockingSide,
    /// What the asking side says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
    /// How the two matched when it began, if they did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.0, maximum = 1.0)]
    pub score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Level>)]
    pub level: Option<String>,
    /// The version of the model that scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub model: Option<String>,
    pub stage: DockingStage,
    /// When it came to the stage.
    pub since: DateTime<Utc>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<EndingReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub reason_note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<Contract>,
    /// What came of it six months after the contract was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome_6: Option<Outcome>,
    /// The same after twelve months.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome_12: Option<Outcome>,
}

impl Docking {
    /// May a caller to whom these records are granted see it?
    #[must_use]
    pub fn is_among(&self, records: Records, caller: &Caller) -> bool {
        records == Records::All || (records == Records::Own && self.party(caller).is_some())
    }

    /// What the caller is in it, if anything.
    #[must_use]
    pub fn party(&self, caller: &Caller) -> Option<DockingParty> {
        party(caller, self.enterprise_id, self.provider_id)
    }
}

/// What a caller is in the docking of two sides: of the centre, of a side, or nobody.
fn party(caller: &Caller, enterprise: Uuid, provider: Uuid) -> Option<DockingParty> {
    match (caller.role(), caller.owner()) {
        (Role::Admin | Role::Staff, _) => Some(DockingParty::Centre),
        (Role::Enterprise | Role::Expert, Some(owner)) if owner == enterprise => Some(DockingParty::Enterprise),
        (Role::Enterprise | Role::Expert, Some(owner)) if owner == provider => Some(DockingParty::Counterpart),
        _ => None,
    }
}
