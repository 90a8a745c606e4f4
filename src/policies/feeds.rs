//! Feeds of policies (RFC 4287), one for each level, so that other sites can carry them.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use atom_syndication::{Category, Entry, Feed, Link, Person, Text};
use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveTime, TimeZone, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::database::schema::policies;
use crate::http::Conditions;
use crate::problem::{Answer, Problem};
use crate::registry::fields::{PolicyLevel, PublicationStatus};
use crate::registry::words;
use crate::state::State;

/// Policies of a feed.
const MOST: i64 = 50;

/// Characters of a summary.
const SUMMARY: usize = 200;

const ATOM: &str = "application/atom+xml; charset=utf-8";

/// A policy as a feed tells of it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = policies)]
struct Told {
    id: Uuid,
    title: String,
    issuer: Option<String>,
    published_on: Option<NaiveDate>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    body: String,
    topics: Vec<String>,
}

/// Read the feed of a level
///
/// 某一级别最新政策的 Atom 订阅源（RFC 4287），供合作站点转载；带 ETag，未变时答 304。
#[utoipa::path(operation_id = "read_policy_feed", tag = "policies",
    params(("level" = inline(PolicyLevel), Path, example = "county"), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, description = "The newest policies of the level", content((String = "application/atom+xml")),
        headers(("ETag" = String, description = "Of what the feed tells"))),
        (status = 304, description = "The caller has it")))]
#[get("/v1/feeds/policies/{level}")]
pub async fn read(level: web::Path<String>, state: web::Data<State>, conditions: Conditions) -> Answer<HttpResponse> {
    let level = PolicyLevel::parse(&level).map_err(|_| Problem::not_found())?;
    let told = newest(level, &mut *state.database.connection().await?).await?;
    let feed = feed(level, &told, state.tokens.issuer()).to_string();
    let digest = Sha256::digest(&feed).iter().take(16).fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let tag = format!("\"{digest}\"");
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok().content_type(ATOM).insert_header((header::ETAG, tag)).body(feed))
}

async fn newest(level: PolicyLevel, connection: &mut AsyncPgConnection) -> QueryResult<Vec<Told>> {
    let published = policies::table
        .filter(policies::level.eq(level))
        .filter(policies::status.eq(PublicationStatus::Published))
        .filter(policies::deleted_at.is_null());
    let newest = diesel::dsl::sql::<diesel::sql_types::Bool>("coalesce(published_on, '-infinity'::date) DESC");
    published.order((newest, policies::id.desc())).limit(MOST).select(Told::as_select()).load(connection).await
}

fn feed(level: PolicyLevel, told: &[Told], url: &str) -> Feed {
    let own = format!("{url}/v1/feeds/policies/{}", level.as_str());
    let updated = told.iter().map(|policy| policy.updated_at).max().unwrap_or_default();
    Feed {
        // The same for the same address, whatever it tells (RFC 9562, 5.5).
        id: Uuid::new_v5(&Uuid::NAMESPACE_URL, own.as_bytes()).urn().to_string(),
        title: Text::plain(words::policies_of(level.as_str())),
        updated: updated.fixed_offset(),
        links: vec![link(&own, "self", "application/atom+xml")],
        lang: Some("zh".to_owned()),
        entries: told.iter().map(|policy| entry(policy, url)).collect(),
        ..Feed::default()
    }
}

fn entry(policy: &Told, url: &str) -> Entry {
    let summary: String = policy.body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SUMMARY).collect();
    // An entry has an author (RFC 4287, 4.1.2); where nobody is named, the policy is of who publishes the feed.
    let issuer = policy.issuer.as_deref().unwrap_or("对接");
    Entry {
        id: policy.id.urn().to_string(),
        title: Text::plain(legal(&policy.title)),
        updated: policy.updated_at.fixed_offset(),
        published: Some(published(policy)),
        authors: vec![Person { name: legal(issuer), ..Person::default() }],
        categories: policy.topics.iter().map(|topic| Category { term: legal(topic), ..Category::default() }).collect(),
        links: vec![link(&format!("{url}/v1/policies/{}", policy.id), "alternate", "application/json")],
        summary: Some(Text::plain(legal(&summary))),
        ..Entry::default()
    }
}

fn link(href: &str, rel: &str, media_type: &str) -> Link {
    Link { href: href.to_owned(), rel: rel.to_owned(), mime_type: Some(media_type.to_owned()), ..Link::default() }
}

/// The day on which it was published, in China; else when it was registered.
fn published(policy: &Told) -> DateTime<FixedOffset> {
    let china = FixedOffset::east_opt(8 * 3600);
    let day = policy.published_on.filter(|day| day.checked_add_days(Days::new(1)).is_some());
    let begins =
        china.zip(day).and_then(|(china, day)| china.from_local_datetime(&day.and_time(NaiveTime::MIN)).single());
    begins.unwrap_or_else(|| policy.created_at.fixed_offset())
}

/// Without what XML 1.0 (2.2) does not allow.
fn legal(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..))
        .collect()
}
