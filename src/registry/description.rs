//! The OpenAPI description of a concept's routes, the same for each as the routes are.

use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{
    ComponentsBuilder, Content, ContentBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem, PathsBuilder,
    Required, Response, ResponseBuilder,
};

use super::record::{Concept, Stamp, Store};
use super::routes::Removal;
use super::shapes::{page_schema, patch_schema, record_schema, reference, version_schema};
use crate::discovery::{HTML, JSON_LD};
use crate::exports::routes::{self as exported, CSV, NDJSON, XLSX};
use crate::http::paging::PagingParameters;

/// Paths and schemas of a concept, by its Chinese name.
#[must_use]
pub fn describe<C: Concept>(zh: &str) -> OpenApi {
    let name = C::name().into_owned();
    let (kind, plural) = (C::KIND.as_str(), C::KIND.plural());
    let base = format!("/v1/{plural}");
    let one = format!("{base}/{{id}}");
    let story = Story { name: &name, kind, plural, zh };
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
        .path(format!("{one}/history"), item([(HttpMethod::Get, story.history())]))
        .path(format!("{base}/export"), item([(HttpMethod::Get, story.export())]));
    let mut nested = Vec::new();
    C::schemas(&mut nested);
    let (concept, patch) = (C::schema(), patch_schema(&name, &C::schema(), &nested));
    let components = ComponentsBuilder::new()
        .schemas_from_iter(nested)
        .schema(format!("{name}Record"), record_schema(&concept))
        .schema(format!("{name}Patch"), patch)
        .schema(&name, concept)
        .schema_from::<Stamp>()
        .schema(format!("{name}Page"), page_schema(reference(&format!("{name}Record"))))
        .schema(format!("{name}History"), page_schema(version_schema(&name)));
    OpenApiBuilder::new().paths(paths).components(Some(components.build())).build()
}

struct Story<'a> {
    name: &'a str,
    kind: &'static str,
    plural: &'static str,
    zh: &'a str,
}

impl Story<'_> {
    fn operation(&self, verb: &str, english: &str, chinese: &str) -> OperationBuilder {
        let id = if matches!(verb, "list" | "export") { self.plural.to_owned() } else { self.kind.to_owned() };
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
        let created = self.linked(created, "$response.body#/id");
        self.operation("create", &format!("Register a {}", self.kind), "登记。")
            .parameter(idempotency_key())
            .parameter(prefer())
            .request_body(Some(request("application/json", self.name)))
            .response("201", created)
            .build()
    }

    fn read(&self) -> Operation {
        let answer = body("The record", &format!("{}Record", self.name))
            .content(JSON_LD, linked_data())
            .content(HTML, page())
            .header("ETag", text_header("Its version, and of another form than JSON what it says"));
        let answer = self.linked(answer, "$request.path.id");
        let chinese = "详情：JSON；按 Accept 也可作 schema.org 的 JSON-LD，或给人看的网页。";
        self.operation("read", &format!("Read a {}", self.kind), chinese)
            .parameter(id())
            .parameter(header_parameter("If-None-Match", "ETags that the caller has", anything()))
            .response("200", answer)
            .response("304", ResponseBuilder::new().description("The caller has this version"))
            .build()
    }

    fn replace(&self) -> Operation {
        self.change("replace", "Replace", "整体修改。", request("application/json", self.name))
    }

    fn amend(&self) -> Operation {
        let patch = request("application/merge-patch+json", &format!("{}Patch", self.name));
        self.change("amend", "Amend", "部分修改（RFC 7396）。", patch)
    }

    fn change(&self, verb: &str, english: &str, chinese: &str, request: RequestBody) -> Operation {
        let answer =
            body("The next version", &format!("{}Record", self.name)).header("ETag", text_header("Its version"));
        let answer = self.linked(answer, "$request.path.id");
        self.operation(verb, &format!("{english} a {}", self.kind), chinese)
            .parameter(id())
            .parameter(if_match())
            .parameter(prefer())
            .request_body(Some(request))
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

    fn export(&self) -> Operation {
        let file = |sort| ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(sort))).build();
        let position = "Where `/v1/changes` goes on from what the file holds: its `after`";
        let answer = ResponseBuilder::new()
            .description("All records, in the order of their ids")
            .content(NDJSON, file(Type::String))
            .content(CSV, file(Type::String))
            .content(XLSX, file(Type::String))
            .header("Change-Position", text_header(position));
        self.operation(
            "export",
            &format!("Export {}", self.plural),
            "全部导出：同一时刻可查看的全部记录，NDJSON、CSV（Excel 可直接打开）或 XLSX；断开后用 after 接着取。",
        )
        .parameters(Some(exported::parameters()))
        .response("200", answer)
        .build()
    }

    /// What can be done next with the record that was answered, as it then is.
    fn linked(&self, answer: ResponseBuilder, id: &str) -> ResponseBuilder {
        let link = |verb: &str| LinkBuilder::new().operation_id(format!("{verb}_{}", self.kind)).parameter("id", id);
        let change = |verb| link(verb).parameter("If-Match", "$response.header.ETag").build();
        answer
            .link("read", link("read").build())
            .link("replace", change("replace"))
            .link("amend", change("amend"))
            .link("delete", change("delete"))
    }
}

fn request(media_type: &str, schema: &str) -> RequestBody {
    let content = ContentBuilder::new().schema(Some(reference(schema))).build();
    RequestBodyBuilder::new().content(media_type, content).required(Some(Required::True)).build()
}

fn item<const N: usize>(operations: [(HttpMethod, Operation); N]) -> PathItem {
    let mut item = PathItem::default();
    for (method, operation) in operations {
        item.merge_operations(PathItem::new(method, operation));
    }
    item
}

fn body(description: &str, schema: &str) -> ResponseBuilder {
    let content = ContentBuilder::new().schema(Some(reference(schema))).build();
    ResponseBuilder::new().description(description).content("application/json", content)
}

/// What everybody may read of a record, in the words of schema.org.
fn linked_data() -> Content {
    let example = json!({"@context": {"@vocab": "https://schema.org/"}, "@type": "CreativeWork", "name": "球墨铸铁件缩松缺陷的控制方法"});
    let schema = ObjectBuilder::new().description(Some("JSON-LD 1.1")).schema_type(Type::Object);
    ContentBuilder::new().schema(Some(schema)).example(Some(example)).build()
}

/// The same as a page.
fn page() -> Content {
    ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String))).build()
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

fn header_parameter(name: &str, description: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .description(Some(description))
        .required(Required::False)
        .schema(Some(schema))
        .build()
}

/// What is not understood in such a header is ignored.
fn anything() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// `Idempotency-Key` of a POST that creates.
#[must_use]
pub fn idempotency_key() -> Parameter {
    // Quoted, or bare; a quote that is not closed is part of the key.
    let key = r#"^("[ -~]{1,255}"|[!#-~]([ -~]{0,253}[!-~])?|"([ -~]{0,253}[!#-~])?)$"#;
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(key)).examples(["order-7c1e"]);
    header_parameter("Idempotency-Key", "The same key and body replays the first answer for 24 hours", schema)
}

/// `If-Match` of a change.
#[must_use]
pub fn if_match() -> Parameter {
    let tags = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#;
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(tags)).examples(["\"1\""]);
    let mut parameter = header_parameter("If-Match", "The ETag that was read; 428 without, 412 when stale", schema);
    parameter.required = Required::True;
    parameter
}

fn prefer() -> Parameter {
    header_parameter("Prefer", "`wait=5` holds the answer until the write can be found (RFC 7240)", anything())
}

/// A response that other places share.
#[must_use]
pub fn problem_response(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(reference("Problem"))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}
