//! The contract: one OpenAPI 3.1 document, made from the code, kept in `openapi/`.

mod closed;

use std::sync::LazyLock;

use actix_web::http::Method;
use actix_web::{HttpResponse, get};
use utoipa::OpenApi;
use utoipa::openapi::path::{HttpMethod, Operation, Parameter, PathItem};
use utoipa::openapi::security::{
    ClientCredentials, Flow, Http, HttpAuthScheme, OAuth2, Scopes, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, Header, HeaderBuilder, Object, Ref, RefOr, Response, Type};

use crate::access::{self, Operations, Rule};
use crate::identity::partners::TOKEN_ENDPOINT;
use crate::identity::{Role, Scope};
use crate::problem::{Kind, Language, ProblemDocument};
use crate::registry::demands::Demand;
use crate::registry::description::{describe, idempotency_key, if_match, problem_response};
use crate::registry::experts::Expert;
use crate::registry::organisations::Organisation;
use crate::registry::policies::Policy;
use crate::registry::results::ResearchResult;
use crate::{
    audit, centre, changes, discovery, dockings, duplicates, events, harvest, health, identity, imports, matching,
    notifications, patents, policies, problem, registry, teams, visits, webhooks,
};

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
        (name = "dockings", description = "对接"), (name = "events", description = "对接活动"),
        (name = "expert teams", description = "专家服务团"), (name = "patent-cases", description = "专利申报"),
        (name = "calendar", description = "工作日历"), (name = "notifications", description = "通知"),
        (name = "changes", description = "变更流"), (name = "harvest", description = "采集（OAI-PMH）"),
        (name = "imports", description = "批量导入"), (name = "webhooks", description = "推送"),
        (name = "duplicates", description = "疑似重复与合并"),
        (name = "centre", description = "中心介绍和访问人数"),
        (name = "codes", description = "代码表"), (name = "sessions", description = "登录"),
        (name = "account", description = "自己的账号"), (name = "accounts", description = "账号管理"),
        (name = "partners", description = "合作站点"), (name = "audit", description = "审计日志"),
        (name = "access", description = "访问规则"),
        (name = "problems", description = "错误类型"), (name = "health", description = "运行状况")
    ),
    paths(
        identity::sessions::routes::create, identity::sessions::routes::refresh, identity::sessions::routes::end,
        identity::sessions::routes::end_all, identity::sessions::routes::keys,
        identity::accounts::routes::read_own, identity::accounts::routes::change_password,
        identity::accounts::routes::list, identity::accounts::routes::read, identity::accounts::routes::amend,
        identity::accounts::routes::remove_second_factor,
        identity::second_factor::routes::begin, identity::second_factor::routes::confirm,
        identity::second_factor::routes::remove, identity::second_factor::routes::renew,
        identity::links::routes::invite, identity::links::routes::list, identity::links::routes::revoke,
        identity::links::routes::accept, identity::links::routes::create_reset, identity::links::routes::reset,
        identity::partners::routes::create, identity::partners::routes::list, identity::partners::routes::read,
        identity::partners::routes::replace, identity::partners::routes::create_secret,
        identity::partners::routes::revoke_secret,
        identity::partners::token::issue, identity::partners::token::metadata,
        audit::routes::list, access::document::page,
        matching::routes::demand_matches, matching::routes::result_matches, matching::routes::expert_matches,
        matching::routes::organisation_matches, matching::routes::match_text, matching::routes::search, matching::runs::routes::create, matching::runs::routes::list,
        matching::runs::routes::read, matching::runs::routes::cancel, matching::runs::routes::download,
        dockings::routes::create, dockings::routes::list, dockings::routes::read, dockings::routes::move_on,
        dockings::routes::undo, dockings::routes::moves, dockings::routes::replace_contract,
        dockings::routes::replace_outcome, dockings::contacts::routes::create, dockings::contacts::routes::list,
        dockings::contacts::files::create, dockings::contacts::files::list, dockings::contacts::files::download,
        dockings::statistics::routes::read,
        notifications::routes::list, notifications::routes::read, notifications::routes::read_until,
        events::routes::create, events::routes::list, events::routes::read, events::routes::replace,
        events::participants::routes::invite, events::participants::routes::list, events::participants::routes::read,
        events::participants::routes::replace, events::rules::routes::read, events::rules::routes::replace,
        events::schedule::routes::create, events::schedule::routes::read, events::schedule::routes::timetable,
        changes::routes::list, harvest::routes::harvest, harvest::routes::harvest_by_form, harvest::routes::schema,
        discovery::sitemap::routes::index, discovery::sitemap::routes::read, discovery::sitemap::routes::robots,
        imports::routes::create, imports::routes::list, imports::routes::read, imports::routes::cancel,
        imports::routes::rows, imports::routes::remarks, imports::routes::template, imports::mappings::read,
        imports::mappings::replace,
        webhooks::routes::create, webhooks::routes::list, webhooks::routes::read, webhooks::routes::replace,
        webhooks::routes::delete, webhooks::routes::create_secret, webhooks::routes::remove_secret,
        webhooks::deliveries::list, webhooks::deliveries::replay, webhooks::deliveries::test,
        duplicates::routes::list, duplicates::routes::report, duplicates::routes::read, duplicates::routes::dismiss,
        duplicates::merging::routes::merge, duplicates::merging::routes::undo,
        centre::routes::read, centre::routes::replace, centre::routes::history,
        visits::routes::read_site, visits::routes::count_site, visits::routes::read_policy,
        teams::routes::create, teams::routes::list, teams::routes::read, teams::routes::replace,
        teams::members::routes::invite, teams::members::routes::read, teams::members::routes::replace,
        teams::members::routes::remove, teams::visits::routes::create, teams::visits::routes::list,
        teams::visits::routes::read, teams::visits::routes::replace, teams::suggestion::routes::suggest,
        patents::routes::create, patents::routes::list, patents::routes::read, patents::routes::replace,
        patents::routes::move_on, patents::routes::moves,
        patents::letters::routes::create, patents::letters::routes::list, patents::letters::routes::replace,
        patents::deadlines::routes::list, patents::deadlines::routes::replace,
        patents::fees::routes::create, patents::fees::routes::list, patents::fees::routes::replace,
        patents::documents::routes::create, patents::documents::routes::list, patents::documents::routes::download,
        patents::search::routes::search,
        patents::calendar::routes::list, patents::calendar::routes::read, patents::calendar::routes::replace,
        patents::calendar::routes::remove,
        policies::clauses::routes::list, policies::clauses::routes::read, policies::clauses::routes::confirm,
        policies::presentation::read, policies::files::create, policies::files::list, policies::files::download,
        policies::fitting::routes::list, policies::feeds::read,
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

/// The document over HTTP.
#[get("/openapi.json")]
pub async fn read() -> HttpResponse {
    HttpResponse::Ok().json(document())
}

fn build() -> utoipa::openapi::OpenApi {
    let mut document = Base::openapi();
    document.merge(describe::<ResearchResult>("科技成果"));
    document.merge(describe::<Expert>("专家"));
    document.merge(describe::<Organisation>("单位"));
    document.merge(describe::<Demand>("技术需求"));
    document.merge(describe::<Policy>("政策"));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", bearer_scheme());
    components.add_security_scheme("partner", partner_scheme());
    components.add_security_scheme("client", client_scheme());
    add_limits(components);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in described_operations(item) {
            complete(path, &method, operation);
        }
    }
    closed::close_bodies(&mut document);
    document
}

const TOO_MANY_REQUESTS: &str = "TooManyRequests";
const LIMIT_HEADERS: [&str; 2] = ["RateLimit", "RateLimit-Policy"];

/// What all operations say of limits, in one place.
fn add_limits(components: &mut Components) {
    let header = |kind, description: &str, example: serde_json::Value| -> RefOr<Header> {
        let schema = Object::with_type(kind);
        HeaderBuilder::new().schema(Some(schema)).description(Some(description)).example(Some(example)).build().into()
    };
    let left = "Units that are left, and seconds until all are there again (draft-ietf-httpapi-ratelimit-headers)";
    let policy = "Units in a window of seconds; heavier operations take more than one";
    let wait = "Seconds until there are enough units for this request";
    components.headers.extend([
        ("RateLimit".to_owned(), header(Type::String, left, "\"default\";r=595;t=1".into())),
        ("RateLimit-Policy".to_owned(), header(Type::String, policy, "\"default\";q=600;w=60".into())),
        ("Retry-After".to_owned(), header(Type::Integer, wait, 3.into())),
    ]);
    let mut refusal = problem_response(Kind::TooManyRequests.title(Language::English));
    for name in LIMIT_HEADERS.into_iter().chain(["Retry-After"]) {
        refusal.headers.insert(name.to_owned(), header_of(name));
    }
    components.responses.insert(TOO_MANY_REQUESTS.to_owned(), refusal.into());
}

fn header_of(name: &str) -> RefOr<Header> {
    RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))
}

/// An operation answers with what is left, or that too much was asked for.
fn limit(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.starts_with('2'), response) {
            response.headers.extend(LIMIT_HEADERS.map(|name| (name.to_owned(), header_of(name))));
        }
    }
    let refusal = RefOr::Ref(Ref::from_response_name(TOO_MANY_REQUESTS));
    operation.responses.responses.insert("429".to_owned(), refusal);
}

/// What every operation has: its limits, its problems, who may call it, and how they show who they are.
fn complete(path: &str, method: &HttpMethod, operation: &mut Operation) {
    let Some(rule) = rule_of(operation) else { return };
    operation.extensions.get_or_insert_default().merge(access::describe(rule));
    for parameter in operation.parameters.iter_mut().flatten() {
        share(parameter);
    }
    let open = rule.grant_of(Role::Public).is_some();
    operation.security = Some(security(path, rule));
    limit(operation);
    for kind in problems(path, method, (open, is_conditional(operation))) {
        let status = kind.status().as_u16().to_string();
        let response = RefOr::<Response>::T(problem_response(kind.title(Language::English)));
        operation.responses.responses.entry(status).or_insert(response);
    }
}

/// The headers that several operations take are described once.
fn share(parameter: &mut RefOr<Parameter>) {
    let RefOr::T(named) = &parameter else { return };
    match named.name.as_str() {
        "Idempotency-Key" => *parameter = idempotency_key().into(),
        "If-Match" => *parameter = if_match().into(),
        _ => {}
    }
}

/// The rule of an operation. One without is open to nobody, and a test tells of it.
fn rule_of(operation: &Operation) -> Option<&'static Rule> {
    let id = operation.operation_id.as_deref()?;
    access::rules().iter().find(|rule| rule.what.operations().iter().any(|known| known == id))
}

/// How callers show who they are: not at all, as people, or as partner sites within a scope.
fn security(path: &str, rule: &Rule) -> Vec<SecurityRequirement> {
    let nobody = SecurityRequirement::default();
    if path == TOKEN_ENDPOINT {
        return vec![SecurityRequirement::new("client", Vec::<String>::new()), nobody];
    }
    let open = rule.grant_of(Role::Public).is_some();
    let mut ways = if open { vec![nobody] } else { Vec::new() };
    if open && !path.starts_with("/v1/") {
        return ways;
    }
    ways.push(SecurityRequirement::new("bearer", Vec::<String>::new()));
    if let Some(scope) = rule.grant_of(Role::Partner).and_then(|grant| grant.scope) {
        ways.push(SecurityRequirement::new("partner", [scope.as_str()]));
    }
    ways
}

fn bearer_scheme() -> SecurityScheme {
    SecurityScheme::Http(Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build())
}

/// OAuth 2.0 client credentials (RFC 6749, 4.4).
fn partner_scheme() -> SecurityScheme {
    let scopes = Scope::WORDS.iter().filter_map(|word| Scope::parse(word).ok());
    let scopes: Scopes = scopes.map(|scope| (scope.as_str(), scope.words().1)).collect();
    SecurityScheme::OAuth2(OAuth2::new([Flow::ClientCredentials(ClientCredentials::new(TOKEN_ENDPOINT, scopes))]))
}

/// A partner site's id and secret (RFC 6749, 2.3.1).
fn client_scheme() -> SecurityScheme {
    SecurityScheme::Http(Http::new(HttpAuthScheme::Basic))
}

/// Does it take `If-Match`?
fn is_conditional(operation: &Operation) -> bool {
    let parameters = operation.parameters.iter().flatten();
    parameters.into_iter().any(|parameter| matches!(parameter, RefOr::T(named) if named.name == "If-Match"))
}

/// The problems that an operation can answer with, by its shape: whether it is open to the public, and conditional.
fn problems(path: &str, method: &HttpMethod, (open, conditional): (bool, bool)) -> Vec<Kind> {
    let mut kinds = vec![
        Kind::InvalidParameter,
        Kind::Unauthenticated,
        Kind::UriTooLong,
        Kind::TimedOut,
        Kind::HeadersTooLarge,
        Kind::Internal,
        Kind::Unavailable,
    ];
    let v1 = path.starts_with("/v1/");
    if v1 {
        kinds.push(Kind::NotAcceptable);
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
    if changes || conditional {
        kinds.extend([Kind::PreconditionFailed, Kind::PreconditionRequired]);
    }
    if changes || matches!(method, HttpMethod::Post) {
        kinds.extend([Kind::Conflict, Kind::InvalidInput, Kind::PayloadTooLarge, Kind::UnsupportedMediaType]);
    }
    kinds
}

fn described_operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let methods = [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ];
    methods.into_iter().filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// Every operation with its rule. One without a rule is not there, so nobody gets to it.
#[must_use]
pub fn operations() -> Operations {
    let paths = document().paths.paths.iter();
    Operations::new(paths.map(|(template, item)| (template.clone(), operations_of(item))).collect())
}

fn operations_of(item: &PathItem) -> Vec<access::Operation> {
    let methods = [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ];
    let ruled = methods.into_iter().filter_map(|(method, operation)| {
        let operation = operation.as_ref()?;
        let id = operation.operation_id.as_deref()?.into();
        Some(access::Operation { id, method, media_types: media_types(operation), rule: rule_of(operation)? })
    });
    ruled.collect()
}

/// What an operation answers with where all went well.
fn media_types(operation: &Operation) -> Vec<String> {
    let well = operation.responses.responses.iter().filter(|(status, _)| status.starts_with('2'));
    let described =
        well.filter_map(|(_, response)| if let RefOr::T(response) = response { Some(response) } else { None });
    described.flat_map(|response| response.content.keys().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_operation_has_a_rule_and_every_rule_is_of_an_operation() {
        let mut document = document().clone();
        let mut described = std::collections::BTreeSet::new();
        for item in document.paths.paths.values_mut() {
            described.extend(described_operations(item).filter_map(|(_, operation)| operation.operation_id.clone()));
        }
        let ruled: std::collections::BTreeSet<String> =
            access::rules().iter().flat_map(|rule| rule.what.operations()).collect();
        assert_eq!(described.difference(&ruled).collect::<Vec<_>>(), Vec::<&String>::new(), "without a rule");
        assert_eq!(ruled.difference(&described).collect::<Vec<_>>(), Vec::<&String>::new(), "without an operation");
    }

    #[test]
    fn an_address_takes_the_methods_of_its_template() {
        let operations = operations();
        assert_eq!(operations.methods("/v1/results"), [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS]);
        assert!(operations.methods("/v1/results/x").contains(&Method::DELETE));
        assert!(operations.methods("/v2/results").is_empty());
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
            for (_, operation) in described_operations(item) {
                assert!(operation.summary.is_some(), "{:?}", operation.operation_id);
                assert!(ids.insert(operation.operation_id.clone()), "{:?}", operation.operation_id);
            }
        }
    }
}
