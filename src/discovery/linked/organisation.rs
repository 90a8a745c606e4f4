//! An organisation, by its kind. Its credit code is its number as a taxpayer as well (国办发〔2015〕50号).

use serde_json::{Value, json};

use super::{Thing, identifier, terms};
use crate::registry::fields::OrganisationKind;
use crate::registry::public::each;
use crate::registry::{codes, words};

pub(super) fn thing(record: &Value) -> Thing {
    let mut organisation = Thing::new(kind(record["kind"].as_str().unwrap_or_default()));
    organisation.put("description", record["profile"].clone());
    organisation.put("identifier", identifier("统一社会信用代码", &record["credit_code"]));
    organisation.put("taxID", record["credit_code"].clone());
    organisation.put("address", address(&record["region"]));
    organisation.put("knowsAbout", terms(&record["industry"], "GB/T 4754-2017", Some(codes::industries())));
    organisation.put("hasCredential", credentials(record));
    organisation.put("makesOffer", products(record));
    organisation
}

fn kind(kind: &str) -> &'static str {
    match OrganisationKind::parse(kind) {
        Ok(OrganisationKind::University) => "CollegeOrUniversity",
        Ok(OrganisationKind::Institute) => "ResearchOrganization",
        Ok(OrganisationKind::Enterprise) => "Corporation",
        Ok(OrganisationKind::Government) => "GovernmentOrganization",
        Ok(OrganisationKind::Agency) | Err(_) => "Organization",
    }
}

/// The province, and what is below it.
fn address(region: &Value) -> Value {
    let mut path: Vec<&str> =
        codes::regions().path(region.as_str().unwrap_or_default()).map(|item| item.name.as_str()).collect();
    let Some(province) = path.pop() else { return Value::Null };
    path.reverse();
    Thing::new("PostalAddress")
        .with("addressCountry", "CN")
        .with("addressRegion", province)
        .with("addressLocality", path.concat())
        .into()
}

fn credentials(record: &Value) -> Vec<Value> {
    let called = each(&record["labels"]).map(|label| words::zh("labels", label));
    called.map(|name| Thing::new("EducationalOccupationalCredential").with("name", name).into()).collect()
}

fn products(record: &Value) -> Vec<Value> {
    let product = |name| json!({"@type": "Offer", "itemOffered": {"@type": "Product", "name": name}});
    each(&record["main_products"]).map(product).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::Around;
    use crate::discovery::linked::linked;
    use crate::registry::Kind;
    use crate::registry::public::Names;

    #[test]
    fn an_organisation_is_what_its_kind_says_with_its_code_and_place() {
        let record = json!({
            "id": "x", "name": "五金厂", "kind": "enterprise", "credit_code": "91350100M000100Y43", "region": "130927",
            "industry": "C3311", "labels": ["high_tech"], "main_products": ["冲压件"], "contact": {"phone": "0317-0000123"}
        });
        let found = linked(Kind::Organisation, &record, &Around { base: String::new(), names: Names::new() });
        assert_eq!((&found["@type"], &found["taxID"]), (&json!("Corporation"), &record["credit_code"]));
        assert_eq!(found["identifier"]["value"], record["credit_code"]);
        let address = json!({
            "@type": "PostalAddress", "addressCountry": "CN", "addressRegion": "河北省", "addressLocality": "沧州市南皮县"
        });
        assert_eq!(found["address"], address);
        assert_eq!(found["hasCredential"][0]["name"], "高新技术企业");
        assert_eq!(found["makesOffer"][0]["itemOffered"]["name"], "冲压件");
        assert!(found.get("vatID").is_none() && !found.to_string().contains("0317"));
        for (kind, is) in [("university", "CollegeOrUniversity"), ("agency", "Organization")] {
            assert_eq!(super::kind(kind), is);
        }
    }
}
