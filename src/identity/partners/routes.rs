//! Partner sites over HTTP, for admins.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use chrono::{DateTime, Utc};
use deserr::Deserr;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::AsyncConnection;
use ipnet::IpNet;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, Partner, PartnerSecret, Terms};
use crate::audit::{self, Action, Event, Origin};
use crate::database::Connection;
use crate::http::conditions::{etag, etag_of};
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Body, Conditions, Creation, Keyed, keep_sealed};
use crate::identity::secret::OneTime;
use crate::identity::{Caller, Scope};
use crate::problem::{Answer, Faults, FieldFault, Kind, Problem};
use crate::registry::fields::{Line, at_least_one, distinct};
use crate::registry::ids;
use crate::state::State;

/// A partner site. Its name stands in the source of its records and never changes.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"name": "省科技成果平台", "scopes": ["results:read", "results:write"], "networks": ["203.0.113.0/24"]}))]
pub struct NewPartner {
    #[schema(inline)]
    name: Line<1, 100>,
    /// What it may do.
    #[deserr(try_from(Vec<Scope>) = at_least_one::<9, _> -> FieldFault)]
    #[schema(value_type = HashSet<Scope>, min_items = 1, max_items = 9)]
    scopes: Vec<Scope>,
    /// The networks that it calls from, such as `203.0.113.0/24`; from anywhere if none is named.
    #[deserr(default, try_from(Vec<String>) = parse_networks -> FieldFault)]
    #[schema(value_type = HashSet<String>, max_items = 50, required = false, example = json!(["203.0.113.0/24"]))]
    networks: Vec<IpNet>,
    /// A disabled site has no secrets and no tokens.
    #[deserr(default)]
    #[schema(required = false)]
    disabled: bool,
}

/// A partner site as it is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = Partner, example = json!({
    "id": "01939c5e-0000-7000-8000-00000000000c", "version": 1, "name": "省科技成果平台",
    "scopes": ["results:read", "results:write"], "networks": ["203.0.113.0/24"], "disabled": false,
    "created_at": "2026-11-25T02:03:04Z", "secrets": []
}))]
pub struct PartnerView {
    /// Also its `client_id`.
    id: Uuid,
    #[schema(minimum = 1)]
    version: i64,
    #[schema(max_length = 100)]
    name: String,
    #[schema(max_items = 9)]
    scopes: Vec<Scope>,
    #[schema(max_items = 50)]
    networks: Vec<String>,
    disabled: bool,
    created_at: DateTime<Utc>,
    /// When it was last given a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<DateTime<Utc>>,
    /// Those that are good, at most two.
    #[schema(max_items = 2)]
    secrets: Vec<PartnerSecret>,
}

/// One page of partner sites, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct PartnerPage {
    #[schema(max_items = 100)]
    items: Vec<PartnerView>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// A secret. It is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-00000000000d", "client_id": "01939c5e-0000-7000-8000-00000000000c",
    "client_secret": "eUXxG1mQ0cQ2Cq4zq6mQk8m0p3m7cQp8bq1kXo5z9aA"
}))]
pub struct ShownSecret {
    id: Uuid,
    client_id: Uuid,
    #[schema(max_length = 64)]
    client_secret: String,
}

/// Register a partner site
///
/// 登记一个合作站点；随后为它生成密钥。
#[utoipa::path(operation_id = "create_partner", tag = "partners", request_body = NewPartner,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The site", body = PartnerView, headers(("ETag" = String, description = "Its version")))))]
#[post("/v1/partners")]
pub async fn create(
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewPartner>,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let mut connection = state.database.connection().await?;
    let (new, id) = (&creation.input, Uuid::now_v7());
    let answer = connection
        .transaction(async |connection| {
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            store::create(id, &new.name, &new.terms(), connection).await.map_err(taken)?;
            let made = store::find(id, connection).await?.ok_or_else(Problem::not_found)?;
            let view = PartnerView::of(made, Vec::new());
            let answer = keep_sealed(held, id, &view, &state.secret, connection).await?;
            audit::record(&origin, &change(Action::PartnerCreated, id, new), connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let tag = etag_of(&answer);
    let location = format!("/v1/partners/{}", answer["id"].as_str().unwrap_or_default());
    Ok(HttpResponse::Created()
        .insert_header((header::ETAG, tag))
        .insert_header((header::LOCATION, location))
        .json(answer))
}

/// List partner sites
///
/// 合作站点列表，新的在前。
#[utoipa::path(operation_id = "list_partners", tag = "partners", params(PagingParameters),
    responses((status = 200, description = "One page", body = PartnerPage)))]
#[get("/v1/partners")]
pub async fn list(request: HttpRequest, state: web::Data<State>) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    refuse_filters(filters)?;
    let after = paging.after_id()?;
    let mut connection = state.database.connection().await?;
    let sites = store::page(after, paging.fetch(), &mut connection).await?;
    let ids: Vec<Uuid> = sites.iter().map(|site| site.id).collect();
    let secrets = store::secrets(&ids, &mut connection).await?;
    let of = |id| secrets.iter().filter(|secret| secret.partner_id == id).cloned().collect();
    let views: Vec<PartnerView> = sites.into_iter().map(|site| PartnerView::of(site.clone(), of(site.id))).collect();
    Ok(paging.answer(&request, views, |last| last.id.as_bytes().to_vec()))
}

/// Read a partner site
///
/// 一个合作站点。
#[utoipa::path(operation_id = "read_partner", tag = "partners",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-00000000000c")),
    responses((status = 200, description = "The site", body = PartnerView, headers(("ETag" = String, description = "Its version")))))]
#[get("/v1/partners/{id}")]
pub async fn read(id: web::Path<String>, state: web::Data<State>, conditions: Conditions) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let site = found(&id, &mut connection).await?;
    let tag = etag(site.version, false);
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    shown(site, &mut connection).await
}

/// Change a partner site
///
/// 修改一个合作站点的权限范围、来源网络或停用它；几秒内对已发出的令牌也生效。名称不可修改。
#[utoipa::path(operation_id = "replace_partner", tag = "partners", request_body = NewPartner,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-00000000000c"),
        ("If-Match" = String, Header)),
    responses((status = 200, description = "The site", body = PartnerView, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/partners/{id}")]
pub async fn replace(
    id: web::Path<String>,
    state: web::Data<State>,
    origin: Origin,
    conditions: Conditions,
    new: Body<NewPartner>,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let before = found(&id, &mut connection).await?;
    conditions.allow_change(before.version)?;
    if *new.0.name != *before.name {
        let fault = FieldFault::new("unchangeable", "名称不可修改", "the name cannot be changed");
        return Err(Problem::invalid_field("/name", fault));
    }
    connection
        .transaction(async |connection| {
            if !store::replace(&before, &new.0.terms(), connection).await? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            let event = change(Action::PartnerChanged, before.id, &new.0);
            Ok(audit::record(&origin, &event, connection).await?)
        })
        .await?;
    let after = found(&id, &mut connection).await?;
    shown(after, &mut connection).await
}

/// Make a secret
///
/// 为合作站点生成一个密钥：同时最多两个，以便不停机更换。密钥只显示这一次。
#[utoipa::path(operation_id = "create_partner_secret", tag = "partners",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-00000000000c"),
        ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The secret", body = ShownSecret)))]
#[post("/v1/partners/{id}/secrets")]
pub async fn create_secret(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    keyed: Keyed,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let mut connection = state.database.connection().await?;
    let site = found(&id, &mut connection).await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            let (id, secret) = (Uuid::now_v7(), OneTime::new());
            if site.disabled_at.is_some() || !store::add_secret(site.id, id, &secret.hash(), connection).await? {
                return Err(no_more_secrets());
            }
            let shown = ShownSecret { id, client_id: site.id, client_secret: secret.reveal() };
            let answer = keep_sealed(held, id, &shown, &state.secret, connection).await?;
            let event = Event::new(Action::PartnerSecretCreated).about_id("partner", site.id);
            audit::record(&origin, &event.with(json!({ "secret": id })), connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}

/// Revoke a secret
///
/// 撤销合作站点的一个密钥：凭它取得的令牌几秒内失效。
#[utoipa::path(operation_id = "revoke_partner_secret", tag = "partners",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-00000000000c"),
        ("secret_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-00000000000d")),
    responses((status = 204, description = "Good no more")))]
#[delete("/v1/partners/{id}/secrets/{secret_id}")]
pub async fn revoke_secret(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    origin: Origin,
) -> Answer<HttpResponse> {
    let (site, secret) = path.into_inner();
    let (site, secret) = (ids::id(site), ids::id(secret));
    let (Ok(site), Ok(secret)) = (site, secret) else { return Err(Problem::not_found()) };
    let mut connection = state.database.connection().await?;
    connection
        .transaction(async |connection| {
            if !store::revoke_secret(site, secret, connection).await? {
                return Err(Problem::not_found());
            }
            let event = Event::new(Action::PartnerSecretRevoked).about_id("partner", site);
            Ok(audit::record(&origin, &event.with(json!({ "secret": secret })), connection).await?)
        })
        .await?;
    state.tokens.end_all([secret]);
    Ok(HttpResponse::NoContent().finish())
}

async fn found(id: &str, connection: &mut Connection) -> Answer<Partner> {
    let id = ids::of_address(id)?;
    store::find(id, connection).await?.ok_or_else(Problem::not_found)
}

async fn shown(site: Partner, connection: &mut Connection) -> Answer<HttpResponse> {
    let secrets = store::secrets(&[site.id], connection).await?;
    let tag = etag(site.version, false);
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(PartnerView::of(site, secrets)))
}

fn change(action: Action, id: Uuid, new: &NewPartner) -> Event {
    let details = json!({ "scopes": new.scopes, "networks": new.networks, "disabled": new.disabled });
    Event::new(action).about_id("partner", id).with(details)
}

impl NewPartner {
    fn terms(&self) -> Terms<'_> {
        let networks = self.networks.iter().map(ToString::to_string).collect();
        Terms { scopes: &self.scopes, networks, disabled: self.disabled }
    }
}

impl PartnerView {
    fn of(site: Partner, secrets: Vec<PartnerSecret>) -> Self {
        Self {
            id: site.id,
            version: site.version,
            name: site.name,
            scopes: site.scopes,
            networks: site.networks,
            disabled: site.disabled_at.is_some(),
            created_at: site.created_at,
            last_used_at: site.last_used_at,
            secrets,
        }
    }
}

/// Networks by their first address and length; a single address is one of full length.
fn parse_networks(texts: Vec<String>) -> Result<Vec<IpNet>, FieldFault> {
    let parse = |text: &String| {
        let network = text.parse::<IpNet>().ok().or_else(|| Some(IpNet::from(text.parse::<std::net::IpAddr>().ok()?)));
        network.filter(|network| network.addr() == network.network()).ok_or_else(|| {
            FieldFault::new(
                "not_a_network",
                format!("{} 不是网络，应如 203.0.113.0/24", crate::audit::printable(text)),
                format!("{} is not a network such as 203.0.113.0/24", crate::audit::printable(text)),
            )
        })
    };
    distinct::<50, _>(texts.iter().map(parse).collect::<Result<_, _>>()?)
}

fn no_more_secrets() -> Problem {
    Problem::new(Kind::Conflict)
        .saying("该站点已停用或已有两个密钥；请先撤销一个", "the site is disabled or has two secrets; revoke one first")
}

fn taken(error: Error) -> Problem {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            Problem::conflict("/name", FieldFault::new("duplicate", "名称已被使用", "the name is taken"))
        }
        other => other.into(),
    }
}
