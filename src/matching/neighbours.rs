//! The records of a layer that are nearest in meaning. Of few, each is compared; of many, those whose sketches are the
//! nearest, which all processors look for together.

use std::panic::resume_unwind;
use std::thread;

use tantivy::DocId;

use super::IndexError;
use super::candidates::{Best, Candidate};
use super::filter::Filter;
use super::nearness::Sketched;
use super::shares::shares;
use super::view::{Layer, View};
use crate::meaning::{Compact, Sought};

/// Up to so many records it takes less time to compare each than to look for the likely ones.
const COMPARED: u64 = 50_000;
/// Windows that are likely enough to be compared. Of a million, 98 in 100 of the nearest hundred are among them
/// (`benches/RESULTS.md`).
pub(super) const LIKELY: usize = 6_144;

/// Sketches that are looked through without a break, so that shares of them come out alike.
const PIECE: usize = 4_096;

/// The nearest `most` of what the filter lets pass, nearest first.
pub(super) fn nearest(
    meaning: &Compact,
    layer: &Layer,
    view: &View,
    filter: &Filter,
    most: usize,
) -> Result<Vec<Candidate>, IndexError> {
    let records: u64 = layer.whole().iter().map(|audience| view.snapshot.records(*audience)).sum();
    if records > COMPARED {
        return compared(&likely(meaning, layer, view, filter, LIKELY)?, meaning, view, filter, most);
    }
    Ok(best_of(&all(layer, view)?, meaning, view, filter, most).in_order())
}

/// A record by the place of its segment.
pub(super) type At = (usize, DocId);

/// The nearest of some thousand records.
pub(super) fn compared(
    among: &[At],
    meaning: &Compact,
    view: &View,
    filter: &Filter,
    most: usize,
) -> Result<Vec<Candidate>, IndexError> {
    Ok(together(shares(among), |share| best_of(share, meaning, view, filter, most), Best::new(most, filter, view))?
        .in_order())
}

fn best_of<'a>(among: &[At], meaning: &Compact, view: &'a View, filter: &'a Filter, most: usize) -> Best<'a> {
    let mut best = Best::new(most, filter, view);
    let mut space = Vec::new();
    for (place, doc) in among {
        let part = &view.snapshot.parts[*place];
        if let Some(cosine) = part.meanings.nearest(*doc, meaning, &mut space) {
            best.offer(*place, part, *doc, cosine);
        }
    }
    best
}

/// Every record of a layer.
pub(super) fn all(layer: &Layer, view: &View) -> Result<Vec<At>, IndexError> {
    let mut all = Vec::new();
    for place in &layer.parts {
        let records = layer.records(&view.snapshot.parts[*place], &view.fields)?;
        all.extend(records.into_iter().map(|doc| (*place, doc)));
    }
    Ok(all)
}

/// The records that the filter lets pass and of which the `most` nearest sketches are, of a layer that is searched whole.
pub(super) fn likely(
    meaning: &Compact,
    layer: &Layer,
    view: &View,
    filter: &Filter,
    most: usize,
) -> Result<Vec<At>, IndexError> {
    let sought = Sought::of(meaning);
    let look = |share: &[Stretch<'_>]| {
        let mut best = Best::new(most, filter, view);
        for (place, sketches) in share {
            let part = &view.snapshot.parts[*place];
            for Sketched { doc, sketch } in *sketches {
                best.offer(*place, part, *doc, sought.nearness(sketch));
            }
        }
        best
    };
    let best = together(shares(&stretches(layer, view)), look, Best::new(most, filter, view))?;
    let mut likely: Vec<At> = best.in_any_order().into_iter().map(|found| (found.part, found.doc)).collect();
    likely.sort_unstable();
    likely.dedup();
    Ok(likely)
}

/// Some sketches of a segment, by its place.
type Stretch<'v> = (usize, &'v [Sketched]);

fn stretches<'v>(layer: &Layer, view: &'v View) -> Vec<Stretch<'v>> {
    let of = |place: &usize| {
        let (place, meanings) = (*place, &view.snapshot.parts[*place].meanings);
        let pieces = layer.whole().iter().flat_map(|audience| meanings.sketches(*audience).chunks(PIECE));
        pieces.map(move |piece| (place, piece))
    };
    layer.parts.iter().flat_map(of).collect()
}

/// The best of all shares, each looked through by a thread of its own: one begun by what gives way to requests does so too.
fn together<'a, S: Send>(
    shares: Vec<S>,
    look: impl Fn(S) -> Best<'a> + Sync,
    mut best: Best<'a>,
) -> Result<Best<'a>, IndexError> {
    thread::scope(|scope| {
        let look = &look;
        let begun = shares.into_iter().map(|share| thread::Builder::new().spawn_scoped(scope, move || look(share)));
        for looking in begun.collect::<Result<Vec<_>, _>>()? {
            best.take_in(looking.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        Ok(best)
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::access::Audience;
    use crate::matching::evaluation::Indexed;
    use crate::matching::shares::processors;
    use crate::matching::{Change, Document, Facet, Model, Viewer};
    use crate::meaning::DIMENSIONS;
    use crate::registry::Kind;

    const VECTORS: &[u8] = include_bytes!("../../evaluation/meaning.vectors.bin");

    /// What a thousand texts mean, without what they have in common.
    fn vectors() -> Vec<Compact> {
        let stored = VECTORS.as_chunks::<{ 4 + DIMENSIONS }>().0;
        let vectors: Vec<[f32; DIMENSIONS]> = stored
            .iter()
            .map(|bytes| {
                let scale = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                std::array::from_fn(|place| f32::from(bytes[4 + place].cast_signed()) * scale)
            })
            .collect();
        let mean: [f32; DIMENSIONS] =
            std::array::from_fn(|place| vectors.iter().map(|vector| vector[place]).sum::<f32>() / vectors.len() as f32);
        let centred = vectors.iter().map(|vector| {
            let numbers: [f32; DIMENSIONS] = std::array::from_fn(|place| vector[place] - mean[place]);
            let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
            let most = numbers.iter().fold(f32::MIN_POSITIVE, |most, number| most.max(number.abs()));
            #[expect(clippy::cast_possible_truncation, reason = "within 127 by the scale")]
            let numbers = numbers.map(|number| (number / most * 127.0).round() as i8);
            Compact { scale: most / 127.0 / length, numbers }
        });
        centred.collect()
    }

    /// A public record for each vector.
    fn documents() -> Vec<Document> {
        let documents = vectors().into_iter().zip(0..).map(|(vector, id)| Document {
            id: Uuid::from_u128(id),
            meaning: vec![vector],
            ..Document::saying("染料", "")
        });
        documents.collect()
    }

    fn indexed(documents: Vec<Document>) -> Indexed {
        Indexed::of(Model::shipped().expect("a model"), vec![(Kind::Result, documents)]).expect("an index")
    }

    fn filter(audience: Audience) -> Filter {
        Filter::of(Viewer { audience, owner: None })
    }

    /// The nearest by sketches of all that is seen, and by comparing everything.
    fn both(indexed: &Indexed, to: &Compact, filter: &Filter, most: usize, closely: usize) -> [Vec<u128>; 2] {
        let view = View::of(filter.viewer, indexed.engine.index_of(Kind::Result)).expect("a view");
        let mut found = [Vec::new(), Vec::new()];
        for layer in &view.layers {
            let likely = likely(to, layer, &view, filter, closely);
            let among = [likely, all(layer, &view)].map(|records| records.expect("records"));
            for (found, among) in found.iter_mut().zip(among) {
                let nearest = compared(&among, to, &view, filter, most).expect("the nearest");
                found.extend(nearest.iter().map(|nearest| nearest.id(&view).as_u128()));
            }
        }
        found
    }

    #[test]
    fn shares_hold_every_sketch_once() {
        let indexed = indexed(documents());
        let view = View::of(filter(Audience::PUBLIC).viewer, indexed.engine.index_of(Kind::Result)).expect("a view");
        let stretches = stretches(&view.layers[0], &view);
        let cut: Vec<Stretch<'_>> =
            stretches.iter().flat_map(|(place, all)| all.chunks(7).map(|some| (*place, some))).collect();
        let docs = |stretches: &[Stretch<'_>]| -> Vec<DocId> {
            stretches.iter().flat_map(|(_, sketches)| sketches.iter().map(|sketched| sketched.doc)).collect()
        };
        let shared = shares(&cut);
        assert!(shared.len() <= processors());
        assert_eq!(docs(&shared.concat()), docs(&stretches));
    }

    #[test]
    fn the_nearest_are_among_those_with_the_nearest_sketches() {
        let (indexed, filter) = (indexed(documents()), filter(Audience::PUBLIC));
        let (mut same, mut sought) = (0, 0);
        for vector in vectors().iter().step_by(10) {
            let [found, nearest] = both(&indexed, vector, &filter, 10, 100);
            same += nearest.iter().filter(|id| found.contains(id)).count();
            sought += nearest.len();
        }
        assert!(same * 100 >= sought * 98, "{same} of {sought}");
    }

    #[test]
    fn what_was_removed_or_is_closed_is_never_found() {
        let mut documents = documents();
        documents[7].audience = Audience::STAFF;
        let indexed = indexed(documents);
        let index = indexed.engine.index_of(Kind::Result);
        index.apply(vec![Change::Remove(Uuid::from_u128(9))]).expect("taken in");
        index.commit("").expect("a commit");
        for (vector, id) in vectors().iter().zip(0..).skip(7).take(3) {
            let nearest = |audience| both(&indexed, vector, &filter(audience), 5, 50)[0].clone();
            assert_eq!(nearest(Audience::PUBLIC).contains(&id), id == 8, "{id}");
            assert_eq!(nearest(Audience::STAFF).contains(&id), id != 9, "{id}");
        }
    }

    #[test]
    fn a_filter_takes_no_place_from_what_passes() {
        let mut documents = documents();
        let facet = Facet::value("status", "published").expect("a facet");
        for document in documents.iter_mut().step_by(10) {
            document.facets.push(facet);
        }
        let published = Filter { facets: vec![vec![facet]], ..filter(Audience::PUBLIC) };
        let indexed = indexed(documents);
        for vector in vectors().iter().skip(5).step_by(100) {
            let [found, nearest] = both(&indexed, vector, &published, 3, 20);
            assert!(nearest.len() == 3 && nearest.iter().all(|id| id % 10 == 0), "{nearest:?}");
            assert_eq!(found, nearest);
        }
    }

    #[test]
    fn the_same_are_found_however_the_index_is_cut_into_segments() {
        // Each twice, so that there are equals.
        let copies = documents().into_iter().map(|document| {
            let id = Uuid::from_u128(document.id.as_u128() + 10_000);
            Document { id, ..document }
        });
        let documents: Vec<Document> = documents().into_iter().chain(copies).collect();
        let (whole, cut) = (indexed(documents.clone()), indexed(Vec::new()));
        let index = cut.engine.index_of(Kind::Result);
        for some in documents.rchunks(300) {
            index.apply(some.iter().cloned().map(|one| Change::Put(Box::new(one))).collect()).expect("taken in");
            index.commit("").expect("a commit");
        }
        for vector in vectors().iter().step_by(100) {
            let of = |indexed| both(indexed, vector, &filter(Audience::PUBLIC), 31, 31)[0].clone();
            assert_eq!(of(&whole), of(&cut));
        }
    }
}
