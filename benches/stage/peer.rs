//! PostgreSQL full text search over the words of results: what a team would otherwise take.
//!
//! A `tsvector` of the words of each field, as the engine cuts them, weighted by field, under a GIN index; any of the
//! wanted words, ordered by `ts_rank_cd`, the best 20 with title and summary. Asked by a prepared statement, without any
//! HTTP, and planned for the words at hand.

use duijie::matching::text::words;
use duijie::registry::Record;
use duijie::registry::results::ResearchResult;
use serde_json::Value;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls, Statement};

/// Records a statement.
const BATCH: usize = 500;
/// It need not outlive a crash.
const TABLE: &str = "SET plan_cache_mode = force_custom_plan;
                     CREATE UNLOGGED TABLE peer (id uuid PRIMARY KEY, words tsvector NOT NULL)";
const INSERT: &str = "INSERT INTO peer SELECT id::uuid, setweight(to_tsvector('simple', title), 'A')
                          || setweight(to_tsvector('simple', keywords), 'B') || setweight(to_tsvector('simple', body), 'D')
                      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS given (id, title, keywords, body)";
const INDEX: &str = "SET maintenance_work_mem = '1GB'; CREATE INDEX ON peer USING gin (words); ANALYZE";
const SEARCH: &str = "SELECT id::text, title, summary, ts_rank_cd(peer.words, wanted) AS rank
                      FROM to_tsquery('simple', $1) wanted, peer JOIN results USING (id)
                      WHERE peer.words @@ wanted ORDER BY rank DESC LIMIT 20";

/// A connection of the benchmark's own.
pub async fn connected(url: &str) -> Client {
    let (sql, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    sql
}

/// A table of words beside the results of a database, on one connection.
pub struct Peer {
    sql: Client,
    insert: Statement,
    search: Statement,
}

impl Peer {
    /// An empty one.
    pub async fn begin(url: &str) -> Self {
        let sql = connected(url).await;
        sql.batch_execute(TABLE).await.expect("a table");
        let insert = sql.prepare(INSERT).await.expect("a statement");
        let search = sql.prepare_typed(SEARCH, &[Type::TEXT]).await.expect("a statement");
        Self { sql, insert, search }
    }

    /// Takes results in.
    pub async fn fill(&self, results: &[Record<ResearchResult>]) {
        for batch in results.chunks(BATCH) {
            let ids: Vec<String> = batch.iter().map(|record| record.stamp.id.to_string()).collect();
            let titles: Vec<String> = batch.iter().map(|record| spaced([&*record.fields.title])).collect();
            let keywords = batch.iter().map(|record| spaced(record.fields.keywords.iter().map(|word| &**word)));
            let keywords: Vec<String> = keywords.collect();
            let bodies: Vec<String> = batch.iter().map(|record| spaced([&*record.fields.summary])).collect();
            self.sql.execute(&self.insert, &[&ids, &titles, &keywords, &bodies]).await.expect("rows");
        }
    }

    /// Makes it ready to be asked.
    pub async fn index(&self) {
        self.sql.batch_execute(INDEX).await.expect("an index");
    }

    /// Looks for any of these words, which are those of [`looked_for`] or [`any_of`].
    pub async fn search(&self, wanted: &str) {
        let rows = self.sql.query(&self.search, &[&wanted]).await.expect("rows");
        assert!(!rows.is_empty(), "the words are found");
    }
}

/// The terms that the engine looked for, of an answer with matches, as the peer is asked for them.
pub fn looked_for(answer: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(answer).expect("JSON");
    let terms = answer["items"][0]["explanation"]["looked_for"].as_array().cloned().unwrap_or_default();
    any_of(terms.iter().filter_map(Value::as_str))
}

/// What the peer is asked to find any of these words.
pub fn any_of<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let quoted = words.into_iter().map(|word| format!("'{}'", word.replace('\'', "''")));
    quoted.collect::<Vec<_>>().join(" | ")
}

/// The words of texts as the engine cuts them, with blanks between.
pub fn spaced<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let words = texts.into_iter().flat_map(words).map(|word| word.text);
    words.collect::<Vec<_>>().join(" ")
}
