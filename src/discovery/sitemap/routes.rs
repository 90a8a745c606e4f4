//! Sitemaps over HTTP.

use actix_web::http::header::{self, HttpDate};
use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};

use super::{Slice, store};
use crate::http::Conditions;
use crate::problem::{Answer, Problem};
use crate::state::State;

const XML: &str = "text/xml; charset=utf-8";

/// Read the index of the sitemaps
///
/// 站点地图索引（sitemaps.org 0.9），供搜索引擎找到已公开的记录；带 ETag，未变时答 304。
#[utoipa::path(operation_id = "read_sitemap_index", tag = "harvest", params(("If-None-Match" = Option<String>, Header)),
    responses((status = 200, description = "Every sitemap with when something in it last changed", content((String = "text/xml",
        example = json!("<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"/>"))),
        headers(("ETag" = String, description = "Of what was last changed"), ("Last-Modified" = String))),
        (status = 304, description = "The caller has it")))]
#[get("/sitemap.xml")]
pub async fn index(state: web::Data<State>, conditions: Conditions) -> Answer<HttpResponse> {
    let slices = store::slices(&mut *state.database.connection().await?).await?;
    let changed_at = slices.iter().map(|(_, changed_at)| *changed_at).max().unwrap_or_default();
    let tag = format!("\"{}-{}\"", changed_at.timestamp_micros(), slices.len());
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(dated(changed_at, tag).body(super::index(state.tokens.issuer(), &slices)))
}

/// Read a sitemap
///
/// 一类已公开记录的站点地图，每个文件至多 50 000 个地址；文件名见索引。带 ETag，未变时答 304。
#[utoipa::path(operation_id = "read_sitemap", tag = "harvest",
    params(("file" = String, Path, description = "As the index names it", max_length = 100, example = "results-1.xml"),
        ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, description = "At most 50 000 addresses of records", content((String = "text/xml")),
        headers(("ETag" = String, description = "Of what was last changed"), ("Last-Modified" = String))),
        (status = 304, description = "The caller has it")))]
#[get("/sitemaps/{file}")]
pub async fn read(file: web::Path<String>, state: web::Data<State>, conditions: Conditions) -> Answer<HttpResponse> {
    let slice = Slice::parse(&file).ok_or_else(Problem::not_found)?;
    let mut connection = state.database.connection().await?;
    let mut moment = connection.build_transaction().repeatable_read().read_only();
    let read = moment
        .run(async |connection| {
            let changed_at = store::changed_at(slice, connection).await?.ok_or_else(Problem::not_found)?;
            let tag = format!("\"{}\"", changed_at.timestamp_micros());
            let known = conditions.is_known(&tag);
            let records = if known { None } else { Some(store::records(slice, connection).await?) };
            Ok::<_, Problem>((changed_at, tag, records))
        })
        .await;
    drop(connection);
    let (changed_at, tag, records) = read?;
    Ok(match records {
        Some(records) => dated(changed_at, tag).body(super::file(state.tokens.issuer(), slice.kind, &records)),
        None => HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish(),
    })
}

/// Tell robots where the sitemaps are
///
/// 告诉搜索引擎站点地图在哪里，以及不必抓取什么（RFC 9309）。
#[utoipa::path(operation_id = "read_robots", tag = "harvest",
    responses((status = 200, description = "Rules for robots", content_type = "text/plain", body = String,
        example = json!("User-agent: *\nSitemap: https://duijie.example.com/sitemap.xml\n"))))]
#[get("/robots.txt")]
pub async fn robots(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(super::robots(state.tokens.issuer()))
}

fn dated(changed_at: DateTime<Utc>, tag: String) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type(XML).insert_header((header::ETAG, tag));
    response.insert_header((header::LAST_MODIFIED, HttpDate::from(std::time::SystemTime::from(changed_at))));
    response
}
