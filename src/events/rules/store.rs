//! SQL of rules.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::database::schema::{event_rules, events};
use crate::events::inputs::{Forbidden, Required, Rules};

#[derive(Queryable)]
struct RuleRow {
    fixed: bool,
    enterprise_id: Uuid,
    expert_id: Uuid,
    slot: Option<i16>,
    table: Option<i16>,
}

/// The rules of an event, in the order in which they were given.
///
/// # Errors
/// What the database says.
pub async fn find(event: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Rules> {
    let rows: Vec<RuleRow> = event_rules::table
        .filter(event_rules::event_id.eq(event))
        .order((event_rules::fixed, event_rules::place))
        .select((
            event_rules::fixed,
            event_rules::enterprise_id,
            event_rules::expert_id,
            event_rules::slot,
            event_rules::table_number,
        ))
        .load(connection)
        .await?;
    let mut rules = Rules::default();
    for RuleRow { fixed, enterprise_id, expert_id, slot, table } in rows {
        match slot.filter(|_| fixed) {
            Some(slot) => rules.fixed.push(Required { enterprise_id, expert_id, slot, table }),
            None => rules.forbidden.push(Forbidden { enterprise_id, expert_id, slot }),
        }
    }
    Ok(rules)
}

/// Changes the version of an event of whose rules others are put in place; false if it is of another by now.
///
/// # Errors
/// What the database says.
pub async fn begin(event: Uuid, version: i64, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let same = events::table.find(event).filter(events::version.eq(version));
    let further = (events::version.eq(events::version + 1), events::revision.eq(events::revision + 1));
    if diesel::update(same).set(further).execute(connection).await? == 0 {
        return Ok(false);
    }
    let before = event_rules::table.filter(event_rules::event_id.eq(event));
    diesel::delete(before).execute(connection).await.map(|_| true)
}

/// Keeps who must not meet.
///
/// # Errors
/// What the database says: a foreign key violation if somebody takes no part on that side.
pub async fn forbid(event: Uuid, rules: &[Forbidden], connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let row = |(place, rule): (i16, &Forbidden)| {
        (
            event_rules::event_id.eq(event),
            event_rules::place.eq(place),
            event_rules::fixed.eq(false),
            event_rules::enterprise_id.eq(rule.enterprise_id),
            event_rules::expert_id.eq(rule.expert_id),
            event_rules::slot.eq(rule.slot),
        )
    };
    let rows: Vec<_> = (0_i16..).zip(rules).map(row).collect();
    diesel::insert_into(event_rules::table).values(rows).execute(connection).await.map(drop)
}

/// Keeps who must meet.
///
/// # Errors
/// As [`forbid`].
pub async fn fix(event: Uuid, rules: &[Required], connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let row = |(place, rule): (i16, &Required)| {
        (
            event_rules::event_id.eq(event),
            event_rules::place.eq(place),
            event_rules::fixed.eq(true),
            event_rules::enterprise_id.eq(rule.enterprise_id),
            event_rules::expert_id.eq(rule.expert_id),
            event_rules::slot.eq(rule.slot),
            event_rules::table_number.eq(rule.table),
        )
    };
    let rows: Vec<_> = (0_i16..).zip(rules).map(row).collect();
    diesel::insert_into(event_rules::table).values(rows).execute(connection).await.map(drop)
}
