//! SQL of fitting: a firm is held against each combination of what clauses ask for, of which there are few, and then the
//! newest clauses of those that fit are taken from an index.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

/// The best come first: what fits before what lacks one thing, what asks for more before what asks for less, the newest
/// before the oldest. Combinations come in the order of their rank, so that those that cannot reach the page are not looked
/// into.
const FITTING: &str = "
    WITH firm AS (
        SELECT labels, scale, industry_path(industry) AS industries, region_path(region) AS regions
        FROM organisations WHERE id = $1
    ), best AS (
        SELECT rank, found.* FROM (
            SELECT id, gap * 10 - asks AS rank FROM (
                SELECT audience.id, asks, audience_gap(audience.labels, audience.scales, audience.industries,
                    audience.regions, audience.within, firm.labels, firm.scale, firm.industries, firm.regions) AS gap
                FROM firm, policy_audiences audience OFFSET 0) AS gaps
            WHERE gap <= 1 AND ($2 IS NULL OR (gap = 0) = $2) AND ($3 IS NULL OR gap * 10 - asks >= $3)
            ORDER BY rank OFFSET 0) AS whom, LATERAL (
            SELECT clause.id, clause.published_on FROM policy_clauses clause
            WHERE clause.audience_id = whom.id AND clause.offered
              AND coalesce(clause.expires_on >= (now() AT TIME ZONE 'Asia/Shanghai')::date, true)
              AND ($3 IS NULL OR rank > $3 OR (clause.published_on, clause.id) < ($4, $5))
            ORDER BY clause.published_on DESC, clause.id DESC LIMIT $6) AS found
        ORDER BY rank, found.published_on DESC, found.id DESC LIMIT $6
    )
    SELECT rank, rank > 0 AS lacking, clause.id, clause.published_on, clause.version, clause.number, clause.heading,
        clause.text, clause.topics, clause.reasons, clause.policy_id, policies.title, policies.level, policies.document_number,
        policies.issuer, policies.expires_on, whom.labels, whom.scales, whom.industries, whom.regions, whom.within
    FROM best JOIN policy_clauses clause USING (id) JOIN policies ON policies.id = clause.policy_id
    JOIN policy_audiences whom ON whom.id = clause.audience_id
    WHERE policies.status = 'published' AND policies.deleted_at IS NULL
    ORDER BY rank, clause.published_on DESC, clause.id DESC";

/// Where a clause stands among those of a firm.
pub type Place = (i32, NaiveDate, Uuid);

/// A clause that fits, or lacks one thing.
#[derive(QueryableByName)]
pub struct Fitting {
    #[diesel(sql_type = Integer)]
    pub rank: i32,
    #[diesel(sql_type = Bool)]
    pub lacking: bool,
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Date)]
    pub published_on: NaiveDate,
    #[diesel(sql_type = BigInt)]
    pub version: i64,
    #[diesel(sql_type = Nullable<Text>)]
    pub number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub heading: Option<String>,
    #[diesel(sql_type = Text)]
    pub text: String,
    #[diesel(sql_type = Array<Text>)]
    pub topics: Vec<String>,
    #[diesel(sql_type = Jsonb)]
    pub reasons: Value,
    #[diesel(sql_type = SqlUuid)]
    pub policy_id: Uuid,
    #[diesel(sql_type = Text)]
    pub title: String,
    #[diesel(sql_type = Text)]
    pub level: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub document_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub issuer: Option<String>,
    #[diesel(sql_type = Nullable<Date>)]
    pub expires_on: Option<NaiveDate>,
    #[diesel(sql_type = Array<Text>)]
    pub labels: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    pub scales: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    pub industries: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    pub regions: Vec<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub within: Option<String>,
}

/// One page of the clauses that fit a firm, or lack one thing.
///
/// # Errors
/// What the database says.
pub async fn page(
    firm: Uuid,
    fits: Option<bool>,
    (after, limit): (Option<Place>, i64),
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Fitting>> {
    let (rank, on, id) = after.map_or((None, None, None), |(rank, on, id)| (Some(rank), Some(on), Some(id)));
    diesel::sql_query(FITTING)
        .bind::<SqlUuid, _>(firm)
        .bind::<Nullable<Bool>, _>(fits)
        .bind::<Nullable<Integer>, _>(rank)
        .bind::<Nullable<Date>, _>(on)
        .bind::<Nullable<SqlUuid>, _>(id)
        .bind::<BigInt, _>(limit)
        .load(connection)
        .await
}
