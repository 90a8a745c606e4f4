//! Schemas that are made out of a concept's own: its records, its pages, its history, and patches of it.

use serde_json::{Map, Value, json};
use utoipa::openapi::schema::{
    AllOfBuilder, AnyOfBuilder, ArrayBuilder, KnownFormat, OneOfBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Object, ObjectBuilder, Ref, RefOr, Schema};

/// Schemas by name, as a concept lists those that it refers to.
type Named = [(String, RefOr<Schema>)];

pub fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

/// A record as it is shown: its stamp and every member of the concept, but for how people are reached, which not
/// everyone gets.
pub fn record_schema(concept: &RefOr<Schema>) -> RefOr<Schema> {
    let mut shown = object(concept).cloned().unwrap_or_default();
    shown.required = shown.properties.keys().filter(|name| *name != "contact").cloned().collect();
    let example = whole_example(&shown);
    shown.example = None;
    AllOfBuilder::new().item(reference("Stamp")).item(shown).examples(example).into()
}

/// The concept's example with its stamp, and with what it leaves out.
fn whole_example(shown: &Object) -> Option<Value> {
    let mut whole = Map::new();
    for (name, schema) in &shown.properties {
        let empty = if matches!(schema, RefOr::T(Schema::Array(_))) { json!([]) } else { Value::Null };
        whole.insert(name.clone(), empty);
    }
    whole.extend(shown.example.as_ref()?.as_object()?.clone());
    let time = json!("2026-03-01T08:00:00Z");
    whole.insert("id".to_owned(), json!("01939c5e-0000-7000-8000-000000000001"));
    whole.insert("version".to_owned(), json!(1));
    whole.insert("created_at".to_owned(), time.clone());
    whole.insert("updated_at".to_owned(), time);
    Some(Value::Object(whole))
}

/// A merge patch (RFC 7396): any of the members, null for those that can be removed. What is an object itself is
/// patched the same way.
pub fn patch_schema(name: &str, concept: &RefOr<Schema>, named: &Named) -> RefOr<Schema> {
    let Some(object) = object(concept) else { return concept.clone() };
    let mut patch = patch_of(object, named);
    patch.description = Some(format!("Members of {name} to change; null removes"));
    patch.example = object.example.as_ref().map(patch_example);
    patch.into()
}

/// A change of the title, or of the name, to what the concept's own example has.
fn patch_example(example: &Value) -> Value {
    let member = if example.get("title").is_some() { "title" } else { "name" };
    json!({ member: example[member] })
}

fn patch_of(object: &Object, named: &Named) -> Object {
    let mut patch = Object::default();
    for (name, schema) in &object.properties {
        let schema = match inner_object(schema, named) {
            Some(inner) => patch_of(&inner, named).into(),
            None => schema.clone(),
        };
        let removable = !object.required.contains(name);
        patch.properties.insert(name.clone(), if removable { or_null(schema) } else { schema });
    }
    patch
}

/// The object that a member is, by itself or by name, null or not. Of an object that takes one of several shapes, all
/// members.
fn inner_object(schema: &RefOr<Schema>, named: &Named) -> Option<Object> {
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next()?;
            inner_object(&named.iter().find(|(known, _)| known == name)?.1, named)
        }
        RefOr::T(Schema::Object(object)) => Some(object.clone()).filter(|object| !object.properties.is_empty()),
        RefOr::T(Schema::OneOf(choice)) => any_of(&choice.items, named),
        RefOr::T(Schema::AnyOf(choice)) => any_of(&choice.items, named),
        RefOr::T(_) => None,
    }
}

fn any_of(choice: &[RefOr<Schema>], named: &Named) -> Option<Object> {
    let shapes: Vec<Object> = choice.iter().filter_map(|item| inner_object(item, named)).collect();
    (!shapes.is_empty()).then(|| united(shapes))
}

/// All members that any of the shapes has, each as any of them has it; needed is what all need.
fn united(shapes: Vec<Object>) -> Object {
    let mut united = Object::default();
    let of_all = |name: &String| shapes.iter().all(|shape| shape.required.contains(name));
    for (name, schema) in shapes.iter().flat_map(|shape| &shape.properties) {
        let mut kinds: Vec<&RefOr<Schema>> = shapes.iter().filter_map(|shape| shape.properties.get(name)).collect();
        kinds.dedup();
        let member = match kinds.as_slice() {
            [_] => schema.clone(),
            several => several.iter().fold(AnyOfBuilder::new(), |any, kind| any.item((*kind).clone())).into(),
        };
        united.properties.insert(name.clone(), member);
        if of_all(name) && !united.required.contains(name) {
            united.required.push(name.clone());
        }
    }
    united
}

fn or_null(schema: RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Array(mut list)) => {
            list.schema_type = SchemaType::from_iter([Type::Array, Type::Null]);
            list.into()
        }
        taking if is_null(&taking) => taking,
        other => OneOfBuilder::new().item(other).item(ObjectBuilder::new().schema_type(Type::Null)).into(),
    }
}

fn takes_null(kind: &SchemaType) -> bool {
    match kind {
        SchemaType::Type(kind) => *kind == Type::Null,
        SchemaType::Array(kinds) => kinds.contains(&Type::Null),
        SchemaType::AnyValue => true,
    }
}

/// Does it take null, itself or as one of several?
fn is_null(schema: &RefOr<Schema>) -> bool {
    match schema {
        RefOr::T(Schema::Object(object)) => takes_null(&object.schema_type),
        RefOr::T(Schema::OneOf(choice)) => choice.items.iter().any(is_null),
        RefOr::T(Schema::AnyOf(choice)) => choice.items.iter().any(is_null),
        RefOr::Ref(_) | RefOr::T(_) => false,
    }
}

fn object(schema: &RefOr<Schema>) -> Option<&Object> {
    match schema {
        RefOr::T(Schema::Object(object)) => Some(object),
        _ => None,
    }
}

pub fn page_schema(item: RefOr<Schema>) -> RefOr<Schema> {
    let cursor = ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some("Give this as `cursor` for the next page; null at the end"))
        .max_length(Some(200));
    ObjectBuilder::new()
        .property("items", ArrayBuilder::new().items(item).max_items(Some(101)))
        .required("items")
        .property("next_cursor", cursor)
        .required("next_cursor")
        .into()
}

pub fn version_schema(name: &str) -> RefOr<Schema> {
    let time =
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    let user =
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    let version = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(1));
    ObjectBuilder::new()
        .property("version", version)
        .required("version")
        .property("changed_at", time)
        .required("changed_at")
        .property("changed_by", user)
        .property("deleted", ObjectBuilder::new().schema_type(Type::Boolean))
        .required("deleted")
        .property("deleted_reason", ObjectBuilder::new().schema_type(Type::String).max_length(Some(500)))
        .property("record", reference(&format!("{name}Record")))
        .required("record")
        .into()
}

#[cfg(test)]
mod tests {
    use utoipa::{PartialSchema, ToSchema};

    use super::*;
    use crate::registry::demands::Demand;

    #[test]
    fn a_patch_has_every_member_and_removes_only_what_a_record_can_be_without() -> Result<(), serde_json::Error> {
        let mut named = Vec::new();
        Demand::schemas(&mut named);
        let patch = serde_json::to_value(patch_schema("Demand", &Demand::schema(), &named))?;
        assert_eq!(patch["required"], Value::Null);
        assert_eq!(patch["properties"]["keywords"]["type"], json!(["array", "null"]));
        assert_eq!(patch["properties"]["title"]["type"], "string");
        // What is an object is patched member by member, and can be removed whole.
        let budget = &patch["properties"]["budget"]["oneOf"];
        assert!(budget[0]["properties"]["min"].is_object() && budget[0]["required"].is_null());
        assert_eq!(budget[1]["type"], "null");
        assert_eq!(patch["example"], json!({"title": "球铁件热节处总有缩松"}));
        Ok(())
    }

    #[test]
    fn a_record_shows_every_member_with_its_stamp() -> Result<(), serde_json::Error> {
        let record = serde_json::to_value(record_schema(&Demand::schema()))?;
        let members = record["allOf"][1]["properties"].as_object().map_or(0, Map::len);
        assert_eq!(record["allOf"][1]["required"].as_array().map(Vec::len), Some(members));
        assert_eq!(record["examples"][0].as_object().map(Map::len), Some(members + 4));
        Ok(())
    }
}
