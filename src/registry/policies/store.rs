//! SQL of policies.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Policy, PolicyFilter};
use crate::access::{self, Records};
use crate::database::schema::policies;
use crate::identity::Caller;
use crate::registry::Kind;
use crate::registry::fields::PublicationStatus;
use crate::registry::record::store;

store!(Policy, PolicyFilter, policies, narrow);

fn narrow<'a>(
    mut query: policies::BoxedQuery<'a, Pg>,
    filter: &PolicyFilter,
    caller: &Caller,
) -> policies::BoxedQuery<'a, Pg> {
    if access::readable(caller, Kind::Policy) != Records::All {
        query = query.filter(policies::status.eq(PublicationStatus::Published));
    }
    if let Some(level) = filter.level {
        query = query.filter(policies::level.eq(level));
    }
    if let Some(number) = filter.document_number.clone() {
        query = query.filter(policies::document_number.eq(number));
    }
    if let Some(topic) = filter.topic.clone() {
        query = query.filter(policies::topics.contains(vec![topic]));
    }
    if let Some(status) = filter.status {
        query = query.filter(policies::status.eq(status));
    }
    query
}
