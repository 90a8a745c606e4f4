//! What is sent may have no members but those described: an unknown one is refused, naming it.

use utoipa::openapi::path::PathItem;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems};
use utoipa::openapi::{OpenApi, RefOr, Schema};

/// Closes every object that a JSON body is made of. Answers stay open: what they grow by must not break a reader.
pub fn close_bodies(document: &mut OpenApi) {
    let Some(components) = &mut document.components else { return };
    let mut pending: Vec<String> = document.paths.paths.values().flat_map(bodies).collect();
    let mut closed: Vec<String> = Vec::new();
    while let Some(name) = pending.pop() {
        if closed.contains(&name) {
            continue;
        }
        if let Some(schema) = components.schemas.get_mut(&name) {
            close(schema, &mut pending);
        }
        closed.push(name);
    }
}

/// The names of the schemas of the JSON bodies that an address takes.
fn bodies(item: &PathItem) -> Vec<String> {
    let operations = [&item.post, &item.put, &item.patch, &item.delete];
    let bodies = operations.into_iter().flatten().filter_map(|operation| operation.request_body.as_ref());
    let bodies = bodies.filter_map(|body| if let RefOr::T(body) = body { Some(body) } else { None });
    let contents = bodies.flat_map(|body| &body.content).filter(|(kind, _)| kind.ends_with("json"));
    contents
        .filter_map(|(_, content)| if let RefOr::T(content) = content { named(content.schema.as_ref()?) } else { None })
        .collect()
}

fn named(schema: &RefOr<Schema>) -> Option<String> {
    match schema {
        RefOr::Ref(reference) => reference.ref_location.rsplit('/').next().map(str::to_owned),
        RefOr::T(_) => None,
    }
}

/// Closes a schema; the names of those that it refers to are kept for later.
fn close(schema: &mut RefOr<Schema>, pending: &mut Vec<String>) {
    pending.extend(named(schema));
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            object.properties.values_mut().for_each(|member| close(member, pending));
            if !object.properties.is_empty() {
                object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
            }
        }
        Schema::Array(list) => {
            if let ArrayItems::RefOrSchema(item) = &mut list.items {
                close(item, pending);
            }
        }
        Schema::OneOf(choice) => choice.items.iter_mut().for_each(|item| close(item, pending)),
        Schema::AnyOf(choice) => choice.items.iter_mut().for_each(|item| close(item, pending)),
        // The parts of a whole cannot be closed each for itself.
        _ => {}
    }
}
