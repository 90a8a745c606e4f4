//! SQL of one-time links.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Purpose;
use crate::database::schema::one_time_links;
use crate::identity::Role;

/// An invitation, without its link.
#[derive(Clone, Debug, Serialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = one_time_links)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-00000000000b", "role": "enterprise",
    "organisation_id": "01939c5e-0000-7000-8000-000000000001", "created_at": "2026-11-25T02:03:04Z",
    "expires_at": "2026-12-02T02:03:04Z"
}))]
pub struct Invitation {
    pub id: Uuid,
    /// The role of the account to be made.
    pub role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expert_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// A link to be made.
#[derive(Insertable)]
#[diesel(table_name = one_time_links)]
pub struct NewLink {
    pub id: Uuid,
    pub hash: Vec<u8>,
    pub purpose: &'static str,
    pub role: Role,
    pub organisation_id: Option<Uuid>,
    pub expert_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub created_by: Option<Uuid>,
    pub expires_at: DateTime<Utc>,
}

/// A link that was found good, locked until the transaction ends.
#[derive(Queryable, Selectable)]
#[diesel(table_name = one_time_links)]
pub struct Link {
    pub id: Uuid,
    pub role: Role,
    pub organisation_id: Option<Uuid>,
    pub expert_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
}

/// Makes a link.
///
/// # Errors
/// What the database says: an organisation or an expert that does not exist.
pub async fn create(link: &NewLink, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    diesel::insert_into(one_time_links::table).values(link).execute(connection).await.map(drop)
}

/// The link of a token, if it is good.
///
/// # Errors
/// What the database says.
pub async fn good(hash: &[u8], purpose: Purpose, connection: &mut AsyncPgConnection) -> QueryResult<Option<Link>> {
    let known = one_time_links::table
        .filter(one_time_links::hash.eq(hash))
        .filter(one_time_links::purpose.eq(purpose.as_str()))
        .filter(one_time_links::used_at.is_null())
        .filter(one_time_links::revoked_at.is_null())
        .filter(one_time_links::expires_at.gt(Utc::now()));
    known.select(Link::as_select()).for_update().first(connection).await.optional()
}

/// Uses a link up, for an account.
///
/// # Errors
/// What the database says.
pub async fn use_up(link: &Link, account: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let used = (one_time_links::used_at.eq(Utc::now()), one_time_links::user_id.eq(account));
    diesel::update(one_time_links::table.find(link.id)).set(used).execute(connection).await.map(drop)
}

/// Invitations that are still good, newest first.
///
/// # Errors
/// What the database says.
pub async fn invitations(
    roles: &[Role],
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Invitation>> {
    let mut query = one_time_links::table
        .filter(one_time_links::purpose.eq(Purpose::Invitation.as_str()))
        .filter(one_time_links::role.eq_any(roles))
        .filter(one_time_links::used_at.is_null())
        .filter(one_time_links::revoked_at.is_null())
        .filter(one_time_links::expires_at.gt(Utc::now()))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(one_time_links::id.lt(after));
    }
    query.order(one_time_links::id.desc()).limit(limit).select(Invitation::as_select()).load(connection).await
}

/// Makes an invitation good no more; false if there is no such, or it was used.
///
/// # Errors
/// What the database says.
pub async fn revoke(id: Uuid, roles: &[Role], connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let unused = one_time_links::table
        .find(id)
        .filter(one_time_links::purpose.eq(Purpose::Invitation.as_str()))
        .filter(one_time_links::role.eq_any(roles))
        .filter(one_time_links::used_at.is_null())
        .filter(one_time_links::revoked_at.is_null());
    let revoked = diesel::update(unused).set(one_time_links::revoked_at.eq(Utc::now())).execute(connection).await?;
    Ok(revoked == 1)
}

/// Makes the resets of an account that are still open good no more: the newest link is the one that works.
///
/// # Errors
/// What the database says.
pub async fn revoke_resets(account: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let open = one_time_links::table
        .filter(one_time_links::user_id.eq(account))
        .filter(one_time_links::purpose.eq(Purpose::PasswordReset.as_str()))
        .filter(one_time_links::used_at.is_null())
        .filter(one_time_links::revoked_at.is_null());
    diesel::update(open).set(one_time_links::revoked_at.eq(Utc::now())).execute(connection).await.map(drop)
}
