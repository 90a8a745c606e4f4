//! Invitations and resets over HTTP: made by those who run accounts, used by those who are handed the link.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use chrono::{DateTime, TimeDelta, Utc};
use deserr::Deserr;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, Invitation, Link, NewLink};
use super::{INVITATION, Purpose, RESET};
use crate::audit::{self, Action, Event, Origin};
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Body, Creation, Keyed, keep_sealed};
use crate::identity::accounts::routes::{roles_run_by, run_by};
use crate::identity::accounts::{self, Login, NewUser, hashed};
use crate::identity::passwords::NewPassword;
use crate::identity::secret::{OneTime, hash};
use crate::identity::sessions::{self, End};
use crate::identity::{Caller, Role};
use crate::problem::{Answer, Faults, FieldFault, Kind, Problem, ProblemDocument};
use crate::registry::ids;
use crate::state::State;

/// Who is invited.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"role": "enterprise", "organisation_id": "01939c5e-0000-7000-8000-000000000001"}))]
pub struct NewInvitation {
    /// `enterprise` with its organisation, `expert` with its record; by admins also `staff` and `admin`.
    role: Role,
    #[deserr(default, try_from(Option<String>) = ids::optional_id -> FieldFault)]
    organisation_id: Option<Uuid>,
    #[deserr(default, try_from(Option<String>) = ids::optional_id -> FieldFault)]
    expert_id: Option<Uuid>,
}

/// A link to be handed over. It is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-00000000000b", "expires_at": "2026-12-02T02:03:04Z",
    "link": "https://duijie.example.com/invitation#eUXxG1mQ0cQ2Cq4zq6mQk8m0p3m7cQp8bq1kXo5z9aA"
}))]
pub struct OneTimeLink {
    id: Uuid,
    #[schema(format = "uri", max_length = 500)]
    link: String,
    expires_at: DateTime<Utc>,
}

/// One page of invitations that are still good, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct InvitationPage {
    #[schema(max_items = 100)]
    items: Vec<Invitation>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// An invitation that is accepted.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "token": "eUXxG1mQ0cQ2Cq4zq6mQk8m0p3m7cQp8bq1kXo5z9aA", "login": "zhao-lixin", "password": "correct horse battery"
}))]
pub struct Acceptance {
    /// What stands behind `#` in the link.
    #[schema(max_length = 200)]
    token: String,
    #[schema(value_type = String, pattern = "^[A-Za-z0-9][A-Za-z0-9._@-]{1,63}$", max_length = 64)]
    login: Login,
    /// 8 to 128 characters; the most used passwords are refused.
    #[schema(format = "password", min_length = 8, max_length = 128)]
    password: String,
}

/// The account that was made.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "01939c5e-0000-7000-8000-000000000009", "login": "zhao-lixin", "role": "enterprise"}))]
pub struct MadeAccount {
    id: Uuid,
    #[schema(max_length = 64)]
    login: String,
    role: Role,
}

/// Another password by a link.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"token": "eUXxG1mQ0cQ2Cq4zq6mQk8m0p3m7cQp8bq1kXo5z9aA", "new_password": "staple battery horse"}))]
pub struct Reset {
    /// What stands behind `#` in the link.
    #[schema(max_length = 200)]
    token: String,
    /// 8 to 128 characters; the most used passwords are refused.
    #[schema(format = "password", min_length = 8, max_length = 128)]
    new_password: String,
}

/// Invite
///
/// 邀请一个人：取得一次性链接（七天内有效），当面或以其他可靠方式交给对方。链接只显示这一次。
#[utoipa::path(operation_id = "create_invitation", tag = "accounts", request_body = NewInvitation,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The link", body = OneTimeLink)))]
#[post("/v1/invitations")]
pub async fn invite(
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewInvitation>,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let new = &creation.input;
    if !roles_run_by(&caller).contains(&new.role) {
        return Err(caller.refused());
    }
    belongs(new.role, new.organisation_id, new.expert_id).map_err(Problem::invalid)?;
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            let (token, mut link) = new_link(Purpose::Invitation, INVITATION, new.role, user);
            (link.organisation_id, link.expert_id) = (new.organisation_id, new.expert_id);
            store::create(&link, connection).await.map_err(unknown_reference)?;
            let shown = shown(&link, Purpose::Invitation, token, state.tokens.issuer());
            let answer = keep_sealed(held, link.id, &shown, &state.secret, connection).await?;
            let event = Event::new(Action::InvitationCreated).about_id("invitation", link.id);
            audit::record(&origin, &event.with(json!({ "role": new.role })), connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(answer))
}

/// List invitations
///
/// 尚未使用、仍然有效的邀请，新的在前。
#[utoipa::path(operation_id = "list_invitations", tag = "accounts", params(PagingParameters),
    responses((status = 200, description = "One page", body = InvitationPage)))]
#[get("/v1/invitations")]
pub async fn list(request: HttpRequest, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    refuse_filters(filters)?;
    let after = paging.after_id()?;
    let mut connection = state.database.connection().await?;
    let invitations = store::invitations(roles_run_by(&caller), after, paging.fetch(), &mut connection).await?;
    Ok(paging.answer(&request, invitations, |last| last.id.as_bytes().to_vec()))
}

/// Revoke an invitation
///
/// 撤销一个尚未使用的邀请。
#[utoipa::path(operation_id = "revoke_invitation", tag = "accounts",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-00000000000b")),
    responses((status = 204, description = "The link is good no more")))]
#[delete("/v1/invitations/{id}")]
pub async fn revoke(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
) -> Answer<HttpResponse> {
    let id = ids::of_address(&id)?;
    let mut connection = state.database.connection().await?;
    connection
        .transaction(async |connection| {
            if !store::revoke(id, roles_run_by(&caller), connection).await? {
                return Err(Problem::not_found());
            }
            let event = Event::new(Action::InvitationRevoked).about_id("invitation", id);
            Ok(audit::record(&origin, &event, connection).await?)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Accept an invitation
///
/// 接受邀请：以链接里的令牌建立账号，自选账号名和密码。
#[utoipa::path(operation_id = "accept_invitation", tag = "accounts", request_body = Acceptance,
    responses((status = 201, description = "The account; sign in with it", body = MadeAccount),
        (status = 410, description = "The link is good no more", body = ProblemDocument, content_type = "application/problem+json")))]
#[post("/v1/accounts")]
pub async fn accept(state: web::Data<State>, origin: Origin, acceptance: Body<Acceptance>) -> Answer<HttpResponse> {
    let Acceptance { token, login, password } = acceptance.0;
    let password = NewPassword::parse(&password, &login).map_err(|fault| Problem::invalid_field("/password", fault))?;
    let token = hash(&token);
    let mut connection = state.database.connection().await?;
    good(&token, Purpose::Invitation, &mut connection).await?;
    let password_hash = hashed(&state, password.as_str().to_owned()).await?;
    let made = connection
        .transaction(async |connection| {
            let link = good(&token, Purpose::Invitation, connection).await?;
            let id = Uuid::now_v7();
            let user = NewUser {
                id,
                login: &login,
                password_hash: Some(&password_hash),
                role: link.role,
                organisation_id: link.organisation_id,
                expert_id: link.expert_id,
            };
            accounts::add(&user, connection).await.map_err(taken)?;
            store::use_up(&link, id, connection).await?;
            let event = Event::new(Action::AccountCreated).about_id("account", id);
            let event = event.with(json!({ "invitation": link.id }));
            audit::record(&origin.by(id, link.role.as_str()), &event, connection).await?;
            Ok::<_, Problem>(MadeAccount { id, login: login.to_string(), role: link.role })
        })
        .await?;
    Ok(HttpResponse::Created().json(made))
}

/// Make a reset of the password
///
/// 为忘记密码的人取得一次性重设链接（一天内有效）；之前的重设链接随即失效。请先当面或电话核实身份。
#[utoipa::path(operation_id = "create_password_reset", tag = "accounts",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000009"),
        ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The link", body = OneTimeLink)))]
#[post("/v1/accounts/{id}/password-resets")]
pub async fn create_reset(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    keyed: Keyed,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let mut connection = state.database.connection().await?;
    let account = run_by(&caller, &id, &mut connection).await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            store::revoke_resets(account.id, connection).await?;
            let (token, mut link) = new_link(Purpose::PasswordReset, RESET, account.role, user);
            link.user_id = Some(account.id);
            store::create(&link, connection).await?;
            let shown = shown(&link, Purpose::PasswordReset, token, state.tokens.issuer());
            let answer = keep_sealed(held, link.id, &shown, &state.secret, connection).await?;
            let event = Event::new(Action::PasswordResetCreated).about_id("account", account.id);
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(answer))
}

/// Reset the password
///
/// 以重设链接里的令牌设定新密码；账号的全部会话随即结束，第二因素不变。
#[utoipa::path(operation_id = "reset_password", tag = "account", request_body = Reset,
    responses((status = 204, description = "The password is the new one; all sessions of the account have ended"),
        (status = 410, description = "The link is good no more", body = ProblemDocument, content_type = "application/problem+json")))]
#[post("/v1/password-resets")]
pub async fn reset(state: web::Data<State>, origin: Origin, reset: Body<Reset>) -> Answer<HttpResponse> {
    let token = hash(&reset.0.token);
    let mut connection = state.database.connection().await?;
    let account = account_of(&good(&token, Purpose::PasswordReset, &mut connection).await?)?;
    let user = accounts::find(account, &mut connection).await?.ok_or_else(|| Problem::new(Kind::LinkSpent))?;
    let password = NewPassword::parse(&reset.0.new_password, &user.login);
    let password = password.map_err(|fault| Problem::invalid_field("/new_password", fault))?;
    let password_hash = hashed(&state, password.as_str().to_owned()).await?;
    let ended = connection
        .transaction(async |connection| {
            let link = good(&token, Purpose::PasswordReset, connection).await?;
            accounts::set_hash(account, &password_hash, connection).await?;
            store::use_up(&link, account, connection).await?;
            let ended = sessions::end_all(account, None, End::PasswordReset, connection).await?;
            let event = Event::new(Action::PasswordReset).about_id("account", account);
            audit::record(&origin.by(account, user.role.as_str()), &event, connection).await?;
            Ok::<_, Problem>(ended)
        })
        .await?;
    state.tokens.end_all(ended);
    Ok(HttpResponse::NoContent().finish())
}

/// The link of a token. Unknown, used, revoked and expired ones get the same answer.
async fn good(token: &[u8], purpose: Purpose, connection: &mut AsyncPgConnection) -> Answer<Link> {
    store::good(token, purpose, connection).await?.ok_or_else(|| Problem::new(Kind::LinkSpent))
}

fn account_of(link: &Link) -> Answer<Uuid> {
    link.user_id.ok_or_else(|| Problem::new(Kind::LinkSpent))
}

fn new_link(purpose: Purpose, life: TimeDelta, role: Role, by: Uuid) -> (OneTime, NewLink) {
    let token = OneTime::new();
    let link = NewLink {
        id: Uuid::now_v7(),
        hash: token.hash(),
        purpose: purpose.as_str(),
        role,
        organisation_id: None,
        expert_id: None,
        user_id: None,
        created_by: Some(by),
        expires_at: Utc::now() + life,
    };
    (token, link)
}

fn shown(link: &NewLink, purpose: Purpose, token: OneTime, base: &str) -> OneTimeLink {
    OneTimeLink { id: link.id, link: purpose.link(base, token), expires_at: link.expires_at }
}

/// An enterprise's account is of an organisation, an expert's of its record, any other of neither.
fn belongs(role: Role, organisation: Option<Uuid>, expert: Option<Uuid>) -> Result<(), Faults> {
    let mut faults = Faults::default();
    for (pointer, wanted, given) in [
        ("/organisation_id", role == Role::Enterprise, organisation.is_some()),
        ("/expert_id", role == Role::Expert, expert.is_some()),
    ] {
        if wanted && !given {
            faults.add(
                pointer.to_owned(),
                FieldFault::new("required_for_role", "这种账号必填", "is required for this role"),
            );
        } else if given && !wanted {
            faults.add(pointer.to_owned(), FieldFault::new("not_for_role", "这种账号没有此项", "is not for this role"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn unknown_reference(error: Error) -> Problem {
    let Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, details) = &error else { return error.into() };
    let of_expert = details.constraint_name().is_some_and(|name| name.contains("expert"));
    let pointer = if of_expert { "/expert_id" } else { "/organisation_id" };
    Problem::invalid_field(pointer, FieldFault::new("unknown_reference", "没有这条记录", "there is no such record"))
}

fn taken(error: Error) -> Problem {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            Problem::conflict("/login", FieldFault::new("duplicate", "账号名已被使用", "the login is taken"))
        }
        other => other.into(),
    }
}
