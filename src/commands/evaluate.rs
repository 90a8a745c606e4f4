//! `duijie evaluate`: how well known items are found.

use std::path::PathBuf;

use clap::Args;

use crate::matching::Model;
use crate::matching::evaluation::{Corpus, Judgments, Queries, Texts, evaluate};

#[derive(Args)]
pub struct Options {
    /// Records, one JSON object a line: title, abstract (or summary), keywords; gzip by its ending. A record is named
    /// by its line: csl-0001 and on.
    #[arg(long)]
    corpus: PathBuf,
    /// Queries, one a line: id, tab, text.
    #[arg(long)]
    queries: PathBuf,
    /// Judgments as TREC writes them: query, 0, record, grade.
    #[arg(long)]
    qrels: PathBuf,
    /// What of the records is indexed.
    #[arg(long, value_enum, default_value = "all")]
    fields: Texts,
    /// A model file to use instead of the program's own.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Where to write the ranking as a TREC run.
    #[arg(long)]
    run: Option<PathBuf>,
}

/// # Errors
/// If a file cannot be read, or the index cannot be written.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let model = match &options.model {
        Some(file) => Model::read(&std::fs::read_to_string(file)?)?,
        None => Model::shipped()?,
    };
    let corpus = Corpus::read(&options.corpus, options.fields)?;
    let engine = corpus.index(model)?;
    let evaluated = evaluate(&engine, &Queries::read(&options.queries)?, &Judgments::read(&options.qrels)?)?;
    if let Some(file) = &options.run {
        std::fs::write(file, evaluated.trec_run())?;
    }
    println!("{evaluated}");
    Ok(())
}
