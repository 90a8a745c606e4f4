//! The log of a docking: who spoke with whom, when, how and of what, with the files that go with it. Only ever appended to.

pub mod files;
pub mod routes;
mod store;

use chrono::{DateTime, NaiveDate, Utc};
use deserr::Deserr;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::DockingParty;
use super::days::parse_day;
use crate::files::File;
use crate::problem::{Faults, FieldFault};
use crate::registry::fields::{Day, Line, Prose, vocabulary};

vocabulary! {
    /// How two got in touch: 电话, 消息, 邮件, 会面, 走访, 视频, 其他.
    ContactWay {
        Phone = "phone", Message = "message", Email = "email", Meeting = "meeting", Visit = "visit", Video = "video",
        Other = "other",
    }
}

/// A contact to be put on the log: on which day, how, who took part, and what it was about.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "on": "2026-11-26", "way": "visit", "people": "陈志远、李厂长", "note": "看了三号线，热节处取样两件，下周出金相结果。"
}))]
pub struct NewDockingContact {
    #[deserr(try_from(String) = parse_day -> FieldFault)]
    #[schema(inline, value_type = Day)]
    pub on: NaiveDate,
    pub way: ContactWay,
    #[schema(inline)]
    pub people: Line<1, 200>,
    #[schema(inline)]
    pub note: Prose<1, 5000>,
}

/// A contact.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-000000000011", "on": "2026-11-26", "way": "visit", "people": "陈志远、李厂长",
    "note": "看了三号线，热节处取样两件，下周出金相结果。", "party": "centre", "created_at": "2026-11-26T08:00:00Z", "files": []
}))]
pub struct DockingContact {
    pub id: Uuid,
    #[schema(inline, value_type = Day)]
    pub on: NaiveDate,
    pub way: ContactWay,
    #[schema(max_length = 200)]
    pub people: String,
    #[schema(max_length = 5000)]
    pub note: String,
    /// Who put it on the log.
    pub party: DockingParty,
    pub created_at: DateTime<Utc>,
    #[schema(max_items = 200)]
    pub files: Vec<File>,
}

/// A file of a docking.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DockingFile {
    #[serde(flatten)]
    pub file: File,
    /// The contact that it goes with, if with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<Uuid>,
    /// Who added it.
    pub party: DockingParty,
}
