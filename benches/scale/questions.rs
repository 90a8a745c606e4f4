//! What is asked: thousands of different demands that are not among the records, and pairs of words.

use std::fmt::Write;

use duijie::demo::{County, Recombination};
use duijie::registry::demands::Demand;
use serde_json::json;

use super::client::{get, post};

/// The records are of another seed.
const SEED: u64 = 7;
const DEMANDS: u32 = 3_000;

/// A text that is asked about, and the request that does.
pub struct Question {
    pub text: String,
    pub request: Vec<u8>,
}

pub struct Questions {
    /// Of 200 to 400 characters, each for 20 explained results.
    pub demands: Vec<Question>,
    /// Two keywords that stand beside each other in a paper, each for 20 results.
    pub words: Vec<Question>,
}

impl Questions {
    pub fn of(county: &County) -> Self {
        let recombination = Recombination::of(county, SEED);
        let demands = recombination.records::<Demand>(0..DEMANDS);
        let demands = demands.map(|record| demand(&record.expect("a demand").fields));
        let keywords = county.results.iter().flat_map(|record| record.fields.keywords.chunks_exact(2));
        let words = keywords.map(|pair| words(&format!("{} {}", &*pair[0], &*pair[1])));
        Self { demands: demands.collect(), words: words.collect() }
    }
}

fn demand(demand: &Demand) -> Question {
    let body = json!({"kind": "result", "title": demand.title, "text": demand.description, "limit": 20});
    let text = format!("{}\n{}", &*demand.title, &*demand.description);
    Question { text, request: post("/v1/matches", None, &body) }
}

fn words(text: &str) -> Question {
    Question { text: text.to_owned(), request: search(text, 20) }
}

/// A search for results.
pub fn search(words: &str, limit: usize) -> Vec<u8> {
    let encoded = words.bytes().fold(String::new(), |mut encoded, byte| {
        let _ = write!(encoded, "%{byte:02X}");
        encoded
    });
    get(&format!("/v1/search?kind=result&limit={limit}&q={encoded}"))
}
