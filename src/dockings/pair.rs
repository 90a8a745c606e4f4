//! The two sides of a docking that is asked for, as far as whoever asks may read them.

use actix_web::web;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::AsyncPgConnection;
use uuid::Uuid;

use super::requests::NewDocking;
use super::store::Beginning;
use super::{DockingParty, DockingSide, party};
use crate::access::{self, Action};
use crate::identity::Caller;
use crate::matching::{Match, matched};
use crate::problem::{Answer, FieldFault, Problem};
use crate::registry::demands::Demand;
use crate::registry::experts::Expert;
use crate::registry::organisations::Organisation;
use crate::registry::results::ResearchResult;
use crate::registry::{Concept, Kind, Record};
use crate::state::State;

/// What is to be brought together.
pub struct Pair {
    demand: Option<Record<Demand>>,
    enterprise: Record<Organisation>,
    counterpart: Counterpart,
}

enum Counterpart {
    Result(Box<Record<ResearchResult>>, Box<Record<Organisation>>),
    Expert(Box<Record<Expert>>),
}

impl Pair {
    /// Reads it. What the caller may not read is not there.
    ///
    /// # Errors
    /// `unknown_reference` at what is not there, `same_side` where the enterprise itself holds the result.
    pub async fn read(new: &NewDocking, caller: &Caller, connection: &mut AsyncPgConnection) -> Answer<Self> {
        let demand = match new.demand_id {
            Some(id) => Some(named::<Demand>(id, "/demand_id", caller, connection).await?),
            None => None,
        };
        let enterprise = demand.as_ref().map(|demand| demand.fields.enterprise_id).or(new.enterprise_id);
        let enterprise = enterprise.ok_or_else(|| unknown("/enterprise_id"))?;
        let enterprise = named::<Organisation>(enterprise, "/enterprise_id", caller, connection).await?;
        let counterpart = match (new.result_id, new.expert_id) {
            (Some(id), _) => {
                let result = named::<ResearchResult>(id, "/result_id", caller, connection).await?;
                let holder = named(result.fields.holder_id, "/result_id", caller, connection).await?;
                Counterpart::Result(Box::new(result), Box::new(holder))
            }
            (None, Some(id)) => Counterpart::Expert(Box::new(named(id, "/expert_id", caller, connection).await?)),
            (None, None) => return Err(unknown("/result_id")),
        };
        let pair = Self { demand, enterprise, counterpart };
        if pair.provider().0 == pair.enterprise.stamp.id {
            let fault =
                FieldFault::new("same_side", "这项成果就是该企业持有的", "the enterprise itself holds this result");
            return Err(Problem::invalid_field("/result_id", fault));
        }
        Ok(pair)
    }

    /// Whose the counterpart is, and its name.
    fn provider(&self) -> (Uuid, &str) {
        match &self.counterpart {
            Counterpart::Result(_, holder) => (holder.stamp.id, &holder.fields.name),
            Counterpart::Expert(expert) => (expert.stamp.id, &expert.fields.name),
        }
    }

    /// What the caller is in it, if anything.
    pub fn party(&self, caller: &Caller) -> Option<DockingParty> {
        party(caller, self.enterprise.stamp.id, self.provider().0)
    }

    /// How it matches now, as the caller would be shown. That it could not be computed keeps nobody from asking.
    pub async fn matched(&self, caller: &Caller, state: &web::Data<State>) -> Option<Match> {
        let (kind, id) = match &self.counterpart {
            Counterpart::Result(result, _) => (Kind::Result, result.stamp.id),
            Counterpart::Expert(expert) => (Kind::Expert, expert.stamp.id),
        };
        let found = match &self.demand {
            Some(demand) => matched(demand, (kind, id), caller, state).await,
            None => matched(&self.enterprise, (kind, id), caller, state).await,
        };
        found.unwrap_or_default()
    }

    /// The row of a docking of it, without what is said and how it matches.
    pub fn beginning(&self, asked_by: DockingSide, by: Uuid) -> Beginning<'_> {
        let (provider_id, provider_name) = self.provider();
        let (result_id, expert_id, counterpart_title): (_, _, &str) = match &self.counterpart {
            Counterpart::Result(result, _) => (Some(result.stamp.id), None, &result.fields.title),
            Counterpart::Expert(expert) => (None, Some(expert.stamp.id), &expert.fields.name),
        };
        Beginning {
            id: Uuid::now_v7(),
            created_by: Some(by),
            updated_by: Some(by),
            demand_id: self.demand.as_ref().map(|demand| demand.stamp.id),
            enterprise_id: self.enterprise.stamp.id,
            result_id,
            expert_id,
            provider_id,
            demand_title: self.demand.as_ref().map(|demand| &*demand.fields.title),
            enterprise_name: &self.enterprise.fields.name,
            counterpart_title,
            provider_name,
            asked_by,
            note: None,
            score: None,
            level: None,
            model: None,
        }
    }
}

async fn named<C: Concept>(
    id: Uuid,
    pointer: &str,
    caller: &Caller,
    connection: &mut AsyncPgConnection,
) -> Answer<Record<C>> {
    let record = C::find(id, connection).await?;
    let record = record.filter(|record| record.stamp.deleted_at.is_none() && access::may(caller, Action::Read, record));
    record.ok_or_else(|| unknown(pointer))
}

fn unknown(pointer: &str) -> Problem {
    Problem::invalid_field(pointer, FieldFault::new("unknown_reference", "没有这条记录", "there is no such record"))
}

/// The problem of a docking that the database refused.
pub fn refused(error: Error) -> Problem {
    let Error::DatabaseError(kind, details) = &error else { return error.into() };
    let fault = |pointer, zh: &'static str, en: &'static str| {
        Problem::invalid_field(pointer, FieldFault::new("not_open", zh, en))
    };
    match (kind, details.constraint_name().unwrap_or_default()) {
        (DatabaseErrorKind::UniqueViolation, "dockings_open_pair_key") => Problem::conflict(
            "",
            FieldFault::new("duplicate", "双方已有进行中的对接", "the two have an open docking already"),
        ),
        (DatabaseErrorKind::ForeignKeyViolation, "docking_demand") => {
            fault("/demand_id", "该需求已解决或已关闭", "the demand is solved or closed")
        }
        (DatabaseErrorKind::ForeignKeyViolation, "docking_enterprise") => Problem::invalid_field(
            "/enterprise_id",
            FieldFault::new("not_an_enterprise", "该单位不是企业", "the organisation is not an enterprise"),
        ),
        (DatabaseErrorKind::ForeignKeyViolation, "docking_counterpart") => {
            fault("", "该成果或专家未公开，或已转让", "the result or expert is not published, or was transferred")
        }
        _ => error.into(),
    }
}
