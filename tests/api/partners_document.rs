//! The commands of `docs/partners.md` do what it says, as they are printed, against the sample county.

use std::fmt::Write;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use tokio::process::Command;

use crate::harness::process::{demo, open_folder};

/// Printed between the blocks.
const MARK: &str = "==== block";

/// A block of commands, and the lines that the document shows as what they print.
struct Block {
    commands: String,
    shown: Vec<String>,
}

/// The fenced blocks: `sh` is to be run, `text` below is what it prints, with `…` for what differs, and `console` is for
/// another window.
fn blocks(document: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fence: Option<&str> = None;
    for line in document.lines() {
        match (fence, line.strip_prefix("```")) {
            (None, Some(kind)) => {
                fence = Some(kind);
                if kind == "sh" {
                    blocks.push(Block { commands: String::new(), shown: Vec::new() });
                }
            }
            (Some(_), Some(_)) => fence = None,
            (Some("sh"), None) => {
                if let Some(block) = blocks.last_mut() {
                    let _ = writeln!(block.commands, "{line}");
                }
            }
            (Some("text"), None) => blocks.last_mut().expect("commands first").shown.push(line.to_owned()),
            (Some("console") | None, None) => {}
            (Some(kind), None) => panic!("a block of {kind}"),
        }
    }
    blocks
}

/// Are the parts of a shown line in what was printed, one after the other?
fn shows(printed: &str, line: &str) -> bool {
    let mut rest = printed;
    line.split('…').all(|part| {
        let found = rest.find(part);
        rest = found.map_or("", |place| &rest[place + part.len()..]);
        found.is_some()
    })
}

async fn is_there(program: &str) -> bool {
    let version = Command::new(program).arg("--version").output().await;
    version.is_ok_and(|output| output.status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_for_partners_work_as_printed() {
    for program in ["curl", "python3"] {
        if !is_there(program).await {
            eprintln!("{program} is not here: the commands for partners were not tried");
            return;
        }
    }
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/partners.md");
    let document = std::fs::read_to_string(document).expect("the document");
    let blocks = blocks(&document);
    assert!(blocks.len() >= 8, "only {} blocks", blocks.len());
    let county = open_folder();
    let (running, welcome) = demo(county.path());
    // The site that the document speaks of is the one that is printed, and there is something to harvest.
    let id = welcome.split_once("CLIENT_ID=").and_then(|(_, rest)| rest.split_whitespace().next()).expect("an id");
    assert!(document.contains(&format!("CLIENT_ID:-{id}")), "{welcome}");
    let told = async || running.client.get("/sitemaps/experts-1.xml").await.text.matches("<loc>").count();
    for _ in 0..300 {
        if told().await == 315 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut script = String::new();
    for (place, block) in blocks.iter().enumerate() {
        let _ = writeln!(script, "{}\necho '{MARK} {place}'", block.commands);
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("walk.sh"), script).expect("a script");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let walk = Command::new("sh")
        .args(["-eu", "walk.sh"])
        .current_dir(folder.path())
        .env("DUIJIE", running.client.address())
        .env("PORT", free.port().to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .await
        .expect("a shell");
    let (printed, errors) = (String::from_utf8_lossy(&walk.stdout), String::from_utf8_lossy(&walk.stderr));
    let mut rest = &*printed;
    for (place, block) in blocks.iter().enumerate() {
        let end = format!("{MARK} {place}\n");
        let Some((of_block, after)) = rest.split_once(&end) else {
            panic!("block {place} failed:\n{}\n{rest}\n{errors}", block.commands);
        };
        for line in &block.shown {
            assert!(shows(of_block, line), "{line} is not shown by\n{}\n{of_block}", block.commands);
        }
        rest = after;
    }
    assert!(walk.status.success(), "{printed}\n{errors}");
}
