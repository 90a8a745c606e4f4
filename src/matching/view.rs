//! What a viewer may search in an index, kept apart by who may know of it.
//!
//! What is closed to a viewer is never read for it: neither what it finds nor what that scores tells of it, nor how
//! long it takes. Records that are open to its whole audience are one layer, weighed by their own counts. Those closed
//! ones that it may see are another, weighed by the same counts, so that they change no score but their own.

use std::sync::Arc;

use tantivy::Term;
use tantivy::postings::Postings;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, TERMINATED};
use uuid::Uuid;

use super::IndexError;
use super::document::Viewer;
use super::index::{Fields, KindIndex, WordFields};
use super::lexicon::Key;
use super::snapshot::{Part, Snapshot};
use super::statistics::{List, Statistics};
use crate::access::Audience;

/// The widest audience that counts. What only the staff may see counts for nobody: the staff see the scores that
/// members see.
const COUNTED: Audience = Audience::MEMBERS;

/// A snapshot of an index as one viewer sees it.
pub(super) struct View {
    pub snapshot: Arc<Snapshot>,
    pub fields: Fields,
    pub statistics: Statistics,
    pub layers: Vec<Layer>,
}

/// Records that are searched together.
pub(super) struct Layer {
    audiences: Vec<Audience>,
    /// The segments that have records of it; those of others alone are not so much as opened.
    pub parts: Vec<usize>,
    reach: Reach,
}

/// Which records of the audiences of a layer are searched.
enum Reach {
    /// All, and they are what is counted.
    Open,
    /// All, though none is counted.
    Closed,
    /// Those of an owner.
    Own(Uuid),
}

impl View {
    pub fn of(viewer: Viewer, index: &KindIndex) -> Result<Self, IndexError> {
        let (snapshot, fields) = (index.snapshot(), index.fields);
        let counted = viewer.audience.min(COUNTED);
        let (open, closed): (Vec<_>, Vec<_>) = Audience::ALL.into_iter().partition(|audience| *audience <= counted);
        let open = Layer::of(open, Reach::Open, &snapshot);
        let statistics = Statistics::of(&open.audiences, &snapshot);
        let mut layers = vec![open];
        if let Some(reach) = Reach::beyond(viewer, &fields, &snapshot)? {
            layers.push(Layer::of(closed, reach, &snapshot));
        }
        layers.retain(|layer| !layer.audiences.is_empty());
        Ok(Self { snapshot, fields, statistics, layers })
    }
}

impl Reach {
    /// How much of the closed records a viewer sees; nothing if none.
    fn beyond(viewer: Viewer, fields: &Fields, snapshot: &Snapshot) -> Result<Option<Self>, IndexError> {
        if viewer.audience > COUNTED {
            return Ok(Some(Self::Closed));
        }
        let Some(owner) = viewer.owner else { return Ok(None) };
        for part in &snapshot.parts {
            if part.lists(fields.owners)?.get_term_info(&owner_term(owner, fields))?.is_some() {
                return Ok(Some(Self::Own(owner)));
            }
        }
        Ok(None)
    }
}

fn owner_term(owner: Uuid, fields: &Fields) -> Term {
    Term::from_field_bytes(fields.owners, owner.as_bytes())
}

impl Layer {
    /// Of those audiences that have records: the fields of the others are not searched.
    fn of(mut audiences: Vec<Audience>, reach: Reach, snapshot: &Snapshot) -> Self {
        audiences.retain(|audience| snapshot.records(*audience) > 0);
        let parts = snapshot.parts_of(&audiences);
        Self { audiences, parts, reach }
    }

    /// Are its records those that are counted?
    pub const fn is_counted(&self) -> bool {
        matches!(self.reach, Reach::Open)
    }

    /// The lists of a word.
    pub fn lists_of(&self, view: &View, key: Key) -> Vec<List> {
        let everywhere = self.parts.iter().flat_map(|part| self.audiences.iter().map(|audience| (*part, *audience)));
        let found = everywhere.filter_map(|(part, audience)| {
            let word = view.snapshot.parts[part].word(audience, key)?;
            Some(List { part, audience, info: word.list() })
        });
        found.collect()
    }

    /// The lists of a text in a field of the layer's audiences.
    pub fn lists(&self, view: &View, field: fn(&WordFields) -> Field, text: &str) -> Result<Vec<List>, IndexError> {
        let mut lists = Vec::new();
        for place in &self.parts {
            for audience in &self.audiences {
                let field = field(&view.fields.words[audience.place()]);
                let found = view.snapshot.parts[*place].list(field, text)?;
                lists.extend(found.map(|info| List { part: *place, audience: *audience, info }));
            }
        }
        Ok(lists)
    }

    /// The audiences whose records are searched all; none where only those of an owner are.
    pub fn whole(&self) -> &[Audience] {
        if matches!(self.reach, Reach::Own(_)) { &[] } else { &self.audiences }
    }

    /// The records of a segment that are the viewer's own, where the layer is of those only. What others own costs its
    /// owner no time: of any list no more is read than this one is long.
    pub fn own(&self, part: &Part, fields: &Fields) -> Result<Option<Vec<DocId>>, IndexError> {
        let Reach::Own(owner) = &self.reach else { return Ok(None) };
        let lists = part.lists(fields.owners)?;
        Ok(Some(all(lists.read_postings(&owner_term(*owner, fields), IndexRecordOption::Basic)?).collect()))
    }

    /// The records of a segment that are of the layer, removed ones among them.
    pub fn records(&self, part: &Part, fields: &Fields) -> Result<Vec<DocId>, IndexError> {
        if let Some(mut own) = self.own(part, fields)? {
            own.retain(|doc| self.audiences.contains(&part.columns.audience(*doc)));
            return Ok(own);
        }
        let mut docs = Vec::new();
        for audience in &self.audiences {
            let term = Term::from_field_u64(fields.audience, audience.number());
            docs.extend(all(part.lists(fields.audience)?.read_postings(&term, IndexRecordOption::Basic)?));
        }
        Ok(docs)
    }

    /// Has a record of the layer a word that none of those counted has?
    pub fn knows(&self, word: Key, view: &View) -> Result<bool, IndexError> {
        if self.is_counted() {
            return Ok(false);
        }
        for List { part, audience, info } in self.lists_of(view, word) {
            let part = &view.snapshot.parts[part];
            let lists = part.lists(view.fields.words[audience.place()].text)?;
            let mut list = lists.read_postings_from_terminfo(&info, IndexRecordOption::Basic)?;
            let knows = match self.own(part, &view.fields)? {
                Some(own) => own.into_iter().any(|doc| seek(&mut list, doc) && !part.segment.is_deleted(doc)),
                None => living(&mut list, part),
            };
            if knows {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The records of a list.
fn all(list: Option<impl Postings>) -> impl Iterator<Item = DocId> {
    let mut list = list;
    std::iter::from_fn(move || {
        let list = list.as_mut()?;
        let doc = Some(list.doc()).filter(|doc| *doc != TERMINATED);
        list.advance();
        doc
    })
}

/// Goes to a record, if it is on the list at or after where that stands.
pub(super) fn seek(list: &mut impl Postings, doc: DocId) -> bool {
    if list.doc() < doc {
        list.seek(doc);
    }
    list.doc() == doc
}

/// Is a living record on a list?
fn living(list: &mut impl Postings, part: &Part) -> bool {
    while list.doc() != TERMINATED {
        if !part.segment.is_deleted(list.doc()) {
            return true;
        }
        list.advance();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::evaluation::Indexed;
    use crate::matching::{Change, Document, Filter, Match, MatchRequest, Model, Query};
    use crate::registry::Kind;
    use crate::registry::fields::partner_owner;

    fn document(id: u128, audience: Audience, owners: Vec<Uuid>, title: &str) -> Document {
        let id = Uuid::from_u128(id);
        Document { id, audience, owners, ..Document::saying(title, "关于废水脱色的一项成果。") }
    }

    fn matches(indexed: &Indexed, audience: Audience, owner: Option<Uuid>) -> Vec<Match> {
        let request = MatchRequest {
            target: Kind::Result,
            query: Query { text: "废水脱色".to_owned(), ..Query::default() },
            asks: true,
            filter: Filter::of(Viewer { audience, owner }),
            limit: 10,
            after: None,
        };
        indexed.engine.matches(&request).expect("matches")
    }

    fn indexed(documents: Vec<Document>) -> Indexed {
        let model = Model::shipped().expect("a model");
        Indexed::of(model, vec![(Kind::Result, documents)]).expect("an index")
    }

    fn ids(matches: &[Match]) -> Vec<u128> {
        let mut ids: Vec<u128> = matches.iter().map(|found| found.id.as_u128()).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn each_owner_sees_its_own_and_the_staff_see_all() {
        let (holder, other, partner) = (Uuid::from_u128(77), Uuid::from_u128(78), partner_owner("省平台"));
        let indexed = indexed(vec![
            document(1, Audience::PUBLIC, vec![holder], "印染废水"),
            document(2, Audience::MEMBERS, vec![other], "造纸废水"),
            document(3, Audience::STAFF, vec![holder, partner], "制革废水"),
            document(4, Audience::STAFF, vec![other], "电镀废水"),
        ]);
        let seen = |audience, owner| ids(&matches(&indexed, audience, owner));
        assert_eq!(seen(Audience::PUBLIC, None), [1]);
        assert_eq!(seen(Audience::MEMBERS, None), [1, 2]);
        assert_eq!(seen(Audience::MEMBERS, Some(holder)), [1, 2, 3]);
        assert_eq!(seen(Audience::MEMBERS, Some(partner)), [1, 2, 3]);
        assert_eq!(seen(Audience::PUBLIC, Some(other)), [1, 2, 4]);
        assert_eq!(seen(Audience::MEMBERS, Some(partner_owner("市平台"))), [1, 2]);
        assert_eq!(seen(Audience::STAFF, None), [1, 2, 3, 4]);
    }

    #[test]
    fn scores_are_numbers_where_nothing_is_open() {
        let holder = Uuid::from_u128(77);
        let indexed = indexed(vec![document(1, Audience::STAFF, vec![holder], "印染废水")]);
        for (audience, owner) in [(Audience::MEMBERS, Some(holder)), (Audience::STAFF, None)] {
            let found = matches(&indexed, audience, owner);
            assert_eq!(ids(&found), [1]);
            assert!(found[0].explanation.raw.is_finite() && found[0].score > 0.0);
        }
        assert!(matches(&indexed, Audience::MEMBERS, None).is_empty());
    }

    #[test]
    fn the_best_are_the_same_however_the_index_is_cut_into_segments() {
        let documents = (0..1000).map(|id| Document {
            body: Vec::new(),
            ..document(id, Audience::PUBLIC, Vec::new(), if id % 4 == 0 { "印染废水" } else { "铸造工艺" })
        });
        let documents: Vec<Document> = documents.collect();
        let whole = indexed(documents.clone());
        let cut = indexed(Vec::new());
        let index = cut.engine.index_of(Kind::Result);
        for some in documents.rchunks(150) {
            let changes = some.iter().cloned().map(|one| Change::Put(Box::new(one)));
            index.apply(changes.collect()).expect("taken in");
            index.commit("").expect("a commit");
        }
        let best = |indexed: &Indexed| {
            let filter = Filter::of(Viewer { audience: Audience::PUBLIC, owner: None });
            let query = Query { title: "废水".to_owned(), ..Query::default() };
            let scorer = Model::shipped().expect("a model").search;
            let ranked = indexed.engine.rank(Kind::Result, &query, &[], true, &filter, &scorer).expect("a ranking");
            ranked.scored.iter().map(|scored| scored.place.id.as_u128()).collect::<Vec<_>>()
        };
        assert_eq!(best(&whole), (0..800).step_by(4).collect::<Vec<u128>>());
        assert_eq!(best(&cut), best(&whole));
    }
}
