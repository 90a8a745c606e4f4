//! `duijie train`: the matching model from what was judged.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;
use sha2::{Digest, Sha256};

use crate::matching::evaluation::train::{Group, cross_validated, fit, right_order};
use crate::matching::evaluation::{Corpus, Judgments, Target, Texts, Topics};
use crate::matching::{Model, Scorer};
use crate::meaning::Embedder;

/// Parts into which judged queries are cut to see what is learned.
const PARTS: usize = 6;

#[derive(Args)]
pub struct Options {
    /// Judged pairs as TREC writes them: demand, 0, result or expert, grade.
    judgments: PathBuf,
    /// The demands that were judged: topics of TREC, or lines of JSON as the API answers them.
    #[arg(long, default_value = "samples/demands.jsonl")]
    demands: PathBuf,
    /// A folder with the records, as for `evaluate`; without it the sample county.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// A model whose weights hold where the judgments say nothing, instead of the program's own prior.
    #[arg(long)]
    prior: Option<PathBuf>,
    /// Names of sets of known-item queries over the sample results, `NAME.queries.tsv` and `NAME.qrels`, to learn how
    /// searches are ordered. Without any, they are as in the prior that is named, or else as in the program's own model.
    #[arg(long)]
    known_items: Vec<PathBuf>,
    /// Learn from words alone.
    #[arg(long)]
    no_meaning: bool,
    /// Where to write the model.
    #[arg(long, default_value = "matching.json")]
    output: PathBuf,
}

/// # Errors
/// If a file cannot be read or written.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut prior = options.prior.as_deref().map_or_else(Model::prior, Model::open)?;
    if options.no_meaning {
        prior = prior.of_words();
    }
    let believed = prior.pairs.get("default").cloned().context("the prior has no default for pairs")?;
    let judged = Judged::read(options)?;
    let mut model = Model { search: search(options, &prior, judged.embedder.as_ref())?, ..prior.clone() };
    let mut all = Vec::new();
    for target in [Target::Result, Target::Expert] {
        let groups = judged.groups(target, options, &prior)?;
        if !groups.is_empty() {
            let name = target.kind().as_str();
            model.pairs.insert(name.to_owned(), learn(name, &believed, &groups));
        }
        all.extend(groups);
    }
    ensure!(!all.is_empty(), "no judged pair is found");
    model.pairs.insert("default".to_owned(), learn("default", &believed, &all));
    model.version = version(&model)?;
    std::fs::write(&options.output, serde_json::to_string_pretty(&model)? + "\n")?;
    println!("model {} in {}", model.version, options.output.display());
    Ok(())
}

/// Learns a scorer and tells how well it does on what it did not learn from.
fn learn(name: &str, prior: &Scorer, groups: &[Group]) -> Scorer {
    let validated = cross_validated(prior, groups, PARTS);
    println!(
        "{name:8} {} queries; pairs in the right order: {:.4} by the prior, {:.4} learned; ECE {:.4} (both cross-validated)",
        groups.len(),
        right_order(prior, groups),
        validated.right_order,
        validated.calibration_error,
    );
    fit(prior, groups)
}

/// The scorer of searches, from known items over abstracts alone and over whole records: a search must do well on both.
/// Every other query is learned from, so that the rest can show what was learned.
fn search(options: &Options, prior: &Model, embedder: Option<&Embedder>) -> anyhow::Result<Scorer> {
    if options.known_items.is_empty() {
        let own = if options.no_meaning { Model::words() } else { Model::shipped() };
        return Ok(if options.prior.is_some() { prior.search.clone() } else { own?.search });
    }
    let known = options.known_items.iter().map(|name| {
        let mut topics = Topics::read(&name.with_added_extension("queries.tsv"))?;
        if let Some(embedder) = embedder {
            topics.understand(embedder)?;
        }
        Ok((topics, Judgments::read(&name.with_added_extension("qrels"))?))
    });
    let known = known.collect::<anyhow::Result<Vec<_>>>()?;
    let mut groups = Vec::new();
    for texts in [Texts::Abstract, Texts::All] {
        let mut corpus = Corpus::read(None, Target::Result)?.with(texts);
        if let Some(embedder) = embedder {
            corpus = corpus.understood(embedder)?;
        }
        let collection = corpus.index(prior.clone())?;
        for (topics, judgments) in &known {
            for topic in topics.learned_from() {
                groups.push(Group::of(&collection, topic, judgments, Some(0))?);
            }
        }
    }
    Ok(learn("search", &prior.search, &groups))
}

/// Demands and what was judged for them.
struct Judged {
    demands: Topics,
    judgments: Judgments,
    /// None where words alone are learned from.
    embedder: Option<Embedder>,
}

impl Judged {
    fn read(options: &Options) -> anyhow::Result<Self> {
        let mut demands = Topics::read(&options.demands)?;
        let embedder = if options.no_meaning { None } else { Some(Embedder::shipped()?) };
        if let Some(embedder) = &embedder {
            demands.understand(embedder)?;
        }
        Ok(Self { demands, judgments: Judgments::read(&options.judgments)?, embedder })
    }

    /// The judged pairs with records of a kind.
    fn groups(&self, target: Target, options: &Options, prior: &Model) -> anyhow::Result<Vec<Group>> {
        let mut corpus = Corpus::read(options.corpus.as_deref(), target)?;
        if let Some(embedder) = &self.embedder {
            corpus = corpus.understood(embedder)?;
        }
        let collection = corpus.index(prior.clone())?;
        let groups = self.demands.0.iter().map(|topic| Group::of(&collection, topic, &self.judgments, None));
        let mut groups = groups.collect::<Result<Vec<_>, _>>()?;
        groups.retain(|Group(candidates)| !candidates.is_empty());
        Ok(groups)
    }
}

/// A version that tells one model from any other.
fn version(model: &Model) -> anyhow::Result<String> {
    let learned = serde_json::to_vec(&(&model.search, &model.pairs, &model.levels))?;
    let digest = Sha256::digest(learned);
    Ok(format!("1-{:08x}", u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])))
}
