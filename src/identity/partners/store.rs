//! SQL of partner sites and their secrets.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ipnet::IpNet;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::database::schema::{partner_secrets, partners, users};
use crate::identity::tokens::PartnerAccess;
use crate::identity::{Role, Scope};

/// A site as it is kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = partners)]
pub struct Partner {
    pub id: Uuid,
    pub version: i64,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub networks: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    /// Of its account.
    #[diesel(select_expression = users::disabled_at)]
    pub disabled_at: Option<DateTime<Utc>>,
}

/// A secret, without the secret itself.
#[derive(Clone, Debug, Serialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = partner_secrets)]
pub struct PartnerSecret {
    pub id: Uuid,
    #[serde(skip)]
    pub partner_id: Uuid,
    pub created_at: DateTime<Utc>,
    /// When a token was last given for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What a site is made with, and what can be changed but its name.
pub struct Terms<'a> {
    pub scopes: &'a [Scope],
    pub networks: Vec<String>,
    pub disabled: bool,
}

/// Makes a site and its account.
///
/// # Errors
/// What the database says: a name that is taken.
pub async fn create(id: Uuid, name: &str, terms: &Terms<'_>, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let account = (
        users::id.eq(id),
        users::login.eq(format!("partner-{}", id.simple())),
        users::role.eq(Role::Partner),
        users::disabled_at.eq(terms.disabled.then(Utc::now)),
    );
    diesel::insert_into(users::table).values(account).execute(connection).await?;
    let site = (
        partners::id.eq(id),
        partners::name.eq(name),
        partners::scopes.eq(terms.scopes),
        partners::networks.eq(&terms.networks),
    );
    diesel::insert_into(partners::table).values(site).execute(connection).await.map(drop)
}

/// Changes a site; false if it is no longer the version that was read.
///
/// # Errors
/// What the database says.
pub async fn replace(partner: &Partner, terms: &Terms<'_>, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let read = partners::table.find(partner.id).filter(partners::version.eq(partner.version));
    let change = (
        partners::version.eq(partners::version + 1),
        partners::scopes.eq(terms.scopes),
        partners::networks.eq(&terms.networks),
    );
    if diesel::update(read).set(change).execute(connection).await? == 0 {
        return Ok(false);
    }
    let disabled = terms.disabled.then(|| partner.disabled_at.unwrap_or_else(Utc::now));
    let account = diesel::update(users::table.find(partner.id)).set(users::disabled_at.eq(disabled));
    account.execute(connection).await.map(|_| true)
}

/// A site.
///
/// # Errors
/// What the database says.
pub async fn find(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<Partner>> {
    let found = partners::table.inner_join(users::table).filter(partners::id.eq(id));
    found.select(Partner::as_select()).first(connection).await.optional()
}

/// One page of sites, newest first.
///
/// # Errors
/// What the database says.
pub async fn page(after: Option<Uuid>, limit: i64, connection: &mut AsyncPgConnection) -> QueryResult<Vec<Partner>> {
    let mut query = partners::table.inner_join(users::table).into_boxed();
    if let Some(after) = after {
        query = query.filter(partners::id.lt(after));
    }
    query.order(partners::id.desc()).limit(limit).select(Partner::as_select()).load(connection).await
}

/// The secrets of sites that are good, oldest first.
///
/// # Errors
/// What the database says.
pub async fn secrets(sites: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<Vec<PartnerSecret>> {
    let good = partner_secrets::table.filter(partner_secrets::partner_id.eq_any(sites));
    let good = good.filter(partner_secrets::revoked_at.is_null()).order(partner_secrets::id);
    good.select(PartnerSecret::as_select()).load(connection).await
}

/// Makes a secret; false if the site has two.
///
/// # Errors
/// What the database says.
pub async fn add_secret(site: Uuid, id: Uuid, hash: &[u8], connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    // Of two that are made at once the second waits here and then sees the first.
    partners::table.find(site).select(partners::id).for_update().first::<Uuid>(connection).await?;
    let good = partner_secrets::table.filter(partner_secrets::partner_id.eq(site));
    let good = good.filter(partner_secrets::revoked_at.is_null()).select(partner_secrets::slot);
    let taken: Vec<i16> = good.load(connection).await?;
    let Some(slot) = [1_i16, 2].into_iter().find(|slot| !taken.contains(slot)) else { return Ok(false) };
    let row = (
        partner_secrets::id.eq(id),
        partner_secrets::partner_id.eq(site),
        partner_secrets::slot.eq(slot),
        partner_secrets::hash.eq(hash),
    );
    diesel::insert_into(partner_secrets::table).values(row).execute(connection).await.map(|_| true)
}

/// Makes a secret good no more; false if there is no such.
///
/// # Errors
/// What the database says.
pub async fn revoke_secret(site: Uuid, id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let good = partner_secrets::table.find(id).filter(partner_secrets::partner_id.eq(site));
    let good = good.filter(partner_secrets::revoked_at.is_null());
    let revoked = diesel::update(good).set(partner_secrets::revoked_at.eq(Utc::now())).execute(connection).await?;
    Ok(revoked == 1)
}

/// The site of an id and a secret, and which of its secrets that is; none if the site is disabled. Notes that both were
/// used.
///
/// # Errors
/// What the database says.
pub async fn authenticate(
    site: Uuid,
    hash: &[u8],
    connection: &mut AsyncPgConnection,
) -> QueryResult<Option<(Partner, Uuid)>> {
    let good = partner_secrets::table
        .inner_join(partners::table.inner_join(users::table))
        .filter(partner_secrets::partner_id.eq(site))
        .filter(partner_secrets::hash.eq(hash))
        .filter(partner_secrets::revoked_at.is_null())
        .filter(users::disabled_at.is_null());
    let found: Option<(Partner, Uuid)> =
        good.select((Partner::as_select(), partner_secrets::id)).first(connection).await.optional()?;
    let Some((partner, secret)) = found else { return Ok(None) };
    let now = Utc::now();
    let used = diesel::update(partner_secrets::table.find(secret).filter(partner_secrets::revoked_at.is_null()));
    used.set(partner_secrets::last_used_at.eq(now)).execute(connection).await?;
    diesel::update(partners::table.find(site)).set(partners::last_used_at.eq(now)).execute(connection).await?;
    Ok(Some((partner, secret)))
}

/// What every site may do, and from where.
///
/// # Errors
/// What the database says.
pub async fn accesses(connection: &mut AsyncPgConnection) -> QueryResult<HashMap<Uuid, PartnerAccess>> {
    let columns = (partners::id, partners::scopes, partners::networks);
    let rows: Vec<(Uuid, Vec<Scope>, Vec<String>)> = partners::table.select(columns).load(connection).await?;
    let access = |(id, scopes, networks): (Uuid, Vec<Scope>, Vec<String>)| (id, Partner::access(scopes, &networks));
    Ok(rows.into_iter().map(access).collect())
}

impl Partner {
    /// The database keeps only what is a network.
    fn access(scopes: Vec<Scope>, networks: &[String]) -> PartnerAccess {
        let networks: Vec<IpNet> = networks.iter().filter_map(|network| network.parse().ok()).collect();
        PartnerAccess { scopes, networks }
    }

    /// What the site may do, and from where.
    #[must_use]
    pub fn its_access(&self) -> PartnerAccess {
        Self::access(self.scopes.clone(), &self.networks)
    }
}
