//! Where a record was found.

use chrono::NaiveDate;
use deserr::{Deserr, ValuePointerRef};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Jsonb;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use uuid::{Uuid, uuid};

use super::{Day, Line, date, json_field, text_field};
use crate::problem::{Faults, FieldFault};

/// The namespace of the ids of partner sites as owners.
const PARTNERS: Uuid = uuid!("4f0d9c1e-6b7a-4d52-9a3e-81c5d27be604");

/// The id under which a partner site owns what came from it (a UUID of version 5).
#[must_use]
pub fn partner_owner(name: &str) -> Uuid {
    Uuid::new_v5(&PARTNERS, name.as_bytes())
}

/// The origin of a record. The pair of partner and identifier never makes two records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
#[deserr(error = Faults, deny_unknown_fields, validate = identified -> Faults)]
pub struct Source {
    /// In words: a journal, a fair, a letter.
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Line<1, 200>>,
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<WebAddress>,
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collected_on: Option<NaiveDate>,
    /// The partner site it came from.
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner: Option<Line<1, 100>>,
    /// The partner's own identifier of it.
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Line<1, 200>>,
}

json_field!(Source);

/// Either both partner and identifier are there, or neither.
impl PartialSchema for Source {
    fn schema() -> RefOr<Schema> {
        let optional = |shape: ObjectBuilder, words| {
            shape.schema_type(SchemaType::from_iter([Type::String, Type::Null])).description(words)
        };
        let found = || {
            ObjectBuilder::new()
                .property("origin", optional(Line::<1, 200>::shape(), Some("In words: a journal, a fair, a letter.")))
                .property("url", optional(WebAddress::shape(), None))
                .property("collected_on", optional(Day::shape(), None))
        };
        let partner = Line::<1, 100>::shape().description(Some("The partner site it came from."));
        let identifier = Line::<1, 200>::shape().description(Some("The partner's own identifier of it."));
        let of_partner = found().property("partner", partner).required("partner");
        let null = || ObjectBuilder::new().schema_type(Type::Null);
        OneOfBuilder::new()
            .description(Some("The origin of a record. The pair of partner and identifier never makes two records."))
            .item(of_partner.property("identifier", identifier).required("identifier"))
            .item(found().property("partner", null()).property("identifier", null()))
            .into()
    }
}
impl ToSchema for Source {}

fn identified(source: Source, location: ValuePointerRef<'_>) -> Result<Source, Faults> {
    let missing = match (&source.partner, &source.identifier) {
        (Some(_), None) => "identifier",
        (None, Some(_)) => "partner",
        _ => return Ok(source),
    };
    let fault = FieldFault::new("required", "partner 与 identifier 须同时给出", "partner and identifier go together");
    Err(deserr::take_cf_content(<Faults as deserr::MergeWithError<FieldFault>>::merge(
        None,
        fault,
        location.push_key(missing),
    )))
}

/// An `http` or `https` address. Only kept and shown as text; the service never calls it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebAddress(String);

impl WebAddress {
    /// Its schema, to be added to.
    fn shape() -> ObjectBuilder {
        let solid = r"\s\u0000-\u001f\u007f-\u009f";
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(format!("^https?://[^/{solid}][^{solid}]*$")))
            .max_length(Some(2000))
    }

    /// # Errors
    /// `format` or `too_long`.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let address = Line::<1, 2000>::parse(text)?;
        let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
        if host.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace)) {
            return Ok(Self(address.to_string()));
        }
        Err(FieldFault::new("format", "应为 http 或 https 网址", "must be an http or https address"))
    }
}

text_field!([] WebAddress);

impl PartialSchema for WebAddress {
    fn schema() -> RefOr<Schema> {
        Self::shape().into()
    }
}
impl ToSchema for WebAddress {}
