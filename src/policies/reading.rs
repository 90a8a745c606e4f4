//! What the service reads out of a policy: its number, the region that it is of, its pieces and whom they are for.

use super::audience::{self, Audience, region_of};
use super::cutting::text::Text;
use super::cutting::{self, Piece, PieceKind};
use super::html;
use super::number::DocumentNumber;
use crate::registry::fields::PolicyLevel;
use crate::registry::policies::Policy;

/// Rises when any of the rules change, so that every policy is read anew.
pub const RULES: i32 = cutting::RULES * 1000 + audience::RULES;

/// A policy as it was read.
pub struct Reading {
    pub number: Option<DocumentNumber>,
    /// None where it is of the whole country, or nothing tells.
    pub region: Option<String>,
    /// Each piece with whom it is for; only clauses with nothing below are for anybody.
    pub pieces: Vec<(Piece, Audience)>,
}

impl Reading {
    #[must_use]
    pub fn of(policy: &Policy) -> Self {
        let number = number_of(policy);
        let region = region(policy, number.as_ref());
        let text = text_of(policy);
        let pieces = cutting::pieces(&text);
        let audiences: Vec<Audience> = pieces
            .iter()
            .enumerate()
            .map(|(place, piece)| {
                if is_for_firms(piece) {
                    audience::of(&text, &pieces, place, region.as_deref())
                } else {
                    Audience::default()
                }
            })
            .collect();
        Self { number, region, pieces: pieces.into_iter().zip(audiences).collect() }
    }
}

/// A clause with nothing below is what a firm may ask for.
#[must_use]
pub fn is_for_firms(piece: &Piece) -> bool {
    piece.leaf && piece.kind == PieceKind::Clause
}

/// The number in its parts, if it is one.
#[must_use]
pub fn number_of(policy: &Policy) -> Option<DocumentNumber> {
    policy.document_number.as_ref().and_then(|number| DocumentNumber::parse(number))
}

/// The text that is cut: that of the body, without the marks of HTML.
#[must_use]
pub fn text_of(policy: &Policy) -> Text {
    Text::of(&html::plain(&policy.body))
}

fn region(policy: &Policy, number: Option<&DocumentNumber>) -> Option<String> {
    if policy.level == PolicyLevel::National {
        return None;
    }
    let issuer = policy.issuer.as_deref().unwrap_or_default();
    region_of(&[issuer, &policy.title], number, policy.level == PolicyLevel::Provincial)
}
