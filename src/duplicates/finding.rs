//! SQL of finding: how far it has come, what records are found by, and the pairs that were found.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Jsonb, Text, Uuid as Id};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use super::compare::{PairReason, Traits, nearness, numbers};
use super::{DuplicateKind, DuplicateState};
use crate::database::schema::{duplicates, experts, organisations, results};
use crate::matching::changes::Place;
use crate::registry::results::IntellectualPropertyItems;

/// Records with the same key that are looked at, the newest first: a name that many share tells little.
const ALIKE: i32 = 50;

/// Two records that may be the same, the one with the lesser id first.
#[derive(Debug)]
pub struct Found {
    pub kind: DuplicateKind,
    pub pair: (Uuid, Uuid),
    pub reasons: Vec<PairReason>,
}

/// An open pair.
#[derive(Clone, Debug)]
pub struct OpenPair {
    pub id: Uuid,
    pub pair: (Uuid, Uuid),
    /// A person reported it: it stays open, whatever the service thinks.
    pub is_reported: bool,
}

#[derive(QueryableByName)]
struct Alike {
    #[diesel(sql_type = Id)]
    one: Uuid,
    #[diesel(sql_type = Id)]
    other: Uuid,
}

/// How far finding has come. A place that lies ahead is that of another cluster that the database was moved from: there all
/// is looked at again.
///
/// # Errors
/// What the database says.
pub async fn place(connection: &mut AsyncPgConnection) -> QueryResult<Place> {
    let place = "SELECT CASE WHEN ahead THEN 0 ELSE xid::text::bigint END AS xid, CASE WHEN ahead THEN -1 ELSE seq END AS seq
                 FROM (SELECT xid, seq, xid > pg_snapshot_xmin(pg_current_snapshot()) AS ahead FROM duplicate_position) AS place";
    diesel::sql_query(place).get_result(connection).await
}

/// Has records be found by these keys and by no others.
///
/// # Errors
/// What the database says.
pub async fn keep_keys(
    kind: DuplicateKind,
    ids: &[Uuid],
    keys: &[(Uuid, String)],
    connection: &mut AsyncPgConnection,
) -> QueryResult<()> {
    let keep = "WITH wanted AS (SELECT DISTINCT record_id, key FROM unnest($2, $3) AS wanted (record_id, key)),
                gone AS (DELETE FROM duplicate_keys WHERE record_id = ANY ($1)
                         AND (record_id, key) NOT IN (SELECT record_id, key FROM wanted))
                INSERT INTO duplicate_keys (record_id, kind, key) SELECT record_id, $4, key FROM wanted
                ON CONFLICT DO NOTHING";
    let (of, keys): (Vec<Uuid>, Vec<&str>) = keys.iter().map(|(id, key)| (*id, key.as_str())).unzip();
    let keep = diesel::sql_query(keep).bind::<Array<Id>, _>(ids).bind::<Array<Id>, _>(of);
    keep.bind::<Array<Text>, _>(keys).bind::<Text, _>(kind.as_str()).execute(connection).await.map(drop)
}

/// What records of a kind are compared by, deleted or not, in no order: a change may have hundreds that it may be the same
/// as, and of their texts only what is compared is read.
///
/// # Errors
/// What the database says.
pub async fn traits_of(
    kind: DuplicateKind,
    ids: &[Uuid],
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Traits>> {
    type Stamped = (Uuid, Option<DateTime<Utc>>, String);
    let named = |(id, deleted_at, title): Stamped| Traits::named(id, deleted_at, &title);
    Ok(match kind {
        DuplicateKind::Result => {
            use results::{deleted_at, holder_id, id, intellectual_property, title};
            let rows = results::table.filter(id.eq_any(ids));
            let rows = rows.select(((id, deleted_at, title), holder_id, intellectual_property));
            let rows: Vec<(Stamped, Uuid, IntellectualPropertyItems)> = rows.load(connection).await?;
            rows.into_iter().map(|(row, holder, property)| named(row).of_result(holder, &property)).collect()
        }
        DuplicateKind::Expert => {
            use experts::{deleted_at, id, name, organisation_id, result_ids};
            let rows = experts::table.filter(id.eq_any(ids));
            let rows = rows.select(((id, deleted_at, name), organisation_id, result_ids));
            let rows: Vec<(Stamped, Uuid, Vec<Uuid>)> = rows.load(connection).await?;
            rows.into_iter().map(|(row, organisation, results)| named(row).of_expert(organisation, &results)).collect()
        }
        DuplicateKind::Organisation => {
            use organisations::{deleted_at, id, name};
            let rows = organisations::table.filter(id.eq_any(ids)).select((id, deleted_at, name));
            let rows: Vec<Stamped> = rows.load(connection).await?;
            rows.into_iter().map(named).collect()
        }
    })
}

/// Records that have a key with one of these in common, each pair as it was found.
///
/// # Errors
/// What the database says.
pub async fn alike(ids: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<Vec<(Uuid, Uuid)>> {
    let alike = format!(
        "SELECT DISTINCT mine.record_id AS one, theirs.record_id AS other FROM duplicate_keys AS mine
         CROSS JOIN LATERAL (SELECT record_id FROM duplicate_keys AS same
                             WHERE same.kind = mine.kind AND same.key = mine.key AND same.record_id <> mine.record_id
                             ORDER BY same.record_id DESC LIMIT {ALIKE}) AS theirs
         WHERE mine.record_id = ANY ($1)"
    );
    let found: Vec<Alike> = diesel::sql_query(alike).bind::<Array<Id>, _>(ids).load(connection).await?;
    Ok(found.into_iter().map(|found| (found.one, found.other)).collect())
}

/// The open pairs that these records are in.
///
/// # Errors
/// What the database says.
pub async fn open_pairs(ids: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<Vec<OpenPair>> {
    let open = duplicates::table.filter(duplicates::state.eq(DuplicateState::Open));
    let of = open.filter(duplicates::one_id.eq_any(ids).or(duplicates::other_id.eq_any(ids)));
    let columns = (duplicates::id, duplicates::one_id, duplicates::other_id, duplicates::reported_by);
    let rows: Vec<(Uuid, Uuid, Uuid, Option<Uuid>)> = of.select(columns).load(connection).await?;
    let open =
        |(id, one, other, by): (_, _, _, Option<Uuid>)| OpenPair { id, pair: (one, other), is_reported: by.is_some() };
    Ok(rows.into_iter().map(open).collect())
}

/// Keeps what was found, resolves pairs that are alike no more, and goes on to a place: all or nothing, and nothing if
/// another process went on meanwhile.
///
/// # Errors
/// What the database says.
pub async fn keep(
    (from, to): (Place, Place),
    found: &[Found],
    resolved: &[Uuid],
    connection: &mut AsyncPgConnection,
) -> QueryResult<()> {
    let rows = Value::Array(found.iter().map(row).collect());
    connection
        .transaction(async |connection| {
            let advance = "UPDATE duplicate_position SET xid = $3::text::xid8, seq = $4
                           WHERE (xid, seq) = ($1::text::xid8, $2) OR xid > pg_snapshot_xmin(pg_current_snapshot())";
            if from.moved(to, advance).execute(connection).await? == 0 {
                return Ok(());
            }
            if !found.is_empty() {
                diesel::sql_query(KEEP).bind::<Jsonb, _>(rows).execute(connection).await?;
            }
            resolve(resolved, connection).await
        })
        .await
}

/// New pairs, and known ones whose reasons changed. What was resolved is open again; what was dismissed only if both have
/// one more number in common. What a person reported stays a reason.
const KEEP: &str = r#"
    INSERT INTO duplicates AS known (id, kind, one_id, other_id, reasons, numbers, nearness)
    SELECT uuid_v7(), kind, one_id, other_id, reasons, ARRAY(SELECT jsonb_array_elements_text(numbers)), nearness
    FROM jsonb_to_recordset($1) AS found (kind text, one_id uuid, other_id uuid, reasons jsonb, numbers jsonb, nearness float8)
    ON CONFLICT (one_id, other_id) DO UPDATE
    SET version = known.version + 1, state = 'open', numbers = excluded.numbers, nearness = excluded.nearness,
        reasons = excluded.reasons || jsonb_path_query_array(known.reasons, '$[*] ? (@.reason == "reported")')
    WHERE CASE known.state
        WHEN 'open' THEN known.reasons
            <> excluded.reasons || jsonb_path_query_array(known.reasons, '$[*] ? (@.reason == "reported")')
        WHEN 'resolved' THEN true
        WHEN 'dismissed' THEN NOT excluded.numbers <@ known.numbers
        ELSE false END"#;

fn row(found: &Found) -> Value {
    let (one, other) = found.pair;
    json!({
        "kind": found.kind, "one_id": one, "other_id": other, "reasons": found.reasons,
        "numbers": numbers(&found.reasons), "nearness": nearness(&found.reasons),
    })
}

async fn resolve(ids: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let open = duplicates::table.filter(duplicates::id.eq_any(ids)).filter(duplicates::state.eq(DuplicateState::Open));
    let resolved = (duplicates::version.eq(duplicates::version + 1), duplicates::state.eq(DuplicateState::Resolved));
    diesel::update(open).set(resolved).execute(connection).await.map(drop)
}

/// Pairs with the lesser id first, each once.
#[must_use]
pub fn in_order(pairs: impl IntoIterator<Item = (Uuid, Uuid)>) -> Vec<(Uuid, Uuid)> {
    let ordered = pairs.into_iter().map(|(one, other)| (one.min(other), one.max(other)));
    let mut ordered: Vec<_> = ordered.filter(|(one, other)| one != other).collect();
    ordered.sort_unstable();
    ordered.dedup();
    ordered
}

/// The names of the organisations that records are of.
///
/// # Errors
/// What the database says.
pub async fn names_of(
    organisations: impl Iterator<Item = Uuid>,
    connection: &mut AsyncPgConnection,
) -> QueryResult<HashMap<Uuid, String>> {
    let mut ids: Vec<Uuid> = organisations.collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() { Ok(HashMap::new()) } else { crate::teams::store::names(&ids, connection).await }
}
