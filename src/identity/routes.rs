//! Sessions over HTTP: sign in, go on, sign out, change the password; and the keys that verify tokens.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, get, post, put, web};
use deserr::Deserr;
use diesel_async::AsyncConnection;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::SignedIn;
use super::member::{Member, Role};
use super::passwords::{Compared, NewPassword};
use super::sessions::{self, End, RefreshToken, Refreshed};
use super::store::{self, User};
use super::tokens::{self, PublicKey};
use crate::http::Body;
use crate::problem::{Answer, Faults, FieldFault, Kind, Problem};
use crate::registry::fields::Line;
use crate::state::State;

/// Who signs in.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"login": "staff", "password": "correct horse battery staple"}))]
pub struct Credentials {
    #[schema(max_length = 64)]
    login: String,
    #[schema(format = "password", max_length = 128)]
    password: String,
}

/// Another password.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"current_password": "correct horse battery", "new_password": "staple battery horse"}))]
pub struct PasswordChange {
    #[schema(format = "password", max_length = 128)]
    current_password: String,
    /// 8 to 128 characters; the most used passwords are refused.
    #[schema(format = "password", min_length = 8, max_length = 128)]
    new_password: String,
}

/// The token that goes on with a session.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "eUXxG1mQ0cQ2Cq4zq6mQk8m0p3m7cQp8bq1kXo5z9aA"}))]
pub struct Refresh {
    #[schema(max_length = 200)]
    refresh_token: String,
}

/// A session: what to send as `Authorization: Bearer …`, and what to go on with.
#[derive(Serialize, ToSchema)]
pub struct Session {
    #[schema(max_length = 2000)]
    access_token: String,
    #[schema(example = "Bearer", max_length = 10)]
    token_type: &'static str,
    /// Seconds that the access token is good for.
    #[schema(minimum = 1, maximum = 86400)]
    expires_in: i64,
    /// Good for one use, which gives the next. A second use ends the session.
    #[schema(max_length = 200)]
    refresh_token: String,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expert_id: Option<Uuid>,
}

/// Public keys (RFC 7517).
#[derive(Serialize, ToSchema)]
pub struct PublicKeys {
    #[schema(max_items = 100)]
    keys: Vec<PublicKey>,
}

/// Sign in
///
/// 登录：以账号和密码换取访问令牌（有效十分钟）和续期令牌。
#[utoipa::path(operation_id = "create_session", tag = "sessions", request_body = Credentials,
    responses((status = 201, description = "Signed in", body = Session)))]
#[post("/v1/sessions")]
pub async fn create(state: web::Data<State>, credentials: Body<Credentials>) -> Answer<HttpResponse> {
    let Credentials { login, password } = credentials.0;
    let known = match Line::<2, 64>::parse(&login.to_lowercase()) {
        Ok(login) => store::find_by_login(&login, &mut *state.database.connection().await?).await?,
        Err(_) => None,
    };
    let user = verified(&state, known, password).await?.ok_or_else(|| Problem::new(Kind::WrongCredentials))?;
    let (member, token) = sessions::begin(&user, &mut *state.database.connection().await?).await?;
    answer(StatusCode::CREATED, &state, &member, token)
}

/// Go on with a session
///
/// 续期：以续期令牌换取新的访问令牌和新的续期令牌；同一个续期令牌用两次，整个会话即告结束。
#[utoipa::path(operation_id = "refresh_session", tag = "sessions", request_body = Refresh,
    responses((status = 200, description = "New tokens", body = Session)))]
#[post("/v1/sessions/refresh")]
pub async fn refresh(state: web::Data<State>, token: Body<Refresh>) -> Answer<HttpResponse> {
    match sessions::refresh(&token.0.refresh_token, &mut *state.database.connection().await?).await? {
        Refreshed::Next(member, token) => answer(StatusCode::OK, &state, &member, token),
        Refreshed::Reused(session) => {
            state.tokens.end(session);
            tracing::warn!(%session, "a refresh token came twice; the session was ended");
            Err(Problem::new(Kind::SessionEnded))
        }
        Refreshed::Refused => Err(Problem::new(Kind::SessionEnded)),
    }
}

/// Sign out
///
/// 退出：结束当前会话。
#[utoipa::path(operation_id = "end_session", tag = "sessions", extensions(("x-roles" = json!(["staff", "enterprise", "expert"]))),
    responses((status = 204, description = "The session has ended")))]
#[delete("/v1/sessions/current")]
pub async fn end(state: web::Data<State>, caller: SignedIn) -> Answer<HttpResponse> {
    sessions::end(caller.session, End::SignOut, &mut *state.database.connection().await?).await?;
    state.tokens.end(caller.session);
    Ok(HttpResponse::NoContent().finish())
}

/// Sign out everywhere
///
/// 在所有设备上退出：结束本账号的全部会话。
#[utoipa::path(operation_id = "end_all_sessions", tag = "sessions", extensions(("x-roles" = json!(["staff", "enterprise", "expert"]))),
    responses((status = 204, description = "All sessions of the account have ended")))]
#[delete("/v1/sessions")]
pub async fn end_all(state: web::Data<State>, caller: SignedIn) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    for session in sessions::end_all(caller.user, None, End::SignOutEverywhere, &mut connection).await? {
        state.tokens.end(session);
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Change the password
///
/// 修改自己的密码：其他会话随即结束，当前会话继续。
#[utoipa::path(operation_id = "change_password", tag = "sessions", request_body = PasswordChange,
    extensions(("x-roles" = json!(["staff", "enterprise", "expert"]))),
    responses((status = 204, description = "Changed; every other session of the account has ended")))]
#[put("/v1/account/password")]
pub async fn change_password(
    state: web::Data<State>,
    caller: SignedIn,
    change: Body<PasswordChange>,
) -> Answer<HttpResponse> {
    let PasswordChange { current_password, new_password } = change.0;
    let user = store::find(caller.user, &mut *state.database.connection().await?).await?;
    let user = user.ok_or_else(|| Problem::new(Kind::Unauthenticated))?;
    let new = NewPassword::parse(&new_password, &user.login).map_err(|fault| invalid("/new_password", fault))?;
    let wrong = || {
        let fault = FieldFault::new("wrong", "当前密码不对", "the current password is another");
        invalid("/current_password", fault)
    };
    let user = verified(&state, Some(user), current_password).await?.ok_or_else(wrong)?;
    let passwords = Arc::clone(&state.passwords);
    let hash = web::block(move || passwords.hash(new.as_str()))
        .await
        .map_err(Problem::internal)?
        .map_err(Problem::internal)?;
    let mut connection = state.database.connection().await?;
    let ended = connection
        .transaction(async |connection| {
            if !store::replace_hash(&user, &hash, connection).await? {
                return Err(wrong());
            }
            Ok(sessions::end_all(user.id, Some(caller.session), End::PasswordChanged, connection).await?)
        })
        .await?;
    for session in ended {
        state.tokens.end(session);
    }
    Ok(HttpResponse::NoContent().finish())
}

/// The account, if that is its password; a hash from cheaper days is replaced. Comparing is work of the processor, and
/// takes as long for an account that does not exist.
async fn verified(state: &State, user: Option<User>, password: String) -> Answer<Option<User>> {
    let (passwords, kept) = (Arc::clone(&state.passwords), user.as_ref().map(|user| user.password_hash.clone()));
    let compared = web::block(move || match passwords.compare(&password, kept.as_deref()) {
        Compared::Wrong => Ok(None),
        Compared::Right => Ok(Some(None)),
        Compared::Cheap => passwords.hash(&password).map(Some).map(Some),
    });
    let right = compared.await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    let (Some(mut user), Some(dearer)) = (user, right) else { return Ok(None) };
    if let Some(hash) = dearer {
        // If somebody changed the password meanwhile, theirs stays.
        store::replace_hash(&user, &hash, &mut *state.database.connection().await?).await?;
        user.password_hash = hash;
    }
    Ok(Some(user))
}

fn invalid(pointer: &str, fault: FieldFault) -> Problem {
    Problem::invalid(Faults::one(pointer, fault))
}

/// Keys
///
/// 验证访问令牌所用的公钥。
#[utoipa::path(operation_id = "list_keys", tag = "sessions",
    responses((status = 200, description = "Public keys, the signing one first", body = PublicKeys)))]
#[get("/.well-known/jwks.json")]
pub async fn keys(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "public, max-age=60"))
        .json(PublicKeys { keys: state.tokens.public_keys() })
}

fn answer(status: StatusCode, state: &State, member: &Member, token: RefreshToken) -> Answer<HttpResponse> {
    let session = Session {
        access_token: state.tokens.issue(member).map_err(Problem::internal)?,
        token_type: "Bearer",
        expires_in: tokens::LIFE,
        refresh_token: token.reveal(),
        role: member.role,
        organisation_id: member.organisation,
        expert_id: member.expert,
    };
    Ok(HttpResponse::build(status).insert_header(("Cache-Control", "no-store")).json(session))
}
