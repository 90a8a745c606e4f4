//! `duijie train`: the matching model from what was judged.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::demo::County;
use crate::matching::documents::Indexed as Indexable;
use crate::matching::evaluation::train::{Group, JudgedQuery, cross_validated, fit, known_items, right_order};
use crate::matching::evaluation::{Corpus, Indexed, Judgments, Queries, Texts, everything};
use crate::matching::{Document, Model, Query, Scorer};
use crate::registry::{Kind, Record};

/// Parts into which judged queries are cut to see what is learned.
const PARTS: usize = 6;

#[derive(Args)]
pub struct Options {
    /// What is believed before anything was judged: a model whose weights hold where the judgments say nothing.
    #[arg(long, default_value = "model/prior.json")]
    prior: PathBuf,
    /// Records for known-item queries, as `evaluate` reads them.
    #[arg(long, default_value = "samples/results.jsonl.gz")]
    corpus: PathBuf,
    /// Names of known-item query sets: `NAME.queries.tsv` and `NAME.qrels`.
    #[arg(long, default_values = ["evaluation/papers-keywords", "evaluation/papers-title"])]
    known_items: Vec<PathBuf>,
    /// Judged pairs as TREC writes them: demand-001, 0, csl-0001 or expert-001, grade; the numbers are lines of the samples.
    #[arg(long, default_value = "evaluation/demands.qrels")]
    judgments: PathBuf,
    /// Where to write the model.
    #[arg(long, default_value = "model/matching.json")]
    output: PathBuf,
}

/// # Errors
/// If a file cannot be read or written.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let prior = Model::read(&std::fs::read_to_string(&options.prior)?)?;
    let search = learn("search", &prior.search, &searches(options, &prior)?);
    let groups = judged_pairs(&prior, &Judgments::read(&options.judgments)?)?;
    let all: Vec<Group> = groups.iter().map(|(_, group)| group.clone()).collect();
    let believed = prior.pairs.get("default").cloned().context("the prior has no default for pairs")?;
    let default = learn("default", &believed, &all);
    let mut model = Model { search, ..prior };
    for target in [Kind::Result, Kind::Expert] {
        let of_target = groups.iter().filter(|(kind, _)| *kind == target);
        let of_target: Vec<Group> = of_target.map(|(_, group)| group.clone()).collect();
        model.pairs.insert(target.as_str().to_owned(), learn(target.as_str(), &believed, &of_target));
    }
    model.pairs.insert("default".to_owned(), default);
    model.version = version(&model)?;
    std::fs::write(&options.output, serde_json::to_string_pretty(&model)? + "\n")?;
    println!("model {} in {}", model.version, options.output.display());
    Ok(())
}

/// Learns a scorer and tells how well it orders what it did not learn from.
fn learn(name: &str, prior: &Scorer, groups: &[Group]) -> Scorer {
    println!(
        "{name:8} {} queries; pairs in the right order: {:.4} by the prior, {:.4} learned (cross-validated)",
        groups.len(),
        right_order(prior, groups),
        cross_validated(prior, groups, PARTS),
    );
    fit(prior, groups)
}

/// The known-item queries over abstracts alone and over whole records: a search must do well on both.
fn searches(options: &Options, prior: &Model) -> anyhow::Result<Vec<Group>> {
    let mut groups = Vec::new();
    for texts in [Texts::Abstract, Texts::All] {
        let corpus = Corpus::read(&options.corpus, texts)?.index(prior.clone())?;
        for name in &options.known_items {
            let queries = Queries::read(&name.with_added_extension("queries.tsv"))?;
            let judgments = Judgments::read(&name.with_added_extension("qrels"))?;
            groups.extend(known_items(&corpus, &queries, &judgments)?);
        }
    }
    Ok(groups)
}

/// The judged pairs of the sample county, by what is looked for.
fn judged_pairs(prior: &Model, judgments: &Judgments) -> anyhow::Result<Vec<(Kind, Group)>> {
    let county = County::read()?;
    let results: Vec<_> = county.results.iter().map(document).collect();
    let experts: Vec<_> = county.experts.iter().map(document).collect();
    let mut ids: HashMap<String, (Kind, Uuid)> = HashMap::new();
    for (place, result) in results.iter().enumerate() {
        ids.insert(format!("csl-{:04}", place + 1), (Kind::Result, result.id));
    }
    for (place, expert) in experts.iter().enumerate() {
        ids.insert(format!("expert-{:03}", place + 1), (Kind::Expert, expert.id));
    }
    let indexed = Indexed::of(prior.clone(), vec![(Kind::Result, results), (Kind::Expert, experts)])?;
    let mut groups = Vec::new();
    for (place, demand) in county.demands.iter().enumerate() {
        let name = format!("demand-{:03}", place + 1);
        for target in [Kind::Result, Kind::Expert] {
            let mut grades = HashMap::new();
            for (record, grade) in judgments.all_of(&name) {
                let (kind, id) = *ids.get(record).with_context(|| format!("{record} is no sample"))?;
                if kind == target {
                    grades.insert(id, grade);
                }
            }
            let query = Query::from(document(demand));
            groups.push((target, JudgedQuery { target, query, grades }.group(&indexed.engine, &everything())?));
        }
    }
    groups.retain(|(_, Group(candidates))| !candidates.is_empty());
    Ok(groups)
}

fn document<C: Indexable>(record: &Record<C>) -> Document {
    C::document(record)
}

/// A version that tells one model from any other.
fn version(model: &Model) -> anyhow::Result<String> {
    let learned = serde_json::to_vec(&(&model.search, &model.pairs, &model.levels))?;
    let digest = Sha256::digest(learned);
    Ok(format!("1-{:08x}", u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])))
}
