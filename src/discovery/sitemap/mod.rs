//! Sitemaps (sitemaps.org, 0.9): an index of all, and for each kind of record files of at most 50 000 addresses.
//!
//! They are slices of the places that records have had since they first became public (`harvest_items.place`), so that a file
//! is found by its number, whatever is added, and holds fewer as records are withdrawn.

pub mod routes;
mod store;

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use crate::http::Xml;
use crate::registry::Kind;

const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

/// Addresses of a file, as many as the protocol allows. The index of the table is made for it.
pub const SLICE: i64 = 50_000;

/// One file: a slice of the public records of a kind, counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    pub kind: Kind,
    pub number: i64,
}

impl Slice {
    /// The slice of a file's name, such as `results-1.xml`; files are counted from one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (plural, number) = name.strip_suffix(".xml")?.split_once('-')?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.plural() == plural)?;
        let slice = Self { kind, number: number.parse::<i64>().ok()?.checked_sub(1)? };
        (slice.number >= 0 && slice.name() == name).then_some(slice)
    }

    #[must_use]
    pub fn name(self) -> String {
        format!("{}-{}.xml", self.kind.plural(), self.number + 1)
    }
}

/// The index: every file with the time at which something in it last changed.
#[must_use]
pub fn index(base: &str, slices: &[(Slice, DateTime<Utc>)]) -> String {
    let entries = slices.iter().map(|(slice, changed_at)| (format!("{base}/sitemaps/{}", slice.name()), *changed_at));
    written("sitemapindex", "sitemap", entries)
}

/// A file: every record with the time at which it last changed.
#[must_use]
pub fn file(base: &str, kind: Kind, records: &[(Uuid, DateTime<Utc>)]) -> String {
    let entries = records.iter().map(|(id, changed_at)| (format!("{base}/v1/{}/{id}", kind.plural()), *changed_at));
    written("urlset", "url", entries)
}

fn written(whole: &str, each: &str, entries: impl Iterator<Item = (String, DateTime<Utc>)>) -> String {
    let mut xml = Xml::document();
    xml.element(whole, &[("xmlns", NAMESPACE)], |xml| {
        for (address, changed_at) in entries {
            xml.element(each, &[], |xml| {
                xml.text("loc", &address);
                xml.text("lastmod", &changed_at.to_rfc3339_opts(SecondsFormat::Secs, true));
            });
        }
    });
    xml.finish()
}

/// What robots are told: they need not try what is answered anew for every question.
#[must_use]
pub fn robots(base: &str) -> String {
    format!(
        "User-agent: *\nDisallow: /v1/*/matches\nDisallow: /v1/*/export\nDisallow: /v1/*/history\n\
         Disallow: /v1/search\nDisallow: /v1/changes\nDisallow: /oai\n\nSitemap: {base}/sitemap.xml\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_name() {
        let first = Slice { kind: Kind::Policy, number: 0 };
        assert_eq!((Slice::parse("policies-1.xml"), first.name().as_str()), (Some(first), "policies-1.xml"));
        for wrong in [
            "policies-0.xml",
            "policies-01.xml",
            "policies-+1.xml",
            "policies--1.xml",
            "policies-1",
            "policy-1.xml",
            "policies-9223372036854775808.xml",
            "policies-.xml",
            "-1.xml",
            "",
        ] {
            assert_eq!(Slice::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_address_is_absolute_and_dated() {
        let text = file("https://d.example/?a&b", Kind::Expert, &[(Uuid::nil(), DateTime::default())]);
        let expected = "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><url>\
            <loc>https://d.example/?a&amp;b/v1/experts/00000000-0000-0000-0000-000000000000</loc>\
            <lastmod>1970-01-01T00:00:00Z</lastmod></url></urlset>";
        assert!(text.ends_with(expected), "{text}");
    }
}
