//! Numbers of patents and their applications, as offices write them: each parses or is refused.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::PatentKind;
use crate::problem::FieldFault;
use crate::registry::fields::text_field;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $pattern:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, AsExpression, FromSqlRow)]
        #[diesel(sql_type = Text)]
        #[serde(transparent)]
        pub struct $name(String);

        text_field!([] $name);

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some($pattern))
                    .max_length(Some(40))
                    .examples([$example])
                    .into()
            }
        }
        impl ToSchema for $name {}
    };
}

number!(
    /// 专利申请号, a Chinese application number with its check digit (ZC 0006-2003): year, kind, serial number, a dot and the
    /// check digit; before October 2003 with a year of two digits and a serial number of five.
    ApplicationNumber,
    "^([Cc][Nn]|[Zz][Ll])?((19|20)[0-9]{2}[12389][0-9]{7}|(8[5-9]|9[0-9]|0[0-3])[12389][0-9]{5})\\.?[0-9Xx]$",
    "202010123456.2"
);
number!(
    /// 国际申请号, an international application number (PCT Administrative Instructions, section 307).
    PctNumber,
    "^[Pp][Cc][Tt]/[A-Za-z]{2}(20(0[4-9]|[1-9][0-9])/[0-9]{6}|(7[89]|[89][0-9]|0[0-3])/[0-9]{5})$",
    "PCT/CN2020/123456"
);
number!(
    /// 公布号 or 公告号, a publication number with its kind code: Chinese (ZC 0007-2012) or international (WIPO ST.16).
    PublicationNumber,
    "^([Cc][Nn](1([0-9]{6}|[0-9]{8})[A-Ca-c]|2([0-9]{6}|[0-9]{8})[UYuy]|3([0-9]{6}|[0-9]{8})[SDsd])[0-9]?|[Ww][Oo]20(0[2-9]|[1-9][0-9])/?[0-9]{6}[Aa][123489]?)$",
    "CN112345678A"
);
number!(
    /// The number of an earlier application whose priority is claimed: a Chinese or an international one, or a foreign one
    /// behind the code of its office (WIPO ST.3).
    PriorityNumber,
    "^(([Cc][Nn])?((19|20)[0-9]{2}[12389][0-9]{7}|(8[5-9]|9[0-9]|0[0-3])[12389][0-9]{5})\\.?[0-9Xx]|[Pp][Cc][Tt]/[A-Za-z]{2}(20(0[4-9]|[1-9][0-9])/[0-9]{6}|(7[89]|[89][0-9]|0[0-3])/[0-9]{5})|[ABD-OQ-Zabd-oq-z][A-Za-z][0-9 /.,-]{2,36}[0-9])$",
    "US 17/123456"
);

impl ApplicationNumber {
    /// Takes `CN` and `ZL` before it, blanks in it, small letters, and the check digit without its dot.
    ///
    /// # Errors
    /// `format` or `check_digit`.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let bare = compact(text);
        let bare = bare.strip_prefix("CN").or_else(|| bare.strip_prefix("ZL")).unwrap_or(&bare);
        let (digits, check) = bare.split_at_checked(bare.len().saturating_sub(1)).unwrap_or_default();
        let digits = digits.strip_suffix('.').unwrap_or(digits);
        let kind = match digits.len() {
            12 if digits.starts_with("19") || digits.starts_with("20") => digits.as_bytes()[4],
            8 if is_of_last_century(digits) => digits.as_bytes()[2],
            _ => return Err(no_application_number()),
        };
        let sum: Option<u32> = digits.chars().zip(WEIGHTS).map(|(c, weight)| Some(c.to_digit(10)? * weight)).sum();
        let Some(sum) = sum.filter(|_| b"12389".contains(&kind)) else { return Err(no_application_number()) };
        if !matches!(check, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "X") {
            return Err(no_application_number());
        }
        let expected = sum % 11;
        if (check == "X") != (expected == 10) || check.parse().is_ok_and(|digit: u32| digit != expected) {
            return Err(FieldFault::new(
                "check_digit",
                "校验位不对，请核对",
                "the check digit does not fit; please compare",
            ));
        }
        Ok(Self(format!("{digits}.{check}")))
    }

    /// What it is the number of.
    #[must_use]
    pub fn kind(&self) -> Option<PatentKind> {
        match self.0.as_bytes().get(if self.0.len() == 14 { 4 } else { 2 })? {
            b'1' | b'8' => Some(PatentKind::Invention),
            b'2' | b'9' => Some(PatentKind::UtilityModel),
            b'3' => Some(PatentKind::Design),
            _ => None,
        }
    }

    /// The year in which it was given.
    #[must_use]
    pub fn year(&self) -> Option<i32> {
        let (digits, century) =
            if self.0.len() == 14 { (4, 0) } else { (2, if self.0.starts_with('0') { 2000 } else { 1900 }) };
        self.0.get(..digits)?.parse::<i32>().ok().map(|year| century + year)
    }
}

/// ZC 0006-2003, appendix A: the weights of the digits; those of eight digits are the first eight.
const WEIGHTS: [u32; 12] = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];

/// Numbers of eight digits were given from April 1985 to September 2003.
fn is_of_last_century(digits: &str) -> bool {
    digits.get(..2).and_then(|year| year.parse().ok()).is_some_and(|year: u32| year >= 85 || year <= 3)
}

fn no_application_number() -> FieldFault {
    FieldFault::new(
        "format",
        "申请号为 12 位数字加校验位（2003 年 10 月前为 8 位），如 202010123456.2",
        "an application number has 12 digits and a check digit (8 before October 2003), as 202010123456.2",
    )
}

impl PctNumber {
    /// Takes small letters and blanks.
    ///
    /// # Errors
    /// `format`.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let number = compact(text);
        let rest = number.strip_prefix("PCT/").and_then(|rest| rest.split_once('/'));
        let fits = rest.is_some_and(|(office, serial)| {
            let (code, year) = office.split_at_checked(2).unwrap_or_default();
            let lengths = [(4, 6), (2, 5)].contains(&(year.len(), serial.len()));
            // The treaty is in force since 1978; years have four digits since 2004.
            let year_fits = year.parse().is_ok_and(|number: u32| match year.len() {
                4 => (2004..=2200).contains(&number),
                _ => number >= 78 || number <= 3,
            });
            code.bytes().all(|byte| byte.is_ascii_uppercase()) && lengths && year_fits && is_digits(serial)
        });
        if fits {
            Ok(Self(number))
        } else {
            Err(no("国际申请号", "PCT/CN2020/123456", "an international application number"))
        }
    }
}

impl PublicationNumber {
    /// Takes small letters and blanks.
    ///
    /// # Errors
    /// `format`.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let number = compact(text);
        if is_chinese_publication(&number) || is_international_publication(&number) {
            return Ok(Self(number));
        }
        Err(no("公布号或公告号", "CN112345678A", "a publication number"))
    }

    /// What was published under it, where its kind code says so.
    #[must_use]
    pub fn kind(&self) -> Option<PatentKind> {
        match self.0.strip_prefix("CN")?.trim_start_matches(|c: char| c.is_ascii_digit()).chars().next()? {
            'A' | 'B' | 'C' => Some(PatentKind::Invention),
            'U' | 'Y' => Some(PatentKind::UtilityModel),
            'S' | 'D' => Some(PatentKind::Design),
            _ => None,
        }
    }
}

/// ZC 0007-2012: nine digits since 2007 and seven before, the first of which tells the kind (1 invention, 2 utility model,
/// 3 design); then a letter: A B C invention, U Y utility model, S D design, and a digit where it was published again.
fn is_chinese_publication(number: &str) -> bool {
    let Some(rest) = number.strip_prefix("CN") else { return false };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (serial, code) = rest.split_at(digits);
    let kinds = match serial.bytes().next() {
        Some(b'1') => "ABC",
        Some(b'2') => "UY",
        Some(b'3') => "SD",
        _ => return false,
    };
    let mut code = code.chars();
    let letter = code.next().is_some_and(|letter| kinds.contains(letter));
    let again = code.next().is_none_or(|digit| digit.is_ascii_digit());
    matches!(digits, 7 | 9) && letter && again && code.next().is_none()
}

/// WO, the year, a number of six digits, and A with a digit or without.
fn is_international_publication(number: &str) -> bool {
    let Some((year, rest)) = number.strip_prefix("WO").and_then(|rest| rest.split_at_checked(4)) else { return false };
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let Some((serial, code)) = rest.split_at_checked(6) else { return false };
    let code_fits = code.strip_prefix('A').is_some_and(|digit| matches!(digit, "" | "1" | "2" | "3" | "4" | "8" | "9"));
    year.parse().is_ok_and(|year: u32| (2002..=2200).contains(&year))
        && is_digits(year)
        && is_digits(serial)
        && code_fits
}

impl PriorityNumber {
    /// # Errors
    /// `format`, and `check_digit` for a Chinese number.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let number = text.trim().to_ascii_uppercase();
        let chinese = number.strip_prefix("CN").unwrap_or(&number);
        if chinese.starts_with(|c: char| c.is_ascii_digit() || c == ' ') {
            return ApplicationNumber::parse(&number).map(|number| Self(number.0));
        }
        if number.starts_with("PCT") {
            return PctNumber::parse(&number).map(|number| Self(number.0));
        }
        let (office, serial) = number.split_at_checked(2).unwrap_or_default();
        let fits =
            office.bytes().all(|byte| byte.is_ascii_uppercase()) && number != "CN" && (3..=38).contains(&serial.len());
        let marks = serial.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" /.,-".contains(&byte));
        if fits && marks && serial.bytes().any(|byte| byte.is_ascii_digit()) {
            return Ok(Self(number));
        }
        Err(no("在先申请号", "US 17/123456", "the number of an earlier application"))
    }

    /// Is it of an application in China?
    #[must_use]
    pub fn is_chinese(&self) -> bool {
        self.0.starts_with(|c: char| c.is_ascii_digit())
    }
}

/// In capitals and without blanks.
fn compact(text: &str) -> String {
    // Longer than any number is, it is none.
    text.chars().take(60).filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect()
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn no(zh: &str, example: &str, en: &str) -> FieldFault {
    FieldFault::new("format", format!("不是{zh}，如 {example}"), format!("is not {en}, as {example}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(parsed: Result<T, FieldFault>) -> &'static str {
        parsed.err().map_or("", |fault| fault.code)
    }

    #[test]
    fn application_numbers_parse_by_their_check_digit() {
        for (text, number) in [
            ("201710601862.3", "201710601862.3"),
            ("ZL 2013 1 0699744.2", "201310699744.2"),
            ("cn2017106018623", "201710601862.3"),
            ("95115608.X", "95115608.X"),
            ("95115608x", "95115608.X"),
            ("97101765.4", "97101765.4"),
        ] {
            assert_eq!(ApplicationNumber::parse(text).as_deref(), Ok(number), "{text}");
        }
        for (text, wrong) in [
            ("201710601862.4", "check_digit"),
            ("201710601826.3", "check_digit"),
            ("201710601862.X", "check_digit"),
            ("95115608.0", "check_digit"),
            ("201710601862", "format"),
            ("201750601862.3", "format"),
            ("177710601862.3", "format"),
            ("50115608.X", "format"),
            ("20171060186２.3", "format"),
            ("201710601862..3", "format"),
            ("US201710601862.3", "format"),
            ("", "format"),
            ("X", "format"),
            ("专利", "format"),
        ] {
            assert_eq!(code(ApplicationNumber::parse(text)), wrong, "{text}");
        }
    }

    #[test]
    fn a_wrong_digit_and_two_neighbours_changed_are_noticed() {
        let number = "201710601862.3";
        for place in (0..12).chain([13]) {
            for digit in '0'..='9' {
                let changed: String =
                    number.chars().enumerate().map(|(at, c)| if at == place { digit } else { c }).collect();
                assert_eq!(ApplicationNumber::parse(&changed).is_ok(), changed == number, "{changed}");
            }
        }
        for place in 0..11 {
            let mut changed = number.as_bytes().to_vec();
            changed.swap(place, place + 1);
            let changed = String::from_utf8_lossy(&changed);
            assert_eq!(ApplicationNumber::parse(&changed).is_ok(), changed == number, "{changed}");
        }
    }

    #[test]
    fn application_numbers_tell_kind_and_year() {
        for (text, kind, year) in [
            ("201710601862.3", PatentKind::Invention, 2017),
            ("95115608.X", PatentKind::Invention, 1995),
            ("97101765.4", PatentKind::Invention, 1997),
            ("202020123456.8", PatentKind::UtilityModel, 2020),
            ("202030123456.3", PatentKind::Design, 2020),
            ("02234567.1", PatentKind::UtilityModel, 2002),
        ] {
            let number = ApplicationNumber::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
            assert_eq!((number.kind(), number.year()), (Some(kind), Some(year)), "{text}");
        }
    }

    #[test]
    fn international_numbers_parse() {
        for good in ["PCT/CN2020/123456", "pct/us2004/000001", "PCT/EP03/12345", "PCT/IB99/00001"] {
            assert!(PctNumber::parse(good).is_ok(), "{good}");
        }
        for wrong in [
            "PCT/CN2020/12345",
            "PCT/CN20/123456",
            "PCT/C12020/123456",
            "CN2020/123456",
            "PCT/CN2003/123456",
            "PCT/CN04/12345",
            "PCT",
            "",
        ] {
            assert_eq!(code(PctNumber::parse(wrong)), "format", "{wrong}");
        }
    }

    #[test]
    fn publication_numbers_parse_by_their_kind_code() {
        for (good, kind) in [
            ("CN112345678A", Some(PatentKind::Invention)),
            ("cn 112345678 b", Some(PatentKind::Invention)),
            ("CN1234567C", Some(PatentKind::Invention)),
            ("CN212345678U", Some(PatentKind::UtilityModel)),
            ("CN2123456Y", Some(PatentKind::UtilityModel)),
            ("CN306123456S", Some(PatentKind::Design)),
            ("CN112345678B8", Some(PatentKind::Invention)),
            ("WO2020/123456A1", None),
            ("WO2020123456A1", None),
        ] {
            assert_eq!(PublicationNumber::parse(good).map(|number| number.kind()), Ok(kind), "{good}");
        }
        for wrong in [
            "CN112345678",
            "CN112345678U",
            "CN212345678A",
            "CN412345678A",
            "CN11234567A",
            "CN112345678AB",
            "CN112345678A12",
            "WO2020/12345A1",
            "WO1999/123456A1",
            "WO2020/123456B1",
            "US1234567A",
            "",
        ] {
            assert_eq!(code(PublicationNumber::parse(wrong)), "format", "{wrong}");
        }
    }

    #[test]
    fn numbers_of_earlier_applications_parse() {
        for (good, chinese) in [
            ("CN201710601862.3", true),
            ("201710601862.3", true),
            ("PCT/CN2020/123456", false),
            ("us 17/123456", false),
            ("JP2020-123456", false),
            ("DE 10 2020 123 456.7", false),
        ] {
            assert_eq!(PriorityNumber::parse(good).map(|number| number.is_chinese()), Ok(chinese), "{good}");
        }
        for (wrong, why) in [
            ("CN201710601862.4", "check_digit"),
            ("17/123456", "format"),
            ("US", "format"),
            ("USABC", "format"),
            ("美国1234", "format"),
            ("", "format"),
        ] {
            assert_eq!(code(PriorityNumber::parse(wrong)), why, "{wrong}");
        }
    }
}
