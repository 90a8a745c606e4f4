//! SQL of clauses as they are read, and as staff confirm whom they are for.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::keeping::{Named, failed, keep_audiences};
use super::view::{Clause, ClauseAudience, ConfirmedAudience};
use crate::database::schema::{policy_audiences, policy_clauses, policy_readings};
use crate::policies::reading::RULES;
use crate::registry::Record;
use crate::registry::policies::Policy;

/// Was this version of a policy read by the rules as they are?
///
/// # Errors
/// What the database says.
pub async fn is_read(policy: &Record<Policy>, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let reading = policy_readings::table.find(policy.stamp.id);
    let read: Option<(i64, i32)> =
        reading.select((policy_readings::version, policy_readings::rules)).first(connection).await.optional()?;
    Ok(read == Some((policy.stamp.version, RULES)))
}

/// A clause as it is kept.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = policy_clauses)]
pub struct ClauseRow {
    pub id: Uuid,
    pub policy_id: Uuid,
    pub place: i16,
    pub parent: Option<i16>,
    pub depth: i16,
    pub leaf: bool,
    pub kind: String,
    pub number: Option<String>,
    pub heading: Option<String>,
    pub text: String,
    pub start_at: i32,
    pub end_at: i32,
    pub departments: Value,
    pub doubt: Option<String>,
    pub digest: Vec<u8>,
    pub version: i64,
    pub topics: Vec<String>,
    pub reasons: Value,
}

impl Clause {
    fn of((row, named): (ClauseRow, Named)) -> serde_json::Result<Self> {
        let confirmed = row.version > 1;
        let doubt = row.doubt.filter(|_| !confirmed).map(|doubt| serde_json::from_value(Value::String(doubt)));
        let Named { labels, scales, industries, regions } = named;
        let (topics, reasons) = (row.topics, serde_json::from_value(row.reasons)?);
        Ok(Self {
            id: row.id,
            policy_id: row.policy_id,
            version: row.version,
            place: row.place,
            parent: row.parent,
            depth: row.depth,
            leaf: row.leaf,
            kind: serde_json::from_value(Value::String(row.kind))?,
            number: row.number,
            heading: row.heading,
            text: row.text,
            start: row.start_at,
            end: row.end_at,
            departments: serde_json::from_value(row.departments)?,
            doubt: doubt.transpose()?,
            audience: ClauseAudience { labels, scales, industries, regions, topics, confirmed, reasons },
        })
    }
}

/// One page of the clauses of a policy, in their order; those that a person should look at, if only they are wanted.
///
/// # Errors
/// What the database says.
pub async fn page(
    policy: Uuid,
    (after, limit): (Option<i16>, i64),
    doubtful: Option<bool>,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Clause>> {
    use policy_clauses as columns;
    let mut query =
        columns::table.inner_join(policy_audiences::table).filter(columns::policy_id.eq(policy)).into_boxed();
    if let Some(after) = after {
        query = query.filter(columns::place.gt(after));
    }
    let open = columns::doubt.is_not_null().and(columns::version.eq(1));
    match doubtful {
        Some(true) => query = query.filter(open),
        Some(false) => query = query.filter(diesel::dsl::not(open)),
        None => {}
    }
    let rows: Vec<(ClauseRow, Named)> = query
        .order(columns::place)
        .limit(limit)
        .select((ClauseRow::as_select(), Named::as_select()))
        .load(connection)
        .await?;
    rows.into_iter().map(Clause::of).collect::<Result<_, _>>().map_err(failed)
}

/// A clause of a policy.
///
/// # Errors
/// What the database says.
pub async fn find(policy: Uuid, id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<Clause>> {
    let one = policy_clauses::table.inner_join(policy_audiences::table).filter(policy_clauses::id.eq(id));
    let row: Option<(ClauseRow, Named)> = one
        .filter(policy_clauses::policy_id.eq(policy))
        .select((ClauseRow::as_select(), Named::as_select()))
        .first(connection)
        .await
        .optional()?;
    row.map(Clause::of).transpose().map_err(failed)
}

const CONFIRM: &str = "
    WITH clause AS (
        SELECT digest FROM policy_clauses WHERE policy_id = $1 AND id = $2 AND version = $3
    ), whom AS (
        SELECT audience.id FROM policy_audiences audience
        JOIN jsonb_to_recordset($4::jsonb) AS said (labels text[], scales text[], industries text[], regions text[])
            USING (labels, scales, industries, regions)
        WHERE audience.within IS NOT DISTINCT FROM $5
    ), kept AS (
        INSERT INTO policy_confirmations (policy_id, digest, version, audience_id, topics, confirmed_by)
        SELECT $1, digest, $3 + 1, whom.id, ARRAY(SELECT jsonb_array_elements_text($6::jsonb)), $7 FROM clause, whom
        RETURNING digest, version, audience_id, topics
    )
    UPDATE policy_clauses SET version = kept.version, audience_id = kept.audience_id, topics = kept.topics
    FROM kept WHERE policy_clauses.policy_id = $1 AND policy_clauses.digest = kept.digest";

/// Keeps what somebody says of whom a clause is for, from a version; false if it is of another by now. Where the same words
/// stand twice in the policy, it holds for both.
///
/// # Errors
/// What the database says.
pub async fn confirm(
    (clause, version): (&Clause, i64),
    said: &ConfirmedAudience,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<bool> {
    // Whoever writes the policy waits, or confirms another clause of it, or we do.
    let hold = "SELECT FROM policies WHERE id = $1 FOR NO KEY UPDATE";
    diesel::sql_query(hold).bind::<SqlUuid, _>(clause.policy_id).execute(connection).await?;
    let reading = policy_readings::table.find(clause.policy_id).select(policy_readings::region);
    let region: Option<String> = reading.first(connection).await?;
    let sorted = |mut words: Vec<String>| {
        words.sort_unstable();
        words
    };
    let named = Named {
        labels: sorted(said.labels.iter().map(|label| label.as_str().to_owned()).collect()),
        scales: sorted(said.scales.iter().map(|scale| scale.as_str().to_owned()).collect()),
        industries: sorted(said.industries.iter().map(ToString::to_string).collect()),
        regions: sorted(said.regions.iter().map(ToString::to_string).collect()),
    };
    let rows = serde_json::to_string(&[named]).map_err(failed)?;
    let topics = serde_json::to_string(&said.topics).map_err(failed)?;
    keep_audiences(&rows, region.as_deref(), connection).await?;
    let confirmed = diesel::sql_query(CONFIRM)
        .bind::<SqlUuid, _>(clause.policy_id)
        .bind::<SqlUuid, _>(clause.id)
        .bind::<BigInt, _>(version)
        .bind::<Text, _>(rows)
        .bind::<Nullable<Text>, _>(region)
        .bind::<Text, _>(topics)
        .bind::<SqlUuid, _>(by)
        .execute(connection)
        .await?;
    Ok(confirmed > 0)
}
