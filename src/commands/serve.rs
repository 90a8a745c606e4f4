//! `duijie serve`: the service, for real use.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use actix_web::web;
use anyhow::{Context, anyhow};

use super::{close, log, open};
use crate::config::Settings;
use crate::database::Database;
use crate::http::idempotency;
use crate::identity::signing_keys;
use crate::identity::tokens::Tokens;
use crate::matching::Engine;
use crate::matching::follow::Follower;
use crate::server;
use crate::state::State;

/// # Errors
/// What keeps the service from starting, in words for whoever starts it.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    log();
    let folder = settings.folder("serve");
    let listener = bind(settings)?;
    let (database, cluster) = open(settings, &folder).await?;
    let served = async {
        database.migrate().await?;
        let state = start(database, &folder).await?;
        tracing::info!(address = %listener.local_addr()?, "serving");
        anyhow::Ok(server::serve(state, listener)?.await?)
    };
    let result = served.await;
    close(cluster).await?;
    result
}

/// Takes the address before anything else is started.
pub(super) fn bind(settings: &Settings) -> anyhow::Result<TcpListener> {
    let address = settings.listen;
    TcpListener::bind(address).with_context(|| format!("cannot listen on {address}; choose another with --listen"))
}

/// Opens the index, sets its follower to work, and gathers what requests need.
///
/// # Errors
/// If the index folder cannot be used, or the database does not answer.
pub async fn start(database: Database, folder: &Path) -> anyhow::Result<State> {
    let mut connection = database.lasting_connection().await?;
    let keys = signing_keys(&mut connection).await?;
    idempotency::forget_old(&mut connection).await?;
    let tokens = Tokens::new(&keys).ok_or_else(|| anyhow!("no signing key"))?;
    let engine = Arc::new(Engine::open(&folder.join("index"))?);
    let (follower, freshness) = Follower::new(database.clone(), Arc::clone(&engine));
    tokio::spawn(follower.run());
    Ok(State { database, tokens: web::Data::new(tokens), engine, freshness })
}
