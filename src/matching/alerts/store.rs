//! SQL of alerts: how far they have come, what was found, and whom it is told.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Float, Nullable, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{Found, Pair, SIDES, Side};
use crate::access;
use crate::identity::Role;
use crate::identity::accounts::{Person, people_of};
use crate::matching::Audience;
use crate::matching::changes::Place;
use crate::registry::Kind;

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
pub async fn tell(from: Place, to: Place, found: Found, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    connection
        .transaction(async |connection| {
            // What only reads goes first: who writes holds back the horizon of every index.
            let Found { pairs, sides } = found;
            let sides = unchanged(sides, connection).await?;
            let owners: Vec<Uuid> = sides.values().flat_map(|side| side.owners.iter().copied()).collect();
            let people = if sides.is_empty() { Vec::new() } else { people_of(&owners, connection).await? };
            if !advance(from, to, connection).await? {
                return Ok(());
            }
            let mut told = Vec::new();
            for (alert, demand, record) in keep(pairs.into_values().collect(), &sides, connection).await? {
                let (Some(demand), Some(record)) = (sides.get(&demand), sides.get(&record)) else { continue };
                let concerned = people.iter().filter(|person| demand.concerns(person) || record.concerns(person));
                let may = concerned.filter(|person| demand.is_for(person) && record.is_for(person));
                told.extend(may.map(|person| (person.id, alert)));
            }
            notify(&told, connection).await
        })
        .await
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

/// Those sides that are in the database as they were matched. Others changed meanwhile, and are matched again when that is
/// come to.
async fn unchanged(
    mut sides: HashMap<Uuid, Side>,
    connection: &mut AsyncPgConnection,
) -> QueryResult<HashMap<Uuid, Side>> {
    let mut same = HashMap::with_capacity(sides.len());
    for kind in SIDES {
        let of_kind = sides.values().filter(|side| side.kind == kind).map(|side| (side.id, side.version));
        let (ids, versions): (Vec<Uuid>, Vec<i64>) = of_kind.unzip();
        if ids.is_empty() {
            continue;
        }
        let table = kind.plural();
        let there = format!("SELECT id FROM {table} JOIN unnest($1, $2) AS matched (id, version) USING (id, version)");
        let there = diesel::sql_query(there).bind::<Array<SqlUuid>, _>(ids).bind::<Array<BigInt>, _>(versions);
        let there: Vec<There> = there.load(connection).await?;
        same.extend(there.into_iter().filter_map(|There { id }| sides.remove_entry(&id)));
    }
    Ok(same)
}

#[derive(QueryableByName)]
struct There {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Keeps those pairs that are new, and those that were told when not all concerned might read both sides: each with its
/// demand and its record. The best comes last, so that it stands first among what is newest.
async fn keep(
    mut pairs: Vec<Pair>,
    sides: &HashMap<Uuid, Side>,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<(Uuid, Uuid, Uuid)>> {
    pairs.sort_by(|a, b| a.score.total_cmp(&b.score).then_with(|| (b.demand, b.record).cmp(&(a.demand, a.record))));
    let mut rows = Rows::default();
    for pair in &pairs {
        if let (Some(demand), Some(record)) = (sides.get(&pair.demand), sides.get(&pair.record)) {
            rows.push(pair, demand.audience.max(record.audience) <= Audience::MEMBERS);
        }
    }
    if rows.ids.is_empty() {
        return Ok(Vec::new());
    }
    // Lists are read sooner than so many rows of values.
    let keep = "INSERT INTO alerts (id, demand_id, result_id, expert_id, score, open)
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6)
                ON CONFLICT (demand_id, record_id) DO UPDATE SET score = excluded.score, open = excluded.open
                WHERE excluded.open AND NOT alerts.open
                RETURNING id, demand_id, record_id";
    let kept = diesel::sql_query(keep)
        .bind::<Array<SqlUuid>, _>(rows.ids)
        .bind::<Array<SqlUuid>, _>(rows.demands)
        .bind::<Array<Nullable<SqlUuid>>, _>(rows.results)
        .bind::<Array<Nullable<SqlUuid>>, _>(rows.experts)
        .bind::<Array<Float>, _>(rows.scores)
        .bind::<Array<Bool>, _>(rows.open);
    let kept: Vec<Kept> = kept.load(connection).await?;
    Ok(kept.into_iter().map(|kept| (kept.id, kept.demand_id, kept.record_id)).collect())
}

/// Rows of pairs, by column.
#[derive(Default)]
struct Rows {
    ids: Vec<Uuid>,
    demands: Vec<Uuid>,
    results: Vec<Option<Uuid>>,
    experts: Vec<Option<Uuid>>,
    scores: Vec<f32>,
    open: Vec<bool>,
}

impl Rows {
    fn push(&mut self, pair: &Pair, open: bool) {
        self.ids.push(Uuid::now_v7());
        self.demands.push(pair.demand);
        self.results.push((pair.kind == Kind::Result).then_some(pair.record));
        self.experts.push((pair.kind == Kind::Expert).then_some(pair.record));
        self.scores.push(pair.score);
        self.open.push(open);
    }
}

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    demand_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    record_id: Uuid,
}

/// Tells people of alerts, each but of those that they know of.
async fn notify(told: &[(Uuid, Uuid)], connection: &mut AsyncPgConnection) -> QueryResult<()> {
    if told.is_empty() {
        return Ok(());
    }
    let (people, alerts): (Vec<Uuid>, Vec<Uuid>) = told.iter().copied().unzip();
    let ids: Vec<Uuid> = told.iter().map(|_| Uuid::now_v7()).collect();
    diesel::sql_query(
        "INSERT INTO notifications (id, user_id, alert_id) SELECT * FROM unnest($1, $2, $3)
         ON CONFLICT (user_id, alert_id) DO NOTHING",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<SqlUuid>, _>(people)
    .bind::<Array<SqlUuid>, _>(alerts)
    .execute(connection)
    .await
    .map(drop)
}
