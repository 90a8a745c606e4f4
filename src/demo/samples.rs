//! Reads the sample files into records. They pass the same rules as what a person types in.

use std::collections::HashMap;
use std::io::Read;

use anyhow::{Context, anyhow};
use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::ids;
use crate::problem::Language;
use crate::registry::demands::Demand;
use crate::registry::experts::Expert;
use crate::registry::organisations::Organisation;
use crate::registry::policies::Policy;
use crate::registry::results::ResearchResult;
use crate::registry::{Concept, Record, Stamp};

/// The sample county.
pub struct County {
    pub organisations: Vec<Record<Organisation>>,
    pub results: Vec<Record<ResearchResult>>,
    pub experts: Vec<Record<Expert>>,
    pub demands: Vec<Record<Demand>>,
    pub policies: Vec<Record<Policy>>,
}

/// Ids of organisations by the keys that the sample files use.
type Keys = HashMap<String, Uuid>;

impl County {
    /// # Errors
    /// If a sample file breaks a rule: then the program was built with bad samples.
    pub fn read() -> anyhow::Result<Self> {
        let mut keys = Keys::new();
        let mut organisations = Vec::new();
        for (mut line, number) in lines(include_str!("../../samples/organisations.jsonl"))?.into_iter().zip(0..) {
            let key = take(&mut line, "key")?;
            let mut record: Record<Organisation> = record(line)?;
            record.stamp.id = ids::id(number, &ids::chance("sample organisation", number));
            keys.insert(key, record.stamp.id);
            organisations.push(record);
        }
        let results = read_results(&keys)?;
        let experts = read_experts(&keys, &results)?;
        let mut demands = Vec::new();
        for mut line in lines(include_str!("../../samples/demands.jsonl"))? {
            let enterprise = take(&mut line, "enterprise")?;
            line.insert("enterprise_id".to_owned(), json!(of_key(&keys, &enterprise)?));
            demands.push(record(line)?);
        }
        Ok(Self { organisations, results, experts, demands, policies: vec![read_policy()?] })
    }

    /// Gives organisations other ids, wherever they stand.
    pub(super) fn rename(&mut self, organisations: &HashMap<Uuid, Uuid>) {
        let owned = self.organisations.iter_mut().map(|record| &mut record.stamp.id);
        let held = self.results.iter_mut().map(|record| &mut record.fields.holder_id);
        let employing = self.experts.iter_mut().map(|record| &mut record.fields.organisation_id);
        let asking = self.demands.iter_mut().map(|record| &mut record.fields.enterprise_id);
        for id in owned.chain(held).chain(employing).chain(asking) {
            *id = organisations.get(id).copied().unwrap_or(*id);
        }
    }

    /// How many records there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        let kinds =
            [self.organisations.len(), self.results.len(), self.experts.len(), self.demands.len(), self.policies.len()];
        kinds.iter().sum::<usize>() as u64
    }
}

/// The papers, as results of the sample institutes that work in their disciplines.
fn read_results(keys: &Keys) -> anyhow::Result<Vec<Record<ResearchResult>>> {
    let mut papers = String::new();
    GzDecoder::new(include_bytes!("../../samples/results.jsonl.gz").as_slice()).read_to_string(&mut papers)?;
    let disciplines = Discipline::read_all();
    let mut results = Vec::new();
    for (place, mut paper) in lines(&papers)?.into_iter().enumerate() {
        let name = take(&mut paper, "discipline")?;
        let discipline = disciplines.get(name.as_str()).with_context(|| format!("unknown discipline {name}"))?;
        let identifier = format!("csl-{:04}", place + 1);
        results.push(record(Map::from_iter([
            ("title".to_owned(), json!(take(&mut paper, "title")?)),
            ("summary".to_owned(), json!(take(&mut paper, "abstract")?)),
            ("keywords".to_owned(), distinct(paper.remove("keywords"))),
            ("industries".to_owned(), json!(discipline.industries)),
            ("disciplines".to_owned(), json!([discipline.code])),
            ("holder_id".to_owned(), json!(of_key(keys, discipline.institute)?)),
            (
                "source".to_owned(),
                json!({"origin": "CSL 中文科学文献数据集（示例）", "partner": "csl", "identifier": identifier}),
            ),
            ("status".to_owned(), json!("published")),
        ]))?);
    }
    Ok(results)
}

/// A few papers name a keyword twice.
fn distinct(keywords: Option<Value>) -> Value {
    let mut kept: Vec<&str> = Vec::new();
    let keywords = keywords.unwrap_or_default();
    for keyword in keywords.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::trim) {
        if !keyword.is_empty() && !kept.contains(&keyword) {
            kept.push(keyword);
        }
    }
    json!(kept)
}

/// What a discipline of the papers is in the national standards, and who works in it here.
struct Discipline {
    code: &'static str,
    industries: Vec<&'static str>,
    institute: &'static str,
}

impl Discipline {
    fn read_all() -> HashMap<&'static str, Self> {
        let rows = include_str!("../../samples/disciplines.csv").lines().skip(1);
        rows.filter_map(|row| {
            let mut columns = row.split(',');
            let name = columns.next()?;
            let (code, industries, institute) = (columns.next()?, columns.next()?, columns.next()?);
            let industries = industries.split(';').filter(|code| !code.is_empty()).collect();
            Some((name, Self { code, industries, institute }))
        })
        .collect()
    }
}

fn read_experts(keys: &Keys, results: &[Record<ResearchResult>]) -> anyhow::Result<Vec<Record<Expert>>> {
    let mut experts = Vec::new();
    for mut line in lines(include_str!("../../samples/experts.jsonl"))? {
        let organisation = take(&mut line, "organisation")?;
        line.insert("organisation_id".to_owned(), json!(of_key(keys, &organisation)?));
        let places = line.remove("results").unwrap_or_default();
        let places = places.as_array().into_iter().flatten().filter_map(|place| usize::try_from(place.as_u64()?).ok());
        let ids: Vec<Uuid> = places.filter_map(|place| results.get(place)).map(|result| result.stamp.id).collect();
        line.insert("result_ids".to_owned(), json!(ids));
        experts.push(record(line)?);
    }
    Ok(experts)
}

fn read_policy() -> anyhow::Result<Record<Policy>> {
    let text = include_str!("../../samples/policy-hebei-2020-52.zh-Hant.txt");
    let (title, body) = text.split_once('\n').context("the policy has a title and a body")?;
    record(Map::from_iter([
        ("title".to_owned(), json!(title.trim())),
        ("level".to_owned(), json!("provincial")),
        ("document_number".to_owned(), json!("冀政字〔2020〕52号")),
        ("issuer".to_owned(), json!("河北省人民政府")),
        ("source".to_owned(), json!("河北省科技厅")),
        ("published_on".to_owned(), json!("2020-09-30")),
        ("body".to_owned(), json!(body)),
        ("topics".to_owned(), json!(["高新区", "科技创新"])),
        ("status".to_owned(), json!("published")),
    ]))
}

fn lines(text: &str) -> anyhow::Result<Vec<Map<String, Value>>> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn take(line: &mut Map<String, Value>, name: &str) -> anyhow::Result<String> {
    match line.remove(name) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(anyhow!("a sample without {name}")),
    }
}

fn of_key(keys: &Keys, key: &str) -> anyhow::Result<Uuid> {
    keys.get(key).copied().with_context(|| format!("no sample organisation {key}"))
}

fn record<C: Concept>(fields: Map<String, Value>) -> anyhow::Result<Record<C>> {
    let shown = format!("{fields:?}");
    let fields = deserr::deserialize::<C, _, crate::problem::Faults>(Value::Object(fields))
        .map_err(|faults| anyhow!("{shown} breaks rules: {}", faults.summary(Language::English)))?;
    Ok(Record { stamp: Stamp::new(None), fields })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_keep_the_rules_and_are_as_many_as_promised() -> anyhow::Result<()> {
        let county = County::read()?;
        assert_eq!(county.results.len(), 2000);
        let enterprises = county.organisations.iter().filter(|record| record.fields.kind.as_str() == "enterprise");
        assert!(enterprises.count() >= 60);
        assert!(county.demands.len() >= 120 && county.experts.len() >= 300);
        assert!(county.organisations.iter().all(|record| record.fields.name.contains("示例")));
        assert!(county.experts.iter().all(|record| record.fields.name.contains("示例")));
        Ok(())
    }
}
