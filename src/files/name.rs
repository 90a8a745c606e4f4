//! Names of files, as people give them.

use unicode_normalization::UnicodeNormalization;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::kinds::KINDS;
use crate::problem::FieldFault;

/// Characters of a name, its ending among them.
const LONGEST: usize = 200;

/// A name of one line that leads out of no folder, is shown as it is, and ends as a file that is taken does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// # Errors
    /// `too_long`, `file_name`, or `file_type` for an ending that is not taken.
    pub fn parse(text: String) -> Result<Self, FieldFault> {
        let name: String = text.trim().nfc().collect();
        if name.chars().count() > LONGEST {
            return Err(FieldFault::new("too_long", "文件名至多 200 字", "a name has at most 200 characters"));
        }
        if name.starts_with('.') || name.chars().any(is_misleading) {
            let en = "a name has no slashes, control characters or marks of direction, and does not begin with a dot";
            return Err(FieldFault::new("file_name", "文件名不能含斜杠、控制字符或方向标记，也不能以点开头", en));
        }
        let name = Self(name);
        if KINDS.iter().any(|(known, _)| *known == name.ending()) {
            return Ok(name);
        }
        let endings = KINDS.map(|(ending, _)| ending).join(", ");
        Err(FieldFault::new("file_type", format!("只收：{endings}"), format!("a name ends in one of: {endings}")))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the last dot, in small letters.
    #[must_use]
    pub fn ending(&self) -> String {
        self.0.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default()
    }
}

/// What leads out of a folder, breaks a line, or makes a name be shown as another.
fn is_misleading(c: char) -> bool {
    c.is_control()
        || matches!(c, '/' | '\\' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl PartialSchema for FileName {
    fn schema() -> RefOr<Schema> {
        let either = |c: char| ['[', c, c.to_ascii_uppercase(), ']'];
        let endings = KINDS.map(|(ending, _)| ending.chars().flat_map(either).collect::<String>()).join("|");
        let character = r"[^\u0000-\u001f\u007f-\u009f/\\\u200e\u200f\u2028-\u202e\u2066-\u2069]";
        let first = r"[!-\-0-\[\]-~\u3041-\u3096\u4e00-\u9fff]";
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(format!("^{first}{character}*\\.({endings})$")))
            .max_length(Some(LONGEST))
            .examples(["会谈纪要.pdf"])
            .into()
    }
}
impl ToSchema for FileName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_as_they_are_and_lead_nowhere() {
        for good in ["会谈纪要.pdf", "a.TXT", "合同 (终稿) v2.docx", "x..png"] {
            assert!(FileName::parse(good.to_owned()).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "pdf",
            ".pdf",
            "..",
            "../x.pdf",
            "a/b.pdf",
            "a\\b.pdf",
            "a\nb.pdf",
            "a\0.pdf",
            "fdp\u{202e}exe.pdf",
            "x.exe",
            "x.pdf.exe",
            "x.html",
            "x.svg",
            "x.pdf.",
        ] {
            assert!(FileName::parse(wrong.to_owned()).is_err(), "{wrong:?}");
        }
        assert!(FileName::parse("长".repeat(197) + ".pdf").is_err());
    }
}
