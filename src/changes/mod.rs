//! The change feed: every change of the records that a caller may read, for those who keep a copy.
//!
//! A change is a row that the database appends in the change's own transaction. Only rows of transactions older than every one
//! still open are given, in one order, so that a late commit is neither skipped nor told twice. A follower that begins where
//! an export or an earlier page ended, and does what each change says, has what we have.

mod feed;
mod position;
pub mod routes;
mod store;
mod stream;

pub use feed::{Asked, ChangeView, Told, read};
pub use position::Position;
pub use store::{between, now};
