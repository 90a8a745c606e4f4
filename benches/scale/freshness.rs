//! Results written all the time, and how soon each is found.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use duijie::demo::{County, Recombination};
use duijie::registry::Record;
use duijie::registry::results::ResearchResult;
use serde_json::{Value, json};

use super::client::{Connection, post};
use super::load::{Times, load};
use super::questions::{Question, search};

/// The records that are there, and the questions, are of other seeds.
const SEED: u64 = 99;
const WRITES: u32 = 2_000;
/// Between two writes.
const EVERY: Duration = Duration::from_millis(10);
/// One of so many writes is looked for.
const LOOKED_FOR: u32 = 10;
/// Between two looks. Each is a search, and few of them are enough: they must not be a load of their own.
const PAUSE: Duration = Duration::from_millis(20);

/// Who writes.
pub const LOGIN: &str = "writer";
pub const PASSWORD: &str = "correct horse battery";

pub struct Freshness {
    /// Of the writes.
    pub writes: Times,
    /// From the answer to a write until a search found it.
    pub found: Times,
    /// Of searches on one connection, without writes and with them.
    pub before: Times,
    pub during: Times,
}

/// A word that was written, and when.
type Written = (String, Instant);

impl Freshness {
    pub fn of(address: SocketAddr, county: &County, questions: &[Question]) -> Self {
        let lasting = EVERY * WRITES;
        let bodies = bodies(county);
        let mut connection = Connection::open(address).expect("a connection");
        let token = sign_in(&mut connection);
        let before = load(address, questions, 1, lasting);
        let (sender, receiver) = channel();
        thread::scope(|scope| {
            let writing = scope.spawn(|| write(&mut connection, &token, &bodies, sender));
            let finding = scope.spawn(|| find(address, receiver));
            let during = load(address, questions, 1, lasting);
            let (writes, found) = (writing.join().expect("writes"), finding.join().expect("words"));
            Self { writes, found, before, during }
        })
    }
}

fn sign_in(connection: &mut Connection) -> String {
    let request = post("/v1/sessions", None, &json!({"login": LOGIN, "password": PASSWORD}));
    let (status, answer) = connection.call(&request).expect("an answer");
    assert_eq!(status, 201);
    let session: Value = serde_json::from_slice(answer).expect("JSON");
    session["access_token"].as_str().expect("a token").to_owned()
}

/// Results, each with a word in its title that no other has.
fn bodies(county: &County) -> Vec<(String, Value)> {
    let recombination = Recombination::of(county, SEED);
    let results = recombination.records::<ResearchResult>(0..WRITES).zip(0..);
    let body = |(record, number): (anyhow::Result<Record<ResearchResult>>, u32)| {
        let (word, fields) = (format!("zq{number}x"), record.expect("a result").fields);
        let title: String = fields.title.chars().take(100).collect();
        let mut body = serde_json::to_value(&fields).expect("JSON");
        body["title"] = format!("{title} {word}").into();
        body["status"] = "published".into();
        (word, body)
    };
    results.map(body).collect()
}

/// Writes in time, or as soon as it can.
fn write(connection: &mut Connection, token: &str, bodies: &[(String, Value)], written: Sender<Written>) -> Times {
    let started = Instant::now();
    let mut each = Vec::new();
    for ((word, body), number) in bodies.iter().zip(0..) {
        sleep((EVERY * number).saturating_sub(started.elapsed()));
        let asked = Instant::now();
        let (status, _) = connection.call(&post("/v1/results", Some(token), body)).expect("an answer");
        each.push(asked.elapsed().as_secs_f64());
        assert_eq!(status, 201);
        if number % LOOKED_FOR == 0 {
            written.send((word.clone(), Instant::now())).expect("a finder");
        }
    }
    drop(written);
    Times::of(each, started.elapsed())
}

/// Looks for what was written until it has found all of it.
fn find(address: SocketAddr, written: Receiver<Written>) -> Times {
    let started = Instant::now();
    let mut connection = Connection::open(address).expect("a connection");
    let (mut each, mut missing): (_, Vec<Written>) = (Vec::new(), Vec::new());
    loop {
        match written.try_recv() {
            Ok(next) => missing.push(next),
            Err(TryRecvError::Disconnected) if missing.is_empty() => return Times::of(each, started.elapsed()),
            Err(_) => sleep(PAUSE),
        }
        missing.retain(|(word, since)| {
            let is_found = is_found(word, &mut connection);
            if is_found {
                each.push(since.elapsed().as_secs_f64());
            }
            !is_found
        });
    }
}

fn is_found(word: &str, connection: &mut Connection) -> bool {
    let (status, answer) = connection.call(&search(word, 1)).expect("an answer");
    assert_eq!(status, 200);
    let answer: Value = serde_json::from_slice(answer).expect("JSON");
    answer["total"] == 1
}
