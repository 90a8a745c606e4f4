//! The centre's page over HTTP.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, put, web};
use diesel_async::AsyncConnection;
use serde_json::json;
use utoipa::ToSchema;

use super::{Centre, CentrePage, store};
use crate::audit::{self, Action, Event, Origin};
use crate::http::conditions::etag;
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Body, Conditions};
use crate::identity::Caller;
use crate::problem::{Answer, Kind, Problem};
use crate::state::State;

/// One page of versions, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct CentreVersionPage {
    #[schema(max_items = 100)]
    items: Vec<CentrePage>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// Read the centre's page
///
/// 中心介绍：名称、职责、地址、办公时间、联系方式。
#[utoipa::path(operation_id = "read_centre", tag = "centre",
    responses((status = 200, description = "The page", body = CentrePage, headers(("ETag" = String, description = "Its version")))))]
#[get("/v1/centre")]
pub async fn read(state: web::Data<State>, conditions: Conditions) -> Answer<HttpResponse> {
    let (_, page) = store::read(&mut *state.database.connection().await?).await?;
    let tag = etag(page.version, false);
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(shown(&page))
}

/// Change the centre's page
///
/// 中心人员修改中心介绍；以前的内容都保留。
#[utoipa::path(operation_id = "replace_centre", tag = "centre", request_body = Centre, params(("If-Match" = String, Header)),
    responses((status = 200, description = "The page", body = CentrePage, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/centre")]
pub async fn replace(
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    new: Body<Centre>,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let mut connection = state.database.connection().await?;
    let (id, before) = store::read(&mut connection).await?;
    conditions.allow_change(before.version)?;
    let page = connection
        .transaction(async |connection| {
            if !store::replace(before.version, &new.0, user, connection).await? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            let (_, page) = store::read(connection).await?;
            let event =
                Event::new(Action::CentreChanged).about_id("centre", id).with(json!({ "version": page.version }));
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(page)
        })
        .await?;
    Ok(shown(&page))
}

/// List the versions of the centre's page
///
/// 中心介绍的各个版本，新的在前。
#[utoipa::path(operation_id = "list_centre_versions", tag = "centre", params(PagingParameters),
    responses((status = 200, description = "One page", body = CentreVersionPage)))]
#[get("/v1/centre/history")]
pub async fn history(request: HttpRequest, state: web::Data<State>) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    refuse_filters(filters)?;
    let before = match paging.after.as_deref().map(<[u8; 8]>::try_from) {
        None => None,
        Some(Ok(bytes)) => Some(i64::from_be_bytes(bytes)),
        Some(Err(_)) => return Err(Problem::new(Kind::InvalidCursor)),
    };
    let mut connection = state.database.connection().await?;
    let (id, current) = store::read(&mut connection).await?;
    let newest = before.unwrap_or(current.version);
    let mut pages = store::earlier(id, newest, paging.fetch(), &mut connection).await?;
    if before.is_none() {
        pages.insert(0, current);
    }
    Ok(paging.answer(&request, pages, |last| last.version.to_be_bytes().to_vec()))
}

fn shown(page: &CentrePage) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::ETAG, etag(page.version, false))).json(page)
}
