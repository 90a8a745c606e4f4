//! Keeps what a process knows of keys, ended sessions and partner sites current: woken by NOTIFY, and by a timer for a notice lost.

use std::sync::Weak;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::StreamExt;

use super::keys::{self, KeyError};
use super::partners;
use super::secret::Secret;
use super::sessions;
use super::tokens::{News, Tokens};
use crate::database::{Database, DatabaseError};

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
pub async fn watch(tokens: Weak<Tokens>, database: Database, secret: Secret) {
    while tokens.strong_count() > 0 {
        if let Err(error) = follow(&tokens, &database, &secret).await {
            tracing::error!(%error, "news of sessions and keys does not come; trying again");
            tokio::time::sleep(PATIENCE).await;
        }
    }
}

async fn follow(tokens: &Weak<Tokens>, database: &Database, secret: &Secret) -> Result<(), WatchError> {
    let mut listener = database.lasting_connection().await?;
    diesel::sql_query("LISTEN duijie_access").execute(&mut listener).await?;
    let mut notices = std::pin::pin!(listener.notifications_stream());
    let mut reader = database.lasting_connection().await?;
    while let Some(tokens) = tokens.upgrade() {
        renew(&tokens, secret, &mut reader).await?;
        drop(tokens);
        match tokio::time::timeout(PATIENCE, notices.next()).await {
            Err(_) => {}
            Ok(Some(notice)) => drop(notice?),
            Ok(None) => return Ok(()),
        }
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
