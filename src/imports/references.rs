//! Other records, as files name them: by our ids, by identifiers of the file's owner, by credit codes, names and titles.

use std::collections::{BTreeSet, HashMap};

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use super::draft::Draft;
use super::names::{self, Named};
use crate::problem::FieldFault;
use crate::registry::Kind;
use crate::registry::columns::{Column, Values, columns};

/// Records by what they are called.
type Called = HashMap<(Kind, String), Vec<Named>>;

/// Puts ids where the rows name other records, those of all rows at once; what names none is a fault of its row.
///
/// # Errors
/// What the database says.
pub async fn resolve(
    kind: Kind,
    partner: &str,
    drafts: &mut [Draft],
    connection: &mut AsyncPgConnection,
) -> QueryResult<()> {
    let mut called = Called::new();
    for of in [Kind::Organisation, Kind::Expert, Kind::Result] {
        let called_so: BTreeSet<String> =
            naming(kind, of).flat_map(|column| drafts.iter().flat_map(|draft| named_in(draft, column))).collect();
        if called_so.is_empty() {
            continue;
        }
        for named in names::named(of, partner, &called_so.into_iter().collect::<Vec<_>>(), connection).await? {
            let found = called.entry((of, named.called.clone())).or_default();
            if found.iter().all(|other| other.id != named.id) {
                found.push(named);
            }
        }
    }
    for draft in drafts {
        // The holder first: who is of it is more likely meant.
        for of in [Kind::Organisation, Kind::Expert, Kind::Result] {
            for column in naming(kind, of) {
                settle(draft, column, of, &called);
            }
        }
    }
    Ok(())
}

/// The fields of a kind that name records of another.
fn naming(kind: Kind, of: Kind) -> impl Iterator<Item = &'static Column> {
    columns(kind).iter().filter(move |column| column.of == Values::Records(of))
}

/// What is named in a field and is no id.
fn named_in(draft: &Draft, column: &Column) -> Vec<String> {
    let value = draft.members.get(column.name);
    let items = match value {
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    items.iter().filter_map(Value::as_str).filter(|text| Uuid::try_parse(text).is_err()).map(normal).collect()
}

fn normal(text: &str) -> String {
    text.trim().nfc().collect()
}

/// Puts ids into a field of a row.
fn settle(draft: &mut Draft, column: &Column, of: Kind, called: &Called) {
    let holder = ["holder_id", "organisation_id"].into_iter().find_map(|name| draft.members.get(name)?.as_str());
    let holder = holder.and_then(|id| Uuid::try_parse(id).ok());
    let mut faults = Vec::new();
    let mut meant = |text: &mut String| {
        if Uuid::try_parse(text).is_ok() {
            return;
        }
        let found = called.get(&(of, normal(text))).map_or(&[][..], Vec::as_slice);
        match one(found, holder) {
            Ok(id) => *text = id.to_string(),
            Err(fault) => faults.push(fault(of, text)),
        }
    };
    match draft.members.get_mut(column.name) {
        Some(Value::String(text)) => meant(text),
        Some(Value::Array(items)) => {
            for item in items {
                if let Value::String(text) = item {
                    meant(text);
                }
            }
        }
        _ => {}
    }
    for fault in faults {
        draft.faults.push(draft.fault(&format!("/{}", column.name), fault));
    }
}

/// The one that is meant: the only one, or the only one of the holder.
fn one(found: &[Named], holder: Option<Uuid>) -> Result<Uuid, fn(Kind, &str) -> FieldFault> {
    match found {
        [] => Err(unknown),
        [only] => Ok(only.id),
        several => {
            let mut of_holder = several.iter().filter(|named| holder.is_some() && named.of == holder);
            match (of_holder.next(), of_holder.next()) {
                (Some(only), None) => Ok(only.id),
                _ => Err(ambiguous),
            }
        }
    }
}

/// What a kind is called, and how else one of it can be named.
const fn words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Organisation => ("单位", "organisation"),
        Kind::Expert => ("专家", "expert"),
        Kind::Result => ("成果", "result"),
        Kind::Demand => ("需求", "demand"),
        Kind::Policy => ("政策", "policy"),
    }
}

fn unknown(kind: Kind, text: &str) -> FieldFault {
    let (zh, en) = words(kind);
    FieldFault::new(
        "unknown_reference",
        format!("没有叫“{text}”的{zh}；请先登记，或写它的编号"),
        format!("there is no {en} called {text}; register it first, or give its id"),
    )
}

fn ambiguous(kind: Kind, text: &str) -> FieldFault {
    let (zh, en) = words(kind);
    let code =
        if matches!(kind, Kind::Organisation) { ("统一社会信用代码或", "credit code or ") } else { ("", "") };
    FieldFault::new(
        "ambiguous",
        format!("不止一个{zh}叫“{text}”；请写{}编号", code.0),
        format!("more than one {en} is called {text}; give its {}id", code.1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_the_one_of_the_holder_is_meant() {
        let [a, b, firm] = [1, 2, 3].map(Uuid::from_u128);
        let named = |id, of| Named { called: "张三".to_owned(), id, of };
        let code = |found: &[Named], holder| one(found, holder).map_err(|fault| fault(Kind::Expert, "张三").code);
        assert_eq!(code(&[], None), Err("unknown_reference"));
        assert_eq!(code(&[named(a, None)], None), Ok(a));
        assert_eq!(code(&[named(a, Some(firm)), named(b, None)], Some(firm)), Ok(a));
        assert_eq!(code(&[named(a, None), named(b, None)], None), Err("ambiguous"));
        assert_eq!(code(&[named(a, Some(firm)), named(b, Some(firm))], Some(firm)), Err("ambiguous"));
    }
}
