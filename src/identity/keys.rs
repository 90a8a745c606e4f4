//! Keys that sign access tokens: Ed25519 (RFC 8037), in the database, the private half sealed.

use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use uuid::Uuid;

use super::secret::Secret;
use super::tokens::LIFE;
use crate::database::schema::signing_keys;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the database refused: {0}")]
    Database(#[from] diesel::result::Error),
    #[error("the signing keys were sealed with another secret; give the same DUIJIE_SECRET to every process")]
    Secret,
    #[error("a signing key could not be made")]
    Make,
}

/// A key as tokens use it.
pub struct Key {
    pub id: Uuid,
    /// PKCS #8; none once the key is retired.
    pub private: Option<Vec<u8>>,
    pub public: Vec<u8>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = signing_keys)]
struct Kept {
    id: Uuid,
    sealed: Vec<u8>,
    public: Vec<u8>,
    retired_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// The keys that are good, the one that signs first. The first start of a database makes one.
///
/// # Errors
/// If the database refuses, or the secret is not the one the keys were sealed with.
pub async fn load(secret: &Secret, connection: &mut AsyncPgConnection) -> Result<Vec<Key>, KeyError> {
    let kept = read(connection).await?;
    if kept.iter().any(|key| key.retired_at.is_none()) {
        return kept.into_iter().map(|key| opened(key, secret)).collect();
    }
    connection
        .transaction(async |connection| {
            lock(connection).await?;
            // Of two processes that start at once the second finds the first one's key.
            if !read(connection).await?.iter().any(|key| key.retired_at.is_none()) {
                make(secret, connection).await?;
            }
            read(connection).await?.into_iter().map(|key| opened(key, secret)).collect()
        })
        .await
}

/// Makes a new key that signs from now on; the others only verify until what they signed has expired.
///
/// # Errors
/// As [`load`].
pub async fn rotate(secret: &Secret, connection: &mut AsyncPgConnection) -> Result<Uuid, KeyError> {
    connection
        .transaction(async |connection| {
            lock(connection).await?;
            let active = signing_keys::table.filter(signing_keys::retired_at.is_null());
            diesel::update(active).set(signing_keys::retired_at.eq(diesel::dsl::now)).execute(connection).await?;
            make(secret, connection).await
        })
        .await
}

async fn lock(connection: &mut AsyncPgConnection) -> QueryResult<usize> {
    diesel::sql_query("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE").execute(connection).await
}

async fn read(connection: &mut AsyncPgConnection) -> QueryResult<Vec<Kept>> {
    let expired = chrono::Utc::now() - chrono::TimeDelta::seconds(LIFE);
    signing_keys::table
        .filter(signing_keys::retired_at.is_null().or(signing_keys::retired_at.gt(expired)))
        .order((signing_keys::retired_at.desc().nulls_first(), signing_keys::created_at.desc()))
        .select(Kept::as_select())
        .load(connection)
        .await
}

async fn make(secret: &Secret, connection: &mut AsyncPgConnection) -> Result<Uuid, KeyError> {
    let (id, key) = (Uuid::now_v7(), SigningKey::from_bytes(&rand::random()));
    let private = key.to_pkcs8_der().map_err(|_| KeyError::Make)?;
    let sealed = secret.seal(private.as_bytes(), id.as_bytes()).ok_or(KeyError::Make)?;
    let row = (
        signing_keys::id.eq(id),
        signing_keys::sealed.eq(sealed),
        signing_keys::public.eq(key.verifying_key().to_bytes().to_vec()),
    );
    diesel::insert_into(signing_keys::table).values(row).execute(connection).await?;
    Ok(id)
}

fn opened(kept: Kept, secret: &Secret) -> Result<Key, KeyError> {
    let private = match kept.retired_at {
        Some(_) => None,
        None => Some(secret.open(&kept.sealed, kept.id.as_bytes()).ok_or(KeyError::Secret)?),
    };
    Ok(Key { id: kept.id, private, public: kept.public })
}
