//! `duijie keys`: the keys that sign access tokens.

use clap::Subcommand;

use super::{close, join, log};
use crate::audit::{self, Action, Event, Origin};
use crate::config::Settings;
use crate::identity::keys;

#[derive(Subcommand)]
pub enum Command {
    /// Sign with a new key from now on. Tokens of the one before are good until they expire; nobody is signed out.
    Rotate(Settings),
}

/// # Errors
/// What the database says.
pub async fn run(command: Command) -> anyhow::Result<()> {
    log();
    let Command::Rotate(settings) = command;
    let folder = settings.folder("serve");
    let (database, cluster) = join(&settings, &folder).await?;
    let rotated = async {
        database.migrate().await?;
        let secret = settings.secret(&folder)?;
        let mut connection = database.lasting_connection().await?;
        let key = keys::rotate(&secret, &mut connection).await?;
        let event = Event::new(Action::KeysRotated).about_id("key", key);
        audit::record(&Origin::operator(), &event, &mut connection).await?;
        anyhow::Ok(key)
    };
    let result = rotated.await;
    close(cluster).await?;
    println!("{}", result?);
    Ok(())
}
