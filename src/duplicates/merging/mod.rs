//! Merging: one record is put in the place of another, in one transaction, and that can be taken back.
//!
//! The kept record gets a next version with what it lacked (`rules`); what refers to the other one refers to it
//! (`references`), and the other is a tombstone that names it. What stands in the way is told, and then nothing is done
//! (`blockers`).

mod blockers;
mod part;
mod put_together;
pub mod references;
pub mod routes;
pub mod rules;
mod store;
pub mod view;

use diesel::result::Error;

pub(super) use put_together::not_open;
pub(super) use store::standing;
pub use store::successor;

use crate::problem::{Kind, Problem};
use crate::registry::refused_write;

/// The problem of a write that the database refused: what stands in the way was not there a moment ago.
fn refused(error: Error) -> Problem {
    let Error::DatabaseError(_, details) = &error else { return error.into() };
    match details.constraint_name().unwrap_or_default() {
        "dockings_open_pair_key"
        | "dockings_two_sides"
        | "expert_team_members_pkey"
        | "expert_team_members_published"
        | "event_participants_organisation_key"
        | "event_participants_expert_key"
        | "merges_standing_key" => Problem::new(Kind::Conflict).saying(
            "其间有人改动了相关记录，请重试",
            "somebody changed what goes with the records meanwhile; try again",
        ),
        _ => refused_write(error),
    }
}
