//! Rows written, many at once: each makes a record, changes one, leaves it as it is, or is wrong.

use std::collections::{HashMap, HashSet};

use diesel::QueryResult;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde_json::Value;
use uuid::Uuid;

use super::RowOutcome;
use super::draft::{Draft, Key};
use super::faults::RowFault;
use super::names;
use super::references;
use super::store::{Counts, Import, KeptRow};
use super::worker::WorkError;
use crate::access::{self, Action};
use crate::identity::Caller;
use crate::problem::FieldFault;
use crate::registry::{Concept, Record, Stamp, refused_write};

/// What became of a batch.
#[derive(Default)]
pub struct Done {
    pub counts: Counts,
    pub rows: Vec<KeptRow>,
}

/// A row that is to be written.
struct Next<C> {
    draft: Draft,
    record: Record<C>,
    is_new: bool,
}

/// Writes a batch of rows for somebody, within a transaction.
///
/// # Errors
/// What the database says, other than of a row.
pub async fn write<C: Concept>(
    import: &Import,
    caller: &Caller,
    mut drafts: Vec<Draft>,
    connection: &mut AsyncPgConnection,
) -> Result<Done, WorkError> {
    references::resolve(C::KIND, import.partner(), &mut drafts, connection).await?;
    let known = known::<C>(import, &drafts, connection).await?;
    let (mut done, mut ids) = (Done::default(), HashSet::new());
    let mut next = Vec::with_capacity(drafts.len());
    for draft in drafts {
        match decide(draft, &known, caller) {
            Decision::Write(one) if !ids.insert(one.record.stamp.id) => {
                let fault =
                    FieldFault::new("duplicate", "前面已有一行是同一条记录", "a row before it is the same record");
                done.refuse(import.id, one.draft.number, vec![RowFault::of_row(fault)])?;
            }
            Decision::Write(one) => next.push(*one),
            Decision::Leave => done.counts.unchanged += 1,
            Decision::Refuse(number, faults) => done.refuse(import.id, number, faults)?,
        }
    }
    write_or_halve(import, next, &mut done, connection).await?;
    Ok(done)
}

enum Decision<C> {
    Write(Box<Next<C>>),
    Leave,
    Refuse(i64, Vec<RowFault>),
}

/// Records that are there, by the keys of rows.
async fn known<C: Concept>(
    import: &Import,
    drafts: &[Draft],
    connection: &mut AsyncPgConnection,
) -> QueryResult<HashMap<Key, Record<C>>> {
    let kept: Vec<&str> = drafts.iter().filter_map(|draft| draft.key.kept_as()).collect();
    let code = |draft: &'_ Draft| if let Key::CreditCode(code) = &draft.key { Some(code.clone()) } else { None };
    let codes: Vec<String> = drafts.iter().filter_map(code).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let named = names::identified(C::KIND, import.partner(), &kept, &codes, connection).await?;
    let by_name: HashMap<&str, Uuid> = named.iter().map(|named| (named.called.as_str(), named.id)).collect();
    let of_source = |draft: &'_ Draft| match &draft.key {
        Key::Source(partner, identifier) => Some((partner.clone(), identifier.clone())),
        _ => None,
    };
    let sources: Vec<(String, String)> = drafts.iter().filter_map(of_source).collect();
    let by_source = of_sources(&sources, connection).await?;
    let id_of = |key: &Key| match key {
        Key::Id(id) => Some(*id),
        Key::Identifier(text) | Key::CreditCode(text) | Key::Content(text) => by_name.get(text.as_str()).copied(),
        Key::Source(partner, identifier) => by_source.get(&(partner.clone(), identifier.clone())).copied(),
        Key::None => None,
    };
    let ids: Vec<Uuid> = drafts.iter().filter_map(|draft| id_of(&draft.key)).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let records = C::find_all(&ids, connection).await?;
    let records: HashMap<Uuid, Record<C>> = records.into_iter().map(|record| (record.stamp.id, record)).collect();
    let of = |draft: &Draft| Some((draft.key.clone(), records.get(&id_of(&draft.key)?)?.clone()));
    Ok(drafts.iter().filter_map(of).collect())
}

/// Results by where they came from.
async fn of_sources(
    sources: &[(String, String)],
    connection: &mut AsyncPgConnection,
) -> QueryResult<HashMap<(String, String), Uuid>> {
    if sources.is_empty() {
        return Ok(HashMap::new());
    }
    let pairs: Vec<(&str, &str)> = sources.iter().map(|(partner, id)| (partner.as_str(), id.as_str())).collect();
    let found = names::of_sources(&pairs, connection).await?;
    Ok(found.into_iter().map(|found| ((found.partner, found.identifier), found.id)).collect())
}

/// What is to be done with a row.
fn decide<C: Concept>(draft: Draft, known: &HashMap<Key, Record<C>>, caller: &Caller) -> Decision<C> {
    if draft.is_again {
        return Decision::Leave;
    }
    if draft.members.is_empty() && !draft.faults.is_empty() {
        // Nothing of it could be read.
        return Decision::Refuse(draft.number, draft.faults);
    }
    let before = known.get(&draft.key);
    let fault = match (&draft.key, before) {
        (Key::Id(_), None) => Some(FieldFault::new("unknown_reference", "没有这个编号的记录", "no record has this id")),
        (_, Some(record)) if record.stamp.deleted_at.is_some() => Some(FieldFault::new(
            "deleted",
            "这条记录已被删除，或已并入另一条，没有重新登记",
            "the record was deleted, or merged into another, and is not made anew",
        )),
        _ => None,
    };
    let mut faults = draft.faults.clone();
    faults.extend(fault.map(RowFault::of_row));
    if let (Key::Content(_), Some(_)) = (&draft.key, before)
        && faults.is_empty()
    {
        // The same row was brought in before; whoever changed the record since meant it.
        return Decision::Leave;
    }
    let fields_before = before.map(|record| serde_json::to_value(&record.fields).unwrap_or(Value::Null));
    match draft.applied::<C>(fields_before.clone()) {
        Ok(fields) if faults.is_empty() => {
            if fields_before.is_some_and(|before| serde_json::to_value(&fields).is_ok_and(|after| after == before)) {
                return Decision::Leave;
            }
            let stamp = before.map_or_else(|| Stamp::new(caller.user()), |record| record.stamp.next(caller.user()));
            let record = Record { stamp, fields };
            let is_allowed = match before {
                Some(before) => {
                    access::may(caller, Action::Change, before) && access::may(caller, Action::Change, &record)
                }
                None => access::may(caller, Action::Create, &record),
            };
            if is_allowed {
                return Decision::Write(Box::new(Next { draft, record, is_new: before.is_none() }));
            }
            faults.push(RowFault::of_row(FieldFault::new(
                "forbidden",
                "您不能写这条记录",
                "you may not write this record",
            )));
        }
        Ok(_) => {}
        // What could not be read is told already.
        Err(more) => faults.extend(more.into_iter().filter(|fault| !is_told(fault, &draft.faults))),
    }
    Decision::Refuse(draft.number, faults)
}

/// Is a column without a value told of already?
fn is_told(fault: &RowFault, told: &[RowFault]) -> bool {
    told.iter().any(|other| other.column.is_some() && other.column == fault.column)
        || (fault.code == "required" && told.iter().any(|other| other.value.is_some()) && fault.value.is_none())
}

/// Writes rows at once; where the database refuses, each half of them, down to the row that is wrong.
async fn write_or_halve<C: Concept>(
    import: &Import,
    rows: Vec<Next<C>>,
    done: &mut Done,
    connection: &mut AsyncPgConnection,
) -> Result<(), WorkError> {
    let mut waiting = vec![rows];
    while let Some(mut rows) = waiting.pop() {
        if rows.is_empty() {
            continue;
        }
        let written = connection.transaction(async |connection| write_all(import, &rows, connection).await).await;
        match written {
            Ok(written) => {
                for row in rows {
                    done.settle(import.id, row, &written)?;
                }
            }
            Err(error) if !is_of_a_row(&error) => return Err(error.into()),
            Err(_) if rows.len() > 1 => {
                let second = rows.split_off(rows.len() / 2);
                waiting.extend([second, rows]);
            }
            Err(error) => {
                let row = rows.remove(0);
                let mut faults = row.draft.located(refused_write(error).into_faults());
                if faults.is_empty() {
                    faults.push(RowFault::of_row(FieldFault::new("refused", "无法写入", "cannot be written")));
                }
                done.refuse(import.id, row.draft.number, faults)?;
            }
        }
    }
    Ok(())
}

/// Is it something that a row can be to blame for?
fn is_of_a_row(error: &Error) -> bool {
    use DatabaseErrorKind as Kind;
    match error {
        // Another process has just brought in the same: the next try finds it.
        Error::DatabaseError(_, details) if details.constraint_name() == Some("import_identifiers_pkey") => false,
        Error::DatabaseError(kind, _) => {
            !matches!(kind, Kind::ClosedConnection | Kind::UnableToSendCommand | Kind::SerializationFailure)
        }
        _ => false,
    }
}

/// Writes rows, and what they are known by; the ids of what was written.
async fn write_all<C: Concept>(
    import: &Import,
    rows: &[Next<C>],
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Uuid>> {
    let of = |is_new| rows.iter().filter(move |row| row.is_new == is_new).map(|row| row.record.clone());
    let (new, changed): (Vec<Record<C>>, Vec<Record<C>>) = (of(true).collect(), of(false).collect());
    let mut written = Vec::with_capacity(rows.len());
    if !new.is_empty() {
        C::insert(&new, connection).await?;
        written.extend(new.iter().map(|record| record.stamp.id));
    }
    if !changed.is_empty() {
        written.extend(C::advance_all(&changed, connection).await?);
    }
    let new_rows = rows.iter().filter(|row| row.is_new);
    let pairs: Vec<(&str, Uuid)> =
        new_rows.filter_map(|row| Some((row.draft.key.kept_as()?, row.record.stamp.id))).collect();
    if !pairs.is_empty() {
        names::identify(C::KIND, import.partner(), &pairs, connection).await?;
    }
    for record in new.iter().chain(&changed).filter(|record| written.contains(&record.stamp.id)) {
        C::written(record, connection).await?;
    }
    Ok(written)
}

impl Done {
    fn refuse(&mut self, import_id: Uuid, number: i64, faults: Vec<RowFault>) -> Result<(), WorkError> {
        self.counts.refused += 1;
        let faults = serde_json::to_value(faults)?;
        self.rows.push(KeptRow { import_id, number, outcome: RowOutcome::Refused, record_id: None, faults });
        Ok(())
    }

    fn settle<C>(&mut self, import_id: Uuid, row: Next<C>, written: &[Uuid]) -> Result<(), WorkError> {
        let id = row.record.stamp.id;
        if !written.contains(&id) {
            let fault = FieldFault::new(
                "changed_meanwhile",
                "记录同时被他人修改，请再导入",
                "somebody changed the record meanwhile; bring it in again",
            );
            return self.refuse(import_id, row.draft.number, vec![RowFault::of_row(fault)]);
        }
        let outcome = if row.is_new { RowOutcome::Created } else { RowOutcome::Changed };
        *(if row.is_new { &mut self.counts.created } else { &mut self.counts.changed }) += 1;
        let (number, faults) = (row.draft.number, Value::Array(Vec::new()));
        self.rows.push(KeptRow { import_id, number, outcome, record_id: Some(id), faults });
        Ok(())
    }
}
