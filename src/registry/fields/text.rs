//! Texts. Kept as they were given, Simplified or Traditional, in NFC; lengths are Unicode scalar values.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::text_field;
use crate::problem::FieldFault;

/// One line of text, `MIN` to `MAX` characters, without control characters or blanks around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
#[serde(transparent)]
pub struct Line<const MIN: usize, const MAX: usize>(String);

/// Text of several lines, `MIN` to `MAX` characters; tabs and line ends are its only control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
#[serde(transparent)]
pub struct Prose<const MIN: usize, const MAX: usize>(String);

text_field!([const MIN: usize, const MAX: usize] Line<MIN, MAX>);
text_field!([const MIN: usize, const MAX: usize] Prose<MIN, MAX>);

impl<const MIN: usize, const MAX: usize> Line<MIN, MAX> {
    /// # Errors
    /// `too_short`, `too_long`, or `control_character`.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let text: String = text.trim().nfc().collect();
        if text.chars().any(char::is_control) {
            return Err(FieldFault::new(
                "control_character",
                "不能含控制字符或换行",
                "must be one line without control characters",
            ));
        }
        within(text, MIN, MAX).map(Self)
    }
}

impl<const MIN: usize, const MAX: usize> Prose<MIN, MAX> {
    /// # Errors
    /// `too_short`, `too_long`, or `control_character`.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let text: String = text.trim().replace("\r\n", "\n").nfc().collect();
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return Err(FieldFault::new("control_character", "不能含控制字符", "must not have control characters"));
        }
        within(text, MIN, MAX).map(Self)
    }
}

fn within(text: String, min: usize, max: usize) -> Result<String, FieldFault> {
    let length = text.chars().count();
    if length < min {
        return Err(FieldFault::new(
            "too_short",
            format!("至少 {min} 字，现为 {length} 字"),
            format!("must have at least {min} characters, has {length}"),
        ));
    }
    if length > max {
        return Err(FieldFault::new(
            "too_long",
            format!("至多 {max} 字，现为 {length} 字"),
            format!("must have at most {max} characters, has {length}"),
        ));
    }
    Ok(text)
}

/// No control characters.
const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// None but tabs and line ends.
const PROSE: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";

fn schema(min: usize, max: usize, pattern: &str) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    text.min_length(Some(min)).max_length(Some(max)).into()
}

impl<const MIN: usize, const MAX: usize> PartialSchema for Line<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        schema(MIN, MAX, LINE)
    }
}
impl<const MIN: usize, const MAX: usize> ToSchema for Line<MIN, MAX> {}

impl<const MIN: usize, const MAX: usize> PartialSchema for Prose<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        schema(MIN, MAX, PROSE)
    }
}
impl<const MIN: usize, const MAX: usize> ToSchema for Prose<MIN, MAX> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<const MIN: usize, const MAX: usize>(text: &str) -> Result<String, &'static str> {
        Line::<MIN, MAX>::parse(text).map(|line| line.0).map_err(|fault| fault.code)
    }

    #[test]
    fn lengths_are_scalar_values_after_nfc() {
        assert_eq!(code::<1, 1>("e\u{301}"), Ok("é".to_owned()));
        assert_eq!(code::<2, 3>("炉"), Err("too_short"));
        assert_eq!(code::<2, 3>("工业炉窑"), Err("too_long"));
        assert_eq!(code::<2, 4>(" 工业炉窑\u{3000}"), Ok("工业炉窑".to_owned()));
    }

    #[test]
    fn a_line_has_no_control_characters_and_prose_only_line_ends_and_tabs() {
        assert_eq!(code::<1, 9>("a\0b"), Err("control_character"));
        assert_eq!(code::<1, 9>("a\nb"), Err("control_character"));
        assert_eq!(Prose::<1, 9>::parse("a\r\nb\tc").map(|prose| prose.0), Ok("a\nb\tc".to_owned()));
        assert_eq!(Prose::<1, 9>::parse("a\u{7}").map_err(|fault| fault.code), Err("control_character"));
    }
}
