//! Regions (GB/T 2260) that a policy is of, and that its clauses name.

use std::ops::Range;
use std::sync::LazyLock;

use super::lexicon::Lexicon;
use super::{Aspect, Reason};
use crate::policies::cutting::text::{Text, contains};
use crate::policies::number::DocumentNumber;
use crate::registry::codes::{Item, regions};

/// What follows a region's name where a clause is for those who are there.
const THERE: [&str; 8] = ["境内", "辖区", "行政区域", "范围内", "注册", "登记", "企业", "区域内"];

/// Words that may stand between.
const SOON: usize = 8;

/// The short names of the provinces, in the order of their codes (GB/T 2260, without Taiwan, Hong Kong and Macau).
const SHORT: [(&str, &str); 31] = [
    ("京", "110000"),
    ("津", "120000"),
    ("冀", "130000"),
    ("晋", "140000"),
    ("内蒙古", "150000"),
    ("辽", "210000"),
    ("吉", "220000"),
    ("黑", "230000"),
    ("沪", "310000"),
    ("苏", "320000"),
    ("浙", "330000"),
    ("皖", "340000"),
    ("闽", "350000"),
    ("赣", "360000"),
    ("鲁", "370000"),
    ("豫", "410000"),
    ("鄂", "420000"),
    ("湘", "430000"),
    ("粤", "440000"),
    ("桂", "450000"),
    ("琼", "460000"),
    ("渝", "500000"),
    ("川", "510000"),
    ("黔", "520000"),
    ("云", "530000"),
    ("藏", "540000"),
    ("陕", "610000"),
    ("甘", "620000"),
    ("青", "630000"),
    ("宁", "640000"),
    ("新", "650000"),
];

/// The regions whose names are long enough to be known in running text.
static NAMED: LazyLock<Lexicon<&'static Item>> = LazyLock::new(|| {
    let named = regions().items().iter().filter(|item| item.name.chars().count() >= 3);
    Lexicon::of(named.map(|item| (item.name.clone(), item)))
});

/// The region that a policy is of, by who issued it, its title and its number; `None` where it is of the whole country, or
/// nothing tells.
#[must_use]
pub fn region_of(texts: &[&str], number: Option<&DocumentNumber>, provincial: bool) -> Option<String> {
    let named = texts.iter().find_map(|text| {
        let text = Text::of(text);
        let plain = text.plain(&(0..text.len()));
        let mut deepest: Option<&Item> = None;
        for (_, _, item) in NAMED.found(plain) {
            let within = |outer: &Item| regions().path(&item.code).any(|above| above.code == outer.code);
            if deepest.map_or_else(|| alone(item, plain), within) {
                deepest = Some(item);
            }
        }
        deepest.map(|item| item.code.clone())
    });
    let short = || {
        let number = number.filter(|_| provincial)?;
        SHORT.iter().find(|(short, _)| number.body.starts_with(short)).map(|(_, code)| (*code).to_owned())
    };
    named.or_else(short)
}

/// Is it the only region of its name, or is the one above it named, too?
fn alone(item: &Item, plain: &[char]) -> bool {
    let others = regions().items().iter().filter(|other| other.name == item.name).count();
    let above = regions().path(&item.code).skip(1).any(|above| contains(plain, &above.name));
    others == 1 || above
}

/// Regions that a place of the text names as those of whom it is for, at or below or above the policy's own.
pub fn found(text: &Text, place: &Range<usize>, own: Option<&str>) -> Vec<Reason> {
    let plain = text.plain(place);
    let mut reasons = Vec::new();
    for (at, length, item) in NAMED.found(plain).filter(|(_, _, item)| related(item, own)) {
        let after = plain.get(at + length..).unwrap_or_default();
        let soon = after.get(..after.len().min(SOON)).unwrap_or_default();
        let soon = soon.split(|c| "。;,、".contains(*c)).next().unwrap_or_default();
        if THERE.iter().any(|word| contains(soon, word)) && (own.is_some() || alone(item, plain)) {
            let place = place.start + at..place.start + at + length;
            let words = text.given(&place);
            reasons.push(Reason {
                aspect: Aspect::Region,
                value: item.code.clone(),
                words,
                start: place.start,
                end: place.end,
            });
        }
    }
    reasons
}

/// Of two regions of one name the one that has to do with the policy's own is meant.
fn related(item: &Item, own: Option<&str>) -> bool {
    own.is_none_or(|own| {
        regions().path(&item.code).any(|above| above.code == own)
            || regions().path(own).any(|above| above.code == item.code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_of_the_region_of_whoever_issued_it() {
        let region = |issuer, title, number: &str, provincial| {
            region_of(&[issuer, title], DocumentNumber::parse(number).as_ref(), provincial)
        };
        assert_eq!(region("南皮县人民政府", "", "", false).as_deref(), Some("130927"));
        assert_eq!(region("沧州市科学技术局", "", "", false).as_deref(), Some("130900"));
        assert_eq!(region("河北省人民政府", "", "", true).as_deref(), Some("130000"));
        assert_eq!(region("河北省沧州市南皮縣人民政府", "", "", false).as_deref(), Some("130927"));
        assert_eq!(region("省政府", "", "冀政字〔2020〕52号", true).as_deref(), Some("130000"));
        assert_eq!(region("国务院", "", "国发〔2020〕7号", false), None);
        assert_eq!(region("新华区人民政府", "", "", false), None, "there are several of that name");
        assert_eq!(region("沧州市新华区人民政府", "", "", false).as_deref(), Some("130902"));
    }
}
