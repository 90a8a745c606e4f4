//! Facets: values of closed lists, packed into a number that the index keeps in one column.
//!
//! Eight bits say which facet, the other fifty-six hold the value: the letters of a code, or the place in a list.

use std::cmp::Ordering;
use std::sync::LazyLock;

use crate::registry::codes;
use crate::registry::fields::{
    Cooperation, DemandStatus, ExpertCategory, ExpertService, OrganisationKind, OrganisationLabel, PolicyLevel,
    ResultForm, ResultStatus, Scale, Wanted,
};

/// A facet and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Facet(pub u64);

/// Facets whose values are codes of a standard.
const CODES: [&str; 3] = ["industry", "region", "discipline"];

/// Facets whose values are words of a list. A new one goes to the end: their places are in every index.
const LISTS: [(&str, &[&str]); 11] = [
    ("status", ResultStatus::WORDS),
    ("form", ResultForm::WORDS),
    ("cooperation", Cooperation::WORDS),
    ("category", ExpertCategory::WORDS),
    ("service", ExpertService::WORDS),
    ("organisation_kind", OrganisationKind::WORDS),
    ("scale", Scale::WORDS),
    ("label", OrganisationLabel::WORDS),
    ("demand_status", DemandStatus::WORDS),
    ("wanted", Wanted::WORDS),
    ("level", PolicyLevel::WORDS),
];

/// One of these is of every record that asks, or is offered, now: published results, experts and policies, enterprises,
/// open demands.
static OPEN: LazyLock<Vec<Facet>> = LazyLock::new(|| {
    let words = [
        ("status", "published"),
        ("organisation_kind", "enterprise"),
        ("demand_status", "open"),
        ("demand_status", "docking"),
    ];
    words.into_iter().filter_map(|(facet, word)| Facet::value(facet, word)).collect()
});

impl Facet {
    /// Does a record that has it ask, or is it offered, now?
    #[must_use]
    pub fn is_open(self) -> bool {
        OPEN.contains(&self)
    }

    /// A word of a closed list; nothing if there is no such facet or word.
    #[must_use]
    pub fn value(facet: &str, word: &str) -> Option<Self> {
        let list = LISTS.iter().position(|(name, _)| *name == facet)?;
        let place = LISTS[list].1.iter().position(|known| *known == word)?;
        Some(Self::pack(CODES.len() + list, place as u64))
    }

    /// An industry (GB/T 4754-2017), such as `C3311`.
    #[must_use]
    pub fn industry(code: &str) -> Option<Self> {
        Self::code(0, code)
    }

    /// A region (GB/T 2260).
    #[must_use]
    pub fn region(code: &str) -> Option<Self> {
        Self::code(1, code)
    }

    /// A discipline (GB/T 13745-2009).
    #[must_use]
    pub fn discipline(code: &str) -> Option<Self> {
        Self::code(2, code)
    }

    fn code(tag: usize, code: &str) -> Option<Self> {
        let fits = !code.is_empty() && code.len() <= 7 && code.is_ascii();
        fits.then(|| Self::pack(tag, code.bytes().fold(0, |packed, byte| (packed << 8) | u64::from(byte))))
    }

    fn pack(tag: usize, payload: u64) -> Self {
        Self(((tag as u64) << 56) | payload)
    }

    /// Which facet.
    #[must_use]
    pub fn name(self) -> &'static str {
        let list = || self.list().map(|(name, _)| *name);
        CODES.get(self.tag()).copied().or_else(list).unwrap_or_default()
    }

    fn tag(self) -> usize {
        usize::try_from(self.0 >> 56).unwrap_or(usize::MAX)
    }

    fn payload(self) -> u64 {
        self.0 & 0x00ff_ffff_ffff_ffff
    }

    /// The list that it is of, unless its values are codes.
    fn list(self) -> Option<&'static (&'static str, &'static [&'static str])> {
        LISTS.get(self.tag().checked_sub(CODES.len())?)
    }

    /// Its value as a word of its list.
    fn word(self) -> &'static str {
        let place = usize::try_from(self.payload()).ok();
        self.list().zip(place).and_then(|((_, words), place)| words.get(place)).copied().unwrap_or_default()
    }

    /// Its value.
    #[must_use]
    pub fn text(self) -> String {
        if self.tag() < CODES.len() {
            let bytes = self.payload().to_be_bytes().into_iter().skip_while(|byte| *byte == 0);
            return bytes.map(char::from).collect();
        }
        self.word().to_owned()
    }

    /// As the texts of the values of one facet are ordered, which need not be made for it.
    #[must_use]
    pub fn order(self, other: Self) -> Ordering {
        // The first letter of a code goes to the front, however many there are.
        let letters = |payload: u64| payload.checked_shl(payload.leading_zeros() / 8 * 8).unwrap_or_default();
        if self.tag() < CODES.len() {
            return letters(self.payload()).cmp(&letters(other.payload()));
        }
        self.word().cmp(other.word())
    }

    /// The facet itself and those of the codes above it, so that a branch of a tree finds all below.
    pub fn with_ancestors(self) -> impl Iterator<Item = Self> {
        let text = self.text();
        let above: Vec<Self> = match self.name() {
            "industry" => codes::industries().path(&text).filter_map(|item| Self::industry(&item.code)).collect(),
            "region" => codes::regions().path(&text).filter_map(|item| Self::region(&item.code)).collect(),
            "discipline" => {
                [3, 5, 7].into_iter().filter_map(|length| text.get(..length)).filter_map(Self::discipline).collect()
            }
            _ => Vec::new(),
        };
        std::iter::once(self).chain(above.into_iter().filter(move |above| *above != self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_facet_is_read_back() {
        for facet in [
            Facet::industry("C3311"),
            Facet::region("130927"),
            Facet::discipline("4602015"),
            Facet::value("form", "process"),
        ] {
            let facet = facet.expect("a facet");
            let again = match facet.name() {
                "industry" => Facet::industry(&facet.text()),
                "region" => Facet::region(&facet.text()),
                "discipline" => Facet::discipline(&facet.text()),
                name => Facet::value(name, &facet.text()),
            };
            assert_eq!(again, Some(facet));
        }
        assert_eq!(Facet::value("form", "nonsense"), None);
    }

    #[test]
    fn values_are_ordered_as_their_texts_are() {
        let codes = ["C", "A01", "C3311", "C33", "B", "C331"].map(|code| Facet::industry(code).expect("a facet"));
        let forms = ResultForm::WORDS.iter().map(|word| Facet::value("form", word).expect("a facet")).collect();
        for mut facets in [codes.to_vec(), forms] {
            facets.sort_by(|a, b| a.order(*b));
            assert!(facets.is_sorted_by_key(|facet| facet.text()) && facets.len() > 1);
        }
    }

    #[test]
    fn a_code_brings_the_codes_above_it() {
        let names = |facet: Option<Facet>| -> Vec<String> {
            facet.into_iter().flat_map(Facet::with_ancestors).map(Facet::text).collect()
        };
        assert_eq!(names(Facet::industry("C3311")), ["C3311", "C331", "C33", "C"]);
        assert_eq!(names(Facet::region("130927")), ["130927", "130900", "130000"]);
        assert_eq!(names(Facet::discipline("46020")), ["46020", "460"]);
    }
}
