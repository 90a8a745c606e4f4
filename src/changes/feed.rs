//! What a caller is told of changes.
//!
//! A change that made or left a record readable is told with the record as it is now: what was said before and is withdrawn
//! since is not said again. One that took it away is told without. What the caller could not read before and cannot read
//! after is not told at all.

use std::collections::{HashMap, HashSet};

use diesel_async::AsyncPgConnection;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Position;
use super::store::{self, ChangeRow};
use crate::access::{self, Action};
use crate::identity::Caller;
use crate::problem::{Answer, Problem};
use crate::registry::demands::Demand;
use crate::registry::experts::Expert;
use crate::registry::organisations::Organisation;
use crate::registry::policies::Policy;
use crate::registry::results::ResearchResult;
use crate::registry::{Concept, Kind, Record};

/// Rows that are looked at for one answer, at most: what a caller may not read takes time as well.
const MOST_ROWS: usize = 2000;

/// What is to be done with a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// Keep the record as it is given.
    Put,
    /// Keep it no longer: it was deleted, withdrawn, or is no longer for the caller.
    Gone,
}

/// A change of a record.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "position": "q83vEjRWeJAAAAAAAAAAKgAAAAAAAAAB", "kind": "result", "id": "01939c5e-0000-7000-8000-000000000003", "version": 2,
    "action": "put", "record": {"id": "01939c5e-0000-7000-8000-000000000003", "version": 2, "title": "球墨铸铁件缩松缺陷的控制方法"}
}))]
pub struct ChangeView {
    /// Where it stands: `after` for what comes next.
    #[schema(value_type = String, max_length = 40)]
    pub position: Position,
    pub kind: Kind,
    /// Of the record.
    pub id: Uuid,
    /// The version that the change made.
    #[schema(minimum = 1)]
    pub version: i64,
    pub action: ChangeAction,
    /// The record as it is now, which may be of a later version; without personal data.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub record: Option<Value>,
}

/// Some changes, and how far they reach.
pub struct Told {
    pub changes: Vec<ChangeView>,
    /// The caller was told all up to here.
    pub position: Position,
    /// There is more already.
    pub more: bool,
}

/// What a follower asks for.
#[derive(Clone, Copy)]
pub struct Asked {
    /// From the first change on without it.
    pub after: Option<Position>,
    pub kind: Option<Kind>,
    pub most: usize,
}

/// What has become of a record.
struct Known {
    version: i64,
    /// As the caller may read it now, if so.
    now: Option<Value>,
    /// The earlier versions that the caller could read.
    readable: HashSet<i64>,
}

/// The next changes for a caller. A transaction of one snapshot is open on the connection.
///
/// # Errors
/// `invalid-parameter` for a position that this database has not come to; what the database says.
pub async fn read(asked: Asked, caller: &Caller, connection: &mut AsyncPgConnection) -> Answer<Told> {
    let now = store::now(connection).await?;
    let mut position = asked.after.unwrap_or(now.at(0, -1));
    if !position.is_reached(now) {
        return Err(super::routes::lost());
    }
    let kinds = asked.kind.map_or(Kind::ALL.to_vec(), |kind| vec![kind]);
    let (mut changes, mut looked) = (Vec::new(), 0);
    loop {
        let batch = (asked.most - changes.len()).max(100);
        let rows = store::between((position, now), &kinds, limit(batch), connection).await?;
        let known = look_all(&rows, caller, connection).await?;
        for row in &rows {
            position = now.at(row.xid, row.seq);
            changes.extend(known.get(&row.record_id).and_then(|known| told(row, known, position)));
            if changes.len() == asked.most {
                return Ok(Told { changes, position, more: true });
            }
        }
        looked += rows.len();
        if rows.len() < batch {
            // Nothing else will ever stand before the oldest open transaction.
            return Ok(Told { changes, position: position.max(now), more: false });
        }
        if looked >= MOST_ROWS {
            return Ok(Told { changes, position, more: true });
        }
    }
}

fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A change as it is told, if it is.
fn told(row: &ChangeRow, known: &Known, position: Position) -> Option<ChangeView> {
    let could = |version: i64| match version {
        version if version == known.version => known.now.is_some(),
        version => known.readable.contains(&version),
    };
    if !could(row.version) && !could(row.version - 1) {
        return None;
    }
    let kind = row.kind()?;
    let action = if known.now.is_some() { ChangeAction::Put } else { ChangeAction::Gone };
    Some(ChangeView { position, kind, id: row.record_id, version: row.version, action, record: known.now.clone() })
}

/// What has become of the records of some changes.
async fn look_all(
    rows: &[ChangeRow],
    caller: &Caller,
    connection: &mut AsyncPgConnection,
) -> Answer<HashMap<Uuid, Known>> {
    let mut known = HashMap::new();
    for kind in Kind::ALL {
        let rows: Vec<&ChangeRow> = rows.iter().filter(|row| row.kind == kind.as_str()).collect();
        if rows.is_empty() {
            continue;
        }
        known.extend(match kind {
            Kind::Result => look::<ResearchResult>(&rows, caller, connection).await?,
            Kind::Expert => look::<Expert>(&rows, caller, connection).await?,
            Kind::Organisation => look::<Organisation>(&rows, caller, connection).await?,
            Kind::Demand => look::<Demand>(&rows, caller, connection).await?,
            Kind::Policy => look::<Policy>(&rows, caller, connection).await?,
        });
    }
    Ok(known)
}

/// The same for those of one concept, by two queries.
async fn look<C: Concept>(
    rows: &[&ChangeRow],
    caller: &Caller,
    connection: &mut AsyncPgConnection,
) -> Answer<HashMap<Uuid, Known>> {
    let mut ids: Vec<Uuid> = rows.iter().map(|row| row.record_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut known = HashMap::new();
    for mut record in C::find_all(&ids, connection).await? {
        let (id, version) = (record.stamp.id, record.stamp.version);
        let now = is_readable(&record, caller).then(|| {
            record.fields.conceal();
            serde_json::to_value(&record)
        });
        let now = now.transpose().map_err(Problem::internal)?;
        known.insert(id, Known { version, now, readable: HashSet::new() });
    }
    let earlier = rows.iter().flat_map(|row| [row.version, row.version - 1].map(|version| (row.record_id, version)));
    let earlier: HashSet<(Uuid, i64)> =
        earlier.filter(|(id, version)| known.get(id).is_some_and(|known| *version < known.version)).collect();
    for row in store::versions(&earlier.into_iter().collect::<Vec<_>>(), connection).await? {
        let record: Record<C> = serde_json::from_value(row.record).map_err(Problem::internal)?;
        if is_readable(&record, caller) {
            known.entry(row.record_id).and_modify(|known| _ = known.readable.insert(row.version));
        }
    }
    Ok(known)
}

fn is_readable<C: Concept>(record: &Record<C>, caller: &Caller) -> bool {
    record.stamp.deleted_at.is_none() && access::may(caller, Action::Read, record)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn what(version: i64, known: &Known) -> Option<ChangeAction> {
        let row = ChangeRow { xid: 1, seq: 1, kind: "result".to_owned(), record_id: Uuid::nil(), version };
        let told = told(&row, known, Position::new("1/1", 1, 1));
        assert!(told.as_ref().is_none_or(|told| told.record.is_some() == (told.action == ChangeAction::Put)));
        told.map(|told| told.action)
    }

    #[test]
    fn what_could_never_be_read_is_not_told() {
        let draft = Known { version: 2, now: None, readable: HashSet::new() };
        assert_eq!((what(1, &draft), what(2, &draft)), (None, None));
        let published = Known { version: 3, now: Some(json!({})), readable: HashSet::from([2]) };
        assert_eq!(
            [1, 2, 3].map(|version| what(version, &published)),
            [None, Some(ChangeAction::Put), Some(ChangeAction::Put)]
        );
    }

    #[test]
    fn what_is_withdrawn_is_told_once_more_and_never_with_what_it_said() {
        let withdrawn = Known { version: 4, now: None, readable: HashSet::from([1, 2]) };
        let gone = Some(ChangeAction::Gone);
        assert_eq!([1, 2, 3, 4].map(|version| what(version, &withdrawn)), [gone, gone, gone, None]);
    }
}
