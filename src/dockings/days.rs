//! Days on which something happened.

use chrono::{Days, NaiveDate, Utc};

use crate::problem::FieldFault;
use crate::registry::fields::date;

/// # Errors
/// `format`.
pub fn parse_day(text: String) -> Result<NaiveDate, FieldFault> {
    date(Some(text))?.ok_or_else(|| FieldFault::new("required", "必填", "is required"))
}

/// Has it begun nowhere yet? A day begins first at UTC+14.
#[must_use]
pub fn is_in_future(day: NaiveDate) -> bool {
    day > Utc::now().date_naive() + Days::new(1)
}

#[must_use]
pub fn in_future() -> FieldFault {
    FieldFault::new("in_future", "日期在将来", "is in the future")
}
