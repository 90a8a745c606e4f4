//! Demands (技术需求): problems that an enterprise wants solved.
//!
//! Who may read one depends on its confidentiality; the centre's staff write them, and an enterprise its own.

mod store;

use chrono::NaiveDate;
use deserr::Deserr;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::fields::{
    ConfidentialityLevel, Cooperation, Day, DemandStatus, IndustryCode, Line, Maturity, MoneyRange, Prose, RegionCode,
    Wanted, at_least_one, date, distinct,
};
use super::ids::{id, optional_id};
use super::record::{Concept, Kind, Record};
use crate::access::Audience;
use crate::database::schema::demands;
use crate::problem::{Faults, FieldFault};

/// A technical demand (技术需求).
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, Deserialize, Deserr, ToSchema)]
#[diesel(table_name = demands, treat_none_as_null = true)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "title": "球铁件热节处总有缩松", "description": "我厂生产球铁阀体，壁厚不均，热节处加工后常露出缩松，废品率约 12%，换过冒口位置效果不大。",
    "keywords": ["球墨铸铁", "缩松"], "enterprise_id": "01939c5e-0000-7000-8000-000000000002", "industries": ["C3391"],
    "cooperation": ["service", "joint_development"], "maturity_from": 6, "budget": {"min": 100_000, "max": 300_000},
    "deadline": "2027-06-30", "region": "130000", "wanted": ["result", "expert"], "confidentiality": "public", "status": "open"
}))]
pub struct Demand {
    #[schema(inline)]
    pub title: Line<2, 200>,
    #[schema(inline)]
    pub description: Prose<10, 20_000>,
    #[deserr(default, try_from(Vec<Line<1, 50>>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<Line<1, 50>>, max_items = 20, required = false)]
    pub keywords: Vec<Line<1, 50>>,
    /// The enterprise whose demand it is.
    #[deserr(try_from(String) = id -> FieldFault)]
    pub enterprise_id: Uuid,
    /// GB/T 4754-2017.
    #[deserr(default, try_from(Vec<IndustryCode>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<IndustryCode>, max_items = 20, required = false)]
    pub industries: Vec<IndustryCode>,
    /// Wanted ways of cooperation; none named means any.
    #[deserr(default, try_from(Vec<Cooperation>) = distinct::<6, _> -> FieldFault)]
    #[schema(value_type = HashSet<Cooperation>, max_items = 6, required = false)]
    pub cooperation: Vec<Cooperation>,
    /// The least technology readiness level wanted.
    #[deserr(default)]
    #[schema(inline)]
    pub maturity_from: Option<Maturity>,
    #[deserr(default)]
    pub budget: Option<MoneyRange>,
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    pub deadline: Option<NaiveDate>,
    /// Where help should preferably come from (GB/T 2260).
    #[deserr(default)]
    #[schema(inline)]
    pub region: Option<RegionCode>,
    #[deserr(default = vec![Wanted::Result, Wanted::Expert], try_from(Vec<Wanted>) = at_least_one::<2, _> -> FieldFault)]
    #[schema(value_type = HashSet<Wanted>, min_items = 1, max_items = 2, required = false)]
    pub wanted: Vec<Wanted>,
    /// Who may see it. Only those signed in, unless said otherwise.
    #[deserr(default = ConfidentialityLevel::Members)]
    #[schema(required = false)]
    pub confidentiality: ConfidentialityLevel,
    #[deserr(default = DemandStatus::Open)]
    #[schema(required = false)]
    pub status: DemandStatus,
}

/// Which demands.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DemandFilter {
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub enterprise_id: Option<Uuid>,
    /// The industry or any below it.
    #[deserr(default)]
    #[param(inline)]
    pub industry: Option<IndustryCode>,
    #[deserr(default)]
    #[param(inline)]
    pub cooperation: Option<Cooperation>,
    #[deserr(default)]
    #[param(inline)]
    pub wanted: Option<Wanted>,
    #[deserr(default)]
    #[param(inline)]
    pub confidentiality: Option<ConfidentialityLevel>,
    #[deserr(default)]
    #[param(inline)]
    pub status: Option<DemandStatus>,
}

impl Concept for Demand {
    const KIND: Kind = Kind::Demand;

    fn audience(&self) -> Audience {
        match self.confidentiality {
            ConfidentialityLevel::Public => Audience::PUBLIC,
            ConfidentialityLevel::Members => Audience::MEMBERS,
            ConfidentialityLevel::CentreOnly => Audience::STAFF,
        }
    }

    fn owners(record: &Record<Self>) -> Vec<Uuid> {
        vec![record.fields.enterprise_id]
    }
}
