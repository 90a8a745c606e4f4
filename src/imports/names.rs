//! SQL of what records are called: in files, and by partner sites.

use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{Array, Nullable, Text, Uuid as Id};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::registry::Kind;

/// A record by what it is called.
#[derive(Clone, Debug, QueryableByName)]
pub struct Named {
    #[diesel(sql_type = Text)]
    pub called: String,
    #[diesel(sql_type = Id)]
    pub id: Uuid,
    /// The organisation of an expert.
    #[diesel(sql_type = Nullable<Id>)]
    pub of: Option<Uuid>,
}

/// Living records by names, titles, credit codes, and identifiers of a partner site.
///
/// # Errors
/// What the database says.
pub async fn named(
    kind: Kind,
    partner: &str,
    names: &[String],
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Named>> {
    let own = match kind {
        Kind::Organisation => {
            "SELECT name AS called, id, NULL::uuid AS of FROM organisations WHERE deleted_at IS NULL AND name = ANY ($1)
             UNION ALL
             SELECT called, id, NULL FROM unnest($1) AS called JOIN organisations ON credit_code = upper(called)
             WHERE deleted_at IS NULL"
        }
        Kind::Expert => {
            "SELECT name AS called, id, organisation_id AS of FROM experts WHERE deleted_at IS NULL AND name = ANY ($1)"
        }
        Kind::Result => {
            "SELECT title AS called, id, NULL::uuid AS of FROM results WHERE deleted_at IS NULL AND title = ANY ($1)
             UNION ALL
             SELECT source ->> 'identifier', id, NULL FROM results WHERE deleted_at IS NULL
                 AND source ->> 'partner' = $2 AND source ->> 'identifier' = ANY ($1)"
        }
        Kind::Demand | Kind::Policy => return Ok(Vec::new()),
    };
    let query = format!(
        "{own} UNION ALL SELECT identifier, record_id, NULL FROM import_identifiers
         WHERE partner = $2 AND kind = $3 AND identifier = ANY ($1)"
    );
    let query = diesel::sql_query(query).bind::<Array<Text>, _>(names).bind::<Text, _>(partner);
    query.bind::<Text, _>(kind.as_str()).load(connection).await
}

/// Records, deleted or not, by identifiers that are kept for a partner site, and living organisations by credit codes.
///
/// # Errors
/// What the database says.
pub async fn identified(
    kind: Kind,
    partner: &str,
    identifiers: &[&str],
    codes: &[&str],
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Named>> {
    let own = match kind {
        Kind::Organisation => {
            "UNION ALL SELECT credit_code, id, NULL FROM organisations WHERE deleted_at IS NULL AND credit_code = ANY ($4)"
        }
        Kind::Result | Kind::Expert | Kind::Demand | Kind::Policy => "",
    };
    let query = format!(
        "SELECT identifier AS called, record_id AS id, NULL::uuid AS of FROM import_identifiers
         WHERE partner = $2 AND kind = $3 AND identifier = ANY ($1) AND $4 IS NOT NULL {own}"
    );
    let query = diesel::sql_query(query).bind::<Array<Text>, _>(identifiers).bind::<Text, _>(partner);
    query.bind::<Text, _>(kind.as_str()).bind::<Array<Text>, _>(codes).load(connection).await
}

/// A result by where it came from.
#[derive(QueryableByName)]
pub struct Sourced {
    #[diesel(sql_type = Text)]
    pub partner: String,
    #[diesel(sql_type = Text)]
    pub identifier: String,
    #[diesel(sql_type = Id)]
    pub id: Uuid,
}

/// Results, deleted or not, by partner sites and their identifiers.
///
/// # Errors
/// What the database says.
pub async fn of_sources(pairs: &[(&str, &str)], connection: &mut AsyncPgConnection) -> QueryResult<Vec<Sourced>> {
    let (partners, identifiers): (Vec<&str>, Vec<&str>) = pairs.iter().copied().unzip();
    let query = "
        SELECT source ->> 'partner' AS partner, source ->> 'identifier' AS identifier, id FROM results
        WHERE (source ->> 'partner', source ->> 'identifier') IN (SELECT * FROM unnest($1, $2))";
    let query = diesel::sql_query(query).bind::<Array<Text>, _>(partners);
    query.bind::<Array<Text>, _>(identifiers).load(connection).await
}

/// Keeps which new records identifiers are of. An identifier that is of another by now is an error of the database.
///
/// # Errors
/// What the database says.
pub async fn identify(
    kind: Kind,
    partner: &str,
    pairs: &[(&str, Uuid)],
    connection: &mut AsyncPgConnection,
) -> QueryResult<()> {
    let (identifiers, records): (Vec<&str>, Vec<Uuid>) = pairs.iter().copied().unzip();
    let query = "
        INSERT INTO import_identifiers (partner, kind, identifier, record_id)
        SELECT $1, $2, identifier, record FROM unnest($3, $4) AS pair (identifier, record)";
    let query = diesel::sql_query(query).bind::<Text, _>(partner).bind::<Text, _>(kind.as_str());
    query.bind::<Array<Text>, _>(identifiers).bind::<Array<Id>, _>(records).execute(connection).await.map(drop)
}
