//! A demand as what somebody seeks.

use serde_json::{Value, json};

use super::{Thing, called_words, day, organisation, places, price, terms};
use crate::discovery::Around;
use crate::registry::codes;

pub(super) fn thing(record: &Value, around: &Around) -> Thing {
    let mut demand = Thing::new("Demand");
    demand.put("description", record["description"].clone());
    demand.put("itemOffered", wanted(record));
    demand.put("priceSpecification", price(&record["budget"]));
    demand.put("eligibleRegion", places(&record["region"]));
    demand.put("availabilityStarts", day(&record["created_at"]));
    demand.put("availabilityEnds", record["deadline"].clone());
    let enterprise = organisation(record, "enterprise_id", around);
    if !enterprise.is_null() {
        demand.put("@reverse", json!({ "seeks": enterprise }));
    }
    demand
}

/// The help that is looked for.
fn wanted(record: &Value) -> Value {
    let keywords = record["keywords"].as_array().cloned().unwrap_or_default();
    let industries = terms(&record["industries"], "GB/T 4754-2017", Some(codes::industries()));
    Thing::new("Service")
        .with("name", record["title"].clone())
        .with("serviceType", called_words(record, "cooperation"))
        .with("category", [keywords, industries].concat())
        .into()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::discovery::linked::linked;
    use crate::registry::Kind;

    #[test]
    fn a_demand_is_sought_by_its_enterprise_until_its_deadline() {
        let firm = Uuid::now_v7();
        let record = json!({
            "id": "x", "title": "缩松", "description": "废品率高。", "keywords": ["球墨铸铁"], "enterprise_id": firm,
            "industries": ["C3391"], "cooperation": ["service"], "budget": {"min": 1, "max": 2}, "deadline": "2027-06-30",
            "region": "130000", "created_at": "2026-11-29T00:00:00Z"
        });
        let names = [(firm, "铸造厂".to_owned())].into();
        let found = linked(Kind::Demand, &record, &Around { base: String::new(), names });
        assert_eq!((&found["@type"], &found["availabilityEnds"]), (&json!("Demand"), &json!("2027-06-30")));
        assert_eq!(found["@reverse"]["seeks"]["name"], "铸造厂");
        assert_eq!(found["itemOffered"]["serviceType"], json!(["技术服务"]));
        assert_eq!(found["itemOffered"]["category"][1]["termCode"], "C3391");
        assert_eq!(found["priceSpecification"]["priceCurrency"], "CNY");
    }
}
