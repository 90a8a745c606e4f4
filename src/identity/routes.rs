//! Signing in.

use actix_web::{HttpResponse, post, web};
use deserr::Deserr;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::member::Role;
use super::{passwords, store, tokens};
use crate::http::Body;
use crate::problem::{Answer, Faults, Kind, Problem};
use crate::registry::fields::Line;
use crate::state::State;

/// Who signs in.
#[derive(Deserialize, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"login": "staff", "password": "correct horse battery staple"}))]
pub struct Credentials {
    #[schema(max_length = 64)]
    login: String,
    #[schema(format = "password", max_length = 128)]
    password: String,
}

/// A session: what to send as `Authorization: Bearer …`.
#[derive(Serialize, ToSchema)]
pub struct Session {
    #[schema(max_length = 2000)]
    access_token: String,
    #[schema(example = "Bearer", max_length = 10)]
    token_type: &'static str,
    /// Seconds.
    #[schema(minimum = 1, maximum = 86400)]
    expires_in: i64,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expert_id: Option<Uuid>,
}

/// Sign in
///
/// 登录：以账号和密码换取访问令牌，有效半小时。
#[utoipa::path(operation_id = "create_session", tag = "sessions", request_body = Credentials,
    responses((status = 201, description = "Signed in", body = Session)))]
#[post("/v1/sessions")]
pub async fn create(state: web::Data<State>, credentials: Body<Credentials>) -> Answer<HttpResponse> {
    let Credentials { login, password } = credentials.0;
    let known = match Line::<2, 64>::parse(&login.to_lowercase()) {
        Ok(login) => store::find_by_login(&login, &mut *state.database.connection().await?).await?,
        Err(_) => None,
    };
    let hash = known.as_ref().map(|user| user.password_hash.clone());
    let right = web::block(move || passwords::verify(&password, hash.as_deref())).await.map_err(Problem::internal)?;
    let user = known.filter(|_| right).ok_or_else(|| Problem::new(Kind::WrongCredentials))?;
    let member = user.member();
    let session = Session {
        access_token: state.tokens.issue(&member).map_err(Problem::internal)?,
        token_type: "Bearer",
        expires_in: tokens::LIFE,
        role: member.role,
        organisation_id: member.organisation,
        expert_id: member.expert,
    };
    Ok(HttpResponse::Created().insert_header(("Cache-Control", "no-store")).json(session))
}
