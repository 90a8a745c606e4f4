//! The change feed over HTTP: pages, with or without waiting, or one stream.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use deserr::Deserr;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use super::feed::{self, Asked, ChangeView, Told};
use super::{Position, stream};
use crate::http::prefer::PREFERENCE_APPLIED;
use crate::http::{Parameters, Prefer, prefers};
use crate::identity::Caller;
use crate::problem::{Answer, Faults, FieldFault, Problem, not_allowed};
use crate::registry::Kind;
use crate::state::State;

/// Changes an answer, unless said otherwise, and at most.
const USUAL: usize = 20;
const MOST: usize = 100;

/// From where on, of what.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedParameters {
    /// A position that an export, an answer or a change gave; from the first change on without it.
    #[deserr(default, try_from(Option<String>) = parse_after -> FieldFault)]
    #[param(value_type = Option<String>, max_length = 40, pattern = "^[A-Za-z0-9_-]{32}$")]
    after: Option<Position>,
    /// Changes of records of one kind alone.
    #[deserr(default, try_from(Option<String>) = parse_kind -> FieldFault)]
    #[param(value_type = Option<Kind>)]
    kind: Option<Kind>,
    /// Changes an answer.
    #[deserr(default = USUAL, try_from(Option<String>) = parse_limit -> FieldFault)]
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100, default = 20)]
    limit: usize,
}

/// Some changes, oldest first.
#[derive(Serialize, ToSchema)]
pub struct ChangePage {
    #[schema(max_items = 100)]
    items: Vec<ChangeView>,
    /// `after` for what comes next, also where there are no items.
    #[schema(max_length = 40)]
    position: String,
    /// There is more already.
    more: bool,
}

/// List changes
///
/// 变更流：自某一位置以来，可查看的记录的每次变更，按提交的顺序，不漏不重。put 给出记录现在的内容，gone 表示不再公开或已删除。
/// Prefer: wait=n 时，没有变更就等，至多 30 秒；Accept: text/event-stream 时为一条连续的流（Server-Sent Events），
/// 断线后以 Last-Event-ID 续传，一条流至多五分钟。
#[utoipa::path(operation_id = "list_changes", tag = "changes",
    params(FeedParameters, ("Prefer" = Option<String>, Header, example = "wait=20"),
        ("Last-Event-ID" = Option<String>, Header, description = "The position after which a stream goes on")),
    responses((status = 200, description = "What comes next", content(
        (ChangePage = "application/json"), (String = "text/event-stream")))))]
#[get("/v1/changes")]
pub async fn list(
    request: HttpRequest,
    state: web::Data<State>,
    caller: Caller,
    prefer: Prefer,
    parameters: Parameters<FeedParameters>,
) -> Answer<HttpResponse> {
    let FeedParameters { after, kind, limit } = parameters.0;
    let mut asked = Asked { after, kind, most: limit };
    if prefers(request.headers(), stream::EVENTS, "application/json") {
        asked.after = stream::last_event(&request)?.or(after);
        return stream::answer(&request, state, caller, Asked { most: MOST, ..asked }).await;
    }
    let deadline = prefer.wait.map(|wait| Instant::now() + wait);
    let mut progress = state.freshness.progress();
    let mut told = read(asked, &caller, &state).await?;
    while let Some(deadline) = deadline.filter(|_| told.changes.is_empty() && !told.more) {
        if !progress.further(deadline).await {
            break;
        }
        told = read(Asked { after: Some(told.position), ..asked }, &caller, &state).await?;
    }
    let mut response = HttpResponse::Ok();
    if let Some(wait) = prefer.wait {
        response.insert_header((PREFERENCE_APPLIED, format!("wait={}", wait.as_secs())));
    }
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    let Told { changes, position, more } = told;
    Ok(response.json(ChangePage { items: changes, position: position.to_string(), more }))
}

/// The next changes, all of one moment.
pub(super) async fn read(asked: Asked, caller: &Caller, state: &State) -> Answer<Told> {
    let mut connection = state.database.connection().await?;
    let mut transaction = connection.build_transaction().repeatable_read().read_only();
    transaction.run(async |connection| feed::read(asked, caller, connection).await).await
}

/// The problem of a position that means nothing here.
pub(super) fn lost() -> Problem {
    Problem::invalid_parameters(Faults::one("/after", Position::lost()))
}

fn parse_after(text: Option<String>) -> Result<Option<Position>, FieldFault> {
    text.as_deref().map(Position::parse).transpose()
}

fn parse_kind(text: Option<String>) -> Result<Option<Kind>, FieldFault> {
    let Some(text) = text else { return Ok(None) };
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
    kind.map(Some).ok_or_else(|| not_allowed(&Kind::ALL.map(Kind::as_str)))
}

fn parse_limit(text: Option<String>) -> Result<usize, FieldFault> {
    let Some(text) = text else { return Ok(USUAL) };
    let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    limit
        .ok_or_else(|| FieldFault::new("out_of_range", "limit 为 1 到 100 的整数", "limit is an integer from 1 to 100"))
}
