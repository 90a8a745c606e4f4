//! What a merge makes of the fields of two records, and what undoing it leaves: without HTTP and SQL.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::duplicates::DuplicateKind;
use crate::duplicates::alike::{bare, number};
use crate::duplicates::requests::FieldChoice;
use crate::problem::{Faults, FieldFault};

/// The fields of a record by their names.
pub type Fields = Map<String, Value>;

/// Where a record came from. What a partner site sent keeps its identifier where it is, so that it is known when it comes
/// again.
const SOURCE: &str = "source";
const PROPERTY: &str = "intellectual_property";

/// Lists and their limits: both records' items are united.
const LISTS: [(&str, usize); 16] = [
    ("keywords", 20),
    ("industries", 20),
    ("disciplines", 10),
    ("contributor_ids", 100),
    (PROPERTY, 50),
    ("cooperation", 6),
    ("awards", 20),
    ("attachments", 20),
    ("categories", 5),
    ("expertise", 20),
    ("regions", 50),
    ("services", 6),
    ("languages", 20),
    ("result_ids", 200),
    ("labels", 6),
    ("main_products", 20),
];

/// The fields of a kind whose value can be chosen: all but a result's source and an organisation's kind.
#[must_use]
pub const fn choosable(kind: DuplicateKind) -> &'static [&'static str] {
    match kind {
        DuplicateKind::Result => &[
            "title",
            "summary",
            "keywords",
            "form",
            "maturity",
            "industries",
            "disciplines",
            "holder_id",
            "contributor_ids",
            PROPERTY,
            "cooperation",
            "asking_price",
            "region",
            "awards",
            "attachments",
            "status",
        ],
        DuplicateKind::Expert => &[
            "name",
            "title",
            "organisation_id",
            "categories",
            "biography",
            "expertise",
            "disciplines",
            "industries",
            "regions",
            "services",
            "availability",
            "languages",
            "result_ids",
            "contact",
            "status",
        ],
        DuplicateKind::Organisation => {
            &["name", "credit_code", "region", "industry", "scale", "labels", "main_products", "profile", "contact"]
        }
    }
}

/// # Errors
/// `unknown_field` for what no record has, `not_for_kind` for what only records of another kind have.
pub fn allow(kind: DuplicateKind, choices: &BTreeMap<String, FieldChoice>) -> Result<(), Faults> {
    let mut faults = Faults::default();
    for name in choices.keys().filter(|name| !choosable(kind).contains(&name.as_str())) {
        let is_known = DuplicateKind::ALL.iter().any(|kind| choosable(*kind).contains(&name.as_str()));
        let fault = if is_known {
            FieldFault::new("not_for_kind", "这类记录没有这个字段", "records of this kind have no such field")
        } else {
            FieldFault::new("unknown_field", "没有这个字段", "there is no such field")
        };
        let name: String = name.chars().take(100).collect();
        faults.add(format!("/fields/{}", name.replace('~', "~0").replace('/', "~1")), fault);
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// The kept record with what it lacked: its own values, where it has them or they were chosen, else the other's; lists
/// united as far as their limits go, its own items first.
#[must_use]
pub fn united(kept: &Fields, other: &Fields, choices: &BTreeMap<String, FieldChoice>) -> Fields {
    let names: BTreeSet<&String> = kept.keys().chain(other.keys()).collect();
    let united = names.into_iter().map(|name| {
        let (own, others) = (said(kept, name), said(other, name));
        let value = match (choices.get(name), LISTS.iter().find(|(list, _)| list == name)) {
            (Some(FieldChoice::Kept), _) => own.clone(),
            (None, Some((_, most))) => both(name, own, others, *most),
            (None, None) if !own.is_null() => own.clone(),
            (None, None) if name == SOURCE => without_partner(others),
            (Some(FieldChoice::Other), _) | (None, None) => others.clone(),
        };
        (name.clone(), value)
    });
    united.collect()
}

/// What changed from one version to another.
#[must_use]
pub fn changed(from: &Fields, to: &Fields) -> Vec<String> {
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    names.into_iter().filter(|name| said(from, name) != said(to, name)).cloned().collect()
}

/// What undoing a merge makes of the kept record, of which `before` is the version before the merge, `merged` the one that it
/// made, and `now` the last: what was not changed since is as before. `current` is what it is written over.
///
/// Also tells the fields that stay, since they were changed after the merge had changed them.
#[must_use]
pub fn parted(before: &Fields, merged: &Fields, now: &Fields, current: &Fields) -> (Fields, Vec<String>) {
    let since: BTreeSet<String> = changed(merged, now).into_iter().collect();
    let stayed = changed(before, merged).into_iter().filter(|name| since.contains(name)).collect();
    let names: BTreeSet<&String> = before.keys().chain(current.keys()).collect();
    let parted = names.into_iter().map(|name| {
        let from = if since.contains(name) { current } else { before };
        (name.clone(), said(from, name).clone())
    });
    (parted.collect(), stayed)
}

fn said<'a>(fields: &'a Fields, name: &str) -> &'a Value {
    fields.get(name).unwrap_or(&Value::Null)
}

/// Items of both lists, each once in the form in which it is compared.
fn both(name: &str, own: &Value, others: &Value, most: usize) -> Value {
    let (own, others) = (own.as_array().into_iter().flatten(), others.as_array().into_iter().flatten());
    let mut known = BTreeSet::new();
    let items = own.chain(others).filter(|item| known.insert(form(name, item)));
    Value::Array(items.take(most).cloned().collect())
}

/// Numbers of property are one in all notations, and texts in both scripts; everything else is itself.
fn form(name: &str, item: &Value) -> String {
    let numbered = (name == PROPERTY).then(|| item["number"].as_str().and_then(number)).flatten();
    let text = item.as_str().map(bare).filter(|text| !text.is_empty());
    numbered.or(text).unwrap_or_else(|| item.to_string())
}

fn without_partner(source: &Value) -> Value {
    let Value::Object(mut source) = source.clone() else { return Value::Null };
    source.retain(|name, value| !matches!(name.as_str(), "partner" | "identifier") && !value.is_null());
    if source.is_empty() { Value::Null } else { Value::Object(source) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: Value) -> Fields {
        value.as_object().cloned().unwrap_or_default()
    }

    fn choose(choices: &[(&str, FieldChoice)]) -> BTreeMap<String, FieldChoice> {
        choices.iter().map(|(name, choice)| ((*name).to_owned(), *choice)).collect()
    }

    #[test]
    fn what_is_empty_is_filled_and_lists_are_united() {
        let kept =
            of(json!({"title": "甲", "form": null, "keywords": ["球墨铸铁", "缩松"], "maturity": 7, "awards": []}));
        let other = of(
            json!({"title": "乙", "form": "process", "keywords": ["縮鬆", "冒口"], "maturity": 5, "awards": ["奖"]}),
        );
        let united = united(&kept, &other, &choose(&[]));
        assert_eq!(
            Value::Object(united.clone()),
            json!({"title": "甲", "form": "process", "keywords": ["球墨铸铁", "缩松", "冒口"], "maturity": 7, "awards": ["奖"]})
        );
        assert_eq!(changed(&kept, &united), ["awards", "form", "keywords"]);
    }

    #[test]
    fn a_field_can_be_chosen() {
        let kept = of(json!({"title": "甲", "form": null, "keywords": ["一"]}));
        let other = of(json!({"title": "乙", "form": "process", "keywords": ["二"]}));
        let (own, others) = (FieldChoice::Kept, FieldChoice::Other);
        let choices = choose(&[("title", others), ("form", own), ("keywords", others)]);
        assert_eq!(
            Value::Object(united(&kept, &other, &choices)),
            json!({"title": "乙", "form": null, "keywords": ["二"]})
        );
        let wrong = choose(&[("kind", own), ("source", others), ("name", own), ("a/b", own)]);
        let faults = allow(DuplicateKind::Result, &wrong).expect_err("faults");
        let told = faults.summary(crate::problem::Language::English);
        assert!(told.contains("/fields/a~1b: there is no such field"), "{told}");
        assert!(told.contains("/fields/name: records of this kind have no such field"), "{told}");
        assert!(allow(DuplicateKind::Organisation, &choose(&[("credit_code", others)])).is_ok());
    }

    #[test]
    fn lists_keep_their_limits_and_a_number_is_there_once() {
        let many = |from: usize, to: usize| json!((from..to).map(|number| format!("词{number}")).collect::<Vec<_>>());
        let item = |number: &str| json!({"kind": "invention", "number": number, "status": "granted"});
        let kept = of(json!({"keywords": many(0, 15), PROPERTY: [item("ZL201710601862.3")]}));
        let other = of(json!({"keywords": many(10, 30), PROPERTY: [item("cn2017106018623"), item("CN112345678A")]}));
        let united = united(&kept, &other, &choose(&[]));
        assert_eq!(united["keywords"], many(0, 20));
        assert_eq!(united[PROPERTY], json!([item("ZL201710601862.3"), item("CN112345678A")]));
    }

    #[test]
    fn the_identifier_of_a_partner_stays_where_it_is() {
        let other = of(json!({"source": {"origin": "省平台", "partner": "p", "identifier": "7"}}));
        let filled = united(&of(json!({"source": null})), &other, &choose(&[]));
        assert_eq!(filled["source"], json!({"origin": "省平台"}));
        let bare = of(json!({"source": {"partner": "p", "identifier": "7"}}));
        assert_eq!(united(&of(json!({"source": null})), &bare, &choose(&[]))["source"], Value::Null);
    }

    #[test]
    fn parting_takes_back_what_was_added_and_leaves_what_was_changed_since() {
        let before = of(json!({"title": "甲", "form": null, "keywords": ["一"], "maturity": 3}));
        let merged = of(json!({"title": "甲", "form": "process", "keywords": ["一", "二"], "maturity": 3}));
        let now = of(json!({"title": "甲改", "form": "process", "keywords": ["一", "二", "三"], "maturity": 3}));
        let (parted_now, stayed) = parted(&before, &merged, &now, &now);
        assert_eq!(
            Value::Object(parted_now),
            json!({"title": "甲改", "form": null, "keywords": ["一", "二", "三"], "maturity": 3})
        );
        assert_eq!(stayed, ["keywords"]);
        assert_eq!(parted(&before, &merged, &merged, &merged), (before, Vec::new()));
    }
}
