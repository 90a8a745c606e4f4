//! Deadlines over HTTP: read as they are now, and noted as met.

use actix_web::http::header;
use actix_web::{HttpResponse, get, put, web};
use chrono::NaiveDate;
use deserr::Deserr;
use diesel_async::AsyncConnection;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{Deadline, agenda, store};
use crate::audit::{self, Action, Origin};
use crate::dockings::days::in_future;
use crate::http::conditions::etag;
use crate::http::{Body, Conditions};
use crate::identity::Caller;
use crate::patents::has_come;
use crate::patents::routes::{event, found};
use crate::problem::{Answer, Faults, FieldFault, Kind, Problem};
use crate::registry::fields::{Day, date};
use crate::state::State;

/// The deadlines of a case, the earliest first.
#[derive(Serialize, ToSchema)]
pub struct PatentDeadlines {
    #[schema(max_items = 300)]
    items: Vec<Deadline>,
}

/// When a deadline was met.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"done_on": "2026-02-20"}))]
pub struct DeadlineMark {
    /// Left out while it is open again.
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    done_on: Option<NaiveDate>,
}

/// List the deadlines of a patent case
///
/// 一件申报现在的期限，按届满日排列，各注明所依据的条文。由日期、通知书和日历即时计算：期限届满日遇休假日顺延到其后的第一个工作日（推定收到日不顺延）；
/// 向外国申请的期限和保护期届满不顺延。`provisional` 表示当年放假安排尚未公布。
#[utoipa::path(operation_id = "list_patent_deadlines", tag = "patent-cases",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020")),
    responses((status = 200, description = "All of them", body = PatentDeadlines)))]
#[get("/v1/patent-cases/{id}/deadlines")]
pub async fn list(id: web::Path<String>, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let case = found(&id, &caller, &mut connection).await?;
    let items = agenda(&case, &mut connection).await?.deadlines;
    Ok(HttpResponse::Ok().json(PatentDeadlines { items }))
}

/// Note that a deadline was met
///
/// 登记某一期限已办及其日期，或撤销登记。已办的不再提醒。
#[utoipa::path(operation_id = "replace_patent_deadline", tag = "patent-cases", request_body = DeadlineMark,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020"),
        ("key" = String, Path, pattern = "^[a-z0-9_-]{1,40}$", example = "examination_request"),
        ("If-Match" = String, Header, description = "The version of the deadline in the list")),
    responses((status = 200, description = "The deadline", body = Deadline, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/patent-cases/{id}/deadlines/{key}")]
pub async fn replace(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    mark: Body<DeadlineMark>,
) -> Answer<HttpResponse> {
    let ((id, key), user, done_on) = (path.into_inner(), caller.signed_in()?, mark.0.done_on);
    let mut connection = state.database.connection().await?;
    let marked = connection
        .transaction(async |connection| {
            let case = found(&id, &caller, connection).await?;
            let before = agenda(&case, connection).await?;
            let before = before.deadline(&key).ok_or_else(Problem::not_found)?;
            conditions.allow_change(before.version)?;
            if done_on.is_some_and(|day| !has_come(day)) {
                return Err(Problem::invalid_field("/done_on", in_future()));
            }
            if !store::mark((case.id, &key, before.version), done_on, user, connection).await? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            let event = event(Action::PatentDeadlineMarked, case.id);
            audit::record(&origin, &event.with(json!({ "deadline": key, "done_on": done_on })), connection).await?;
            let after = agenda(&case, connection).await?;
            after.deadline(&key).cloned().ok_or_else(Problem::not_found)
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(marked.version, false))).json(marked))
}
