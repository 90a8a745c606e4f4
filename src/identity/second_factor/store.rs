//! SQL of second factors.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::database::schema::{recovery_codes, second_factors, sessions};

/// The sealed key of the authenticator that an account signs in with.
pub(super) async fn confirmed(user: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<Vec<u8>>> {
    let factor = second_factors::table.find(user).filter(second_factors::confirmed_at.is_not_null());
    factor.select(second_factors::sealed).first(connection).await.optional()
}

/// Has the account a second factor?
///
/// # Errors
/// What the database says.
pub async fn is_confirmed(user: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    confirmed(user, connection).await.map(|factor| factor.is_some())
}

/// Keeps a key that is still to be confirmed, in the place of one that never was; false if one is in use.
pub(super) async fn begin(user: Uuid, sealed: &[u8], connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let unconfirmed = second_factors::table.find(user).filter(second_factors::confirmed_at.is_null());
    diesel::delete(unconfirmed).execute(connection).await?;
    let row = (second_factors::user_id.eq(user), second_factors::sealed.eq(sealed));
    let kept = diesel::insert_into(second_factors::table).values(row).on_conflict_do_nothing();
    Ok(kept.execute(connection).await? == 1)
}

/// The sealed key that is still to be confirmed.
pub(super) async fn begun(user: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<Vec<u8>>> {
    let factor = second_factors::table.find(user).filter(second_factors::confirmed_at.is_null());
    factor.select(second_factors::sealed).for_update().first(connection).await.optional()
}

/// Signs in with the authenticator from now on; the session in which that was shown is as good as one begun with it.
pub(super) async fn confirm(
    user: Uuid,
    session: Uuid,
    step: i64,
    codes: &[Vec<u8>],
    connection: &mut AsyncPgConnection,
) -> QueryResult<()> {
    let confirmed = (second_factors::confirmed_at.eq(diesel::dsl::now), second_factors::last_step.eq(step));
    diesel::update(second_factors::table.find(user)).set(confirmed).execute(connection).await?;
    replace_recovery_codes(user, codes, connection).await?;
    let going = sessions::table.find(session).filter(sessions::ended_at.is_null());
    diesel::update(going).set(sessions::strong.eq(true)).execute(connection).await.map(drop)
}

/// Uses up a step; false if it, or a later one, was used before.
pub(super) async fn use_step(user: Uuid, step: i64, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let unused = second_factors::table.find(user).filter(second_factors::last_step.lt(step));
    let used = diesel::update(unused).set(second_factors::last_step.eq(step)).execute(connection).await?;
    Ok(used == 1)
}

/// Uses up a recovery code; false if there is no such, or it was used before.
pub(super) async fn use_recovery_code(
    user: Uuid,
    hash: &[u8],
    connection: &mut AsyncPgConnection,
) -> QueryResult<bool> {
    let unused = recovery_codes::table.find((user, hash)).filter(recovery_codes::used_at.is_null());
    let used = diesel::update(unused).set(recovery_codes::used_at.eq(diesel::dsl::now)).execute(connection).await?;
    Ok(used == 1)
}

/// Other recovery codes in the place of those that were.
pub(super) async fn replace_recovery_codes(
    user: Uuid,
    codes: &[Vec<u8>],
    connection: &mut AsyncPgConnection,
) -> QueryResult<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user))).execute(connection).await?;
    let row = |hash| (recovery_codes::user_id.eq(user), recovery_codes::hash.eq(hash));
    let rows: Vec<_> = codes.iter().map(row).collect();
    diesel::insert_into(recovery_codes::table).values(rows).execute(connection).await.map(drop)
}

/// Takes the second factor of an account away, with its recovery codes; false if there was none.
///
/// # Errors
/// What the database says.
pub async fn remove(user: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    Ok(diesel::delete(second_factors::table.find(user)).execute(connection).await? == 1)
}
