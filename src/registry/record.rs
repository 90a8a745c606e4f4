//! What all records share: a stamp, a concept's own fields, and who they are for.

use std::future::{Future, ready};

use chrono::{DateTime, SubsecRound, Utc};
use deserr::Deserr;
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Audience;
use crate::identity::Caller;
use crate::problem::Faults;

/// The kinds of records, as they stand in the change table and in search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Result,
    Expert,
    Organisation,
    Demand,
    Policy,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Result, Self::Expert, Self::Organisation, Self::Demand, Self::Policy];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Expert => "expert",
            Self::Organisation => "organisation",
            Self::Demand => "demand",
            Self::Policy => "policy",
        }
    }

    /// As people call it.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Result => "科技成果",
            Self::Expert => "专家",
            Self::Organisation => "单位",
            Self::Demand => "技术需求",
            Self::Policy => "政策",
        }
    }

    /// As it stands in addresses: `/v1/{plural}`.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Result => "results",
            Self::Expert => "experts",
            Self::Organisation => "organisations",
            Self::Demand => "demands",
            Self::Policy => "policies",
        }
    }
}

/// When and by whom a record was written. The version starts at 1 and grows by 1 with each change.
#[derive(Clone, Debug, Queryable, Serialize, Deserialize, ToSchema)]
pub struct Stamp {
    /// UUIDv7.
    pub id: Uuid,
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: DateTime<Utc>,
    #[serde(skip_serializing)]
    pub created_by: Option<Uuid>,
    pub updated_at: DateTime<Utc>,
    #[serde(skip_serializing)]
    pub updated_by: Option<Uuid>,
    #[serde(skip_serializing)]
    pub deleted_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing)]
    pub deleted_by: Option<Uuid>,
    #[serde(skip_serializing)]
    pub deleted_reason: Option<String>,
}

impl Stamp {
    #[must_use]
    pub fn new(by: Option<Uuid>) -> Self {
        let now = now();
        Self {
            id: Uuid::now_v7(),
            version: 1,
            created_at: now,
            created_by: by,
            updated_at: now,
            updated_by: by,
            deleted_at: None,
            deleted_by: None,
            deleted_reason: None,
        }
    }

    /// The stamp of the next version.
    #[must_use]
    pub fn next(&self, by: Option<Uuid>) -> Self {
        Self { version: self.version + 1, updated_at: now(), updated_by: by, ..self.clone() }
    }

    /// The stamp of a tombstone.
    #[must_use]
    pub fn deleted(&self, by: Option<Uuid>, reason: Option<String>) -> Self {
        let next = self.next(by);
        Self { deleted_at: Some(next.updated_at), deleted_by: by, deleted_reason: reason, ..next }
    }
}

/// Now, as exactly as the database keeps it.
fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// A record as it is kept and shown: its stamp and the fields that a writer gave.
#[derive(Clone, Debug, Queryable, Serialize, Deserialize)]
pub struct Record<C> {
    #[serde(flatten)]
    pub stamp: Stamp,
    #[serde(flatten)]
    pub fields: C,
}

/// Query parameters of a list: which records, seen by whom.
pub struct Page<F> {
    pub filter: F,
    pub after: Option<Uuid>,
    pub limit: i64,
}

/// A concept of the registry: its fields and its rules. The fields are what a writer sends and a reader gets.
pub trait Concept:
    Clone + Send + Sync + Serialize + DeserializeOwned + Deserr<Faults> + ToSchema + Store + 'static
{
    const KIND: Kind;

    /// Who it is for, beside those whose own it is.
    fn audience(&self) -> Audience;

    /// Whose own it is: organisations, experts, and partner sites by [`partner_owner`].
    ///
    /// [`partner_owner`]: crate::registry::fields::partner_owner
    fn owners(record: &Record<Self>) -> Vec<Uuid>;

    /// Takes personal data away; true if there was some. Concepts without any have nothing to do.
    fn conceal(&mut self) -> bool {
        false
    }

    /// What follows from a version that was just written, in the same transaction. For most nothing does.
    #[must_use]
    fn written(_: &Record<Self>, _: &mut AsyncPgConnection) -> impl Future<Output = QueryResult<()>> + Send {
        ready(Ok(()))
    }
}

/// How a concept is kept in its table.
pub trait Store: Sized {
    /// Filters of its list; named as the fields.
    type Filter: Deserr<Faults> + utoipa::IntoParams + Clone + Send + Sync + 'static;

    /// Writes new records in one statement; at most some thousands at once.
    fn insert(
        records: &[Record<Self>],
        connection: &mut AsyncPgConnection,
    ) -> impl Future<Output = QueryResult<()>> + Send;

    /// Writes any number of new records, a statement for each batch, and says how many after each. While one is written
    /// the next is made ready.
    fn insert_all<B: AsRef<[Record<Self>]> + Send, E: From<diesel::result::Error> + Send>(
        batches: impl Iterator<Item = Result<B, E>> + Send,
        connection: &mut AsyncPgConnection,
        written: impl FnMut(usize) + Send,
    ) -> impl Future<Output = Result<(), E>> + Send;

    /// Writes the next version over the one before it; false if that one is no longer there.
    fn advance(
        record: &Record<Self>,
        connection: &mut AsyncPgConnection,
    ) -> impl Future<Output = QueryResult<bool>> + Send;

    /// The same of many in one statement; the ids of those that were written.
    fn advance_all(
        records: &[Record<Self>],
        connection: &mut AsyncPgConnection,
    ) -> impl Future<Output = QueryResult<Vec<Uuid>>> + Send;

    /// A record, deleted or not.
    fn find(
        id: Uuid,
        connection: &mut AsyncPgConnection,
    ) -> impl Future<Output = QueryResult<Option<Record<Self>>>> + Send;

    /// Those of the ids that exist, deleted or not, in no order.
    fn find_all(
        ids: &[Uuid],
        connection: &mut AsyncPgConnection,
    ) -> impl Future<Output = QueryResult<Vec<Record<Self>>>> + Send;

    /// Records after an id in the order of their ids, deleted or not.
    fn following(
        id: Uuid,
        limit: i64,
        connection: &mut AsyncPgConnection,
    ) -> impl Future<Output = QueryResult<Vec<Record<Self>>>> + Send;

    /// One page of what the caller may read, newest first.
    fn page(
        page: &Page<Self::Filter>,
        caller: &Caller,
        connection: &mut AsyncPgConnection,
    ) -> impl Future<Output = QueryResult<Vec<Record<Self>>>> + Send;
}

/// Writes [`Store`] for a concept whose table has the stamp's columns beside the concept's own. `narrow` takes the
/// boxed query, the filter and the caller, and returns the query narrowed to what matches and may be seen.
macro_rules! store {
    ($concept:ty, $filter:ty, $table:ident, $narrow:path) => {
        impl crate::registry::record::Store for $concept {
            type Filter = $filter;

            async fn insert(
                records: &[crate::registry::record::Record<Self>],
                connection: &mut diesel_async::AsyncPgConnection,
            ) -> diesel::QueryResult<()> {
                Self::insert_all(std::iter::once(Ok(records)), connection, |_| ()).await
            }

            async fn insert_all<
                B: AsRef<[crate::registry::record::Record<Self>]> + Send,
                E: From<diesel::result::Error> + Send,
            >(
                batches: impl Iterator<Item = Result<B, E>> + Send,
                connection: &mut diesel_async::AsyncPgConnection,
                written: impl FnMut(usize) + Send,
            ) -> Result<(), E> {
                crate::registry::insertion::insert(stringify!($table), batches, connection, written).await
            }

            async fn advance(
                record: &crate::registry::record::Record<Self>,
                connection: &mut diesel_async::AsyncPgConnection,
            ) -> diesel::QueryResult<bool> {
                use $table as columns;
                let stamp = &record.stamp;
                let before = $table::table
                    .filter(columns::id.eq(stamp.id))
                    .filter(columns::version.eq(stamp.version - 1))
                    .filter(columns::deleted_at.is_null());
                let rows = diesel::update(before)
                    .set((
                        columns::version.eq(stamp.version),
                        columns::updated_at.eq(stamp.updated_at),
                        columns::updated_by.eq(stamp.updated_by),
                        columns::deleted_at.eq(stamp.deleted_at),
                        columns::deleted_by.eq(stamp.deleted_by),
                        columns::deleted_reason.eq(&stamp.deleted_reason),
                        &record.fields,
                    ))
                    .execute(connection)
                    .await?;
                Ok(rows == 1)
            }

            async fn advance_all(
                records: &[crate::registry::record::Record<Self>],
                connection: &mut diesel_async::AsyncPgConnection,
            ) -> diesel::QueryResult<Vec<uuid::Uuid>> {
                crate::registry::insertion::advance(stringify!($table), records, connection).await
            }

            async fn find(
                id: uuid::Uuid,
                connection: &mut diesel_async::AsyncPgConnection,
            ) -> diesel::QueryResult<Option<crate::registry::record::Record<Self>>> {
                let query = $table::table.filter($table::id.eq(id));
                query.select(crate::registry::record::selection!($concept, $table)).first(connection).await.optional()
            }

            async fn find_all(
                ids: &[uuid::Uuid],
                connection: &mut diesel_async::AsyncPgConnection,
            ) -> diesel::QueryResult<Vec<crate::registry::record::Record<Self>>> {
                let query = $table::table.filter($table::id.eq_any(ids));
                query.select(crate::registry::record::selection!($concept, $table)).load(connection).await
            }

            async fn following(
                id: uuid::Uuid,
                limit: i64,
                connection: &mut diesel_async::AsyncPgConnection,
            ) -> diesel::QueryResult<Vec<crate::registry::record::Record<Self>>> {
                let query = $table::table.filter($table::id.gt(id)).order($table::id).limit(limit);
                query.select(crate::registry::record::selection!($concept, $table)).load(connection).await
            }

            async fn page(
                page: &crate::registry::record::Page<$filter>,
                caller: &crate::identity::Caller,
                connection: &mut diesel_async::AsyncPgConnection,
            ) -> diesel::QueryResult<Vec<crate::registry::record::Record<Self>>> {
                let living = $table::table.filter($table::deleted_at.is_null()).into_boxed();
                let mut query = $narrow(living, &page.filter, caller);
                if let Some(after) = page.after {
                    query = query.filter($table::id.lt(after));
                }
                let query = query.order($table::id.desc()).limit(page.limit);
                query.select(crate::registry::record::selection!($concept, $table)).load(connection).await
            }
        }
    };
}
pub(crate) use store;

/// The columns of a [`Record`], in the order of [`Stamp`] and the fields.
macro_rules! selection {
    ($concept:ty, $table:ident) => {
        (
            (
                $table::id,
                $table::version,
                $table::created_at,
                $table::created_by,
                $table::updated_at,
                $table::updated_by,
                $table::deleted_at,
                $table::deleted_by,
                $table::deleted_reason,
            ),
            <$concept as diesel::SelectableHelper<diesel::pg::Pg>>::as_select(),
        )
    };
}
pub(crate) use selection;
