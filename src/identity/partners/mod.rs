//! Partner sites (合作站点): programs of other centres, universities and platforms, as OAuth 2.0 clients (RFC 6749).
//!
//! A site has a name, which stands in the source of its records, scopes, the networks it calls from, and at most two
//! secrets at a time, so that one can be changed while the other works. It is an account of role `partner`.

pub mod routes;
mod store;
pub mod token;

pub use store::accesses;

/// Where sites get their tokens (RFC 6749, 3.2).
pub const TOKEN_ENDPOINT: &str = "/oauth/token";
