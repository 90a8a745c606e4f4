//! Numbers of official documents (发文字号): GB/T 9704-2012, 7.2.5. The code of the issuing body, the year in hexagonal
//! brackets, the serial number without `第` and without zeros before it: 冀政字〔2020〕52号.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Brackets that stand around the year where no hexagonal ones were at hand.
const BRACKETS: [(char, char); 9] = [
    ('〔', '〕'),
    ('[', ']'),
    ('(', ')'),
    ('【', '】'),
    ('［', '］'),
    ('（', '）'),
    ('{', '}'),
    ('﹝', '﹞'),
    ('<', '>'),
];

/// A number in its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentNumber {
    /// The code of the issuing body, as it is written: 冀政字.
    pub body: String,
    pub year: u16,
    pub serial: u32,
    /// As the standard writes it: 冀政字〔2020〕52号.
    pub standard: String,
}

impl DocumentNumber {
    /// Reads a number in any of its usual forms; `None` for what is none, which stays as it was given.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).map(half_width).collect();
        let (body, rest) = text.split_at(text.find(|c: char| c.is_ascii_digit() || opens(c))?);
        let (year, rest) = year(rest)?;
        let rest = rest.trim_start_matches(['-', '第']);
        let rest = rest.strip_suffix(['号', '號']).unwrap_or(rest);
        let digits = (1..=5).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit());
        let serial = digits.then(|| rest.parse().ok())?.filter(|serial| *serial > 0)?;
        let letters =
            (1..=30).contains(&body.chars().count()) && body.chars().all(|c| c.is_alphanumeric() || "-·、".contains(c));
        letters
            .then(|| Self { body: body.to_owned(), year, serial, standard: format!("{body}〔{year}〕{serial}号") })
    }
}

/// The year, bracketed or not, and what follows.
fn year(text: &str) -> Option<(u16, &str)> {
    let (opening, bare) = match text.chars().next().filter(|c| opens(*c)) {
        Some(opening) => (Some(opening), text.get(opening.len_utf8()..)?),
        None => (None, text),
    };
    let year = bare.get(..4)?.parse().ok().filter(|year| (1949..=2099).contains(year))?;
    let rest = bare.get(4..)?;
    let rest = rest.strip_prefix('年').unwrap_or(rest);
    match opening {
        Some(opening) => {
            let closing = BRACKETS.iter().find(|(open, _)| *open == opening)?.1;
            // A closing bracket of another form is a slip, not another number.
            let rest = rest.strip_prefix(|c: char| c == closing || BRACKETS.iter().any(|(_, close)| *close == c))?;
            Some((year, rest))
        }
        // Without brackets something else parts the year from the number.
        None if rest.starts_with(['第', '-']) || bare.get(4..)?.starts_with('年') => Some((year, rest)),
        None => None,
    }
}

fn opens(c: char) -> bool {
    BRACKETS.iter().any(|(open, _)| *open == c)
}

fn half_width(c: char) -> char {
    match c {
        '０'..='９' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '－' | '—' | '–' => '-',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_in_any_of_its_forms() {
        for text in [
            "冀政字〔2020〕52号",
            "冀政字〔2020〕52號",
            "冀政字[2020]52号",
            "冀政字（2020）52号",
            "冀政字(2020)第52号",
            "冀政字【2020】52号",
            "冀政字［２０２０］５２号",
            "冀政字﹝2020﹞052号",
            "冀政字 〔2020〕 52 号",
            "冀政字〔2020]52号",
            "冀政字2020年第52号",
            "冀政字2020-52",
        ] {
            let number = DocumentNumber::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((number.body.as_str(), number.year, number.serial), ("冀政字", 2020, 52), "{text}");
            assert_eq!(number.standard, "冀政字〔2020〕52号");
        }
        let regulation = DocumentNumber::parse("国办发〔1998〕1号").map(|number| number.body);
        assert_eq!(regulation.as_deref(), Some("国办发"));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "",
            "52号",
            "冀政字",
            "冀政字〔20〕52号",
            "冀政字〔2020〕",
            "冀政字〔2020〕0号",
            "冀政字〔2020〕52号附件",
            "〔2020〕52号",
            "国务院令第752号",
            "冀政字〔2020〕1234567号",
            "冀政字202052号",
            "冀政字〔𠀀𠀀〕1号",
            "<2020<2020",
        ] {
            assert_eq!(DocumentNumber::parse(text), None, "{text}");
        }
    }
}
