//! What is asked in an evaluation: words typed into a search, or demands.

use std::path::Path;

use anyhow::{Context, bail};
use chrono::NaiveDate;
use serde::Deserialize;

use crate::matching::text::in_simplified;
use crate::matching::{Facet, Query, meanings};
use crate::meaning::{Compact, Embedder};
use crate::registry::fields::{Cooperation, IndustryCode, Maturity, MoneyRange, RegionCode};

/// A query with its id.
pub struct Topic {
    pub id: String,
    pub query: Query,
    /// Names that may be among the words.
    pub(super) names: Vec<String>,
    /// Words typed into a search rather than a demand: another scorer orders what they find.
    pub(super) typed: bool,
}

impl Topic {
    fn text(&self) -> String {
        in_simplified(&self.query.said())
    }
}

/// Queries, in the order of the file.
pub struct Topics(pub Vec<Topic>);

impl Topics {
    /// Reads a file in one of three forms, told by how it begins: topics of TREC (`<top>`) and lines of JSON are demands,
    /// `id<TAB>words` lines are searches.
    ///
    /// # Errors
    /// If the file cannot be read, naming the line or the topic.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        Self::parse(&text).with_context(|| file.display().to_string())
    }

    /// Has it known what every query means.
    ///
    /// # Errors
    /// As [`Embedder::understand`].
    pub fn understand(&mut self, by: &Embedder) -> anyhow::Result<()> {
        for Topic { query, typed, .. } in &mut self.0 {
            query.meaning = match typed {
                true => Some(meanings::sought(&query.said(), by)?),
                false => Compact::mean(&meanings::understood(&query.said(), by)?.0),
            };
        }
        Ok(())
    }

    /// What they say, in Simplified script.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(Topic::text).collect()
    }

    /// Every other one, so that the rest can show what was learned from these.
    pub fn learned_from(&self) -> impl Iterator<Item = &Topic> {
        self.0.iter().step_by(2)
    }

    /// What those searches say that are learned from.
    pub fn searches(&self) -> impl Iterator<Item = String> {
        self.learned_from().filter(|topic| topic.typed).map(Topic::text)
    }

    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let topics: anyhow::Result<Vec<Topic>> = match text.trim_start().chars().next() {
            Some('<') => text.split("<top>").skip(1).enumerate().map(|(place, top)| of_trec(place, top)).collect(),
            Some('{') => each_line(text).map(|(place, line)| of_json(place, line)).collect(),
            _ => each_line(text).map(|(place, line)| of_words(place, line)).collect(),
        };
        let topics = topics?;
        if topics.is_empty() {
            bail!("there are no queries");
        }
        Ok(Self(topics))
    }
}

fn each_line(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty())
}

fn of_words(place: usize, line: &str) -> anyhow::Result<Topic> {
    let (id, words) =
        line.split_once('\t').with_context(|| format!("line {}: an id, a tab and words are expected", place + 1))?;
    let (query, names) = Query::of_words(words);
    Ok(Topic { id: id.to_owned(), query, names, typed: true })
}

/// The fields of a topic, each up to the next; whether they are closed differs from year to year.
const TREC_FIELDS: [&str; 4] = ["<num>", "<title>", "<desc>", "<narr>"];

/// A topic of TREC: its title and description are the title and the text of a demand. The narrative tells judges what
/// is relevant; no enterprise writes one.
fn of_trec(place: usize, top: &str) -> anyhow::Result<Topic> {
    let id = trec_field(top, "<num>", "Number:").filter(|id| !id.is_empty());
    let id = id.with_context(|| format!("topic {} has no <num>", place + 1))?;
    let title = trec_field(top, "<title>", "Topic:").unwrap_or_default();
    let text = trec_field(top, "<desc>", "Description:").unwrap_or_default();
    if title.is_empty() && text.is_empty() {
        bail!("topic {id} has neither <title> nor <desc>");
    }
    let query = Query { title: title.to_owned(), text: text.to_owned(), ..Query::default() };
    Ok(Topic { id: id.to_owned(), query, names: Vec::new(), typed: false })
}

fn trec_field<'a>(top: &'a str, tag: &str, label: &str) -> Option<&'a str> {
    let (_, text) = top.split_once(tag)?;
    let ends = TREC_FIELDS.into_iter().chain(["</"]).filter_map(|end| text.find(end));
    let text = text[..ends.min().unwrap_or(text.len())].trim();
    Some(text.strip_prefix(label).unwrap_or(text).trim())
}

/// A demand as the samples and the API write it; what else a line says is not looked at.
#[derive(Deserialize)]
struct DemandLine {
    id: Option<String>,
    title: String,
    description: String,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    industries: Vec<IndustryCode>,
    #[serde(default)]
    cooperation: Vec<Cooperation>,
    region: Option<RegionCode>,
    maturity_from: Option<Maturity>,
    budget: Option<MoneyRange>,
    deadline: Option<NaiveDate>,
}

/// A line without an id is named by its place: `demand-001` and on.
fn of_json(place: usize, line: &str) -> anyhow::Result<Topic> {
    let demand: DemandLine = serde_json::from_str(line).with_context(|| format!("line {}", place + 1))?;
    let industries = demand.industries.iter().filter_map(|code| Facet::industry(code));
    let ways = demand.cooperation.iter().filter_map(|way| Facet::value("cooperation", way.as_str()));
    let region = demand.region.iter().filter_map(|code| Facet::region(code));
    let query = Query {
        title: demand.title,
        text: demand.description,
        keywords: demand.keywords,
        facets: industries.chain(ways).chain(region).collect(),
        maturity: demand.maturity_from.map(Maturity::level),
        price: demand.budget.map(|budget| (budget.min, budget.max)),
        deadline: demand.deadline,
        meaning: None,
        spoken: None,
    };
    let id = demand.id.unwrap_or_else(|| format!("demand-{:03}", place + 1));
    Ok(Topic { id, query, names: Vec::new(), typed: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_of_trec_are_demands_whether_their_fields_are_closed_or_not() -> anyhow::Result<()> {
        let open = "<top>\n<num> Number: 301\n<title> 废水脱色\n\n<desc> Description:\n活性染料废水，pH<7，\n色度超标。\n\
                    <narr> Narrative:\n不要水处理药剂。\n</top>\n";
        let closed = "<top><num>302</num><title>铸件缩松</title><desc>热节处\n缩松。</desc></top>";
        let topics = Topics::parse(&format!("{open}\n{closed}"))?.0;
        let read: Vec<_> = topics.iter().map(|topic| (&*topic.id, &*topic.query.title, &*topic.query.text)).collect();
        let expected = [("301", "废水脱色", "活性染料废水，pH<7，\n色度超标。"), ("302", "铸件缩松", "热节处\n缩松。")];
        assert_eq!(read, expected);
        assert!(topics.iter().all(|topic| !topic.typed));
        assert!(Topics::parse("<top><title>没有编号</title></top>").is_err());
        Ok(())
    }

    #[test]
    fn lines_are_searches_or_demands() -> anyhow::Result<()> {
        let typed = Topics::parse("q1\t球墨铸铁 缩松\n")?.0;
        assert!(typed[0].typed && typed[0].query.keywords == ["球墨铸铁", "缩松"]);
        let demands = r#"{"title": "缩松", "description": "热节处缩松。", "industries": ["C3391"], "maturity_from": 6, "region": null}
            {"id": "d-9", "title": "噪声", "description": "冲床噪声。", "enterprise": "ent-001"}"#;
        let demands = Topics::parse(demands)?.0;
        assert_eq!(demands.iter().map(|topic| &*topic.id).collect::<Vec<_>>(), ["demand-001", "d-9"]);
        assert_eq!((demands[0].query.maturity, demands[0].query.facets.len()), (Some(6), 1));
        let broken = Topics::parse("q1\t缩松\nq2 噪声").err().map(|error| error.to_string());
        assert!(broken.is_some_and(|error| error.contains("line 2")));
        Ok(())
    }
}
