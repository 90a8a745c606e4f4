//! SQL of fees.

use diesel::dsl::now;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{FeeRow, NewPatentFee};
use crate::database::schema::patent_fees;

/// Puts a fee down.
///
/// # Errors
/// What the database says.
pub async fn add(case: Uuid, new: &NewPatentFee, by: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<FeeRow> {
    let row = (
        patent_fees::id.eq(Uuid::now_v7()),
        patent_fees::case_id.eq(case),
        patent_fees::created_by.eq(by),
        patent_fees::updated_by.eq(by),
        patent_fees::kind.eq(new.kind),
        patent_fees::amount.eq(new.amount),
        patent_fees::deadline.eq(&new.deadline),
        patent_fees::due_on.eq(new.due_on),
        patent_fees::paid_on.eq(new.paid_on),
    );
    diesel::insert_into(patent_fees::table).values(row).returning(FeeRow::as_returning()).get_result(connection).await
}

/// Says a fee anew from a version; none if it is of another by now.
///
/// # Errors
/// What the database says.
pub async fn replace(
    from: &FeeRow,
    new: &NewPatentFee,
    by: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Option<FeeRow>> {
    let there = patent_fees::table.find(from.id).filter(patent_fees::version.eq(from.version));
    let said = (
        patent_fees::version.eq(from.version + 1),
        patent_fees::updated_at.eq(now),
        patent_fees::updated_by.eq(by),
        patent_fees::kind.eq(new.kind),
        patent_fees::amount.eq(new.amount),
        patent_fees::deadline.eq(&new.deadline),
        patent_fees::due_on.eq(new.due_on),
        patent_fees::paid_on.eq(new.paid_on),
    );
    let replaced = diesel::update(there).set(said).returning(FeeRow::as_returning());
    replaced.get_result(connection).await.optional()
}

/// A fee of a case.
///
/// # Errors
/// What the database says.
pub async fn find(case: Uuid, id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<FeeRow>> {
    let own = patent_fees::table.find(id).filter(patent_fees::case_id.eq(case));
    own.select(FeeRow::as_select()).first(connection).await.optional()
}

/// One page of the fees of a case, newest first.
///
/// # Errors
/// What the database says.
pub async fn page(
    case: Uuid,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<FeeRow>> {
    let mut query = patent_fees::table.filter(patent_fees::case_id.eq(case)).into_boxed();
    if let Some(after) = after {
        query = query.filter(patent_fees::id.lt(after));
    }
    query.order(patent_fees::id.desc()).limit(limit).select(FeeRow::as_select()).load(connection).await
}

/// The fees of some cases.
///
/// # Errors
/// What the database says.
pub async fn of_cases(cases: &[Uuid], connection: &mut AsyncPgConnection) -> QueryResult<Vec<FeeRow>> {
    let of = patent_fees::table.filter(patent_fees::case_id.eq_any(cases)).order(patent_fees::id);
    of.select(FeeRow::as_select()).load(connection).await
}
