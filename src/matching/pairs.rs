//! How one record matches another, as the list of its matches shows it.

use actix_web::web;
use uuid::Uuid;

use super::documents::{self, Indexed};
use super::requests::{asks, request_for};
use super::{Match, Viewer};
use crate::identity::Caller;
use crate::problem::{Answer, Problem};
use crate::registry::{Concept, Kind, Record};
use crate::state::State;

/// The match of a record with another of a kind, as the caller would find it; none if it would not.
///
/// # Errors
/// If the index cannot be read.
pub async fn matched<C: Concept + Indexed>(
    record: &Record<C>,
    (kind, id): (Kind, Uuid),
    caller: &Caller,
    state: &web::Data<State>,
) -> Answer<Option<Match>> {
    let mut connection = state.database.connection().await?;
    let query = documents::query_of(record, state.engine.meaning_version(), &mut connection).await?;
    drop(connection);
    let mut request = request_for(kind, query, asks(C::KIND), &[], Viewer::of(caller), usize::MAX);
    let state = state.clone();
    let found = web::block(move || {
        state.engine.understand(&mut request.query).map_err(Problem::internal)?;
        state.engine.matches(&request).map_err(Problem::internal)
    });
    let matches = found.await.map_err(Problem::internal)??;
    Ok(matches.into_iter().find(|found| found.id == id))
}
