//! The contract: one OpenAPI 3.1 document, made from the code, kept in `openapi/`.

mod closed;

use std::sync::LazyLock;

use actix_web::http::Method;
use utoipa::OpenApi;
use utoipa::openapi::path::{HttpMethod, Operation, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{RefOr, Response};

use crate::http::Methods;
use crate::problem::{Kind, Language, ProblemDocument};
use crate::registry::demands::Demand;
use crate::registry::description::{Words, describe, problem_response, roles_extension};
use crate::registry::experts::Expert;
use crate::registry::organisations::Organisation;
use crate::registry::policies::Policy;
use crate::registry::results::ResearchResult;
use crate::{health, identity, matching, problem, registry};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "对接 Duijie",
        description = "Brings research results and experts to the enterprises of a county. \
                       把科技成果和专家带给县域企业：登记、检索、匹配，说明理由。",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(name = "Duijie", url = "https://example.com/duijie", email = "duijie@example.com")
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "results", description = "科技成果"), (name = "experts", description = "专家"),
        (name = "organisations", description = "单位"), (name = "demands", description = "技术需求"),
        (name = "policies", description = "政策"), (name = "matches", description = "匹配与检索"),
        (name = "codes", description = "代码表"), (name = "sessions", description = "登录"),
        (name = "problems", description = "错误类型"), (name = "health", description = "运行状况")
    ),
    paths(
        identity::routes::create, identity::routes::refresh, identity::routes::end, identity::routes::end_all,
        identity::routes::change_password, identity::routes::keys,
        matching::routes::demand_matches, matching::routes::result_matches, matching::routes::expert_matches,
        matching::routes::organisation_matches, matching::routes::match_text, matching::routes::search,
        registry::codes::routes::list_industries, registry::codes::routes::read_industry,
        registry::codes::routes::list_regions, registry::codes::routes::read_region,
        problem::pages::index, problem::pages::page,
        health::live, health::ready
    ),
    components(schemas(ProblemDocument))
)]
struct Base;

static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(build);

/// The document.
#[must_use]
pub fn document() -> &'static utoipa::openapi::OpenApi {
    &DOCUMENT
}

fn build() -> utoipa::openapi::OpenApi {
    let words = |zh, creators, writers| Words { zh, creators, writers };
    let mut document = Base::openapi();
    document.merge(describe::<ResearchResult>(&words("科技成果", &[], &[])));
    document.merge(describe::<Expert>(&words("专家", &[], &["expert"])));
    document.merge(describe::<Organisation>(&words("单位", &[], &["enterprise"])));
    document.merge(describe::<Demand>(&words("技术需求", &["enterprise"], &["enterprise"])));
    document.merge(describe::<Policy>(&words("政策", &[], &[])));
    let scheme = SecurityScheme::Http(Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build());
    document.components.get_or_insert_default().add_security_scheme("bearer", scheme);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            complete(path, &method, operation);
        }
    }
    closed::close_bodies(&mut document);
    document
}

/// What every operation has: its problems, who may call it, and how they show who they are.
fn complete(path: &str, method: &HttpMethod, operation: &mut Operation) {
    let roles = operation.extensions.get_or_insert_with(|| roles_extension(&["public"]));
    let open =
        roles.get("x-roles").and_then(|roles| roles.as_array()).is_some_and(|roles| roles.contains(&"public".into()));
    let bearer = SecurityRequirement::new("bearer", Vec::<String>::new());
    let nobody = SecurityRequirement::default();
    operation.security = Some(match (open, path.starts_with("/v1/")) {
        (true, false) => vec![nobody],
        (true, true) => vec![nobody, bearer],
        (false, _) => vec![bearer],
    });
    for kind in problems(path, method, open) {
        let status = kind.status().as_u16().to_string();
        let response = RefOr::<Response>::T(problem_response(kind.title(Language::English)));
        operation.responses.responses.entry(status).or_insert(response);
    }
}

/// The problems that an operation can answer with, by its shape.
fn problems(path: &str, method: &HttpMethod, open: bool) -> Vec<Kind> {
    let mut kinds =
        vec![Kind::InvalidParameter, Kind::UriTooLong, Kind::TimedOut, Kind::HeadersTooLarge, Kind::Internal];
    let v1 = path.starts_with("/v1/");
    if v1 {
        kinds.extend([Kind::Unauthenticated, Kind::NotAcceptable, Kind::Unavailable]);
    }
    if !open {
        kinds.push(Kind::Forbidden);
    }
    if path.contains('{') {
        kinds.push(Kind::NotFound);
    }
    if path.contains("{id}") {
        kinds.push(Kind::Gone);
    }
    let changes = matches!(method, HttpMethod::Put | HttpMethod::Patch | HttpMethod::Delete);
    if changes {
        kinds.extend([Kind::PreconditionFailed, Kind::PreconditionRequired]);
    }
    if changes || matches!(method, HttpMethod::Post) {
        kinds.extend([Kind::Conflict, Kind::InvalidInput, Kind::PayloadTooLarge, Kind::UnsupportedMediaType]);
    }
    kinds
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let methods = [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ];
    methods.into_iter().filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// The methods that each address takes.
#[must_use]
pub fn methods() -> Methods {
    let paths = document().paths.paths.iter();
    Methods::new(paths.map(|(template, item)| (template.clone(), methods_of(item))).collect())
}

fn methods_of(item: &PathItem) -> Vec<Method> {
    let mut methods = Vec::new();
    if item.get.is_some() {
        methods.extend([Method::GET, Method::HEAD]);
    }
    let others = [
        (&item.post, Method::POST),
        (&item.put, Method::PUT),
        (&item.patch, Method::PATCH),
        (&item.delete, Method::DELETE),
    ];
    methods.extend(others.into_iter().filter(|(operation, _)| operation.is_some()).map(|(_, method)| method));
    methods.push(Method::OPTIONS);
    methods
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn an_address_takes_the_methods_of_its_template() {
        let methods = methods();
        assert_eq!(methods.of("/v1/results"), [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS]);
        assert!(methods.of("/v1/results/x").contains(&Method::DELETE));
        assert!(methods.of("/v1/results/").is_empty());
        assert!(methods.of("/v2/results").is_empty());
    }

    /// Is there an example in this, or in a schema that it names?
    fn has_example(value: &Value, schemas: &Value, depth: usize) -> bool {
        match value {
            Value::Object(members) => {
                let named = members.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next());
                members.contains_key("example")
                    || members.contains_key("examples")
                    || (depth > 0 && named.is_some_and(|name| has_example(&schemas[name], schemas, depth - 1)))
                    || members.values().any(|member| has_example(member, schemas, depth))
            }
            Value::Array(items) => items.iter().any(|item| has_example(item, schemas, depth)),
            _ => false,
        }
    }

    #[test]
    fn every_operation_has_an_example_of_what_is_sent_or_answered() -> Result<(), serde_json::Error> {
        let document = serde_json::to_value(document())?;
        let schemas = &document["components"]["schemas"];
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let success = operation["responses"].as_object().into_iter().flatten();
                let success = success.filter(|(status, _)| status.starts_with('2')).map(|(_, response)| response);
                let shown = success.chain([&operation["parameters"], &operation["requestBody"]]);
                let shown: Vec<&Value> =
                    shown.filter(|part| !part.is_null() && !part["content"].is_null() || part.is_array()).collect();
                // What takes nothing and answers with nothing has nothing to show.
                assert!(shown.is_empty() || shown.iter().any(|part| has_example(part, schemas, 5)), "{method} {path}");
            }
        }
        Ok(())
    }

    #[test]
    fn every_operation_has_an_id_of_its_own_and_a_summary() {
        let mut document = document().clone();
        let mut ids = std::collections::HashSet::new();
        for item in document.paths.paths.values_mut() {
            for (_, operation) in operations(item) {
                assert!(operation.summary.is_some(), "{:?}", operation.operation_id);
                assert!(ids.insert(operation.operation_id.clone()), "{:?}", operation.operation_id);
            }
        }
    }
}
