//! What a search may find, told from the columns of a segment: who looks, which facets, which conditions are hard.

use tantivy::columnar::Column;
use tantivy::{DocId, SegmentReader};
use uuid::Uuid;

use super::document::Viewer;
use super::index::columns;
use super::{Facet, IndexError};
use crate::access::Audience;

/// Which records may be found.
#[derive(Clone, Debug)]
pub struct Filter {
    pub viewer: Viewer,
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
        Self { viewer, facets: Vec::new(), least_maturity: None, most_price: None, except: None }
    }
}

/// The columns of a segment.
pub(super) struct Columns {
    id: (Column<u64>, Column<u64>),
    version: Column<u64>,
    audience: Column<u64>,
    owner: (Column<u64>, Column<u64>),
    facets: Column<u64>,
    pub maturity: Column<u64>,
    pub price: (Column<i64>, Column<i64>),
    pub deadline: Column<i64>,
    pub updated: Column<i64>,
}

impl Columns {
    pub fn of(segment: &SegmentReader) -> Result<Self, IndexError> {
        let fast = segment.fast_fields();
        Ok(Self {
            id: (fast.u64(columns::ID.0)?, fast.u64(columns::ID.1)?),
            version: fast.u64(columns::VERSION)?,
            audience: fast.u64(columns::AUDIENCE)?,
            owner: (fast.u64(columns::OWNER.0)?, fast.u64(columns::OWNER.1)?),
            facets: fast.u64(columns::FACETS)?,
            maturity: fast.u64(columns::MATURITY)?,
            price: (fast.i64(columns::PRICE.0)?, fast.i64(columns::PRICE.1)?),
            deadline: fast.i64(columns::DEADLINE)?,
            updated: fast.i64(columns::UPDATED)?,
        })
    }

    pub fn id(&self, doc: DocId) -> Uuid {
        Uuid::from_u64_pair(self.id.0.first(doc).unwrap_or_default(), self.id.1.first(doc).unwrap_or_default())
    }

    pub fn version(&self, doc: DocId) -> i64 {
        self.version.first(doc).and_then(|version| i64::try_from(version).ok()).unwrap_or_default()
    }

    /// What cannot be told is for the staff.
    pub fn audience(&self, doc: DocId) -> Audience {
        let number = self.audience.first(doc);
        Audience::ALL.into_iter().find(|audience| Some(audience.number()) == number).unwrap_or(Audience::STAFF)
    }

    fn owners(&self, doc: DocId) -> impl Iterator<Item = Uuid> + '_ {
        let halves = self.owner.0.values_for_doc(doc).zip(self.owner.1.values_for_doc(doc));
        halves.map(|(high, low)| Uuid::from_u64_pair(high, low))
    }

    pub fn facets(&self, doc: DocId) -> Vec<Facet> {
        let mut facets = Vec::new();
        self.facets_into(doc, &mut facets);
        facets.into_iter().map(Facet).collect()
    }

    /// The numbers of the facets of a record, in space that is used again.
    pub fn facets_into(&self, doc: DocId, facets: &mut Vec<u64>) {
        let rows = self.facets.index.value_row_ids(doc);
        facets.resize(rows.len(), 0);
        self.facets.values.get_range(rows.start.into(), facets);
    }

    pub fn price(&self, doc: DocId) -> Option<(i64, i64)> {
        Some((self.price.0.first(doc)?, self.price.1.first(doc)?))
    }

    /// Does a record have a facet of each group?
    fn has(&self, groups: &[Vec<Facet>], doc: DocId) -> bool {
        if groups.is_empty() {
            return true;
        }
        let facets = self.facets(doc);
        groups.iter().all(|group| facets.iter().any(|facet| group.contains(facet)))
    }

    /// May this record be found? What is not known of a record meets no hard condition but that of price.
    pub fn pass(&self, filter: &Filter, doc: DocId) -> bool {
        let viewer = &filter.viewer;
        let visible = self.audience(doc) <= viewer.audience
            || viewer.owner.is_some_and(|viewer| self.owners(doc).any(|owner| owner == viewer));
        visible
            && self.has(&filter.facets, doc)
            && filter
                .least_maturity
                .is_none_or(|least| self.maturity.first(doc).is_some_and(|level| level >= least.into()))
            && filter.most_price.is_none_or(|most| self.price(doc).is_none_or(|(min, _)| min <= most))
            && filter.except.is_none_or(|except| except != self.id(doc))
    }
}
