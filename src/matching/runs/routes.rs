//! Matching runs over HTTP: begin, watch, cancel, download.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use deserr::Deserr;
use diesel_async::AsyncConnection;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::download::{Format, stream};
use super::store::{self, MatchingRun};
use super::{RunState, counterparts};
use crate::audit::{self, Action, Event, Origin};
use crate::database::Connection;
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Creation, Parameters, keep_sealed};
use crate::identity::Caller;
use crate::matching::requests::{parse_kind, parse_limit};
use crate::problem::{Answer, Faults, FieldFault, Kind as ProblemKind, Problem, not_allowed};
use crate::registry::fields::distinct;
use crate::registry::{Kind, ids};
use crate::state::State;

/// What is to be matched with what.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"source": "demand", "kinds": ["result"], "limit": 10}))]
pub struct NewMatchingRun {
    /// The kind of records that are matched: all demands that are open, all published results or experts, all
    /// enterprises.
    #[deserr(try_from(String) = parse_source -> FieldFault)]
    #[schema(value_type = MatchedKind)]
    source: Kind,
    /// The kinds to match them with; all that there are for the source without it.
    #[deserr(default, try_from(Vec<String>) = parse_kinds -> FieldFault)]
    #[schema(value_type = HashSet<Kind>, max_items = 5, required = false)]
    kinds: Vec<Kind>,
    /// Matches of each record and kind, at most.
    #[deserr(default = 20, try_from(i64) = parse_limit -> FieldFault)]
    #[schema(value_type = i16, minimum = 1, maximum = 100, default = 20, required = false)]
    limit: i64,
}

/// Kinds that have counterparts.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "only describes the words")]
enum MatchedKind {
    Result,
    Expert,
    Organisation,
    Demand,
}

/// One page of runs, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct MatchingRunPage {
    #[schema(max_items = 100)]
    items: Vec<MatchingRun>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// How the file is written.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Download {
    /// `ndjson`, a JSON object a line, or `csv`, a table for a spreadsheet.
    #[deserr(default, try_from(Option<String>) = parse_format -> FieldFault)]
    #[param(value_type = Option<String>, pattern = "^(ndjson|csv)$", example = "csv")]
    format: Format,
}

/// Begin a run
///
/// 批量匹配：把一类记录全部与其他各类匹配，作为后台作业进行；可看进度、可取消、完成后可下载。
#[utoipa::path(operation_id = "create_matching_run", tag = "matches", request_body = NewMatchingRun,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "Queued", body = MatchingRun,
        headers(("Location" = String, description = "The address of the run")))))]
#[post("/v1/matching-runs")]
pub async fn create(
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewMatchingRun>,
) -> Answer<HttpResponse> {
    let (user, new) = (caller.signed_in()?, &creation.input);
    let (kinds, limit) = (new.kinds()?, i16::try_from(new.limit).map_err(Problem::internal)?);
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            let run = store::create(new.source, &kinds, limit, user, connection).await?;
            let answer = keep_sealed(held, run.id, &run, &state.secret, connection).await?;
            audit::record(&origin, &event(Action::MatchingRunCreated, run.id), connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let location = format!("/v1/matching-runs/{}", answer["id"].as_str().unwrap_or_default());
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(answer))
}

/// List runs
///
/// 批量匹配列表，新的在前。
#[utoipa::path(operation_id = "list_matching_runs", tag = "matches", params(PagingParameters),
    responses((status = 200, description = "One page", body = MatchingRunPage)))]
#[get("/v1/matching-runs")]
pub async fn list(request: HttpRequest, state: web::Data<State>) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    refuse_filters(filters)?;
    let after = paging.after_id()?;
    let runs = store::page(after, paging.fetch(), &mut *state.database.connection().await?).await?;
    Ok(paging.answer(&request, runs, |last| last.id.as_bytes().to_vec()))
}

/// Read a run
///
/// 一次批量匹配的进度。
#[utoipa::path(operation_id = "read_matching_run", tag = "matches",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-00000000000e")),
    responses((status = 200, description = "The run", body = MatchingRun)))]
#[get("/v1/matching-runs/{id}")]
pub async fn read(id: web::Path<String>, state: web::Data<State>) -> Answer<web::Json<MatchingRun>> {
    found(&id, &mut state.database.connection().await?).await.map(web::Json)
}

/// Cancel a run
///
/// 取消一次批量匹配；已经得出的结果仍可下载。
#[utoipa::path(operation_id = "cancel_matching_run", tag = "matches",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-00000000000e")),
    responses((status = 204, description = "Cancelled; what was found so far can be downloaded")))]
#[delete("/v1/matching-runs/{id}")]
pub async fn cancel(id: web::Path<String>, state: web::Data<State>, origin: Origin) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let run = found(&id, &mut connection).await?;
    connection
        .transaction(async |connection| {
            if !store::end(run.id, RunState::Cancelled, connection).await? {
                return Err(Problem::new(ProblemKind::Conflict).saying("已经结束", "it has ended"));
            }
            Ok(audit::record(&origin, &event(Action::MatchingRunCancelled, run.id), connection).await?)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Download what a run found
///
/// 下载批量匹配的结果：每行一个匹配，NDJSON 或 CSV。
#[utoipa::path(operation_id = "download_matching_run", tag = "matches",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-00000000000e"), Download),
    responses((status = 200, description = "A match a line, in the order of the records", content(
        (String = "application/x-ndjson"), (String = "text/csv")))))]
#[get("/v1/matching-runs/{id}/results")]
pub async fn download(
    id: web::Path<String>,
    state: web::Data<State>,
    origin: Origin,
    download: Parameters<Download>,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let run = found(&id, &mut connection).await?;
    if run.ended_at.is_none() {
        return Err(Problem::new(ProblemKind::Conflict).saying("还没有结束", "it has not ended yet"));
    }
    audit::record(&origin, &event(Action::MatchingRunDownloaded, run.id), &mut connection).await?;
    drop(connection);
    let format = download.0.format;
    let name = format!("attachment; filename=\"matches-{}.{}\"", run.id, Format::WORDS[format as usize]);
    Ok(HttpResponse::Ok()
        .content_type(format.media_type())
        .insert_header((header::CONTENT_DISPOSITION, name))
        .streaming(Box::pin(stream(run.id, format, state.database.clone()))))
}

async fn found(id: &str, connection: &mut Connection) -> Answer<MatchingRun> {
    let id = ids::of_address(id)?;
    store::find(id, connection).await?.ok_or_else(Problem::not_found)
}

fn event(action: Action, run: Uuid) -> Event {
    Event::new(action).about_id("matching_run", run).with(json!({}))
}

impl NewMatchingRun {
    /// The kinds to match with: those that were named, if the source has them, or all.
    fn kinds(&self) -> Answer<Vec<Kind>> {
        let there = counterparts(self.source);
        if self.kinds.iter().any(|kind| !there.contains(kind)) {
            let words: Vec<&str> = there.iter().map(|kind| kind.as_str()).collect();
            let FieldFault { detail, .. } = not_allowed(&words);
            return Err(Problem::invalid_field("/kinds", FieldFault { code: "no_counterpart", detail }));
        }
        Ok(if self.kinds.is_empty() { there.to_vec() } else { self.kinds.clone() })
    }
}

fn parse_source(text: String) -> Result<Kind, FieldFault> {
    let sources = Kind::ALL.into_iter().filter(|kind| !counterparts(*kind).is_empty());
    let words: Vec<&str> = sources.clone().map(Kind::as_str).collect();
    sources.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| not_allowed(&words))
}

fn parse_kinds(texts: Vec<String>) -> Result<Vec<Kind>, FieldFault> {
    distinct::<5, _>(texts.into_iter().map(parse_kind).collect::<Result<_, _>>()?)
}

fn parse_format(text: Option<String>) -> Result<Format, FieldFault> {
    let Some(text) = text else { return Ok(Format::default()) };
    Format::parse(&text).ok_or_else(|| not_allowed(&Format::WORDS))
}
