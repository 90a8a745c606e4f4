//! Policies (政策): published documents of governments, by level.
//!
//! Anyone may read the published ones; the centre's staff write them.

mod store;

use chrono::NaiveDate;
use deserr::{Deserr, ValuePointerRef};
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::fields::{Day, Line, PolicyLevel, Prose, PublicationStatus, date, distinct};
use super::record::{Concept, Kind, Record};
use crate::access::Audience;
use crate::database::schema::policies;
use crate::policies::clauses;
use crate::problem::{Faults, FieldFault};

/// A policy (政策).
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, Deserialize, Deserr, ToSchema)]
#[diesel(table_name = policies, treat_none_as_null = true)]
#[deserr(error = Faults, deny_unknown_fields, validate = expires_after_it_takes_effect -> Faults)]
#[schema(example = json!({
    "title": "关于支持企业技术改造的若干措施", "level": "county", "document_number": "南政字〔2026〕8号", "issuer": "南皮县人民政府",
    "published_on": "2026-03-01", "body": "一、支持企业设备更新。对购置关键设备的企业给予补助。", "topics": ["技术改造"], "status": "published"
}))]
pub struct Policy {
    #[schema(inline)]
    pub title: Line<2, 200>,
    pub level: PolicyLevel,
    /// Such as 冀政字〔2020〕52号.
    #[deserr(default)]
    #[schema(inline)]
    pub document_number: Option<Line<1, 100>>,
    #[deserr(default)]
    #[schema(inline)]
    pub issuer: Option<Line<1, 200>>,
    #[deserr(default)]
    #[schema(inline)]
    pub source: Option<Line<1, 200>>,
    /// Who wrote or compiled it.
    #[deserr(default)]
    #[schema(inline)]
    pub author: Option<Line<1, 200>>,
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    pub published_on: Option<NaiveDate>,
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    pub effective_on: Option<NaiveDate>,
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    pub expires_on: Option<NaiveDate>,
    #[schema(inline)]
    pub body: Prose<10, 200_000>,
    #[deserr(default, try_from(Vec<Line<1, 50>>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<Line<1, 50>>, max_items = 20, required = false)]
    pub topics: Vec<Line<1, 50>>,
    #[deserr(default = PublicationStatus::Draft)]
    #[schema(required = false)]
    pub status: PublicationStatus,
}

fn expires_after_it_takes_effect(policy: Policy, location: ValuePointerRef<'_>) -> Result<Policy, Faults> {
    if policy.expires_on.is_some() && policy.expires_on < policy.effective_on {
        let fault = FieldFault::new("upside_down", "失效日期早于生效日期", "is before effective_on");
        let place = location.push_key("expires_on");
        return Err(deserr::take_cf_content(<Faults as deserr::MergeWithError<FieldFault>>::merge(None, fault, place)));
    }
    Ok(policy)
}

/// Which policies.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PolicyFilter {
    #[deserr(default)]
    #[param(inline)]
    pub level: Option<PolicyLevel>,
    #[deserr(default)]
    #[param(inline)]
    pub document_number: Option<Line<1, 100>>,
    #[deserr(default)]
    #[param(inline)]
    pub topic: Option<Line<1, 50>>,
    #[deserr(default)]
    #[param(inline)]
    pub status: Option<PublicationStatus>,
}

impl Concept for Policy {
    const KIND: Kind = Kind::Policy;

    fn audience(&self) -> Audience {
        self.status.audience()
    }

    fn owners(_: &Record<Self>) -> Vec<Uuid> {
        Vec::new()
    }

    /// Its clauses are those of the version that stands, and whom it fits is told.
    async fn written(record: &Record<Self>, connection: &mut AsyncPgConnection) -> QueryResult<()> {
        clauses::keep(record, connection).await?;
        clauses::tell(record.stamp.id, connection).await
    }
}
