//! Dockings over HTTP: ask for one, see those of one's own, move them on, take a move back.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, put, web};
use chrono::{Months, Utc};
use diesel_async::AsyncConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::pair::{Pair, refused};
use super::requests::{DockingFilter, DockingMovePage, DockingPage, NewDocking, NewMove, OpenMove};
use super::stages::{self, UNDO};
use super::store::{self, Beginning, Step};
use super::{Contract, Docking, DockingNews, DockingParty, DockingStage, EndingReason, Outcome};
use crate::access::{self, Records};
use crate::audit::{self, Action, Event, Origin};
use crate::database::Connection;
use crate::http::conditions::{etag, etag_of};
use crate::http::paging::{Paging, PagingParameters, next_link, refuse_filters};
use crate::http::{Body, Conditions, Creation, Keyed, keep_sealed};
use crate::identity::Caller;
use crate::problem::{Answer, Faults, Kind, Problem};
use crate::registry::ids;
use crate::state::State;

/// Ask for a docking
///
/// 提出对接意向：企业、专家、成果持有单位或中心提出，另一方答复。记下当时匹配的分数，并通知双方和中心的人。
#[utoipa::path(operation_id = "create_docking", tag = "dockings", request_body = NewDocking,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "Asked for", body = Docking, headers(
        ("ETag" = String, description = "Its version"), ("Location" = String, description = "The address of the docking")))))]
#[post("/v1/dockings")]
pub async fn create(
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    creation: Creation<NewDocking>,
) -> Answer<HttpResponse> {
    let (user, new) = (caller.signed_in()?, &creation.input);
    let mut connection = state.database.connection().await?;
    // What was answered before is answered again, whatever became of the sides.
    if let Err(answer) = creation.keyed.hold(user, &state.secret, &mut connection).await? {
        return Ok(created(answer));
    }
    new.check()?;
    let pair = Pair::read(new, &caller, &mut connection).await?;
    let asked_by = new.asking_side(pair.party(&caller))?;
    drop(connection);
    let matched = pair.matched(&caller, &state).await;
    let beginning = Beginning {
        note: new.note.as_deref(),
        // As exactly as it is: the shortest number that means it.
        score: matched.as_ref().and_then(|found| found.score.to_string().parse().ok()),
        level: matched.as_ref().map(|found| found.level.as_str()),
        model: matched.as_ref().map(|found| found.explanation.model.as_str()),
        ..pair.beginning(asked_by, user)
    };
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            let docking = store::begin(&beginning, connection).await.map_err(refused)?;
            store::tell(docking.id, user, DockingNews::Requested, connection).await?;
            let answer = keep_sealed(held, docking.id, &docking, &state.secret, connection).await?;
            audit::record(&origin, &event(Action::DockingCreated, docking.id), connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    Ok(created(answer))
}

/// List dockings
///
/// 对接列表，新的在前：中心看到全部，企业、专家和持有单位看到自己的。
#[utoipa::path(operation_id = "list_dockings", tag = "dockings", params(DockingFilter, PagingParameters),
    responses((status = 200, description = "One page", body = DockingPage)))]
#[get("/v1/dockings")]
pub async fn list(request: HttpRequest, state: web::Data<State>, caller: Caller) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    let filter: DockingFilter = deserr::deserialize(Value::Object(filters)).map_err(Problem::invalid_parameters)?;
    let side = match access::granted_records(&caller, "list_dockings") {
        Some(Records::All) => None,
        _ => Some(caller.owner().ok_or_else(|| caller.refused())?),
    };
    let mut connection = state.database.connection().await?;
    let dockings = store::page(&filter, side, paging.after_id()?, paging.fetch(), &mut connection).await?;
    Ok(paging.answer(&request, dockings, |last| last.id.as_bytes().to_vec()))
}

/// Read a docking
///
/// 一项对接。
#[utoipa::path(operation_id = "read_docking", tag = "dockings",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010")),
    responses((status = 200, description = "The docking", body = Docking, headers(("ETag" = String, description = "Its version")))))]
#[get("/v1/dockings/{id}")]
pub async fn read(
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
    conditions: Conditions,
) -> Answer<HttpResponse> {
    let (docking, _) = found(&id, &caller, &mut *state.database.connection().await?).await?;
    let tag = etag(docking.version, false);
    if conditions.is_known(&tag) {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish());
    }
    Ok(HttpResponse::Ok().insert_header((header::ETAG, tag)).json(docking))
}

/// Move a docking
///
/// 推进或结束一项对接。谁可以走哪一步：意向由被问的一方受理或谢绝，提出的一方可收回；以后各步由任何一方或中心推进；
/// 签约须给出合同的类别、金额和日期，谢绝和终止须给出原因。受理后双方看到对方的联系方式。双方和中心的人都会得到通知。
#[utoipa::path(operation_id = "create_docking_move", tag = "dockings", request_body = NewMove,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("If-Match" = String, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The docking, moved", body = Docking, headers(("ETag" = String, description = "Its version")))))]
#[post("/v1/dockings/{id}/moves")]
pub async fn move_on(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    creation: Creation<NewMove>,
) -> Answer<HttpResponse> {
    let (user, new) = (caller.signed_in()?, &creation.input);
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let (docking, party) = found(&id, &caller, connection).await?;
            let held = match creation.keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            conditions.allow_change(docking.version)?;
            let row = new.row(&docking, party)?;
            let step = Step {
                to: row.to,
                reason: new.reason.map(EndingReason::from),
                reason_note: new.reason_note.as_deref(),
                contract: new.contract.as_ref().or(docking.contract.as_ref()),
                undoes: None,
            };
            let moved = go(&docking, &step, (user, party), row.to.news(), connection).await?;
            let answer = keep_sealed(held, moved.id, &moved, &state.secret, connection).await?;
            audit::record(&origin, &change(Action::DockingMoved, &docking, &moved), connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    Ok(moved(answer))
}

/// Take the last move back
///
/// 收回最后一步：七天之内，由走这一步的人或中心收回。受理不能收回，因为联系方式已经公开；收回本身也留在记录里。
#[utoipa::path(operation_id = "undo_docking_move", tag = "dockings",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("If-Match" = String, Header), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, description = "The docking, as it stood before", body = Docking, headers(("ETag" = String, description = "Its version")))))]
#[post("/v1/dockings/{id}/undo")]
pub async fn undo(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    keyed: Keyed,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let mut connection = state.database.connection().await?;
    let answer = connection
        .transaction(async |connection| {
            let (docking, party) = found(&id, &caller, connection).await?;
            let held = match keyed.hold(user, &state.secret, connection).await? {
                Ok(held) => held,
                Err(answer) => return Ok(answer),
            };
            conditions.allow_change(docking.version)?;
            let last = store::moves(docking.id, None, 1, connection).await?.pop();
            let last = last.filter(|last| undo_until(last).is_some_and(|until| until > Utc::now()));
            let last = last.ok_or_else(cannot_be_undone)?;
            if party != DockingParty::Centre && last.made_by != Some(user) {
                return Err(caller.refused());
            }
            store::hold_result(&docking, connection).await?;
            let step = Step {
                to: last.from,
                reason: None,
                reason_note: None,
                contract: docking.contract.as_ref().filter(|_| last.to != DockingStage::Contracted),
                undoes: Some(last.version),
            };
            let undone = go(&docking, &step, (user, party), DockingNews::Undone, connection).await?;
            let answer = keep_sealed(held, undone.id, &undone, &state.secret, connection).await?;
            audit::record(&origin, &change(Action::DockingMoveUndone, &docking, &undone), connection).await?;
            Ok::<_, Problem>(answer)
        })
        .await?;
    Ok(moved(answer))
}

/// List the moves of a docking
///
/// 一项对接走过的各步，新的在前：谁、何时、从哪里到哪里、为什么；并说明现在可以走哪些步。
#[utoipa::path(operation_id = "list_docking_moves", tag = "dockings",
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"), PagingParameters),
    responses((status = 200, description = "One page", body = DockingMovePage)))]
#[get("/v1/dockings/{id}/moves")]
pub async fn moves(
    request: HttpRequest,
    id: web::Path<String>,
    state: web::Data<State>,
    caller: Caller,
) -> Answer<HttpResponse> {
    let (paging, filters) = Paging::of(&request)?;
    refuse_filters(filters)?;
    let before = match paging.after.as_deref().map(<[u8; 8]>::try_from) {
        None => None,
        Some(Ok(bytes)) => Some(i64::from_be_bytes(bytes)),
        Some(Err(_)) => return Err(Problem::new(Kind::InvalidCursor)),
    };
    let mut connection = state.database.connection().await?;
    let (docking, party) = found(&id, &caller, &mut connection).await?;
    let last = store::moves(docking.id, None, 1, &mut connection).await?.pop();
    let own = last.filter(|last| party == DockingParty::Centre || last.made_by == caller.user());
    let mut items = store::moves(docking.id, before, paging.fetch(), &mut connection).await?;
    let next_cursor = paging.cut(&mut items, |last| last.version.to_be_bytes().to_vec());
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((header::LINK, next_link(&request, cursor)));
    }
    let undo_until = own.as_ref().and_then(undo_until).filter(|until| *until > Utc::now());
    Ok(response.json(DockingMovePage { items, open: OpenMove::of(&docking, party), undo_until, next_cursor }))
}

/// Change the contract of a docking
///
/// 更正合同或补上登记编号。
#[utoipa::path(operation_id = "replace_docking_contract", tag = "dockings", request_body = Contract,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"), ("If-Match" = String, Header)),
    responses((status = 200, description = "The docking", body = Docking, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/dockings/{id}/contract")]
pub async fn replace_contract(
    id: web::Path<String>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    contract: Body<Contract>,
) -> Answer<HttpResponse> {
    let mut connection = state.database.connection().await?;
    let (docking, _) = found(&id, &caller, &mut connection).await?;
    conditions.allow_change(docking.version)?;
    if !docking.stage.has_contract() {
        return Err(
            Problem::new(Kind::Conflict).saying("还没有合同，或对接已终止", "there is no contract, or it ended")
        );
    }
    let mut faults = Faults::default();
    contract.0.check("", &mut faults);
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let next = Docking { contract: Some(contract.0), ..docking.clone() };
    amend((docking, next), &caller, &origin, &mut connection).await
}

/// Report what came of a docking
///
/// 登记成效：合同签订满 6 个月和 12 个月时的新增投入、产值、税收和就业，以及企业的评价（1 至 5）。由企业或中心登记。
#[utoipa::path(operation_id = "replace_docking_outcome", tag = "dockings", request_body = Outcome,
    params(("id" = Uuid, Path, example = "01939c5e-0000-7000-8000-000000000010"),
        ("months" = String, Path, description = "After how many months: 6 or 12", pattern = "^(6|12)$", example = "6"),
        ("If-Match" = String, Header)),
    responses((status = 200, description = "The docking", body = Docking, headers(("ETag" = String, description = "Its version")))))]
#[put("/v1/dockings/{id}/outcomes/{months}")]
pub async fn replace_outcome(
    path: web::Path<(String, String)>,
    state: web::Data<State>,
    (caller, origin): (Caller, Origin),
    conditions: Conditions,
    outcome: Body<Outcome>,
) -> Answer<HttpResponse> {
    let (id, months) = path.into_inner();
    let mut connection = state.database.connection().await?;
    let (docking, party) = found(&id, &caller, &mut connection).await?;
    let mut next = docking.clone();
    let (place, months) = match months.as_str() {
        "6" => (&mut next.outcome_6, Months::new(6)),
        "12" => (&mut next.outcome_12, Months::new(12)),
        _ => return Err(Problem::not_found()),
    };
    if party == DockingParty::Counterpart {
        return Err(caller.refused());
    }
    conditions.allow_change(docking.version)?;
    let contract = docking.contract.as_ref().filter(|_| docking.stage.has_contract());
    if !contract.is_some_and(|contract| contract.is_older_than(months)) {
        return Err(Problem::new(Kind::Conflict)
            .saying("合同签订还未满这么多个月", "the contract was not signed so many months ago"));
    }
    *place = Some(outcome.0);
    amend((docking, next), &caller, &origin, &mut connection).await
}

/// A docking that the caller may see, and what the caller is in it.
pub(super) async fn found(
    id: &str,
    caller: &Caller,
    connection: &mut diesel_async::AsyncPgConnection,
) -> Answer<(Docking, DockingParty)> {
    let id = ids::of_address(id)?;
    let docking = store::find(id, connection).await?.ok_or_else(Problem::not_found)?;
    let granted = access::granted_records(caller, "read_docking").ok_or_else(|| caller.refused())?;
    match docking.party(caller).filter(|_| docking.is_among(granted, caller)) {
        Some(party) => Ok((docking, party)),
        None => Err(Problem::not_found()),
    }
}

/// Goes a step, tells of it, and reads what came of it.
async fn go(
    from: &Docking,
    step: &Step<'_>,
    by: (Uuid, DockingParty),
    news: DockingNews,
    connection: &mut diesel_async::AsyncPgConnection,
) -> Answer<Docking> {
    if !store::step(from, step, by, connection).await.map_err(refused)? {
        return Err(Problem::new(Kind::PreconditionFailed));
    }
    store::tell(from.id, by.0, news, connection).await?;
    store::find(from.id, connection).await?.ok_or_else(Problem::not_found)
}

async fn amend(
    (from, to): (Docking, Docking),
    caller: &Caller,
    origin: &Origin,
    connection: &mut Connection,
) -> Answer<HttpResponse> {
    let user = caller.signed_in()?;
    let amended = connection
        .transaction(async |connection| {
            if !store::amend(&from, &to, user, connection).await? {
                return Err(Problem::new(Kind::PreconditionFailed));
            }
            let amended = store::find(from.id, connection).await?.ok_or_else(Problem::not_found)?;
            audit::record(origin, &event(Action::DockingChanged, from.id), connection).await?;
            Ok(amended)
        })
        .await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(amended.version, false))).json(amended))
}

/// Until when a move can be taken back, if it can be at all.
fn undo_until(last: &super::requests::DockingMove) -> Option<chrono::DateTime<Utc>> {
    let made = last.undoes.is_none() && last.party != DockingParty::Service;
    let row = stages::find(last.from, last.to).filter(|row| made && row.undo);
    row.map(|_| last.at + UNDO)
}

fn cannot_be_undone() -> Problem {
    let days = UNDO.num_days();
    Problem::new(Kind::Conflict).saying(
        format!("最后一步不能收回：受理、已收回的和超过 {days} 天的不能收回"),
        format!("the last move cannot be taken back: not an acceptance, what was taken back, or what is over {days} days old"),
    )
}

fn created(answer: Value) -> HttpResponse {
    let location = format!("/v1/dockings/{}", answer["id"].as_str().unwrap_or_default());
    let tag = etag_of(&answer);
    HttpResponse::Created().insert_header((header::LOCATION, location)).insert_header((header::ETAG, tag)).json(answer)
}

fn moved(answer: Value) -> HttpResponse {
    let tag = etag_of(&answer);
    HttpResponse::Created().insert_header((header::ETAG, tag)).json(answer)
}

fn event(action: Action, docking: Uuid) -> Event {
    Event::new(action).about_id("docking", docking)
}

fn change(action: Action, from: &Docking, to: &Docking) -> Event {
    event(action, from.id).with(json!({ "from": from.stage, "to": to.stage, "version": to.version }))
}
