//! Keeps what a process knows of keys, ended sessions and partner sites current: woken by NOTIFY, and by a timer for a notice lost.

use std::sync::Weak;
use std::time::Duration;

use diesel_async::AsyncPgConnection;

use super::keys::{self, KeyError};
use super::partners;
use super::secret::Secret;
use super::sessions;
use super::tokens::{News, Tokens};
use crate::database::notices::Notices;
use crate::database::{Database, DatabaseError};

/// Notices of sessions, keys and partner sites.
pub const CHANNEL: &str = "duijie_access";
/// A look without having been woken.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the database refused: {0}")]
    Query(#[from] diesel::result::Error),
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Renews tokens as long as somebody uses them. A database that fails is tried again.
pub async fn watch(tokens: Weak<Tokens>, database: Database, secret: Secret, mut notices: Notices) {
    while tokens.strong_count() > 0 {
        if let Err(error) = follow(&tokens, &database, &secret, &mut notices).await {
            tracing::error!(%error, "news of sessions and keys does not come; trying again");
            tokio::time::sleep(PATIENCE).await;
        }
    }
}

async fn follow(
    tokens: &Weak<Tokens>,
    database: &Database,
    secret: &Secret,
    notices: &mut Notices,
) -> Result<(), WatchError> {
    while let Some(tokens) = tokens.upgrade() {
        renew(&tokens, secret, &mut *database.worker_connection().await?).await?;
        drop(tokens);
        notices.wait(PATIENCE).await;
    }
    Ok(())
}

/// Tells tokens what is in the database now.
///
/// # Errors
/// What the database says, or that a key is sealed with another secret.
pub async fn renew(tokens: &Tokens, secret: &Secret, connection: &mut AsyncPgConnection) -> Result<(), WatchError> {
    tokens.renew(News {
        keys: keys::load(secret, connection).await?,
        ended: sessions::lately_ended(connection).await?,
        partners: partners::accesses(connection).await?,
    });
    Ok(())
}
