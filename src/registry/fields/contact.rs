//! How a person is reached. Personal data: shown to the centre's staff and to the person or office itself.

use deserr::Deserr;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Jsonb;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Line, json_field};
use crate::problem::{Faults, FieldFault};

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Deserr, ToSchema, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Contact {
    /// Whom to ask for.
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub person: Option<Line<1, 50>>,
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub phone: Option<Phone>,
    #[deserr(default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub email: Option<Email>,
}

json_field!(Contact);

/// Never in a log line: what a contact holds is not for `Debug`.
impl std::fmt::Debug for Contact {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Contact(…)")
    }
}

/// A telephone number: digits, blanks and hyphens, with `+` before a country's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Deserr)]
#[serde(transparent)]
#[deserr(error = Faults, try_from(String) = Self::parse -> FieldFault)]
pub struct Phone(String);

impl Phone {
    /// # Errors
    /// `format`.
    pub fn parse(text: String) -> Result<Self, FieldFault> {
        let phone = text.trim();
        let digits = phone.strip_prefix('+').unwrap_or(phone);
        let written = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-'));
        let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
        if written && (6..=30).contains(&phone.len()) && ends(digits.bytes().next()) && ends(digits.bytes().last()) {
            return Ok(Self(phone.to_owned()));
        }
        Err(FieldFault::new(
            "format",
            "应为电话号码，如 0317-0000123",
            "must be a telephone number such as 0317-0000123",
        ))
    }
}

/// An e-mail address; that it is read by someone only a letter can tell.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Deserr)]
#[serde(transparent)]
#[deserr(error = Faults, try_from(String) = Self::parse -> FieldFault)]
pub struct Email(String);

impl Email {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// # Errors
    /// `format`.
    pub fn parse(text: String) -> Result<Self, FieldFault> {
        let email = text.trim();
        let parts =
            email.split_once('@').filter(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
        let plain = !email.chars().any(|c| c.is_whitespace() || c.is_control());
        if parts.is_some() && plain && email.chars().count() <= 254 {
            return Ok(Self(email.to_owned()));
        }
        Err(FieldFault::new("format", "应为电子邮箱地址", "must be an e-mail address"))
    }
}

macro_rules! personal {
    ($field:ident, $shape:expr) => {
        impl PartialSchema for $field {
            fn schema() -> RefOr<Schema> {
                let schema: ObjectBuilder = $shape;
                schema.into()
            }
        }
        impl ToSchema for $field {}
    };
}
personal!(
    Phone,
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(r"^(\+[0-9][0-9 -]{3,27}|[0-9][0-9 -]{4,28})[0-9]$"))
        .examples(["0317-0000123"])
);
personal!(
    Email,
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(r"^[^@\s\u0000-\u001f\u007f-\u009f]+@[^@\s\u0000-\u001f\u007f-\u009f]+$"))
        .min_length(Some(3))
        .max_length(Some(254))
        .examples(["li@example.com"])
);
