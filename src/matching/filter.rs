//! What a search may find, told from the columns of a segment: who looks, which facets, which conditions are hard.

use rustc_hash::FxHashMap;
use tantivy::columnar::Column;
use tantivy::{BitSet, DocId, SegmentReader};
use uuid::Uuid;

use super::document::Viewer;
use super::index::columns;
use super::{Facet, IndexError};
use crate::access::Audience;

/// Which records may be found.
#[derive(Clone, Debug)]
pub struct Filter {
    pub viewer: Viewer,
    /// Only what asks, or is offered, now.
    pub open: bool,
    /// Of each group at least one must be there.
    pub facets: Vec<Vec<Facet>>,
    pub least_maturity: Option<u8>,
    /// The least price must not be above it; records without a price pass.
    pub most_price: Option<i64>,
    /// Never this record.
    pub except: Option<Uuid>,
}

impl Filter {
    /// Whatever the viewer may see.
    #[must_use]
    pub fn of(viewer: Viewer) -> Self {
        Self { viewer, open: false, facets: Vec::new(), least_maturity: None, most_price: None, except: None }
    }
}

/// The columns of a segment. What is asked of every candidate is held in memory, that of a record side by side: from the
/// columns each number would come from elsewhere.
pub(super) struct Columns {
    rows: Vec<Row>,
    facets: Facets,
    /// The records that ask, or are offered, now. Almost every question wants to know, of more records than it wants to know
    /// anything else of; their bits stay beside the processor.
    open: BitSet,
    owner: (Column<u64>, Column<u64>),
    price: (Column<i64>, Column<i64>),
    /// The narrowest audience of a record: who is of it sees every one.
    narrowest: Audience,
}

/// What is asked of every candidate.
struct Row {
    id: Uuid,
    version: i64,
    updated: i64,
    audience: Audience,
    maturity: Option<u8>,
    /// In days since the common era began.
    deadline: Option<i32>,
}

/// The facets of all records. Many records have the same ones, and each such set is kept once: of a record that is counted only
/// the place of its set is read from afar.
struct Facets {
    /// By record: the place of its set.
    sets: Vec<u32>,
    /// By set: where its own begin. One more tells where the last end.
    starts: Vec<u32>,
    /// By their places among the values that there are.
    places: Vec<u32>,
    values: Vec<Facet>,
}

impl Columns {
    pub fn of(segment: &SegmentReader) -> Result<Self, IndexError> {
        let fast = segment.fast_fields();
        let (high, low) = (fast.u64(columns::ID.0)?, fast.u64(columns::ID.1)?);
        let [version, audience, maturity] =
            [columns::VERSION, columns::AUDIENCE, columns::MATURITY].map(|name| fast.u64(name));
        let (version, audience, maturity) = (version?, audience?, maturity?);
        let (updated, deadline) = (fast.i64(columns::UPDATED)?, fast.i64(columns::DEADLINE)?);
        // What cannot be told is for the staff.
        let audience = |doc| {
            let number = audience.first(doc);
            Audience::ALL.into_iter().find(|known| Some(known.number()) == number).unwrap_or(Audience::STAFF)
        };
        let row = |doc| Row {
            id: Uuid::from_u64_pair(high.first(doc).unwrap_or_default(), low.first(doc).unwrap_or_default()),
            version: version.first(doc).and_then(|version| i64::try_from(version).ok()).unwrap_or_default(),
            updated: updated.first(doc).unwrap_or_default(),
            audience: audience(doc),
            maturity: maturity.first(doc).and_then(|level| u8::try_from(level).ok()),
            deadline: deadline.first(doc).and_then(|day| i32::try_from(day).ok()),
        };
        let rows: Vec<Row> = (0..segment.max_doc()).map(row).collect();
        let facets = Facets::of(&fast.u64(columns::FACETS)?, segment.max_doc());
        Ok(Self {
            narrowest: rows.iter().map(|row| row.audience).max().unwrap_or(Audience::PUBLIC),
            rows,
            open: facets.open(segment.max_doc()),
            facets,
            owner: (fast.u64(columns::OWNER.0)?, fast.u64(columns::OWNER.1)?),
            price: (fast.i64(columns::PRICE.0)?, fast.i64(columns::PRICE.1)?),
        })
    }

    fn row(&self, doc: DocId) -> &Row {
        &self.rows[doc as usize]
    }

    pub fn id(&self, doc: DocId) -> Uuid {
        self.row(doc).id
    }

    pub fn version(&self, doc: DocId) -> i64 {
        self.row(doc).version
    }

    /// When it was last written, in seconds since 1970.
    pub fn updated(&self, doc: DocId) -> i64 {
        self.row(doc).updated
    }

    pub fn audience(&self, doc: DocId) -> Audience {
        self.row(doc).audience
    }

    pub fn maturity(&self, doc: DocId) -> Option<u8> {
        self.row(doc).maturity
    }

    /// In days since the common era began.
    pub fn deadline(&self, doc: DocId) -> Option<i64> {
        self.row(doc).deadline.map(i64::from)
    }

    pub fn owners(&self, doc: DocId) -> impl Iterator<Item = Uuid> + '_ {
        let halves = self.owner.0.values_for_doc(doc).zip(self.owner.1.values_for_doc(doc));
        halves.map(|(high, low)| Uuid::from_u64_pair(high, low))
    }

    pub fn facets(&self, doc: DocId) -> impl Iterator<Item = Facet> + Clone {
        self.facets.of_record(doc)
    }

    /// The place of the set of facets that a record has.
    pub fn facet_set(&self, doc: DocId) -> u32 {
        self.facets.set_of(doc)
    }

    /// The facets of a set.
    pub fn facets_of(&self, set: u32) -> impl Iterator<Item = Facet> + Clone {
        self.facets.of_set(set)
    }

    pub fn price(&self, doc: DocId) -> Option<(i64, i64)> {
        Some((self.price.0.first(doc)?, self.price.1.first(doc)?))
    }

    /// Does a record have a facet of each group?
    fn has(&self, groups: &[Vec<Facet>], doc: DocId) -> bool {
        groups.iter().all(|group| self.facets(doc).any(|facet| group.contains(&facet)))
    }

    /// May this record be found? What is not known of a record meets no hard condition but that of price.
    pub fn pass(&self, filter: &Filter, doc: DocId) -> bool {
        let viewer = &filter.viewer;
        let visible = self.narrowest <= viewer.audience
            || self.audience(doc) <= viewer.audience
            || viewer.owner.is_some_and(|viewer| self.owners(doc).any(|owner| owner == viewer));
        visible
            && (!filter.open || self.open.contains(doc))
            && self.has(&filter.facets, doc)
            && filter.least_maturity.is_none_or(|least| self.maturity(doc).is_some_and(|level| level >= least))
            && filter.most_price.is_none_or(|most| self.price(doc).is_none_or(|(min, _)| min <= most))
            && filter.except.is_none_or(|except| except != self.id(doc))
    }
}

impl Facets {
    fn of(column: &Column<u64>, records: DocId) -> Self {
        let mut facets = Self { sets: Vec::new(), starts: vec![0], places: Vec::new(), values: Vec::new() };
        let (mut known, mut sets): (FxHashMap<u64, u32>, FxHashMap<Vec<u32>, u32>) = Default::default();
        let mut own = Vec::new();
        for doc in 0..records {
            own.clear();
            own.extend(column.values_for_doc(doc).map(|value| {
                *known.entry(value).or_insert_with(|| {
                    facets.values.push(Facet(value));
                    number(facets.values.len() - 1)
                })
            }));
            let set = sets.get(&own).copied().unwrap_or_else(|| {
                facets.places.extend(&own);
                facets.starts.push(number(facets.places.len()));
                let set = number(sets.len());
                sets.insert(own.clone(), set);
                set
            });
            facets.sets.push(set);
        }
        facets
    }

    fn set_of(&self, doc: DocId) -> u32 {
        self.sets[doc as usize]
    }

    fn of_set(&self, set: u32) -> impl Iterator<Item = Facet> + Clone {
        let set = set as usize;
        let places = &self.places[self.starts[set] as usize..self.starts[set + 1] as usize];
        places.iter().map(|place| self.values[*place as usize])
    }

    fn of_record(&self, doc: DocId) -> impl Iterator<Item = Facet> + Clone {
        self.of_set(self.set_of(doc))
    }

    /// The records that ask, or are offered, now.
    fn open(&self, records: DocId) -> BitSet {
        let mut open = BitSet::with_max_value(records);
        for doc in (0..records).filter(|doc| self.of_record(*doc).any(Facet::is_open)) {
            open.insert(doc);
        }
        open
    }
}

/// A segment has no more facets than that.
fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
