//! From text to words: NFKC, lower case, Traditional as Simplified, words by jieba, English stemmed, model names and
//! quantities kept whole.

mod normal;
mod pinyin;
mod segment;
mod stop;

pub(super) use normal::folded_to_one;
pub use normal::{Normal, in_simplified, simplified};
pub use pinyin::name_terms;
pub use segment::{Word, frequency, is_han, is_term, latin_words, stem, telling, words};
