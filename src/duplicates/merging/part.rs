//! Takes a merge back, in one transaction.

use diesel_async::AsyncPgConnection;
use serde_json::Value;
use uuid::Uuid;

use super::put_together::write;
use super::references::{self, Reference, Replacing};
use super::refused;
use super::rules::{Fields, parted};
use super::store::{self, MergeRow};
use crate::audit::{self, Origin};
use crate::duplicates::compare::Comparable;
use crate::duplicates::routes::note;
use crate::duplicates::store as pairs;
use crate::duplicates::store::PairRow;
use crate::duplicates::view::fields;
use crate::duplicates::{DuplicateKind, DuplicateState};
use crate::problem::{Answer, Kind, Problem};
use crate::registry::{Record, history};

/// What undoing a merge did.
pub struct Undone {
    pub pair: PairRow,
    /// Fields of the kept record that stay.
    pub fields: Vec<String>,
    /// References that stay.
    pub references: Vec<(&'static Reference, Uuid)>,
}

/// Takes the merge of a pair back: the record that went comes back as it was, what was moved goes back where it still can,
/// and the kept record loses what the merge added, if nobody changed it since. A transaction is open.
///
/// # Errors
/// `conflict` where there is no merge, or the kept record was merged itself.
pub async fn undo<C: Comparable>(
    pair: Uuid,
    (user, origin): (Uuid, &Origin),
    connection: &mut AsyncPgConnection,
) -> Answer<Undone> {
    store::wait_for_turn(connection).await?;
    let pair = pairs::hold(pair, connection).await?;
    let merge = store::find(pair.id, connection).await?.ok_or_else(not_merged)?;
    store::hold(C::KIND, &[merge.kept_id, merge.other_id], connection).await?;
    let now = C::find(merge.kept_id, connection).await?.ok_or_else(Problem::not_found)?;
    if now.stamp.deleted_at.is_some() && store::successor(C::KIND, merge.kept_id, connection).await?.is_some() {
        return Err(kept_was_merged());
    }
    let versions = Versions::of(&merge, &now, connection).await?;
    store::undo(merge.id, user, connection).await?;
    let replacing = Replacing { merge: merge.id, kept: merge.kept_id, other: merge.other_id, by: user };
    let (fields, references) = match pair.kind {
        // The credit code may have to be given back first, and who stands on an organisation needs it there.
        DuplicateKind::Organisation => {
            let fields = take_back::<C>(&versions, &merge, user, connection).await?;
            store::revive(C::KIND, merge.other_id, user, connection).await.map_err(refused)?;
            (fields, references::put_back(pair.kind, replacing, connection).await.map_err(refused)?)
        }
        // Teams and cases go back while the kept one still is as it was merged.
        DuplicateKind::Expert | DuplicateKind::Result => {
            store::revive(C::KIND, merge.other_id, user, connection).await.map_err(refused)?;
            let references = references::put_back(pair.kind, replacing, connection).await.map_err(refused)?;
            (take_back::<C>(&versions, &merge, user, connection).await?, references)
        }
    };
    let pair = pairs::decide(&pair, DuplicateState::Open, None, user, connection).await?;
    let details = serde_json::json!({
        "duplicate": pair.id, "kept": merge.kept_id, "other": merge.other_id, "stayed_fields": fields,
        "stayed_references": references.len(),
    });
    note::<C>(audit::Action::MergeUndone, [merge.kept_id, merge.other_id], &details, origin, connection).await?;
    Ok(Undone { pair, fields, references })
}

/// The fields of the kept record before the merge, as it made them, and now.
struct Versions {
    before: Fields,
    merged: Fields,
    now: Fields,
}

impl Versions {
    async fn of<C: Comparable>(merge: &MergeRow, now: &Record<C>, connection: &mut AsyncPgConnection) -> Answer<Self> {
        let merged = merge.merged_version.unwrap_or(merge.kept_version);
        let before = version::<C>(merge.kept_id, merge.kept_version, connection).await?;
        let now_fields = fields(&now.fields)?;
        let merged = match now.stamp.version {
            last if last == merged => now_fields.clone(),
            _ => version::<C>(merge.kept_id, merged, connection).await?,
        };
        Ok(Self { before, merged, now: now_fields })
    }
}

/// The fields of a version that was followed by another.
async fn version<C: Comparable>(id: Uuid, version: i64, connection: &mut AsyncPgConnection) -> Answer<Fields> {
    let versions = history::earlier::<C>(id, version + 1, 1, connection).await?;
    let found = versions.first().filter(|found| found.stamp.version == version);
    fields(&found.ok_or_else(|| Problem::internal("a version is not kept"))?.fields)
}

/// Writes the kept record without what the merge added; the fields that stay. One that was deleted since stays so.
async fn take_back<C: Comparable>(
    versions: &Versions,
    merge: &MergeRow,
    user: Uuid,
    connection: &mut AsyncPgConnection,
) -> Answer<Vec<String>> {
    let current = C::find(merge.kept_id, connection).await?.ok_or_else(Problem::not_found)?;
    if current.stamp.deleted_at.is_some() {
        return Ok(Vec::new());
    }
    let (fields, stayed) = parted(&versions.before, &versions.merged, &versions.now, &fields(&current.fields)?);
    let fields = deserr::deserialize(Value::Object(fields)).map_err(Problem::invalid)?;
    write(&Record::<C> { stamp: current.stamp.next(Some(user)), fields }, connection).await?;
    Ok(stayed)
}

fn not_merged() -> Problem {
    Problem::new(Kind::Conflict)
        .saying("这一对没有合并，无可撤销", "the pair is not merged, so there is nothing to undo")
}

fn kept_was_merged() -> Problem {
    Problem::new(Kind::Conflict).saying(
        "保留的记录本身已并入别的记录；请先撤销后来的合并",
        "the kept record was merged into another itself; undo the later merge first",
    )
}
