//! The rules of access, held against what runs: every operation and every role, and every kind of record.

use duijie::access::{self, Rule};
use duijie::identity::{Role, Scope};
use duijie::openapi;
use serde_json::{Value, json};

use crate::harness::{Client, Service, demand, enterprise, expert, result, send};

/// A caller, and what the table calls it.
struct Who {
    name: &'static str,
    role: Role,
    scopes: &'static [&'static str],
    strong: bool,
}

const EVERYBODY: [Who; 9] = [
    Who { name: "public", role: Role::Public, scopes: &[], strong: false },
    Who { name: "enterprise", role: Role::Enterprise, scopes: &[], strong: false },
    Who { name: "expert", role: Role::Expert, scopes: &[], strong: false },
    Who { name: "a site with every scope", role: Role::Partner, scopes: Scope::WORDS, strong: false },
    Who { name: "a site with one scope", role: Role::Partner, scopes: &["policies:read"], strong: false },
    Who { name: "staff", role: Role::Staff, scopes: &[], strong: false },
    Who { name: "staff with a second factor", role: Role::Staff, scopes: &[], strong: true },
    Who { name: "an admin without a second factor", role: Role::Admin, scopes: &[], strong: false },
    Who { name: "an admin", role: Role::Admin, scopes: &[], strong: true },
];

impl Who {
    /// What the table says of an operation: let through, or refused with this status and problem.
    fn refusal(&self, rule: &Rule) -> Option<(u16, &'static str)> {
        match rule.grant_of(self.role) {
            None if self.role == Role::Public => Some((401, "unauthenticated")),
            None => Some((403, "forbidden")),
            Some(grant) if grant.scope.is_some_and(|scope| !self.scopes.contains(&scope.as_str())) => {
                Some((403, "insufficient-scope"))
            }
            Some(_) if rule.strong && !self.strong => Some((403, "second-factor-required")),
            Some(_) => None,
        }
    }
}

/// A service with one enterprise and one expert, and callers of every kind.
struct Stage {
    service: Service,
    admin: Client,
    firm: String,
    person: String,
}

impl Stage {
    async fn set() -> Self {
        let service = Service::start().await;
        let admin = service.admin().await;
        let firm = admin.create("organisations", &enterprise("五金厂")).await;
        let person = admin.create("experts", &expert(&firm, "陈志远")).await;
        Self { service, admin, firm, person }
    }

    async fn client(&self, who: &Who) -> Client {
        match (who.role, who.strong) {
            (Role::Public, _) => self.service.public(),
            (Role::Enterprise, _) => self.service.enterprise(&self.firm).await,
            (Role::Expert, _) => self.service.expert(&self.person).await,
            (Role::Partner, _) => {
                let name = format!("site-{}", uuid::Uuid::now_v7());
                self.service.partner(&self.admin, &name, who.scopes).await
            }
            (Role::Staff, true) => self.service.strong_staff().await,
            (Role::Staff, false) => self.service.staff().await,
            (Role::Admin, true) => self.service.admin().await,
            (Role::Admin, false) => self.service.weak_admin().await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_lets_through_whom_the_table_names_and_nobody_else() {
    let stage = Stage::set().await;
    let operations = openapi::operations();
    let mut walked = 0;
    for who in &EVERYBODY {
        let mut client = stage.client(who).await;
        for (template, operation) in operations.all() {
            // An id that names nothing: whoever is let through finds nothing, or is told what is wrong with the input.
            let path = template
                .replace("{id}", "01939c5e-0000-7000-8000-000000000000")
                .replace("{secret_id}", "01939c5e-0000-7000-8000-000000000000")
                .replace("{participant_id}", "01939c5e-0000-7000-8000-000000000000")
                .replace("{expert_id}", "01939c5e-0000-7000-8000-000000000000")
                .replace("{visit_id}", "01939c5e-0000-7000-8000-000000000000")
                .replace("{code}", "x")
                .replace("{months}", "6")
                .replace("{file_id}", "01939c5e-0000-7000-8000-000000000000")
                .replace("{slug}", "x");
            let request = client.request(operation.method.as_str(), &path).header("if-match", "\"1\"");
            let answer = send(request.json(&json!({}))).await;
            let told = format!("{} {} {template}: {}", who.name, operation.method, answer.text);
            match who.refusal(operation.rule) {
                Some((status, problem)) => {
                    assert_eq!(answer.status, status, "{told}");
                    answer.problem(status, problem);
                }
                None => assert!(!matches!(answer.status, 401 | 403 | 405 | 500..), "{} {told}", answer.status),
            }
            // Some of what is let through ends the session of whoever walks.
            if operation.method == "DELETE" && answer.status == 204 {
                client = stage.client(who).await;
            }
            walked += 1;
        }
    }
    assert!(walked >= EVERYBODY.len() * 60, "only {walked} calls were made");
}

#[test]
fn the_contract_and_the_document_say_what_the_table_says() {
    let contract = serde_json::to_value(openapi::document()).expect("JSON");
    let operations = openapi::operations();
    for (template, operation) in operations.all() {
        let described = &contract["paths"][template][operation.method.as_str().to_lowercase()];
        let roles: Vec<&str> =
            described["x-access"].as_array().expect("x-access").iter().filter_map(|one| one["role"].as_str()).collect();
        let granted: Vec<&str> = operation.rule.grants.iter().map(|grant| grant.role.as_str()).collect();
        assert_eq!(roles, granted, "{}", operation.id);
        let open = described["security"].as_array().expect("security").contains(&json!({}));
        assert_eq!(open, roles.contains(&"public"), "{}", operation.id);
    }
    let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/access.md")).unwrap_or_default();
    assert!(
        kept == access::as_markdown(),
        "the rules of access have changed: look at the difference, then run\n  cargo run -- access > openapi/access.md"
    );
}

/// Who reads which records by the table, asked one by one.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_record_is_read_and_changed_by_whom_the_table_names() {
    let stage = Stage::set().await;
    let other = stage.admin.create("organisations", &enterprise("玻璃厂")).await;
    let mut records: Vec<(&str, String, Value)> = Vec::new();
    for (owner, whose) in [(&stage.firm, "own"), (&other, "another's")] {
        for level in ["public", "members", "centre_only"] {
            let mut wish = demand(owner, "模具开裂", "冲压模具冲三万次就开裂。");
            wish["confidentiality"] = json!(level);
            let id = stage.admin.create("demands", &wish).await;
            records.push(("demands", id, json!({"level": level, "whose": whose, "by": "enterprise"})));
        }
        for status in ["published", "draft"] {
            let mut work = result(owner, "模具钢热处理", "冲压模具的热处理工艺，寿命提高一倍。");
            work["status"] = json!(status);
            let id = stage.admin.create("results", &work).await;
            let level = if status == "draft" { "centre_only" } else { "public" };
            records.push(("results", id, json!({"level": level, "whose": whose, "by": "enterprise-reads"})));
        }
    }
    let draft = json!({"name": "欧阳明", "organisation_id": other, "categories": ["quality"]});
    records.push(("experts", stage.person.clone(), json!({"level": "public", "whose": "own", "by": "expert"})));
    let id = stage.admin.create("experts", &draft).await;
    records.push(("experts", id, json!({"level": "centre_only", "whose": "another's", "by": "expert"})));
    let policy = json!({"title": "技术改造补助办法", "level": "county", "body": "对购置关键设备的企业给予补助。"});
    let id = stage.admin.create("policies", &policy).await;
    records.push(("policies", id, json!({"level": "centre_only", "whose": "nobody's", "by": "nobody"})));
    for who in &EVERYBODY {
        let client = stage.client(who).await;
        for (plural, id, what) in &records {
            let (level, by) = (what["level"].as_str().unwrap_or_default(), what["by"].as_str().unwrap_or_default());
            let centre = matches!(who.role, Role::Staff | Role::Admin);
            let own = what["whose"] == "own" && by.starts_with(who.role.as_str());
            let member = matches!(who.role, Role::Enterprise | Role::Expert)
                || (who.role == Role::Partner && who.scopes.contains(&"demands:read"));
            let reads = centre || own || level == "public" || (level == "members" && member);
            let lacks_scope = who.role == Role::Partner && !who.scopes.contains(&format!("{plural}:read").as_str());
            let read = client.get(&format!("/v1/{plural}/{id}")).await;
            let told = format!("{} {plural} {what}: {}", who.name, read.text);
            assert_eq!(
                read.status,
                if lacks_scope {
                    403
                } else if reads {
                    200
                } else {
                    404
                },
                "{told}"
            );
            let listed = client.get(&format!("/v1/{plural}?limit=100")).await;
            assert_eq!(listed.ids().contains(id), reads && !lacks_scope, "{told}");
            let changes = centre || (own && by == who.role.as_str());
            let tag = read.header("etag").unwrap_or("\"1\"").to_owned();
            let member_of_patch = if *plural == "experts" { json!({"availability": "周末"}) } else { json!({}) };
            let patch = client.patch(&format!("/v1/{plural}/{id}"), &tag, &member_of_patch).await;
            let told = format!("{} changes {plural} {what}: {}", who.name, patch.text);
            assert_eq!(patch.status == 200, changes, "{told}");
            assert!(changes || matches!(patch.status, 401 | 403 | 404), "{told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_escaped_letter_leads_past_no_gate() {
    let service = Service::start().await;
    for path in ["/v1/%61udit", "/v1/account%73", "/v1/p%61rtners", "/v1/demand%73/x/history"] {
        service.public().get(path).await.problem(401, "unauthenticated");
    }
    for path in ["//v1/audit", "/v1//audit", "/v1/audit/", "/v1/./audit", "/v1/x/../audit", "/v1%2Faudit"] {
        let answer = service.public().get(path).await;
        assert!(matches!(answer.status, 401 | 404), "{path}: {}", answer.text);
    }
}
