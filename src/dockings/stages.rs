//! The moves of a docking: from where, to where, who may make each, what it needs, and whether it can be taken back.
//!
//! This table is the only place that says so; the database refuses every other move (`is_docking_move`).

use chrono::TimeDelta;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::FieldFault;
use crate::registry::fields::vocabulary;

vocabulary! {
    /// Where a docking stands: 意向, 受理, 洽谈, 签约, 实施, 完成; 谢绝, 终止.
    DockingStage {
        Requested = "requested", Accepted = "accepted", Negotiating = "negotiating", Contracted = "contracted",
        Implementing = "implementing", Completed = "completed", Declined = "declined", Abandoned = "abandoned",
    }
    /// A side of a docking: the enterprise, or the expert or the holder of the result.
    DockingSide { Enterprise = "enterprise", Counterpart = "counterpart" }
    /// Who made a move: the centre, one of the two sides, or the service itself.
    DockingParty { Centre = "centre", Enterprise = "enterprise", Counterpart = "counterpart", Service = "service" }
    /// What people were told of a docking: the stage it came to, that a move was taken back, or that it lies still.
    DockingNews {
        Requested = "requested", Accepted = "accepted", Negotiating = "negotiating", Contracted = "contracted",
        Implementing = "implementing", Completed = "completed", Declined = "declined", Abandoned = "abandoned",
        Undone = "undone", Still = "still",
    }
}

/// Who may make a move. The centre may make every one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// The side that asked.
    Asking,
    /// The side that was asked.
    Asked,
    /// Either side.
    Sides,
}

/// What a move needs to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Nothing,
    /// Why it ends.
    Reason,
    /// The contract: kind, amount and date.
    Contract,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    pub from: DockingStage,
    pub to: DockingStage,
    pub maker: Maker,
    pub need: Need,
    /// Can it be taken back? What was seen once cannot be unseen, so what opens personal data cannot.
    pub undo: bool,
}

/// How long a move can be taken back.
pub const UNDO: TimeDelta = TimeDelta::days(7);

const fn ahead(from: DockingStage, to: DockingStage) -> Move {
    Move { from, to, maker: Maker::Sides, need: Need::Nothing, undo: true }
}

/// Declining is the answer of the side that was asked.
const fn decline(from: DockingStage) -> Move {
    Move { from, to: DockingStage::Declined, maker: Maker::Asked, need: Need::Reason, undo: true }
}

const fn abandon(from: DockingStage, maker: Maker) -> Move {
    Move { from, to: DockingStage::Abandoned, maker, need: Need::Reason, undo: true }
}

/// Every move there is.
pub const MOVES: &[Move] = &[
    Move { maker: Maker::Asked, undo: false, ..ahead(DockingStage::Requested, DockingStage::Accepted) },
    ahead(DockingStage::Accepted, DockingStage::Negotiating),
    Move { need: Need::Contract, ..ahead(DockingStage::Negotiating, DockingStage::Contracted) },
    ahead(DockingStage::Contracted, DockingStage::Implementing),
    ahead(DockingStage::Implementing, DockingStage::Completed),
    decline(DockingStage::Requested),
    decline(DockingStage::Accepted),
    decline(DockingStage::Negotiating),
    decline(DockingStage::Contracted),
    decline(DockingStage::Implementing),
    // Before it is answered only who asked can take it back; the other side declines.
    abandon(DockingStage::Requested, Maker::Asking),
    abandon(DockingStage::Accepted, Maker::Sides),
    abandon(DockingStage::Negotiating, Maker::Sides),
    abandon(DockingStage::Contracted, Maker::Sides),
    abandon(DockingStage::Implementing, Maker::Sides),
];

/// The move between two stages, if there is one.
#[must_use]
pub fn find(from: DockingStage, to: DockingStage) -> Option<&'static Move> {
    MOVES.iter().find(|row| row.from == from && row.to == to)
}

impl Move {
    /// May the party make it, in a docking that this side asked for?
    #[must_use]
    pub fn is_for(&self, party: DockingParty, asked_by: DockingSide) -> bool {
        let asks = |side| side == asked_by;
        let fits = |side| match self.maker {
            Maker::Asking => asks(side),
            Maker::Asked => !asks(side),
            Maker::Sides => true,
        };
        match party {
            DockingParty::Centre => true,
            DockingParty::Enterprise => fits(DockingSide::Enterprise),
            DockingParty::Counterpart => fits(DockingSide::Counterpart),
            DockingParty::Service => false,
        }
    }
}

impl DockingStage {
    pub const ALL: [Self; 8] = [
        Self::Requested,
        Self::Accepted,
        Self::Negotiating,
        Self::Contracted,
        Self::Implementing,
        Self::Completed,
        Self::Declined,
        Self::Abandoned,
    ];

    /// Those in which it goes on.
    pub const OPEN: [Self; 5] =
        [Self::Requested, Self::Accepted, Self::Negotiating, Self::Contracted, Self::Implementing];

    /// Those in which the two sides are shown how the other is reached: from acceptance on, unless it came to nothing.
    pub const ACQUAINTED: [Self; 5] =
        [Self::Accepted, Self::Negotiating, Self::Contracted, Self::Implementing, Self::Completed];

    /// For how many days it may lie still there before its people are reminded.
    #[must_use]
    pub const fn patience(self) -> Option<i32> {
        match self {
            Self::Requested => Some(7),
            Self::Accepted => Some(14),
            Self::Negotiating => Some(30),
            Self::Contracted => Some(60),
            Self::Implementing => Some(180),
            Self::Completed | Self::Declined | Self::Abandoned => None,
        }
    }

    /// Is there a contract?
    #[must_use]
    pub const fn has_contract(self) -> bool {
        matches!(self, Self::Contracted | Self::Implementing | Self::Completed)
    }

    /// What people are told when it comes to this.
    #[must_use]
    pub const fn news(self) -> DockingNews {
        match self {
            Self::Requested => DockingNews::Requested,
            Self::Accepted => DockingNews::Accepted,
            Self::Negotiating => DockingNews::Negotiating,
            Self::Contracted => DockingNews::Contracted,
            Self::Implementing => DockingNews::Implementing,
            Self::Completed => DockingNews::Completed,
            Self::Declined => DockingNews::Declined,
            Self::Abandoned => DockingNews::Abandoned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DockingStage::{Abandoned, Accepted, Completed, Contracted, Declined, Implementing, Negotiating, Requested};

    const OPEN: [DockingStage; 5] = DockingStage::OPEN;
    const ENDS: [DockingStage; 3] = [Completed, Declined, Abandoned];

    #[test]
    fn there_is_one_way_ahead_and_from_every_open_stage_two_out() {
        for (from, to) in OPEN.into_iter().zip([Accepted, Negotiating, Contracted, Implementing, Completed]) {
            let mut found: Vec<_> = MOVES.iter().filter(|row| row.from == from).map(|row| row.to).collect();
            found.sort_by_key(|stage| stage.as_str());
            let mut wanted = vec![to, Declined, Abandoned];
            wanted.sort_by_key(|stage| stage.as_str());
            assert_eq!(found, wanted, "{from:?}");
        }
        assert!(MOVES.iter().all(|row| !ENDS.contains(&row.from)));
        assert_eq!(MOVES.len(), 15);
    }

    #[test]
    fn what_ends_needs_a_reason_and_what_is_signed_a_contract() {
        for row in MOVES {
            let need = match row.to {
                Declined | Abandoned => Need::Reason,
                Contracted => Need::Contract,
                _ => Need::Nothing,
            };
            assert_eq!(row.need, need, "{row:?}");
        }
    }

    #[test]
    fn only_what_opens_personal_data_cannot_be_taken_back() {
        for row in MOVES {
            let opens = DockingStage::ACQUAINTED.contains(&row.to) && !DockingStage::ACQUAINTED.contains(&row.from);
            assert_eq!(row.undo, !opens, "{row:?}");
        }
    }

    #[test]
    fn nobody_answers_what_they_asked_themselves() {
        let may = |to, party, asked_by| find(Requested, to).is_some_and(|row| row.is_for(party, asked_by));
        for (asked_by, asking, asked) in [
            (DockingSide::Enterprise, DockingParty::Enterprise, DockingParty::Counterpart),
            (DockingSide::Counterpart, DockingParty::Counterpart, DockingParty::Enterprise),
        ] {
            for to in [Accepted, Declined] {
                assert!(may(to, asked, asked_by) && !may(to, asking, asked_by), "{to:?}");
            }
            assert!(may(Abandoned, asking, asked_by) && !may(Abandoned, asked, asked_by));
        }
        for row in MOVES {
            assert!(row.is_for(DockingParty::Centre, DockingSide::Enterprise));
            assert!(!row.is_for(DockingParty::Service, DockingSide::Enterprise));
        }
    }
}
