//! Experts (专家): people who can help, of five categories. Each belongs to an organisation.
//!
//! Anyone may read the published ones, but for how they are reached; the centre's staff write them, and an expert
//! their own.

mod store;

use deserr::Deserr;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::fields::{
    Contact, DisciplineCode, ExpertCategory, ExpertService, IndustryCode, LanguageCode, Line, Prose, PublicationStatus,
    RegionCode, at_least_one, distinct,
};
use super::ids::{id, ids};
use super::record::{Concept, Kind, Record};
use crate::access::Audience;
use crate::database::schema::experts;
use crate::problem::{Faults, FieldFault};

/// An expert (专家).
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, Deserialize, Deserr, ToSchema)]
#[diesel(table_name = experts, treat_none_as_null = true)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "name": "陈志远（示例）", "title": "教授", "organisation_id": "01939c5e-0000-7000-8000-000000000001",
    "categories": ["research"], "biography": "长期从事球墨铸铁缺陷控制。", "expertise": ["球墨铸铁", "缩松"],
    "disciplines": ["430"], "industries": ["C33"], "regions": ["130900"], "services": ["diagnosis", "on_site"],
    "languages": ["zh"], "status": "published"
}))]
pub struct Expert {
    #[schema(inline)]
    pub name: Line<1, 50>,
    /// Professional title (职称).
    #[deserr(default)]
    #[schema(inline)]
    pub title: Option<Line<1, 50>>,
    /// The organisation the expert belongs to.
    #[deserr(try_from(String) = id -> FieldFault)]
    pub organisation_id: Uuid,
    #[deserr(try_from(Vec<ExpertCategory>) = at_least_one::<5, _> -> FieldFault)]
    #[schema(value_type = HashSet<ExpertCategory>, min_items = 1, max_items = 5)]
    pub categories: Vec<ExpertCategory>,
    #[deserr(default)]
    #[schema(inline)]
    pub biography: Option<Prose<1, 20_000>>,
    /// Keywords of what the expert knows.
    #[deserr(default, try_from(Vec<Line<1, 50>>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<Line<1, 50>>, max_items = 20, required = false)]
    pub expertise: Vec<Line<1, 50>>,
    /// GB/T 13745-2009.
    #[deserr(default, try_from(Vec<DisciplineCode>) = distinct::<10, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<DisciplineCode>, max_items = 10, required = false)]
    pub disciplines: Vec<DisciplineCode>,
    /// GB/T 4754-2017.
    #[deserr(default, try_from(Vec<IndustryCode>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<IndustryCode>, max_items = 20, required = false)]
    pub industries: Vec<IndustryCode>,
    /// Regions served (GB/T 2260).
    #[deserr(default, try_from(Vec<RegionCode>) = distinct::<50, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<RegionCode>, max_items = 50, required = false)]
    pub regions: Vec<RegionCode>,
    #[deserr(default, try_from(Vec<ExpertService>) = distinct::<6, _> -> FieldFault)]
    #[schema(value_type = HashSet<ExpertService>, max_items = 6, required = false)]
    pub services: Vec<ExpertService>,
    /// When the expert has time, in words.
    #[deserr(default)]
    #[schema(inline)]
    pub availability: Option<Line<1, 500>>,
    #[deserr(default, try_from(Vec<LanguageCode>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<LanguageCode>, max_items = 20, required = false)]
    pub languages: Vec<LanguageCode>,
    /// Results the expert has taken part in. `GET /v1/results?contributor_id=` lists them with those that name the expert.
    #[deserr(default, try_from(Vec<String>) = ids::<200> -> FieldFault)]
    #[schema(value_type = HashSet<Uuid>, max_items = 200, required = false)]
    pub result_ids: Vec<Uuid>,
    /// Personal data: only in answers to the centre's staff and to the expert.
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    #[deserr(default = PublicationStatus::Draft)]
    #[schema(required = false)]
    pub status: PublicationStatus,
}

/// Which experts.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExpertFilter {
    #[deserr(default, try_from(Option<String>) = super::ids::optional_id -> FieldFault)]
    pub organisation_id: Option<Uuid>,
    #[deserr(default)]
    #[param(inline)]
    pub category: Option<ExpertCategory>,
    /// The discipline or any below it.
    #[deserr(default)]
    #[param(inline)]
    pub discipline: Option<DisciplineCode>,
    /// The industry or any below it.
    #[deserr(default)]
    #[param(inline)]
    pub industry: Option<IndustryCode>,
    /// Serves the region or any below it.
    #[deserr(default)]
    #[param(inline)]
    pub region: Option<RegionCode>,
    #[deserr(default)]
    #[param(inline)]
    pub service: Option<ExpertService>,
    #[deserr(default)]
    #[param(inline)]
    pub status: Option<PublicationStatus>,
}

impl Concept for Expert {
    const KIND: Kind = Kind::Expert;

    fn audience(&self) -> Audience {
        self.status.audience()
    }

    fn owners(record: &Record<Self>) -> Vec<Uuid> {
        vec![record.stamp.id]
    }

    fn conceal(&mut self) -> bool {
        self.contact.take().is_some()
    }
}
