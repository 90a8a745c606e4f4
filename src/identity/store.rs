//! SQL of accounts and signing keys.

use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::member::{Member, Role};
use crate::database::schema::{organisations, signing_keys, users};
use crate::registry::fields::CreditCode;

/// An account as it is kept.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    pub id: Uuid,
    pub password_hash: String,
    pub role: Role,
    pub organisation_id: Option<Uuid>,
    pub expert_id: Option<Uuid>,
}

impl User {
    #[must_use]
    pub fn member(&self) -> Member {
        Member { user: self.id, role: self.role, organisation: self.organisation_id, expert: self.expert_id }
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

/// The living organisation of a credit code.
///
/// # Errors
/// What the database says.
pub async fn organisation_of_code(code: &CreditCode, connection: &mut AsyncPgConnection) -> QueryResult<Option<Uuid>> {
    let living = organisations::table.filter(organisations::deleted_at.is_null());
    living.filter(organisations::credit_code.eq(code)).select(organisations::id).first(connection).await.optional()
}

/// The keys that sign tokens, newest first; the first start of a database makes one.
///
/// # Errors
/// What the database says.
pub async fn signing_keys(connection: &mut AsyncPgConnection) -> QueryResult<Vec<(Uuid, Vec<u8>)>> {
    connection
        .transaction(async |connection| {
            // Two processes that start at once agree on one key.
            diesel::sql_query("LOCK TABLE signing_keys IN EXCLUSIVE MODE").execute(connection).await?;
            let kept = signing_keys::table.order(signing_keys::created_at.desc());
            let keys: Vec<(Uuid, Vec<u8>)> =
                kept.select((signing_keys::id, signing_keys::secret)).load(connection).await?;
            if !keys.is_empty() {
                return Ok(keys);
            }
            let key = (Uuid::now_v7(), rand::random::<[u8; 32]>().to_vec());
            let row = (signing_keys::id.eq(key.0), signing_keys::secret.eq(&key.1));
            diesel::insert_into(signing_keys::table).values(row).execute(connection).await?;
            Ok(vec![key])
        })
        .await
}
