//! Imports whose process is killed, and those from the terminal.

use std::time::Duration;

use serde_json::json;

use super::{counts, import};

use crate::harness::process::{add_user, open_folder, program, serve, sign_in};
use crate::harness::{new_database, rounds};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_goes_on_where_it_was_and_makes_each_record_once() {
    let (folder, database) = (open_folder(), new_database().await);
    assert!(add_user(folder.path(), Some(&database), "officer").status.success());
    let rows = 6000;
    let table = (0..rows)
        .fold("外部编号,name,kind\n".to_owned(), |table, row| table + &format!("F-{row},{row}号厂,企业\n"));
    let mut running = serve(folder.path(), Some(&database));
    let client = sign_in(&running.client, "officer").await;
    let begun = import(&client, "kind=organisation", "text/csv", table).await;
    let path = format!("/v1/imports/{}", begun.expect(201)["id"].as_str().expect("an id"));
    for round in 0..rounds(2, 10) {
        tokio::time::sleep(Duration::from_millis(150 + 100 * round as u64)).await;
        running.kill();
        running = serve(folder.path(), Some(&database));
    }
    let client = sign_in(&running.client, "officer").await;
    let mut done = client.get(&path).await.expect(200).clone();
    for _ in 0..600 {
        if done.get("ended_at").is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        done = client.get(&path).await.expect(200).clone();
    }
    assert_eq!((&done["state"], counts(&done)), (&json!("completed"), [rows, 0, 0, 0]), "{done}");
    let all = client.get("/v1/organisations/export").await;
    assert_eq!(i64::try_from(all.text.lines().count()), Ok(rows));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_brings_in_a_file_and_tells_what_is_wrong() {
    let (folder, database) = (open_folder(), new_database().await);
    assert!(add_user(folder.path(), Some(&database), "officer").status.success());
    let file = folder.path().join("firms.csv");
    std::fs::write(&file, "name,kind\n五金厂,企业\n坏厂,公司\n").expect("a file");
    let file = file.to_str().expect("a path");
    let run = |more: &[&str]| {
        let arguments = [&["import", "organisation", file, "--as", "officer"], more].concat();
        program(folder.path(), Some(&database), &arguments).output().expect("the program runs")
    };
    let dry = run(&["--dry-run"]);
    let said = String::from_utf8_lossy(&dry.stdout).into_owned();
    assert!(!dry.status.success() && said.contains("1 created") && said.contains("3: kind: must be one of"), "{said}");
    let real = String::from_utf8_lossy(&run(&[]).stdout).into_owned();
    assert!(real.starts_with("1 created, 0 changed, 0 unchanged, 1 refused (completed)"), "{real}");
    let again = String::from_utf8_lossy(&run(&[]).stdout).into_owned();
    assert!(again.starts_with("0 created, 0 changed, 1 unchanged, 1 refused"), "{again}");
}
