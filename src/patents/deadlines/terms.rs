//! How the law counts: terms, the receipt of letters, and the end of a term on a day off.
//!
//! 细则 is the Implementing Regulations (专利法实施细则) as revised in 2023, in force since 2024-01-20; 指南 is the Guidelines for
//! Patent Examination (专利审查指南) of 2023.

use chrono::{Days, Months, NaiveDate};

use crate::patents::LetterWay;
use crate::patents::calendar::Calendar;

/// How long a term is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    Days(u64),
    Months(u32),
    Years(u32),
}

impl Term {
    /// The last day of the term from a day, which does not count itself. A term of months or years ends on the day of the last
    /// month that has the same number, or on the last day of that month (细则第五条).
    #[must_use]
    pub fn end(self, from: NaiveDate) -> NaiveDate {
        let end = match self {
            Self::Days(days) => from.checked_add_days(Days::new(days)),
            Self::Months(months) => from.checked_add_months(Months::new(months)),
            Self::Years(years) => from.checked_add_months(Months::new(12 * years)),
        };
        end.unwrap_or(NaiveDate::MAX)
    }
}

/// For how many days a letter is taken to be under way.
const UNDER_WAY: Term = Term::Days(15);

/// When the revised 细则 came into force.
const REVISED: Option<NaiveDate> = NaiveDate::from_ymd_opt(2024, 1, 20);

/// Must a letter tell when it entered the system of whom it is for?
#[must_use]
pub fn counts_from_entry(way: LetterWay, dated_on: NaiveDate) -> bool {
    way == LetterWay::Electronic && REVISED.is_some_and(|revised| dated_on >= revised)
}

/// When a letter is received: on paper it is presumed so 15 days after its date, as electronic letters were before the
/// revision; since then these are on the day that they enter the system (细则第四条). A presumed receipt is not the end of a
/// term, so a day off does not move it.
#[must_use]
pub fn received_on(way: LetterWay, dated_on: NaiveDate, entered_on: Option<NaiveDate>) -> NaiveDate {
    match entered_on.filter(|_| counts_from_entry(way, dated_on)) {
        Some(entered) => entered,
        None => UNDER_WAY.end(dated_on),
    }
}

/// The day until which something can be done, and whether it may still change with a notice of days off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Where the term ends by its length alone.
    pub ends_on: NaiveDate,
    /// The first working day from there on (细则第五条), but for what ends on a day off as well.
    pub due_on: NaiveDate,
    /// Are the days off there not all known yet?
    pub provisional: bool,
}

impl End {
    /// Of a term that ends on the next working day.
    #[must_use]
    pub fn moved(ends_on: NaiveDate, calendar: &Calendar) -> Self {
        let (due_on, known) = calendar.first_worked(ends_on);
        Self { ends_on, due_on, provisional: !known }
    }

    /// Of a term that ends where it ends.
    #[must_use]
    pub const fn fixed(ends_on: NaiveDate) -> Self {
        Self { ends_on, due_on: ends_on, provisional: false }
    }
}
