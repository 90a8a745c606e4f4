//! SQL of alerts: how far they have come, what was found, and whom it is told.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::query_dsl::methods::FilterDsl;
use diesel::upsert::excluded;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{Pair, SIDES};
use crate::access;
use crate::database::schema::{alerts, notifications};
use crate::identity::Role;
use crate::identity::accounts::{Person, people_of};
use crate::matching::changes::Place;
use crate::matching::{Audience, Change, Document, documents};
use crate::registry::Kind;

/// Rows of a statement: it has room for 65 535 values.
const ROWS: usize = 10_000;

/// Begins where the database stands, if alerts never began in it: nobody is told of what was there before. So it does
/// where the position lies ahead, which is that of another cluster that the database was moved from.
///
/// # Errors
/// What the database says.
pub async fn begin(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let begin = "INSERT INTO alert_position (xid, seq) VALUES (pg_snapshot_xmin(pg_current_snapshot()), -1)
                 ON CONFLICT (single) DO UPDATE SET xid = excluded.xid, seq = excluded.seq
                 WHERE alert_position.xid > excluded.xid";
    diesel::sql_query(begin).execute(connection).await.map(drop)
}

/// How far alerts have come.
///
/// # Errors
/// What the database says.
pub async fn place(connection: &mut AsyncPgConnection) -> QueryResult<Place> {
    diesel::sql_query("SELECT xid::text::bigint AS xid, seq FROM alert_position").get_result(connection).await
}

/// Goes on to a place; false if another process did meanwhile.
async fn advance(from: Place, to: Place, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let advance = "UPDATE alert_position SET xid = $3::text::xid8, seq = $4 WHERE xid = $1::text::xid8 AND seq = $2";
    Ok(from.moved(to, advance).execute(connection).await? == 1)
}

/// Tells the people concerned of pairs that were not told before, and goes on to a place: both or neither.
///
/// # Errors
/// What the database says.
pub async fn tell(from: Place, to: Place, pairs: Vec<Pair>, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    connection
        .transaction(async |connection| {
            // What only reads goes first: who writes holds back the horizon of every index.
            let sides = sides(&pairs, connection).await?;
            let owners: Vec<Uuid> = sides.values().flat_map(|side| side.owners.iter().copied()).collect();
            let people = if sides.is_empty() { Vec::new() } else { people_of(&owners, connection).await? };
            if !advance(from, to, connection).await? {
                return Ok(());
            }
            let mut told = Vec::new();
            for (alert, demand, record) in keep(pairs, &sides, connection).await? {
                let (Some(demand), Some(record)) = (sides.get(&demand), sides.get(&record)) else { continue };
                let concerned = people.iter().filter(|person| demand.concerns(person) || record.concerns(person));
                let may = concerned.filter(|person| demand.is_for(person) && record.is_for(person));
                told.extend(may.map(|person| (person.id, alert)));
            }
            notify(&told, connection).await
        })
        .await
}

/// One side of a pair, as the database has it now.
struct Side {
    kind: Kind,
    audience: Audience,
    owners: Vec<Uuid>,
}

impl Side {
    /// It is the person's own, or the person is of the centre.
    fn concerns(&self, person: &Person) -> bool {
        matches!(person.role, Role::Admin | Role::Staff)
            || person.owner.is_some_and(|owner| self.owners.contains(&owner))
    }

    /// The person may read it.
    fn is_for(&self, person: &Person) -> bool {
        let readable = access::readable_in(person.role, self.kind);
        readable.is_some_and(|records| records.cover(self.audience, &self.owners, person.owner))
    }
}

/// The sides of pairs that ask or are offered still: the index may lag behind.
async fn sides(pairs: &[Pair], connection: &mut AsyncPgConnection) -> QueryResult<HashMap<Uuid, Side>> {
    let mut sides = HashMap::new();
    for kind in SIDES {
        let of_kind = pairs.iter().filter_map(|pair| match kind {
            Kind::Demand => Some(pair.demand),
            _ => (pair.kind == kind).then_some(pair.record),
        });
        let mut ids: Vec<Uuid> = of_kind.collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            continue;
        }
        for change in documents::load(kind, &ids, None, connection).await?.changes {
            if let Change::Put(document) = change
                && document.is_open()
            {
                let Document { id, audience, owners, .. } = *document;
                sides.insert(id, Side { kind, audience, owners });
            }
        }
    }
    Ok(sides)
}

/// Keeps those pairs that are new, and those that were told when not all concerned might read both sides: each with its
/// demand and its record. The best comes last, so that it stands first among what is newest.
async fn keep(
    mut pairs: Vec<Pair>,
    sides: &HashMap<Uuid, Side>,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<(Uuid, Uuid, Uuid)>> {
    pairs.sort_by(|a, b| a.score.total_cmp(&b.score).then_with(|| (b.demand, b.record).cmp(&(a.demand, a.record))));
    let rows = pairs.iter().filter_map(|pair| {
        let (demand, record) = (sides.get(&pair.demand)?, sides.get(&pair.record)?);
        Some((
            alerts::id.eq(Uuid::now_v7()),
            alerts::demand_id.eq(pair.demand),
            alerts::result_id.eq((pair.kind == Kind::Result).then_some(pair.record)),
            alerts::expert_id.eq((pair.kind == Kind::Expert).then_some(pair.record)),
            alerts::score.eq(pair.score),
            alerts::open.eq(demand.audience.max(record.audience) <= Audience::MEMBERS),
        ))
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    diesel::insert_into(alerts::table)
        .values(rows)
        .on_conflict((alerts::demand_id, alerts::record_id))
        .do_update()
        .set((alerts::score.eq(excluded(alerts::score)), alerts::open.eq(excluded(alerts::open))))
        .filter(excluded(alerts::open).and(alerts::open.eq(false)))
        .returning((alerts::id, alerts::demand_id, alerts::record_id))
        .load(connection)
        .await
}

/// Tells people of alerts, each but of those that they know of.
async fn notify(told: &[(Uuid, Uuid)], connection: &mut AsyncPgConnection) -> QueryResult<()> {
    for some in told.chunks(ROWS) {
        let row = |(person, alert): &(Uuid, Uuid)| {
            (
                notifications::id.eq(Uuid::now_v7()),
                notifications::user_id.eq(*person),
                notifications::alert_id.eq(*alert),
            )
        };
        let rows: Vec<_> = some.iter().map(row).collect();
        let insert = diesel::insert_into(notifications::table).values(rows);
        let insert = insert.on_conflict((notifications::user_id, notifications::alert_id)).do_nothing();
        insert.execute(connection).await?;
    }
    Ok(())
}
