//! Parts of a result that are lists of small objects.

use deserr::Deserr;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Jsonb;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::{Faults, FieldFault};
use crate::registry::fields::{
    IntellectualPropertyKind, IntellectualPropertyStatus, Line, WebAddress, distinct, json_field,
};

/// One piece of intellectual property.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct IntellectualProperty {
    pub kind: IntellectualPropertyKind,
    /// Its number as its office writes it, where it has one.
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub number: Option<Line<1, 100>>,
    pub status: IntellectualPropertyStatus,
}

/// A file that belongs to a result and lies elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Attachment {
    #[schema(inline)]
    pub name: Line<1, 200>,
    #[schema(inline)]
    pub url: WebAddress,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, Deserr, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
#[serde(transparent)]
#[deserr(error = Faults, try_from(Vec<IntellectualProperty>) = Self::parse -> FieldFault)]
pub struct IntellectualPropertyItems(pub Vec<IntellectualProperty>);

#[derive(Clone, Debug, Default, Serialize, Deserialize, Deserr, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
#[serde(transparent)]
#[deserr(error = Faults, try_from(Vec<Attachment>) = Self::parse -> FieldFault)]
pub struct Attachments(pub Vec<Attachment>);

json_field!(IntellectualPropertyItems);
json_field!(Attachments);

impl IntellectualPropertyItems {
    fn parse(items: Vec<IntellectualProperty>) -> Result<Self, FieldFault> {
        distinct::<50, _>(items).map(Self)
    }
}

impl Attachments {
    fn parse(items: Vec<Attachment>) -> Result<Self, FieldFault> {
        distinct::<20, _>(items).map(Self)
    }
}
