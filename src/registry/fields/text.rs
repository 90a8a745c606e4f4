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

/// One line of text without control characters: at most `MAX` characters as sent, at least `MIN` when the blanks
/// around it are taken away, as they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
#[serde(transparent)]
pub struct Line<const MIN: usize, const MAX: usize>(String);

/// Text of several lines, bounded like a [`Line`]; tabs and line ends are its only control characters.
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
        let text = at_most(text, MAX)?.trim().to_owned();
        if text.chars().any(char::is_control) {
            return Err(FieldFault::new(
                "control_character",
                "不能含控制字符或换行",
                "must be one line without control characters",
            ));
        }
        at_least(text, MIN).map(Self)
    }
}

impl<const MIN: usize, const MAX: usize> Prose<MIN, MAX> {
    /// # Errors
    /// `too_short`, `too_long`, or `control_character`.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let text = at_most(text, MAX)?.trim().replace("\r\n", "\n");
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return Err(FieldFault::new("control_character", "不能含控制字符", "must not have control characters"));
        }
        at_least(text, MIN).map(Self)
    }
}

/// The text in NFC, if it is not too long as it was sent: blanks around it count.
fn at_most(text: &str, max: usize) -> Result<String, FieldFault> {
    let text: String = text.nfc().collect();
    let length = text.chars().count();
    if length > max {
        return Err(FieldFault::new(
            "too_long",
            format!("至多 {max} 字，现为 {length} 字"),
            format!("must have at most {max} characters, has {length}"),
        ));
    }
    Ok(text)
}

/// The text, if it is long enough: blanks around it do not count.
fn at_least(text: String, min: usize) -> Result<String, FieldFault> {
    let length = text.chars().count();
    if length < min {
        return Err(FieldFault::new(
            "too_short",
            format!("至少 {min} 字，现为 {length} 字"),
            format!("must have at least {min} characters, has {length}"),
        ));
    }
    Ok(text)
}

/// The blanks of Unicode that are no control characters.
const BLANKS: &str = r"\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
const CONTROLS: &str = r"\u0000-\u001f\u007f-\u009f";
/// What a line is made of.
const OF_LINE: &str = r"[^\u0000-\u001f\u007f-\u009f]";
/// What prose is made of: a line end is one character, however it was written.
const OF_PROSE: &str = r"(?:[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\r\n)";

/// A text of at most `max` characters, and of at least `min` without the blanks around it. Such a text begins and ends
/// with something that is not blank.
fn shape(min: usize, max: usize, character: &str, line_ends: &str) -> ObjectBuilder {
    let (blank, solid) = (format!("[{line_ends}{BLANKS}]*"), format!("[^{CONTROLS}{BLANKS}]"));
    let pattern = match min {
        0 | 1 => format!("^{blank}{solid}(?:{character}*{solid})?{blank}$"),
        _ => format!("^{blank}{solid}{character}{{{},}}{solid}{blank}$", min - 2),
    };
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    text.min_length(Some(min)).max_length(Some(max))
}

impl<const MIN: usize, const MAX: usize> Line<MIN, MAX> {
    /// Its schema, to be added to.
    pub(super) fn shape() -> ObjectBuilder {
        shape(MIN, MAX, OF_LINE, "")
    }
}

impl<const MIN: usize, const MAX: usize> PartialSchema for Line<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        Self::shape().into()
    }
}
impl<const MIN: usize, const MAX: usize> ToSchema for Line<MIN, MAX> {}

impl<const MIN: usize, const MAX: usize> PartialSchema for Prose<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        shape(MIN, MAX, OF_PROSE, r"\t\n\r").into()
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
    }

    #[test]
    fn blanks_around_a_text_count_towards_the_most_but_not_towards_the_least() {
        assert_eq!(code::<2, 6>(" 工业炉窑\u{3000}"), Ok("工业炉窑".to_owned()));
        assert_eq!(code::<2, 5>(" 工业炉窑\u{3000}"), Err("too_long"));
        assert_eq!(code::<2, 5>("  炉\u{3000}"), Err("too_short"));
        assert_eq!(Prose::<1, 4>::parse("a\r\nb").map(|prose| prose.0), Ok("a\nb".to_owned()));
        assert_eq!(Prose::<1, 3>::parse("a\r\nb").map_err(|fault| fault.code), Err("too_long"));
    }

    #[test]
    fn a_line_has_no_control_characters_and_prose_only_line_ends_and_tabs() {
        assert_eq!(code::<1, 9>("a\0b"), Err("control_character"));
        assert_eq!(code::<1, 9>("a\nb"), Err("control_character"));
        assert_eq!(Prose::<1, 9>::parse("a\r\nb\tc").map(|prose| prose.0), Ok("a\nb\tc".to_owned()));
        assert_eq!(Prose::<1, 9>::parse("a\u{7}").map_err(|fault| fault.code), Err("control_character"));
    }
}
