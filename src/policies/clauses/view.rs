//! A clause as it is shown, and what staff say of its audience.

use deserr::Deserr;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::policies::audience::Reason;
use crate::policies::cutting::{Departments, Doubt, PieceKind};
use crate::problem::{Faults, FieldFault};
use crate::registry::fields::{IndustryCode, Line, OrganisationLabel, RegionCode, Scale, distinct};

/// A piece of a policy: a part, a clause, or what stands before and after them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PolicyClause, example = json!({
    "id": "01939c5e-0000-7000-8000-000000000021", "policy_id": "01939c5e-0000-7000-8000-000000000005", "version": 1,
    "place": 2, "parent": 1, "depth": 1, "leaf": true, "kind": "clause", "number": "（一）", "heading": "培育创新主体",
    "text": "首次认定的高新技术企业，奖励10万元。（县科技局负责）", "start": 40, "end": 75,
    "departments": [{"written": "县科技局负责", "start": 68, "end": 74, "bodies": [{"name": "县科技局", "role": "responsible"}]}],
    "audience": {"labels": ["high_tech"], "scales": [], "industries": [], "regions": [], "topics": ["奖补"], "confirmed": false,
        "reasons": [{"aspect": "label", "value": "high_tech", "words": "高新技术企业", "start": 54, "end": 60}]}
}))]
pub struct Clause {
    pub id: Uuid,
    pub policy_id: Uuid,
    /// Of what is said of its audience; it stands in `If-Match` of a confirmation.
    #[schema(minimum = 1)]
    pub version: i64,
    /// Among the pieces of the policy.
    #[schema(minimum = 0)]
    pub place: i16,
    /// The place of the piece that it lies within.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    pub parent: Option<i16>,
    #[schema(minimum = 0)]
    pub depth: i16,
    /// Nothing lies within it.
    pub leaf: bool,
    pub kind: PieceKind,
    /// As it is written: （一）.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 30)]
    pub number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub heading: Option<String>,
    #[schema(max_length = 200_000)]
    pub text: String,
    /// Characters of the body; of its text, where it is HTML.
    #[schema(minimum = 0)]
    pub start: i32,
    #[schema(minimum = 0)]
    pub end: i32,
    #[schema(max_items = 1000)]
    pub departments: Vec<Departments>,
    /// Why a person should look at it. It goes once somebody has confirmed the clause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    pub audience: ClauseAudience,
}

/// Whom a clause is for. What is empty asks for nothing: a clause that names nobody is for everybody in the region of its
/// policy.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClauseAudience {
    #[schema(value_type = Vec<OrganisationLabel>, max_items = 6)]
    pub labels: Vec<String>,
    #[schema(value_type = Vec<Scale>, max_items = 4)]
    pub scales: Vec<String>,
    /// GB/T 4754-2017; those below are meant, too.
    #[schema(value_type = Vec<IndustryCode>, max_items = 200)]
    pub industries: Vec<String>,
    /// GB/T 2260; those below are meant, too.
    #[schema(value_type = Vec<RegionCode>, max_items = 200)]
    pub regions: Vec<String>,
    #[schema(max_items = 20)]
    pub topics: Vec<String>,
    /// Somebody of the centre has looked at it.
    pub confirmed: bool,
    /// Which words the rules went by. They stand even where staff have said otherwise.
    #[schema(max_items = 500)]
    pub reasons: Vec<Reason>,
}

/// Whom a clause is for, as somebody of the centre says.
#[derive(Clone, Debug, Deserr, Serialize, Deserialize, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"labels": ["high_tech"], "scales": [], "industries": ["C33"], "regions": [], "topics": ["奖补"]}))]
pub struct ConfirmedAudience {
    #[deserr(default, try_from(Vec<OrganisationLabel>) = distinct::<6, _> -> FieldFault)]
    #[schema(value_type = HashSet<OrganisationLabel>, max_items = 6, required = false)]
    pub labels: Vec<OrganisationLabel>,
    #[deserr(default, try_from(Vec<Scale>) = distinct::<4, _> -> FieldFault)]
    #[schema(value_type = HashSet<Scale>, max_items = 4, required = false)]
    pub scales: Vec<Scale>,
    #[deserr(default, try_from(Vec<IndustryCode>) = distinct::<50, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<IndustryCode>, max_items = 50, required = false)]
    pub industries: Vec<IndustryCode>,
    #[deserr(default, try_from(Vec<RegionCode>) = distinct::<50, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<RegionCode>, max_items = 50, required = false)]
    pub regions: Vec<RegionCode>,
    #[deserr(default, try_from(Vec<Line<1, 50>>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<Line<1, 50>>, max_items = 20, required = false)]
    pub topics: Vec<Line<1, 50>>,
}
