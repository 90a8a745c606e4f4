//! `duijie manner`: what texts of some manners of speech have in common, so that it can be taken out of what they mean.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::matching::evaluation::{Corpus, Target, Topics};
use crate::meaning::{Embedder, Manner, Vector};

#[derive(Args)]
pub struct Options {
    /// Texts of one manner in each file: demands as lines of JSON, topics of TREC, or searches.
    #[arg(required = true)]
    manners: Vec<PathBuf>,
    /// Where to write what was found.
    #[arg(long, default_value = "model/manner.json")]
    output: PathBuf,
}

/// # Errors
/// If a file cannot be read or written.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let embedder = Embedder::shipped()?;
    let vectors = |texts: Vec<String>| -> anyhow::Result<Vec<Vector>> {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        Ok(embedder.embed_passages(&texts)?)
    };
    let mut records = Vec::new();
    for target in [Target::Result, Target::Expert] {
        records.extend(vectors(Corpus::read(None, target)?.texts())?);
    }
    let topics = options.manners.iter().map(|file| Topics::read(file)).collect::<anyhow::Result<Vec<_>>>()?;
    let manners = topics.iter().map(|topics| vectors(topics.texts())).collect::<anyhow::Result<Vec<_>>>()?;
    let searches = topics.iter().flat_map(Topics::searches).map(|words| embedder.embed_query(&words));
    let searches = searches.collect::<Result<Vec<_>, _>>()?;
    anyhow::ensure!(!searches.is_empty(), "one of the files must be of searches");
    let found = Manner::of(embedder.model(), &records, &manners, &searches).to_json()?;
    std::fs::write(&options.output, found).with_context(|| options.output.display().to_string())
}
