//! What a viewer may search in an index, kept apart by who may know of it.
//!
//! What is closed to a viewer is never read for it: neither what it finds nor what that scores tells of it, nor how
//! long it takes. Records that are open to its whole audience are one layer, weighed by their own counts. Those closed
//! ones that it may see are another, weighed by the same counts, so that they change no score but their own.

use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, EnableScoring, Occur, Query as TantivyQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocSet, Score, Searcher, TERMINATED, Term};
use uuid::Uuid;

use super::IndexError;
use super::document::Viewer;
use super::filter::Columns;
use super::index::{Fields, KindIndex, WordFields};
use super::living::Snapshot;
use super::query::Terms;
use super::statistics::Statistics;
use crate::access::Audience;

/// The widest audience that counts. What only the staff may see counts for nobody: the staff see the scores that
/// members see.
const COUNTED: Audience = Audience::MEMBERS;
/// Weights of the fields while candidates are gathered; the model weighs them anew.
const WEIGHTS: [Score; 3] = [2.0, 2.5, 1.0];
/// A keyword or a name that is the same as a whole is worth more than its words.
const WHOLE: Score = 6.0;

/// A snapshot of an index as one viewer sees it.
pub(super) struct View {
    pub searcher: Searcher,
    pub fields: Fields,
    /// By segment.
    pub columns: Vec<Columns>,
    /// The segments that have records of the layers; those of others alone are not so much as opened.
    pub segments: Vec<usize>,
    pub statistics: Statistics,
    pub layers: Vec<Layer>,
}

/// Records that are searched together.
pub(super) struct Layer {
    words: Vec<WordFields>,
    reach: Reach,
}

/// Which records of the fields of a layer are searched.
enum Reach {
    /// All, and they are what is counted.
    Open,
    /// All, though none is counted.
    Closed,
    /// Those of an owner, which is this term.
    Own(Term),
}

impl View {
    pub fn of(viewer: Viewer, index: &KindIndex) -> Result<Self, IndexError> {
        let (snapshot, fields) = (index.snapshot(), index.fields);
        let searcher = snapshot.searcher.clone();
        let counted = viewer.audience.min(COUNTED);
        let (open, closed): (Vec<_>, Vec<_>) = Audience::ALL.into_iter().partition(|audience| *audience <= counted);
        let open = inhabited(&open, &snapshot);
        let statistics = Statistics::of(&open, fields, &snapshot);
        let mut layers = vec![Layer::of(&open, Reach::Open, &fields)];
        let mut seen = open;
        if let Some(reach) = Reach::beyond(viewer, &fields, &searcher)? {
            let closed = inhabited(&closed, &snapshot);
            layers.push(Layer::of(&closed, reach, &fields));
            seen.extend(closed);
        }
        layers.retain(|layer| !layer.words.is_empty());
        let columns = searcher.segment_readers().iter().map(Columns::of).collect::<Result<_, _>>()?;
        let segments = snapshot.segments_of(&seen);
        Ok(Self { searcher, fields, columns, segments, statistics, layers })
    }
}

/// Those audiences that have records: the fields of the others are not searched.
fn inhabited(audiences: &[Audience], snapshot: &Snapshot) -> Vec<Audience> {
    audiences.iter().copied().filter(|audience| snapshot.records(*audience) > 0).collect()
}

impl Reach {
    /// How much of the closed records a viewer sees; nothing if none.
    fn beyond(viewer: Viewer, fields: &Fields, searcher: &Searcher) -> Result<Option<Self>, IndexError> {
        if viewer.audience > COUNTED {
            return Ok(Some(Self::Closed));
        }
        let own = viewer.owner.map(|owner| owner_term(owner, fields));
        let any = own.as_ref().map_or(Ok(0), |own| searcher.doc_freq(own))? > 0;
        Ok(own.filter(|_| any).map(Self::Own))
    }
}

fn owner_term(owner: Uuid, fields: &Fields) -> Term {
    Term::from_field_text(fields.owners, &owner.simple().to_string())
}

impl Layer {
    fn of(audiences: &[Audience], reach: Reach, fields: &Fields) -> Self {
        Self { words: audiences.iter().map(|audience| fields.words[audience.place()]).collect(), reach }
    }

    /// The query of the terms, and of names if there are any.
    pub fn union(&self, terms: &Terms, names: &[String]) -> BooleanQuery {
        let mut clauses: Vec<(Occur, Box<dyn TantivyQuery>)> = Vec::new();
        for words in &self.words {
            let mut push = |field: Field, text: &str, boost: Score, frequencies: IndexRecordOption| {
                clauses.push((Occur::Should, self.clause(field, text, boost, frequencies)));
            };
            for term in &terms.terms {
                for (field, weight) in words.weighted().into_iter().zip(WEIGHTS) {
                    push(field, &term.text, weight * term.weight, IndexRecordOption::WithFreqs);
                }
            }
            for keyword in &terms.whole {
                push(words.whole, keyword, WHOLE, IndexRecordOption::Basic);
            }
            for name in names {
                push(words.names, name, WHOLE, IndexRecordOption::Basic);
            }
        }
        BooleanQuery::new(clauses)
    }

    /// Has a closed record of the layer a word that none of those counted has?
    pub fn knows(&self, word: &str, searcher: &Searcher) -> Result<bool, IndexError> {
        if matches!(self.reach, Reach::Open) {
            return Ok(false);
        }
        for field in self.words.iter().flat_map(WordFields::weighted) {
            let clause = self.clause(field, word, 1.0, IndexRecordOption::Basic);
            let weight = clause.weight(EnableScoring::disabled_from_searcher(searcher))?;
            for segment in searcher.segment_readers() {
                let mut found = weight.scorer(segment, 1.0)?;
                while found.doc() != TERMINATED {
                    if !segment.is_deleted(found.doc()) {
                        return Ok(true);
                    }
                    found.advance();
                }
            }
        }
        Ok(false)
    }

    fn clause(&self, field: Field, text: &str, boost: Score, frequencies: IndexRecordOption) -> Box<dyn TantivyQuery> {
        let term = TermQuery::new(Term::from_field_text(field, text), frequencies);
        let clause = Box::new(BoostQuery::new(Box::new(term), boost));
        match &self.reach {
            Reach::Open | Reach::Closed => clause,
            // Of the two lists no more is read than the shorter one is long: what others own costs its owner no time.
            Reach::Own(owner) => {
                let owner = TermQuery::new(owner.clone(), IndexRecordOption::Basic);
                let own = Box::new(ConstScoreQuery::new(Box::new(owner), 0.0));
                Box::new(BooleanQuery::intersection(vec![own, clause]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;
    use crate::matching::evaluation::Indexed;
    use crate::matching::{Change, Document, Filter, Match, MatchRequest, Model, Query};
    use crate::registry::Kind;
    use crate::registry::fields::partner_owner;

    fn document(id: u128, audience: Audience, owners: Vec<Uuid>, title: &str) -> Document {
        Document {
            id: Uuid::from_u128(id),
            version: 1,
            audience,
            owners,
            title: title.to_owned(),
            keywords: Vec::new(),
            body: vec!["关于废水脱色的一项成果。".to_owned()],
            names: Vec::new(),
            facets: Vec::new(),
            maturity: None,
            price: None,
            deadline: None,
            updated_at: Utc::now(),
        }
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
