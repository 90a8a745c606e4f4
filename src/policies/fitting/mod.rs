//! Which clauses fit a firm, and why, and what it still lacks for others.

pub mod routes;
mod store;
mod why;
