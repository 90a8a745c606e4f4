//! An expert as a person. How the expert is reached is never said.

use serde_json::{Value, json};

use super::{Thing, called_words, fields_of_work, organisation, places, references};
use crate::discovery::Around;
use crate::registry::Kind;

pub(super) fn thing(record: &Value, around: &Around) -> Thing {
    let mut person = Thing::new("Person");
    person.put("jobTitle", record["title"].clone());
    person.put("worksFor", organisation(record, "organisation_id", around));
    person.put("description", record["biography"].clone());
    let expertise = record["expertise"].as_array().cloned().unwrap_or_default();
    person.put("knowsAbout", [expertise, fields_of_work(record)].concat());
    person.put("knowsLanguage", record["languages"].clone());
    person.put("makesOffer", offers(record));
    let works = references(record, "result_ids", (Kind::Result, "CreativeWork"), around);
    if !works.is_empty() {
        person.put("@reverse", json!({ "contributor": works }));
    }
    person
}

/// Each way in which the expert helps, and where.
fn offers(record: &Value) -> Vec<Value> {
    let served = places(&record["regions"]);
    let offer = |service: Value| {
        let service = Thing::new("Service").with("serviceType", service).with("areaServed", served.clone());
        Thing::new("Offer").with("itemOffered", service).into()
    };
    called_words(record, "services").into_iter().map(offer).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::discovery::linked::linked;

    #[test]
    fn an_expert_is_known_by_name_employer_and_expertise_and_not_by_telephone() {
        let (firm, work) = (Uuid::now_v7(), Uuid::now_v7());
        let record = json!({
            "id": Uuid::nil(), "name": "陈志", "title": "教授", "organisation_id": firm, "expertise": ["缩松"],
            "disciplines": ["430"], "services": ["on_site"], "regions": ["130900"], "languages": ["zh"],
            "result_ids": [work], "contact": {"phone": "0317-0000123"}
        });
        let names = [(firm, "大学".to_owned()), (work, "模具".to_owned())].into();
        let found = linked(Kind::Expert, &record, &Around { base: String::new(), names });
        assert_eq!((&found["@type"], &found["name"]), (&json!("Person"), &json!("陈志")));
        assert_eq!((&found["jobTitle"], &found["worksFor"]["name"]), (&json!("教授"), &json!("大学")));
        let term = json!({"@type": "DefinedTerm", "termCode": "430", "inDefinedTermSet": "GB/T 13745-2009"});
        assert_eq!(found["knowsAbout"], json!(["缩松", term]));
        let service = &found["makesOffer"][0]["itemOffered"];
        assert_eq!((&service["serviceType"], &service["areaServed"][0]["name"]), (&json!("驻厂"), &json!("沧州市")));
        assert_eq!(found["@reverse"]["contributor"][0]["name"], "模具");
        assert!(!found.to_string().contains("0317"));
    }
}
