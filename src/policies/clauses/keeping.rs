//! Keeps what was read of a policy as a whole, in the transaction that wrote it; what staff confirmed holds as long as the words
//! do.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::database::schema::{policy_audiences, policy_clauses, policy_confirmations};
use crate::policies::audience::{Audience, Reason};
use crate::policies::cutting::{Departments, Doubt, Piece, PieceKind};
use crate::policies::reading::{RULES, Reading, is_for_firms};
use crate::registry::Record;
use crate::registry::fields::PublicationStatus;
use crate::registry::policies::Policy;

/// A row as it is sent: its JSON has the names of the columns.
#[derive(Serialize)]
struct Row<'r> {
    id: Uuid,
    place: usize,
    parent: Option<usize>,
    depth: usize,
    leaf: bool,
    kind: PieceKind,
    number: Option<&'r str>,
    heading: Option<&'r str>,
    text: &'r str,
    start_at: usize,
    end_at: usize,
    departments: &'r [Departments],
    doubt: Option<Doubt>,
    /// As the database reads bytes.
    digest: String,
    version: i64,
    #[serde(flatten)]
    audience: Named,
    topics: Vec<String>,
    reasons: &'r [Reason],
    offered: bool,
    published_on: NaiveDate,
    expires_on: Option<NaiveDate>,
}

/// Whom a clause is for, as a row has it.
#[derive(Clone, Serialize, Queryable, Selectable)]
#[diesel(table_name = policy_audiences)]
pub struct Named {
    pub labels: Vec<String>,
    pub scales: Vec<String>,
    pub industries: Vec<String>,
    pub regions: Vec<String>,
}

const AUDIENCES: &str = "
    INSERT INTO policy_audiences (labels, scales, industries, regions, within)
    SELECT DISTINCT labels, scales, industries, regions, $2
    FROM jsonb_to_recordset($1::jsonb) AS said (labels text[], scales text[], industries text[], regions text[])
    ORDER BY labels, scales, industries, regions ON CONFLICT DO NOTHING";

const CLAUSES: &str = "
    INSERT INTO policy_clauses (id, policy_id, place, parent, depth, leaf, kind, number, heading, text, start_at, end_at,
        departments, doubt, digest, version, audience_id, topics, reasons, offered, published_on,
        expires_on)
    SELECT piece.id, $3, place, parent, depth, leaf, kind, number, heading, text, start_at, end_at, departments, doubt, digest,
        version, audience.id, topics, reasons, offered, published_on, expires_on
    FROM jsonb_to_recordset($1::jsonb) AS piece (id uuid, place smallint, parent smallint, depth smallint, leaf boolean,
        kind text, number text, heading text, text text, start_at integer, end_at integer, departments jsonb, doubt text,
        digest bytea, version bigint, labels text[], scales text[], industries text[], regions text[], topics text[],
        reasons jsonb, offered boolean, published_on date, expires_on date)
    JOIN policy_audiences audience USING (labels, scales, industries, regions)
    WHERE audience.within IS NOT DISTINCT FROM $2";

const READING: &str = "
    INSERT INTO policy_readings (policy_id, version, rules, number_body, number_year, number_serial, region)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (policy_id) DO UPDATE SET version = excluded.version, rules = excluded.rules, region = excluded.region,
        number_body = excluded.number_body, number_year = excluded.number_year, number_serial = excluded.number_serial";

/// Whoever has an enterprise is told once of a policy with a clause that names such enterprises; one that is for everybody
/// is no news for anybody.
const TELL: &str = "
    INSERT INTO notifications (id, user_id, policy_id)
    SELECT uuid_v7(), users.id, $1 FROM users JOIN organisations firm ON firm.id = users.organisation_id
    WHERE users.role = 'enterprise' AND users.disabled_at IS NULL AND firm.deleted_at IS NULL AND firm.kind = 'enterprise'
      AND EXISTS (SELECT FROM policy_clauses clause JOIN policy_audiences whom ON whom.id = clause.audience_id
          WHERE clause.policy_id = $1 AND clause.offered AND whom.asks > 0
            AND coalesce(clause.expires_on >= (now() AT TIME ZONE 'Asia/Shanghai')::date, true)
            AND audience_gap(whom.labels, whom.scales, whom.industries, whom.regions, whom.within, firm.labels, firm.scale,
                industry_path(firm.industry), region_path(firm.region)) = 0)
    ON CONFLICT ON CONSTRAINT notifications_policy_once DO NOTHING";

/// Reads a version of a policy, which the transaction holds, and keeps what was read instead of what was read before.
///
/// # Errors
/// What the database says.
pub async fn keep(policy: &Record<Policy>, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let id = policy.stamp.id;
    let fields = policy.fields.clone();
    let reading = tokio::task::spawn_blocking(move || Reading::of(&fields)).await.map_err(failed)?;
    let mut known = known(id, connection).await?;
    let confirmed = confirmed(id, connection).await?;
    let rows =
        reading.pieces.iter().enumerate().map(|(place, piece)| row(place, piece, policy, &mut known, &confirmed));
    let rows = serde_json::to_string(&rows.collect::<Vec<_>>()).map_err(failed)?;
    diesel::delete(policy_clauses::table.filter(policy_clauses::policy_id.eq(id))).execute(connection).await?;
    let region = reading.region.as_deref();
    keep_audiences(&rows, region, connection).await?;
    let clauses = diesel::sql_query(CLAUSES).bind::<Text, _>(&rows).bind::<Nullable<Text>, _>(region);
    clauses.bind::<SqlUuid, _>(id).execute(connection).await?;
    let number = reading.number.as_ref();
    let parts = number.map(|number| (i16::try_from(number.year), i32::try_from(number.serial)));
    let (year, serial) = parts.map_or((None, None), |(year, serial)| (year.ok(), serial.ok()));
    diesel::sql_query(READING)
        .bind::<SqlUuid, _>(id)
        .bind::<BigInt, _>(policy.stamp.version)
        .bind::<Integer, _>(RULES)
        .bind::<Nullable<Text>, _>(number.map(|number| number.body.as_str()))
        .bind::<Nullable<SmallInt>, _>(year)
        .bind::<Nullable<Integer>, _>(serial)
        .bind::<Nullable<Text>, _>(region)
        .execute(connection)
        .await
        .map(drop)
}

/// Tells the people of the enterprises that a policy fits, each once.
///
/// # Errors
/// What the database says.
pub async fn tell(policy: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    diesel::sql_query(TELL).bind::<SqlUuid, _>(policy).execute(connection).await.map(drop)
}

/// Keeps the combinations that rows ask for, those that are new.
///
/// # Errors
/// What the database says.
pub async fn keep_audiences(rows: &str, region: Option<&str>, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let keep = diesel::sql_query(AUDIENCES).bind::<Text, _>(rows).bind::<Nullable<Text>, _>(region);
    keep.execute(connection).await.map(drop)
}

/// The ids of the pieces as they were, by their words: what says the same is still the same.
async fn known(policy: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<HashMap<Vec<u8>, Vec<Uuid>>> {
    let before = policy_clauses::table.filter(policy_clauses::policy_id.eq(policy)).order(policy_clauses::place.desc());
    let rows: Vec<(Uuid, Vec<u8>)> =
        before.select((policy_clauses::id, policy_clauses::digest)).load(connection).await?;
    let mut known: HashMap<Vec<u8>, Vec<Uuid>> = HashMap::new();
    for (id, digest) in rows {
        known.entry(digest).or_default().push(id);
    }
    Ok(known)
}

type Confirmed = (i64, Named, Vec<String>);

/// What staff said last of each of the words of a policy.
async fn confirmed(policy: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<HashMap<Vec<u8>, Confirmed>> {
    use policy_confirmations as columns;
    let of = columns::table.inner_join(policy_audiences::table).filter(columns::policy_id.eq(policy));
    let rows: Vec<(Vec<u8>, i64, Named, Vec<String>)> = of
        .order(columns::version.asc())
        .select((columns::digest, columns::version, Named::as_select(), columns::topics))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|(digest, version, named, topics)| (digest, (version, named, topics))).collect())
}

fn row<'r>(
    place: usize,
    (piece, found): &'r (Piece, Audience),
    policy: &Record<Policy>,
    known: &mut HashMap<Vec<u8>, Vec<Uuid>>,
    confirmed: &HashMap<Vec<u8>, Confirmed>,
) -> Row<'r> {
    let digest = Sha256::new()
        .chain_update(piece.heading.as_deref().unwrap_or_default())
        .chain_update([b'\n'])
        .chain_update(&piece.text)
        .finalize()
        .to_vec();
    let list = |set: &std::collections::BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
    let by_rules = || {
        let (labels, scales) = (list(&found.labels), list(&found.scales));
        let named = Named { labels, scales, industries: list(&found.industries), regions: list(&found.regions) };
        (1, named, list(&found.topics))
    };
    let (version, audience, topics) = confirmed.get(&digest).cloned().unwrap_or_else(by_rules);
    let Policy { status, published_on, expires_on, .. } = policy.fields;
    Row {
        id: known.get_mut(&digest).and_then(Vec::pop).unwrap_or_else(Uuid::now_v7),
        place,
        parent: piece.parent,
        depth: piece.depth,
        leaf: piece.leaf,
        kind: piece.kind,
        number: piece.number.as_deref(),
        heading: piece.heading.as_deref(),
        text: &piece.text,
        start_at: piece.start,
        end_at: piece.end,
        departments: &piece.departments,
        doubt: piece.doubt,
        digest: digest.iter().fold("\\x".to_owned(), |text, byte| text + &format!("{byte:02x}")),
        version,
        audience,
        topics,
        reasons: &found.reasons,
        offered: is_for_firms(piece) && status == PublicationStatus::Published && policy.stamp.deleted_at.is_none(),
        published_on: published_on.unwrap_or_else(|| policy.stamp.created_at.date_naive()),
        expires_on,
    }
}

/// What is no failure of the database, as one.
pub fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::QueryBuilderError(Box::new(error))
}
