//! SQL of demands.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Demand, DemandFilter};
use crate::access::{self, Audience, Records};
use crate::database::schema::demands;
use crate::identity::Caller;
use crate::registry::Kind;
use crate::registry::codes;
use crate::registry::fields::ConfidentialityLevel;
use crate::registry::record::store;

store!(Demand, DemandFilter, demands, narrow);

fn narrow<'a>(
    mut query: demands::BoxedQuery<'a, Pg>,
    filter: &DemandFilter,
    caller: &Caller,
) -> demands::BoxedQuery<'a, Pg> {
    let readable = access::readable(caller, Kind::Demand);
    if readable != Records::All {
        let mut levels = vec![ConfidentialityLevel::Public];
        if readable.audience() >= Some(Audience::MEMBERS) {
            levels.push(ConfidentialityLevel::Members);
        }
        let open_to = demands::confidentiality.eq_any(levels);
        query = match caller.owner().filter(|_| readable.include_own()) {
            Some(own) => query.filter(open_to.or(demands::enterprise_id.eq(own))),
            None => query.filter(open_to),
        };
    }
    if let Some(enterprise) = filter.enterprise_id {
        query = query.filter(demands::enterprise_id.eq(enterprise));
    }
    if let Some(industry) = &filter.industry {
        query = query.filter(demands::industries.overlaps_with(codes::industries().within(industry)));
    }
    if let Some(way) = filter.cooperation {
        query = query.filter(demands::cooperation.contains(vec![way]));
    }
    if let Some(wanted) = filter.wanted {
        query = query.filter(demands::wanted.contains(vec![wanted]));
    }
    if let Some(level) = filter.confidentiality {
        query = query.filter(demands::confidentiality.eq(level));
    }
    if let Some(status) = filter.status {
        query = query.filter(demands::status.eq(status));
    }
    query
}
