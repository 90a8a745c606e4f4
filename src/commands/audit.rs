//! `duijie audit`: is the audit log whole?

use anyhow::bail;
use clap::Subcommand;

use super::{close, join, log};
use crate::audit::{Chain, Head, verify};
use crate::config::Settings;

#[derive(Subcommand)]
pub enum Command {
    /// Compute every hash of the log anew. Prints the head; note it elsewhere, for a log that was cut off at its end is
    /// whole by itself. Fails if the log is not whole.
    Verify(Options),
}

#[derive(clap::Args)]
pub struct Options {
    /// A head that was noted before: the log must still hold it.
    #[arg(long)]
    head: Option<Head>,
    #[command(flatten)]
    settings: Settings,
}

/// # Errors
/// What the database says, or where the log is not whole.
pub async fn run(command: Command) -> anyhow::Result<()> {
    log();
    let Command::Verify(options) = command;
    let (database, cluster) = join(&options.settings, &options.settings.folder("serve")).await?;
    let verified = async { anyhow::Ok(verify(options.head, &mut database.lasting_connection().await?).await?) };
    let result = verified.await;
    close(cluster).await?;
    match result? {
        Chain::Whole(Some(head)) => println!("whole, {} events; head {head}", head.seq),
        Chain::Whole(None) => println!("no events"),
        Chain::Broken { at } => bail!("event {at} is missing, was rewritten, or does not follow the one before"),
        Chain::CutOff { noted } => bail!("the log no longer holds event {noted} as it was noted: its end was cut off"),
    }
    Ok(())
}
