//! Puts two records together, in one transaction.

use std::collections::BTreeMap;

use diesel_async::AsyncPgConnection;
use serde_json::Value;
use uuid::Uuid;

use super::rules::{self, changed, united};
use super::store::{self, NewMergeRow};
use super::{blockers, references, refused};
use crate::audit::{self, Origin};
use crate::duplicates::compare::Comparable;
use crate::duplicates::requests::{FieldChoice, NewMerge};
use crate::duplicates::routes::note;
use crate::duplicates::store as pairs;
use crate::duplicates::store::PairRow;
use crate::duplicates::view::{fields, tag};
use crate::duplicates::{DuplicateKind, DuplicateState};
use crate::http::Conditions;
use crate::problem::{Answer, FieldFault, Kind, Problem};
use crate::registry::Record;

/// Merges the records of a pair, if neither changed since the caller read them. A transaction is open.
///
/// # Errors
/// `precondition-failed` if one changed, `conflict` where the pair is not open or something stands in the way,
/// `invalid-input` for a record that is not of the pair or a field that it has not.
pub async fn merge<C: Comparable>(
    pair: Uuid,
    new: &NewMerge,
    conditions: &Conditions,
    (user, origin): (Uuid, &Origin),
    connection: &mut AsyncPgConnection,
) -> Answer<PairRow> {
    store::wait_for_turn(connection).await?;
    let pair = pairs::hold(pair, connection).await?;
    let (kept, other) = held::<C>(&pair, new.keep, connection).await?;
    let (one, two) = if pair.one_id == kept.stamp.id { (&kept, &other) } else { (&other, &kept) };
    conditions.allow_change_of(&[tag(&pair, one.stamp.version, two.stamp.version)])?;
    is_open(&pair, [&kept, &other])?;
    let merged = put_together(pair.kind, &kept, &other, &new.fields.0)?;
    blockers::refuse(pair.kind, (kept.stamp.id, other.stamp.id), is_offered(pair.kind, &merged), connection).await?;
    let filled = changed(&fields(&kept.fields)?, &merged);
    let next = Record::<C> {
        stamp: kept.stamp.next(Some(user)),
        fields: deserr::deserialize(Value::Object(merged)).map_err(Problem::invalid)?,
    };
    let reason = format!("并入 merged into /v1/{}/{}", C::KIND.plural(), kept.stamp.id);
    let gone = Record { stamp: other.stamp.deleted(Some(user), Some(reason)), fields: other.fields };
    let begun = NewMergeRow {
        duplicate: pair.id,
        kind: pair.kind,
        kept: (kept.stamp.id, kept.stamp.version),
        other: (gone.stamp.id, other.stamp.version),
        by: user,
    };
    let replacing = store::begin(&begun, connection).await.map_err(refused)?;
    match pair.kind {
        // Nobody may stand on an organisation that goes, and its credit code is free only then.
        DuplicateKind::Organisation => {
            references::put(pair.kind, replacing, connection).await.map_err(refused)?;
            write(&gone, connection).await?;
            write(&next, connection).await?;
        }
        // An expert who goes would leave its teams.
        DuplicateKind::Expert => {
            write(&next, connection).await?;
            references::put(pair.kind, replacing, connection).await.map_err(refused)?;
            write(&gone, connection).await?;
        }
        // Patent cases write into the list of the result that they are of.
        DuplicateKind::Result => {
            write(&next, connection).await?;
            write(&gone, connection).await?;
            references::put(pair.kind, replacing, connection).await.map_err(refused)?;
        }
    }
    let last = C::find(kept.stamp.id, connection).await?.ok_or_else(Problem::not_found)?;
    store::finish(replacing.merge, last.stamp.version, connection).await?;
    let pair = pairs::decide(&pair, DuplicateState::Merged, None, user, connection).await?;
    let details =
        serde_json::json!({ "duplicate": pair.id, "kept": kept.stamp.id, "other": gone.stamp.id, "fields": filled });
    note::<C>(audit::Action::RecordsMerged, [kept.stamp.id, gone.stamp.id], &details, origin, connection).await?;
    Ok(pair)
}

/// The record that is kept and the other one, held.
async fn held<C: Comparable>(
    pair: &PairRow,
    keep: Uuid,
    connection: &mut AsyncPgConnection,
) -> Answer<(Record<C>, Record<C>)> {
    let fault = || FieldFault::new("unknown_reference", "须为这一对中的一条记录", "must be one of the two records");
    let other = pair.other_than(keep).ok_or_else(|| Problem::invalid_field("/keep", fault()))?;
    store::hold(C::KIND, &[keep, other], connection).await?;
    let kept = C::find(keep, connection).await?.ok_or_else(Problem::not_found)?;
    let other = C::find(other, connection).await?.ok_or_else(Problem::not_found)?;
    Ok((kept, other))
}

fn is_open<C>(pair: &PairRow, records: [&Record<C>; 2]) -> Answer<()> {
    if pair.state != DuplicateState::Open {
        return Err(not_open());
    }
    if records.iter().any(|record| record.stamp.deleted_at.is_some()) {
        return Err(Problem::new(Kind::Conflict).saying("其中一条记录已删除", "one of the records was deleted"));
    }
    Ok(())
}

pub fn not_open() -> Problem {
    Problem::new(Kind::Conflict).saying(
        "这一对已经处理过了；要重新处理，请再次报告",
        "the pair is not open; report it again to deal with it anew",
    )
}

/// Can others deal with the merged record: is an expert published, and a result not transferred?
fn is_offered(kind: DuplicateKind, merged: &rules::Fields) -> bool {
    let status = merged.get("status").and_then(Value::as_str);
    match kind {
        DuplicateKind::Result => status != Some("transferred"),
        DuplicateKind::Expert => status == Some("published"),
        DuplicateKind::Organisation => true,
    }
}

/// The fields of the kept record with what it lacked.
fn put_together<C: Comparable>(
    kind: DuplicateKind,
    kept: &Record<C>,
    other: &Record<C>,
    choices: &BTreeMap<String, FieldChoice>,
) -> Answer<rules::Fields> {
    rules::allow(kind, choices).map_err(Problem::invalid)?;
    Ok(united(&fields(&kept.fields)?, &fields(&other.fields)?, choices))
}

/// Writes a version over the one before it, which is held.
pub(super) async fn write<C: Comparable>(next: &Record<C>, connection: &mut AsyncPgConnection) -> Answer<()> {
    if !C::advance(next, connection).await.map_err(refused)? {
        return Err(Problem::new(Kind::PreconditionFailed));
    }
    Ok(C::written(next, connection).await?)
}
