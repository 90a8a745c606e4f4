//! Fees over HTTP.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use diesel_async::AsyncConnection;
use serde_json::json;
use utoipa::ToSchema;

use super::{NewPatentFee, PatentFee, store};
use crate::audit::{self, Action, Origin};
use crate::http::conditions::{etag, etag_of};
use crate::http::paging::{Paging, PagingParameters, refuse_filters};
use crate::http::{Body, Conditions, Creation, keep_sealed};
use crate::identity::Caller;
use crate::patents::deadlines::agenda;
use crate::patents::routes::{event, found, held};
use crate::problem::{Answer, Kind, Problem};
use crate::registry::ids;
use crate::state::State;

/// Fees of a case, at most.
const MOST: usize = 200;

/// One page of fees, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct PatentFeePage {
    #[schema(max_items = 100)]
    items: Vec<PatentFee>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// Put down a fee
///
/// 登记一笔费用：种类、金额（元），以及随哪一期限缴纳或何日到期。随期限的，到期日随期限计算，缴费即为期限已办。
#[utoipa::path(operation_id = "create_patent_fee", tag = "patent-cases", request_body = NewPatentFee,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020"), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The fee", body = PatentFee, headers(("ETag" = String, description = "Its version")))))]
#[post("/v1/patent-cases/{id}/fees")]
pub async fn create(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewPatentFee>,
) -> Answer<HttpResponse> {
    let (user, new) = (caller.signed_in()?, &creation.input);
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let case = held(&id, &caller, connection).await?;
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            let agenda = agenda(&case, connection).await?;
            new.check(&agenda, None)?;
            if agenda.fees.len() >= MOST {
                return Err(Problem::new(Kind::Conflict)
                    .saying(format!("一件申报至多 {MOST} 笔费用"), format!("a case has at most {MOST} fees")));
            }
            let fee = PatentFee::of(store::add(case.id, new, user, connection).await?, &agenda);
            let answer = keep_sealed(held, fee.id, &fee, &state.secret, connection).await?;
            let event = event(Action::PatentFeeAdded, case.id).with(json!({ "fee": fee.id, "kind": fee.kind }));
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    let tag = etag_of(&answer);
    Ok(HttpResponse::Created().insert_header((header::ETAG, tag)).json(answer))
}

/// List the fees of a patent case
///
/// 费用，新登记的在前。
#[utoipa::path(operation_id = "list_patent_fees", tag = "patent-cases",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020"), PagingParameters),
    responses((status = 200, description = "One page", body = PatentFeePage)))]
#[get("/v1/patent-cases/{id}/fees")]
pub async fn list(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    refuse_filters(filters)?;
    let after = paging.after_id()?;
    let mut connection = state.database.connection().await?;
    let case = found(&id, &caller, &mut connection).await?;
    let agenda = agenda(&case, &mut connection).await?;
    let rows = store::page(case.id, after, paging.fetch(), &mut connection).await?;
    let fees = rows.into_iter().map(|row| PatentFee::of(row, &agenda)).collect();
    Ok(paging.answer(&request, fees, |last: &PatentFee| last.id.as_bytes().to_vec()))
}

/// Say a fee anew
///
/// 更正一笔费用，或登记缴费日期。
#[utoipa::path(operation_id = "replace_patent_fee", tag = "patent-cases", request_body = NewPatentFee,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000020"),
        ("fee_id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000022"), ("If-Match" = String, Header)),
    responses((status = 200, description = "The fee", body = PatentFee, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/patent-cases/{id}/fees/{fee_id}")]
pub async fn replace(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    body: Body<NewPatentFee>,
) -> Answer<HttpResponse> {
    let ((id, fee), user, new) = (path.into_inner(), caller.signed_in()?, body.0);
    let mut connection = state.database.connection().await?;
    let replaced = connection
        .transaction(async |connection| {
            let case = found(&id, &caller, connection).await?;
            let row = store::find(case.id, ids::of_address(&fee)?, connection).await?.ok_or_else(Problem::not_found)?;
            conditions.allow_change(row.version)?;
            let agenda = agenda(&case, connection).await?;
            new.check(&agenda, row.deadline.as_deref())?;
            let replaced = store::replace(&row, &new, user, connection).await?;
            let replaced = replaced.ok_or_else(|| Problem::new(Kind::PreconditionFailed))?;
            let event = event(Action::PatentFeeChanged, case.id).with(json!({ "fee": row.id, "paid_on": new.paid_on }));
            audit::record(&origin, &event, connection).await?;
            Ok::<_, Problem>(PatentFee::of(replaced, &agenda))
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(replaced.version, false))).json(replaced))
}
