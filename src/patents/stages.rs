//! The moves of a patent case: from where, to where, for which kinds, and what each needs.
//!
//! This table is the only place that says so; the database refuses every other move (`is_patent_move`).

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PatentKind;
use crate::problem::FieldFault;
use crate::registry::fields::vocabulary;

vocabulary! {
    /// Where a patent case stands: 接案, 检索, 撰写, 已申请, 已公布, 实质审查, 已授权; 驳回, 撤回.
    PatentStage {
        Intake = "intake", Search = "search", Drafting = "drafting", Filed = "filed", Published = "published",
        Examination = "examination", Granted = "granted", Rejected = "rejected", Withdrawn = "withdrawn",
    }
}

/// What a move needs to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Nothing,
    /// The application number and the day of the filing.
    Filing,
    /// The publication number and its day.
    Publication,
    /// The day on which the grant was announced.
    Grant,
    /// Why it ends, or goes on all the same.
    Reason,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    pub from: PatentStage,
    pub to: PatentStage,
    /// Whose move it is: only inventions are published and examined in substance (专利法第三十四条, 第三十五条, 第四十条).
    pub kinds: &'static [PatentKind],
    pub need: Need,
    /// Does it bring back a case that had ended, to where it stood then?
    pub back: bool,
}

const INVENTION: &[PatentKind] = &[PatentKind::Invention];
const OTHERS: &[PatentKind] = &[PatentKind::UtilityModel, PatentKind::Design];
const ALL: &[PatentKind] = &[PatentKind::Invention, PatentKind::UtilityModel, PatentKind::Design];

const fn ahead(from: PatentStage, to: PatentStage, kinds: &'static [PatentKind], need: Need) -> Move {
    Move { from, to, kinds, need, back: false }
}

const fn ends(from: PatentStage, to: PatentStage, kinds: &'static [PatentKind]) -> Move {
    ahead(from, to, kinds, Need::Reason)
}

/// By re-examination (专利法第四十一条), restored rights (细则第六条), or because the ending was noted by mistake.
const fn back(from: PatentStage, to: PatentStage, kinds: &'static [PatentKind]) -> Move {
    Move { back: true, ..ahead(from, to, kinds, Need::Reason) }
}

/// Every move there is.
pub const MOVES: &[Move] = &[
    ahead(PatentStage::Intake, PatentStage::Search, ALL, Need::Nothing),
    ahead(PatentStage::Search, PatentStage::Drafting, ALL, Need::Nothing),
    ahead(PatentStage::Drafting, PatentStage::Filed, ALL, Need::Filing),
    ahead(PatentStage::Filed, PatentStage::Published, INVENTION, Need::Publication),
    ahead(PatentStage::Published, PatentStage::Examination, INVENTION, Need::Nothing),
    ahead(PatentStage::Examination, PatentStage::Granted, INVENTION, Need::Grant),
    ahead(PatentStage::Filed, PatentStage::Granted, OTHERS, Need::Grant),
    // The office can reject only what was filed.
    ends(PatentStage::Filed, PatentStage::Rejected, ALL),
    ends(PatentStage::Published, PatentStage::Rejected, INVENTION),
    ends(PatentStage::Examination, PatentStage::Rejected, INVENTION),
    ends(PatentStage::Intake, PatentStage::Withdrawn, ALL),
    ends(PatentStage::Search, PatentStage::Withdrawn, ALL),
    ends(PatentStage::Drafting, PatentStage::Withdrawn, ALL),
    ends(PatentStage::Filed, PatentStage::Withdrawn, ALL),
    ends(PatentStage::Published, PatentStage::Withdrawn, INVENTION),
    ends(PatentStage::Examination, PatentStage::Withdrawn, INVENTION),
    back(PatentStage::Rejected, PatentStage::Filed, ALL),
    back(PatentStage::Rejected, PatentStage::Published, INVENTION),
    back(PatentStage::Rejected, PatentStage::Examination, INVENTION),
    back(PatentStage::Withdrawn, PatentStage::Intake, ALL),
    back(PatentStage::Withdrawn, PatentStage::Search, ALL),
    back(PatentStage::Withdrawn, PatentStage::Drafting, ALL),
    back(PatentStage::Withdrawn, PatentStage::Filed, ALL),
    back(PatentStage::Withdrawn, PatentStage::Published, INVENTION),
    back(PatentStage::Withdrawn, PatentStage::Examination, INVENTION),
];

/// The move of a kind between two stages, if there is one.
#[must_use]
pub fn find(kind: PatentKind, from: PatentStage, to: PatentStage) -> Option<&'static Move> {
    MOVES.iter().find(|row| row.from == from && row.to == to && row.kinds.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use PatentKind::{Design, Invention, UtilityModel};
    use PatentStage::{Drafting, Examination, Filed, Granted, Intake, Published, Rejected, Search, Withdrawn};

    #[test]
    fn each_kind_has_one_way_from_intake_to_grant() {
        for (kind, way) in [
            (Invention, &[Intake, Search, Drafting, Filed, Published, Examination, Granted][..]),
            (UtilityModel, &[Intake, Search, Drafting, Filed, Granted]),
            (Design, &[Intake, Search, Drafting, Filed, Granted]),
        ] {
            for (at, from) in way.iter().enumerate() {
                let ahead = MOVES.iter().filter(|row| row.from == *from && row.kinds.contains(&kind));
                let ahead: Vec<_> = ahead.filter(|row| row.need != Need::Reason).map(|row| row.to).collect();
                assert_eq!(ahead, way.get(at + 1).copied().into_iter().collect::<Vec<_>>(), "{kind:?} from {from:?}");
            }
        }
    }

    #[test]
    fn what_ends_can_come_back_to_where_it_ended_and_a_grant_stays() {
        for row in MOVES {
            assert_ne!(row.from, Granted);
            let ends = matches!(row.to, Rejected | Withdrawn);
            assert_eq!(row.need == Need::Reason, ends || row.back, "{row:?}");
            if ends {
                let back = MOVES.iter().find(|back| back.back && back.from == row.to && back.to == row.from);
                assert_eq!(back.map(|back| back.kinds), Some(row.kinds), "{row:?}");
            }
        }
        assert!([Intake, Search, Drafting].iter().all(|from| find(Invention, *from, Rejected).is_none()));
    }

    #[test]
    fn only_inventions_are_published_and_examined() {
        for kind in [UtilityModel, Design] {
            let stages = MOVES.iter().filter(|row| row.kinds.contains(&kind)).flat_map(|row| [row.from, row.to]);
            assert!(stages.into_iter().all(|stage| !matches!(stage, Published | Examination)), "{kind:?}");
        }
    }
}
