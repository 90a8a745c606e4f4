//! SQL of accounts.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::routes::AccountFilter;
use crate::database::schema::{organisations, users};
use crate::identity::member::{Member, Role};
use crate::registry::fields::CreditCode;

/// An account as it is kept.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    pub id: Uuid,
    pub login: String,
    /// None for a partner site.
    pub password_hash: Option<String>,
    pub role: Role,
    pub organisation_id: Option<Uuid>,
    pub expert_id: Option<Uuid>,
}

impl User {
    /// What the account may do in a session.
    #[must_use]
    pub fn member(&self, session: Uuid, strong: bool) -> Member {
        Member {
            user: self.id,
            session,
            role: self.role,
            organisation: self.organisation_id,
            expert: self.expert_id,
            partner: None,
            scopes: Vec::new(),
            strong,
        }
    }
}

/// Somebody with an account.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    pub id: Uuid,
    pub role: Role,
    /// Whose records are the person's own.
    pub owner: Option<Uuid>,
}

/// The people of the centre, and those of these organisations and experts, whose accounts are not disabled.
///
/// # Errors
/// What the database says.
pub async fn people_of(owners: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<Vec<Person>> {
    let of_centre = users::role.eq_any([Role::Admin, Role::Staff]).nullable();
    let of_owners = users::organisation_id.eq_any(owners).or(users::expert_id.eq_any(owners));
    let people = users::table.filter(users::disabled_at.is_null()).filter(of_centre.or(of_owners));
    let rows = people.select((users::id, users::role, users::organisation_id, users::expert_id));
    let rows: Vec<(Uuid, Role, Option<Uuid>, Option<Uuid>)> = rows.load(connection).await?;
    let person =
        |(id, role, organisation, expert): (_, _, Option<Uuid>, _)| Person { id, role, owner: organisation.or(expert) };
    Ok(rows.into_iter().map(person).collect())
}

/// An account to be made.
#[derive(Insertable)]
#[diesel(table_name = users)]
pub struct NewUser<'a> {
    pub id: Uuid,
    pub login: &'a str,
    pub password_hash: Option<&'a str>,
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

/// Gives an account another password, whatever the one before.
///
/// # Errors
/// What the database says.
pub async fn set_hash(account: Uuid, hash: &str, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    diesel::update(users::table.find(account)).set(users::password_hash.eq(hash)).execute(connection).await.map(drop)
}

/// An account as those see it who run accounts.
#[derive(Clone, Debug, Serialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = users)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-000000000009", "version": 1, "login": "zhao-lixin", "role": "enterprise",
    "organisation_id": "01939c5e-0000-7000-8000-000000000001", "created_at": "2026-11-25T02:03:04Z"
}))]
pub struct Account {
    pub id: Uuid,
    #[schema(minimum = 1)]
    pub version: i64,
    #[schema(max_length = 64)]
    pub login: String,
    pub role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expert_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<DateTime<Utc>>,
}

/// One page of accounts of some roles, newest first.
///
/// # Errors
/// What the database says.
pub async fn page(
    filter: &AccountFilter,
    roles: &[Role],
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Account>> {
    let mut query = users::table.filter(users::role.eq_any(roles)).into_boxed();
    if let Some(role) = filter.role {
        query = query.filter(users::role.eq(role));
    }
    if let Some(organisation) = filter.organisation_id {
        query = query.filter(users::organisation_id.eq(organisation));
    }
    match filter.disabled {
        Some(true) => query = query.filter(users::disabled_at.is_not_null()),
        Some(false) => query = query.filter(users::disabled_at.is_null()),
        None => {}
    }
    if let Some(after) = after {
        query = query.filter(users::id.lt(after));
    }
    query.order(users::id.desc()).limit(limit).select(Account::as_select()).load(connection).await
}

/// The account of an id, if its role is one of these, disabled or not.
///
/// # Errors
/// What the database says.
pub async fn account(id: Uuid, roles: &[Role], connection: &mut AsyncPgConnection) -> QueryResult<Option<Account>> {
    let found = users::table.find(id).filter(users::role.eq_any(roles));
    found.select(Account::as_select()).first(connection).await.optional()
}

/// Disables or enables an account; nothing if it is no longer the version that was read.
///
/// # Errors
/// What the database says.
pub async fn set_disabled(
    account: &Account,
    disabled: bool,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Option<Account>> {
    let read = users::table.find(account.id).filter(users::version.eq(account.version));
    let change = (
        users::version.eq(users::version + 1),
        users::disabled_at.eq(disabled.then(|| account.disabled_at.unwrap_or_else(Utc::now))),
    );
    let amended = diesel::update(read).set(change).returning(Account::as_returning());
    amended.get_result(connection).await.optional()
}

/// The account of a login that is not disabled.
///
/// # Errors
/// What the database says.
pub async fn account_of(login: &str, connection: &mut AsyncPgConnection) -> QueryResult<Option<Uuid>> {
    let active = users::table.filter(users::login.eq(login)).filter(users::disabled_at.is_null());
    active.select(users::id).first(connection).await.optional()
}

/// The living organisation of a credit code.
///
/// # Errors
/// What the database says.
pub async fn organisation_of_code(code: &CreditCode, connection: &mut AsyncPgConnection) -> QueryResult<Option<Uuid>> {
    let living = organisations::table.filter(organisations::deleted_at.is_null());
    living.filter(organisations::credit_code.eq(code)).select(organisations::id).first(connection).await.optional()
}
