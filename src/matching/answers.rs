//! What callers get from matching and search: matches and hits with their records, read anew from the database.

use std::collections::{BTreeMap, HashMap};

use diesel::QueryResult;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::documents::{Indexed, NamedText};
use super::{Document, Explanation, FacetCount, Hit, Level, Match, Nearest, Query, Sought, Span, highlight, meanings};
use crate::access::{self, Action};
use crate::database::Connection;
use crate::identity::Caller;
use crate::problem::{Answer, Problem};
use crate::registry::demands::Demand;
use crate::registry::experts::Expert;
use crate::registry::organisations::Organisation;
use crate::registry::policies::Policy;
use crate::registry::results::ResearchResult;
use crate::registry::{Concept, Kind, Record};

/// A match: a scored, explained pair.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "kind": "result", "id": "01939c5e-0000-7000-8000-000000000003", "score": 0.73, "level": "strong",
    "explanation": {
        "terms": [{"term": "球墨铸铁", "query_fields": ["title", "text"], "record_fields": ["title", "body"], "weight": 0.31}],
        "keywords": ["缩松"], "looked_for": ["球墨铸铁", "缩松", "冒口"],
        "features": [{"name": "coverage", "value": 0.62, "weight": 11.0, "contribution": 6.82},
                     {"name": "meaning", "value": 0.57, "weight": 4.0, "contribution": 2.28}],
        "nearest": {"query": {"field": "text", "text": "热节处加工后常露出缩松。"},
                    "record": {"field": "body", "text": "冷铁与发热冒口配合，可以控制铸件的缩松。"}, "cosine": 0.41},
        "raw": 9.1, "conditions": [{"condition": "maturity", "met": true, "wanted": "TRL 6", "offered": "TRL 7"}],
        "model": "1-77c63aef"
    },
    "record": {"title": "球墨铸铁件缩松缺陷的控制方法"}
}))]
pub struct MatchItem {
    kind: Kind,
    id: Uuid,
    /// 0 to 1, calibrated: of pairs with this score about this share is useful.
    #[schema(minimum = 0.0, maximum = 1.0)]
    score: f32,
    level: Level,
    explanation: Explanation,
    /// The record, as its own address shows it to the public.
    #[schema(value_type = Object)]
    record: Box<RawValue>,
}

/// Matches of what a query looked for.
pub(super) struct Ranking {
    pub matches: Vec<Match>,
    pub query: Query,
}

/// One page of matches, the best first.
#[derive(Serialize, ToSchema)]
pub struct MatchPage {
    #[schema(max_items = 100)]
    pub items: Vec<MatchItem>,
    #[schema(max_length = 200)]
    pub next_cursor: Option<String>,
}

/// A record that was found.
#[derive(Serialize, ToSchema)]
pub struct SearchItem {
    kind: Kind,
    id: Uuid,
    #[schema(minimum = 0.0, maximum = 1.0)]
    score: f32,
    /// Where the words stand, by field of the record.
    highlights: BTreeMap<&'static str, Vec<Vec<Span>>>,
    /// The record, as its own address shows it to the public.
    #[schema(value_type = Object)]
    record: Box<RawValue>,
}

/// One page of what was found, the best first.
#[derive(Serialize, ToSchema)]
pub struct SearchPage {
    #[schema(max_items = 100)]
    pub items: Vec<SearchItem>,
    /// How many records have any of the words and pass the filters.
    #[schema(minimum = 0)]
    pub total: u64,
    /// Are `total` and the counts of the facets estimates, within a few hundredths? So where many thousands are found.
    pub estimated: bool,
    /// Of those found, how many have each value of a facet.
    pub facets: BTreeMap<&'static str, Vec<FacetCount>>,
    #[schema(max_length = 200)]
    pub next_cursor: Option<String>,
}

/// The records of matches, read anew from the database: what changed since the index looked, and may no longer be
/// seen, is left out. Those that are near in meaning say by which sentences.
pub(super) async fn with_records(
    kind: Kind,
    Ranking { mut matches, query }: Ranking,
    model: Option<&str>,
    caller: &Caller,
    connection: &mut Connection,
) -> Answer<Vec<MatchItem>> {
    let ids: Vec<Uuid> = matches.iter().map(|found| found.id).collect();
    let mut records = records(kind, &ids, caller, connection).await?;
    if let Some(model) = model {
        quote(kind, &mut matches, &query, &records, model, connection).await?;
    }
    let items = matches.into_iter().filter_map(|found| {
        let record = records.remove(&found.id)?.json;
        Some(MatchItem {
            kind,
            id: found.id,
            score: found.score,
            level: found.level,
            explanation: found.explanation,
            record,
        })
    });
    Ok(items.collect())
}

/// Has explanations quote what is nearest. Of a record only what was read of it just now is quoted.
async fn quote(
    kind: Kind,
    matches: &mut [Match],
    query: &Query,
    records: &HashMap<Uuid, Shown>,
    model: &str,
    connection: &mut Connection,
) -> QueryResult<()> {
    let near = matches.iter_mut().filter(|found| found.explanation.is_near());
    let near: Vec<(&mut Match, &Shown)> =
        near.filter_map(|found| Some((records.get(&found.id)?, found))).map(|(shown, found)| (found, shown)).collect();
    let ids: Vec<Uuid> = near.iter().map(|(found, _)| found.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let read = meanings::sentences_of(kind, &ids, model, connection).await?;
    for (found, shown) in near {
        let read = read.get(&found.id);
        found.explanation.nearest = read.and_then(|read| Nearest::of(query, &shown.record.document(), read));
    }
    Ok(())
}

/// Hits with their records and where the words stand in them.
pub(super) async fn described(hits: Vec<Hit>, caller: &Caller, connection: &mut Connection) -> Answer<Vec<SearchItem>> {
    let mut by_kind: HashMap<Kind, HashMap<Uuid, Shown>> = HashMap::new();
    for kind in Kind::ALL {
        let ids: Vec<Uuid> = hits.iter().filter(|hit| hit.kind == kind).map(|hit| hit.id).collect();
        if !ids.is_empty() {
            by_kind.insert(kind, records(kind, &ids, caller, connection).await?);
        }
    }
    let items = hits.into_iter().filter_map(|hit| {
        let shown = by_kind.get_mut(&hit.kind)?.remove(&hit.id)?;
        let highlights = highlights(&shown.record.texts(), &hit.terms);
        Some(SearchItem { kind: hit.kind, id: hit.id, score: hit.score, highlights, record: shown.json })
    });
    Ok(items.collect())
}

/// A record as an answer shows it.
struct Shown {
    json: Box<RawValue>,
    /// Without what is concealed.
    record: Box<dyn Searched>,
}

/// A record of any kind as the index sees it.
trait Searched {
    fn texts(&self) -> Vec<NamedText<'_>>;
    fn document(&self) -> Document;
}

impl<C: Indexed> Searched for Record<C> {
    fn texts(&self) -> Vec<NamedText<'_>> {
        self.fields.texts()
    }

    fn document(&self) -> Document {
        C::document(self)
    }
}

fn highlights(texts: &[NamedText<'_>], terms: &[String]) -> BTreeMap<&'static str, Vec<Vec<Span>>> {
    let sought = Sought::of(terms);
    let fields = texts.iter().map(|(field, text)| (*field, highlight(text, &sought)));
    fields.filter(|(_, pieces)| !pieces.is_empty()).collect()
}

async fn records(
    kind: Kind,
    ids: &[Uuid],
    caller: &Caller,
    connection: &mut Connection,
) -> Answer<HashMap<Uuid, Shown>> {
    match kind {
        Kind::Result => shown::<ResearchResult>(ids, caller, connection).await,
        Kind::Expert => shown::<Expert>(ids, caller, connection).await,
        Kind::Organisation => shown::<Organisation>(ids, caller, connection).await,
        Kind::Demand => shown::<Demand>(ids, caller, connection).await,
        Kind::Policy => shown::<Policy>(ids, caller, connection).await,
    }
}

async fn shown<C: Indexed + Concept>(
    ids: &[Uuid],
    caller: &Caller,
    connection: &mut Connection,
) -> Answer<HashMap<Uuid, Shown>> {
    let records = C::find_all(ids, connection).await?;
    let visible = records
        .into_iter()
        .filter(|record| record.stamp.deleted_at.is_none() && access::may(caller, Action::Read, record));
    let shown = visible.map(|mut record| {
        record.fields.conceal();
        let json = serde_json::value::to_raw_value(&record)?;
        Ok((record.stamp.id, Shown { json, record: Box::new(record) }))
    });
    shown.collect::<Result<_, serde_json::Error>>().map_err(Problem::internal)
}
