//! What everybody may read of records, and how those are called that others refer to.

use std::collections::HashMap;

use diesel_async::AsyncPgConnection;
use serde_json::Value;
use uuid::Uuid;

use super::demands::Demand;
use super::experts::Expert;
use super::organisations::Organisation;
use super::policies::Policy;
use super::results::ResearchResult;
use super::{Concept, Kind, Record};
use crate::access::Audience;

/// The fields by which records refer to others, and to which.
pub const REFERENCES: [(&str, Kind); 5] = [
    ("holder_id", Kind::Organisation),
    ("organisation_id", Kind::Organisation),
    ("enterprise_id", Kind::Organisation),
    ("contributor_ids", Kind::Expert),
    ("result_ids", Kind::Result),
];

/// Names of the records that others refer to.
pub type Names = HashMap<Uuid, String>;

/// Those of the ids that everybody may read now, without personal data.
///
/// # Errors
/// What the database says.
pub async fn find_all(
    kind: Kind,
    ids: &[Uuid],
    connection: &mut AsyncPgConnection,
) -> diesel::QueryResult<Vec<(Uuid, Value)>> {
    match kind {
        Kind::Result => of::<ResearchResult>(ids, connection).await,
        Kind::Expert => of::<Expert>(ids, connection).await,
        Kind::Organisation => of::<Organisation>(ids, connection).await,
        Kind::Demand => of::<Demand>(ids, connection).await,
        Kind::Policy => of::<Policy>(ids, connection).await,
    }
}

async fn of<C: Concept>(ids: &[Uuid], connection: &mut AsyncPgConnection) -> diesel::QueryResult<Vec<(Uuid, Value)>> {
    let records = C::find_all(ids, connection).await?.into_iter();
    let told = records.filter(is_public).map(|mut record| {
        record.fields.conceal();
        Ok((record.stamp.id, serde_json::to_value(record)?))
    });
    let told: Result<_, serde_json::Error> = told.collect();
    told.map_err(|error| diesel::result::Error::DeserializationError(Box::new(error)))
}

fn is_public<C: Concept>(record: &Record<C>) -> bool {
    record.stamp.deleted_at.is_none() && record.fields.audience() == Audience::PUBLIC
}

/// Those that a record refers to.
#[must_use]
pub fn referred(record: &Value) -> Vec<(Kind, Uuid)> {
    let of_field = |(field, kind): (&str, Kind)| each(&record[field]).filter_map(id).map(move |id| (kind, id));
    REFERENCES.into_iter().flat_map(of_field).collect()
}

/// The texts of a field: one or many.
pub fn each(value: &Value) -> impl Iterator<Item = &str> {
    let many = value.as_array().into_iter().flatten();
    value.as_str().into_iter().chain(many.filter_map(Value::as_str))
}

fn id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok()
}

/// How records are called; those that not everybody may read have no name.
///
/// # Errors
/// What the database says.
pub async fn names(referred: &[(Kind, Uuid)], connection: &mut AsyncPgConnection) -> diesel::QueryResult<Names> {
    let mut names = Names::new();
    for kind in [Kind::Organisation, Kind::Expert, Kind::Result] {
        let ids: Vec<Uuid> = referred.iter().filter(|(of, _)| *of == kind).map(|(_, id)| *id).collect();
        if ids.is_empty() {
            continue;
        }
        let found = find_all(kind, &ids, connection).await?;
        names.extend(found.into_iter().filter_map(|(id, record)| Some((id, called(&record)?.to_owned()))));
    }
    Ok(names)
}

/// What a record is called.
#[must_use]
pub fn called(record: &Value) -> Option<&str> {
    record["name"].as_str().or_else(|| record["title"].as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_refers_to_those_that_its_fields_name() {
        let (firm, person) = (Uuid::now_v7(), Uuid::now_v7());
        let result = json!({"title": "模具", "holder_id": firm, "contributor_ids": [person]});
        assert_eq!(referred(&result), [(Kind::Organisation, firm), (Kind::Expert, person)]);
        assert_eq!(referred(&json!({"name": "陈志", "organisation_id": firm})), [(Kind::Organisation, firm)]);
        assert_eq!((called(&result), called(&json!({"name": "陈志"}))), (Some("模具"), Some("陈志")));
    }
}
