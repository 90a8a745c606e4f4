//! Requests sent one after another, on one connection or many, and how long each took.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::client::Connection;
use super::questions::Question;

/// Connections begin so many questions apart.
const APART: usize = 997;

/// Times of calls.
pub struct Times {
    /// In order, in seconds.
    each: Vec<f64>,
    all: Duration,
}

impl Times {
    pub fn of(mut each: Vec<f64>, all: Duration) -> Self {
        assert!(!each.is_empty(), "something was measured");
        each.sort_by(f64::total_cmp);
        Self { each, all }
    }

    pub fn count(&self) -> usize {
        self.each.len()
    }

    pub fn per_second(&self) -> f64 {
        self.each.len() as f64 / self.all.as_secs_f64()
    }

    /// Milliseconds that so many hundredths of the calls did not exceed.
    pub fn p(&self, hundredths: usize) -> f64 {
        self.each[(self.each.len() - 1) * hundredths / 100] * 1e3
    }
}

/// Takes turns over the questions for so long, on each of so many connections.
pub fn load(address: SocketAddr, questions: &[Question], connections: usize, lasting: Duration) -> Times {
    let started = Instant::now();
    side_by_side(connections, |place| ask(address, questions.iter().cycle().skip(place * APART), started, lasting))
}

/// The times of what is called on so many threads at once, each of which knows its place.
fn side_by_side(threads: usize, calls: impl Fn(usize) -> Vec<f64> + Sync) -> Times {
    let (calls, started) = (&calls, Instant::now());
    let each = thread::scope(|scope| {
        let calling: Vec<_> = (0..threads).map(|place| scope.spawn(move || calls(place))).collect();
        calling.into_iter().flat_map(|thread| thread.join().expect("answers")).collect()
    });
    Times::of(each, started.elapsed())
}

/// Seconds that a call took.
fn timed(call: impl FnOnce()) -> f64 {
    let asked = Instant::now();
    call();
    asked.elapsed().as_secs_f64()
}

fn ask<'q>(
    address: SocketAddr,
    questions: impl Iterator<Item = &'q Question>,
    started: Instant,
    lasting: Duration,
) -> Vec<f64> {
    let mut connection = Connection::open(address).expect("a connection");
    let mut times = Vec::new();
    for question in questions.take_while(|_| started.elapsed() < lasting) {
        let asked = Instant::now();
        let (status, _) = connection.call(&question.request).expect("an answer");
        times.push(asked.elapsed().as_secs_f64());
        assert_eq!(status, 200);
    }
    times
}

/// Calls something for each question, on so many threads at once.
pub fn at_once<Q: Sync>(questions: &[Q], threads: usize, call: impl Fn(&Q) + Sync) -> Times {
    side_by_side(threads, |place| {
        questions.iter().skip(place).step_by(threads).map(|question| timed(|| call(question))).collect()
    })
}

/// Calls something for each question, no longer than a while and at least once.
pub fn one_by_one<Q>(questions: &[Q], longest: Duration, call: impl Fn(&Q)) -> Times {
    let started = Instant::now();
    let mut each = Vec::new();
    for question in questions {
        each.push(timed(|| call(question)));
        if started.elapsed() > longest {
            break;
        }
    }
    Times::of(each, started.elapsed())
}
