//! SQL of meanings: the vectors of records, and how far each model has come.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text, Uuid as SqlUuid};
use diesel::upsert::excluded;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::packed::{packed, unpacked};
use super::sentences::{self, Sentence};
use crate::database::schema::meanings;
use crate::matching::changes::Place;
use crate::meaning::Compact;
use crate::registry::Kind;

/// A record and what its text means.
pub struct Meaning {
    pub kind: Kind,
    pub record: Uuid,
    /// That of the record with this text.
    pub version: i64,
    pub digest: [u8; 32],
    pub vectors: Vec<Compact>,
    pub sentences: Vec<Sentence>,
}

/// Vectors as they lie in the database, and of which text they are.
#[derive(Queryable)]
pub struct Stored {
    pub digest: Vec<u8>,
    bytes: Vec<u8>,
}

impl Stored {
    pub fn vectors(&self) -> Vec<Compact> {
        unpacked(&self.bytes)
    }
}

/// The same with the sentences of the text.
#[derive(Queryable)]
pub struct Read {
    pub stored: Stored,
    bytes: Vec<u8>,
}

impl Read {
    pub fn sentences(&self) -> Vec<Sentence> {
        sentences::unpacked(&self.bytes)
    }
}

/// Begins with the first change, if the model never ran here. So it does where its position lies ahead, which is that of
/// another cluster that the database was moved from: what is stored already is not computed again.
///
/// # Errors
/// What the database says.
pub async fn begin(model: &str, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let begin = "INSERT INTO meaning_position (model, xid, seq) VALUES ($1, '0', -1)
                 ON CONFLICT (model) DO UPDATE SET xid = excluded.xid, seq = excluded.seq
                 WHERE meaning_position.xid > pg_snapshot_xmin(pg_current_snapshot())";
    diesel::sql_query(begin).bind::<Text, _>(model).execute(connection).await.map(drop)
}

/// How far a model has come; nothing if another one took its place.
///
/// # Errors
/// What the database says.
pub async fn place(model: &str, connection: &mut AsyncPgConnection) -> QueryResult<Option<Place>> {
    let place = "SELECT xid::text::bigint AS xid, seq FROM meaning_position WHERE model = $1";
    diesel::sql_query(place).bind::<Text, _>(model).get_result(connection).await.optional()
}

/// Is no change left that the model has not looked at?
///
/// # Errors
/// What the database says.
pub async fn is_complete(model: &str, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Complete {
        #[diesel(sql_type = Bool)]
        complete: bool,
    }
    // Only the last is looked at: for those beyond a place PostgreSQL may read the whole table.
    let query = "SELECT coalesce(
                     (SELECT (xid, seq) <= (SELECT xid, seq FROM meaning_position WHERE model = $1)
                      FROM changes ORDER BY xid DESC, seq DESC LIMIT 1),
                     NOT EXISTS (SELECT FROM changes)) AS complete";
    let row: Complete = diesel::sql_query(query).bind::<Text, _>(model).get_result(connection).await?;
    Ok(row.complete)
}

/// Goes on to a place; false if the position is no longer where it was.
async fn advance(model: &str, from: Place, to: Place, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let advance = "UPDATE meaning_position SET xid = $3::text::xid8, seq = $4
                   WHERE xid = $1::text::xid8 AND seq = $2 AND model = $5";
    Ok(from.moved(to, advance).bind::<Text, _>(model).execute(connection).await? == 1)
}

/// What a model has of records of a kind.
///
/// # Errors
/// What the database says.
pub async fn of_records(
    kind: Kind,
    ids: &[Uuid],
    model: &str,
    connection: &mut AsyncPgConnection,
) -> QueryResult<HashMap<Uuid, Stored>> {
    let stored = meanings::table
        .filter(meanings::kind.eq(kind.as_str()))
        .filter(meanings::record_id.eq_any(ids))
        .filter(meanings::model.eq(model))
        .select((meanings::record_id, (meanings::digest, meanings::vectors)));
    Ok(stored.load(connection).await?.into_iter().collect())
}

/// What a model has of records of a kind, sentence by sentence.
///
/// # Errors
/// What the database says.
pub async fn sentences_of(
    kind: Kind,
    ids: &[Uuid],
    model: &str,
    connection: &mut AsyncPgConnection,
) -> QueryResult<HashMap<Uuid, Read>> {
    let stored = meanings::table
        .filter(meanings::kind.eq(kind.as_str()))
        .filter(meanings::record_id.eq_any(ids))
        .filter(meanings::model.eq(model))
        .select((meanings::record_id, ((meanings::digest, meanings::vectors), meanings::sentences)));
    Ok(stored.load(connection).await?.into_iter().collect())
}

/// Keeps what was computed, forgets the records that have no text any more, and goes on to a place: all or nothing. The
/// indexes hear of what they have to take in again.
///
/// # Errors
/// What the database says.
pub async fn keep(
    model: &str,
    (from, to): (Place, Place),
    computed: &[Meaning],
    gone: &[(Kind, Uuid)],
    connection: &mut AsyncPgConnection,
) -> QueryResult<()> {
    connection
        .transaction(async |connection| {
            if !advance(model, from, to, connection).await? {
                return Ok(());
            }
            forget(gone, connection).await?;
            write(model, computed, connection).await?;
            announce(computed, connection).await
        })
        .await
}

async fn forget(gone: &[(Kind, Uuid)], connection: &mut AsyncPgConnection) -> QueryResult<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let (kinds, ids): (Vec<&str>, Vec<Uuid>) = gone.iter().map(|(kind, id)| (kind.as_str(), id)).unzip();
    diesel::sql_query("DELETE FROM meanings WHERE (kind, record_id) IN (SELECT * FROM unnest($1, $2))")
        .bind::<Array<Text>, _>(kinds)
        .bind::<Array<SqlUuid>, _>(ids)
        .execute(connection)
        .await
        .map(drop)
}

async fn write(model: &str, computed: &[Meaning], connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let row = |meaning: &Meaning| {
        (
            meanings::kind.eq(meaning.kind.as_str()),
            meanings::record_id.eq(meaning.record),
            meanings::model.eq(model.to_owned()),
            meanings::digest.eq(meaning.digest.to_vec()),
            meanings::vectors.eq(packed(&meaning.vectors)),
            meanings::sentences.eq(sentences::packed(&meaning.sentences)),
        )
    };
    let rows: Vec<_> = computed.iter().map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    diesel::insert_into(meanings::table)
        .values(rows)
        .on_conflict((meanings::kind, meanings::record_id, meanings::model))
        .do_update()
        .set((
            meanings::digest.eq(excluded(meanings::digest)),
            meanings::vectors.eq(excluded(meanings::vectors)),
            meanings::sentences.eq(excluded(meanings::sentences)),
        ))
        .execute(connection)
        .await
        .map(drop)
}

/// A change of each record, for the indexes alone, as if it had been written again.
async fn announce(computed: &[Meaning], connection: &mut AsyncPgConnection) -> QueryResult<()> {
    if computed.is_empty() {
        return Ok(());
    }
    let kinds: Vec<&str> = computed.iter().map(|meaning| meaning.kind.as_str()).collect();
    let ids: Vec<Uuid> = computed.iter().map(|meaning| meaning.record).collect();
    let versions: Vec<i64> = computed.iter().map(|meaning| meaning.version).collect();
    diesel::sql_query(
        "INSERT INTO changes (kind, record_id, version, is_write) SELECT *, false FROM unnest($1, $2, $3)",
    )
    .bind::<Array<Text>, _>(kinds)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<BigInt>, _>(versions)
    .execute(connection)
    .await?;
    diesel::sql_query("NOTIFY duijie_changes").execute(connection).await.map(drop)
}

/// Removes what other models have left. A process knows one model only, so once that has come by all records nobody needs
/// the vectors of the one before; until then a process of the version before may still read them.
///
/// # Errors
/// What the database says.
pub async fn take_over(model: &str, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    connection
        .transaction(async |connection| {
            // Where there was no other, the vectors need not be looked through.
            let others = diesel::sql_query("DELETE FROM meaning_position WHERE model <> $1").bind::<Text, _>(model);
            if others.execute(connection).await? > 0 {
                diesel::delete(meanings::table.filter(meanings::model.ne(model))).execute(connection).await?;
            }
            Ok(())
        })
        .await
}
