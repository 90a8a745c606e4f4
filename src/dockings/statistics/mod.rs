//! What became of dockings, in figures: how many came how far and how fast, by month, industry, region and kind of
//! cooperation, and what was signed.
//!
//! All is one statement of the database, so that the figures are of one moment and agree with each other, whoever writes
//! meanwhile. Moves that were taken back do not count.

pub mod routes;
mod store;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Nullable, Text};
use serde::Serialize;
use utoipa::ToSchema;

/// The figures of a group of dockings. Those that came to a stage count there, wherever they went from it.
#[derive(Clone, Debug, Serialize, ToSchema, QueryableByName)]
#[schema(example = json!({
    "dimension": "region", "value": "130927", "name": "南皮县", "requested": 24, "accepted": 15, "negotiating": 11,
    "contracted": 6, "implementing": 4, "completed": 2, "declined": 5, "abandoned": 4, "amount": 1_260_000,
    "median_amount": 180_000.0, "days_to_accepted": 3.2, "days_to_negotiating": 9.5, "days_to_contracted": 31.0,
    "days_to_implementing": 12.0, "days_to_completed": 140.5, "investment": 900_000, "new_output_value": 3_400_000,
    "tax": 210_000, "jobs": 9, "feedback": 4.5
}))]
pub struct DockingFigures {
    /// What the group is by.
    #[diesel(sql_type = Text)]
    #[schema(pattern = "^(total|month|industry|region|cooperation|contract)$")]
    pub dimension: String,
    /// The month (`2026-11`), the code or the word; empty where it is not known, and for the total.
    #[diesel(sql_type = Text)]
    #[schema(max_length = 50)]
    pub value: String,
    /// What a code means.
    #[diesel(sql_type = Nullable<Text>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub name: Option<String>,
    #[diesel(sql_type = BigInt)]
    #[schema(minimum = 0)]
    pub requested: i64,
    #[diesel(sql_type = BigInt)]
    #[schema(minimum = 0)]
    pub accepted: i64,
    #[diesel(sql_type = BigInt)]
    #[schema(minimum = 0)]
    pub negotiating: i64,
    #[diesel(sql_type = BigInt)]
    #[schema(minimum = 0)]
    pub contracted: i64,
    #[diesel(sql_type = BigInt)]
    #[schema(minimum = 0)]
    pub implementing: i64,
    #[diesel(sql_type = BigInt)]
    #[schema(minimum = 0)]
    pub completed: i64,
    #[diesel(sql_type = BigInt)]
    #[schema(minimum = 0)]
    pub declined: i64,
    #[diesel(sql_type = BigInt)]
    #[schema(minimum = 0)]
    pub abandoned: i64,
    /// Of all contracts, in whole CNY.
    #[diesel(sql_type = BigInt)]
    #[schema(minimum = 0)]
    pub amount: i64,
    #[diesel(sql_type = Nullable<Double>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_amount: Option<f64>,
    /// Days from the stage before, of those that came so far: the median.
    #[diesel(sql_type = Nullable<Double>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_to_accepted: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_to_negotiating: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_to_contracted: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_to_implementing: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_to_completed: Option<f64>,
    /// What came of the contracts, by the last report of each.
    #[diesel(sql_type = BigInt)]
    #[schema(minimum = 0)]
    pub investment: i64,
    #[diesel(sql_type = BigInt)]
    #[schema(minimum = 0)]
    pub new_output_value: i64,
    #[diesel(sql_type = BigInt)]
    #[schema(minimum = 0)]
    pub tax: i64,
    #[diesel(sql_type = BigInt)]
    #[schema(minimum = 0)]
    pub jobs: i64,
    /// The mean of what enterprises said, 1 to 5.
    #[diesel(sql_type = Nullable<Double>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1.0, maximum = 5.0)]
    pub feedback: Option<f64>,
}
