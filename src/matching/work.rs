//! Work beside the requests: what can stop it. Each kind of it tries again.

use super::IndexError;
use crate::database::DatabaseError;

#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the database refused: {0}")]
    Query(#[from] diesel::result::Error),
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error("work in the background stopped: {0}")]
    Background(#[from] std::io::Error),
}
