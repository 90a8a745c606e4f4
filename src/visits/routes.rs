//! Visits over HTTP.

use actix_web::{HttpResponse, get, post, web};
use chrono::{NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, Count};
use super::{Looking, SITE, day_of};
use crate::access::{self, Action};
use crate::database::Connection;
use crate::identity::Caller;
use crate::problem::{Answer, Kind, Problem};
use crate::registry::ids;
use crate::registry::policies::Policy;
use crate::registry::record::Store;
use crate::state::State;

/// How many people came. A person counts once a day; robots, reloads and machines do not. Up to a second behind.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"total": 21_734, "today": 96, "since": "2026-11-29"}))]
pub struct VisitCount {
    #[schema(minimum = 0)]
    total: i64,
    /// Today in China.
    #[schema(minimum = 0)]
    today: i64,
    /// The first day that is counted; none before anybody came.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<NaiveDate>,
}

impl VisitCount {
    fn of(count: Option<Count>) -> Self {
        let today = day_of(Utc::now());
        count.map_or(Self { total: 0, today: 0, since: None }, |count| Self {
            total: count.total,
            today: if count.day == today { count.of_day } else { 0 },
            since: Some(count.since),
        })
    }
}

/// Read the visits of the site
///
/// 网站访问人数：累计和今日。
#[utoipa::path(operation_id = "read_site_visits", tag = "centre",
    responses((status = 200, description = "How many people came", body = VisitCount)))]
#[get("/v1/site/visits")]
pub async fn read_site(state: web::Data<State>) -> Answer<HttpResponse> {
    let count = store::count(SITE, &mut *state.database.connection().await?).await?;
    Ok(HttpResponse::Ok().json(VisitCount::of(count)))
}

/// Count a visit of the site
///
/// 网站的页面由访客的浏览器调用，记一次访问，并给出人数；同一人一天只计一次，机器人不计。这次访问在一秒内计入。
#[utoipa::path(operation_id = "count_site_visit", tag = "centre",
    responses((status = 200, description = "How many people came", body = VisitCount)))]
#[post("/v1/site/visits")]
pub async fn count_site(state: web::Data<State>, looking: Looking) -> Answer<HttpResponse> {
    state.visits.note(SITE, &looking);
    let count = store::count(SITE, &mut *state.database.connection().await?).await?;
    Ok(HttpResponse::Ok().json(VisitCount::of(count)))
}

/// Read the views of a policy
///
/// 一项政策的浏览人数。读取政策全文即计入：同一人一天只计一次，机器人、合作站点的程序和中心人员不计。
#[utoipa::path(operation_id = "read_policy_views", tag = "policies",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000006")),
    responses((status = 200, description = "How many people looked at it", body = VisitCount)))]
#[get("/v1/policies/{id}/views")]
pub async fn read_policy(id: web::Path<String>, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let id = ids::of_address(&id)?;
    refuse_hidden(id, &caller, &mut connection).await?;
    let count = store::count(id, &mut connection).await?;
    Ok(HttpResponse::Ok().json(VisitCount::of(count)))
}

/// What may not be read has no views either.
async fn refuse_hidden(id: Uuid, caller: &Caller, connection: &mut Connection) -> Answer<()> {
    let policy = Policy::find(id, connection).await?.filter(|policy| access::may(caller, Action::Read, policy));
    let policy = policy.ok_or_else(Problem::not_found)?;
    if policy.stamp.deleted_at.is_some() { Err(Problem::new(Kind::Gone)) } else { Ok(()) }
}
