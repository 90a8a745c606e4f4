//! The cutter against documents with trees that were made by hand: each line of a tree is a piece, indented by its depth,
//! with kind, number, heading, how its text begins and ends, who is responsible and what is doubtful.

use std::fmt::Write;

use super::{Piece, PieceKind, cut};

fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A piece as a tree has it; its text as it is told, if that is how it begins and ends.
fn line(piece: &Piece, told: &str) -> String {
    let (begins, ends) = told.split_once('…').unwrap_or((told, told));
    let whole = told.contains('…') || piece.text == told;
    let text = if whole && piece.text.starts_with(begins) && piece.text.ends_with(ends) { told } else { &piece.text };
    let bodies = |bodies: &[super::Body]| {
        bodies.iter().map(|body| format!("{}:{}", body.name, word(body.role))).collect::<Vec<_>>().join(" ")
    };
    let departments: Vec<String> = piece.departments.iter().map(|one| bodies(&one.bodies)).collect();
    let named = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let fields = [
        word(piece.kind),
        named(piece.number.as_deref().unwrap_or_default()),
        named(piece.heading.as_deref().unwrap_or_default()),
        named(text),
        named(&departments.join(" + ")),
        named(&piece.doubt.map(|doubt| format!("!{}", word(doubt))).unwrap_or_default()),
    ];
    let mut line = "  ".repeat(piece.depth);
    let _ = write!(line, "{}", fields.join(" ¦ "));
    while let Some(shorter) = line.strip_suffix(" ¦ -") {
        line.truncate(shorter.len());
    }
    line
}

fn check(name: &str, body: &str, tree: &str) {
    let pieces = cut(body);
    let told: Vec<&str> = tree.lines().collect();
    let lines = pieces.iter().enumerate().map(|(place, piece)| {
        let text = told.get(place).and_then(|line| line.split(" ¦ ").nth(3)).unwrap_or("-");
        line(piece, if text == "-" { "" } else { text })
    });
    let lines: Vec<String> = lines.collect();
    assert_eq!(lines.join("\n"), tree.trim_end(), "{name}");
    for piece in &pieces {
        let parent = piece.parent.and_then(|parent| pieces.get(parent));
        assert_eq!(piece.depth, parent.map_or(0, |parent| parent.depth + 1), "{name}");
        let own: String = body.chars().skip(piece.start).take(piece.end - piece.start).collect();
        assert!(own.starts_with(piece.number.as_deref().unwrap_or_default()), "{name}: {own}");
        let first = piece.text.lines().next().unwrap_or_default();
        assert!(own.contains(first), "{name}: {own}");
        for departments in &piece.departments {
            let place = departments.start..departments.end;
            let written: String = body.chars().skip(place.start).take(place.len()).collect();
            assert_eq!(written, departments.written, "{name}");
        }
    }
}

macro_rules! document {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../tests/documents/", $name, ".txt")),
            include_str!(concat!("../../../tests/documents/", $name, ".tree")),
        )
    };
}

/// Written for these tests, in the forms that offices use.
const DOCUMENTS: [(&str, &str, &str); 14] = [
    document!("01-measures"),
    document!("02-chapters"),
    document!("03-articles-traditional"),
    document!("04-plain"),
    document!("05-tables"),
    document!("06-roles"),
    document!("07-digits"),
    document!("08-restarts"),
    document!("09-decimals"),
    document!("10-traditional-wide"),
    document!("11-doubtful"),
    document!("12-divisions"),
    document!("13-headed-articles"),
    document!("14-english-and-dates"),
];

#[test]
fn documents_of_many_styles_are_cut_as_a_person_would() {
    for (name, body, tree) in DOCUMENTS {
        check(name, body, tree);
    }
}

#[test]
fn the_sample_gives_its_three_parts_and_all_its_clauses_with_who_is_responsible() {
    let body = include_str!("../../../samples/policy-hebei-2020-52.zh-Hant.txt");
    check("the sample", body, include_str!("../../../tests/documents/policy-hebei-2020-52.tree"));
    let pieces = cut(body);
    let count = |wanted: fn(&Piece) -> bool| pieces.iter().filter(|piece| wanted(piece)).count();
    assert_eq!(count(|piece| piece.kind == PieceKind::Part), 3);
    assert_eq!(count(|piece| piece.kind == PieceKind::Clause && piece.leaf), 28);
    assert_eq!(count(|piece| !piece.departments.is_empty()), 25);
}

/// A load that a hostile or careless body makes is bounded, whatever it says.
#[test]
fn what_is_huge_or_hostile_is_cut_in_bounded_time() {
    let long = |piece: &str| piece.chars().cycle().take(200_000).collect::<String>();
    let begun = std::time::Instant::now();
    for body in [
        long("("),
        long("(["),
        long("和"),
        long("1.\n"),
        long("一、甲\n"),
        long("（省科技厅、"),
        long("一、\n（一）\n1.\n"),
        long("附件\n"),
        long("第一条"),
        format!("一、{}", long("(")) + &long(")"),
        format!("一、({}负责)", long("甲和")),
    ] {
        let text = super::text::Text::of(&body);
        let pieces = super::pieces(&text);
        assert!(pieces.len() <= super::MOST && !pieces.is_empty());
        for place in 0..pieces.len() {
            let _ = crate::policies::audience::of(&text, &pieces, place, Some("130927"));
        }
    }
    assert!(begun.elapsed() < std::time::Duration::from_mins(1), "{:?}", begun.elapsed());
}
