//! SQL of sessions: they begin with a sign-in, live on by refresh tokens that are each used once, and end.
//!
//! RFC 9700, 4.14.2: a refresh token that comes twice was stolen from somebody, so the whole session ends.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::member::Member;
use super::store::User;
use super::tokens::LIFE;
use crate::database::schema::{refresh_tokens, sessions, users};

/// A session ends after so many days, however busy it was.
const LONGEST: TimeDelta = TimeDelta::days(30);
/// And after so many days in which nobody refreshed it.
const IDLE: TimeDelta = TimeDelta::days(7);

/// Why a session ended.
#[derive(Clone, Copy)]
pub enum End {
    SignOut,
    SignOutEverywhere,
    Reuse,
    PasswordChanged,
}

impl End {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignOut => "sign_out",
            Self::SignOutEverywhere => "sign_out_everywhere",
            Self::Reuse => "reuse",
            Self::PasswordChanged => "password_changed",
        }
    }
}

/// A refresh token: 256 random bits, shown once and kept as their hash.
pub struct RefreshToken(String);

impl RefreshToken {
    fn new() -> Self {
        use base64::Engine;
        Self(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// The token, to be sent to whom it is for.
    #[must_use]
    pub fn reveal(self) -> String {
        self.0
    }
}

/// What came of a refresh token.
pub enum Refreshed {
    Next(Member, RefreshToken),
    /// The session that had to end, for its token came a second time.
    Reused(Uuid),
    /// Unknown, expired, or of a session that ended.
    Refused,
}

/// Begins a session.
///
/// # Errors
/// What the database says.
pub async fn begin(user: &User, connection: &mut AsyncPgConnection) -> QueryResult<(Member, RefreshToken)> {
    let member = user.member(Uuid::now_v7());
    connection
        .transaction(async |connection| {
            let row = (
                sessions::id.eq(member.session),
                sessions::user_id.eq(member.user),
                sessions::expires_at.eq(Utc::now() + LONGEST),
            );
            diesel::insert_into(sessions::table).values(row).execute(connection).await?;
            let token = hand_out(member.session, connection).await?;
            Ok((member, token))
        })
        .await
}

/// Takes a refresh token and hands out the next. The account is read anew, so that what it may do is current.
///
/// # Errors
/// What the database says.
pub async fn refresh(token: &str, connection: &mut AsyncPgConnection) -> QueryResult<Refreshed> {
    let hash = hash(token);
    connection
        .transaction(async |connection| {
            let unused = refresh_tokens::table
                .filter(refresh_tokens::hash.eq(&hash))
                .filter(refresh_tokens::used_at.is_null())
                .filter(refresh_tokens::created_at.gt(Utc::now() - IDLE));
            let used = diesel::update(unused)
                .set(refresh_tokens::used_at.eq(diesel::dsl::now))
                .returning(refresh_tokens::session_id);
            let Some(session) = used.get_result(connection).await.optional()? else {
                return end_if_reused(&hash, connection).await;
            };
            let user: Option<User> = sessions::table
                .inner_join(users::table)
                .filter(sessions::id.eq(session))
                .filter(sessions::ended_at.is_null())
                .filter(sessions::expires_at.gt(diesel::dsl::now))
                .filter(users::disabled_at.is_null())
                .select(User::as_select())
                .for_update()
                .first(connection)
                .await
                .optional()?;
            let Some(user) = user else { return Ok(Refreshed::Refused) };
            Ok(Refreshed::Next(user.member(session), hand_out(session, connection).await?))
        })
        .await
}

async fn end_if_reused(hash: &[u8], connection: &mut AsyncPgConnection) -> QueryResult<Refreshed> {
    let used = refresh_tokens::table.find(hash).filter(refresh_tokens::used_at.is_not_null());
    let session: Option<Uuid> = used.select(refresh_tokens::session_id).first(connection).await.optional()?;
    let Some(session) = session else { return Ok(Refreshed::Refused) };
    end(session, End::Reuse, connection).await?;
    Ok(Refreshed::Reused(session))
}

async fn hand_out(session: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<RefreshToken> {
    let token = RefreshToken::new();
    let row = (refresh_tokens::hash.eq(hash(&token.0)), refresh_tokens::session_id.eq(session));
    diesel::insert_into(refresh_tokens::table).values(row).execute(connection).await?;
    Ok(token)
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Ends a session. One that ended before stays as it was.
///
/// # Errors
/// What the database says.
pub async fn end(session: Uuid, why: End, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let going = sessions::table.filter(sessions::id.eq(session)).filter(sessions::ended_at.is_null());
    let ending = (sessions::ended_at.eq(Utc::now()), sessions::ended_by.eq(why.as_str()));
    diesel::update(going).set(ending).execute(connection).await.map(drop)
}

/// Ends all sessions of an account but one, if one is to be kept; those that were going on.
///
/// # Errors
/// What the database says.
pub async fn end_all(
    user: Uuid,
    but: Option<Uuid>,
    why: End,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Uuid>> {
    let going = sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::ended_at.is_null());
    let going = going.filter(sessions::id.ne(but.unwrap_or_default()));
    let why = why.as_str();
    let ending = (sessions::ended_at.eq(Utc::now()), sessions::ended_by.eq(why));
    diesel::update(going).set(ending).returning(sessions::id).get_results(connection).await
}

/// The sessions that ended while an access token of theirs may still be good.
///
/// # Errors
/// What the database says.
pub async fn lately_ended(connection: &mut AsyncPgConnection) -> QueryResult<HashSet<Uuid>> {
    let since: DateTime<Utc> = Utc::now() - TimeDelta::seconds(LIFE + 60);
    let ended = sessions::table.filter(sessions::ended_at.gt(since)).select(sessions::id);
    Ok(ended.load(connection).await?.into_iter().collect())
}
