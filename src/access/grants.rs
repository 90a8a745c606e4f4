//! The words of the table: rules, grants, actions and fields.

use super::Records;
use crate::identity::{Caller, Role, Scope};
use crate::problem::{Kind as ProblemKind, Problem};
use crate::registry::Kind;

/// What is done with records of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Lists, single records, and what search and matching show.
    Read,
    Create,
    Change,
    Delete,
    /// The versions before.
    History,
}

/// Which fields are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// None that are personal.
    Open,
    /// Those that are personal only in one's own records.
    PersonalOfOwn,
    /// The same, and those of the other side of a docking that was accepted.
    PersonalOfSides,
    /// All.
    Personal,
}

impl Fields {
    /// In words: Chinese, English.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Open => ("不含个人信息", "without personal data"),
            Self::PersonalOfOwn => ("自己的含个人信息", "personal data in one's own"),
            Self::PersonalOfSides => (
                "自己的和已受理对接的另一方含个人信息",
                "personal data in one's own and of the other side of an accepted docking",
            ),
            Self::Personal => ("含个人信息", "with personal data"),
        }
    }
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Records(Kind, Action),
    /// Operations of the contract, by their ids.
    Operations(&'static [&'static str]),
}

impl What {
    /// The ids of the operations in the contract.
    #[must_use]
    pub fn operations(self) -> Vec<String> {
        let Self::Records(kind, action) = self else {
            let Self::Operations(ids) = self else { return Vec::new() };
            return ids.iter().map(|id| (*id).to_owned()).collect();
        };
        let (one, many) = (kind.as_str(), kind.plural());
        match action {
            Action::Read => vec![format!("list_{many}"), format!("read_{one}")],
            Action::Create => vec![format!("create_{one}")],
            Action::Change => vec![format!("replace_{one}"), format!("amend_{one}")],
            Action::Delete => vec![format!("delete_{one}")],
            Action::History => vec![format!("list_{one}_history")],
        }
    }
}

/// What one role is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    pub role: Role,
    pub records: Records,
    pub fields: Fields,
    /// What a partner site's token must have been given.
    pub scope: Option<Scope>,
}

impl Grant {
    pub(super) const fn to(role: Role, records: Records) -> Self {
        Self { role, records, fields: Fields::Open, scope: None }
    }

    pub(super) const fn showing(self, fields: Fields) -> Self {
        Self { fields, ..self }
    }

    pub(super) const fn within(self, scope: Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }
}

/// One row of the table: what, and to whom it is granted. Nobody else may do it.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub what: What,
    /// What a request costs of a caller's allowance.
    pub cost: u32,
    /// Only in a session that was begun with a second factor.
    pub strong: bool,
    pub grants: &'static [Grant],
}

impl Rule {
    /// What a caller is granted, if anything.
    #[must_use]
    pub fn grant_for(&self, caller: &Caller) -> Option<&Grant> {
        let grant = self.grant_of(caller.role())?;
        grant.scope.is_none_or(|scope| caller.has_scope(scope)).then_some(grant)
    }

    /// What a role is granted.
    #[must_use]
    pub fn grant_of(&self, role: Role) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.role == role)
    }

    /// Lets a caller pass to whom something is granted; which records it is, the handler asks.
    ///
    /// # Errors
    /// `unauthenticated` for the public, `insufficient-scope`, `second-factor-required`, `forbidden`.
    pub fn admit(&self, caller: &Caller) -> Result<(), Problem> {
        if self.grant_for(caller).is_some() {
            return if self.strong && !caller.is_strong() {
                Err(Problem::new(ProblemKind::SecondFactorRequired))
            } else {
                Ok(())
            };
        }
        match self.grant_of(caller.role()).and_then(|grant| grant.scope) {
            Some(scope) => Err(Problem::insufficient_scope(scope.as_str())),
            None => Err(caller.refused()),
        }
    }
}
