//! What the centre says of patent cases, and what is wrong with it.

use chrono::{DateTime, NaiveDate, Utc};
use deserr::Deserr;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Jsonb;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::stages::{self, Move, Need};
use super::{
    ApplicationNumber, PatentCase, PatentKind, PatentStage, PctNumber, PriorityNumber, PublicationNumber, has_come,
};
use crate::problem::{Answer, Faults, FieldFault, Kind, Problem};
use crate::registry::fields::{Day, Line, Prose, at_least_one, date, json_field};
use crate::registry::ids::{self, optional_id};

/// An inventor. Nothing else is kept of a person: the office asks for the first one's identity number, this does not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
pub struct Inventor {
    #[schema(inline)]
    pub name: Line<1, 100>,
    /// ISO 3166-1 alpha-2.
    #[deserr(try_from(String) = parse_nationality -> FieldFault)]
    #[schema(pattern = "^[A-Z]{2}$", example = "CN")]
    pub nationality: String,
    /// The expert of the registry that it is, who then sees the case.
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expert_id: Option<Uuid>,
}

/// The inventors of a case, in their order.
#[derive(Clone, Debug, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
#[serde(transparent)]
pub struct Inventors(pub Vec<Inventor>);

json_field!(Inventors);

fn parse_nationality(text: String) -> Result<String, FieldFault> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(text);
    }
    Err(FieldFault::new("format", "国籍为两位大写字母（ISO 3166-1）", "a nationality is two capitals (ISO 3166-1)"))
}

/// A case. What the office gave, its numbers and dates, is put right here once a move has brought it.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "kind": "invention", "title": "球墨铸铁件热节的冷铁布置方法", "summary": "在热节处布置随形冷铁，与发热冒口配合，消除缩松。",
    "result_id": "01939c5e-0000-7000-8000-000000000003", "applicant_ids": ["01939c5e-0000-7000-8000-000000000002"],
    "inventors": [{"name": "陈志远", "nationality": "CN"}], "agency": "沧州某某专利代理事务所（示例）"
}))]
pub struct NewPatentCase {
    pub kind: PatentKind,
    #[schema(inline)]
    pub title: Line<2, 200>,
    /// What is new about it; near results are searched by it.
    #[deserr(default)]
    #[schema(inline)]
    pub summary: Option<Prose<1, 20_000>>,
    /// The result that it protects.
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub result_id: Option<Uuid>,
    /// Organisations of the registry.
    #[deserr(try_from(Vec<String>) = applicants -> FieldFault)]
    #[schema(value_type = HashSet<Uuid>, min_items = 1, max_items = 10)]
    pub applicant_ids: Vec<Uuid>,
    /// In their order.
    #[deserr(try_from(Vec<Inventor>) = at_least_one::<20, _> -> FieldFault)]
    #[schema(value_type = HashSet<Inventor>, min_items = 1, max_items = 20)]
    pub inventors: Vec<Inventor>,
    #[deserr(default)]
    #[schema(inline)]
    pub agency: Option<Line<2, 200>>,
    #[deserr(default)]
    #[schema(inline)]
    pub agent: Option<Line<1, 50>>,
    /// Of the earliest application whose priority is claimed, with its number.
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    pub priority_date: Option<NaiveDate>,
    #[deserr(default)]
    #[schema(inline)]
    pub priority_number: Option<PriorityNumber>,
    #[deserr(default)]
    #[schema(inline)]
    pub pct_number: Option<PctNumber>,
    #[deserr(default)]
    #[schema(inline)]
    pub application_number: Option<ApplicationNumber>,
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    pub filing_date: Option<NaiveDate>,
    #[deserr(default)]
    #[schema(inline)]
    pub publication_number: Option<PublicationNumber>,
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    pub publication_date: Option<NaiveDate>,
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    pub grant_date: Option<NaiveDate>,
}

fn applicants(texts: Vec<String>) -> Result<Vec<Uuid>, FieldFault> {
    at_least_one::<10, _>(ids::ids::<10>(texts)?)
}

/// What the office gave a case.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    pub application_number: Option<&'a ApplicationNumber>,
    pub filing_date: Option<NaiveDate>,
    pub publication_number: Option<&'a PublicationNumber>,
    pub publication_date: Option<NaiveDate>,
    pub grant_date: Option<NaiveDate>,
}

impl NewPatentCase {
    #[must_use]
    pub fn given(&self) -> Given<'_> {
        Given {
            application_number: self.application_number.as_ref(),
            filing_date: self.filing_date,
            publication_number: self.publication_number.as_ref(),
            publication_date: self.publication_date,
            grant_date: self.grant_date,
        }
    }

    /// What is wrong with it for a case at a stage, which was filed or not.
    ///
    /// # Errors
    /// `invalid-input`: `required_for_stage`, `not_for_stage`, `either_or`, `other_kind`, `in_future`, `upside_down`.
    pub fn check(&self, stage: PatentStage, filed: bool) -> Answer<()> {
        let mut faults = Faults::default();
        if self.priority_date.is_some() != self.priority_number.is_some() {
            let fault = FieldFault::new(
                "either_or",
                "优先权日和在先申请号须一并给出",
                "priority_date and priority_number go together",
            );
            faults.add("/priority_date".to_owned(), fault);
        }
        if self.agent.is_some() && self.agency.is_none() {
            let fault = FieldFault::new("either_or", "代理师须有代理机构", "an agent is of an agency");
            faults.add("/agency".to_owned(), fault);
        }
        self.given().check((self.kind, stage, filed), self.priority_date, &mut faults);
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }
}

impl Given<'_> {
    fn check(
        &self,
        (kind, stage, filed): (PatentKind, PatentStage, bool),
        priority: Option<NaiveDate>,
        faults: &mut Faults,
    ) {
        let ended = matches!(stage, PatentStage::Rejected | PatentStage::Withdrawn);
        let granted = stage == PatentStage::Granted;
        let open = matches!(stage, PatentStage::Published | PatentStage::Examination)
            || granted && kind == PatentKind::Invention;
        let published = self.publication_number.is_some() || self.publication_date.is_some();
        let may_be_published = open || granted || ended && filed;
        for (pointer, given, may, must) in [
            ("/application_number", self.application_number.is_some(), filed, filed),
            ("/filing_date", self.filing_date.is_some(), filed, filed),
            ("/publication_number", self.publication_number.is_some(), may_be_published, open || published),
            ("/publication_date", self.publication_date.is_some(), may_be_published, open || published),
            ("/grant_date", self.grant_date.is_some(), granted, granted),
        ] {
            hold((may, must), given, pointer, stage, faults);
        }
        self.check_numbers(kind, faults);
        self.check_days(priority, faults);
    }

    fn check_numbers(&self, kind: PatentKind, faults: &mut Faults) {
        let other = |faults: &mut Faults, pointer: &str| {
            faults.add(
                pointer.to_owned(),
                FieldFault::new("other_kind", "这是另一种专利的号", "is a number of another kind of patent"),
            );
        };
        if self.application_number.is_some_and(|number| number.kind() != Some(kind)) {
            other(faults, "/application_number");
        }
        if self.publication_number.and_then(PublicationNumber::kind).is_some_and(|published| published != kind) {
            other(faults, "/publication_number");
        }
    }

    fn check_days(&self, priority: Option<NaiveDate>, faults: &mut Faults) {
        for (pointer, day) in [
            ("/priority_date", priority),
            ("/filing_date", self.filing_date),
            ("/publication_date", self.publication_date),
            ("/grant_date", self.grant_date),
        ] {
            if day.is_some_and(|day| !has_come(day)) {
                let fault = FieldFault::new(
                    "in_future",
                    "日期在将来或早于 1985 年 4 月",
                    "is in the future, or before April 1985",
                );
                faults.add(pointer.to_owned(), fault);
            }
        }
        let before =
            |one: Option<NaiveDate>, other: Option<NaiveDate>| one.zip(other).is_some_and(|(one, other)| one < other);
        for (pointer, wrong) in [
            ("/filing_date", before(self.filing_date, priority)),
            ("/publication_date", before(self.publication_date, self.filing_date)),
            ("/grant_date", before(self.grant_date, self.filing_date)),
        ] {
            if wrong {
                faults.add(
                    pointer.to_owned(),
                    FieldFault::new("upside_down", "早于其前一步的日期", "is before the day of the step before it"),
                );
            }
        }
        if let Some((number, filed)) = self.application_number.zip(self.filing_date)
            && number.year().is_some_and(|year| year < chrono::Datelike::year(&filed))
        {
            let fault = FieldFault::new(
                "upside_down",
                "申请号的年份早于申请日",
                "the year of the number is before the filing date",
            );
            faults.add("/application_number".to_owned(), fault);
        }
    }
}

fn hold((may, must): (bool, bool), given: bool, pointer: &str, stage: PatentStage, faults: &mut Faults) {
    let at = stage.as_str();
    if must && !given {
        let fault = FieldFault::new("required_for_stage", format!("{at} 须给出"), format!("is required for {at}"));
        faults.add(pointer.to_owned(), fault);
    } else if given && !may {
        let fault = FieldFault::new("not_for_stage", format!("{at} 不需要"), format!("is not for {at}"));
        faults.add(pointer.to_owned(), fault);
    }
}

/// A move of a case, with what the office gave for it.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"to": "filed", "application_number": "202610123456.X", "filing_date": "2026-10-12"}))]
pub struct NewPatentMove {
    pub to: PatentStage,
    /// With `filing_date` for `filed`, which needs both.
    #[deserr(default)]
    #[schema(inline)]
    pub application_number: Option<ApplicationNumber>,
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    pub filing_date: Option<NaiveDate>,
    /// With `publication_date` for `published`, which needs both; for `granted` as the grant was announced.
    #[deserr(default)]
    #[schema(inline)]
    pub publication_number: Option<PublicationNumber>,
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    pub publication_date: Option<NaiveDate>,
    /// For `granted`, which needs it.
    #[deserr(default, try_from(Option<String>) = date -> FieldFault)]
    #[schema(inline, value_type = Option<Day>)]
    pub grant_date: Option<NaiveDate>,
    /// Why it ends, or goes on after it ended.
    #[deserr(default)]
    #[schema(inline)]
    pub reason: Option<Prose<1, 2000>>,
}

impl NewPatentMove {
    /// The row of the table that is wanted from where a case stands.
    ///
    /// # Errors
    /// `conflict` if there is no such move, `invalid-input` for what it lacks or has too much.
    pub fn row(&self, case: &PatentCase) -> Answer<&'static Move> {
        let row = stages::find(case.kind, case.stage, self.to).ok_or_else(|| no_move(case, self.to))?;
        let mut faults = Faults::default();
        let (filing, publication, grant) =
            (row.need == Need::Filing, row.need == Need::Publication, row.need == Need::Grant);
        for (pointer, given, may, must) in [
            ("/application_number", self.application_number.is_some(), filing, filing),
            ("/filing_date", self.filing_date.is_some(), filing, filing),
            (
                "/publication_number",
                self.publication_number.is_some(),
                publication || grant,
                publication || self.publication_date.is_some(),
            ),
            (
                "/publication_date",
                self.publication_date.is_some(),
                publication || grant,
                publication || self.publication_number.is_some(),
            ),
            ("/grant_date", self.grant_date.is_some(), grant, grant),
            ("/reason", self.reason.is_some(), row.need == Need::Reason, row.need == Need::Reason),
        ] {
            hold((may, must), given, pointer, self.to, &mut faults);
        }
        let given = self.given(case);
        given.check_numbers(case.kind, &mut faults);
        given.check_days(case.priority_date, &mut faults);
        if faults.is_empty() { Ok(row) } else { Err(Problem::invalid(faults)) }
    }

    /// What the office has given a case once it has moved.
    #[must_use]
    pub fn given<'a>(&'a self, case: &'a PatentCase) -> Given<'a> {
        Given {
            application_number: self.application_number.as_ref().or(case.application_number.as_ref()),
            filing_date: self.filing_date.or(case.filing_date),
            publication_number: self.publication_number.as_ref().or(case.publication_number.as_ref()),
            publication_date: self.publication_date.or(case.publication_date),
            grant_date: self.grant_date.or(case.grant_date),
        }
    }
}

fn no_move(case: &PatentCase, to: PatentStage) -> Problem {
    let ways = stages::MOVES.iter().filter(|row| row.from == case.stage && row.kinds.contains(&case.kind));
    let ways: Vec<&str> = ways.map(|row| row.to.as_str()).collect();
    let ways = if ways.is_empty() { "—".to_owned() } else { ways.join(", ") };
    let (from, to) = (case.stage.as_str(), to.as_str());
    Problem::new(Kind::Conflict)
        .saying(format!("{from} 不能到 {to}，只能到：{ways}"), format!("{from} does not lead to {to}, but to: {ways}"))
}

/// Which cases.
#[derive(Clone, Debug, Default, Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PatentCaseFilter {
    #[deserr(default)]
    #[param(inline)]
    pub stage: Option<PatentStage>,
    #[deserr(default)]
    #[param(inline)]
    pub kind: Option<PatentKind>,
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub result_id: Option<Uuid>,
    #[deserr(default, try_from(Option<String>) = optional_id -> FieldFault)]
    pub applicant_id: Option<Uuid>,
}

/// One page of cases, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct PatentCasePage {
    #[schema(max_items = 100)]
    items: Vec<PatentCase>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}

/// A move that was made.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "version": 4, "at": "2026-11-26T08:00:00Z", "made_by": "01939c5e-0000-7000-8000-000000000009", "from": "drafting", "to": "filed"
}))]
pub struct PatentMove {
    /// The version of the case that it made.
    #[schema(minimum = 2)]
    pub version: i64,
    pub at: DateTime<Utc>,
    pub made_by: Uuid,
    pub from: PatentStage,
    pub to: PatentStage,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
}

/// One page of moves, newest first.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the page")]
pub struct PatentMovePage {
    #[schema(max_items = 100)]
    items: Vec<PatentMove>,
    #[schema(max_length = 200)]
    next_cursor: Option<String>,
}
