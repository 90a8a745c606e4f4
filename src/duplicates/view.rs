//! Pairs as callers see them: both records side by side, and in what they differ.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::compare::{Comparable, PairReason, Traits};
use super::merging::view::MergeView;
use super::store::PairRow;
use super::{DuplicateKind, DuplicateState, finding, merging, of_kind};
use crate::problem::{Answer, Problem};
use crate::registry::{Concept, Record, Store};

/// Characters of a text that are shown.
const SHOWN: usize = 300;
/// How somebody is reached is told apart, not shown.
const PERSONAL: &str = "contact";

/// Two records that may be the same.
#[derive(Serialize, ToSchema)]
#[schema(as = Duplicate, example = json!({
    "id": "01939c5e-0000-7000-8000-000000000040", "version": 1, "kind": "result", "state": "open", "nearness": 0.95,
    "found_at": "2026-11-29T02:03:04Z",
    "records": [
        {"id": "01939c5e-0000-7000-8000-000000000002", "version": 1, "title": "球墨铸铁件缩松缺陷的控制方法",
         "organisation": "河北示例大学", "deleted": false, "updated_at": "2026-11-25T02:03:04Z"},
        {"id": "01939c5e-0000-7000-8000-000000000003", "version": 2, "title": "球墨铸铁件缩松缺陷控制方法",
         "organisation": "河北示例大学", "deleted": false, "updated_at": "2026-11-26T02:03:04Z"}
    ],
    "reasons": [{"reason": "near_title", "one": "球墨铸铁件缩松缺陷的控制方法", "other": "球墨铸铁件缩松缺陷控制方法", "nearness": 0.88}]
}))]
pub struct PairView {
    id: Uuid,
    #[schema(minimum = 1)]
    version: i64,
    kind: DuplicateKind,
    state: DuplicateState,
    /// How near the two are, 0 to 1, by the reason that weighs most; 0 where only a person said so.
    nearness: f64,
    found_at: DateTime<Utc>,
    /// The account that reported it; none where the service found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reported_by: Option<Uuid>,
    /// When and by whom it was dismissed, merged or parted last.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<Uuid>,
    /// What was said of it then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    note: Option<String>,
    /// The two, the older one first.
    #[schema(min_items = 2, max_items = 2)]
    records: Vec<PairedRecord>,
    /// Why they may be the same.
    #[schema(max_items = 100)]
    reasons: Vec<PairReason>,
    /// The fields in which they differ; told where one pair is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 50)]
    differences: Option<Vec<FieldDifference>>,
    /// The merge that stands; told where one pair is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    merge: Option<MergeView>,
}

/// One record of a pair, in short.
#[derive(Clone, Serialize, ToSchema)]
pub struct PairedRecord {
    id: Uuid,
    #[schema(minimum = 1)]
    version: i64,
    /// Its title or name.
    #[schema(max_length = 200)]
    title: String,
    /// Who holds the result or employs the expert.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    organisation: Option<String>,
    deleted: bool,
    updated_at: DateTime<Utc>,
}

/// A field in which two records differ. Long texts are cut; how somebody is reached is not shown.
#[derive(Serialize, ToSchema)]
pub struct FieldDifference {
    #[schema(max_length = 50)]
    field: String,
    /// What the first record has.
    #[serde(skip_serializing_if = "Value::is_null")]
    one: Value,
    /// What the second record has.
    #[serde(skip_serializing_if = "Value::is_null")]
    other: Value,
}

/// One page of pairs, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct DuplicatePage {
    #[schema(max_items = 100)]
    items: Vec<PairView>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// A record of a pair as it is now.
struct Side {
    version: i64,
    updated_at: DateTime<Utc>,
    traits: Traits,
    fields: Map<String, Value>,
}

impl PairView {
    /// Pairs of a list.
    ///
    /// # Errors
    /// What the database says.
    pub async fn list(rows: Vec<PairRow>, connection: &mut AsyncPgConnection) -> Answer<Vec<Self>> {
        let mut shown = HashMap::new();
        for kind in DuplicateKind::ALL {
            let of_kind = rows.iter().filter(|row| row.kind == kind);
            let ids: Vec<Uuid> = of_kind.flat_map(|row| [row.one_id, row.other_id]).collect();
            let sides = sides(kind, &ids, connection).await?;
            shown.extend(in_short(sides.values(), connection).await?);
        }
        Ok(rows.into_iter().map(|row| Self::of(row, &shown)).collect())
    }

    /// One pair, whole, and its ETag: it changes with the pair and with either record.
    ///
    /// # Errors
    /// What the database says.
    pub async fn read(row: PairRow, connection: &mut AsyncPgConnection) -> Answer<(Self, String)> {
        let sides = sides(row.kind, &[row.one_id, row.other_id], connection).await?;
        let shown = in_short(sides.values(), connection).await?;
        let (Some(one), Some(other)) = (sides.get(&row.one_id), sides.get(&row.other_id)) else {
            return Err(Problem::internal("a pair lacks a record"));
        };
        let tag = tag(&row, one.version, other.version);
        let differences = Some(differences(&one.fields, &other.fields));
        let merge = merging::standing(row.id, connection).await?;
        Ok((Self { differences, merge, ..Self::of(row, &shown) }, tag))
    }

    fn of(row: PairRow, shown: &HashMap<Uuid, PairedRecord>) -> Self {
        let reasons = row.reasons();
        Self {
            id: row.id,
            version: row.version,
            kind: row.kind,
            state: row.state,
            nearness: row.nearness,
            found_at: row.found_at,
            reported_by: row.reported_by,
            decided_at: row.decided_at,
            decided_by: row.decided_by,
            note: row.note,
            records: [row.one_id, row.other_id].iter().filter_map(|id| shown.get(id).cloned()).collect(),
            reasons,
            differences: None,
            merge: None,
        }
    }

    pub const fn id(&self) -> Uuid {
        self.id
    }
}

/// The ETag of a pair with its records in these versions.
pub(super) fn tag(pair: &PairRow, one: i64, other: i64) -> String {
    format!("\"{}-{one}-{other}\"", pair.version)
}

async fn sides(kind: DuplicateKind, ids: &[Uuid], connection: &mut AsyncPgConnection) -> Answer<HashMap<Uuid, Side>> {
    macro_rules! of {
        ($concept:ty) => {
            <$concept>::find_all(ids, connection).await?.iter().map(side).collect()
        };
    }
    if ids.is_empty() { Ok(HashMap::new()) } else { of_kind!(kind, of) }
}

fn side<C: Comparable>(record: &Record<C>) -> Answer<(Uuid, Side)> {
    let stamp = &record.stamp;
    let side = Side {
        version: stamp.version,
        updated_at: stamp.updated_at,
        traits: C::traits(record),
        fields: fields(&record.fields)?,
    };
    Ok((stamp.id, side))
}

/// The fields of a record by their names.
///
/// # Errors
/// None that a record has.
pub(super) fn fields<C: Concept>(fields: &C) -> Answer<Map<String, Value>> {
    match serde_json::to_value(fields).map_err(Problem::internal)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(Problem::internal("a record is no object")),
    }
}

async fn in_short<'a>(
    sides: impl Iterator<Item = &'a Side> + Clone,
    connection: &mut AsyncPgConnection,
) -> QueryResult<HashMap<Uuid, PairedRecord>> {
    let names = finding::names_of(sides.clone().filter_map(|side| side.traits.organisation), connection).await?;
    let shown = sides.map(|side| PairedRecord {
        id: side.traits.id,
        version: side.version,
        title: side.traits.title.clone(),
        organisation: side.traits.organisation.and_then(|id| names.get(&id).cloned()),
        deleted: !side.traits.living,
        updated_at: side.updated_at,
    });
    Ok(shown.map(|shown| (shown.id, shown)).collect())
}

/// What two records say otherwise, in the order of the fields' names.
fn differences(one: &Map<String, Value>, other: &Map<String, Value>) -> Vec<FieldDifference> {
    let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let differing = names.into_iter().filter(|name| said(one, name) != said(other, name));
    let difference = |name: &String| {
        let shown = |fields| if name == PERSONAL { hidden(said(fields, name)) } else { cut(said(fields, name)) };
        FieldDifference { field: name.clone(), one: shown(one), other: shown(other) }
    };
    differing.map(difference).collect()
}

fn said<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a Value {
    fields.get(name).unwrap_or(&Value::Null)
}

fn cut(value: &Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > SHOWN => {
            json!(text.chars().take(SHOWN).chain(['…']).collect::<String>())
        }
        other => other.clone(),
    }
}

fn hidden(value: &Value) -> Value {
    if value.is_null() { Value::Null } else { json!(true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_shown_in_short_and_how_somebody_is_reached_is_not() {
        let of = |value: Value| value.as_object().cloned().unwrap_or_default();
        let one = of(
            json!({"name": "陈", "title": null, "biography": "长".repeat(400), "contact": {"phone": "0317-0000123"}}),
        );
        let other = of(json!({"name": "陈", "title": "教授", "biography": "短"}));
        let found = differences(&one, &other);
        let names: Vec<&str> = found.iter().map(|difference| difference.field.as_str()).collect();
        assert_eq!(names, ["biography", "contact", "title"]);
        let told = serde_json::to_string(&found).expect("JSON");
        assert!(!told.contains("0317") && told.contains("{\"field\":\"title\",\"other\":\"教授\"}"), "{told}");
        assert_eq!(found[0].one.as_str().map(|text| text.chars().count()), Some(SHOWN + 1));
    }
}
