//! Accounts (账号): people of the centre, enterprises and experts, each with a login and a password.
//!
//! An account is made by an invitation, or by whoever runs the program; it is never removed, only disabled.

mod login;
pub mod routes;
mod store;

use std::sync::Arc;

use actix_web::web;
use diesel_async::AsyncConnection;
use uuid::Uuid;

use super::passwords::Compared;
use super::second_factor;
use super::sessions::{self, End};
use super::throttle::Guard;
use crate::audit::{self, Action, Event, Origin};
use crate::http::Address;
use crate::problem::{Answer, FieldFault, Kind, Problem};
use crate::state::State;

pub use login::Login;
pub use store::{
    NewUser, Person, User, account_of, add, find, find_by_login, organisation_of_code, people_of, replace_hash,
    set_hash,
};

/// The account of somebody signed in who shows the password again, as whoever found the device could not.
///
/// # Errors
/// `invalid-input` at `/current_password`, `too-many-requests` for one who guesses.
pub async fn reauthenticate(state: &State, id: Uuid, password: String, address: Address) -> Answer<User> {
    let mut connection = state.database.connection().await?;
    let user = find(id, &mut connection).await?.ok_or_else(|| Problem::new(Kind::Unauthenticated))?;
    let guard = Guard::of(&user.login, address.network(), true);
    guard.count(&mut connection).await?;
    drop(connection);
    let verified = verified(state, Some(user), password).await?;
    let user = verified.ok_or_else(|| {
        let fault = FieldFault::new("wrong", "当前密码不对", "the current password is another");
        Problem::invalid_field("/current_password", fault)
    })?;
    guard.forgive(&mut *state.database.connection().await?).await?;
    Ok(user)
}

/// The account, if that is its password; a hash from cheaper days is replaced. Comparing is work of the processor, and
/// takes as long for an account that does not exist or has no password.
///
/// # Errors
/// What the hashing library or the database says.
pub async fn verified(state: &State, user: Option<User>, password: String) -> Answer<Option<User>> {
    let (passwords, kept) = (Arc::clone(&state.passwords), user.as_ref().and_then(|user| user.password_hash.clone()));
    let compared = web::block(move || match passwords.compare(&password, kept.as_deref()) {
        Compared::Wrong => Ok(None),
        Compared::Right => Ok(Some(None)),
        Compared::Cheap => passwords.hash(&password).map(Some).map(Some),
    });
    let right = compared.await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    let (Some(mut user), Some(dearer)) = (user, right) else { return Ok(None) };
    if let Some(hash) = dearer {
        // If somebody changed the password meanwhile, theirs stays.
        replace_hash(&user, &hash, &mut *state.database.connection().await?).await?;
        user.password_hash = Some(hash);
    }
    Ok(Some(user))
}

/// The hash of a password, made where other requests do not wait for it.
///
/// # Errors
/// What the hashing library says.
pub async fn hashed(state: &State, password: String) -> Answer<String> {
    let passwords = Arc::clone(&state.passwords);
    let hash = web::block(move || passwords.hash(&password)).await.map_err(Problem::internal)?;
    hash.map_err(Problem::internal)
}

/// Takes the second factor of an account away and ends all its sessions.
///
/// # Errors
/// `not-found` if it has none.
pub async fn without_second_factor(account: Uuid, origin: &Origin, state: &State) -> Answer<()> {
    let mut connection = state.database.connection().await?;
    let ended = connection
        .transaction(async |connection| {
            if !second_factor::remove(account, connection).await? {
                return Err(Problem::not_found());
            }
            let ended = sessions::end_all(account, None, End::SignOutEverywhere, connection).await?;
            let event = Event::new(Action::SecondFactorRemoved).about_id("account", account);
            audit::record(origin, &event, connection).await?;
            Ok(ended)
        })
        .await?;
    state.tokens.end_all(ended);
    Ok(())
}
