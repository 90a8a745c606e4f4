//! Results (科技成果): what a university, institute or enterprise has worked out and wants used.
//!
//! Anyone may read the published and the transferred ones; the centre's staff write them, and partner
//! sites those that came from them.

mod parts;
mod store;

use deserr::Deserr;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::fields::{
    AskingPrice, Cooperation, DisciplineCode, IndustryCode, Line, Maturity, Prose, RegionCode, ResultForm,
    ResultStatus, Source, distinct, partner_owner,
};
use super::ids::{id, ids, optional_id};
use super::record::{Concept, Kind, Record};
use crate::access::Audience;
use crate::database::schema::results;
use crate::problem::{Faults, FieldFault};

pub use parts::{Attachment, Attachments, IntellectualProperty, IntellectualPropertyItems};

/// A research result (科技成果).
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, Deserialize, Deserr, ToSchema)]
#[diesel(table_name = results, treat_none_as_null = true)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = Result, example = json!({
    "title": "球墨铸铁件缩松缺陷的控制方法", "summary": "针对球墨铸铁件热节处的缩松，提出冷铁与发热冒口配合的工艺，成品率提高 8%。",
    "keywords": ["球墨铸铁", "缩松", "冒口"], "form": "process", "maturity": 7, "industries": ["C3391"], "disciplines": ["430"],
    "holder_id": "01939c5e-0000-7000-8000-000000000001", "cooperation": ["license", "service"],
    "asking_price": {"negotiable": true}, "region": "130900", "status": "published"
}))]
pub struct ResearchResult {
    #[schema(inline)]
    pub title: Line<2, 200>,
    #[schema(inline)]
    pub summary: Prose<10, 20_000>,
    #[deserr(default, try_from(Vec<Line<1, 50>>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<Line<1, 50>>, max_items = 20, required = false)]
    pub keywords: Vec<Line<1, 50>>,
    #[deserr(default)]
    pub form: Option<ResultForm>,
    /// Technology readiness level (GB/T 22900).
    #[deserr(default)]
    #[schema(inline)]
    pub maturity: Option<Maturity>,
    /// Where it can be used (GB/T 4754-2017).
    #[deserr(default, try_from(Vec<IndustryCode>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<IndustryCode>, max_items = 20, required = false)]
    pub industries: Vec<IndustryCode>,
    /// GB/T 13745-2009.
    #[deserr(default, try_from(Vec<DisciplineCode>) = distinct::<10, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<DisciplineCode>, max_items = 10, required = false)]
    pub disciplines: Vec<DisciplineCode>,
    /// The organisation that holds it.
    #[deserr(try_from(String) = id -> FieldFault)]
    pub holder_id: Uuid,
    /// Experts who took part, in the order of their contribution.
    #[deserr(default, try_from(Vec<String>) = ids::<100> -> FieldFault)]
    #[schema(value_type = HashSet<Uuid>, max_items = 100, required = false)]
    pub contributor_ids: Vec<Uuid>,
    #[deserr(default)]
    #[schema(value_type = HashSet<IntellectualProperty>, max_items = 50, required = false)]
    pub intellectual_property: IntellectualPropertyItems,
    #[deserr(default, try_from(Vec<Cooperation>) = distinct::<6, _> -> FieldFault)]
    #[schema(value_type = HashSet<Cooperation>, max_items = 6, required = false)]
    pub cooperation: Vec<Cooperation>,
    #[deserr(default)]
    pub asking_price: Option<AskingPrice>,
    #[deserr(default)]
    #[schema(inline)]
    pub region: Option<RegionCode>,
    #[deserr(default)]
    pub source: Option<Source>,
    #[deserr(default, try_from(Vec<Line<1, 200>>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<Line<1, 200>>, max_items = 20, required = false)]
    pub awards: Vec<Line<1, 200>>,
    #[deserr(default)]
    #[schema(value_type = HashSet<Attachment>, max_items = 20, required = false)]
    pub attachments: Attachments,
    #[deserr(default = ResultStatus::Draft)]
    #[schema(required = false)]
    pub status: ResultStatus,
}

/// Which results.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ResultFilter {
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub holder_id: Option<Uuid>,
    /// Results that name the expert, or that the expert names.
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub contributor_id: Option<Uuid>,
    #[deserr(default)]
    #[param(inline)]
    pub form: Option<ResultForm>,
    #[deserr(default)]
    #[param(inline)]
    pub cooperation: Option<Cooperation>,
    /// The discipline or any below it.
    #[deserr(default)]
    #[param(inline)]
    pub discipline: Option<DisciplineCode>,
    /// The industry or any below it.
    #[deserr(default)]
    #[param(inline)]
    pub industry: Option<IndustryCode>,
    /// The region or any below it.
    #[deserr(default)]
    #[param(inline)]
    pub region: Option<RegionCode>,
    #[deserr(default)]
    #[param(inline)]
    pub status: Option<ResultStatus>,
    /// The partner site it came from.
    #[deserr(default)]
    #[param(inline)]
    pub partner: Option<Line<1, 100>>,
}

impl Concept for ResearchResult {
    const KIND: Kind = Kind::Result;

    fn audience(&self) -> Audience {
        match self.status {
            ResultStatus::Published | ResultStatus::Transferred => Audience::PUBLIC,
            ResultStatus::Draft | ResultStatus::Withdrawn => Audience::STAFF,
        }
    }

    fn owners(record: &Record<Self>) -> Vec<Uuid> {
        let partner = record.fields.source.as_ref().and_then(|source| source.partner.as_deref());
        std::iter::once(record.fields.holder_id).chain(partner.map(partner_owner)).collect()
    }
}
