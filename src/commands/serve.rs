//! `duijie serve`: the service, for real use.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use actix_web::web;
use anyhow::Context;

use super::{close, log, open};
use crate::config::Settings;
use crate::database::Database;
use crate::http::idempotency;
use crate::identity::passwords::{Cost, Passwords};
use crate::identity::tokens::Tokens;
use crate::identity::{Secret, keys, watch};
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
        let state = start(database, &folder, settings.secret(&folder)?, &settings.password_cost).await?;
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

/// Opens the index, sets its follower and the watch over sessions to work, and gathers what requests need.
///
/// # Errors
/// If the index folder cannot be used, the database does not answer, or the secret is not that of its keys.
pub async fn start(database: Database, folder: &Path, secret: Secret, cost: &Cost) -> anyhow::Result<State> {
    let passwords = Arc::new(Passwords::new(cost)?);
    let mut connection = database.lasting_connection().await?;
    let tokens = web::Data::new(Tokens::new(&keys::load(&secret, &mut connection).await?));
    idempotency::forget_old(&mut connection).await?;
    tokio::spawn(watch(Arc::downgrade(&tokens), database.clone(), secret));
    let engine = Arc::new(Engine::open(&folder.join("index"))?);
    let (follower, freshness) = Follower::new(database.clone(), Arc::clone(&engine));
    tokio::spawn(follower.run());
    Ok(State { database, passwords, tokens, engine, freshness })
}
