//! Accounts over HTTP: one's own, and for those who run them everybody's.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, put, web};
use deserr::Deserr;
use diesel_async::AsyncConnection;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::{self, Account};
use super::{hashed, reauthenticate, replace_hash, without_second_factor};
use crate::audit::{self, Action, Event, Origin};
use crate::database::Connection;
use crate::http::conditions::etag;
use crate::http::paging::{Paging, PagingParameters};
use crate::http::{Address, Body, Conditions, Patch, flag};
use crate::identity::passwords::NewPassword;
use crate::identity::sessions::{self, End};
use crate::identity::{Caller, Role, SignedIn, second_factor};
use crate::problem::{Answer, Faults, FieldFault, Kind, Problem};
use crate::registry::ids;
use crate::state::State;

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

/// One's own account.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-000000000009", "login": "zhao-lixin", "role": "enterprise",
    "organisation_id": "01939c5e-0000-7000-8000-000000000001", "second_factor": true,
    "signed_in_with_second_factor": false
}))]
pub struct OwnAccount {
    id: Uuid,
    #[schema(max_length = 64)]
    login: String,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expert_id: Option<Uuid>,
    /// Whether signing in takes a code.
    second_factor: bool,
    /// Whether this session was begun with one.
    signed_in_with_second_factor: bool,
}

/// Which accounts.
#[derive(Clone, Debug, Default, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountFilter {
    #[deserr(default)]
    #[param(inline)]
    pub role: Option<Role>,
    #[deserr(default, try_from(Option<String>) = ids::optional_id -> FieldFault)]
    pub organisation_id: Option<Uuid>,
    #[deserr(default, try_from(Option<String>) = flag -> FieldFault)]
    pub disabled: Option<bool>,
}

/// One page of accounts, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct AccountPage {
    #[schema(max_items = 100)]
    items: Vec<Account>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// What can be changed of an account.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"disabled": true}))]
pub struct AccountChange {
    /// A disabled account has no sessions and cannot sign in.
    disabled: bool,
}

/// One's own account
///
/// 自己的账号。
#[utoipa::path(operation_id = "read_own_account", tag = "account", path = "/v1/account",
    responses((status = 200, description = "The account", body = OwnAccount)))]
#[get("/v1/account")]
pub async fn read_own(state: web::Data<State>, caller: Caller) -> Answer<web::Json<OwnAccount>> {
    let mut connection = state.database.connection().await?;
    let user = store::find(caller.signed_in()?, &mut connection).await?;
    let user = user.ok_or_else(|| Problem::new(Kind::Unauthenticated))?;
    Ok(web::Json(OwnAccount {
        id: user.id,
        second_factor: second_factor::is_confirmed(user.id, &mut connection).await?,
        signed_in_with_second_factor: caller.is_strong(),
        login: user.login,
        role: user.role,
        organisation_id: user.organisation_id,
        expert_id: user.expert_id,
    }))
}

/// Change the password
///
/// 修改自己的密码：其他会话随即结束，当前会话继续。
#[utoipa::path(operation_id = "change_password", tag = "account", request_body = PasswordChange,
    responses((status = 204, description = "Changed; every other session of the account has ended")))]
#[put("/v1/account/password")]
pub async fn change_password(
    state: web::Data<State>,
    (caller, origin): (SignedIn, Origin),
    address: Address,
    change: Body<PasswordChange>,
) -> Answer<HttpResponse> {
    let PasswordChange { current_password, new_password } = change.0;
    let login = store::find(caller.user, &mut *state.database.connection().await?).await?.map(|user| user.login);
    let new = NewPassword::parse(&new_password, login.as_deref().unwrap_or_default());
    let new = new.map_err(|fault| Problem::invalid_field("/new_password", fault))?;
    let user = reauthenticate(&state, caller.user, current_password, address).await?;
    let hash = hashed(&state, new.as_str().to_owned()).await?;
    let mut connection = state.database.connection().await?;
    let ended = connection
        .transaction(async |connection| {
            if !replace_hash(&user, &hash, connection).await? {
                let fault = FieldFault::new("wrong", "当前密码刚被修改", "the current password was changed just now");
                return Err(Problem::invalid_field("/current_password", fault));
            }
            let ended = sessions::end_all(user.id, Some(caller.session), End::PasswordChanged, connection).await?;
            let event = Event::new(Action::PasswordChanged).about_id("account", user.id);
            audit::record(&origin, &event, connection).await?;
            Ok(ended)
        })
        .await?;
    state.tokens.end_all(ended);
    Ok(HttpResponse::NoContent().finish())
}

/// List accounts
///
/// 账号列表，新的在前。工作人员只看到企业和专家的账号。
#[utoipa::path(operation_id = "list_accounts", tag = "accounts", params(AccountFilter, PagingParameters),
    responses((status = 200, description = "One page", body = AccountPage)))]
#[get("/v1/accounts")]
pub async fn list(
    request: HttpRequest,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    let filter: AccountFilter = deserr::deserialize(Value::Object(filters)).map_err(Problem::invalid_parameters)?;
    let after = paging.after_id()?;
    let mut connection = state.database.connection().await?;
    let accounts = store::page(&filter, roles_run_by(&caller), after, paging.fetch(), &mut connection).await?;
    audit::record(&origin, &Event::new(Action::PersonalDataViewed).about("account", Some("list")), &mut connection)
        .await?;
    Ok(paging.answer(&request, accounts, |last| last.id.as_bytes().to_vec()))
}

/// Read an account
///
/// 一个账号。
#[utoipa::path(operation_id = "read_account", tag = "accounts",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000009")),
    responses((status = 200, description = "The account", body = Account, headers(("ETag" = String, description = "Its version")))))]
#[get("/v1/accounts/{id}")]
pub async fn read(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let account = run_by(&caller, &id, &mut connection).await?;
    let event = Event::new(Action::PersonalDataViewed).about_id("account", account.id);
    audit::record(&origin, &event, &mut connection).await?;
    let tag = etag(account.version, false);
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(account))
}

/// Disable or enable an account
///
/// 停用或启用一个账号；停用后其全部会话在几秒内结束。
#[utoipa::path(operation_id = "amend_account", tag = "accounts", request_body(content = AccountChange, content_type = "application/merge-patch+json"),
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000009"),
        ("If-Match" = String, Header)),
    responses((status = 200, description = "The account", body = Account, headers(("ETag" = String, description = "Its version")))))]
#[patch("/v1/accounts/{id}")]
pub async fn amend(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    change: Patch<AccountChange>,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let account = run_by(&caller, &id, &mut connection).await?;
    conditions.allow_change(account.version)?;
    if caller.user() == Some(account.id) {
        return Err(Problem::new(Kind::Conflict).saying("不能停用自己的账号", "nobody disables the own account"));
    }
    let disabled = change.0.disabled;
    let amended = connection
        .transaction(async |connection| {
            let amended = store::set_disabled(&account, disabled, connection).await?;
            let amended = amended.ok_or_else(|| Problem::new(Kind::PreconditionFailed))?;
            let event = Event::new(Action::AccountChanged).about_id("account", account.id);
            audit::record(&origin, &event.with(json!({ "disabled": disabled })), connection).await?;
            Ok::<_, Problem>(amended)
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(amended.version, false))).json(amended))
}

/// Remove the second factor of an account
///
/// 为丢失验证器和恢复码的人移除第二因素；其全部会话随即结束。请先当面或电话核实身份。
#[utoipa::path(operation_id = "remove_second_factor_of_account", tag = "accounts",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000009")),
    responses((status = 204, description = "Removed; all sessions of the account have ended")))]
#[delete("/v1/accounts/{id}/second-factor")]
pub async fn remove_second_factor(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let account = run_by(&caller, &id, &mut connection).await?;
    drop(connection);
    if caller.user() == Some(account.id) {
        return Err(Problem::new(Kind::Conflict)
            .saying("自己的第二因素请在自己的账号里移除", "the own second factor is removed at the own account"));
    }
    without_second_factor(account.id, &origin, &state).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The roles whose accounts a caller runs: those outside the centre, or all.
#[must_use]
pub fn roles_run_by(caller: &Caller) -> &'static [Role] {
    if caller.role() == Role::Admin {
        &[Role::Admin, Role::Staff, Role::Enterprise, Role::Expert]
    } else {
        &[Role::Enterprise, Role::Expert]
    }
}

/// An account that the caller runs; any other is not there.
///
/// # Errors
/// `not-found`.
pub async fn run_by(caller: &Caller, id: &str, connection: &mut Connection) -> Answer<Account> {
    let id = ids::of_address(id)?;
    store::account(id, roles_run_by(caller), connection).await?.ok_or_else(Problem::not_found)
}
