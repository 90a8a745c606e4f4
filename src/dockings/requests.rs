//! What callers ask of dockings, and what is wrong with it.

use chrono::{DateTime, Utc};
use deserr::Deserr;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::stages::{self, Move, Need};
use super::{Contract, Docking, DockingParty, DockingSide, DockingStage, EndingReason, GivenReason};
use crate::problem::{Answer, Faults, FieldFault, Kind, Problem};
use crate::registry::fields::Prose;
use crate::registry::ids::optional_id;

/// A request for a docking: of a demand or an enterprise, with a result or an expert.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "demand_id": "01939c5e-0000-7000-8000-000000000004", "result_id": "01939c5e-0000-7000-8000-000000000003",
    "note": "想先看看样件。"
}))]
pub struct NewDocking {
    /// The demand that it is about; it tells the enterprise.
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub demand_id: Option<Uuid>,
    /// The enterprise, where it is about no demand.
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub enterprise_id: Option<Uuid>,
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub result_id: Option<Uuid>,
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub expert_id: Option<Uuid>,
    /// The side on whose behalf the centre asks: the enterprise, unless said otherwise. A side asks for itself.
    #[deserr(default)]
    pub asked_by: Option<DockingSide>,
    /// What the asking side says to the other.
    #[deserr(default)]
    #[schema(inline)]
    pub note: Option<Prose<1, 2000>>,
}

impl NewDocking {
    /// # Errors
    /// `either_or` where none or both of two members are given.
    pub fn check(&self) -> Answer<()> {
        let mut faults = Faults::default();
        if self.demand_id.is_some() == self.enterprise_id.is_some() {
            faults.add(String::new(), either_or("demand_id", "enterprise_id"));
        }
        if self.result_id.is_some() == self.expert_id.is_some() {
            faults.add(String::new(), either_or("result_id", "expert_id"));
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }

    /// The side that asks, by what the caller is.
    ///
    /// # Errors
    /// `not_for_role` for one side that asks for the other; `forbidden` for who is neither.
    pub fn asking_side(&self, party: Option<DockingParty>) -> Answer<DockingSide> {
        let own = match party {
            Some(DockingParty::Centre) => return Ok(self.asked_by.unwrap_or(DockingSide::Enterprise)),
            Some(DockingParty::Enterprise) => DockingSide::Enterprise,
            Some(DockingParty::Counterpart) => DockingSide::Counterpart,
            Some(DockingParty::Service) | None => return Err(Problem::new(Kind::Forbidden)),
        };
        if self.asked_by.is_some_and(|side| side != own) {
            let fault = FieldFault::new("not_for_role", "只能代表自己一方", "a side asks for itself alone");
            return Err(Problem::invalid_field("/asked_by", fault));
        }
        Ok(own)
    }
}

fn either_or(one: &str, other: &str) -> FieldFault {
    FieldFault::new(
        "either_or",
        format!("{one} 和 {other} 须给出且只给出一个"),
        format!("either {one} or {other} is given"),
    )
}

/// A move of a docking.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"to": "accepted"}))]
pub struct NewMove {
    /// Where it is to go.
    pub to: DockingStage,
    /// Why it ends: for `declined` and `abandoned`, which need it.
    #[deserr(default)]
    pub reason: Option<GivenReason>,
    /// More about the reason.
    #[deserr(default)]
    #[schema(inline)]
    pub reason_note: Option<Prose<1, 2000>>,
    /// What was signed: for `contracted`, which needs it.
    #[deserr(default)]
    pub contract: Option<Contract>,
}

impl NewMove {
    /// The row of the table that a party wants to make from where a docking stands.
    ///
    /// # Errors
    /// `conflict` if there is no such move from there, `forbidden` if it is not the party's, `invalid-input` with
    /// `required_for_stage`, `not_for_stage` or what is wrong with the contract.
    pub fn row(&self, docking: &Docking, party: DockingParty) -> Answer<&'static Move> {
        let row = stages::find(docking.stage, self.to).ok_or_else(|| no_move(docking.stage, self.to))?;
        if !row.is_for(party, docking.asked_by) {
            return Err(Problem::new(Kind::Forbidden)
                .saying("这一步由对方或中心决定", "this is for the other side or the centre"));
        }
        let mut faults = Faults::default();
        self.hold(row.need == Need::Reason, self.reason.is_some(), "/reason", &mut faults);
        self.hold(row.need == Need::Contract, self.contract.is_some(), "/contract", &mut faults);
        if row.need != Need::Reason && self.reason_note.is_some() {
            faults.add("/reason_note".to_owned(), self.not_for_stage());
        }
        if let Some(contract) = &self.contract {
            contract.check("/contract", &mut faults);
        }
        if faults.is_empty() { Ok(row) } else { Err(Problem::invalid(faults)) }
    }

    fn hold(&self, needed: bool, given: bool, pointer: &str, faults: &mut Faults) {
        let to = self.to.as_str();
        if needed && !given {
            let fault = FieldFault::new("required_for_stage", format!("{to} 须给出"), format!("is required for {to}"));
            faults.add(pointer.to_owned(), fault);
        } else if given && !needed {
            faults.add(pointer.to_owned(), self.not_for_stage());
        }
    }

    fn not_for_stage(&self) -> FieldFault {
        let to = self.to.as_str();
        FieldFault::new("not_for_stage", format!("{to} 不需要"), format!("is not for {to}"))
    }
}

fn no_move(from: DockingStage, to: DockingStage) -> Problem {
    let ways = stages::MOVES.iter().filter(|row| row.from == from).map(|row| row.to.as_str());
    let ways: Vec<&str> = ways.collect();
    let (from, to, ways) = (from.as_str(), to.as_str(), if ways.is_empty() { "—".to_owned() } else { ways.join(", ") });
    Problem::new(Kind::Conflict)
        .saying(format!("{from} 不能到 {to}，只能到：{ways}"), format!("{from} does not lead to {to}, but to: {ways}"))
}

/// Which dockings.
#[derive(Clone, Debug, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DockingFilter {
    #[deserr(default)]
    #[param(inline)]
    pub stage: Option<DockingStage>,
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub demand_id: Option<Uuid>,
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub enterprise_id: Option<Uuid>,
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub result_id: Option<Uuid>,
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub expert_id: Option<Uuid>,
}

/// One page of dockings, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct DockingPage {
    #[schema(max_items = 100)]
    items: Vec<Docking>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// A move that was made, or taken back.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "version": 2, "at": "2026-11-26T08:00:00Z", "party": "counterpart", "from": "requested", "to": "accepted",
    "made_by": "01939c5e-0000-7000-8000-000000000009"
}))]
pub struct DockingMove {
    /// The version of the docking that it made.
    #[schema(minimum = 2)]
    pub version: i64,
    pub at: DateTime<Utc>,
    /// The account; none if the service made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_by: Option<Uuid>,
    pub party: DockingParty,
    pub from: DockingStage,
    pub to: DockingStage,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<EndingReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub reason_note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<Contract>,
    /// The version whose move it takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 2)]
    pub undoes: Option<i64>,
}

/// A move that the caller may make now.
#[derive(Serialize, ToSchema)]
pub struct OpenMove {
    pub to: DockingStage,
    /// The member of the move that it needs beside `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    pub needs: Option<&'static str>,
}

impl OpenMove {
    /// Those of a party in a docking.
    pub fn of(docking: &Docking, party: DockingParty) -> Vec<Self> {
        let rows = stages::MOVES.iter().filter(|row| row.from == docking.stage && row.is_for(party, docking.asked_by));
        let open = rows.map(|row| {
            let needs = match row.need {
                Need::Nothing => None,
                Need::Reason => Some("reason"),
                Need::Contract => Some("contract"),
            };
            Self { to: row.to, needs }
        });
        open.collect()
    }
}

/// One page of moves, newest first, and what can be done now.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "items": [{"version": 2, "at": "2026-11-26T08:00:00Z", "party": "counterpart", "from": "requested", "to": "accepted"}],
    "open": [{"to": "negotiating"}, {"to": "abandoned", "needs": "reason"}], "next_cursor": null
}))]
pub struct DockingMovePage {
    #[schema(max_items = 100)]
    pub items: Vec<DockingMove>,
    /// Moves that the caller may make now.
    #[schema(max_items = 10)]
    pub open: Vec<OpenMove>,
    /// Until when the caller may take back the last move, if at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo_until: Option<DateTime<Utc>>,
    #[schema(max_length = 200)]
    pub next_cursor: Option<String>,
}
