//! The centre's own page: who it is, what it does, how and when it is reached. There is one, kept by its staff.

pub mod routes;
mod store;

use chrono::{DateTime, Utc};
use deserr::Deserr;
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::database::schema::centre;
use crate::problem::{Faults, FieldFault};
use crate::registry::fields::{Contact, Line, Prose, distinct};

/// What the centre says of itself now.
///
/// # Errors
/// What the database says.
pub async fn read(connection: &mut AsyncPgConnection) -> QueryResult<Centre> {
    store::read(connection).await.map(|(_, page)| page.centre)
}

/// What the centre says of itself.
#[derive(Clone, Debug, Queryable, Selectable, AsChangeset, Serialize, Deserialize, Deserr, ToSchema)]
#[diesel(table_name = centre, treat_none_as_null = true)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "name": "南皮县产学研科技成果转化服务中心（示例）", "introduction": "为全县企业寻找科技成果和专家。",
    "duties": ["建立科技成果库", "建立专家库"], "address": "南皮县光明路1号", "opening_hours": "周一至周五 8:30–12:00，14:00–17:30",
    "contact": {"phone": "0317-0000123", "email": "centre@example.com"}
}))]
pub struct Centre {
    #[schema(inline)]
    pub name: Line<2, 200>,
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub introduction: Option<Prose<1, 20_000>>,
    #[deserr(default, try_from(Vec<Line<1, 200>>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<Line<1, 200>>, max_items = 20, required = false)]
    pub duties: Vec<Line<1, 200>>,
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub address: Option<Line<1, 200>>,
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub opening_hours: Option<Prose<1, 500>>,
    /// That of the office, for everybody.
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

/// A version of the centre's page.
#[derive(Clone, Debug, Queryable, Selectable, Serialize, Deserialize, ToSchema)]
#[diesel(table_name = centre)]
#[schema(example = json!({
    "version": 2, "updated_at": "2026-11-29T02:03:04Z", "name": "南皮县产学研科技成果转化服务中心（示例）",
    "duties": ["建立科技成果库", "建立专家库"], "opening_hours": "周一至周五 8:30–12:00，14:00–17:30"
}))]
pub struct CentrePage {
    #[schema(minimum = 1)]
    pub version: i64,
    pub updated_at: DateTime<Utc>,
    #[serde(skip_serializing)]
    pub updated_by: Option<Uuid>,
    #[serde(flatten)]
    #[schema(inline)]
    #[diesel(embed)]
    pub centre: Centre,
}
