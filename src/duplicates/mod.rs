//! Probable duplicates (疑似重复): pairs of records that may be the same result, expert or organisation, reported for a
//! person. Only a person merges two, and can take that back.
//!
//! `alike` and `compare` are the rules by which pairs are found, [`worker`] finds them behind the index; `merging/` puts
//! one record in the place of another.

mod alike;
mod compare;
mod finding;
pub mod merging;
mod requests;
pub mod routes;
mod store;
mod view;
pub mod worker;

use actix_web::web::ServiceConfig;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use merging::successor;

use crate::problem::FieldFault;
use crate::registry::Kind;
use crate::registry::fields::vocabulary;

vocabulary! {
    /// The kinds of records that are compared.
    DuplicateKind { Result = "result", Expert = "expert", Organisation = "organisation" }
    /// Where a pair stands: 待处理, 不是重复, 已合并, 已不相似.
    DuplicateState {
        Open = "open",
        /// A person said that they are two.
        Dismissed = "dismissed",
        Merged = "merged",
        /// They changed and are no longer alike, or one of them is gone.
        Resolved = "resolved",
    }
    /// Why two records may be the same.
    DuplicateReason {
        /// 同一知识产权号。
        SameNumber = "same_number",
        /// 题名相近。
        NearTitle = "near_title",
        /// 同一持有单位。
        SameHolder = "same_holder",
        /// 持有单位名称相近。
        NearHolder = "near_holder",
        /// 同名。
        SameName = "same_name",
        /// 同一单位。
        SameOrganisation = "same_organisation",
        /// 单位名称相近。
        NearOrganisation = "near_organisation",
        /// 参与同一成果。
        SameResult = "same_result",
        /// 有人报告。
        Reported = "reported",
    }
}

impl DuplicateKind {
    pub const ALL: [Self; 3] = [Self::Result, Self::Expert, Self::Organisation];

    /// The kind of record.
    #[must_use]
    pub const fn record(self) -> Kind {
        match self {
            Self::Result => Kind::Result,
            Self::Expert => Kind::Expert,
            Self::Organisation => Kind::Organisation,
        }
    }
}

/// Does something with the concept of a kind.
macro_rules! of_kind {
    ($kind:expr, $of:ident) => {
        match $kind {
            $crate::duplicates::DuplicateKind::Result => $of!($crate::registry::results::ResearchResult),
            $crate::duplicates::DuplicateKind::Expert => $of!($crate::registry::experts::Expert),
            $crate::duplicates::DuplicateKind::Organisation => $of!($crate::registry::organisations::Organisation),
        }
    };
}
use of_kind;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(routes::list)
        .service(routes::report)
        .service(routes::read)
        .service(routes::dismiss)
        .service(merging::routes::merge)
        .service(merging::routes::undo);
}
