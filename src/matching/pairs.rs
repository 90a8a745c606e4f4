//! How one record matches another, as the list of its matches shows it, and what the best of them cover of it; and which
//! results are near a text.

use actix_web::web;
use uuid::Uuid;

use super::documents::{self, Indexed};
use super::requests::{asks, request_for};
use super::{Coverage, Match, MatchRequest, Query, Viewer};
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
    let request = request_for(kind, query, asks(C::KIND), &[], Viewer::of(caller), usize::MAX);
    let matches = ranked(request, state).await?;
    Ok(matches.into_iter().find(|found| found.id == id))
}

/// The published results that are near a text and that the caller may find, the best first.
///
/// # Errors
/// If the index cannot be read.
pub async fn near_results(query: Query, caller: &Caller, limit: usize, state: &web::Data<State>) -> Answer<Vec<Match>> {
    ranked(request_for(Kind::Result, query, true, &[], Viewer::of(caller), limit), state).await
}

/// Scoring is work of the processor, not for the thread that other requests share.
async fn ranked(mut request: MatchRequest, state: &web::Data<State>) -> Answer<Vec<Match>> {
    let found = state.engine.work(move |engine| {
        engine.understand(&mut request.query).map_err(Problem::internal)?;
        engine.matches(&request).map_err(Problem::internal)
    });
    found.await
}

/// What the best records of a kind, as many at most, cover of what a record looks for: as many telling terms at most. Those that
/// the caller would find.
///
/// # Errors
/// If the index cannot be read.
pub async fn covered<C: Concept + Indexed>(
    record: &Record<C>,
    (kind, most): (Kind, usize),
    most_terms: usize,
    caller: &Caller,
    state: &web::Data<State>,
) -> Answer<Coverage> {
    let mut connection = state.database.connection().await?;
    let query = documents::query_of(record, state.engine.meaning_version(), &mut connection).await?;
    drop(connection);
    let mut request = request_for(kind, query, asks(C::KIND), &[], Viewer::of(caller), most);
    let covered = state.engine.work(move |engine| {
        engine.understand(&mut request.query).map_err(Problem::internal)?;
        engine.coverage(&request, most_terms).map_err(Problem::internal)
    });
    covered.await
}
