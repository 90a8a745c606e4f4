//! Who may do what: one table of who, what, which records and which fields.
//!
//! The table ([`table`]) is written once. The gate before every handler, the rules of rows in the registry and in
//! matching, the contract and the page that people read all come from it. What it does not name nobody may do.

pub mod document;
mod gate;
mod grants;
mod operations;
mod reach;
mod table;

pub use document::{as_markdown, describe};
pub use gate::gate;
pub use grants::{Action, Fields, Grant, Rule, What};
pub use operations::{Operation, Operations};
pub use reach::{Audience, Records};
pub use table::rules;

use uuid::Uuid;

use crate::identity::{Caller, Role};
use crate::registry::{Concept, Kind, Record};

/// What a caller is granted for an action on records of a kind.
#[must_use]
pub fn granted(caller: &Caller, kind: Kind, action: Action) -> Option<&'static Grant> {
    rule_of(kind, action).and_then(|rule| rule.grant_for(caller))
}

/// Which records of a kind a caller may read. Whoever lacks a scope reads what the public reads.
#[must_use]
pub fn readable(caller: &Caller, kind: Kind) -> Records {
    let public = || rule_of(kind, Action::Read).and_then(|rule| rule.grant_of(Role::Public));
    granted(caller, kind, Action::Read).or_else(public).map_or(Records::Own, |grant| grant.records)
}

/// Which records of a kind a person in a role may read.
#[must_use]
pub fn readable_in(role: Role, kind: Kind) -> Option<Records> {
    rule_of(kind, Action::Read).and_then(|rule| rule.grant_of(role)).map(|grant| grant.records)
}

/// May the caller do this with this record?
#[must_use]
pub fn may<C: Concept>(caller: &Caller, action: Action, record: &Record<C>) -> bool {
    let records = match action {
        Action::Read => Some(readable(caller, C::KIND)),
        _ => granted(caller, C::KIND, action).map(|grant| grant.records),
    };
    records.is_some_and(|records| records.cover(record.fields.audience(), &C::owners(record), caller.owner()))
}

/// Is the caller shown the personal data of this record?
#[must_use]
pub fn shows_personal_data<C: Concept>(caller: &Caller, record: &Record<C>) -> bool {
    match granted(caller, C::KIND, Action::Read).map(|grant| grant.fields) {
        Some(Fields::Personal) => true,
        Some(Fields::PersonalOfOwn | Fields::PersonalOfSides) => is_own(&C::owners(record), caller.owner()),
        Some(Fields::Open) | None => false,
    }
}

/// May the caller be shown the personal data of records of a kind that are of the other side of an accepted docking?
#[must_use]
pub fn shows_other_side(caller: &Caller, kind: Kind) -> bool {
    granted(caller, kind, Action::Read).is_some_and(|grant| grant.fields == Fields::PersonalOfSides)
}

/// The records that a caller is granted for an operation, if any.
#[must_use]
pub fn granted_records(caller: &Caller, operation: &str) -> Option<Records> {
    let of = |rule: &&Rule| matches!(rule.what, What::Operations(ids) if ids.contains(&operation));
    rules().iter().find(of).and_then(|rule| rule.grant_for(caller)).map(|grant| grant.records)
}

fn is_own(owners: &[Uuid], caller: Option<Uuid>) -> bool {
    caller.is_some_and(|caller| owners.contains(&caller))
}

fn rule_of(kind: Kind, action: Action) -> Option<&'static Rule> {
    rules().iter().find(|rule| matches!(rule.what, What::Records(of, what) if of == kind && what == action))
}
