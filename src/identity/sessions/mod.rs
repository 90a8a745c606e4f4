//! Sessions: from a sign-in until it ends. An access token of ten minutes, and a refresh token that is used once.

pub mod routes;
mod store;

pub use store::{End, begin, end_all, is_familiar, lately_ended};
