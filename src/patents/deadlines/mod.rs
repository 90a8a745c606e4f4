//! Deadlines of patent cases, computed from the law's rules: `terms` is how the law counts, `kinds` what is to be done and by
//! which article, `rules` what follows from the dates and the letters of a case, `agenda` what of that was done.
//!
//! They are computed whenever they are read, never stored: so they follow the calendar and a date that is corrected.

mod agenda;
mod kinds;
pub mod routes;
mod rules;
mod store;
mod terms;

pub use agenda::{Agenda, Deadline, agenda, agendas};
pub use kinds::DeadlineKind;
pub use rules::{Computed, Dates, Sent, deadlines};
pub use terms::{End, counts_from_entry, received_on};

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use uuid::Uuid;

    use super::*;
    use crate::patents::calendar::Calendar;
    use crate::patents::{LetterKind, LetterWay, PatentKind, PatentStage};

    fn day(text: &str) -> Option<NaiveDate> {
        (text != "-").then(|| text.parse().expect("a day"))
    }

    #[test]
    fn every_deadline_that_was_worked_by_hand_comes_out() {
        let rows: Vec<Vec<&str>> =
            include_str!("worked.tsv").lines().skip(2).map(|line| line.split('\t').collect()).collect();
        assert!(rows.len() >= 60, "{}", rows.len());
        for row in rows {
            let [kind, stage, priority, filed, granted, letter, way, dated, entered, months, key, ends, due, why] =
                row[..]
            else {
                panic!("{row:?}")
            };
            let dates = Dates {
                kind: PatentKind::parse(kind).expect(kind),
                stage: PatentStage::parse(stage).expect(stage),
                priority_date: day(priority),
                filing_date: day(filed),
                grant_date: day(granted),
            };
            let letters: Vec<Sent> = day(dated)
                .map(|dated_on| Sent {
                    id: Uuid::nil(),
                    kind: LetterKind::parse(letter).expect(letter),
                    way: LetterWay::parse(way).expect(way),
                    dated_on,
                    entered_on: day(entered),
                    months: months.parse().ok(),
                })
                .into_iter()
                .collect();
            let found = deadlines(&dates, &letters, Calendar::noticed());
            let name = |found: &Computed| match found.year {
                Some(year) => format!("{}_{year}", found.kind.as_str()),
                None => found.kind.as_str().to_owned(),
            };
            let found: Vec<_> = found.iter().filter(|found| name(found) == key).collect();
            let [found] = found[..] else { panic!("{key}, {why}: {found:?}") };
            let mark = if found.end.provisional { "?" } else { "" };
            assert_eq!(
                (found.end.ends_on.to_string(), format!("{}{mark}", found.end.due_on)),
                (ends.into(), due.into()),
                "{why}"
            );
        }
    }

    fn named(stage: PatentStage, kind: PatentKind, granted: Option<&str>) -> Vec<String> {
        let dates = Dates {
            kind,
            stage,
            priority_date: None,
            filing_date: day("2024-03-01"),
            grant_date: granted.and_then(day),
        };
        let letters = [LetterKind::FirstOfficeAction, LetterKind::Rejection].map(|kind| Sent {
            id: Uuid::nil(),
            kind,
            way: LetterWay::Paper,
            dated_on: day("2025-03-01").expect("a day"),
            entered_on: None,
            months: None,
        });
        deadlines(&dates, &letters, Calendar::noticed()).iter().map(|found| found.kind.as_str().to_owned()).collect()
    }

    #[test]
    fn each_stage_has_the_deadlines_that_matter_there() {
        let invention = named(PatentStage::Filed, PatentKind::Invention, None);
        for wanted in ["application_fee", "examination_request", "domestic_priority", "foreign_filing", "answer"] {
            assert!(invention.iter().any(|name| name == wanted), "{wanted}");
        }
        assert!(
            !named(PatentStage::Examination, PatentKind::Invention, None).contains(&"examination_request".to_owned())
        );
        for kind in [PatentKind::UtilityModel, PatentKind::Design] {
            let found = named(PatentStage::Filed, kind, None);
            assert!(!found.contains(&"examination_request".to_owned()) && found.contains(&"own_amendment".to_owned()));
        }
        for stage in [PatentStage::Rejected, PatentStage::Withdrawn] {
            assert_eq!(named(stage, PatentKind::Invention, None), ["reexamination"], "only what can bring it back");
        }
    }

    #[test]
    fn annuities_run_from_the_year_after_the_grant_to_the_last_of_protection() {
        for (kind, last) in [(PatentKind::Invention, 20), (PatentKind::UtilityModel, 10), (PatentKind::Design, 15)] {
            let found = named(PatentStage::Granted, kind, Some("2025-06-01"));
            let annuities = found.iter().filter(|name| *name == "annuity").count();
            assert_eq!(annuities, last - 2, "{kind:?}: granted in its second year");
            assert_eq!(found.last().map(String::as_str), Some("term_end"));
        }
    }

    #[test]
    fn dates_at_the_end_of_time_do_no_harm() {
        let dates = Dates {
            kind: PatentKind::Invention,
            stage: PatentStage::Filed,
            priority_date: Some(NaiveDate::MAX),
            filing_date: Some(NaiveDate::MAX),
            grant_date: None,
        };
        assert!(!deadlines(&dates, &[], Calendar::noticed()).is_empty());
    }
}
