//! The token endpoint (RFC 6749, 4.4) and what the service says of it (RFC 8414). Errors here are those of RFC 6749, 5.2,
//! which clients' libraries understand.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diesel_async::AsyncConnection;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::TOKEN_ENDPOINT;
use super::store::{self, Partner};
use crate::audit::{self, Action, Event, Origin};
use crate::http::Address;
use crate::identity::secret::hash;
use crate::identity::tokens::{LIFE, scope_list};
use crate::identity::{Member, Role, Scope};
use crate::problem::{Answer, Problem};
use crate::state::State;

/// A request for a token, as a form. The client's id and secret come here or by HTTP Basic.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the form, which is read by name")]
#[schema(example = json!({"grant_type": "client_credentials", "scope": "results:read"}))]
pub struct TokenRequest {
    #[schema(pattern = "^client_credentials$", max_length = 30)]
    grant_type: String,
    /// Scopes with blanks between them; all that the site has without it.
    #[schema(max_length = 500)]
    scope: Option<String>,
    #[schema(max_length = 64)]
    client_id: Option<String>,
    #[schema(format = "password", max_length = 200)]
    client_secret: Option<String>,
}

/// A token (RFC 6749, 5.1).
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"access_token": "eyJ0eXAi…", "token_type": "Bearer", "expires_in": 600, "scope": "results:read"}))]
pub struct IssuedToken {
    #[schema(max_length = 2000)]
    access_token: String,
    #[schema(max_length = 10)]
    token_type: &'static str,
    /// Seconds that it is good for.
    #[schema(minimum = 1, maximum = 86400)]
    expires_in: i64,
    #[schema(max_length = 500)]
    scope: String,
}

/// Why there is no token (RFC 6749, 5.2).
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"error": "invalid_client", "error_description": "unknown client, wrong secret, or not from here"}))]
pub struct TokenError {
    #[schema(pattern = "^[a-z_]+$", max_length = 40)]
    error: &'static str,
    #[schema(max_length = 200)]
    error_description: &'static str,
}

/// What the service says of itself as an authorization server (RFC 8414).
#[derive(Serialize, ToSchema)]
pub struct ServerMetadata {
    #[schema(format = "uri", max_length = 200, example = "https://duijie.example.com")]
    issuer: String,
    #[schema(format = "uri", max_length = 300)]
    token_endpoint: String,
    #[schema(format = "uri", max_length = 300)]
    jwks_uri: String,
    #[schema(max_items = 20)]
    scopes_supported: &'static [&'static str],
    #[schema(max_items = 5)]
    grant_types_supported: [&'static str; 1],
    #[schema(max_items = 5)]
    token_endpoint_auth_methods_supported: [&'static str; 2],
    /// None: there is no authorization endpoint.
    #[schema(max_items = 0)]
    response_types_supported: [&'static str; 0],
    #[schema(format = "uri", max_length = 300)]
    service_documentation: String,
}

/// What went wrong, in the words of RFC 6749.
#[derive(Clone, Copy)]
enum Refusal {
    Malformed(&'static str),
    Client,
    Grant,
    Scope,
}

/// Get a token
///
/// 合作站点以客户端凭证换取访问令牌（RFC 6749 第 4.4 节），有效十分钟。
#[utoipa::path(operation_id = "issue_token", tag = "partners", path = "/oauth/token",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "A token", body = IssuedToken),
        (status = 400, description = "The request, its grant type or its scope is not good", body = TokenError),
        (status = 401, description = "The client is unknown, its secret wrong, or it calls from elsewhere", body = TokenError)))]
#[post("/oauth/token")]
pub async fn issue(
    request: HttpRequest,
    state: web::Data<State>,
    (origin, address): (Origin, Address),
    body: Bytes,
) -> Answer<HttpResponse> {
    let asked = match Asked::of(request.headers(), &body) {
        Ok(asked) => asked,
        Err(refusal) => return Ok(refused(refusal)),
    };
    let mut connection = state.database.connection().await?;
    let found = store::authenticate(asked.client, &asked.secret_hash, &mut connection).await?;
    let Some((site, secret)) = found.filter(|(site, _)| site.its_access().takes(address.0)) else {
        let event = Event::new(Action::TokenRefused).about_id("partner", asked.client);
        audit::record(&origin, &event, &mut connection).await?;
        return Ok(refused(Refusal::Client));
    };
    let Some(scopes) = granted(&site, asked.scope.as_deref()) else { return Ok(refused(Refusal::Scope)) };
    let member = member(&site, secret, scopes);
    let answer = IssuedToken {
        access_token: state.tokens.issue(&member).map_err(Problem::internal)?,
        token_type: "Bearer",
        expires_in: LIFE,
        scope: scope_list(&member.scopes),
    };
    let event = Event::new(Action::TokenIssued).about_id("partner", site.id);
    let event = event.with(json!({ "secret": secret, "scope": answer.scope }));
    let origin = origin.by(site.id, Role::Partner.as_str());
    connection.transaction(async |connection| audit::record(&origin, &event, connection).await).await?;
    state.tokens.admit(site.id, site.its_access());
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::PRAGMA, "no-cache"))
        .json(answer))
}

/// What the service is as an authorization server
///
/// 授权服务器元数据（RFC 8414）：令牌地址、公钥地址、权限范围。
#[utoipa::path(operation_id = "read_server_metadata", tag = "partners", path = "/.well-known/oauth-authorization-server",
    responses((status = 200, description = "Addresses and abilities", body = ServerMetadata)))]
#[get("/.well-known/oauth-authorization-server")]
pub async fn metadata(state: web::Data<State>) -> HttpResponse {
    let issuer = state.tokens.issuer();
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=3600")).json(ServerMetadata {
        issuer: issuer.to_owned(),
        token_endpoint: format!("{issuer}{TOKEN_ENDPOINT}"),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        scopes_supported: Scope::WORDS,
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        response_types_supported: [],
        service_documentation: format!("{issuer}/docs/"),
    })
}

/// What a client asks for.
struct Asked {
    client: Uuid,
    secret_hash: Vec<u8>,
    scope: Option<String>,
}

impl Asked {
    fn of(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.split(';').next().unwrap_or_default().trim() != "application/x-www-form-urlencoded" {
            return Err(Refusal::Malformed("send application/x-www-form-urlencoded"));
        }
        let form: Vec<(String, String)> =
            serde_urlencoded::from_bytes(body).map_err(|_| Refusal::Malformed("the form could not be read"))?;
        // RFC 6749, 3.2: no parameter twice, and one without a value as if it were not there.
        let names = ["grant_type", "scope", "client_id", "client_secret"];
        if names.iter().any(|name| form.iter().filter(|(given, _)| given == name).count() > 1) {
            return Err(Refusal::Malformed("a parameter stands there twice"));
        }
        let value =
            |name: &str| form.iter().find(|(given, value)| given == name && !value.is_empty()).map(|(_, value)| value);
        let grant = value("grant_type").ok_or(Refusal::Malformed("grant_type is missing"))?;
        let basic = headers.get(header::AUTHORIZATION).map(|value| basic(value.as_bytes()).ok_or(Refusal::Client));
        let (client, secret) = match (basic.transpose()?, value("client_secret")) {
            // RFC 6749, 2.3: one way at a time.
            (Some(_), Some(_)) => return Err(Refusal::Malformed("the client shows its secret in two ways")),
            (Some(pair), None) => pair,
            (None, secret) => (value("client_id").cloned().unwrap_or_default(), secret.cloned().unwrap_or_default()),
        };
        let client = Uuid::try_parse(&client).map_err(|_| Refusal::Client)?;
        if grant != "client_credentials" {
            return Err(Refusal::Grant);
        }
        Ok(Self { client, secret_hash: hash(&secret), scope: value("scope").cloned() })
    }
}

/// Id and secret of HTTP Basic, each encoded as in a form (RFC 6749, 2.3.1).
fn basic(header: &[u8]) -> Option<(String, String)> {
    let (scheme, encoded) = std::str::from_utf8(header).ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().ok().map(Cow::into_owned);
    Some((decoded(id)?, decoded(secret)?))
}

/// What is asked for, if the site has it all; all that it has if nothing is.
fn granted(site: &Partner, scope: Option<&str>) -> Option<Vec<Scope>> {
    let Some(scope) = scope else { return Some(site.scopes.clone()) };
    let asked: Option<Vec<Scope>> = scope.split(' ').map(|word| Scope::parse(word).ok()).collect();
    asked.filter(|asked| asked.iter().all(|scope| site.scopes.contains(scope)))
}

fn member(site: &Partner, secret: Uuid, scopes: Vec<Scope>) -> Member {
    Member {
        user: site.id,
        session: secret,
        role: Role::Partner,
        organisation: None,
        expert: None,
        partner: Some(site.name.clone()),
        scopes,
        strong: false,
    }
}

fn refused(refusal: Refusal) -> HttpResponse {
    let (status, error, error_description) = match refusal {
        Refusal::Malformed(why) => (StatusCode::BAD_REQUEST, "invalid_request", why),
        Refusal::Client => (
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "unknown client, wrong secret, or not from one of its networks",
        ),
        Refusal::Grant => (StatusCode::BAD_REQUEST, "unsupported_grant_type", "only client_credentials"),
        Refusal::Scope => (StatusCode::BAD_REQUEST, "invalid_scope", "a scope that is unknown or not the site's"),
    };
    let mut response = HttpResponse::build(status);
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"duijie\""));
    }
    response.insert_header((header::CACHE_CONTROL, "no-store")).insert_header((header::PRAGMA, "no-cache"));
    response.json(TokenError { error, error_description })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_encoded_as_in_a_form() {
        let header = format!("bAsIc {}", STANDARD.encode("a%3Ab:c+d%2B"));
        assert_eq!(basic(header.as_bytes()), Some(("a:b".to_owned(), "c d+".to_owned())));
        for wrong in ["Basic", "Basic !!", "Bearer YTpi", "Basic YWI="] {
            assert_eq!(basic(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
