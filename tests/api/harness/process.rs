//! The program itself, as a process of its own that can be killed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::json;

use super::{Client, PASSWORD};

/// A folder that the server's account can pass through.
pub fn open_folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("permissions");
    folder
}

/// A call of the program with a data folder, and with a database unless it is to run its own.
pub fn program(folder: &Path, database: Option<&str>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duijie"));
    command.args(arguments).env("DUIJIE_DATA", folder).env("DUIJIE_RATE", u32::MAX.to_string());
    // Tests of meaning are few: the unoptimised program takes its time over it.
    command.env("DUIJIE_NO_MEANING", "1");
    command.env_remove("DATABASE_URL").env_remove("RUST_BACKTRACE");
    command.envs(database.map(|url| ("DATABASE_URL", url)));
    command
}

/// A started program and its address, read from its log. It is killed when this is dropped.
pub struct Running {
    pub child: Child,
    pub client: Client,
}

impl Running {
    /// Ends it at once, whatever it does.
    pub fn kill(&mut self) {
        self.child.kill().expect("a kill");
        self.child.wait().expect("an end");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended by itself cannot be killed, nor need it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the service and waits until it serves.
pub fn serve(folder: &Path, database: Option<&str>) -> Running {
    serve_with(folder, database, &[])
}

/// The same with more options.
pub fn serve_with(folder: &Path, database: Option<&str>, options: &[&str]) -> Running {
    let arguments = [&["serve", "--listen", "127.0.0.1:0"], options].concat();
    let mut child = program(folder, database, &arguments).stderr(Stdio::piped()).spawn().expect("a start");
    let log = BufReader::new(child.stderr.take().expect("a log"));
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in log.lines().map_while(Result::ok) {
            let entry: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = entry["address"].as_str() {
                let _ = sender.send(format!("http://{address}"));
            }
        }
    });
    let address = receiver.recv_timeout(Duration::from_mins(1)).expect("it serves within a minute");
    Running { child, client: Client::new(&address) }
}

/// Starts the sample county and waits until it serves; what it prints before.
pub fn demo(folder: &Path) -> (Running, String) {
    let arguments = ["demo", "--listen", "127.0.0.1:0", "--webhook-loopback"];
    let mut child = program(folder, None, &arguments).stdout(Stdio::piped()).spawn().expect("a start");
    let printed = BufReader::new(child.stdout.take().expect("what it prints"));
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || printed.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
    let mut welcome = String::new();
    while !welcome.contains("Ctrl-C") {
        welcome.push_str(&receiver.recv_timeout(Duration::from_mins(2)).expect("it is ready within minutes"));
        welcome.push('\n');
    }
    let pages = welcome.lines().find_map(|line| line.split_once("API pages:")).expect("an address").1;
    let client = Client::new(pages.trim().trim_end_matches("/docs/"));
    (Running { child, client }, welcome)
}

/// Makes an account of the staff.
pub fn add_user(folder: &Path, database: Option<&str>, login: &str) -> Output {
    let mut adding = program(folder, database, &["users", "add", login]);
    let mut child =
        adding.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a start");
    child.stdin.take().expect("a pipe").write_all(format!("{PASSWORD}\n").as_bytes()).expect("a password");
    child.wait_with_output().expect("an end")
}

pub async fn sign_in(client: &Client, login: &str) -> Client {
    let session = client.post("/v1/sessions", &json!({"login": login, "password": PASSWORD})).await;
    client.clone().with_token(session.expect(201)["access_token"].as_str().expect("a token").to_owned())
}
