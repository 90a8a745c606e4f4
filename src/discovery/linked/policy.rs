//! A policy as legislation. Its whole text stands on its page.

use serde_json::Value;

use super::{Thing, excerpt, jurisdiction, language};
use crate::policies;
use crate::registry::words;

pub(super) fn thing(record: &Value) -> Thing {
    let body = policies::plain(record["body"].as_str().unwrap_or_default());
    let mut law = Thing::new("Legislation");
    law.put("description", excerpt(&body));
    law.put("legislationIdentifier", record["document_number"].clone());
    law.put("legislationType", record["level"].as_str().map(words::policies_of));
    law.put("legislationJurisdiction", jurisdiction(&record["level"]));
    law.put("legislationPassedBy", office("GovernmentOrganization", &record["issuer"]));
    law.put("legislationDate", record["published_on"].clone());
    law.put("datePublished", record["published_on"].clone());
    law.put("temporalCoverage", in_force(record));
    law.put("expires", record["expires_on"].clone());
    law.put("sourceOrganization", office("Organization", &record["source"]));
    law.put("creditText", record["author"].clone());
    law.put("keywords", record["topics"].clone());
    law.put("dateModified", record["updated_at"].clone());
    law.put("inLanguage", language(&body));
    law.put("isAccessibleForFree", true);
    law
}

fn office(is: &str, name: &Value) -> Value {
    if name.is_null() { Value::Null } else { Thing::new(is).with("name", name.clone()).into() }
}

/// From when to when it applies, as an interval (ISO 8601-2, with `..` for an end that is open).
fn in_force(record: &Value) -> Option<String> {
    let from = record["effective_on"].as_str()?;
    Some(format!("{from}/{}", record["expires_on"].as_str().unwrap_or("..")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::discovery::Around;
    use crate::discovery::linked::linked;
    use crate::registry::Kind;
    use crate::registry::public::Names;

    #[test]
    fn a_policy_has_its_number_its_issuer_and_its_days() {
        let record = json!({
            "id": "x", "title": "若干措施", "level": "county", "document_number": "南政字〔2026〕8号", "issuer": "南皮县人民政府",
            "published_on": "2026-03-01", "effective_on": "2026-04-01", "body": "<p>一、支持 <b>企业</b></p>", "topics": ["技改"]
        });
        let found = linked(Kind::Policy, &record, &Around { base: String::new(), names: Names::new() });
        assert_eq!((&found["@type"], &found["description"]), (&json!("Legislation"), &json!("一、支持 企业")));
        assert_eq!(found["legislationIdentifier"], "南政字〔2026〕8号");
        let issuer = json!({"@type": "GovernmentOrganization", "name": "南皮县人民政府"});
        assert_eq!(found["legislationPassedBy"], issuer);
        assert_eq!(
            (&found["legislationDate"], &found["temporalCoverage"]),
            (&json!("2026-03-01"), &json!("2026-04-01/.."))
        );
        assert_eq!((&found["legislationType"], &found["keywords"]), (&json!("县级政策"), &json!(["技改"])));
        assert!(found.get("expires").is_none() && found.get("legislationJurisdiction").is_none());
    }
}
