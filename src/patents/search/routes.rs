//! The search over HTTP. It changes nothing.

use std::collections::HashMap;

use actix_web::{HttpResponse, post, web};
use chrono::NaiveDate;
use uuid::Uuid;

use super::{GRACE, NearResult, PatentSearch, near_cases, novelty, store as searches};
use crate::access::{self, Action, Records};
use crate::database::Connection;
use crate::identity::Caller;
use crate::matching::{Level, Match, Query, near_results};
use crate::patents::inputs::PatentCaseFilter;
use crate::patents::routes::found;
use crate::patents::{PatentCase, store, today};
use crate::problem::{Answer, Problem};
use crate::registry::results::ResearchResult;
use crate::registry::{Record, Store};
use crate::state::State;

/// Results and cases that are shown, at most.
const MOST: usize = 20;

/// Cases whose titles are compared: the newest.
const COMPARED: i64 = 500;

/// Search before a patent case is filed
///
/// 申请前检索：在中心自己的成果和申报里找相近的，指出可能影响新颖性的已公开成果、公开日期，以及宽限期（专利法第二十四条）到何日。
/// 只查本平台的记录，不能代替专利文献检索。
#[utoipa::path(operation_id = "search_patent_case", tag = "patent-cases",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020")),
    responses((status = 200, description = "What was found, the nearest first", body = PatentSearch)))]
#[post("/v1/patent-cases/{id}/search")]
pub async fn search(id: web::Path<String>, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let case = found(&id, &caller, &mut connection).await?;
    drop(connection);
    let matches = near_results(query_of(&case), &caller, MOST, &state).await?;
    let mut connection = state.database.connection().await?;
    let results = near(&case, matches, &caller, &mut connection).await?;
    let owner = match access::granted_records(&caller, "list_patent_cases") {
        Some(Records::All) => None,
        _ => Some(caller.owner().ok_or_else(|| caller.refused())?),
    };
    let others = store::page(&PatentCaseFilter::default(), owner, None, COMPARED, &mut connection).await?;
    drop(connection);
    let counts_on = counts_on(&case);
    let cases = web::block(move || near_cases(&case, others, MOST)).await.map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().json(PatentSearch { counts_on, results, cases, grace: GRACE }))
}

fn counts_on(case: &PatentCase) -> NaiveDate {
    case.priority_date.or(case.filing_date).unwrap_or_else(today)
}

fn query_of(case: &PatentCase) -> Query {
    Query {
        title: case.title.clone(),
        text: case.summary.clone().unwrap_or_default(),
        keywords: Vec::new(),
        facets: Vec::new(),
        maturity: None,
        price: None,
        deadline: None,
        meaning: None,
        spoken: None,
    }
}

/// The results that match and that of the case itself, as they are now, with when they were published.
async fn near(
    case: &PatentCase,
    matches: Vec<Match>,
    caller: &Caller,
    connection: &mut Connection,
) -> Answer<Vec<NearResult>> {
    let matches: Vec<Match> = matches.into_iter().filter(|found| found.level != Level::None).collect();
    let own = case.result_id.filter(|own| matches.iter().all(|found| found.id != *own));
    let ids: Vec<Uuid> = own.into_iter().chain(matches.iter().map(|found| found.id)).collect();
    let published = searches::published(&ids, connection).await?;
    let records = ResearchResult::find_all(&ids, connection).await?;
    let readable = |record: &&Record<ResearchResult>| {
        record.stamp.deleted_at.is_none() && access::may(caller, Action::Read, *record)
    };
    let records: HashMap<Uuid, _> = records.iter().filter(readable).map(|record| (record.stamp.id, record)).collect();
    let near = ids.iter().filter_map(|id| {
        let (record, published_on) = (records.get(id)?, *published.get(id)?);
        let (novelty, grace_until) = novelty(published_on, counts_on(case));
        let found = matches.iter().find(|found| found.id == *id);
        let holder_id = record.fields.holder_id;
        Some(NearResult {
            id: *id,
            title: record.fields.title.to_string(),
            holder_id,
            own: case.result_id == Some(*id) || case.applicant_ids.contains(&holder_id),
            score: found.map(|found| found.score),
            level: found.map(|found| found.level),
            published_on,
            novelty,
            grace_until,
        })
    });
    Ok(near.collect())
}
