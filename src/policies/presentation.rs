//! A policy for reading: its number in its parts, clean HTML, and what stands before and after it.

use actix_web::{HttpResponse, get, web};
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Date, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::number::DocumentNumber;
use super::{cutting, found, html, reading};
use crate::database::schema::policy_readings;
use crate::identity::Caller;
use crate::problem::{Answer, Problem};
use crate::registry::Record;
use crate::registry::policies::Policy;
use crate::state::State;

/// A policy for reading.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "policy_id": "01939c5e-0000-7000-8000-000000000005", "version": 1, "region": "130927",
    "number": {"body": "南政字", "year": 2026, "serial": 8, "standard": "南政字〔2026〕8号"},
    "html": "<h2>一、支持企业设备更新</h2><p>对购置关键设备的企业给予补助。</p>",
    "previous": {"id": "01939c5e-0000-7000-8000-000000000006", "title": "关于支持科技创新的若干措施", "published_on": "2026-02-01"}
}))]
pub struct PolicyPresentation {
    policy_id: Uuid,
    #[schema(minimum = 1)]
    version: i64,
    /// The document number in its parts, if it is one (GB/T 9704-2012, 7.2.5).
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<DocumentNumber>,
    /// The region that it is of (GB/T 2260); none where it is of the whole country, or nothing tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 6)]
    region: Option<String>,
    /// The body without anything that runs: plain text with its headings, paragraphs and tables.
    #[schema(max_length = 4_000_000)]
    html: String,
    /// The one of its level that was published before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<NeighbouringPolicy>,
    /// The one of its level that was published after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<NeighbouringPolicy>,
}

/// A policy beside another.
#[derive(Serialize, QueryableByName, ToSchema)]
pub struct NeighbouringPolicy {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    #[schema(max_length = 200)]
    title: String,
    #[diesel(sql_type = Nullable<Date>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    published_on: Option<NaiveDate>,
    #[diesel(sql_type = Text)]
    #[serde(skip)]
    side: String,
}

/// Both sides in one statement, each from the index. Only what everybody may read has neighbours, and is one.
const NEIGHBOURS: &str = "
    WITH own AS (SELECT level, coalesce(published_on, '-infinity'::date) AS day, id FROM policies WHERE id = $1)
    (SELECT 'previous' AS side, policies.id, title, published_on FROM policies, own
     WHERE policies.level = own.level AND deleted_at IS NULL AND status = 'published'
       AND (coalesce(published_on, '-infinity'::date), policies.id) < (own.day, own.id)
     ORDER BY coalesce(published_on, '-infinity'::date) DESC, policies.id DESC LIMIT 1)
    UNION ALL
    (SELECT 'next', policies.id, title, published_on FROM policies, own
     WHERE policies.level = own.level AND deleted_at IS NULL AND status = 'published'
       AND (coalesce(published_on, '-infinity'::date), policies.id) > (own.day, own.id)
     ORDER BY coalesce(published_on, '-infinity'::date), policies.id LIMIT 1)";

/// Read a policy for reading
///
/// 政策的阅读版：文号分解、净化后的 HTML 正文、同级别的上一篇和下一篇。
#[utoipa::path(operation_id = "read_policy_presentation", tag = "policies",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000005")),
    responses((status = 200, description = "The policy for reading", body = PolicyPresentation)))]
#[get("/v1/policies/{id}/presentation")]
pub async fn read(id: web::Path<String>, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let Record { stamp, fields } = found(&id, &caller, &mut connection).await?;
    let (mut previous, mut next) = (None, None);
    for neighbour in neighbours(stamp.id, &mut connection).await? {
        let side = if neighbour.side == "previous" { &mut previous } else { &mut next };
        *side = Some(neighbour);
    }
    let region = policy_readings::table.find(stamp.id).select(policy_readings::region);
    let region: Option<String> = region.first(&mut connection).await?;
    drop(connection);
    let number = reading::number_of(&fields);
    let html = web::block(move || html_of(&fields)).await.map_err(Problem::internal)?;
    let shown =
        PolicyPresentation { policy_id: stamp.id, version: stamp.version, number, region, html, previous, next };
    Ok(HttpResponse::Ok().json(shown))
}

async fn neighbours(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Vec<NeighbouringPolicy>> {
    diesel::sql_query(NEIGHBOURS).bind::<SqlUuid, _>(id).load(connection).await
}

/// The body of a policy as clean HTML.
#[must_use]
pub fn html_of(policy: &Policy) -> String {
    if html::is_html(&policy.body) {
        return html::clean(&policy.body);
    }
    let text = reading::text_of(policy);
    html::of_pieces(&text, &cutting::pieces(&text))
}
