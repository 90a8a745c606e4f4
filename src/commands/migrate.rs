//! `duijie migrate`: brings the database to what this version needs.

use super::{close, log, open};
use crate::config::Settings;

/// # Errors
/// What the database says.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    log();
    let (database, cluster) = open(settings, &settings.folder("serve")).await?;
    let result = database.migrate().await;
    close(cluster).await?;
    Ok(result?)
}
