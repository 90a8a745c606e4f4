//! The OpenAPI description of a concept's routes, the same for each as the routes are.

use serde_json::{Value, json};
use utoipa::IntoParams;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{AllOfBuilder, ArrayBuilder, KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem, PathsBuilder, Ref, RefOr,
    Required, Response, ResponseBuilder, Schema,
};

use super::record::{Concept, Stamp, Store};
use super::routes::Removal;
use crate::http::paging::PagingParameters;

/// Paths and schemas of a concept, by its Chinese name.
#[must_use]
pub fn describe<C: Concept>(zh: &str) -> OpenApi {
    let name = C::name().into_owned();
    let (kind, plural) = (C::KIND.as_str(), C::KIND.plural());
    let base = format!("/v1/{plural}");
    let one = format!("{base}/{{id}}");
    let story = Story { name: &name, kind, plural, zh, patch: patch_example(&C::schema()) };
    let filters = <<C as Store>::Filter as IntoParams>::into_params(|| Some(ParameterIn::Query));
    let paths = PathsBuilder::new()
        .path(&base, item([(HttpMethod::Get, story.list(filters)), (HttpMethod::Post, story.create())]))
        .path(
            &one,
            item([
                (HttpMethod::Get, story.read()),
                (HttpMethod::Put, story.replace()),
                (HttpMethod::Patch, story.amend()),
                (HttpMethod::Delete, story.remove()),
            ]),
        )
        .path(format!("{one}/history"), item([(HttpMethod::Get, story.history())]));
    let mut nested = Vec::new();
    C::schemas(&mut nested);
    let components = ComponentsBuilder::new()
        .schemas_from_iter(nested)
        .schema(&name, C::schema())
        .schema_from::<Stamp>()
        .schema(format!("{name}Record"), record_schema(&name))
        .schema(format!("{name}Page"), page_schema(reference(&format!("{name}Record"))))
        .schema(format!("{name}History"), page_schema(version_schema(&name)));
    OpenApiBuilder::new().paths(paths).components(Some(components.build())).build()
}

struct Story<'a> {
    name: &'a str,
    kind: &'static str,
    plural: &'static str,
    zh: &'a str,
    /// What an amendment looks like.
    patch: Value,
}

impl Story<'_> {
    fn operation(&self, verb: &str, english: &str, chinese: &str) -> OperationBuilder {
        let id = if verb == "list" { self.plural.to_owned() } else { self.kind.to_owned() };
        let id = if verb == "history" { format!("list_{id}_history") } else { format!("{verb}_{id}") };
        OperationBuilder::new()
            .operation_id(Some(id))
            .tag(self.plural)
            .summary(Some(english.to_owned()))
            .description(Some(format!("{}{chinese}", self.zh)))
    }

    fn list(&self, filters: Vec<Parameter>) -> Operation {
        let paging = PagingParameters::into_params(|| Some(ParameterIn::Query));
        self.operation("list", &format!("List {}", self.plural), "列表，新的在前，按游标翻页。")
            .parameters(Some(filters))
            .parameters(Some(paging))
            .response(
                "200",
                body("One page", &format!("{}Page", self.name)).header("Link", text_header("The next page (RFC 8288)")),
            )
            .build()
    }

    fn create(&self) -> Operation {
        let created = body("Created", &format!("{}Record", self.name))
            .header("Location", text_header("The address of the record"))
            .header("ETag", text_header("Its version"));
        self.operation("create", &format!("Register a {}", self.kind), "登记。")
            .parameter(header_parameter(
                "Idempotency-Key",
                "The same key and body replays the first answer for 24 hours",
                false,
            ))
            .parameter(prefer())
            .request_body(Some(self.request("application/json")))
            .response("201", created)
            .build()
    }

    fn read(&self) -> Operation {
        let answer = body("The record", &format!("{}Record", self.name)).header("ETag", text_header("Its version"));
        self.operation("read", &format!("Read a {}", self.kind), "详情。")
            .parameter(id())
            .parameter(header_parameter("If-None-Match", "ETags that the caller has", false))
            .response("200", answer)
            .response("304", ResponseBuilder::new().description("The caller has this version"))
            .build()
    }

    fn replace(&self) -> Operation {
        self.change("replace", "Replace", "整体修改。", "application/json")
    }

    fn amend(&self) -> Operation {
        self.change("amend", "Amend", "部分修改（RFC 7396）。", "application/merge-patch+json")
    }

    fn change(&self, verb: &str, english: &str, chinese: &str, media_type: &str) -> Operation {
        let answer =
            body("The next version", &format!("{}Record", self.name)).header("ETag", text_header("Its version"));
        self.operation(verb, &format!("{english} a {}", self.kind), chinese)
            .parameter(id())
            .parameter(if_match())
            .parameter(prefer())
            .request_body(Some(self.request(media_type)))
            .response("200", answer)
            .build()
    }

    fn remove(&self) -> Operation {
        self.operation("delete", &format!("Delete a {}", self.kind), "删除：留下墓碑，可查历史。")
            .parameter(id())
            .parameter(if_match())
            .parameter(prefer())
            .parameters(Some(Removal::into_params(|| Some(ParameterIn::Query))))
            .response("204", ResponseBuilder::new().description("Deleted"))
            .build()
    }

    fn history(&self) -> Operation {
        let paging = PagingParameters::into_params(|| Some(ParameterIn::Query));
        let english = format!("List the versions of a {}", self.kind);
        self.operation("history", &english, "历次版本，新的在前。")
            .parameter(id())
            .parameters(Some(paging))
            .response("200", body("One page of versions", &format!("{}History", self.name)))
            .build()
    }

    fn request(&self, media_type: &str) -> RequestBody {
        // A merge patch has the same members, none of them required.
        let schema = if media_type == "application/json" {
            ContentBuilder::new().schema(Some(reference(self.name)))
        } else {
            ContentBuilder::new()
                .schema(Some(
                    ObjectBuilder::new().description(Some(format!("Members of {} to change; null removes", self.name))),
                ))
                .example(Some(self.patch.clone()))
        };
        RequestBodyBuilder::new().content(media_type, schema.build()).required(Some(Required::True)).build()
    }
}

/// A change of the title, or of the name, to what the concept's own example has.
fn patch_example(schema: &RefOr<Schema>) -> Value {
    let RefOr::T(Schema::Object(object)) = schema else { return json!({}) };
    let Some(example) = object.example.as_ref().or(object.examples.first()) else { return json!({}) };
    let member = if example.get("title").is_some() { "title" } else { "name" };
    json!({ member: example[member] })
}

fn item<const N: usize>(operations: [(HttpMethod, Operation); N]) -> PathItem {
    let mut item = PathItem::default();
    for (method, operation) in operations {
        item.merge_operations(PathItem::new(method, operation));
    }
    item
}

fn reference(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

fn body(description: &str, schema: &str) -> ResponseBuilder {
    let content = ContentBuilder::new().schema(Some(reference(schema))).build();
    ResponseBuilder::new().description(description).content("application/json", content)
}

fn record_schema(name: &str) -> RefOr<Schema> {
    Schema::AllOf(AllOfBuilder::new().item(reference("Stamp")).item(reference(name)).build()).into()
}

fn page_schema(item: RefOr<Schema>) -> RefOr<Schema> {
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

fn version_schema(name: &str) -> RefOr<Schema> {
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

fn text_header(description: &str) -> utoipa::openapi::Header {
    let schema = ObjectBuilder::new().schema_type(Type::String).max_length(Some(4000));
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

fn id() -> Parameter {
    let schema =
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema))
        .example(Some(json!("01939c5e-0000-7000-8000-000000000001")))
        .build()
}

fn header_parameter(name: &str, description: &str, required: bool) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).max_length(Some(255));
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .description(Some(description))
        .required(if required { Required::True } else { Required::False })
        .schema(Some(schema))
        .build()
}

fn if_match() -> Parameter {
    header_parameter("If-Match", "The ETag that was read; 428 without, 412 when stale", true)
}

fn prefer() -> Parameter {
    header_parameter("Prefer", "`wait=5` holds the answer until the write can be found (RFC 7240)", false)
}

/// A response that other places share.
#[must_use]
pub fn problem_response(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(reference("Problem"))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}
