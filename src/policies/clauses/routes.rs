//! Clauses over HTTP.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, put, web};
use deserr::Deserr;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use super::view::{Clause, ConfirmedAudience};
use super::{store, tell};
use crate::audit::{self, Action, Event, Origin};
use crate::http::conditions::etag;
use crate::http::paging::{Paging, PagingParameters};
use crate::http::{Body, Conditions, flag};
use crate::identity::Caller;
use crate::policies::found;
use crate::problem::{Answer, Faults, FieldFault, Kind, Problem};
use crate::registry::ids;
use crate::state::State;

/// Which clauses.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ClauseFilter {
    /// Only those that a person should look at, or only the others.
    #[deserr(default, try_from(Option<String>) = flag -> FieldFault)]
    pub doubtful: Option<bool>,
}

/// One page of clauses, in their order.
#[derive(ToSchema)]
#[schema(as = PolicyClausePage)]
#[expect(dead_code, reason = "only describes the page")]
pub struct ClausePage {
    #[schema(max_items = 100)]
    items: Vec<Clause>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// List the clauses of a policy
///
/// 政策正文按部分和条款拆分：编号、标题、文字、责任部门、适用对象及其依据；拆不开的整段保留并注明。
#[utoipa::path(operation_id = "list_policy_clauses", tag = "policies",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000005"), ClauseFilter, PagingParameters),
    responses((status = 200, description = "One page", body = ClausePage)))]
#[get("/v1/policies/{id}/clauses")]
pub async fn list(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    let filter: ClauseFilter = deserr::deserialize(Value::Object(filters)).map_err(Problem::invalid_parameters)?;
    let after = match paging.after.as_deref().map(<[u8; 2]>::try_from) {
        None => None,
        Some(Ok(bytes)) => Some(i16::from_be_bytes(bytes)),
        Some(Err(_)) => return Err(Problem::new(Kind::InvalidCursor)),
    };
    let mut connection = state.database.connection().await?;
    let policy = found(&id, &caller, &mut connection).await?.stamp.id;
    let clauses = store::page(policy, (after, paging.fetch()), filter.doubtful, &mut connection).await?;
    Ok(paging.answer(&request, clauses, |last| last.place.to_be_bytes().to_vec()))
}

/// Read a clause of a policy
///
/// 政策的一个条款。
#[utoipa::path(operation_id = "read_policy_clause", tag = "policies",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000005"),
        ("clause_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000021")),
    responses((status = 200, description = "The clause", body = Clause, headers(("ETag" = String, description = "The version of its audience")))))]
#[get("/v1/policies/{id}/clauses/{clause_id}")]
pub async fn read(path: web::Path<(String, String)>, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let clause = one(&path, &caller, &mut connection).await?;
    Ok(shown(&clause))
}

/// Confirm whom a clause is for
///
/// 中心确认或更正条款的适用对象。条款文字不变，确认就一直有效，政策别处修改也不受影响；空的一项表示不作要求。
#[utoipa::path(operation_id = "replace_policy_clause_audience", tag = "policies", request_body = ConfirmedAudience,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000005"),
        ("clause_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000021"), ("If-Match" = String, Header)),
    responses((status = 200, description = "The clause", body = Clause, headers(("ETag" = String, description = "The version of its audience")))))]
#[put("/v1/policies/{id}/clauses/{clause_id}/audience")]
pub async fn confirm(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    said: Body<ConfirmedAudience>,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let mut connection = state.database.connection().await?;
    let clause = one(&path, &caller, &mut connection).await?;
    conditions.allow_change(clause.version)?;
    connection
        .transaction(async |connection| {
            if !store::confirm((&clause, clause.version), &said.0, user, connection).await.map_err(refused)? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            tell(clause.policy_id, connection).await?;
            let event = Event::new(Action::PolicyClauseConfirmed).about_id("policy", clause.policy_id);
            let event = event.with(json!({ "clause": clause.id, "version": clause.version + 1 }));
            Ok::<_, Problem>(audit::record(&origin, &event, connection).await?)
        })
        .await?;
    Ok(shown(&one(&path, &caller, &mut connection).await?))
}

/// The clause of an address, of a policy that the caller may read.
async fn one(path: &(String, String), caller: &Caller, connection: &mut AsyncPgConnection) -> Answer<Clause> {
    let policy = found(&path.0, caller, connection).await?.stamp.id;
    let clause = store::find(policy, ids::of_address(&path.1)?, connection).await?;
    clause.ok_or_else(Problem::not_found)
}

fn shown(clause: &Clause) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::ETAG, etag(clause.version, false))).json(clause)
}

fn refused(error: Error) -> Problem {
    let Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, details) = &error else { return error.into() };
    let unknown = |zh, en| FieldFault::new("unknown_reference", zh, en);
    match details.constraint_name() {
        Some("known_industries") => {
            Problem::invalid_field("/industries", unknown("没有这个行业代码", "no such industry"))
        }
        Some("known_regions") => Problem::invalid_field("/regions", unknown("没有这个行政区划代码", "no such region")),
        _ => error.into(),
    }
}
