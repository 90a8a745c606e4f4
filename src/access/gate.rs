//! The gate before every handler: who calls, what for, whether there is enough left for it, and whether the table grants
//! it. What is refused is audited, but not that someone asked too often.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use serde_json::json;

use super::{Operation, Operations};
use crate::audit::{self, Action, Event, Origin};
use crate::http::{Address, Charge, Limits, Payer};
use crate::identity::{Caller, identify};
use crate::problem::{Answer, Kind, Problem};
use crate::state::State;

/// The middleware. An address without an operation in the contract has nothing to guard.
///
/// # Errors
/// Only what the handlers return.
pub async fn gate<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let Some((operation, record)) = operation_of(&request) else {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    };
    let caller = identify(&request);
    // Known to whatever comes after, the audit of a refusal among it; no handler is reached before it is admitted.
    if let Ok(caller) = &caller {
        request.extensions_mut().insert::<Caller>(caller.clone());
    }
    // Before anything is refused, so that refusals too are asked for only so often.
    let charge = match charge(&request, caller.as_ref().ok(), operation.rule.cost) {
        Ok(charge) => charge,
        Err(problem) => return Ok(request.error_response(problem).map_into_right_body()),
    };
    let admitted = charge.allow().and(caller).and_then(|caller| operation.rule.admit(&caller));
    let state = request.app_data::<web::Data<State>>().cloned();
    let mut response = match admitted {
        Ok(()) => next.call(request).await?.map_into_left_body(),
        Err(problem) => request.error_response(problem).map_into_right_body(),
    };
    charge.tell(response.headers_mut());
    if let (Some(state), Some(why)) = (state, refusal(&response, record.is_some())) {
        note(&state, &Origin::of(response.request()), &operation, record, why).await;
    }
    Ok(response)
}

/// What the request is for, and the record that it names. The address is read as the router reads it, so that no
/// escaped letter leads past the gate.
fn operation_of(request: &ServiceRequest) -> Option<(Operation, Option<String>)> {
    let operations = request.app_data::<web::Data<Operations>>()?;
    let (operation, record) = operations.find(request.method(), request.match_info().as_str())?;
    Some((operation.clone(), record.map(str::to_owned)))
}

/// Takes what a request costs from the account of its caller or, if it has none that is good, from its network.
fn charge(request: &ServiceRequest, caller: Option<&Caller>, cost: u32) -> Answer<Charge> {
    let limits = request.app_data::<web::Data<Limits>>().ok_or_else(|| Problem::internal("no limits"))?;
    let network = || Payer::Network(Address::of(request.request()).network());
    let payer = caller.and_then(Caller::user).map_or_else(network, Payer::Account);
    Ok(limits.charge(&payer, cost))
}

/// The kind of refusal that an answer is, if it is one. A record that is not there is told from one that is not the
/// caller's by nothing, not even by being noted.
fn refusal<B>(response: &ServiceResponse<B>, names_record: bool) -> Option<Kind> {
    let kind = response.response().error()?.as_error::<Problem>()?.kind;
    let refused =
        matches!(kind, Kind::Unauthenticated | Kind::Forbidden | Kind::InsufficientScope | Kind::SecondFactorRequired);
    (refused || (names_record && kind == Kind::NotFound)).then_some(kind)
}

/// A refusal stays one, whether or not it could be noted.
async fn note(state: &State, origin: &Origin, operation: &Operation, record: Option<String>, why: Kind) {
    let details = json!({ "operation": &*operation.id, "problem": why.slug() });
    let event = Event::new(Action::Refused).about("record", record.as_deref()).with(details);
    let noted: Answer<()> = async {
        let mut connection = state.database.connection().await?;
        Ok(audit::record(origin, &event, &mut connection).await?)
    }
    .await;
    if noted.is_err() {
        tracing::error!("a refusal could not be noted in the audit log");
    }
}
