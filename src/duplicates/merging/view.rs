//! Merges as callers see them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::references::{REFERENCES, Reference};
use crate::duplicates::view::PairView;

/// Which record was put in the place of which, and what that moved.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Merge, example = json!({
    "kept_id": "01939c5e-0000-7000-8000-000000000002", "other_id": "01939c5e-0000-7000-8000-000000000003",
    "merged_at": "2026-11-29T02:03:04Z", "merged_by": "01939c5e-0000-7000-8000-00000000000c",
    "moved": [{"kind": "docking", "field": "result_id", "count": 2}]
}))]
pub struct MergeView {
    pub kept_id: Uuid,
    pub other_id: Uuid,
    pub merged_at: DateTime<Utc>,
    pub merged_by: Uuid,
    #[schema(max_items = 50)]
    pub moved: Vec<Moved>,
}

/// References that a merge moved.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = MovedReferences)]
pub struct Moved {
    /// What refers: `result`, `expert`, `demand`, `docking`, `expert_team`, `participant`, `patent_case`, `account`,
    /// `invitation`.
    #[schema(max_length = 50)]
    kind: &'static str,
    /// Its field.
    #[schema(max_length = 50)]
    field: &'static str,
    #[schema(minimum = 1)]
    count: i64,
}

/// What became of the undoing of a merge.
#[derive(Serialize, ToSchema)]
pub struct UndoneMerge {
    pub duplicate: PairView,
    /// Fields of the kept record that stay, since they were changed after the merge had changed them.
    #[schema(max_items = 50)]
    pub stayed_fields: Vec<String>,
    /// References that stay, since they no longer named the kept record or could not be put back; a hundred at most are named.
    #[schema(max_items = 100)]
    pub stayed_references: Vec<StayedReference>,
    /// How many there are.
    #[schema(minimum = 0)]
    pub stayed: usize,
}

/// A reference that was not put back.
#[derive(Serialize, ToSchema)]
pub struct StayedReference {
    /// What refers, as where it was moved.
    #[schema(max_length = 50)]
    kind: &'static str,
    #[schema(max_length = 50)]
    field: &'static str,
    id: Uuid,
}

impl Moved {
    pub(super) fn of(table: &str, column: &str, count: i64) -> Option<Self> {
        let of = REFERENCES.iter().find(|reference| reference.table == table && reference.column == column)?;
        Some(Self { kind: of.kind, field: of.column, count })
    }
}

impl StayedReference {
    pub(super) const fn of(reference: &Reference, id: Uuid) -> Self {
        Self { kind: reference.kind, field: reference.column, id }
    }
}
