//! A result as a creative work that is offered.

use serde_json::{Value, json};

use super::{Thing, called_words, day, fields_of_work, identifier, language, organisation, places, price, references};
use crate::discovery::Around;
use crate::registry::{Kind, words};

pub(super) fn thing(record: &Value, around: &Around) -> Thing {
    let mut work = Thing::new("CreativeWork");
    work.put("additionalType", Kind::Result.zh());
    work.put("genre", called_words(record, "form"));
    work.put("description", record["summary"].clone());
    work.put("keywords", record["keywords"].clone());
    work.put("about", fields_of_work(record));
    work.put("creator", references(record, "contributor_ids", (Kind::Expert, "Person"), around));
    work.put("sourceOrganization", organisation(record, "holder_id", around));
    work.put("identifier", identifiers(record));
    work.put("award", record["awards"].clone());
    work.put("locationCreated", places(&record["region"]));
    work.put("isBasedOn", record["source"]["url"].clone());
    work.put("associatedMedia", attachments(record));
    work.put("creativeWorkStatus", status(record));
    work.put("offers", offer(record, around));
    work.put("datePublished", day(&record["created_at"]));
    work.put("dateModified", record["updated_at"].clone());
    work.put("inLanguage", language(record["summary"].as_str().unwrap_or_default()));
    work.put("isAccessibleForFree", true);
    work
}

/// The numbers of patents and the like, and that of the partner site that it came from.
fn identifiers(record: &Value) -> Vec<Value> {
    let items = record["intellectual_property"].as_array().into_iter().flatten();
    let numbered = items.filter(|item| !item["number"].is_null()).map(|item| {
        let called =
            |part| words::zh(&format!("intellectual_property.{part}"), item[part].as_str().unwrap_or_default());
        Thing::new("PropertyValue")
            .with("propertyID", item["kind"].clone())
            .with("name", called("kind"))
            .with("value", item["number"].clone())
            .with("description", called("status"))
            .into()
    });
    let source = &record["source"];
    let of_partner = identifier(source["partner"].as_str().unwrap_or_default(), &source["identifier"]);
    numbered.chain(Some(of_partner).filter(|number| !number.is_null())).collect()
}

fn attachments(record: &Value) -> Vec<Value> {
    let items = record["attachments"].as_array().into_iter().flatten();
    let file = |item: &Value| {
        Thing::new("MediaObject").with("name", item["name"].clone()).with("contentUrl", item["url"].clone()).into()
    };
    items.map(file).collect()
}

/// Where it stands, and how ready the technology is.
fn status(record: &Value) -> Vec<Value> {
    let mut status = called_words(record, "status");
    if let Some(level) = record["maturity"].as_u64() {
        let readiness = Thing::new("DefinedTerm")
            .with("termCode", level.to_string())
            .with("name", format!("技术成熟度 {level} 级"))
            .with("inDefinedTermSet", "GB/T 22900");
        status.push(readiness.into());
    }
    status
}

/// The ways of cooperation that the holder offers, and what it asks.
fn offer(record: &Value, around: &Around) -> Value {
    let ways = called_words(record, "cooperation");
    let price = price(&record["asking_price"]);
    if ways.is_empty() && price.is_null() {
        return Value::Null;
    }
    let negotiable = record["asking_price"]["negotiable"] == json!(true);
    Thing::new("Offer")
        .with("category", ways)
        .with("priceSpecification", price)
        .with("description", if negotiable { "价格面议" } else { "" })
        .with("offeredBy", organisation(record, "holder_id", around))
        .into()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::discovery::linked::linked;

    #[test]
    fn a_result_says_who_made_it_whose_it_is_and_how_it_is_protected() {
        let (firm, person, hidden) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
        let record = json!({
            "id": Uuid::nil(), "title": "模具", "summary": "寿命。", "keywords": ["冲压"], "form": "process", "maturity": 7,
            "holder_id": firm, "contributor_ids": [person, hidden], "industries": ["C3311"], "disciplines": ["460"],
            "intellectual_property": [
                {"kind": "invention", "number": "201710601862.3", "status": "granted"},
                {"kind": "trade_secret", "status": "unregistered"}
            ],
            "asking_price": {"min": 1, "max": 2}, "cooperation": ["license"], "region": "130927", "status": "published",
            "source": {"partner": "csl", "identifier": "csl-1", "url": "https://example.com/1"}, "awards": [],
            "attachments": [{"name": "图", "url": "https://example.com/a.pdf"}],
            "created_at": "2026-11-29T00:00:00Z", "updated_at": "2026-11-30T00:00:00Z"
        });
        let names = [(firm, "五金厂".to_owned()), (person, "陈志".to_owned())].into();
        let around = Around { base: "https://d.example".to_owned(), names };
        let found = linked(Kind::Result, &record, &around);
        let holder = json!({
            "@type": "Organization", "@id": format!("https://d.example/v1/organisations/{firm}"), "name": "五金厂"
        });
        assert_eq!(found["@id"], format!("https://d.example/v1/results/{}", Uuid::nil()));
        assert_eq!((&found["name"], &found["sourceOrganization"]), (&json!("模具"), &holder));
        let person = format!("https://d.example/v1/experts/{person}");
        assert_eq!(found["creator"], json!([{"@type": "Person", "@id": person, "name": "陈志"}]));
        assert_eq!(
            found["identifier"],
            json!([
                {"@type": "PropertyValue", "propertyID": "invention", "name": "发明", "value": "201710601862.3",
                 "description": "已授权"},
                {"@type": "PropertyValue", "propertyID": "csl", "value": "csl-1"}
            ])
        );
        assert_eq!(found["offers"]["priceSpecification"]["maxPrice"], 2);
        assert_eq!((&found["offers"]["category"], &found["offers"]["offeredBy"]), (&json!(["许可"]), &holder));
        assert_eq!(found["about"].as_array().map(Vec::len), Some(2));
        assert_eq!((&found["datePublished"], &found["inLanguage"]), (&json!("2026-11-29"), &json!("zh")));
        assert!(found.get("award").is_none());
    }
}
