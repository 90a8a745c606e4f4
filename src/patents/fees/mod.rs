//! Fees of a case: how much, by when, and when they were paid. One that goes with a deadline is due when that is, and meets it
//! when it is paid.

pub mod routes;
pub mod store;

use chrono::{DateTime, NaiveDate, Utc};
use deserr::Deserr;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::deadlines::Agenda;
use super::has_come;
use crate::database::schema::patent_fees;
use crate::dockings::days::in_future;
use crate::problem::{Answer, Faults, FieldFault, Problem};
use crate::registry::fields::{Day, date, vocabulary, whole_cny};

vocabulary! {
    /// What a fee is for: 申请费, 实质审查费, 登记与当年年费, 年费, 复审费, 恢复权利请求费, 其他.
    FeeKind {
        Application = "application", Examination = "examination", Registration = "registration", Annuity = "annuity",
        Reexamination = "reexamination", Restoration = "restoration", Other = "other",
    }
}

/// A fee to be put down.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"kind": "annuity", "amount": 900, "deadline": "annuity_4"}))]
pub struct NewPatentFee {
    pub kind: FeeKind,
    /// Whole CNY.
    #[deserr(try_from(i64) = whole_cny -> FieldFault)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub amount: i64,
    /// The key of the deadline by which it is due; else `due_on` says when.
    #[deserr(default, try_from(Option<String>) = parse_key -> FieldFault)]
    #[schema(value_type = Option<String>, pattern = "^[a-z0-9_-]{1,40}$")]
    pub deadline: Option<String>,
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    pub due_on: Option<NaiveDate>,
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    pub paid_on: Option<NaiveDate>,
}

fn parse_key(text: Option<String>) -> Result<Option<String>, FieldFault> {
    let fits = |key: &String| {
        (1..=40).contains(&key.len())
            && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
    };
    match text {
        Some(key) if !fits(&key) => Err(FieldFault::new("format", "不是期限的 key", "is no key of a deadline")),
        text => Ok(text),
    }
}

impl NewPatentFee {
    /// What is wrong with it, where the fee was due by this deadline before.
    ///
    /// # Errors
    /// `invalid-input`: `either_or`, `unknown_reference` for a deadline that the case does not have, `in_future`.
    pub fn check(&self, agenda: &Agenda, before: Option<&str>) -> Answer<()> {
        let mut faults = Faults::default();
        if self.deadline.is_some() == self.due_on.is_some() {
            let fault = FieldFault::new(
                "either_or",
                "deadline 和 due_on 须给出且只给出一个",
                "either deadline or due_on is given",
            );
            faults.add(String::new(), fault);
        }
        let other = self.deadline.as_deref().filter(|key| before != Some(*key));
        if other.is_some_and(|key| agenda.deadline(key).is_none()) {
            let fault = FieldFault::new("unknown_reference", "该申报没有这个期限", "the case has no such deadline");
            faults.add("/deadline".to_owned(), fault);
        }
        if self.paid_on.is_some_and(|day| !has_come(day)) {
            faults.add("/paid_on".to_owned(), in_future());
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }
}

/// A fee as it is kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = patent_fees)]
pub struct FeeRow {
    pub id: Uuid,
    pub case_id: Uuid,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub kind: FeeKind,
    pub amount: i64,
    pub deadline: Option<String>,
    pub due_on: Option<NaiveDate>,
    pub paid_on: Option<NaiveDate>,
}

/// A fee.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01939c5e-0000-7000-8000-000000000022", "version": 1, "created_at": "2026-11-26T08:00:00Z", "kind": "annuity",
    "amount": 900, "deadline": "annuity_4", "due_on": "2026-03-16", "provisional": false
}))]
pub struct PatentFee {
    pub id: Uuid,
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub kind: FeeKind,
    /// Whole CNY.
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[a-z0-9_-]{1,40}$")]
    pub deadline: Option<String>,
    /// As it was given, or as its deadline is now; none where the case has that deadline no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, value_type = Option<Day>)]
    pub due_on: Option<NaiveDate>,
    /// May `due_on` still move with a notice of days off?
    pub provisional: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, value_type = Option<Day>)]
    pub paid_on: Option<NaiveDate>,
}

impl PatentFee {
    fn of(row: FeeRow, agenda: &Agenda) -> Self {
        let FeeRow { id, version, created_at, kind, amount, deadline, due_on, paid_on, .. } = row;
        let by = deadline.as_deref().and_then(|key| agenda.deadline(key));
        let (due_on, provisional) = match by {
            Some(by) => (Some(by.due_on), by.provisional),
            None => (due_on, false),
        };
        Self { id, version, created_at, kind, amount, deadline, due_on, provisional, paid_on }
    }
}
