//! The technical contract of a docking (技术合同), and what came of it.

use chrono::{Months, NaiveDate, Utc};
use deserr::Deserr;
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::{Jsonb, Text};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

use super::days::{in_future, is_in_future, parse_day};
use crate::problem::{Faults, FieldFault};
use crate::registry::fields::{Day, json_field, vocabulary, whole_cny};

vocabulary! {
    /// The kinds of technical contracts (民法典 843–887): 技术开发, 技术转让, 技术许可, 技术咨询, 技术服务.
    ContractKind {
        Development = "development", Transfer = "transfer", License = "license", Consulting = "consulting",
        Service = "service",
    }
}

/// A technical contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, ToSchema, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "kind": "service", "amount": 180_000, "signed_on": "2026-10-12", "registration_number": "2026130927000123"
}))]
pub struct Contract {
    pub kind: ContractKind,
    /// Whole CNY.
    #[deserr(try_from(i64) = whole_cny -> FieldFault)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub amount: i64,
    #[deserr(try_from(String) = parse_day -> FieldFault)]
    #[schema(inline, value_type = Day)]
    pub signed_on: NaiveDate,
    /// As the registration office gives it (技术合同登记编号): 16 digits, or 14 on older contracts. It may be added later.
    #[deserr(default, try_from(Option<String>) = parse_number -> FieldFault)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = registration_number_schema)]
    pub registration_number: Option<String>,
}

json_field!(Contract);

/// What came of a contract: whole CNY, jobs, and what the enterprise thinks of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, ToSchema, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"investment": 600_000, "new_output_value": 2_400_000, "tax": 130_000, "jobs": 6, "feedback": 5}))]
pub struct Outcome {
    /// What was invested (新增投入).
    #[deserr(try_from(i64) = whole_cny -> FieldFault)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub investment: i64,
    /// 新增产值.
    #[deserr(try_from(i64) = whole_cny -> FieldFault)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub new_output_value: i64,
    /// 新增税收.
    #[deserr(try_from(i64) = whole_cny -> FieldFault)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub tax: i64,
    /// 新增就业.
    #[deserr(try_from(i64) = parse_jobs -> FieldFault)]
    #[schema(minimum = 0, maximum = 100_000)]
    pub jobs: i64,
    /// 1 to 5.
    #[deserr(default, try_from(Option<i64>) = parse_feedback -> FieldFault)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 5)]
    pub feedback: Option<i64>,
}

json_field!(Outcome);

impl Contract {
    /// # Errors
    /// `in_future` at `/signed_on` of a contract that nobody can have signed yet.
    pub fn check(&self, pointer: &str, faults: &mut Faults) {
        if is_in_future(self.signed_on) {
            faults.add(format!("{pointer}/signed_on"), in_future());
        }
    }

    /// Have so many months gone by since it was signed?
    #[must_use]
    pub fn is_older_than(&self, months: Months) -> bool {
        self.signed_on.checked_add_months(months).is_some_and(|day| day <= Utc::now().date_naive())
    }
}

/// The digits name a year, a region, an office and a number; how many are of which differs, so no more is asked of them.
fn parse_number(text: Option<String>) -> Result<Option<String>, FieldFault> {
    let Some(text) = text else { return Ok(None) };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && matches!(text.len(), 14 | 16) {
        return Ok(Some(text));
    }
    Err(FieldFault::new(
        "format",
        "技术合同登记编号为 16 位数字（旧的 14 位）",
        "a registration number has 16 digits (14 on older contracts)",
    ))
}

fn registration_number_schema() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::SchemaType::from_iter([Type::String, Type::Null]))
        .pattern(Some("^([0-9]{14}|[0-9]{16})$"))
        .description(Some("As the registration office gives it (技术合同登记编号): 16 digits, or 14 on older contracts. It may be added later."))
        .into()
}

fn parse_jobs(count: i64) -> Result<i64, FieldFault> {
    let fits = (0..=100_000).contains(&count);
    if fits {
        Ok(count)
    } else {
        Err(FieldFault::new("out_of_range", "岗位为 0 到 100000", "jobs are 0 to 100000"))
    }
}

fn parse_feedback(grade: Option<i64>) -> Result<Option<i64>, FieldFault> {
    match grade {
        None | Some(1..=5) => Ok(grade),
        Some(_) => Err(FieldFault::new("out_of_range", "评价为 1 到 5", "feedback is 1 to 5")),
    }
}

#[cfg(test)]
mod tests {
    use chrono::Days;

    use super::*;

    #[test]
    fn a_registration_number_has_sixteen_digits_or_fourteen() {
        for good in ["2026130927000123", "26130901000123"] {
            assert_eq!(parse_number(Some(good.to_owned())), Ok(Some(good.to_owned())));
        }
        for wrong in ["", "202613092700012", "20261309270001234", "２０２６130927000123", "2026-13092700012"] {
            assert!(parse_number(Some(wrong.to_owned())).is_err(), "{wrong}");
        }
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let signed = |ago: u64| Contract {
            kind: ContractKind::Service,
            amount: 0,
            signed_on: Utc::now().date_naive() - Days::new(ago),
            registration_number: None,
        };
        assert!(signed(190).is_older_than(Months::new(6)) && !signed(170).is_older_than(Months::new(6)));
    }
}
