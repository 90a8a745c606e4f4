//! One's own second factor over HTTP: add, confirm, remove, and other recovery codes.

use actix_web::{HttpResponse, delete, post, put, web};
use deserr::Deserr;
use diesel_async::AsyncConnection;
use serde::Serialize;
use utoipa::ToSchema;

use super::store;
use super::{KEY, authenticator, recovery_codes, step_of};
use crate::audit::{self, Action, Event, Origin};
use crate::http::{Address, Body};
use crate::identity::accounts::{reauthenticate, without_second_factor};
use crate::identity::{Caller, SignedIn};
use crate::problem::{Answer, Faults, FieldFault, Kind, Problem};
use crate::state::State;

/// Who adds an authenticator shows the password again.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"current_password": "correct horse battery"}))]
pub struct NewSecondFactor {
    #[schema(format = "password", max_length = 128)]
    current_password: String,
}

/// The key of an authenticator that is still to be confirmed. It is shown this once.
#[derive(Serialize, ToSchema)]
pub struct AuthenticatorKey {
    /// In base32, to be typed.
    #[schema(pattern = "^[A-Z2-7]+$", max_length = 64)]
    secret: String,
    /// To be shown as a QR code: `otpauth://totp/…`.
    #[schema(format = "uri", max_length = 500)]
    uri: String,
}

/// What the authenticator shows.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"code": "287082"}))]
pub struct Confirmation {
    #[schema(min_length = 6, max_length = 6)]
    code: String,
}

/// Codes for the day the authenticator is lost, each good once. They are shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = NewRecoveryCodes, example = json!({"recovery_codes": [
    "ADGJ-FILO-KNQT-PSVY-UX25-Z47C", "LORU-QTWZ-VY36-25AD-7CFI-EHKN", "WZ47-36BE-ADGJ-FILO-KNQT-PSVY",
    "BEHK-GJMP-LORU-QTWZ-VY36-25AD", "MPSV-RUX2-WZ47-36BE-ADGJ-FILO", "X25A-47CF-BEHK-GJMP-LORU-QTWZ",
    "CFIL-HKNQ-MPSV-RUX2-WZ47-36BE", "NQTW-SVY3-X25A-47CF-BEHK-GJMP", "Y36B-5ADG-CFIL-HKNQ-MPSV-RUX2",
    "DGJM-ILOR-NQTW-SVY3-X25A-47CF"
]}))]
pub struct RecoveryCodes {
    #[schema(min_items = 10, max_items = 10)]
    recovery_codes: Vec<String>,
}

/// Add an authenticator
///
/// 启用第二因素的第一步：取得验证器的密钥；随后以验证码确认。
#[utoipa::path(operation_id = "begin_second_factor", tag = "account", path = "/v1/account/second-factor",
    request_body = NewSecondFactor,
    responses((status = 201, description = "The key, to be confirmed with a code", body = AuthenticatorKey)))]
#[post("/v1/account/second-factor")]
pub async fn begin(
    state: web::Data<State>,
    caller: SignedIn,
    address: Address,
    new: Body<NewSecondFactor>,
) -> Answer<HttpResponse> {
    let user = reauthenticate(&state, caller.user, new.0.current_password, address).await?;
    let key: [u8; KEY] = rand::random();
    let totp = authenticator(key.to_vec(), &user.login)?;
    let sealed = state.secret.seal(&key, user.id.as_bytes()).ok_or_else(|| Problem::internal("nothing was sealed"))?;
    let mut connection = state.database.connection().await?;
    let begun = connection.transaction(async |connection| store::begin(user.id, &sealed, connection).await).await?;
    if !begun {
        return Err(Problem::new(Kind::Conflict).saying(
            "账号已有第二因素；要换验证器，请先移除",
            "the account has a second factor; to change it remove it first",
        ));
    }
    let uri = totp.to_url().map_err(Problem::internal)?;
    let answer = AuthenticatorKey { secret: totp.secret().to_base32(), uri };
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(answer))
}

/// Confirm the authenticator
///
/// 启用第二因素的第二步：以验证器上的验证码确认，取得恢复码。此后登录都需要验证码；当前会话续期后即视为已用第二因素登录。
#[utoipa::path(operation_id = "confirm_second_factor", tag = "account", path = "/v1/account/second-factor",
    request_body = Confirmation,
    responses((status = 200, description = "From now on signing in takes a code", body = RecoveryCodes)))]
#[put("/v1/account/second-factor")]
pub async fn confirm(
    state: web::Data<State>,
    (caller, origin): (SignedIn, Origin),
    confirmation: Body<Confirmation>,
) -> Answer<HttpResponse> {
    let (codes, hashes) = recovery_codes();
    let mut connection = state.database.connection().await?;
    connection
        .transaction(async |connection| {
            let sealed = store::begun(caller.user, connection).await?.ok_or_else(nothing_to_confirm)?;
            let key = state.secret.open(&sealed, caller.user.as_bytes());
            let key = key.ok_or_else(|| Problem::internal("a factor of another secret"))?;
            let step = step_of(&confirmation.0.code, key)?.ok_or_else(wrong_code)?;
            store::confirm(caller.user, caller.session, step, &hashes, connection).await?;
            let event = Event::new(Action::SecondFactorAdded).about_id("account", caller.user);
            Ok::<_, Problem>(audit::record(&origin, &event, connection).await?)
        })
        .await?;
    Ok(shown_once(codes))
}

/// Remove the second factor
///
/// 移除第二因素：须在用第二因素登录的会话里进行；账号的全部会话随即结束。
#[utoipa::path(operation_id = "remove_second_factor", tag = "account", path = "/v1/account/second-factor",
    responses((status = 204, description = "Removed; all sessions of the account have ended")))]
#[delete("/v1/account/second-factor")]
pub async fn remove(state: web::Data<State>, (caller, origin): (Caller, Origin)) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    without_second_factor(user, &origin, &state).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Other recovery codes
///
/// 换一批恢复码：原来的随即失效。
#[utoipa::path(operation_id = "renew_recovery_codes", tag = "account", path = "/v1/account/recovery-codes",
    responses((status = 200, description = "The codes; those before are good no more", body = RecoveryCodes)))]
#[post("/v1/account/recovery-codes")]
pub async fn renew(state: web::Data<State>, (caller, origin): (Caller, Origin)) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let (codes, hashes) = recovery_codes();
    let mut connection = state.database.connection().await?;
    connection
        .transaction(async |connection| {
            if !store::is_confirmed(user, connection).await? {
                return Err(nothing_to_confirm());
            }
            store::replace_recovery_codes(user, &hashes, connection).await?;
            let event = Event::new(Action::RecoveryCodesRenewed).about_id("account", user);
            Ok(audit::record(&origin, &event, connection).await?)
        })
        .await?;
    Ok(shown_once(codes))
}

fn shown_once(recovery_codes: Vec<String>) -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(RecoveryCodes { recovery_codes })
}

fn nothing_to_confirm() -> Problem {
    Problem::new(Kind::Conflict).saying("请先取得验证器的密钥", "begin with the key of an authenticator")
}

fn wrong_code() -> Problem {
    let fault =
        FieldFault::new("wrong", "验证码不对，请核对手机的时间", "the code is another; look at the clock of the phone");
    Problem::invalid_field("/code", fault)
}
