//! Which days are worked, by the notices and by what the centre has set itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate, Weekday};

use super::notices::{NOTICES, Notice};

/// A calendar of working days.
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    /// Days that are not as their day of the week is: worked or not.
    days: BTreeMap<NaiveDate, bool>,
    /// Years whose days off are known.
    years: BTreeSet<i32>,
}

static NOTICED: LazyLock<Calendar> = LazyLock::new(|| {
    let mut calendar = Calendar::default();
    for notice in NOTICES {
        calendar.years.insert(notice.year);
        calendar.days.extend(notice.days());
    }
    calendar
});

impl Calendar {
    /// That of the notices alone.
    #[must_use]
    pub fn noticed() -> &'static Self {
        &NOTICED
    }

    /// That of the notices, as the centre has changed it. A year without a notice is known once its New Year, its Labour Day
    /// and its National Day are set: they are days off by law (全国年节及纪念日放假办法第二条), the first and the last of it.
    #[must_use]
    pub fn changed(changes: &[(NaiveDate, bool)]) -> Self {
        let mut calendar = NOTICED.clone();
        calendar.days.extend(changes.iter().copied());
        for year in changes.iter().map(|(day, _)| day.year()).collect::<BTreeSet<_>>() {
            let fixed = [(1, 1), (5, 1), (10, 1)].map(|(month, day)| NaiveDate::from_ymd_opt(year, month, day));
            if fixed.iter().flatten().all(|day| calendar.days.get(day) == Some(&false)) {
                calendar.years.insert(year);
            }
        }
        calendar
    }

    /// Is it worked?
    #[must_use]
    pub fn works(&self, day: NaiveDate) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        self.days.get(&day).copied().unwrap_or(!weekend)
    }

    /// Is it known whether it is worked? The last week of a year waits for the notice of the next, which may take days of it
    /// for New Year.
    #[must_use]
    pub fn knows(&self, day: NaiveDate) -> bool {
        let next = day.month() == 12 && day.day() > 24;
        self.years.contains(&day.year()) && (!next || self.years.contains(&(day.year() + 1)))
    }

    /// The first working day that is not before a day, and whether all days up to it are known.
    #[must_use]
    pub fn first_worked(&self, day: NaiveDate) -> (NaiveDate, bool) {
        let (mut found, mut known) = (day, self.knows(day));
        while !self.works(found) {
            let Some(next) = found.succ_opt() else { break };
            found = next;
            known &= self.knows(found);
        }
        (found, known)
    }
}

/// The number of the notice that makes a day other than its day of the week, if one does.
#[must_use]
pub fn number_for(day: NaiveDate) -> Option<&'static str> {
    NOTICES.iter().find(|notice| notice.days().any(|(named, _)| named == day)).map(|notice| notice.number)
}

impl Notice {
    fn days(&self) -> impl Iterator<Item = (NaiveDate, bool)> {
        let day = |(month, day): (u32, u32)| NaiveDate::from_ymd_opt(self.year - i32::from(month == 12), month, day);
        let off = self.off.iter().filter_map(move |(from, to)| Some((day(*from)?, day(*to)?)));
        let off = off.flat_map(|(from, to)| from.iter_days().take_while(move |day| *day <= to)).map(|day| (day, false));
        off.chain(self.worked.iter().filter_map(move |worked| Some((day(*worked)?, true))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn holidays_are_off_and_make_up_days_are_worked() {
        let calendar = Calendar::noticed();
        for (text, worked) in [
            ("2026-02-16", false),
            ("2026-02-24", true),
            ("2026-02-28", true),
            ("2026-03-01", false),
            ("2025-10-08", false),
            ("2025-10-11", true),
            ("2024-02-09", true),
            ("2022-12-31", false),
            ("2018-12-29", true),
            ("2018-12-31", false),
            ("2020-01-31", false),
            ("2020-02-03", true),
        ] {
            assert_eq!(calendar.works(day(text)), worked, "{text}");
        }
    }

    #[test]
    fn every_day_of_the_notices_is_read() {
        for notice in NOTICES {
            let (off, worked): (Vec<_>, Vec<_>) = notice.days().partition(|(_, worked)| !worked);
            assert_eq!(worked.len(), notice.worked.len(), "{}", notice.number);
            assert!(
                worked.iter().all(|(day, _)| matches!(day.weekday(), Weekday::Sat | Weekday::Sun)),
                "{}",
                notice.number
            );
            assert!((20..=34).contains(&off.len()), "{}: {}", notice.number, off.len());
        }
    }

    #[test]
    fn the_last_week_of_a_year_waits_for_the_next_notice() {
        let calendar = Calendar::noticed();
        assert!(calendar.knows(day("2026-12-24")) && calendar.knows(day("2025-12-31")));
        assert!(
            !calendar.knows(day("2026-12-25"))
                && !calendar.knows(day("2027-03-01"))
                && !calendar.knows(day("2015-06-01"))
        );
        assert_eq!(calendar.first_worked(day("2027-05-01")), (day("2027-05-03"), false));
    }

    #[test]
    fn what_the_centre_sets_goes_before_the_notices() {
        let changes = [("2026-12-31", false), ("2027-01-01", false), ("2027-05-01", false), ("2027-05-03", false)];
        let changes = changes.map(|(text, worked)| (day(text), worked));
        let calendar = Calendar::changed(&changes);
        assert_eq!(calendar.first_worked(day("2026-12-31")), (day("2027-01-04"), false));
        assert!(!calendar.knows(day("2027-03-01")), "its National Day is not set");
        let calendar = Calendar::changed(&[&changes[..], &[(day("2027-10-01"), false)]].concat());
        assert_eq!(calendar.first_worked(day("2026-12-31")), (day("2027-01-04"), true));
        assert_eq!(calendar.first_worked(day("2027-05-01")), (day("2027-05-04"), true));
    }

    #[test]
    fn a_calendar_without_working_days_ends_with_time_itself() {
        let changes: Vec<_> =
            NaiveDate::MAX.pred_opt().into_iter().chain([NaiveDate::MAX]).map(|day| (day, false)).collect();
        assert_eq!(Calendar::changed(&changes).first_worked(changes[0].0).0, NaiveDate::MAX);
    }
}
