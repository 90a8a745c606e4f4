//! Organisations (单位): universities, institutes, enterprises, agencies and government bodies.
//!
//! Anyone may read them, but for how they are reached; the centre's staff write them, and an enterprise itself.

mod store;

use deserr::Deserr;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::fields::{
    Contact, CreditCode, IndustryCode, Line, OrganisationKind, OrganisationLabel, Prose, RegionCode, Scale, distinct,
};
use super::record::{Concept, Kind, Record};
use crate::access::Audience;
use crate::database::schema::organisations;
use crate::problem::{Faults, FieldFault};

/// An organisation (单位).
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, Deserialize, Deserr, ToSchema)]
#[diesel(table_name = organisations, treat_none_as_null = true)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "name": "南皮恒锐五金制品有限公司（示例）", "kind": "enterprise", "credit_code": "91350100M000100Y43", "region": "130927",
    "industry": "C3311", "scale": "small", "labels": ["sme_tech"], "main_products": ["精密冲压件"],
    "profile": "生产五金冲压件，有冲床四十余台。", "contact": {"person": "赵立新（示例）", "phone": "0317-0000101"}
}))]
pub struct Organisation {
    #[schema(inline)]
    pub name: Line<2, 200>,
    pub kind: OrganisationKind,
    /// Unified social credit code (GB 32100-2015); no two organisations share one.
    #[deserr(default)]
    #[schema(inline)]
    pub credit_code: Option<CreditCode>,
    /// Where it is (GB/T 2260).
    #[deserr(default)]
    #[schema(inline)]
    pub region: Option<RegionCode>,
    /// What it does (GB/T 4754-2017).
    #[deserr(default)]
    #[schema(inline)]
    pub industry: Option<IndustryCode>,
    #[deserr(default)]
    pub scale: Option<Scale>,
    #[deserr(default, try_from(Vec<OrganisationLabel>) = distinct::<6, _> -> FieldFault)]
    #[schema(value_type = HashSet<OrganisationLabel>, max_items = 6, required = false)]
    pub labels: Vec<OrganisationLabel>,
    #[deserr(default, try_from(Vec<Line<1, 100>>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<Line<1, 100>>, max_items = 20, required = false)]
    pub main_products: Vec<Line<1, 100>>,
    #[deserr(default)]
    #[schema(inline)]
    pub profile: Option<Prose<1, 5000>>,
    /// Personal data: only in answers to the centre's staff and to the organisation itself.
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

/// Which organisations.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrganisationFilter {
    #[deserr(default)]
    #[param(inline)]
    pub kind: Option<OrganisationKind>,
    #[deserr(default)]
    #[param(inline)]
    pub credit_code: Option<CreditCode>,
    /// The region or any below it.
    #[deserr(default)]
    #[param(inline)]
    pub region: Option<RegionCode>,
    /// The industry or any below it.
    #[deserr(default)]
    #[param(inline)]
    pub industry: Option<IndustryCode>,
    #[deserr(default)]
    #[param(inline)]
    pub scale: Option<Scale>,
    #[deserr(default)]
    #[param(inline)]
    pub label: Option<OrganisationLabel>,
}

impl Concept for Organisation {
    const KIND: Kind = Kind::Organisation;

    fn audience(&self) -> Audience {
        Audience::PUBLIC
    }

    fn owners(record: &Record<Self>) -> Vec<Uuid> {
        vec![record.stamp.id]
    }

    fn conceal(&mut self) -> bool {
        self.contact.take().is_some()
    }
}
