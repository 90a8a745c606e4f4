//! Records as the index sees them: the texts, the facets and the numbers of each concept, and who may find it.

use std::borrow::Cow;
use std::collections::HashMap;

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use super::nearest::Spoken;
use super::{Change, Document, Facet, Query, meanings};
use crate::registry::demands::Demand;
use crate::registry::experts::Expert;
use crate::registry::fields::Maturity;
use crate::registry::organisations::Organisation;
use crate::registry::policies::Policy;
use crate::registry::results::ResearchResult;
use crate::registry::{Concept, Kind, Record, Store};

/// Does something with the concept of a kind.
macro_rules! by_kind {
    ($kind:expr, $of:ident) => {
        match $kind {
            Kind::Result => $of!(ResearchResult),
            Kind::Expert => $of!(Expert),
            Kind::Organisation => $of!(Organisation),
            Kind::Demand => $of!(Demand),
            Kind::Policy => $of!(Policy),
        }
    };
}

/// Records made ready for the index.
pub struct Loaded {
    pub changes: Vec<Change>,
    /// The greatest id among them.
    pub last: Option<Uuid>,
}

/// The name of a field and its text.
pub type NamedText<'a> = (&'static str, Cow<'a, str>);

/// A concept that the index keeps.
pub trait Indexed: Store {
    fn document(record: &Record<Self>) -> Document;

    /// The texts that are searched by words, by the names of their fields; lists with `；` between their items.
    fn texts(&self) -> Vec<NamedText<'_>>;
}

/// The records of the ids as they are now, with what they mean to a model if one is named; a deleted one is to be
/// removed.
///
/// # Errors
/// What the database says.
pub async fn load(
    kind: Kind,
    ids: &[Uuid],
    model: Option<&str>,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Loaded> {
    macro_rules! of {
        ($concept:ty) => {
            <$concept>::find_all(ids, connection).await.map(Loaded::of)
        };
    }
    by_kind!(kind, of)?.with_meanings(kind, model, connection).await
}

/// The next records of a kind after an id, in the order of their ids, with what they mean to a model if one is named.
///
/// # Errors
/// What the database says.
pub async fn load_after(
    kind: Kind,
    after: Uuid,
    limit: i64,
    model: Option<&str>,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Loaded> {
    macro_rules! of {
        ($concept:ty) => {
            <$concept>::following(after, limit, connection).await.map(Loaded::of)
        };
    }
    by_kind!(kind, of)?.with_meanings(kind, model, connection).await
}

impl Loaded {
    fn of<C: Indexed>(records: Vec<Record<C>>) -> Self {
        let last = records.iter().map(|record| record.stamp.id).max();
        let changes = records.iter().map(|record| match record.stamp.deleted_at {
            Some(_) => Change::Remove(record.stamp.id),
            None => Change::Put(Box::new(C::document(record))),
        });
        Self { changes: changes.collect(), last }
    }

    async fn with_meanings(
        mut self,
        kind: Kind,
        model: Option<&str>,
        connection: &mut AsyncPgConnection,
    ) -> QueryResult<Self> {
        let documents = self.changes.iter_mut().filter_map(|change| match change {
            Change::Put(document) => Some(&mut **document),
            Change::Remove(_) => None,
        });
        give_meanings(kind, documents.collect(), model, connection).await?;
        Ok(self)
    }
}

/// Has documents of a kind what they mean to a model, as far as it is stored.
async fn give_meanings(
    kind: Kind,
    documents: Vec<&mut Document>,
    model: Option<&str>,
    connection: &mut AsyncPgConnection,
) -> QueryResult<()> {
    let Some(model) = model else { return Ok(()) };
    let ids: Vec<Uuid> = documents.iter().map(|document| document.id).collect();
    let mut stored = meanings::of_records(kind, &ids, model, connection).await?;
    for document in documents {
        if let Some(stored) = stored.remove(&document.id) {
            stored.give_to(document);
        }
    }
    Ok(())
}

/// What a record looks for, with what it means and says if a model has it.
///
/// # Errors
/// What the database says.
pub async fn query_of<C: Indexed + Concept>(
    record: &Record<C>,
    model: Option<&str>,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Query> {
    let mut document = C::document(record);
    let read = match model {
        Some(model) => meanings::sentences_of(C::KIND, &[document.id], model, connection).await?,
        None => HashMap::new(),
    };
    let spoken = read.get(&document.id).filter(|read| read.stored.is_of(&document)).map(|read| {
        document.meaning = read.stored.vectors();
        Spoken::of_query(&document, read.sentences())
    });
    Ok(Query { spoken, ..Query::from(document) })
}

fn texts<T: std::ops::Deref<Target = str>>(items: &[T]) -> Vec<String> {
    items.iter().map(|item| item.to_string()).collect()
}

fn joined<T: std::ops::Deref<Target = str>>(items: &[T]) -> String {
    items.iter().map(std::ops::Deref::deref).collect::<Vec<_>>().join("；")
}

fn text<T: std::ops::Deref<Target = str>>(item: Option<&T>) -> Option<String> {
    item.map(|item| item.to_string())
}

/// A document with what every record has.
fn blank<C: Concept>(record: &Record<C>, title: &str) -> Document {
    Document {
        id: record.stamp.id,
        version: record.stamp.version,
        audience: record.fields.audience(),
        owners: C::owners(record),
        title: title.to_owned(),
        keywords: Vec::new(),
        body: Vec::new(),
        names: Vec::new(),
        facets: Vec::new(),
        maturity: None,
        price: None,
        deadline: None,
        updated_at: record.stamp.updated_at,
        meaning: Vec::new(),
    }
}

impl Indexed for ResearchResult {
    fn document(record: &Record<Self>) -> Document {
        let fields = &record.fields;
        let mut facets = vec![Facet::value("status", fields.status.as_str())];
        facets.extend(fields.form.map(|form| Facet::value("form", form.as_str())));
        facets.extend(fields.cooperation.iter().map(|way| Facet::value("cooperation", way.as_str())));
        facets.extend(fields.industries.iter().map(|code| Facet::industry(code)));
        facets.extend(fields.disciplines.iter().map(|code| Facet::discipline(code)));
        facets.extend(fields.region.iter().map(|code| Facet::region(code)));
        Document {
            keywords: texts(&fields.keywords),
            body: vec![fields.summary.to_string()],
            facets: facets.into_iter().flatten().collect(),
            maturity: fields.maturity.map(Maturity::level),
            price: fields.asking_price.and_then(|price| price.range()).map(|range| (range.min, range.max)),
            ..blank(record, &fields.title)
        }
    }

    fn texts(&self) -> Vec<NamedText<'_>> {
        vec![
            ("title", Cow::Borrowed(&self.title)),
            ("summary", Cow::Borrowed(&self.summary)),
            ("keywords", joined(&self.keywords).into()),
        ]
    }
}

impl Indexed for Expert {
    fn document(record: &Record<Self>) -> Document {
        let fields = &record.fields;
        let mut facets = vec![Facet::value("status", fields.status.as_str())];
        facets.extend(fields.categories.iter().map(|category| Facet::value("category", category.as_str())));
        facets.extend(fields.services.iter().map(|service| Facet::value("service", service.as_str())));
        facets.extend(fields.industries.iter().map(|code| Facet::industry(code)));
        facets.extend(fields.disciplines.iter().map(|code| Facet::discipline(code)));
        facets.extend(fields.regions.iter().map(|code| Facet::region(code)));
        Document {
            keywords: texts(&fields.expertise),
            body: text(fields.biography.as_ref()).into_iter().collect(),
            names: vec![fields.name.to_string()],
            facets: facets.into_iter().flatten().collect(),
            ..blank(record, &text(fields.title.as_ref()).unwrap_or_default())
        }
    }

    fn texts(&self) -> Vec<NamedText<'_>> {
        vec![
            ("name", Cow::Borrowed(&self.name)),
            ("title", self.title.as_deref().unwrap_or_default().into()),
            ("biography", self.biography.as_deref().unwrap_or_default().into()),
            ("expertise", joined(&self.expertise).into()),
        ]
    }
}

impl Indexed for Organisation {
    fn document(record: &Record<Self>) -> Document {
        let fields = &record.fields;
        let mut facets = vec![Facet::value("organisation_kind", fields.kind.as_str())];
        facets.extend(fields.scale.map(|scale| Facet::value("scale", scale.as_str())));
        facets.extend(fields.labels.iter().map(|label| Facet::value("label", label.as_str())));
        facets.extend(fields.industry.iter().map(|code| Facet::industry(code)));
        facets.extend(fields.region.iter().map(|code| Facet::region(code)));
        Document {
            keywords: texts(&fields.main_products),
            body: text(fields.profile.as_ref()).into_iter().collect(),
            names: vec![fields.name.to_string()],
            facets: facets.into_iter().flatten().collect(),
            ..blank(record, &fields.name)
        }
    }

    fn texts(&self) -> Vec<NamedText<'_>> {
        vec![
            ("name", Cow::Borrowed(&self.name)),
            ("profile", self.profile.as_deref().unwrap_or_default().into()),
            ("main_products", joined(&self.main_products).into()),
        ]
    }
}

impl Indexed for Demand {
    fn document(record: &Record<Self>) -> Document {
        let fields = &record.fields;
        let mut facets = vec![Facet::value("demand_status", fields.status.as_str())];
        facets.extend(fields.wanted.iter().map(|wanted| Facet::value("wanted", wanted.as_str())));
        facets.extend(fields.cooperation.iter().map(|way| Facet::value("cooperation", way.as_str())));
        facets.extend(fields.industries.iter().map(|code| Facet::industry(code)));
        facets.extend(fields.region.iter().map(|code| Facet::region(code)));
        Document {
            keywords: texts(&fields.keywords),
            body: vec![fields.description.to_string()],
            facets: facets.into_iter().flatten().collect(),
            maturity: fields.maturity_from.map(Maturity::level),
            price: fields.budget.map(|range| (range.min, range.max)),
            deadline: fields.deadline,
            ..blank(record, &fields.title)
        }
    }

    fn texts(&self) -> Vec<NamedText<'_>> {
        vec![
            ("title", Cow::Borrowed(&self.title)),
            ("description", Cow::Borrowed(&self.description)),
            ("keywords", joined(&self.keywords).into()),
        ]
    }
}

impl Indexed for Policy {
    fn document(record: &Record<Self>) -> Document {
        let fields = &record.fields;
        let facets = [Facet::value("status", fields.status.as_str()), Facet::value("level", fields.level.as_str())];
        let names = [fields.document_number.as_deref(), fields.issuer.as_deref()];
        Document {
            keywords: texts(&fields.topics),
            body: std::iter::once(fields.body.to_string())
                .chain(names.into_iter().flatten().map(str::to_owned))
                .collect(),
            facets: facets.into_iter().flatten().collect(),
            ..blank(record, &fields.title)
        }
    }

    fn texts(&self) -> Vec<NamedText<'_>> {
        vec![
            ("title", Cow::Borrowed(&self.title)),
            ("body", Cow::Borrowed(&self.body)),
            ("topics", joined(&self.topics).into()),
        ]
    }
}
