//! Code lists of national standards: industries (GB/T 4754-2017) and regions (GB/T 2260).
//!
//! Both are trees, kept in the binary and loaded into the database where records refer to them.

pub mod routes;
mod store;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use store::load;

/// One code of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub code: String,
    pub name: String,
    pub parent: Option<String>,
}

/// A tree of codes, in the order of the standard.
pub struct CodeList {
    items: Vec<Item>,
    places: HashMap<String, usize>,
    children: HashMap<Option<String>, Vec<usize>>,
}

static INDUSTRIES: LazyLock<CodeList> =
    LazyLock::new(|| CodeList::read(include_str!("../../../standards/gbt4754-2017.csv")));
static REGIONS: LazyLock<CodeList> = LazyLock::new(|| CodeList::read(include_str!("../../../standards/gbt2260.csv")));

/// GB/T 4754-2017; codes bear their section's letter, such as `C3311`.
#[must_use]
pub fn industries() -> &'static CodeList {
    &INDUSTRIES
}

/// GB/T 2260: provinces, cities, counties.
#[must_use]
pub fn regions() -> &'static CodeList {
    &REGIONS
}

impl CodeList {
    /// Reads `code,name,parent` with a header; a name may stand in double quotes.
    fn read(csv: &str) -> Self {
        let items: Vec<Item> = csv.lines().skip(1).filter_map(Item::read).collect();
        let mut places = HashMap::with_capacity(items.len() * 2);
        let mut children: HashMap<Option<String>, Vec<usize>> = HashMap::new();
        for (place, item) in items.iter().enumerate() {
            let without_letter = item.code.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            if !without_letter.is_empty() {
                places.insert(without_letter.to_owned(), place);
            }
            places.insert(item.code.clone(), place);
            children.entry(item.parent.clone()).or_default().push(place);
        }
        Self { items, places, children }
    }

    /// The item of a code; an industry is found without its section's letter too.
    #[must_use]
    pub fn find(&self, code: &str) -> Option<&Item> {
        self.places.get(code).and_then(|place| self.items.get(*place))
    }

    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The codes right below, or the top of the tree.
    pub fn below(&self, parent: Option<&str>) -> impl Iterator<Item = &Item> {
        let places = self.children.get(&parent.map(str::to_owned)).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|place| self.items.get(*place))
    }

    /// From the code itself up to the top.
    pub fn path<'a>(&'a self, code: &str) -> impl Iterator<Item = &'a Item> {
        std::iter::successors(self.find(code), |item| item.parent.as_deref().and_then(|parent| self.find(parent)))
    }

    /// All codes at or below one.
    #[must_use]
    pub fn within(&self, code: &str) -> Vec<String> {
        let mut found: Vec<String> = self.find(code).map(|item| item.code.clone()).into_iter().collect();
        let mut next = 0;
        while let Some(parent) = found.get(next).cloned() {
            found.extend(self.below(Some(&parent)).map(|item| item.code.clone()));
            next += 1;
        }
        found
    }
}

impl Item {
    fn read(line: &str) -> Option<Self> {
        let (code, rest) = line.split_once(',')?;
        let (name, parent) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once("\",")?,
            None => rest.split_once(',')?,
        };
        let parent = Some(parent.trim()).filter(|parent| !parent.is_empty()).map(str::to_owned);
        Some(Self { code: code.to_owned(), name: name.to_owned(), parent })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_lists_are_those_of_the_standards() {
        assert_eq!(industries().items().len(), 1971);
        assert_eq!(industries().below(None).count(), 20);
        assert_eq!(regions().items().len(), 3348);
        assert_eq!(regions().find("130927").map(|item| item.name.as_str()), Some("南皮县"));
    }

    #[test]
    fn no_code_stands_twice() {
        for list in [industries(), regions()] {
            let codes: HashSet<&str> = list.items().iter().map(|item| &*item.code).collect();
            assert_eq!(codes.len(), list.items().len());
        }
    }

    #[test]
    fn a_path_leads_to_the_top_and_every_parent_exists() {
        let path: Vec<&str> = industries().path("C3311").map(|item| item.code.as_str()).collect();
        assert_eq!(path, ["C3311", "C331", "C33", "C"]);
        for list in [industries(), regions()] {
            for item in list.items() {
                assert!(item.parent.as_deref().is_none_or(|parent| list.find(parent).is_some()), "{item:?}");
                assert!(list.path(&item.code).take(5).count() < 5, "{item:?} lies within itself");
            }
        }
    }

    #[test]
    fn a_branch_holds_all_that_is_below() {
        let cangzhou = regions().within("130900");
        assert!(cangzhou.contains(&"130927".to_owned()) && cangzhou.contains(&"130900".to_owned()));
        assert!(!cangzhou.contains(&"130100".to_owned()));
        assert!(regions().within("999999").is_empty());
    }
}
