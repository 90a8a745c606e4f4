//! A plain tantivy index of the same words: one field of title, keywords and summary, and the id of each record.

use std::collections::HashSet;
use std::ops::Range;
use std::thread;

use duijie::demo::Recombination;
use duijie::matching::text::words;
use duijie::registry::Record;
use duijie::registry::results::ResearchResult;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, STORED, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexWriter, Searcher, TantivyDocument, Term};
use tempfile::TempDir;

use super::peer::spaced;

const THREADS: usize = 2;
const WRITER_BYTES: usize = 256_000_000;

pub struct Plain {
    searcher: Searcher,
    text: Field,
    _folder: TempDir,
}

impl Plain {
    /// With so many results.
    pub fn of(recombination: &Recombination<'_>, results: u32) -> Self {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default().set_tokenizer("whitespace");
        let indexing = indexing.set_index_option(IndexRecordOption::WithFreqs);
        let text = schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
        let id = schema.add_bytes_field("id", STORED);
        let folder = tempfile::tempdir().expect("a folder");
        let index = Index::create_in_dir(folder.path(), schema.build()).expect("an index");
        let mut writer = index.writer_with_num_threads(THREADS, WRITER_BYTES).expect("a writer");
        let (first, second) = (0..results / 2, results / 2..results);
        thread::scope(|scope| {
            for numbers in [first, second] {
                scope.spawn(|| fill(&writer, (text, id), recombination, numbers));
            }
        });
        writer.commit().expect("a commit");
        writer.wait_merging_threads().expect("an end");
        let searcher = index.reader().expect("a reader").searcher();
        Self { searcher, text, _folder: folder }
    }

    /// The ids of the best 20 that have any of the words of a text.
    pub fn search(&self, text: &str) -> Vec<TantivyDocument> {
        let words: HashSet<String> = words(text).into_iter().map(|word| word.text).collect();
        let any = words.into_iter().map(|word| {
            let term = Term::from_field_text(self.text, &word);
            let query: Box<dyn Query> = Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
            (Occur::Should, query)
        });
        let best = TopDocs::with_limit(20).order_by_score();
        let found = self.searcher.search(&BooleanQuery::new(any.collect()), &best).expect("results");
        found.into_iter().map(|(_, place)| self.searcher.doc(place).expect("an id")).collect()
    }
}

fn fill(writer: &IndexWriter, (text, id): (Field, Field), recombination: &Recombination<'_>, numbers: Range<u32>) {
    for record in recombination.records::<ResearchResult>(numbers) {
        let Record { stamp, fields } = record.expect("a result");
        let keywords = fields.keywords.iter().map(|word| &**word);
        let mut document = TantivyDocument::new();
        document.add_text(text, spaced([&*fields.title, &*fields.summary].into_iter().chain(keywords)));
        document.add_bytes(id, stamp.id.as_bytes());
        writer.add_document(document).expect("a record");
    }
}
