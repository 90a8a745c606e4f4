//! Webhooks (推送): what changes, and what somebody is told, sent to where they want it (Standard Webhooks).
//!
//! A subscription is a place among changes and notifications, both of which are written in the transaction of what they
//! tell. What comes after it is made into deliveries, as far as the owner may know it ([`events`]), and these are sent
//! until they are taken or given up ([`worker`]): at least once, and of one record one after the other.

mod backoff;
pub mod deliveries;
mod events;
mod inputs;
mod queue;
pub mod routes;
mod sender;
mod signature;
mod store;
mod targets;
mod worker;

use std::time::Duration;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use backoff::BackOff;
pub use queue::forget_old;
pub use sender::Sender;
pub use worker::{Office, work};

use crate::identity::Role;
use crate::problem::FieldFault;
use crate::registry::Kind;
use crate::registry::fields::vocabulary;
use targets::Targets;

vocabulary! {
    /// What is sent: that a record changed, for whoever may read it; and what people of the centre are told, each that
    /// of its own.
    WebhookEvent {
        ResultChanged = "result.changed", ExpertChanged = "expert.changed", OrganisationChanged = "organisation.changed",
        DemandChanged = "demand.changed", PolicyChanged = "policy.changed",
        MatchFound = "match.found", DockingMoved = "docking.moved", DockingReminder = "docking.reminder",
        PatentReminder = "patent.reminder", TeamChanged = "team.changed", PolicyFound = "policy.found",
        WebhookDisabled = "webhook.disabled",
        /// Whatever else somebody is told.
        Notification = "notification.created",
    }
    /// Why a webhook is off: its owner says so, the receiver is gone (410), or it failed for three days.
    WebhookEnding { Owner = "owner", Gone = "gone", Failing = "failing" }
    /// Where a delivery stands.
    DeliveryState { Waiting = "waiting", Delivered = "delivered", Failed = "failed" }
    /// Why there was no answer: an address is not public, nobody is there, or it took too long.
    DeliveryFault { NotPublic = "not_public", Unreachable = "unreachable", TimedOut = "timed_out" }
}

impl WebhookEvent {
    /// The change of a record of a kind.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Result => Self::ResultChanged,
            Kind::Expert => Self::ExpertChanged,
            Kind::Organisation => Self::OrganisationChanged,
            Kind::Demand => Self::DemandChanged,
            Kind::Policy => Self::PolicyChanged,
        }
    }

    /// Can somebody in a role be sent it? A partner site is told of records alone.
    #[must_use]
    pub const fn is_for(self, role: Role) -> bool {
        let of_records = matches!(
            self,
            Self::ResultChanged
                | Self::ExpertChanged
                | Self::OrganisationChanged
                | Self::DemandChanged
                | Self::PolicyChanged
        );
        of_records || matches!(role, Role::Admin | Role::Staff)
    }
}

/// How messages are sent.
#[derive(Clone, Debug)]
pub struct Options {
    /// Also to this machine, and there without TLS: for tests.
    pub loopback: bool,
    /// For an attempt: looking up, connecting, and the whole answer.
    pub patience: Duration,
    pub back_off: BackOff,
}

impl Default for Options {
    fn default() -> Self {
        Self { loopback: false, patience: Duration::from_secs(20), back_off: BackOff::default() }
    }
}

impl Options {
    fn targets(&self) -> Targets {
        Targets { loopback: self.loopback }
    }
}
