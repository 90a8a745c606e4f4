//! Suggestions over HTTP.

use std::collections::HashMap;

use actix_web::{HttpResponse, post, web};
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use super::{Known, TeamSuggestion, WantedTeam, store, suggested};
use crate::access::{self, Action};
use crate::events::is_centre;
use crate::http::Body;
use crate::identity::Caller;
use crate::matching::{Coverage, covered};
use crate::problem::{Answer, FieldFault, Problem, ProblemDocument};
use crate::registry::demands::Demand;
use crate::registry::experts::Expert;
use crate::registry::organisations::Organisation;
use crate::registry::{Concept, Kind, Record, Store};
use crate::state::State;
use crate::teams::requests::one_of;
use crate::teams::suggest::{MOST_CANDIDATES, MOST_THINGS};

/// Categories of experts.
const CATEGORIES: usize = 5;

/// Suggest a team
///
/// 为一项需求或一家企业建议人数最少的服务团：从最相关的两百位专家中，在人数、地区和负荷的限制内覆盖最多的关键词和所需类别，说明每人覆盖什么、无人覆盖什么。什么也不保存。
#[utoipa::path(operation_id = "suggest_expert_team", tag = "expert teams", request_body = WantedTeam,
    responses((status = 200, description = "The smallest team", body = TeamSuggestion),
        (status = 404, description = "There is no such demand or enterprise", body = ProblemDocument, content_type = "application/problem+json")))]
#[post("/v1/expert-teams/suggest")]
pub async fn suggest(state: web::Data<State>, caller: Caller, wanted: Body<WantedTeam>) -> Answer<HttpResponse> {
    let wanted = wanted.0;
    one_of(wanted.demand_id, wanted.enterprise_id)?;
    if wanted.most_load.is_some() && !is_centre(&caller) {
        let fault = FieldFault::new("not_for_role", "只有中心的人可以按负荷限制", "is for the centre alone");
        return Err(Problem::invalid_field("/most_load", fault));
    }
    let coverage = match (wanted.demand_id, wanted.enterprise_id) {
        (Some(demand), _) => coverage_of::<Demand>(demand, &caller, &state).await?,
        (None, Some(enterprise)) => coverage_of::<Organisation>(enterprise, &caller, &state).await?,
        (None, None) => return Err(Problem::not_found()),
    };
    let candidates: Vec<Uuid> = coverage.candidates.iter().map(|candidate| candidate.id).collect();
    let known = known(&candidates, &caller, &mut *state.database.connection().await?).await?;
    let suggestion: TeamSuggestion =
        web::block(move || suggested(&wanted, coverage, &known)).await.map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().json(suggestion))
}

/// What the best experts cover of a record that the caller may read.
async fn coverage_of<C: Concept + crate::matching::documents::Indexed>(
    id: Uuid,
    caller: &Caller,
    state: &web::Data<State>,
) -> Answer<Coverage> {
    let record = readable::<C>(id, caller, &mut *state.database.connection().await?).await?;
    covered(&record, (Kind::Expert, MOST_CANDIDATES), MOST_THINGS - CATEGORIES, caller, state).await
}

async fn readable<C: Concept>(id: Uuid, caller: &Caller, connection: &mut AsyncPgConnection) -> Answer<Record<C>> {
    let record = C::find(id, connection).await?.filter(|record| record.stamp.deleted_at.is_none());
    record.filter(|record| access::may(caller, Action::Read, record)).ok_or_else(Problem::not_found)
}

/// Those of the experts that the caller may read now, with where and how much they work.
async fn known(ids: &[Uuid], caller: &Caller, connection: &mut AsyncPgConnection) -> Answer<HashMap<Uuid, Known>> {
    let experts = Expert::find_all(ids, connection).await?.into_iter();
    let experts: Vec<Record<Expert>> = experts
        .filter(|expert| expert.stamp.deleted_at.is_none() && access::may(caller, Action::Read, expert))
        .collect();
    let organisations: Vec<Uuid> = experts.iter().map(|expert| expert.fields.organisation_id).collect();
    let (regions, loads) = (store::regions(&organisations, connection).await?, store::loads(ids, connection).await?);
    let known = experts.into_iter().map(|expert| {
        let (id, region) = (expert.stamp.id, regions.get(&expert.fields.organisation_id).cloned());
        (id, Known { expert: expert.fields, region, load: loads.get(&id).copied().unwrap_or_default() })
    });
    Ok(known.collect())
}
