//! Records in the words of schema.org, as JSON-LD 1.1. The context stands in the document, so that nobody has to fetch one.

mod demand;
mod expert;
mod organisation;
mod policy;
mod result;

use serde_json::{Map, Value, json};

use super::Around;
use crate::registry::codes::CodeList;
use crate::registry::fields::PolicyLevel;
use crate::registry::public::{called, each};
use crate::registry::{Kind, codes, words};

/// The words of all documents.
const VOCABULARY: &str = "https://schema.org/";
/// Characters of a description that stands for a longer text.
const EXCERPT: usize = 200;

/// A record as JSON-LD.
#[must_use]
pub fn linked(kind: Kind, record: &Value, around: &Around) -> Value {
    let mut thing = match kind {
        Kind::Result => result::thing(record, around),
        Kind::Expert => expert::thing(record, around),
        Kind::Organisation => organisation::thing(record),
        Kind::Demand => demand::thing(record, around),
        Kind::Policy => policy::thing(record),
    };
    let address = around.address(kind, record["id"].as_str().unwrap_or_default());
    thing.put("@context", json!({ "@vocab": VOCABULARY }));
    thing.put("@id", address.clone());
    thing.put("url", address);
    thing.put("name", called(record));
    thing.into()
}

/// A thing in the making: what is empty is not said.
struct Thing(Map<String, Value>);

impl Thing {
    fn new(is: &str) -> Self {
        Self(Map::from_iter([("@type".to_owned(), json!(is))]))
    }

    fn put(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        let empty = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        if !empty {
            self.0.insert(name.to_owned(), value);
        }
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.put(name, value);
        self
    }
}

impl From<Thing> for Value {
    fn from(thing: Thing) -> Self {
        Self::Object(thing.0)
    }
}

/// What a field refers to, as far as it is public.
fn references(record: &Value, field: &str, (kind, is): (Kind, &str), around: &Around) -> Vec<Value> {
    let named = each(&record[field]).filter_map(|id| Some((id, around.names.get(&id.parse().ok()?)?)));
    named
        .map(|(id, name)| Thing::new(is).with("@id", around.address(kind, id)).with("name", name.as_str()).into())
        .collect()
}

/// The organisation that a field refers to.
fn organisation(record: &Value, field: &str, around: &Around) -> Value {
    references(record, field, (Kind::Organisation, "Organization"), around).pop().unwrap_or_default()
}

/// A number of somebody's, and what it is the number of.
fn identifier(property: &str, value: &Value) -> Value {
    if value.is_null() {
        return Value::Null;
    }
    Thing::new("PropertyValue").with("propertyID", property).with("value", value.clone()).into()
}

/// The codes of a field as terms of their standard.
fn terms(value: &Value, standard: &str, list: Option<&CodeList>) -> Vec<Value> {
    let term = |code: &str| {
        let name = list.and_then(|list| list.find(code)).map(|item| item.name.as_str());
        Thing::new("DefinedTerm").with("termCode", code).with("name", name).with("inDefinedTermSet", standard).into()
    };
    each(value).map(term).collect()
}

/// Industries and disciplines as terms.
fn fields_of_work(record: &Value) -> Vec<Value> {
    let industries = terms(&record["industries"], "GB/T 4754-2017", Some(codes::industries()));
    [industries, terms(&record["disciplines"], "GB/T 13745-2009", None)].concat()
}

/// The regions of a field as places.
fn places(value: &Value) -> Vec<Value> {
    each(value).filter_map(place).collect()
}

fn place(code: &str) -> Option<Value> {
    let region = codes::regions().find(code)?;
    let number = identifier("GB/T 2260", &json!(code));
    Some(Thing::new("AdministrativeArea").with("name", region.name.as_str()).with("identifier", number).into())
}

/// The words of a field as people call them.
fn called_words(record: &Value, field: &str) -> Vec<Value> {
    each(&record[field]).map(|word| json!(words::zh(field, word))).collect()
}

/// A range of money in CNY.
fn price(range: &Value) -> Value {
    if range["min"].is_null() {
        return Value::Null;
    }
    Thing::new("PriceSpecification")
        .with("minPrice", range["min"].clone())
        .with("maxPrice", range["max"].clone())
        .with("priceCurrency", "CNY")
        .into()
}

/// The day of a moment.
fn day(moment: &Value) -> Option<&str> {
    moment.as_str().and_then(|moment| moment.get(..10))
}

/// The language of a text: Chinese if a character of it is.
#[must_use]
pub fn language(text: &str) -> &'static str {
    let is_han = |c: char| matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{323af}');
    if text.chars().any(is_han) { "zh" } else { "en" }
}

/// The beginning of a text, without its breaks.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let mut plain: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = plain.char_indices().nth(EXCERPT) {
        plain.truncate(end);
        plain.push('…');
    }
    plain
}

/// What a level of policies is the law of.
fn jurisdiction(level: &Value) -> Option<&'static str> {
    let national = level.as_str() == Some(PolicyLevel::National.as_str());
    national.then_some("中华人民共和国")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_not_said() {
        let thing: Value =
            Thing::new("Thing").with("a", "").with("b", Value::Null).with("c", Vec::<Value>::new()).with("d", 0).into();
        assert_eq!(thing, json!({"@type": "Thing", "d": 0}));
    }

    #[test]
    fn an_excerpt_is_cut_between_characters() {
        assert_eq!(excerpt(" 一 \n 二 "), "一 二");
        let long = excerpt(&"𠮷".repeat(EXCERPT + 1));
        assert_eq!((long.chars().count(), long.chars().last()), (EXCERPT + 1, Some('…')));
    }

    #[test]
    fn a_text_is_chinese_if_a_character_of_it_is() {
        assert_eq!((language("TRL 模具"), language("Casting of iron")), ("zh", "en"));
    }
}
