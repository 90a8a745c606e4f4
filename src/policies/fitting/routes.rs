//! What fits a firm, over HTTP.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{Datelike, NaiveDate};
use deserr::Deserr;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::{self, Fitting, Place};
use super::why::{Firm, Step, Why};
use crate::access::{self, Audience};
use crate::http::flag;
use crate::http::paging::{Paging, PagingParameters, next_link};
use crate::identity::Caller;
use crate::policies::audience::Reason;
use crate::problem::{Answer, Faults, FieldFault, Kind, Problem};
use crate::registry::fields::{OrganisationKind, PolicyLevel};
use crate::registry::organisations::Organisation;
use crate::registry::{Store, ids};
use crate::state::State;

/// Which clauses.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FittingFilter {
    /// Only those that fit, or only those for which one thing is lacking.
    #[deserr(default, try_from(Option<String>) = flag -> FieldFault)]
    pub fits: Option<bool>,
}

/// A clause that fits a firm, or for which it lacks one thing.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "policy_id": "01939c5e-0000-7000-8000-000000000005", "policy_title": "关于支持五金产业高质量发展的若干措施", "level": "county",
    "document_number": "南政字〔2026〕8号", "issuer": "南皮县人民政府", "published_on": "2026-03-01",
    "clause_id": "01939c5e-0000-7000-8000-000000000021", "number": "1.", "text": "首次认定的高新技术企业，奖励10万元。",
    "topics": ["奖补"], "confirmed": false, "fits": false, "for_everybody": false,
    "why": [{"aspect": "region", "value": "130927"}], "lacks": {"aspect": "label", "any_of": ["high_tech"]}
}))]
pub struct FittingClause {
    policy_id: Uuid,
    #[schema(max_length = 200)]
    policy_title: String,
    level: PolicyLevel,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    document_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    issuer: Option<String>,
    /// The day on which the policy was published; the day on which it was registered, where that is not known.
    published_on: NaiveDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_on: Option<NaiveDate>,
    clause_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 30)]
    number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    heading: Option<String>,
    #[schema(max_length = 200_000)]
    text: String,
    #[schema(max_items = 20)]
    topics: Vec<String>,
    /// Somebody of the centre has confirmed whom it is for.
    confirmed: bool,
    /// The firm has all that the clause asks for.
    fits: bool,
    /// The clause names nobody: it is for everybody in the region of its policy.
    for_everybody: bool,
    #[schema(max_items = 200)]
    why: Vec<Why>,
    /// The one thing that is lacking, if the clause does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    lacks: Option<Step>,
}

/// One page of clauses, the best first.
#[derive(Serialize, ToSchema)]
pub struct FittingPage {
    #[schema(max_items = 100)]
    items: Vec<FittingClause>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// List the policies for an enterprise
///
/// 适合一家企业的政策条款及理由，和只差一步的条款（差哪个称号、哪项资料）；只列已公布、未失效的，最贴合的在前。
#[utoipa::path(operation_id = "list_enterprise_policies", tag = "policies",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000002"), FittingFilter, PagingParameters),
    responses((status = 200, description = "Clauses, the best first", body = FittingPage)))]
#[get("/v1/enterprises/{id}/policies")]
pub async fn list(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    let filter: FittingFilter = deserr::deserialize(Value::Object(filters)).map_err(Problem::invalid_parameters)?;
    let after = paging.after.as_deref().map(place).transpose()?;
    let id = ids::of_address(&id)?;
    let granted = access::granted_records(&caller, "list_enterprise_policies");
    // One's own only; of others one is told nothing, not even whether they are there.
    if !granted.is_some_and(|records| records.cover(Audience::STAFF, &[id], caller.owner())) {
        return Err(Problem::not_found());
    }
    let mut connection = state.database.connection().await?;
    let firm = Organisation::find(id, &mut connection).await?.ok_or_else(Problem::not_found)?;
    if firm.fields.kind != OrganisationKind::Enterprise {
        return Err(Problem::not_found());
    }
    if firm.stamp.deleted_at.is_some() {
        return Err(Problem::new(Kind::Gone));
    }
    let mut found = store::page(id, filter.fits, (after, paging.fetch()), &mut connection).await?;
    drop(connection);
    let next_cursor = paging.cut(&mut found, position);
    let firm = Firm::of(&firm.fields);
    let items = found.into_iter().map(|clause| FittingClause::of(clause, &firm)).collect::<Answer<_>>()?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    Ok(response.json(FittingPage { items, next_cursor }))
}

impl FittingClause {
    fn of(clause: Fitting, firm: &Firm) -> Answer<Self> {
        let reasons: Vec<Reason> = serde_json::from_value(clause.reasons.clone()).map_err(Problem::internal)?;
        let asked = [&clause.labels, &clause.scales, &clause.industries, &clause.regions];
        Ok(Self {
            why: firm.why(&clause, &reasons),
            lacks: if clause.lacking { firm.step(&clause) } else { None },
            for_everybody: asked.iter().all(|asked| asked.is_empty()),
            policy_id: clause.policy_id,
            policy_title: clause.title,
            level: PolicyLevel::parse(&clause.level).map_err(|fault| Problem::internal(fault.code))?,
            document_number: clause.document_number,
            issuer: clause.issuer,
            published_on: clause.published_on,
            expires_on: clause.expires_on,
            clause_id: clause.id,
            number: clause.number,
            heading: clause.heading,
            text: clause.text,
            topics: clause.topics,
            confirmed: clause.version > 1,
            fits: !clause.lacking,
        })
    }
}

fn position(last: &Fitting) -> Vec<u8> {
    let day = last.published_on.num_days_from_ce().to_be_bytes();
    [&last.rank.to_be_bytes()[..], &day, last.id.as_bytes()].concat()
}

fn place(cursor: &[u8]) -> Answer<Place> {
    let number =
        |from: usize| cursor.get(from..from + 4).and_then(|bytes| bytes.try_into().ok()).map(i32::from_be_bytes);
    let place = || {
        let day = NaiveDate::from_num_days_from_ce_opt(number(4)?)?;
        Some((number(0)?, day, Uuid::from_slice(cursor.get(8..)?).ok()?))
    };
    place().ok_or_else(|| Problem::new(Kind::InvalidCursor))
}
