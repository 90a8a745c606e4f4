//! Matches and search over HTTP.

use std::collections::{BTreeMap, HashMap};

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::documents::Indexed;
use super::{
    Audience, Condition, Explanation, Facet, FacetCount, Filter, Hit, Level, Match, MatchRequest, Place, Query,
    SearchRequest, Span, Viewer, harden, highlight,
};
use crate::database::Connection;
use crate::http::Body;
use crate::http::paging::{Paging, PagingParameters, next_link};
use crate::identity::Caller;
use crate::problem::{Answer, Faults, FieldFault, Kind as ProblemKind, Problem};
use crate::registry::demands::Demand;
use crate::registry::experts::Expert;
use crate::registry::fields::{
    Cooperation, ExpertCategory, IndustryCode, Line, Maturity, MoneyRange, OrganisationKind, OrganisationLabel,
    PolicyLevel, Prose, RegionCode, ResultForm, distinct,
};
use crate::registry::ids;
use crate::registry::organisations::Organisation;
use crate::registry::policies::Policy;
use crate::registry::results::ResearchResult;
use crate::registry::{Concept, Kind};
use crate::server::State;

/// What is looked for, and which conditions are hard.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MatchParameters {
    /// The kind of records to match with.
    #[deserr(try_from(String) = parse_kind -> FieldFault)]
    #[param(inline, value_type = Kind)]
    kind: Kind,
    /// Conditions that must be met rather than weighed, separated by commas: `industry`, `region`, `maturity`,
    /// `cooperation`, `budget`.
    #[deserr(default, try_from(Option<String>) = parse_hard -> FieldFault)]
    #[param(value_type = Option<String>, max_length = 100, example = "maturity,region")]
    hard: Vec<Condition>,
}

/// A match: a scored, explained pair.
#[derive(Serialize, ToSchema)]
pub struct MatchItem {
    kind: Kind,
    id: Uuid,
    /// 0 to 1, calibrated: of pairs with this score about this share is useful.
    #[schema(minimum = 0.0, maximum = 1.0)]
    score: f32,
    level: Level,
    explanation: Explanation,
    /// The record, as its own address shows it to the public.
    #[schema(value_type = Object)]
    record: Value,
}

/// One page of matches, the best first.
#[derive(Serialize, ToSchema)]
pub struct MatchPage {
    #[schema(max_items = 100)]
    items: Vec<MatchItem>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// A text that is not registered, to be matched.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "kind": "result", "title": "染厂废水颜色去不掉", "text": "我厂用活性染料，生化处理后颜色仍深，色度超标，想找脱色的办法。",
    "industries": ["C2645"], "maturity_from": 5, "hard": ["maturity"], "limit": 5
}))]
pub struct FreeText {
    /// The kind of records to match with.
    #[deserr(try_from(String) = parse_kind -> FieldFault)]
    kind: Kind,
    #[deserr(default)]
    #[schema(inline)]
    title: Option<Line<1, 200>>,
    #[schema(inline)]
    text: Prose<2, 20_000>,
    #[deserr(default, try_from(Vec<Line<1, 50>>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, max_items = 20, required = false)]
    keywords: Vec<Line<1, 50>>,
    #[deserr(default, try_from(Vec<IndustryCode>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, max_items = 20, required = false)]
    industries: Vec<IndustryCode>,
    #[deserr(default)]
    #[schema(inline)]
    region: Option<RegionCode>,
    #[deserr(default, try_from(Vec<Cooperation>) = distinct::<6, _> -> FieldFault)]
    #[schema(max_items = 6, required = false)]
    cooperation: Vec<Cooperation>,
    /// The least technology readiness level wanted.
    #[deserr(default)]
    #[schema(inline)]
    maturity_from: Option<Maturity>,
    #[deserr(default)]
    budget: Option<MoneyRange>,
    /// Conditions that must be met rather than weighed.
    #[deserr(default, try_from(Vec<String>) = parse_conditions -> FieldFault)]
    #[schema(max_items = 5, required = false)]
    hard: Vec<Condition>,
    #[deserr(default = 20, try_from(i64) = parse_limit -> FieldFault)]
    #[schema(minimum = 1, maximum = 100, default = 20, required = false)]
    limit: i64,
}

/// What to search for, and among what.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchParameters {
    /// Words; names also by pinyin or its initials.
    #[param(inline, example = "球墨铸铁 缩松")]
    q: Line<1, 500>,
    /// Kinds of records, separated by commas; all without it.
    #[deserr(default, try_from(Option<String>) = parse_kinds -> FieldFault)]
    #[param(value_type = Option<String>, max_length = 100, example = "result,expert")]
    kind: Vec<Kind>,
    /// The industry or any below it.
    #[deserr(default)]
    #[param(inline)]
    industry: Option<IndustryCode>,
    /// The region or any below it.
    #[deserr(default)]
    #[param(inline)]
    region: Option<RegionCode>,
    #[deserr(default)]
    #[param(inline)]
    form: Option<ResultForm>,
    #[deserr(default)]
    #[param(inline)]
    cooperation: Option<Cooperation>,
    #[deserr(default)]
    #[param(inline)]
    category: Option<ExpertCategory>,
    #[deserr(default)]
    #[param(inline)]
    organisation_kind: Option<OrganisationKind>,
    #[deserr(default)]
    #[param(inline)]
    label: Option<OrganisationLabel>,
    #[deserr(default)]
    #[param(inline)]
    level: Option<PolicyLevel>,
    /// The least technology readiness level.
    #[deserr(default, try_from(Option<String>) = parse_maturity -> FieldFault)]
    #[param(value_type = Option<i32>, minimum = 1, maximum = 9)]
    maturity_from: Option<u8>,
}

/// A record that was found.
#[derive(Serialize, ToSchema)]
pub struct SearchItem {
    kind: Kind,
    id: Uuid,
    #[schema(minimum = 0.0, maximum = 1.0)]
    score: f32,
    /// Where the words stand, by field of the record.
    highlights: BTreeMap<&'static str, Vec<Vec<Span>>>,
    /// The record, as its own address shows it to the public.
    #[schema(value_type = Object)]
    record: Value,
}

/// One page of what was found, the best first.
#[derive(Serialize, ToSchema)]
pub struct SearchPage {
    #[schema(max_items = 100)]
    items: Vec<SearchItem>,
    /// How many records have any of the words and pass the filters.
    #[schema(minimum = 0)]
    total: u64,
    /// Of those, how many have each value of a facet.
    facets: BTreeMap<&'static str, Vec<FacetCount>>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// Matches of a demand
///
/// 为一项技术需求匹配成果或专家，并说明理由。
#[utoipa::path(operation_id = "list_demand_matches", tag = "matches", path = "/v1/demands/{id}/matches",
    params(("id" = Uuid, Path), MatchParameters, PagingParameters),
    responses((status = 200, description = "Results or experts, the best first", body = MatchPage)))]
#[get("/v1/demands/{id}/matches")]
pub async fn demand_matches(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    matches_of::<Demand>(&request, &id, state, &caller, &[Kind::Result, Kind::Expert]).await
}

/// Matches of a result
///
/// 为一项成果匹配技术需求或企业，并说明理由。
#[utoipa::path(operation_id = "list_result_matches", tag = "matches", path = "/v1/results/{id}/matches",
    params(("id" = Uuid, Path), MatchParameters, PagingParameters),
    responses((status = 200, description = "Demands or enterprises, the best first", body = MatchPage)))]
#[get("/v1/results/{id}/matches")]
pub async fn result_matches(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    matches_of::<ResearchResult>(&request, &id, state, &caller, &[Kind::Demand, Kind::Organisation]).await
}

/// Matches of an expert
///
/// 为一位专家匹配技术需求，并说明理由。
#[utoipa::path(operation_id = "list_expert_matches", tag = "matches", path = "/v1/experts/{id}/matches",
    params(("id" = Uuid, Path), MatchParameters, PagingParameters),
    responses((status = 200, description = "Demands, the best first", body = MatchPage)))]
#[get("/v1/experts/{id}/matches")]
pub async fn expert_matches(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    matches_of::<Expert>(&request, &id, state, &caller, &[Kind::Demand]).await
}

/// Matches of an organisation
///
/// 为一家企业匹配成果、专家和政策，并说明理由。
#[utoipa::path(operation_id = "list_organisation_matches", tag = "matches", path = "/v1/organisations/{id}/matches",
    params(("id" = Uuid, Path), MatchParameters, PagingParameters),
    responses((status = 200, description = "Results, experts or policies, the best first", body = MatchPage)))]
#[get("/v1/organisations/{id}/matches")]
pub async fn organisation_matches(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    matches_of::<Organisation>(&request, &id, state, &caller, &[Kind::Result, Kind::Expert, Kind::Policy]).await
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
    let request = request_for(kind, text.query(), asks, &hard, &caller, limit);
    let matches = ranked(&state, request).await?;
    let items = with_records(kind, matches, &caller, &mut state.database.connection().await?).await?;
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
    let search = SearchRequest {
        words: parameters.q.to_string(),
        kinds: if parameters.kind.is_empty() { Kind::ALL.to_vec() } else { parameters.kind.clone() },
        filter: parameters.filter(&caller),
        limit: usize::try_from(paging.fetch()).unwrap_or_default(),
        after: place(&paging)?,
    };
    let found = {
        let state = state.clone();
        web::block(move || state.engine.search(&search)).await.map_err(Problem::internal)?.map_err(Problem::internal)?
    };
    let mut hits = found.hits;
    let next_cursor = paging.cut(&mut hits, |hit| position(&hit.place));
    let items = described(hits, &caller, &mut state.database.connection().await?).await?;
    let mut response = HttpResponse::Ok();
    link(&mut response, &request, next_cursor.as_deref());
    Ok(response.json(SearchPage { items, total: found.total, facets: found.facets, next_cursor }))
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
    let id = ids::id(id.to_owned()).map_err(|_| Problem::not_found())?;
    let mut connection = state.database.connection().await?;
    let record = C::find(id, &mut connection).await?.ok_or_else(Problem::not_found)?;
    drop(connection);
    if !C::may_read(&record, caller) {
        return Err(Problem::not_found());
    }
    if record.stamp.deleted_at.is_some() {
        return Err(Problem::new(ProblemKind::Gone));
    }
    let query = Query::from(C::document(&record));
    let asks = matches!(C::KIND, Kind::Demand | Kind::Organisation);
    let limit = usize::try_from(paging.fetch()).unwrap_or_default();
    let mut wanted = request_for(parameters.kind, query, asks, &parameters.hard, caller, limit);
    wanted.after = place(&paging)?;
    let mut matches = ranked(&state, wanted).await?;
    let next_cursor = paging.cut(&mut matches, |last| position(&Place { raw: last.explanation.raw, id: last.id }));
    let items = with_records(parameters.kind, matches, caller, &mut state.database.connection().await?).await?;
    let mut response = HttpResponse::Ok();
    link(&mut response, request, next_cursor.as_deref());
    Ok(response.json(MatchPage { items, next_cursor }))
}

/// Scoring is work of the processor, not for the thread that other requests share.
async fn ranked(state: &web::Data<State>, request: MatchRequest) -> Answer<Vec<Match>> {
    let state = state.clone();
    web::block(move || state.engine.matches(&request)).await.map_err(Problem::internal)?.map_err(Problem::internal)
}

/// Only what is offered or open is matched: published results and experts, open demands, enterprises.
fn request_for(
    target: Kind,
    query: Query,
    asks: bool,
    hard: &[Condition],
    caller: &Caller,
    limit: usize,
) -> MatchRequest {
    let mut filter = Filter::of(viewer(caller));
    let words: &[(&str, &str)] = match target {
        Kind::Result | Kind::Expert | Kind::Policy => &[("status", "published")],
        Kind::Organisation => &[("organisation_kind", "enterprise")],
        Kind::Demand => &[("demand_status", "open"), ("demand_status", "docking")],
    };
    filter.facets.push(words.iter().filter_map(|(facet, word)| Facet::value(facet, word)).collect());
    harden(&mut filter, &query, asks, hard);
    MatchRequest { target, query, asks, filter, limit, after: None }
}

fn viewer(caller: &Caller) -> Viewer {
    let audience = match (caller.is_staff(), caller.is_signed_in()) {
        (true, _) => Audience::STAFF,
        (false, true) => Audience::MEMBERS,
        (false, false) => Audience::PUBLIC,
    };
    Viewer { audience, owner: caller.organisation().or(caller.expert()) }
}

/// The records of matches, read anew from the database: what changed since the index looked, and may no longer be
/// seen, is left out.
async fn with_records(
    kind: Kind,
    matches: Vec<Match>,
    caller: &Caller,
    connection: &mut Connection,
) -> Answer<Vec<MatchItem>> {
    let ids: Vec<Uuid> = matches.iter().map(|found| found.id).collect();
    let mut records = records(kind, &ids, caller, connection).await?;
    let items = matches.into_iter().filter_map(|found| {
        let record = records.remove(&found.id)?;
        Some(MatchItem {
            kind,
            id: found.id,
            score: found.score,
            level: found.level,
            explanation: found.explanation,
            record,
        })
    });
    Ok(items.collect())
}

/// Hits with their records and where the words stand in them.
async fn described(hits: Vec<Hit>, caller: &Caller, connection: &mut Connection) -> Answer<Vec<SearchItem>> {
    let mut by_kind: HashMap<Kind, HashMap<Uuid, Value>> = HashMap::new();
    for kind in Kind::ALL {
        let ids: Vec<Uuid> = hits.iter().filter(|hit| hit.kind == kind).map(|hit| hit.id).collect();
        if !ids.is_empty() {
            by_kind.insert(kind, records(kind, &ids, caller, connection).await?);
        }
    }
    let items = hits.into_iter().filter_map(|hit| {
        let record = by_kind.get_mut(&hit.kind)?.remove(&hit.id)?;
        let highlights = highlights(&record, &hit.terms);
        Some(SearchItem { kind: hit.kind, id: hit.id, score: hit.score, highlights, record })
    });
    Ok(items.collect())
}

/// Texts of records that are searched by words.
const HIGHLIGHTED: [&str; 8] = ["title", "name", "summary", "description", "biography", "profile", "body", "keywords"];

fn highlights(record: &Value, terms: &[String]) -> BTreeMap<&'static str, Vec<Vec<Span>>> {
    let fields = HIGHLIGHTED.into_iter().filter_map(|field| {
        let text = match record.get(field)? {
            Value::String(text) => text.clone(),
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("；"),
            _ => return None,
        };
        Some((field, highlight(&text, terms))).filter(|(_, pieces)| !pieces.is_empty())
    });
    fields.collect()
}

async fn records(
    kind: Kind,
    ids: &[Uuid],
    caller: &Caller,
    connection: &mut Connection,
) -> Answer<HashMap<Uuid, Value>> {
    match kind {
        Kind::Result => shown::<ResearchResult>(ids, caller, connection).await,
        Kind::Expert => shown::<Expert>(ids, caller, connection).await,
        Kind::Organisation => shown::<Organisation>(ids, caller, connection).await,
        Kind::Demand => shown::<Demand>(ids, caller, connection).await,
        Kind::Policy => shown::<Policy>(ids, caller, connection).await,
    }
}

async fn shown<C: Concept>(ids: &[Uuid], caller: &Caller, connection: &mut Connection) -> Answer<HashMap<Uuid, Value>> {
    let records = C::find_all(ids, connection).await?;
    let visible = records.into_iter().filter(|record| record.stamp.deleted_at.is_none() && C::may_read(record, caller));
    let shown = visible.map(|mut record| {
        record.fields.conceal();
        serde_json::to_value(&record).map(|value| (record.stamp.id, value))
    });
    shown.collect::<Result<_, _>>().map_err(Problem::internal)
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

impl FreeText {
    fn query(self) -> Query {
        let industries = self.industries.iter().filter_map(|code| Facet::industry(code));
        let ways = self.cooperation.iter().filter_map(|way| Facet::value("cooperation", way.as_str()));
        let region = self.region.iter().filter_map(|code| Facet::region(code));
        Query {
            title: self.title.map(|title| title.to_string()).unwrap_or_default(),
            text: self.text.to_string(),
            keywords: self.keywords.iter().map(|keyword| keyword.to_string()).collect(),
            facets: industries.chain(ways).chain(region).collect(),
            maturity: self.maturity_from.map(Maturity::level),
            price: self.budget.map(|budget| (budget.min, budget.max)),
            deadline: None,
        }
    }
}

impl SearchParameters {
    fn filter(&self, caller: &Caller) -> Filter {
        let facets = [
            self.industry.as_ref().and_then(|code| Facet::industry(code)),
            self.region.as_ref().and_then(|code| Facet::region(code)),
            self.form.and_then(|word| Facet::value("form", word.as_str())),
            self.cooperation.and_then(|word| Facet::value("cooperation", word.as_str())),
            self.category.and_then(|word| Facet::value("category", word.as_str())),
            self.organisation_kind.and_then(|word| Facet::value("organisation_kind", word.as_str())),
            self.label.and_then(|word| Facet::value("label", word.as_str())),
            self.level.and_then(|word| Facet::value("level", word.as_str())),
        ];
        Filter {
            facets: facets.into_iter().flatten().map(|facet| vec![facet]).collect(),
            least_maturity: self.maturity_from,
            ..Filter::of(viewer(caller))
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the parser hands over what it read")]
fn parse_kind(text: String) -> Result<Kind, FieldFault> {
    let found = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| crate::problem::not_allowed(&Kind::ALL.map(Kind::as_str)))
}

fn parse_kinds(text: Option<String>) -> Result<Vec<Kind>, FieldFault> {
    let list = text.as_deref().unwrap_or_default();
    let kinds: Result<Vec<Kind>, FieldFault> =
        list.split(',').filter(|word| !word.is_empty()).map(|word| parse_kind(word.to_owned())).collect();
    distinct::<5, _>(kinds?)
}

fn parse_hard(text: Option<String>) -> Result<Vec<Condition>, FieldFault> {
    let words = text.as_deref().unwrap_or_default().split(',').filter(|word| !word.is_empty());
    parse_conditions(words.map(str::to_owned).collect())
}

fn parse_conditions(words: Vec<String>) -> Result<Vec<Condition>, FieldFault> {
    let conditions: Result<Vec<Condition>, FieldFault> = words.iter().map(|word| Condition::parse(word)).collect();
    distinct::<5, _>(conditions?)
}

fn parse_limit(limit: i64) -> Result<i64, FieldFault> {
    if (1..=100).contains(&limit) {
        return Ok(limit);
    }
    Err(FieldFault::new("out_of_range", "limit 为 1 到 100 的整数", "limit is an integer from 1 to 100"))
}

fn parse_maturity(text: Option<String>) -> Result<Option<u8>, FieldFault> {
    let level = text.map(|text| Maturity::parse(text.parse().unwrap_or_default())).transpose()?;
    Ok(level.map(Maturity::level))
}
