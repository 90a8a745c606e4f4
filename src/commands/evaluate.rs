//! `duijie evaluate`: how good the answers to queries are, by one model or by two.

use std::io::Write;
use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;

use crate::matching::evaluation::{
    Collection, Comparison, Corpus, Evaluated, Judgments, Parts, Run, Target, Texts, Topics,
};
use crate::matching::{Choice, Model, feature_names};
use crate::meaning::Embedder;

#[derive(Args)]
pub struct Options {
    /// What is asked: topics of TREC or demands as lines of JSON, which are matched, or `id<TAB>words` lines, which are
    /// searched for.
    queries: PathBuf,
    /// Judgments as TREC writes them: query, 0, record, grade. From grade 1 on a record is useful.
    qrels: PathBuf,
    /// A folder with the records, results.jsonl and experts.jsonl, each a line as the API answers it. Without it they are
    /// those of the sample county, named by their lines: csl-0001, expert-001 and on.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// What is looked for.
    #[arg(long, value_enum, default_value = "result")]
    kind: Target,
    /// What of the records is indexed.
    #[arg(long, value_enum, default_value = "all")]
    fields: Texts,
    /// A model file to use instead of the program's own.
    #[arg(long)]
    model: Option<PathBuf>,
    /// How many telling terms of a query are looked for, at most; `all` for every word without any choice.
    #[arg(long, default_value = "32")]
    terms: Choice,
    /// Another model file, to be held against the first.
    #[arg(long)]
    against: Option<PathBuf>,
    /// Another choice of terms, to be held against the first.
    #[arg(long)]
    against_terms: Option<Choice>,
    /// Tell what each part of the model is worth, by leaving it out.
    #[arg(long, conflicts_with_all = ["against", "against_terms"])]
    parts: bool,
    /// Rank by words alone.
    #[arg(long)]
    no_meaning: bool,
    /// Where to write the ranking, the first if there are two, as a TREC run.
    #[arg(long)]
    run: Option<PathBuf>,
}

/// # Errors
/// If a file cannot be read, or the index cannot be written.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let own = if options.no_meaning { Model::words } else { Model::shipped };
    let model = options.model.as_deref().map_or_else(own, Model::open)?;
    let mut topics = Topics::read(&options.queries)?;
    let mut corpus = Corpus::read(options.corpus.as_deref(), options.kind)?.with(options.fields);
    if !options.no_meaning {
        let embedder = Embedder::shipped()?;
        corpus = corpus.understood(&embedder)?;
        topics.understand(&embedder)?;
    }
    let mut collection = corpus.index(model.clone())?;
    let judgments = judgments(options, &collection, &topics)?;
    collection.set(model.clone(), options.terms);
    let run = Run::of(&collection, &topics)?;
    if let Some(file) = &options.run {
        std::fs::write(file, run.trec())?;
    }
    let first = Evaluated::of(&run, &judgments);
    if options.parts {
        return Ok(writeln!(
            std::io::stdout(),
            "{}",
            parts(&mut collection, &topics, &judgments, options.terms, first)?
        )?);
    }
    if options.against.is_none() && options.against_terms.is_none() {
        return Ok(writeln!(std::io::stdout(), "{first}")?);
    }
    let other = options.against.as_deref().map_or(Ok(model), Model::open)?;
    collection.set(other, options.against_terms.unwrap_or(options.terms));
    let second = Evaluated::of(&Run::of(&collection, &topics)?, &judgments);
    Ok(writeln!(std::io::stdout(), "{}", Comparison { first, second })?)
}

/// Ranks again without each feature that has a weight for any of the queries.
fn parts(
    collection: &mut Collection,
    topics: &Topics,
    judgments: &Judgments,
    terms: Choice,
    whole: Evaluated,
) -> anyhow::Result<Parts> {
    let model = collection.model().clone();
    let weighs = |feature: &str| topics.0.iter().any(|topic| collection.scorer(topic).weight(feature) > 0.0);
    let features: Vec<&str> = feature_names().filter(|feature| weighs(feature)).collect();
    let mut without = Vec::new();
    for feature in features {
        collection.set(model.clone().without(feature), terms);
        without.push((feature, Evaluated::of(&Run::of(collection, topics)?, judgments)));
    }
    Ok(Parts { whole, without })
}

/// The judgments of what is there. Those of other records or queries are left out, which is told: a misspelt name would
/// else go unseen.
fn judgments(options: &Options, collection: &Collection, topics: &Topics) -> anyhow::Result<Judgments> {
    let (judgments, left_out) = Judgments::read(&options.qrels)?.within(|record| collection.has(record));
    ensure!(judgments.count() > 0, "no judgment is of a record that is there");
    if left_out > 0 {
        eprintln!("{left_out} judgments are left out: their records are not among those looked for");
    }
    let asked = |query: &str| topics.0.iter().any(|topic| topic.id == query);
    let lost = judgments.queries().filter(|query| !asked(query)).count();
    ensure!(lost == 0, "{lost} queries of the judgments are not asked");
    Ok(judgments)
}
