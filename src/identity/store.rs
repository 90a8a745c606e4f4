//! SQL of accounts.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::member::{Member, Role};
use crate::database::schema::{organisations, users};
use crate::registry::fields::CreditCode;

/// An account as it is kept.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    pub id: Uuid,
    pub login: String,
    pub password_hash: String,
    pub role: Role,
    pub organisation_id: Option<Uuid>,
    pub expert_id: Option<Uuid>,
}

impl User {
    /// What the account may do in a session.
    #[must_use]
    pub fn member(&self, session: Uuid) -> Member {
        Member { user: self.id, session, role: self.role, organisation: self.organisation_id, expert: self.expert_id }
    }
}

/// An account to be made.
#[derive(Insertable)]
#[diesel(table_name = users)]
pub struct NewUser<'a> {
    pub id: Uuid,
    pub login: &'a str,
    pub password_hash: &'a str,
    pub role: Role,
    pub organisation_id: Option<Uuid>,
    pub expert_id: Option<Uuid>,
}

/// Makes an account.
///
/// # Errors
/// What the database says: a login that is taken, an organisation that does not exist.
pub async fn add(user: &NewUser<'_>, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    diesel::insert_into(users::table).values(user).execute(connection).await.map(drop)
}

/// The account of a login, unless it is disabled.
///
/// # Errors
/// What the database says.
pub async fn find_by_login(login: &str, connection: &mut AsyncPgConnection) -> QueryResult<Option<User>> {
    let enabled = users::table.filter(users::login.eq(login)).filter(users::disabled_at.is_null());
    enabled.select(User::as_select()).first(connection).await.optional()
}

/// The account of an id, unless it is disabled.
///
/// # Errors
/// What the database says.
pub async fn find(id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<User>> {
    let enabled = users::table.find(id).filter(users::disabled_at.is_null());
    enabled.select(User::as_select()).first(connection).await.optional()
}

/// Puts another hash in the place of one; false if that one is no longer there.
///
/// # Errors
/// What the database says.
pub async fn replace_hash(user: &User, hash: &str, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let before = users::table.find(user.id).filter(users::password_hash.eq(&user.password_hash));
    let changed = diesel::update(before).set(users::password_hash.eq(hash)).execute(connection).await?;
    Ok(changed == 1)
}

/// The living organisation of a credit code.
///
/// # Errors
/// What the database says.
pub async fn organisation_of_code(code: &CreditCode, connection: &mut AsyncPgConnection) -> QueryResult<Option<Uuid>> {
    let living = organisations::table.filter(organisations::deleted_at.is_null());
    living.filter(organisations::credit_code.eq(code)).select(organisations::id).first(connection).await.optional()
}
