//! Sessions over HTTP: sign in, go on, sign out; and the keys that verify tokens.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, get, post, web};
use deserr::Deserr;
use diesel::QueryResult;
use diesel_async::AsyncConnection;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, End, Refreshed};
use crate::audit::{self, Action, Event, Origin};
use crate::database::Connection;
use crate::http::{Address, Body};
use crate::identity::accounts::{self, Login};
use crate::identity::second_factor::{self, Proof, Shown};
use crate::identity::secret::OneTime;
use crate::identity::throttle::Guard;
use crate::identity::tokens::{self, PublicKey};
use crate::identity::{Member, Role, SignedIn};
use crate::problem::{Answer, Faults, Kind, Problem};
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
    /// Six digits of the authenticator, for an account with a second factor.
    #[deserr(default)]
    #[schema(max_length = 6)]
    code: Option<String>,
    /// In the place of `code`: one of the recovery codes, good once.
    #[deserr(default)]
    #[schema(max_length = 64)]
    recovery_code: Option<String>,
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
/// 登录：以账号和密码换取访问令牌（有效十分钟）和续期令牌；启用了第二因素的账号还须带 `code` 或 `recovery_code`。
#[utoipa::path(operation_id = "create_session", tag = "sessions", request_body = Credentials,
    responses((status = 201, description = "Signed in", body = Session)))]
#[post("/v1/sessions")]
pub async fn create(
    state: web::Data<State>,
    (origin, address): (Origin, Address),
    credentials: Body<Credentials>,
) -> Answer<HttpResponse> {
    let Credentials { login, password, code, recovery_code } = credentials.0;
    let possible = Login::parse(&login).map(|login| login.to_string()).unwrap_or_default();
    let mut connection = state.database.connection().await?;
    let known = accounts::find_by_login(&possible, &mut connection).await?;
    let familiar = store::is_familiar(&possible, address.network(), &mut connection).await?;
    let guard = Guard::of(&login.to_lowercase(), address.network(), familiar);
    let account = known.as_ref().map(|user| (user.id, user.role));
    if let Err(early) = guard.count(&mut connection).await {
        failed(&origin, account, "too_early", &mut connection).await?;
        return Err(early);
    }
    drop(connection);
    let verified = accounts::verified(&state, known, password).await?;
    let mut connection = state.database.connection().await?;
    let Some(user) = verified else {
        return Err(failed(&origin, account, "password", &mut connection).await?);
    };
    let proof = Proof { code, recovery_code };
    let shown = second_factor::check(user.id, &proof, &state.secret, &mut connection).await?;
    if shown == Shown::Wrong {
        return Err(failed(&origin, account, "second_factor", &mut connection).await?);
    }
    if shown == Shown::Missing {
        guard.take_back(&mut connection).await?;
        return Err(Problem::new(Kind::CodeRequired));
    }
    guard.forgive(&mut connection).await?;
    let strong = shown == Shown::Right;
    let begun = connection
        .transaction(async |connection| {
            let begun = store::begin(&user, strong, address.network(), connection).await?;
            // The password was changed, or the account disabled, while this one was being compared.
            let begun = begun.ok_or_else(|| Problem::new(Kind::WrongCredentials))?;
            let event = Event::new(Action::SignedIn).about_id("session", begun.0.session);
            let origin = origin.by(user.id, user.role.as_str());
            audit::record(&origin, &event.with(json!({ "second_factor": strong })), connection).await?;
            Ok::<_, Problem>(begun)
        })
        .await?;
    answer(StatusCode::CREATED, &state, &begun.0, begun.1)
}

/// Notes a failed sign-in, of an account or of nobody: what was typed as a login may be a password.
async fn failed(
    origin: &Origin,
    account: Option<(Uuid, Role)>,
    what: &str,
    connection: &mut Connection,
) -> Answer<Problem> {
    let id = account.map(|(id, _)| id.to_string());
    let event = Event::new(Action::SignInFailed).about("account", id.as_deref()).with(json!({ "wrong": what }));
    audit::record(origin, &event, connection).await?;
    Ok(Problem::new(Kind::WrongCredentials))
}

/// Go on with a session
///
/// 续期：以续期令牌换取新的访问令牌和新的续期令牌；同一个续期令牌用两次，整个会话即告结束。会话最长十二小时，闲置半小时即结束。
#[utoipa::path(operation_id = "refresh_session", tag = "sessions", request_body = Refresh,
    responses((status = 200, description = "New tokens", body = Session)))]
#[post("/v1/sessions/refresh")]
pub async fn refresh(state: web::Data<State>, origin: Origin, token: Body<Refresh>) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    match store::refresh(&token.0.refresh_token, &mut connection).await? {
        Refreshed::Next(member, token) => answer(StatusCode::OK, &state, &member, token),
        Refreshed::Reused { session, user } => {
            state.tokens.end_all([session]);
            let event = Event::new(Action::SessionReused).about_id("session", session);
            audit::record(&origin, &event.with(json!({ "account": user })), &mut connection).await?;
            Err(Problem::new(Kind::SessionEnded))
        }
        Refreshed::Refused => Err(Problem::new(Kind::SessionEnded)),
    }
}

/// Sign out
///
/// 退出：结束当前会话。
#[utoipa::path(operation_id = "end_session", tag = "sessions",
    responses((status = 204, description = "The session has ended")))]
#[delete("/v1/sessions/current")]
pub async fn end(state: web::Data<State>, (caller, origin): (SignedIn, Origin)) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    connection
        .transaction(async |connection| {
            store::end(caller.session, End::SignOut, connection).await?;
            let event = Event::new(Action::SignedOut).about_id("session", caller.session);
            audit::record(&origin, &event, connection).await
        })
        .await?;
    state.tokens.end_all([caller.session]);
    Ok(HttpResponse::NoContent().finish())
}

/// Sign out everywhere
///
/// 在所有设备上退出：结束本账号的全部会话。
#[utoipa::path(operation_id = "end_all_sessions", tag = "sessions",
    responses((status = 204, description = "All sessions of the account have ended")))]
#[delete("/v1/sessions")]
pub async fn end_all(state: web::Data<State>, (caller, origin): (SignedIn, Origin)) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let ended = connection
        .transaction(async |connection| {
            let ended = store::end_all(caller.user, None, End::SignOutEverywhere, connection).await?;
            let event = Event::new(Action::SignedOut).about_id("account", caller.user);
            audit::record(&origin, &event.with(json!({ "sessions": ended.len() })), connection).await?;
            QueryResult::Ok(ended)
        })
        .await?;
    state.tokens.end_all(ended);
    Ok(HttpResponse::NoContent().finish())
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

fn answer(status: StatusCode, state: &State, member: &Member, token: OneTime) -> Answer<HttpResponse> {
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
