//! The cutter: the text of a policy in its parts and clauses, with who is responsible for each.
//!
//! A policy is lines. A line that begins with a number (`markers.rs`) begins a clause, below those whose style of number is
//! still open (`outline.rs`); what has none belongs to the clause before it. What comes before the first number, attachments
//! and signatures (`closing.rs`) stay whole. Nothing is thrown away, and what the rules are not sure of is marked for a person.

mod closing;
mod departments;
mod heading;
mod markers;
mod outline;
pub mod text;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use departments::{Body, Departments, Role};
use heading::Manner;
use text::Text;

/// Rises when the rules change, so that what was cut by others is cut anew.
pub const RULES: i32 = 1;

/// Pieces of a policy, at most. What has more is no policy but a list; it is kept whole.
pub const MOST: usize = 2000;

/// What a piece of a policy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ClauseKind)]
pub enum PieceKind {
    /// What stands before the first number: to whom, and why.
    Preamble,
    /// An outermost numbered piece that has others below.
    Part,
    /// Any other numbered piece.
    Clause,
    /// A heading without a number, over a list of its own.
    Group,
    /// What has no numbers at all.
    Whole,
    Attachment,
    Signature,
}

/// Why a person should look at a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ClauseDoubt)]
pub enum Doubt {
    /// No number was found.
    Uncut,
    /// There are more pieces than a policy has.
    TooMany,
    /// The numbers before it are missing.
    NumberSkips,
    /// The numbers start again, without a heading between.
    NumberRestarts,
    /// Styles of numbers lie within each other in two ways.
    LevelsUnclear,
    /// A bracket speaks of who is responsible, in words that are not understood.
    DepartmentsUnclear,
}

/// A piece of a policy. Places are counted in characters of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub kind: PieceKind,
    /// Which piece it lies within, by its place among the pieces.
    pub parent: Option<usize>,
    /// How many pieces it lies within.
    pub depth: usize,
    /// Nothing lies within it.
    pub leaf: bool,
    /// As it is written: （一）.
    pub number: Option<String>,
    pub heading: Option<String>,
    /// Its own text, without that of the pieces below; lines stay lines.
    pub text: String,
    pub start: usize,
    /// The end of its own text.
    pub end: usize,
    pub departments: Vec<Departments>,
    pub doubt: Option<Doubt>,
}

/// Cuts a text into its pieces, in their order.
#[must_use]
pub fn cut(body: &str) -> Vec<Piece> {
    pieces(&Text::of(body))
}

/// Cuts a text that was read already.
#[must_use]
pub fn pieces(text: &Text) -> Vec<Piece> {
    let lines = text.lines();
    let (main, closing) = closing::part(text, &lines);
    let mut drafts = outline::outline(text, main);
    drafts.extend(closing);
    if drafts.len() > MOST {
        drafts = outline::whole(&lines, Doubt::TooMany);
    }
    let mut manner = Manner::default();
    drafts.iter().map(|draft| heading::finished(text, draft, &mut manner)).collect()
}

#[cfg(test)]
mod tests;
