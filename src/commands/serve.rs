//! `duijie serve`: the service, for real use.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use actix_web::web;
use anyhow::Context;
use tokio::sync::Semaphore;

use super::{beside, close, log, open};
use crate::background;
use crate::config::Settings;
use crate::database::{Database, notices};
use crate::files::FilePlace;
use crate::housekeeping;
use crate::identity::passwords::{Cost, Passwords};
use crate::identity::tokens::Tokens;
use crate::identity::{self, Secret, renew, watch};
use crate::matching::follow::{self, Follower};
use crate::matching::{Engine, Model, alerts, meanings, runs};
use crate::meaning::Embedder;
use crate::server;
use crate::state::State;
use crate::visits::{self, Visits};
use crate::webhooks;
use crate::{duplicates, exports, harvest, imports};

/// # Errors
/// What keeps the service from starting, in words for whoever starts it.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    log();
    let folder = settings.folder("serve");
    let listener = bind(settings)?;
    let (database, mut cluster) = open(settings, &folder).await?;
    let served = async {
        database.migrate().await?;
        let state = start(database.clone(), Start::of(settings, &folder, &listener)?).await?;
        let visits = Arc::clone(&state.visits);
        tracing::info!(address = %listener.local_addr()?, "serving");
        server::serve(state, listener, &server::Options::of(settings))?.await?;
        anyhow::Ok(visits.write(&database).await?)
    };
    let result = beside(&mut cluster, served).await;
    close(cluster).await?;
    result
}

/// Takes the address before anything else is started.
pub(super) fn bind(settings: &Settings) -> anyhow::Result<TcpListener> {
    let address = settings.listen;
    TcpListener::bind(address).with_context(|| format!("cannot listen on {address}; choose another with --listen"))
}

/// What a service is started with, beside its database.
pub struct Start<'a> {
    /// Where the index lies.
    pub folder: &'a Path,
    /// What scores matches.
    pub model: Model,
    /// What knows what texts mean; without it words alone count.
    pub embedder: Option<Arc<Embedder>>,
    pub secret: Secret,
    pub password_cost: &'a Cost,
    /// The address under which callers reach it.
    pub url: String,
    /// Where files are kept.
    pub files: FilePlace,
    pub webhooks: webhooks::Options,
}

impl<'a> Start<'a> {
    /// By the settings, for a listener that has its address.
    pub(super) fn of(settings: &'a Settings, folder: &'a Path, listener: &TcpListener) -> anyhow::Result<Self> {
        let listening = listener.local_addr()?;
        let url = settings.url.clone().unwrap_or_else(|| format!("http://{listening}"));
        let model = settings.model.clone().map_or_else(Model::shipped, Ok)?;
        let embedder = if settings.no_meaning { None } else { Some(Arc::new(Embedder::shipped()?)) };
        let (secret, password_cost) = (settings.secret(folder)?, &settings.password_cost);
        let files = settings.files.clone().map_or(FilePlace::Database, FilePlace::Folder);
        let webhooks = webhooks::Options { loopback: settings.webhook_loopback, ..webhooks::Options::default() };
        Ok(Self { folder, model, embedder, secret, password_cost, url, files, webhooks })
    }
}

/// Opens the index, sets its follower, the watch over sessions and the housekeeping to work, and gathers what requests need.
///
/// # Errors
/// If the index folder cannot be used, the database does not answer, or the secret is not that of its keys.
pub async fn start(database: Database, start: Start<'_>) -> anyhow::Result<State> {
    let Start { folder, model, embedder, secret, password_cost, url, files, webhooks } = start;
    let passwords = Arc::new(Passwords::new(password_cost));
    let mut connection = database.worker_connection().await?;
    let tokens = web::Data::new(Tokens::new(&url, &[]));
    // Nobody is let in before it is known which sessions ended and what sites may do.
    renew(&tokens, &secret, &mut connection).await?;
    alerts::begin(&mut connection).await?;
    if let Some(embedder) = &embedder {
        meanings::begin(embedder.version(), &mut connection).await?;
        tracing::info!(model = embedder.version(), "records are known by words and meaning");
    } else {
        tracing::info!("there is no model of meaning: records are known by words alone");
    }
    drop(connection);
    let channels = [identity::CHANNEL, follow::CHANNEL, imports::CHANNEL, runs::CHANNEL];
    let [of_access, of_changes, of_imports, of_runs] = notices::listen(&database, channels);
    tokio::spawn(watch(Arc::downgrade(&tokens), database.clone(), secret.clone(), of_access));
    tokio::spawn(housekeeping::work(Arc::downgrade(&tokens), database.clone()));
    tokio::spawn(imports::work(Arc::downgrade(&tokens), database.clone(), of_imports));
    let index = folder.join("index");
    // Those who answer come before the threads of the index, which merge.
    let engine = background::run(move || Engine::open(&index, model)).await??;
    let engine = Arc::new(match embedder {
        Some(embedder) => engine.with_embedder(embedder),
        None => engine,
    });
    let (follower, freshness) = Follower::new(database.clone(), of_changes, Arc::clone(&engine));
    tokio::spawn(harvest::worker::work(Arc::downgrade(&tokens), database.clone(), freshness.clone()));
    tokio::spawn(alerts::work(Arc::downgrade(&engine), database.clone(), follower.trail()));
    tokio::spawn(meanings::work(Arc::downgrade(&engine), database.clone(), follower.trail()));
    tokio::spawn(duplicates::worker::work(Arc::downgrade(&engine), database.clone(), follower.trail()));
    tokio::spawn(follower.run());
    tokio::spawn(runs::work(Arc::downgrade(&engine), database.clone(), freshness.clone(), of_runs));
    let visits = Arc::new(Visits::new(secret.clone()));
    tokio::spawn(visits::work(Arc::downgrade(&visits), database.clone()));
    let webhooks = Arc::new(webhooks::Sender::new(webhooks)?);
    let office = webhooks::Office { database: database.clone(), secret: secret.clone(), url };
    tokio::spawn(webhooks::work(Arc::downgrade(&webhooks), office, freshness.progress()));
    let exports = Arc::new(Semaphore::new(exports::AT_ONCE));
    Ok(State { database, passwords, tokens, secret, engine, freshness, visits, webhooks, exports, files })
}
