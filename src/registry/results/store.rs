//! SQL of results.

use diesel::dsl::{AsExprOf, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use super::{ResearchResult, ResultFilter};
use crate::access::{self, Records};
use crate::database::schema::results;
use crate::identity::Caller;
use crate::registry::Kind;
use crate::registry::codes;
use crate::registry::fields::ResultStatus;
use crate::registry::record::store;

store!(ResearchResult, ResultFilter, results, narrow);

fn narrow<'a>(
    mut query: results::BoxedQuery<'a, Pg>,
    filter: &ResultFilter,
    caller: &Caller,
) -> results::BoxedQuery<'a, Pg> {
    let readable = access::readable(caller, Kind::Result);
    if readable != Records::All {
        let public = results::status.eq_any([ResultStatus::Published, ResultStatus::Transferred]);
        let own = caller.owner().filter(|_| readable.include_own());
        query = match (own, caller.partner().map(str::to_owned)) {
            (Some(_), Some(site)) => query.filter(public.or(from_partner(site))),
            (Some(own), None) => query.filter(public.or(results::holder_id.eq(own))),
            (None, _) => query.filter(public),
        };
    }
    if let Some(holder) = filter.holder_id {
        query = query.filter(results::holder_id.eq(holder));
    }
    if let Some(expert) = filter.contributor_id {
        query = query.filter(results::contributor_ids.contains(vec![expert]).or(
            sql::<Bool>("id = ANY (SELECT unnest(experts.result_ids) FROM experts WHERE experts.deleted_at IS NULL AND experts.id = ")
                .bind::<SqlUuid, _>(expert)
                .sql(")"),
        ));
    }
    if let Some(form) = filter.form {
        query = query.filter(results::form.eq(form));
    }
    if let Some(way) = filter.cooperation {
        query = query.filter(results::cooperation.contains(vec![way]));
    }
    if let Some(discipline) = &filter.discipline {
        query = query.filter(
            sql::<Bool>("EXISTS (SELECT FROM unnest(disciplines) AS item WHERE starts_with(item, ")
                .bind::<Text, _>(discipline.to_string())
                .sql("))"),
        );
    }
    if let Some(industry) = &filter.industry {
        query = query.filter(results::industries.overlaps_with(codes::industries().within(industry)));
    }
    if let Some(region) = &filter.region {
        query = query.filter(results::region.eq_any(codes::regions().within(region)));
    }
    if let Some(status) = filter.status {
        query = query.filter(results::status.eq(status));
    }
    if let Some(partner) = &filter.partner {
        query = query.filter(from_partner(partner.to_string()));
    }
    query
}

/// Is the source of a result this partner site? Null where there is none.
fn from_partner(name: String) -> UncheckedBind<SqlLiteral<Nullable<Bool>>, AsExprOf<String, Text>> {
    sql::<Nullable<Bool>>("source ->> 'partner' = ").bind::<Text, String>(name)
}
