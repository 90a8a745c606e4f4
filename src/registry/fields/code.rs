//! Codes of national standards.

use std::fmt;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::text_field;
use crate::problem::FieldFault;
use crate::registry::codes;

macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $pattern:expr, $example:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, AsExpression, FromSqlRow)]
        #[diesel(sql_type = Text)]
        #[serde(transparent)]
        pub struct $name(String);

        text_field!([] $name);

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some($pattern))
                    .max_length(Some(18))
                    .examples([$example])
                    .into()
            }
        }
        impl ToSchema for $name {}
    };
}

code!(
    /// 统一社会信用代码, the unified social credit code (GB 32100-2015).
    CreditCode, "^[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXYa-hj-npqrtuwxy]{10}$", "91350100M000100Y43"
);
code!(
    /// A code of the national industry classification (GB/T 4754-2017) with its section's letter.
    IndustryCode, "^([A-Ta-t]([0-9]{2,4})?|[0-9]{2,4})$", "C3311"
);
code!(
    /// A province, city or county (GB/T 2260).
    RegionCode, "^[1-9][0-9]{5}$", "130927"
);
code!(
    /// A discipline (GB/T 13745-2009): three, five or seven digits.
    DisciplineCode, discipline_pattern(), "460"
);
code!(
    /// A language (ISO 639-1 or 639-3).
    LanguageCode, "^[a-z]{2,3}$", "zh"
);

/// GB 32100-2015: digits and capitals without I, O, S, V, Z; a character's value is its place.
const CREDIT_ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

impl CreditCode {
    /// Takes lower case and blanks around it, as people type it.
    ///
    /// # Errors
    /// `format` or `check_digit`.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let code = text.trim().to_ascii_uppercase();
        let values: Option<Vec<usize>> =
            code.bytes().map(|byte| CREDIT_ALPHABET.iter().position(|c| *c == byte)).collect();
        let values = values.filter(|values| values.len() == 18 && values[2..8].iter().all(|digit| *digit < 10));
        let Some(values) = values else {
            return Err(FieldFault::new(
                "format",
                "统一社会信用代码为 18 位（GB 32100-2015），不含 I、O、S、V、Z",
                "a unified social credit code has 18 characters (GB 32100-2015), none of I, O, S, V, Z",
            ));
        };
        if values[17] != credit_check(&values[..17]) {
            return Err(FieldFault::new(
                "check_digit",
                "校验码不对，请核对",
                "the check character does not fit; check for a typing error",
            ));
        }
        Ok(Self(code))
    }
}

/// GB 32100-2015, 4.5: C18 = 31 − Σ Ci·3^(i−1) mod 31, where 31 stands for 0.
fn credit_check(values: &[usize]) -> usize {
    let weights = std::iter::successors(Some(1), |weight| Some(weight * 3 % 31));
    let sum: usize = values.iter().zip(weights).map(|(value, weight)| value * weight).sum();
    (31 - sum % 31) % 31
}

impl IndustryCode {
    /// Takes the code with or without its section's letter.
    ///
    /// # Errors
    /// `unknown_code`.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        codes::industries().find(&text.trim().to_ascii_uppercase()).map(|item| Self(item.code.clone())).ok_or_else(
            || {
                FieldFault::new(
                    "unknown_code",
                    "GB/T 4754-2017 中没有这个行业代码",
                    "no such industry in GB/T 4754-2017",
                )
            },
        )
    }
}

impl RegionCode {
    /// # Errors
    /// `unknown_code`.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        codes::regions().find(text.trim()).map(|item| Self(item.code.clone())).ok_or_else(|| {
            FieldFault::new("unknown_code", "GB/T 2260 中没有这个行政区划代码", "no such region in GB/T 2260")
        })
    }
}

/// First-level disciplines of GB/T 13745-2009.
pub const DISCIPLINES: [u16; 62] = [
    110, 120, 130, 140, 150, 160, 170, 180, 190, 210, 220, 230, 240, 310, 320, 330, 340, 350, 360, 410, 413, 416, 420,
    430, 440, 450, 460, 470, 480, 490, 510, 520, 530, 535, 540, 550, 560, 570, 580, 590, 610, 620, 630, 710, 720, 730,
    740, 750, 760, 770, 780, 790, 810, 820, 830, 840, 850, 860, 870, 880, 890, 910,
];

/// A first-level discipline with what stands below it, as printed or without dots.
fn discipline_pattern() -> String {
    format!(r"^({})(\.?[0-9]{{2}}){{0,2}}$", DISCIPLINES.map(|code| code.to_string()).join("|"))
}

impl DisciplineCode {
    /// Takes `460`, `46020` and the printed form `460.20`; only the first level is checked against the standard.
    ///
    /// # Errors
    /// `unknown_code`.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let code = text.trim().replace('.', "");
        let first = code.get(..3).and_then(|digits| digits.parse::<u16>().ok());
        let known = first.is_some_and(|first| DISCIPLINES.contains(&first));
        if known && matches!(code.len(), 3 | 5 | 7) && code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(code));
        }
        Err(FieldFault::new(
            "unknown_code",
            "GB/T 13745-2009 中没有这个学科代码",
            "no such discipline in GB/T 13745-2009",
        ))
    }
}

impl LanguageCode {
    /// # Errors
    /// `format`.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        if matches!(text.len(), 2 | 3) && text.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Ok(Self(text.to_owned()));
        }
        Err(FieldFault::new(
            "format",
            "应为 ISO 639 语言代码，如 zh、en",
            "must be an ISO 639 language code such as zh or en",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_credit_codes_pass_and_typing_errors_do_not() {
        for code in [
            "914403001922038216",
            "91330100799655058B",
            "91110000802100433B",
            "9144030071526726XG",
            "91350100M000100Y43",
        ] {
            assert_eq!(CreditCode::parse(code).as_deref(), Ok(code));
        }
        assert_eq!(CreditCode::parse(" 91350100m000100y43 ").as_deref(), Ok("91350100M000100Y43"));
        let fault = |text| CreditCode::parse(text).map_err(|fault| fault.code);
        assert_eq!(fault("91350100M000100Y4Z"), Err("format"));
        assert_eq!(fault("91350100M000100Y44"), Err("check_digit"));
        assert_eq!(fault("91350100M000100Y4"), Err("format"));
        assert_eq!(fault("９１３５０１００M000100Y43"), Err("format"));
        assert_eq!(fault(""), Err("format"));
    }

    #[test]
    fn codes_are_those_of_the_standards() {
        assert_eq!(IndustryCode::parse("c3311").as_deref(), Ok("C3311"));
        assert_eq!(IndustryCode::parse("3311").as_deref(), Ok("C3311"));
        assert!(IndustryCode::parse("C9999").is_err());
        assert_eq!(RegionCode::parse("130927").as_deref(), Ok("130927"));
        assert!(RegionCode::parse("130999").is_err());
        assert_eq!(DisciplineCode::parse("460.20").as_deref(), Ok("46020"));
        assert!(DisciplineCode::parse("999").is_err());
        assert!(DisciplineCode::parse("46０").is_err());
    }
}
