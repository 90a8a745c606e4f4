//! SQL of organisations.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Organisation, OrganisationFilter};
use crate::database::schema::organisations;
use crate::identity::Caller;
use crate::registry::codes;
use crate::registry::record::store;

store!(Organisation, OrganisationFilter, organisations, narrow);

fn narrow<'a>(
    mut query: organisations::BoxedQuery<'a, Pg>,
    filter: &OrganisationFilter,
    _: &Caller,
) -> organisations::BoxedQuery<'a, Pg> {
    if let Some(kind) = filter.kind {
        query = query.filter(organisations::kind.eq(kind));
    }
    if let Some(code) = filter.credit_code.clone() {
        query = query.filter(organisations::credit_code.eq(code));
    }
    if let Some(region) = &filter.region {
        query = query.filter(organisations::region.eq_any(codes::regions().within(region)));
    }
    if let Some(industry) = &filter.industry {
        query = query.filter(organisations::industry.eq_any(codes::industries().within(industry)));
    }
    if let Some(scale) = filter.scale {
        query = query.filter(organisations::scale.eq(scale));
    }
    if let Some(label) = filter.label {
        query = query.filter(organisations::labels.contains(vec![label]));
    }
    query
}
