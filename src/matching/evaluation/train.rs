//! Learning the model: from words that are known to mean a record, and from pairs that people judged.
