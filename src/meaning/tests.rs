use std::borrow::Cow;
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;

use super::embedder::SHIPPED;
use super::{DIMENSIONS, Embedder, Manner, ModelError, SHIPPED_SHA256, Vector};

const TEXTS: &[u8] = include_bytes!("../../evaluation/meaning.texts.jsonl.gz");
const VECTORS: &[u8] = include_bytes!("../../evaluation/meaning.vectors.bin");

/// Tests look at a part of the reference, `cargo bench` at all of it.
const STEP: usize = 5;
/// Characters of texts that tests look at; the unoptimised program takes its time.
const LENGTH: usize = 40;

static EMBEDDER: LazyLock<Embedder> = LazyLock::new(|| Embedder::shipped().unwrap());

fn passage(text: &str) -> Vector {
    EMBEDDER.embed_passages(&[text]).unwrap().remove(0)
}

#[test]
fn the_shipped_model_is_the_one_that_is_named() {
    assert_eq!(super::file::sha256(SHIPPED), SHIPPED_SHA256);
    assert_eq!(EMBEDDER.model(), "e5-small-462b0d83");
    assert_eq!(Manner::read(super::manner::SHIPPED).unwrap().model, EMBEDDER.model());
}

#[test]
fn a_foreign_or_damaged_file_is_refused() {
    let read = |bytes: &[u8]| Embedder::read(Cow::Owned(bytes.to_vec())).err();
    assert!(matches!(read(b""), Some(ModelError::Foreign)));
    assert!(matches!(read(&[7; 1_000]), Some(ModelError::Foreign)));
    let changed = |place: usize| {
        let mut bytes = SHIPPED.to_vec();
        bytes[place] ^= 16;
        read(&bytes)
    };
    assert!(matches!(changed(8), Some(ModelError::Format(_))));
    for place in [12, 44, 48, 70, 500_000, SHIPPED.len() - 1] {
        assert!(matches!(changed(place), Some(ModelError::Damaged(_))), "{place}");
    }
    for length in [43, 44, 1_000, SHIPPED.len() - 1] {
        assert!(read(&SHIPPED[..length]).is_some(), "{length}");
    }
    assert!(matches!(read(&[SHIPPED, &[0]].concat()), Some(ModelError::Damaged(_))));
}

#[test]
fn a_file_whose_checksum_is_right_and_content_wrong_is_refused() {
    for content in [&[][..], &[0; 16], &[0; 20], &[255; 100], &SHIPPED[44..2_000], &SHIPPED[44..SHIPPED.len() - 1]] {
        let file = super::file::seal(content);
        assert!(Embedder::read(Cow::Owned(file)).is_err(), "{}", content.len());
    }
}

#[test]
fn vectors_agree_with_the_reference() {
    let mut texts = String::new();
    GzDecoder::new(TEXTS).read_to_string(&mut texts).unwrap();
    let stored = VECTORS.chunks_exact(4 + DIMENSIONS);
    let parsed = texts.lines().map(|line| serde_json::from_str::<(String, bool)>(line).unwrap());
    let (queries, passages): (Vec<_>, Vec<_>) = parsed
        .zip(stored)
        .step_by(STEP)
        .filter(|((text, _), _)| text.chars().count() <= LENGTH)
        .map(|((text, is_query), stored)| (text, is_query, stored))
        .partition(|(_, is_query, _)| *is_query);
    let mut vectors: Vec<Vector> = queries.iter().map(|(text, ..)| EMBEDDER.embed_query(text).unwrap()).collect();
    let texts: Vec<&str> = passages.iter().map(|(text, ..)| text.as_str()).collect();
    vectors.extend(EMBEDDER.embed_passages(&texts).unwrap());
    let mut cosines = Vec::new();
    for ((text, _, stored), vector) in queries.iter().chain(&passages).zip(vectors) {
        let reference = stored[4..].iter().map(|byte| f32::from(byte.cast_signed())).collect();
        cosines.push((vector.cosine(&Vector::towards(reference)), text));
    }
    cosines.sort_by(|a, b| a.0.total_cmp(&b.0));
    println!("{} texts; the worst {:?}", cosines.len(), cosines[0]);
    assert!(cosines.len() >= 80 && cosines[0].0 >= 0.98);
}

#[test]
fn every_text_has_a_vector() {
    let long = "废水。".repeat(220);
    for text in
        ["", " ", "\0", "\u{301}", "😀🧪", "\u{1}\u{7f}\u{200d}", "\u{10ffff}", "<s></s><unk>", "русский", &long]
    {
        let vector = EMBEDDER.embed_query(text).unwrap();
        assert!((vector.cosine(&vector) - 1.0).abs() < 1e-4, "{text:?}");
    }
    assert!(EMBEDDER.embed_passages(&[]).unwrap().is_empty());
}

#[test]
fn a_text_has_one_vector_whatever_is_beside_it() {
    let texts = ["染料废水的脱色", "小麦", "a longer text about something else, in English"];
    let together = EMBEDDER.embed_passages(&texts).unwrap();
    for (text, vector) in texts.iter().zip(together) {
        assert_eq!(passage(text), vector);
    }
}

#[test]
fn what_means_the_same_is_nearer() {
    let query = EMBEDDER.embed_query("染厂废水颜色去不掉").unwrap();
    let near = query.cosine(&passage("染料活性艳红X-3B的微生物脱色研究"));
    let traditional = query.cosine(&passage("染料活性豔紅X-3B的微生物脫色研究"));
    let far = query.cosine(&passage("中世纪法国爵位的起源"));
    assert!(near > far + 0.05 && traditional > far + 0.05, "{near} {traditional} {far}");
}

#[test]
fn compact_vectors_keep_their_angle() {
    let (one, other) = (passage("染料废水的脱色"), passage("活性炭吸附"));
    assert!((one.compact().cosine(&other.compact()) - one.cosine(&other)).abs() < 0.005);
}

#[test]
fn windows_are_the_text_and_fit() {
    let sentences = "考察了温度、时间和浓度对脱色率的影响；结果表明，35 ℃时最好。".repeat(30);
    for text in ["", "短", &sentences, &"没有标点".repeat(300), &"a b ".repeat(500), &"\u{301}".repeat(999)] {
        let windows = EMBEDDER.windows(text);
        assert_eq!(windows.iter().map(|window| window.text).collect::<String>(), text);
        for window in &windows {
            let characters: String = text.chars().skip(window.start).take(window.end - window.start).collect();
            assert_eq!(characters, window.text);
            assert!(window.text.len() <= 4 * 300);
        }
    }
    let windows = EMBEDDER.windows(&sentences);
    assert!(windows.len() > 2 && windows.iter().all(|window| window.text.ends_with(['；', '。'])));
}

#[test]
fn sentences_are_parts_of_what_a_text_means() {
    let text = "染料废水的脱色\n白腐真菌降解偶氮染料，脱色率很高。小麦赤霉病的防治要早。";
    let said = EMBEDDER.understand(&[text]).unwrap().remove(0);
    let quoted = |place: usize| -> String {
        let sentence = &said.sentences[place];
        text.chars().skip(sentence.start).take(sentence.end - sentence.start).collect()
    };
    let all: Vec<String> = (0..said.sentences.len()).map(quoted).collect();
    assert_eq!((all.len(), all.concat()), (3, text.to_owned()));
    let query = EMBEDDER.understand(&["小麦得了病"]).unwrap().remove(0).whole;
    let near = said.sentences.iter().map(|sentence| sentence.vector.cosine(&query));
    let (best, _) = near.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    assert_eq!(all[best], "小麦赤霉病的防治要早。");
    assert!(EMBEDDER.understand(&[" \n"]).unwrap()[0].sentences.is_empty());
}

/// More than the network takes at once.
#[test]
fn a_sentence_may_go_on_in_the_next_pass() {
    let text = format!("{}。{}。", "废".repeat(400), "水".repeat(400));
    let said = EMBEDDER.understand(&[&text]).unwrap().remove(0);
    let places: Vec<_> = said.sentences.iter().map(|sentence| (sentence.start, sentence.end)).collect();
    assert_eq!(places, [(0, 401), (401, 802)]);
    assert!(said.sentences.iter().all(|sentence| (sentence.vector.cosine(&sentence.vector) - 1.0).abs() < 1e-4));
}
