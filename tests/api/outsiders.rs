//! Programs that nobody here wrote, set upon the service. Each runs only where a variable names it: `.ci/run` installs
//! them where Python is.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::json;
use tokio::process::Command;

use crate::harness::{Client, Service, demand, enterprise, expert, result};

/// One record of each kind, so that there is something to read, to change and to match.
pub async fn furnish(service: &Service, staff: &Client) {
    let firm = staff.create("organisations", &enterprise("铸造厂")).await;
    let person = staff.create("experts", &expert(&firm, "陈志远")).await;
    let summary = "冷铁与发热冒口配合，热节处不再缩松。";
    staff.create("results", &result(&firm, "球墨铸铁件缩松缺陷的控制方法", summary)).await;
    let demand = demand(&firm, "球铁件热节处总有缩松", "阀体热节处加工后露出缩松。");
    let demand = staff.create_findable("demands", &demand).await;
    staff.create("dockings", &json!({"demand_id": demand, "expert_id": person})).await;
    let case = json!({"kind": "invention", "title": "球墨铸铁件热节的冷铁布置方法", "applicant_ids": [firm],
                      "inventors": [{"name": "陈志远", "nationality": "CN"}]});
    staff.create("patent-cases", &case).await;
    let policy = json!({"title": "技术改造措施", "level": "county", "body": "对购置关键设备的企业给予补助。"});
    staff.create("policies", &policy).await;
    staff.create("partners", &json!({"name": "市平台", "scopes": ["results:read"]})).await;
    staff.create("invitations", &json!({"role": "enterprise", "organisation_id": firm})).await;
    service.enterprise(&firm).await;
}

#[track_caller]
pub fn assert_done(output: &Output) {
    let (report, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{report}\n{errors}", output.status);
}

/// Authlib gets a token as a partner site does, by both ways of showing the secret, and reads; `PyJWT` verifies the token
/// by the published keys alone.
#[tokio::test(flavor = "multi_thread")]
async fn an_oauth_client_and_a_verifier_of_tokens_get_along_with_the_service() {
    let Some(python) = std::env::var_os("DUIJIE_PYTHON") else {
        eprintln!("DUIJIE_PYTHON is not set: no client of others was tried");
        return;
    };
    let service = Service::start_as_issuer().await;
    let admin = service.admin().await;
    furnish(&service, &admin).await;
    let partner = json!({"name": "省平台", "scopes": ["results:read", "matches:read"]});
    let id = admin.create("partners", &partner).await;
    let secret = admin.post(&format!("/v1/partners/{id}/secrets"), &json!({})).await;
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/outsiders/partner.py"))
        .args([&service.address, &id])
        .env("CLIENT_SECRET", secret.expect(201)["client_secret"].as_str().expect("a secret"))
        // The service under test speaks plain HTTP.
        .env("AUTHLIB_INSECURE_TRANSPORT", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .expect("the client runs");
    assert_done(&output);
}

/// `ir_measures` reads the run and the judgments, and finds what `duijie evaluate` says of them.
#[tokio::test]
async fn another_program_measures_the_same() {
    let Some(python) = std::env::var_os("DUIJIE_PYTHON") else {
        eprintln!("DUIJIE_PYTHON is not set: the measures were not held against those of others");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let (run, qrels) = (folder.path().join("run"), folder.path().join("qrels"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let judgments = std::fs::read_to_string(root.join("evaluation/demands.qrels")).expect("judgments");
    let of_results: Vec<&str> = judgments.lines().filter(|line| line.contains(" csl-")).collect();
    std::fs::write(&qrels, of_results.join("\n")).expect("judgments written");
    let evaluate = Command::new(env!("CARGO_BIN_EXE_duijie"))
        .current_dir(root)
        .args(["evaluate", "--no-meaning", "samples/demands.jsonl"])
        .args([qrels.as_os_str(), "--run".as_ref(), run.as_os_str()])
        .output()
        .await
        .expect("evaluate runs");
    assert_done(&evaluate);
    let ours = String::from_utf8(evaluate.stdout).expect("text");
    let theirs = Command::new(python)
        .arg(root.join("tests/api/outsiders/measures.py"))
        .args([qrels, run])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .expect("the measures run");
    assert_done(&theirs);
    let theirs = String::from_utf8(theirs.stdout).expect("text");
    let lines = theirs.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let measures: Vec<_> = lines.collect();
    assert_eq!(measures.len(), 4, "{theirs}");
    for measure in measures {
        let there = |line: &str| line.split_whitespace().collect::<Vec<_>>().starts_with(&measure);
        assert!(ours.lines().any(there), "{measure:?} is not in\n{ours}");
    }
}

/// A service with an enterprise and a partner site, and the site's id and secret.
async fn service_with_site() -> (Service, String, String) {
    let service = Service::start_as_issuer().await;
    let admin = service.admin().await;
    admin.create("organisations", &enterprise("铸造厂")).await;
    let scopes = ["results:read", "results:write", "organisations:read", "matches:read", "changes:read"];
    let id = admin.create("partners", &json!({"name": "省平台", "scopes": scopes})).await;
    let secret = admin.post(&format!("/v1/partners/{id}/secrets"), &json!({})).await;
    let secret = secret.expect(201)["client_secret"].as_str().expect("a secret").to_owned();
    (service, id, secret)
}

/// A program of the tests, or the contract.
fn of_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What `openapi-typescript` makes of the contract fits a strict compiler, and does the main job of a site.
#[tokio::test(flavor = "multi_thread")]
async fn a_generated_typescript_client_does_the_main_job() {
    let Some(tools) = std::env::var_os("DUIJIE_TYPESCRIPT").map(PathBuf::from) else {
        eprintln!("DUIJIE_TYPESCRIPT is not set: no TypeScript client was generated");
        return;
    };
    // Below the modules, where node looks for them.
    let folder = tempfile::tempdir_in(&tools).expect("a folder");
    let tool = |name: &str| {
        let mut command = Command::new(tools.join("node_modules/.bin").join(name));
        command.current_dir(folder.path());
        command
    };
    let mut generate = tool("openapi-typescript");
    generate.arg(of_repository("openapi/duijie.json")).args(["--output", "duijie.d.ts"]);
    assert_done(&generate.output().await.expect("the generator runs"));
    std::fs::copy(of_repository("tests/api/outsiders/client.ts"), folder.path().join("client.ts")).expect("a copy");
    let mut compile = tool("tsc");
    compile.args(["--strict", "--noUncheckedIndexedAccess", "--target", "es2022", "--module", "nodenext"]);
    compile.args(["--types", "node", "client.ts"]);
    assert_done(&compile.output().await.expect("the compiler runs"));
    let (service, id, secret) = service_with_site().await;
    let mut run = Command::new("node");
    run.arg(folder.path().join("client.js")).args([&service.address, &id]).env("CLIENT_SECRET", secret);
    assert_done(&run.output().await.expect("the client runs"));
}

/// What `openapi-python-client` makes of the contract, with nothing left out, fits a strict type checker, and does the main
/// job of a site.
#[tokio::test(flavor = "multi_thread")]
async fn a_generated_python_client_does_the_main_job() {
    let Some(python) = std::env::var_os("DUIJIE_PYTHON") else {
        eprintln!("DUIJIE_PYTHON is not set: no Python client was generated");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let call = |arguments: &[&str]| {
        let mut command = Command::new(&python);
        command.current_dir(folder.path()).args(arguments);
        command
    };
    let mut generate = call(&["-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none"]);
    generate.args(["--output-path", "duijie_client", "--path"]).arg(of_repository("openapi/duijie.json"));
    generate.arg("--config").arg(of_repository("tests/api/outsiders/client.yaml"));
    assert_done(&generate.output().await.expect("the generator runs"));
    assert_done(&call(&["-m", "compileall", "-q", "duijie_client"]).output().await.expect("the compiler runs"));
    std::fs::copy(of_repository("tests/api/outsiders/client.py"), folder.path().join("client.py")).expect("a copy");
    let check = call(&["-m", "mypy", "--strict", "duijie_client", "client.py"]).output().await;
    assert_done(&check.expect("the type checker runs"));
    let (service, id, secret) = service_with_site().await;
    let run = call(&["client.py", &service.address, &id]).env("CLIENT_SECRET", secret).output().await;
    assert_done(&run.expect("the client runs"));
}
