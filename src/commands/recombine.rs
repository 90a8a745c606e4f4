//! `duijie recombine`: as many made-up records as are wanted.

use super::{close, join, log};
use crate::config::Settings;
use crate::demo::{self, Amounts};

#[derive(clap::Args)]
pub struct Options {
    /// How many results are to be there.
    #[arg(long, default_value_t = 1_000_000)]
    results: u32,
    /// How many experts are to be there.
    #[arg(long, default_value_t = 200_000)]
    experts: u32,
    /// How many demands are to be there.
    #[arg(long, default_value_t = 100_000)]
    demands: u32,
    /// What all choices come from: the same seed makes the same records, and another seed makes others beside them.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    settings: Settings,
}

/// # Errors
/// What the database says.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    if std::env::var_os("RUST_LOG").is_some() {
        log();
    }
    let settings = &options.settings;
    let (database, cluster) = join(settings, &settings.folder("demo")).await?;
    let wanted = Amounts { results: options.results, experts: options.experts, demands: options.demands };
    let filled = async {
        database.migrate().await?;
        demo::fill(&database, &wanted, options.seed).await
    };
    let result = filled.await;
    close(cluster).await?;
    let new = result?;
    for (what, wanted, new) in [
        ("成果 results", wanted.results, new.results),
        ("专家 experts", wanted.experts, new.experts),
        ("需求 demands", wanted.demands, new.demands),
    ] {
        println!("{what}: 新载入 loaded {new}, 已有 there before {}", wanted - new);
    }
    Ok(())
}
