//! The name that an account signs in with.

use crate::problem::FieldFault;
use crate::registry::fields::text_field;

/// 2 to 64 Latin letters, digits and `. _ @ -`; upper and lower case are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login(String);

impl Login {
    /// # Errors
    /// `format`.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let login = text.to_ascii_lowercase();
        let letter = |byte: u8| byte.is_ascii_alphanumeric();
        let fits = (2..=64).contains(&login.len())
            && login.bytes().next().is_some_and(letter)
            && login.bytes().all(|byte| letter(byte) || b"._@-".contains(&byte));
        fits.then_some(Self(login)).ok_or_else(|| {
            FieldFault::new(
                "format",
                "账号名为 2 到 64 个拉丁字母、数字或 . _ @ -，以字母或数字开头",
                "a login has 2 to 64 Latin letters, digits and . _ @ -, and begins with a letter or digit",
            )
        })
    }
}

text_field!([] Login);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_plain_and_has_no_case() {
        assert_eq!(Login::parse("Zhao-LiXin").as_deref(), Ok("zhao-lixin"));
        for wrong in ["", "x", "-li", "li xin", "李", "a\0b", &"x".repeat(65)] {
            assert!(Login::parse(wrong).is_err(), "{wrong}");
        }
    }
}
