//! `duijie judgments`: what became of dockings, for `duijie train`.

use std::path::PathBuf;

use super::{close, join, log};
use crate::config::Settings;
use crate::dockings::judgments;

#[derive(clap::Args)]
pub struct Options {
    /// Where to write `dockings.qrels`, `demands.jsonl`, `results.jsonl` and `experts.jsonl`.
    folder: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

/// # Errors
/// What the database or the disk says.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    if std::env::var_os("RUST_LOG").is_some() {
        log();
    }
    let settings = &options.settings;
    let (database, cluster) = join(settings, &settings.folder("serve")).await?;
    let written = async { judgments::write(&options.folder, &mut database.lasting_connection().await?).await };
    let result = written.await;
    close(cluster).await?;
    let (judged, folder) = (result?, options.folder.display());
    println!(
        "{judged} judgments; then: duijie train {folder}/dockings.qrels --demands {folder}/demands.jsonl --corpus {folder}"
    );
    Ok(())
}
