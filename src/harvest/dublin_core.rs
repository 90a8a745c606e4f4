//! Records in Dublin Core without qualifiers (ISO 15836-1).

use serde_json::Value;
use uuid::Uuid;

use crate::http::Xml;
use crate::registry::public::{Names, each};
use crate::registry::{Kind, codes};

pub const NAMESPACE: &str = "http://www.openarchives.org/OAI/2.0/oai_dc/";
pub const SCHEMA: &str = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd";

/// Writes a record.
pub fn write(xml: &mut Xml, kind: Kind, record: &Value, names: &Names, address: &str) {
    let attributes = [
        ("xmlns:oai_dc", NAMESPACE),
        ("xmlns:dc", "http://purl.org/dc/elements/1.1/"),
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
        ("xsi:schemaLocation", &format!("{NAMESPACE} {SCHEMA}")),
    ];
    xml.element("oai_dc:dc", &attributes, |xml| {
        for (name, text) in elements(kind, record, names, address) {
            xml.text(&format!("dc:{name}"), &text);
        }
    });
}

/// Names and contents of the elements.
fn elements(kind: Kind, record: &Value, names: &Names, address: &str) -> Vec<(&'static str, String)> {
    let mut found = Elements { record, found: Vec::new() };
    match kind {
        Kind::Result => {
            found.texts("title", "title");
            found.named("creator", "contributor_ids", names);
            found.named("publisher", "holder_id", names);
            found.texts("subject", "keywords");
            found.texts("description", "summary");
            found.texts("relation", "source.url");
            found.texts("source", "source.origin");
            found.codes("coverage", &record["region"], codes::regions());
        }
        Kind::Expert => {
            found.texts("title", "name");
            found.named("publisher", "organisation_id", names);
            found.texts("subject", "expertise");
            found.texts("description", "biography");
        }
        Kind::Organisation => {
            found.texts("title", "name");
            found.texts("subject", "main_products");
            found.texts("description", "profile");
            found.codes("subject", &record["industry"], codes::industries());
            found.codes("coverage", &record["region"], codes::regions());
        }
        Kind::Demand => {
            found.texts("title", "title");
            found.named("creator", "enterprise_id", names);
            found.texts("subject", "keywords");
            found.texts("description", "description");
            found.codes("coverage", &record["region"], codes::regions());
        }
        Kind::Policy => {
            found.texts("title", "title");
            found.texts("creator", "issuer");
            found.texts("contributor", "author");
            found.texts("subject", "topics");
            found.texts("description", "body");
            found.texts("date", "published_on");
            found.texts("identifier", "document_number");
            found.texts("source", "source");
        }
    }
    found.codes("subject", &record["industries"], codes::industries());
    if kind != Kind::Policy {
        found.add("date", record["created_at"].as_str().unwrap_or_default().chars().take(10).collect());
    }
    found.add("type", kind.as_str().to_owned());
    found.add("identifier", address.to_owned());
    found.found
}

struct Elements<'a> {
    record: &'a Value,
    found: Vec<(&'static str, String)>,
}

impl Elements<'_> {
    fn add(&mut self, element: &'static str, text: String) {
        if !text.is_empty() {
            self.found.push((element, text));
        }
    }

    /// The text of a field, or each of its texts.
    fn texts(&mut self, element: &'static str, field: &str) {
        let value = field.split('.').try_fold(self.record, |value, name| value.get(name)).unwrap_or(&Value::Null);
        for text in each(value).map(str::to_owned).collect::<Vec<_>>() {
            self.add(element, text);
        }
    }

    /// The names of those that a field refers to.
    fn named(&mut self, element: &'static str, field: &str, names: &Names) {
        for name in each(&self.record[field]).filter_map(|text| names.get(&Uuid::try_parse(text).ok()?)) {
            self.found.push((element, name.clone()));
        }
    }

    /// What codes are called.
    fn codes(&mut self, element: &'static str, value: &Value, list: &codes::CodeList) {
        for name in each(value).filter_map(|code| list.find(code)).map(|item| item.name.clone()) {
            self.found.push((element, name));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_says_who_made_it_whose_it_is_and_where_it_is() {
        let (firm, person) = (Uuid::now_v7(), Uuid::now_v7());
        let record = json!({
            "title": "模具", "summary": "寿命。", "keywords": ["冲压"], "holder_id": firm, "contributor_ids": [person],
            "industries": ["C3311"], "region": "130927", "created_at": "2026-11-29T00:00:00Z"
        });
        let names = Names::from([(firm, "五金厂".to_owned()), (person, "陈志".to_owned())]);
        let found = elements(Kind::Result, &record, &names, "http://r");
        let of = |wanted: &str| -> Vec<&str> {
            found.iter().filter(|(name, _)| *name == wanted).map(|(_, text)| text.as_str()).collect()
        };
        assert_eq!(
            (of("creator"), of("publisher"), of("identifier")),
            (vec!["陈志"], vec!["五金厂"], vec!["http://r"])
        );
        assert_eq!((of("date"), of("coverage")), (vec!["2026-11-29"], vec!["南皮县"]));
        assert_eq!(of("subject")[0], "冲压");
        assert_eq!(of("subject").len(), 2);
    }
}
