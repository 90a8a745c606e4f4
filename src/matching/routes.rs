//! Matches and search over HTTP.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde_json::Value;
use uuid::Uuid;

use super::answers::{MatchPage, Ranking, SearchPage, described, with_records};
use super::documents::{self, Indexed};
use super::requests::{
    FreeText, MatchParameters, OfDemand, OfExpert, OfOrganisation, OfResult, SearchParameters, asks, request_for,
};
use super::{MatchRequest, Place, SearchRequest, Viewer};
use crate::access::{self, Action};
use crate::http::Body;
use crate::http::paging::{Paging, PagingParameters, next_link};
use crate::identity::Caller;
use crate::problem::{Answer, Faults, Kind as ProblemKind, Problem};
use crate::registry::demands::Demand;
use crate::registry::experts::Expert;
use crate::registry::ids;
use crate::registry::organisations::Organisation;
use crate::registry::results::ResearchResult;
use crate::registry::{Concept, Kind};
use crate::state::State;

/// Matches of a demand
///
/// 为一项技术需求匹配成果或专家，并说明理由。
#[utoipa::path(operation_id = "list_demand_matches", tag = "matches", path = "/v1/demands/{id}/matches",
    params(
        ("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000001"),
        ("kind" = inline(OfDemand), Query, description = "The kind of records to match with", example = "result"),
        MatchParameters, PagingParameters
    ),
    responses((status = 200, description = "Results or experts, the best first", body = MatchPage)))]
#[get("/v1/demands/{id}/matches")]
pub async fn demand_matches(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    matches_of::<Demand>(&request, &id, state, &caller, OfDemand::KINDS).await
}

/// Matches of a result
///
/// 为一项成果匹配技术需求或企业，并说明理由。
#[utoipa::path(operation_id = "list_result_matches", tag = "matches", path = "/v1/results/{id}/matches",
    params(
        ("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000001"),
        ("kind" = inline(OfResult), Query, description = "The kind of records to match with", example = "demand"),
        MatchParameters, PagingParameters
    ),
    responses((status = 200, description = "Demands or enterprises, the best first", body = MatchPage)))]
#[get("/v1/results/{id}/matches")]
pub async fn result_matches(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    matches_of::<ResearchResult>(&request, &id, state, &caller, OfResult::KINDS).await
}

/// Matches of an expert
///
/// 为一位专家匹配技术需求，并说明理由。
#[utoipa::path(operation_id = "list_expert_matches", tag = "matches", path = "/v1/experts/{id}/matches",
    params(
        ("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000001"),
        ("kind" = inline(OfExpert), Query, description = "The kind of records to match with", example = "demand"),
        MatchParameters, PagingParameters
    ),
    responses((status = 200, description = "Demands, the best first", body = MatchPage)))]
#[get("/v1/experts/{id}/matches")]
pub async fn expert_matches(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    matches_of::<Expert>(&request, &id, state, &caller, OfExpert::KINDS).await
}

/// Matches of an organisation
///
/// 为一家企业匹配成果、专家和政策，并说明理由。
#[utoipa::path(operation_id = "list_organisation_matches", tag = "matches", path = "/v1/organisations/{id}/matches",
    params(
        ("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000001"),
        ("kind" = inline(OfOrganisation), Query, description = "The kind of records to match with", example = "result"),
        MatchParameters, PagingParameters
    ),
    responses((status = 200, description = "Results, experts or policies, the best first", body = MatchPage)))]
#[get("/v1/organisations/{id}/matches")]
pub async fn organisation_matches(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    matches_of::<Organisation>(&request, &id, state, &caller, OfOrganisation::KINDS).await
}

/// Matches of a text
///
/// 为一段未登记的文字匹配，并说明理由；什么也不保存。
#[utoipa::path(operation_id = "match_text", tag = "matches", path = "/v1/matches", request_body = FreeText,
    responses((status = 200, description = "Matches, the best first", body = MatchPage)))]
#[post("/v1/matches")]
pub async fn match_text(text: Body<FreeText>, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let text = text.0;
    let asks = !matches!(text.kind, Kind::Demand);
    let limit = usize::try_from(text.limit).unwrap_or_default();
    let (kind, hard) = (text.kind, text.hard.clone());
    let request = request_for(kind, text.query(), asks, &hard, Viewer::of(&caller), limit);
    let ranking = ranked(&state, request).await?;
    let (model, mut connection) = (state.engine.meaning_version(), state.database.connection().await?);
    let items = with_records(kind, ranking, model, &caller, &mut connection).await?;
    Ok(HttpResponse::Ok().json(MatchPage { items, next_cursor: None }))
}

/// Search
///
/// 全文检索：各类记录一起找，繁简不分，人名和单位名可用拼音；给出命中位置和分面统计。
#[utoipa::path(operation_id = "search", tag = "matches", path = "/v1/search", params(SearchParameters, PagingParameters),
    responses((status = 200, description = "What was found, the best first", body = SearchPage)))]
#[get("/v1/search")]
pub async fn search(request: HttpRequest, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    let parameters: SearchParameters =
        deserr::deserialize(Value::Object(filters)).map_err(Problem::invalid_parameters)?;
    let by_meaning = parameters.meaning == Some(true);
    let mut search = SearchRequest {
        words: parameters.q.to_string(),
        kinds: if parameters.kind.is_empty() { Kind::ALL.to_vec() } else { parameters.kind.clone() },
        filter: parameters.filter(&caller),
        limit: usize::try_from(paging.fetch()).unwrap_or_default(),
        after: place(&paging)?,
        meaning: None,
    };
    let finding = state.engine.work(move |engine| {
        if by_meaning {
            search.meaning = engine.meaning_of(&search.words).map_err(Problem::internal)?;
        }
        engine.search(&search).map_err(Problem::internal)
    });
    let found = finding.await?;
    let mut hits = found.hits;
    let next_cursor = paging.cut(&mut hits, |hit| position(&hit.place));
    let items = described(hits, &caller, &mut state.database.connection().await?).await?;
    let mut response = HttpResponse::Ok();
    link(&mut response, &request, next_cursor.as_deref());
    let (total, estimated, facets) = (found.total, found.estimated, found.facets);
    Ok(response.json(SearchPage { items, total, estimated, facets, next_cursor }))
}

/// One page of what matches a registered record.
async fn matches_of<C: Concept + Indexed>(
    request: &HttpRequest,
    id: &str,
    state: web::Data<State>,
    caller: &Caller,
    targets: &[Kind],
) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(request)?;
    let parameters: MatchParameters =
        deserr::deserialize(Value::Object(filters)).map_err(Problem::invalid_parameters)?;
    if !targets.contains(&parameters.kind) {
        let words: Vec<&str> = targets.iter().map(|kind| kind.as_str()).collect();
        return Err(Problem::invalid_parameters(Faults::one("/kind", crate::problem::not_allowed(&words))));
    }
    let id = ids::of_address(id)?;
    let mut connection = state.database.connection().await?;
    let record = C::find(id, &mut connection).await?.ok_or_else(Problem::not_found)?;
    if !access::may(caller, Action::Read, &record) {
        return Err(Problem::not_found());
    }
    if record.stamp.deleted_at.is_some() {
        return Err(Problem::new(ProblemKind::Gone));
    }
    let model = state.engine.meaning_version();
    let query = documents::query_of(&record, model, &mut connection).await?;
    drop(connection);
    let asks = asks(C::KIND);
    let limit = usize::try_from(paging.fetch()).unwrap_or_default();
    let mut wanted = request_for(parameters.kind, query, asks, &parameters.hard, Viewer::of(caller), limit);
    wanted.after = place(&paging)?;
    let mut ranking = ranked(&state, wanted).await?;
    let next_cursor =
        paging.cut(&mut ranking.matches, |last| position(&Place { raw: last.explanation.raw, id: last.id }));
    let mut connection = state.database.connection().await?;
    let items = with_records(parameters.kind, ranking, model, caller, &mut connection).await?;
    let mut response = HttpResponse::Ok();
    link(&mut response, request, next_cursor.as_deref());
    Ok(response.json(MatchPage { items, next_cursor }))
}

/// Scoring is work of the processor, not for the thread that other requests share.
async fn ranked(state: &web::Data<State>, mut request: MatchRequest) -> Answer<Ranking> {
    let ranking = state.engine.work(move |engine| {
        engine.understand(&mut request.query).map_err(Problem::internal)?;
        let matches = engine.matches(&request).map_err(Problem::internal)?;
        Ok(Ranking { matches, query: request.query })
    });
    ranking.await
}

fn link(response: &mut actix_web::HttpResponseBuilder, request: &HttpRequest, cursor: Option<&str>) {
    if let Some(cursor) = cursor {
        response.insert_header(("Link", next_link(request, cursor)));
    }
}

/// A place as a cursor bears it.
fn position(place: &Place) -> Vec<u8> {
    [&place.raw.to_bits().to_be_bytes()[..], place.id.as_bytes()].concat()
}

fn place(paging: &Paging) -> Answer<Option<Place>> {
    let Some(bytes) = paging.after.as_deref() else {
        return Ok(None);
    };
    let parsed = bytes.split_at_checked(4).and_then(|(raw, id)| {
        let raw = f32::from_bits(u32::from_be_bytes(raw.try_into().ok()?));
        Some(Place { raw, id: Uuid::from_slice(id).ok()? })
    });
    parsed.map(Some).ok_or_else(|| Problem::new(ProblemKind::InvalidCursor))
}
