//! The contract: the committed document is what the code says, a common linter finds no error in it, and a fuzzer no answer
//! outside it.

use std::path::{Path, PathBuf};
use std::process::Command;

use duijie::openapi;

use crate::harness::{Service, send};
use crate::outsiders::{assert_done, furnish};

fn committed() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("openapi/duijie.json")
}

#[test]
fn the_committed_document_is_what_the_code_says() {
    let generated = openapi::document().to_pretty_json().expect("JSON");
    let kept = std::fs::read_to_string(committed()).unwrap_or_default();
    assert!(
        kept.trim() == generated.trim(),
        "the contract has changed: look at the difference, then run\n  cargo run -- openapi > openapi/duijie.json"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_shows_the_document_and_readable_pages() {
    let service = Service::start().await;
    let document = service.public().get("/openapi.json").await;
    assert_eq!(document.expect(200)["openapi"], "3.1.0");
    for (path, word) in [
        ("/docs/", "swagger-ui"),
        ("/docs/swagger-initializer.js", "/openapi.json"),
        ("/docs/swagger-ui-bundle.js", "Swagger"),
    ] {
        let page = send(service.public().request("GET", path)).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text.contains(word), "{path}");
    }
    let page = send(service.public().request("GET", "/docs/")).await;
    assert!(
        !page.text.contains("src=\"http") && !page.text.contains("href=\"http"),
        "the pages ask the internet for something"
    );
}

/// Runs only where the linter is: `.ci/run` installs it where npm is.
#[test]
fn a_common_linter_finds_no_error() {
    let Some(linter) = std::env::var_os("DUIJIE_LINTER") else {
        eprintln!("DUIJIE_LINTER is not set: the linter was not run");
        return;
    };
    let output = Command::new(linter)
        .arg("lint")
        .arg(committed())
        .arg("--config")
        .arg(committed().with_file_name("redocly.yaml"))
        .output()
        .expect("the linter runs");
    assert_done(&output);
}

/// Schemathesis tries what fits the contract and what does not, on every operation and with every check, in some of its
/// phases. Runs only where it is: `.ci/run` installs it where Python is.
async fn fuzz(phases: &str) {
    let Some(program) = std::env::var_os("DUIJIE_SCHEMATHESIS") else {
        eprintln!("DUIJIE_SCHEMATHESIS is not set: the contract was not tried by a fuzzer");
        return;
    };
    let service = Service::start().await;
    let admin = service.admin().await;
    furnish(&service, &admin).await;
    let output = tokio::process::Command::new(program)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .env("DUIJIE_TOKEN_TO_END", service.staff().await.token())
        .env("DUIJIE_TOKEN_TO_END_EVERYWHERE", service.staff().await.token())
        .env("DUIJIE_TOKEN_TO_WEAKEN", service.strong_staff().await.token())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["--config-file", "openapi/schemathesis.toml", "--no-color", "run"])
        .args(["--checks", "all", "--seed", "1", "--max-examples", "5", "--phases", phases])
        .arg("--header")
        .arg(format!("Authorization: Bearer {}", admin.token()))
        .arg(format!("{}/openapi.json", service.address))
        .output()
        .await
        .expect("the fuzzer runs");
    assert_done(&output);
    // Had it lost its token on the way, the rest would have been tried as the public.
    admin.get("/v1/results").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fuzzer_finds_no_answer_outside_it_by_examples_and_at_random() {
    fuzz("examples,fuzzing,stateful").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fuzzer_finds_no_answer_outside_it_at_the_limits_of_every_value() {
    fuzz("coverage").await;
}
