//! `Idempotency-Key`: the same key and body replays the first answer for 24 hours.
//!
//! The key is kept in the transaction that creates the record, so that both are there or neither; a lock of that
//! transaction tells a request that is still running, in whatever process.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::HeaderName;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use deserr::Deserr;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{JSON, read_json};
use crate::database::schema::idempotency_keys;
use crate::identity::Secret;
use crate::problem::{Faults, Kind, Problem};

pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The key of a request, if it bears one.
pub struct IdempotencyKey(Option<String>);

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.headers().get(IDEMPOTENCY_KEY).map(|value| parse(value.as_bytes())).transpose().map(Self))
    }
}

/// Printable ASCII, quoted as a structured field string or not, 1 to 255 characters.
fn parse(value: &[u8]) -> Result<String, Problem> {
    let text = std::str::from_utf8(value).unwrap_or_default().trim();
    let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    if (1..=255).contains(&key.len()) && key.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Ok(key.to_owned());
    }
    Err(Problem::new(Kind::InvalidHeader).saying(
        "Idempotency-Key 为 1 到 255 个可见的 ASCII 字符",
        "Idempotency-Key is 1 to 255 printable ASCII characters",
    ))
}

/// What was answered to the first request with a key.
pub struct Replay {
    pub record_id: Uuid,
    pub answer: Value,
}

/// A key that is held by this transaction until it ends.
pub struct Held {
    user: Uuid,
    key: String,
    request: Vec<u8>,
}

/// A POST that creates something out of its address alone, and the key under which that is done once.
pub struct Keyed {
    key: IdempotencyKey,
    path: String,
    body: Bytes,
}

impl FromRequest for Keyed {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let key = IdempotencyKey::from_request(request, payload).into_inner();
        ready(key.map(|key| Self { key, path: request.path().to_owned(), body: Bytes::new() }))
    }
}

/// The same with a body that says what is to be created.
pub struct Creation<T> {
    pub input: T,
    pub keyed: Keyed,
}

impl<T: Deserr<Faults> + 'static> FromRequest for Creation<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (keyed, value) = (Keyed::from_request(request, payload).into_inner(), read_json(request, payload, JSON));
        Box::pin(async move {
            let (value, body) = value.await?;
            let input = deserr::deserialize(value).map_err(Problem::invalid)?;
            Ok(Self { input, keyed: Keyed { body, ..keyed? } })
        })
    }
}

impl Keyed {
    /// The same for what a request says elsewhere than in a JSON body.
    #[must_use]
    pub fn saying(self, said: impl Into<Bytes>) -> Self {
        Self { body: said.into(), ..self }
    }

    /// What was answered before under the key, or what is held until the answer is [kept](keep_sealed): both in the
    /// transaction that creates.
    ///
    /// # Errors
    /// Those of [`IdempotencyKey::hold`].
    pub async fn hold(
        &self,
        user: Uuid,
        secret: &Secret,
        connection: &mut AsyncPgConnection,
    ) -> Result<Result<Option<Held>, Value>, Problem> {
        match self.key.hold(user, &self.path, &self.body, connection).await? {
            Ok(held) => Ok(Ok(held)),
            Err(replay) => opened(&replay, user, secret).map(Err),
        }
    }
}

/// An answer that was kept sealed.
fn opened(replay: &Replay, user: Uuid, secret: &Secret) -> Result<Value, Problem> {
    let sealed = replay.answer.as_str().and_then(|text| STANDARD.decode(text).ok());
    let answer = sealed.and_then(|sealed| secret.open(&sealed, user.as_bytes()));
    let answer = answer.and_then(|answer| serde_json::from_slice(&answer).ok());
    answer.ok_or_else(|| Problem::internal("an answer was sealed with another secret"))
}

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

impl IdempotencyKey {
    /// Takes hold of the key within the transaction, or finds what was answered before.
    ///
    /// # Errors
    /// `request-in-progress` while another request holds it, `idempotency-key-reused` if it came with another body.
    pub async fn hold(
        &self,
        user: Uuid,
        path: &str,
        body: &[u8],
        connection: &mut AsyncPgConnection,
    ) -> Result<Result<Option<Held>, Replay>, Problem> {
        let Some(key) = &self.0 else {
            return Ok(Ok(None));
        };
        let request = Sha256::new().chain_update(path).chain_update([0]).chain_update(body).finalize().to_vec();
        lock(user, key, connection).await?;
        let of_key = idempotency_keys::table.find((user, key));
        diesel::delete(of_key.filter(idempotency_keys::created_at.lt(a_day_ago()))).execute(connection).await?;
        let kept: Option<(Vec<u8>, Uuid, Value)> = of_key
            .select((idempotency_keys::request, idempotency_keys::record_id, idempotency_keys::answer))
            .first(connection)
            .await
            .optional()?;
        match kept {
            Some((before, record_id, answer)) if before == request => Ok(Err(Replay { record_id, answer })),
            Some(_) => Err(Problem::new(Kind::IdempotencyKeyReused)),
            None => Ok(Ok(Some(Held { user, key: key.clone(), request }))),
        }
    }
}

impl Held {
    /// Keeps the answer, in the transaction that holds the key.
    ///
    /// # Errors
    /// What the database says.
    pub async fn keep(self, record_id: Uuid, answer: &Value, connection: &mut AsyncPgConnection) -> QueryResult<()> {
        let row = (
            idempotency_keys::user_id.eq(self.user),
            idempotency_keys::key.eq(self.key),
            idempotency_keys::request.eq(self.request),
            idempotency_keys::record_id.eq(record_id),
            idempotency_keys::answer.eq(answer),
        );
        diesel::insert_into(idempotency_keys::table).values(row).execute(connection).await.map(drop)
    }
}

/// Keeps an answer that holds a secret, sealed, if a key is held; and the answer itself.
///
/// # Errors
/// What the database says.
pub async fn keep_sealed<A: Serialize>(
    held: Option<Held>,
    id: Uuid,
    answer: &A,
    secret: &Secret,
    connection: &mut AsyncPgConnection,
) -> Result<Value, Problem> {
    let answer = serde_json::to_value(answer).map_err(Problem::internal)?;
    if let Some(held) = held {
        let sealed = secret.seal(answer.to_string().as_bytes(), held.user.as_bytes());
        let sealed = sealed.ok_or_else(|| Problem::internal("an answer was not sealed"))?;
        held.keep(id, &Value::String(STANDARD.encode(sealed)), connection).await?;
    }
    Ok(answer)
}

async fn lock(user: Uuid, key: &str, connection: &mut AsyncPgConnection) -> Result<(), Problem> {
    let digest = Sha256::new().chain_update(user).chain_update(key).finalize();
    let number = digest.iter().take(8).fold(0_i64, |number, byte| (number << 8) | i64::from(*byte));
    let query = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS locked").bind::<BigInt, _>(number);
    let answer: Locked = query.get_result(connection).await?;
    if answer.locked { Ok(()) } else { Err(Problem::new(Kind::RequestInProgress)) }
}

fn a_day_ago() -> DateTime<Utc> {
    Utc::now() - TimeDelta::hours(24)
}

/// Forgets the keys of more than 24 hours ago.
///
/// # Errors
/// What the database says.
pub async fn forget_old(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let old = idempotency_keys::table.filter(idempotency_keys::created_at.lt(a_day_ago()));
    diesel::delete(old).execute(connection).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_quoted_or_not() {
        assert_eq!(parse(b"\"abc-1\"").ok().as_deref(), Some("abc-1"));
        assert_eq!(parse(b"abc-1").ok().as_deref(), Some("abc-1"));
        for wrong in [&b""[..], b"\"\"", "键".as_bytes(), &[b'x'; 300]] {
            assert!(parse(wrong).is_err());
        }
    }
}
