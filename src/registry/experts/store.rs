//! SQL of experts.

use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;

use super::{Expert, ExpertFilter};
use crate::access::{self, Records};
use crate::database::schema::experts;
use crate::identity::Caller;
use crate::registry::Kind;
use crate::registry::codes;
use crate::registry::fields::PublicationStatus;
use crate::registry::record::store;

store!(Expert, ExpertFilter, experts, narrow);

fn narrow<'a>(
    mut query: experts::BoxedQuery<'a, Pg>,
    filter: &ExpertFilter,
    caller: &Caller,
) -> experts::BoxedQuery<'a, Pg> {
    let readable = access::readable(caller, Kind::Expert);
    if readable != Records::All {
        let published = experts::status.eq(PublicationStatus::Published);
        query = match caller.owner().filter(|_| readable.include_own()) {
            Some(own) => query.filter(published.or(experts::id.eq(own))),
            None => query.filter(published),
        };
    }
    if let Some(organisation) = filter.organisation_id {
        query = query.filter(experts::organisation_id.eq(organisation));
    }
    if let Some(category) = filter.category {
        query = query.filter(experts::categories.contains(vec![category]));
    }
    if let Some(discipline) = &filter.discipline {
        query = query.filter(
            sql::<Bool>("EXISTS (SELECT FROM unnest(disciplines) AS item WHERE starts_with(item, ")
                .bind::<Text, _>(discipline.to_string())
                .sql("))"),
        );
    }
    if let Some(industry) = &filter.industry {
        query = query.filter(experts::industries.overlaps_with(codes::industries().within(industry)));
    }
    if let Some(region) = &filter.region {
        query = query.filter(experts::regions.overlaps_with(codes::regions().within(region)));
    }
    if let Some(service) = filter.service {
        query = query.filter(experts::services.contains(vec![service]));
    }
    if let Some(status) = filter.status {
        query = query.filter(experts::status.eq(status));
    }
    query
}
