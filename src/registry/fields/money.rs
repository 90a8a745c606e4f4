//! Money, in whole CNY.

use deserr::{Deserr, ValuePointerRef};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Jsonb;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::json_field;
use crate::problem::{Faults, FieldFault};

/// A million million CNY: more is a typing error.
const MOST: i64 = 1_000_000_000_000;

/// From `min` to `max` CNY, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, ToSchema, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
#[deserr(error = Faults, deny_unknown_fields, validate = right_way_up -> Faults)]
#[schema(example = json!({"min": 100_000, "max": 300_000}))]
pub struct MoneyRange {
    #[deserr(try_from(i64) = whole_cny -> FieldFault)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub min: i64,
    #[deserr(try_from(i64) = whole_cny -> FieldFault)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub max: i64,
}

json_field!(MoneyRange);

/// What a holder asks: left to negotiation, or a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Deserr, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
#[deserr(error = Faults, deny_unknown_fields, validate = either_or -> Faults)]
pub struct AskingPrice {
    /// `true` where the price is left to negotiation; then there is no range.
    #[deserr(default)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negotiable: Option<bool>,
    #[deserr(default, try_from(Option<i64>) = optional_amount -> FieldFault)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    #[deserr(default, try_from(Option<i64>) = optional_amount -> FieldFault)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
}

json_field!(AskingPrice);

impl PartialSchema for AskingPrice {
    fn schema() -> RefOr<Schema> {
        let null = || ObjectBuilder::new().schema_type(Type::Null);
        let negotiable =
            |word: bool| ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([Value::from(word)]));
        let format = SchemaFormat::KnownFormat(KnownFormat::Int64);
        let amount = || {
            let whole = ObjectBuilder::new().schema_type(Type::Integer).format(Some(format.clone()));
            whole.minimum(Some(0)).maximum(Some(MOST))
        };
        let range = ObjectBuilder::new()
            .property("min", amount())
            .required("min")
            .property("max", amount())
            .required("max")
            .property("negotiable", AnyOfBuilder::new().item(negotiable(false)).item(null()));
        let open = ObjectBuilder::new()
            .property("negotiable", negotiable(true))
            .required("negotiable")
            .property("min", null())
            .property("max", null());
        AnyOfBuilder::new()
            .description(Some("What a holder asks: left to negotiation, or a range in whole CNY."))
            .item(open)
            .item(range)
            .examples([json!({"min": 500_000, "max": 800_000})])
            .into()
    }
}
impl ToSchema for AskingPrice {}

impl AskingPrice {
    /// The range, where there is one.
    #[must_use]
    pub fn range(&self) -> Option<MoneyRange> {
        Some(MoneyRange { min: self.min?, max: self.max? })
    }
}

/// # Errors
/// `out_of_range`.
pub(crate) fn whole_cny(cny: i64) -> Result<i64, FieldFault> {
    if (0..=MOST).contains(&cny) {
        return Ok(cny);
    }
    Err(FieldFault::new("out_of_range", "金额为 0 到一万亿元的整数", "an amount is 0 to a million million whole CNY"))
}

fn optional_amount(cny: Option<i64>) -> Result<Option<i64>, FieldFault> {
    cny.map(whole_cny).transpose()
}

fn upside_down() -> FieldFault {
    FieldFault::new("upside_down", "上限小于下限", "is less than min")
}

fn fault_at(location: ValuePointerRef<'_>, fault: FieldFault) -> Faults {
    deserr::take_cf_content(<Faults as deserr::MergeWithError<FieldFault>>::merge(None, fault, location))
}

fn right_way_up(range: MoneyRange, location: ValuePointerRef<'_>) -> Result<MoneyRange, Faults> {
    if range.min > range.max {
        return Err(fault_at(location.push_key("max"), upside_down()));
    }
    Ok(range)
}

fn either_or(price: AskingPrice, location: ValuePointerRef<'_>) -> Result<AskingPrice, Faults> {
    match (price.negotiable, price.min, price.max) {
        (Some(true), None, None) => Ok(price),
        (None | Some(false), Some(min), Some(max)) if min <= max => Ok(AskingPrice { negotiable: None, ..price }),
        (None | Some(false), Some(_), Some(_)) => Err(fault_at(location.push_key("max"), upside_down())),
        _ => Err(fault_at(
            location,
            FieldFault::new(
                "either_or",
                "或者 negotiable 为 true（面议），或者同时给出 min 和 max",
                "either negotiable is true, or both min and max are given",
            ),
        )),
    }
}
