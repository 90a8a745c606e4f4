//! The own format: every field of a record as an element, by the columns of its kind, and the schema that says so.

use serde_json::Value;

use crate::http::Xml;
use crate::registry::Kind;
use crate::registry::columns::{Column, Holds, columns};

/// The namespace of the format. It names the format and leads nowhere.
pub const NAMESPACE: &str = "urn:duijie:record:1";

const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";

/// Columns of one field: one, or those of what is inside it.
fn by_field(kind: Kind) -> impl Iterator<Item = (&'static str, &'static [Column])> {
    columns(kind).chunk_by(|one, next| field(one) == field(next)).map(|group| (field(&group[0]), group))
}

fn field(column: &Column) -> &'static str {
    column.name.split('.').next().unwrap_or(column.name)
}

/// The name inside the field, if the column is of a part of one.
fn part(column: &Column) -> Option<&'static str> {
    column.name.split_once('.').map(|(_, part)| part)
}

/// Writes a record.
pub fn write(xml: &mut Xml, kind: Kind, record: &Value, schema: &str) {
    let stamp = |name: &str| record[name].as_str().map_or_else(|| record[name].to_string(), str::to_owned);
    let (id, version) = (stamp("id"), stamp("version"));
    let (created, updated) = (stamp("created_at"), stamp("updated_at"));
    let attributes = [
        ("xmlns", NAMESPACE),
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
        ("xsi:schemaLocation", &format!("{NAMESPACE} {schema}")),
        ("id", &id),
        ("version", &version),
        ("created_at", &created),
        ("updated_at", &updated),
    ];
    xml.element(kind.as_str(), &attributes, |xml| {
        for (name, group) in by_field(kind) {
            write_field(xml, name, group, &record[name]);
        }
    });
}

fn write_field(xml: &mut Xml, name: &str, group: &[Column], value: &Value) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| write_value(xml, name, item)),
        Value::Object(inside) => xml.element(name, &[], |xml| {
            for part in group.iter().filter_map(part) {
                if let Some(value) = inside.get(part) {
                    write_value(xml, part, value);
                }
            }
        }),
        single => write_value(xml, name, single),
    }
}

fn write_value(xml: &mut Xml, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::String(text) => xml.text(name, text),
        Value::Object(inside) => xml.element(name, &[], |xml| {
            inside.iter().for_each(|(name, value)| write_value(xml, name, value));
        }),
        other => xml.text(name, &other.to_string()),
    }
}

/// The schema of the format (XML Schema 1.0).
#[must_use]
pub fn schema() -> String {
    let mut xml = Xml::document();
    let attributes = [
        ("xmlns:xs", SCHEMA),
        ("xmlns", NAMESPACE),
        ("targetNamespace", NAMESPACE),
        ("elementFormDefault", "qualified"),
    ];
    xml.element("xs:schema", &attributes, |xml| {
        for kind in Kind::ALL {
            xml.element("xs:element", &[("name", kind.as_str())], |xml| declare_record(xml, kind));
        }
    });
    xml.finish()
}

fn declare_record(xml: &mut Xml, kind: Kind) {
    xml.element("xs:complexType", &[], |xml| {
        xml.element("xs:sequence", &[], |xml| {
            for (name, group) in by_field(kind) {
                declare_field(xml, name, group);
            }
        });
        for (name, of) in
            [("id", "string"), ("version", "integer"), ("created_at", "dateTime"), ("updated_at", "dateTime")]
        {
            let of = format!("xs:{of}");
            xml.element("xs:attribute", &[("name", name), ("type", &of), ("use", "required")], |_| {});
        }
    });
}

fn declare_field(xml: &mut Xml, name: &str, group: &[Column]) {
    let many = matches!(group[0].holds, Holds::List | Holds::Phrases | Holds::Items);
    let occurs = ("maxOccurs", if many { "unbounded" } else { "1" });
    let inside = group[0].holds == Holds::Items || part(&group[0]).is_some();
    if !inside {
        let of = simple(group[0].holds);
        xml.element("xs:element", &[("name", name), ("type", of), ("minOccurs", "0"), occurs], |_| {});
        return;
    }
    xml.element("xs:element", &[("name", name), ("minOccurs", "0"), occurs], |xml| {
        xml.element("xs:complexType", &[], |xml| {
            xml.element("xs:sequence", &[], |xml| {
                for column in group {
                    match part(column) {
                        Some(part) => {
                            let of = simple(column.holds);
                            xml.element("xs:element", &[("name", part), ("type", of), ("minOccurs", "0")], |_| {});
                        }
                        // What such an item has inside grows.
                        None => xml.element(
                            "xs:any",
                            &[("processContents", "skip"), ("minOccurs", "0"), ("maxOccurs", "unbounded")],
                            |_| {},
                        ),
                    }
                }
            });
        });
    });
}

const fn simple(holds: Holds) -> &'static str {
    match holds {
        Holds::Number => "xs:integer",
        Holds::Flag => "xs:boolean",
        Holds::Text | Holds::List | Holds::Phrases | Holds::Items => "xs:string",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_its_fields_in_the_order_of_the_schema() {
        let record = json!({
            "id": "x", "version": 2, "created_at": "a", "updated_at": "b", "title": "模具 <1>", "keywords": ["甲", "乙"],
            "maturity": 6, "asking_price": {"max": 2, "min": 1}, "intellectual_property": [{"kind": "invention"}]
        });
        let mut xml = Xml::default();
        write(&mut xml, Kind::Result, &record, "http://s");
        let text = xml.finish();
        assert!(text.starts_with("<result xmlns=\"urn:duijie:record:1\""), "{text}");
        assert!(
            text.ends_with(
                "<title>模具 &lt;1&gt;</title><keywords>甲</keywords><keywords>乙</keywords><maturity>6</maturity>\
                 <intellectual_property><kind>invention</kind></intellectual_property>\
                 <asking_price><min>1</min><max>2</max></asking_price></result>"
            ),
            "{text}"
        );
    }
}
