//! What every request can reach.

use std::sync::Arc;

use actix_web::web;
use tokio::sync::Semaphore;

use crate::database::Database;
use crate::files::FilePlace;
use crate::identity::Secret;
use crate::identity::passwords::Passwords;
use crate::identity::tokens::Tokens;
use crate::matching::Engine;
use crate::matching::follow::Freshness;
use crate::visits::Visits;
use crate::webhooks;

/// The parts of a running service.
#[derive(Clone)]
pub struct State {
    pub database: Database,
    pub passwords: Arc<Passwords>,
    pub tokens: web::Data<Tokens>,
    /// Seals what the database must not show.
    pub secret: Secret,
    pub engine: Arc<Engine>,
    pub freshness: Freshness,
    pub visits: Arc<Visits>,
    pub webhooks: Arc<webhooks::Sender>,
    /// Room for exports.
    pub exports: Arc<Semaphore>,
    /// Where files are kept.
    pub files: FilePlace,
}
