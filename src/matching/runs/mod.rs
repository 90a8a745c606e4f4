//! Matching runs (批量匹配): every record of a kind matched with those of others, as a job.
//!
//! A run is a row; whatever process is free works on it, a batch of records at a time, each batch in one transaction
//! with how far it has come. A run whose process was killed is taken up by another, or by the same one started again.

mod download;
pub mod routes;
mod store;
mod worker;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Kind;
use super::requests::{OfDemand, OfExpert, OfOrganisation, OfResult};
use crate::problem::FieldFault;
use crate::registry::fields::vocabulary;

pub use worker::{CHANNEL, work};

vocabulary! {
    /// Where a run stands: 排队, 进行中, 已完成, 已取消, 已失败.
    RunState {
        Queued = "queued", Running = "running", Completed = "completed", Cancelled = "cancelled", Failed = "failed",
    }
}

/// The kinds that records of a kind are matched with.
#[must_use]
pub const fn counterparts(source: Kind) -> &'static [Kind] {
    match source {
        Kind::Demand => OfDemand::KINDS,
        Kind::Result => OfResult::KINDS,
        Kind::Expert => OfExpert::KINDS,
        Kind::Organisation => OfOrganisation::KINDS,
        Kind::Policy => &[],
    }
}
