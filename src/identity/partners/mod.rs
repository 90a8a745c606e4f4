//! Partner sites (合作站点): programs of other centres, universities and platforms, as OAuth 2.0 clients (RFC 6749).
//!
//! A site has a name, which stands in the source of its records, scopes, the networks it calls from, and at most two
//! secrets at a time, so that one can be changed while the other works. It is an account of role `partner`.

pub mod routes;
mod store;
pub mod token;

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use super::Scope;
use super::secret::hash;

pub use store::accesses;

/// Where sites get their tokens (RFC 6749, 3.2).
pub const TOKEN_ENDPOINT: &str = "/oauth/token";

/// Makes a site with every scope and a secret that is known already, unless it is there: that of the samples.
///
/// # Errors
/// What the database says: a name that is taken.
pub async fn add(id: Uuid, name: &str, secret: &str, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    if store::find(id, connection).await?.is_some() {
        return Ok(());
    }
    let scopes: Vec<Scope> = Scope::WORDS.iter().filter_map(|word| Scope::parse(word).ok()).collect();
    let terms = store::Terms { scopes: &scopes, networks: Vec::new(), disabled: false };
    store::create(id, name, &terms, connection).await?;
    store::add_secret(id, Uuid::now_v7(), &hash(secret), connection).await.map(drop)
}
