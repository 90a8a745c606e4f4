//! SQL of sessions: they begin with a sign-in, live on by refresh tokens that are each used once, and end.
//!
//! RFC 9700, 4.14.2: a refresh token that comes twice was stolen from somebody, so the whole session ends.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use ipnet::IpNet;
use uuid::Uuid;

use crate::database::schema::{partner_secrets, refresh_tokens, sessions, users};
use crate::identity::accounts::User;
use crate::identity::member::Member;
use crate::identity::secret::{OneTime, hash};
use crate::identity::tokens::LIFE;

/// A session ends after half a day, however busy it was (OWASP ASVS 4.0.3, 3.3.2).
const LONGEST: TimeDelta = TimeDelta::hours(12);
/// And after half an hour in which nobody refreshed it, counted from the end of the last access token.
const IDLE: TimeDelta = TimeDelta::minutes(40);
/// A network from which an account signed in within a month is its own.
const FAMILIAR: TimeDelta = TimeDelta::days(30);

/// Why a session ended.
#[derive(Clone, Copy)]
pub enum End {
    SignOut,
    SignOutEverywhere,
    Reuse,
    PasswordChanged,
    PasswordReset,
}

impl End {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignOut => "sign_out",
            Self::SignOutEverywhere => "sign_out_everywhere",
            Self::Reuse => "reuse",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
        }
    }
}

/// What came of a refresh token.
pub enum Refreshed {
    Next(Member, OneTime),
    /// The session that had to end, for its token came a second time, and whose it was.
    Reused {
        session: Uuid,
        user: Uuid,
    },
    /// Unknown, expired, or of a session that ended.
    Refused,
}

/// Begins a session from a network, in the caller's transaction; none if the account is no longer as it was read.
///
/// # Errors
/// What the database says.
pub async fn begin(
    user: &User,
    strong: bool,
    network: IpNet,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Option<(Member, OneTime)>> {
    let unchanged = users::table.find(user.id).filter(users::password_hash.is_not_distinct_from(&user.password_hash));
    let unchanged = unchanged.filter(users::disabled_at.is_null()).select(users::id).for_share();
    if unchanged.first::<Uuid>(connection).await.optional()?.is_none() {
        return Ok(None);
    }
    let member = user.member(Uuid::now_v7(), strong);
    let row = (
        sessions::id.eq(member.session),
        sessions::user_id.eq(member.user),
        sessions::expires_at.eq(Utc::now() + LONGEST),
        sessions::strong.eq(strong),
        sessions::network.eq(network.to_string()),
    );
    diesel::insert_into(sessions::table).values(row).execute(connection).await?;
    let token = hand_out(member.session, connection).await?;
    Ok(Some((member, token)))
}

/// Has the account of a login begun a session from this network lately?
///
/// # Errors
/// What the database says.
pub async fn is_familiar(login: &str, network: IpNet, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let lately = sessions::table
        .inner_join(users::table)
        .filter(users::login.eq(login))
        .filter(sessions::network.eq(network.to_string()))
        .filter(sessions::created_at.gt(Utc::now() - FAMILIAR));
    diesel::select(diesel::dsl::exists(lately)).get_result(connection).await
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
            let user: Option<(User, bool)> = sessions::table
                .inner_join(users::table)
                .filter(sessions::id.eq(session))
                .filter(sessions::ended_at.is_null())
                .filter(sessions::expires_at.gt(diesel::dsl::now))
                .filter(users::disabled_at.is_null())
                .select((User::as_select(), sessions::strong))
                .for_update()
                .first(connection)
                .await
                .optional()?;
            let Some((user, strong)) = user else { return Ok(Refreshed::Refused) };
            Ok(Refreshed::Next(user.member(session, strong), hand_out(session, connection).await?))
        })
        .await
}

async fn end_if_reused(hash: &[u8], connection: &mut AsyncPgConnection) -> QueryResult<Refreshed> {
    let used = refresh_tokens::table.inner_join(sessions::table).filter(refresh_tokens::used_at.is_not_null());
    let used = used.filter(refresh_tokens::hash.eq(hash)).select((sessions::id, sessions::user_id));
    let Some((session, user)) = used.first(connection).await.optional()? else { return Ok(Refreshed::Refused) };
    end(session, End::Reuse, connection).await?;
    Ok(Refreshed::Reused { session, user })
}

async fn hand_out(session: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<OneTime> {
    let token = OneTime::new();
    let row = (refresh_tokens::hash.eq(token.hash()), refresh_tokens::session_id.eq(session));
    diesel::insert_into(refresh_tokens::table).values(row).execute(connection).await?;
    Ok(token)
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

/// The sessions that ended, and the secrets of partner sites that were revoked, while an access token of theirs may
/// still be good.
///
/// # Errors
/// What the database says.
pub async fn lately_ended(connection: &mut AsyncPgConnection) -> QueryResult<HashSet<Uuid>> {
    let since: DateTime<Utc> = Utc::now() - TimeDelta::seconds(LIFE + 60);
    let ended = sessions::table.filter(sessions::ended_at.gt(since)).select(sessions::id);
    let revoked = partner_secrets::table.filter(partner_secrets::revoked_at.gt(since)).select(partner_secrets::id);
    let (ended, revoked): (Vec<Uuid>, Vec<Uuid>) = (ended.load(connection).await?, revoked.load(connection).await?);
    Ok(ended.into_iter().chain(revoked).collect())
}
