//! What callers ask of pairs, and what is wrong with it.

use std::collections::BTreeSet;

use deserr::Deserr;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use super::merging::rules::choosable;
use super::{DuplicateKind, DuplicateState};
use crate::problem::{Faults, FieldFault};
use crate::registry::fields::{Named, Prose, vocabulary};
use crate::registry::ids::{id, ids, optional_id};

vocabulary! {
    /// Whose value of a field a merge leaves.
    FieldChoice { Kept = "kept", Other = "other" }
}

/// Which pairs.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DuplicateFilter {
    #[deserr(default)]
    #[param(inline)]
    pub kind: Option<DuplicateKind>,
    #[deserr(default)]
    #[param(inline)]
    pub state: Option<DuplicateState>,
    /// Pairs that the record is in.
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub record_id: Option<Uuid>,
}

/// Two records that somebody takes for one, and why.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "kind": "result", "ids": ["01939c5e-0000-7000-8000-000000000002", "01939c5e-0000-7000-8000-000000000003"],
    "note": "同一成果，两个单位各报了一次。"
}))]
pub struct NewDuplicate {
    pub kind: DuplicateKind,
    #[deserr(try_from(Vec<String>) = two -> FieldFault)]
    #[schema(value_type = HashSet<Uuid>, min_items = 2, max_items = 2)]
    pub ids: [Uuid; 2],
    #[schema(inline)]
    pub note: Prose<1, 2000>,
}

/// That two records are two, and how that is known.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"note": "同名的两位专家，已电话核实。"}))]
pub struct Dismissal {
    #[schema(inline)]
    pub note: Prose<1, 2000>,
}

/// Which record is kept, and whose values.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"keep": "01939c5e-0000-7000-8000-000000000002", "fields": {"summary": "other"}}))]
pub struct NewMerge {
    /// The one that is kept; the other is put into it.
    #[deserr(try_from(String) = id -> FieldFault)]
    pub keep: Uuid,
    /// By field, whose value is left. Without a word the kept one's value is, where it has one, and of lists both.
    #[deserr(default)]
    #[schema(required = false, schema_with = field_choices)]
    pub fields: Named<FieldChoice>,
}

/// A choice for each field that a record of some kind has.
fn field_choices() -> Object {
    let names: BTreeSet<&str> = DuplicateKind::ALL.iter().flat_map(|kind| choosable(*kind)).copied().collect();
    let choices = ObjectBuilder::new().schema_type(Type::Object);
    names.into_iter().fold(choices, |choices, name| choices.property(name, FieldChoice::schema())).build()
}

fn two(texts: Vec<String>) -> Result<[Uuid; 2], FieldFault> {
    let ids = ids::<2>(texts)?;
    ids.try_into().map_err(|_| FieldFault::new("too_few", "须为两个", "must be two"))
}
