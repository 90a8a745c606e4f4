//! Which deadlines a case has, computed from its dates and its letters.

use chrono::{Datelike, NaiveDate};
use uuid::Uuid;

use super::kinds::DeadlineKind;
use super::terms::{End, Term, received_on};
use crate::patents::calendar::Calendar;
use crate::patents::{LetterKind, LetterWay, PatentKind, PatentStage};

/// What of a case its deadlines follow from.
#[derive(Clone, Copy, Debug)]
pub struct Dates {
    pub kind: PatentKind,
    pub stage: PatentStage,
    pub priority_date: Option<NaiveDate>,
    pub filing_date: Option<NaiveDate>,
    pub grant_date: Option<NaiveDate>,
}

/// What of a letter its deadline follows from.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    pub id: Uuid,
    pub kind: LetterKind,
    pub way: LetterWay,
    pub dated_on: NaiveDate,
    pub entered_on: Option<NaiveDate>,
    /// The term that the letter itself sets, in months.
    pub months: Option<u32>,
}

/// A deadline, before anyone knows whether it was met.
#[derive(Clone, Copy, Debug)]
pub struct Computed {
    pub kind: DeadlineKind,
    pub letter: Option<Uuid>,
    /// The year of protection that an annuity is for.
    pub year: Option<u32>,
    /// The day that it is counted from, which does not count itself.
    pub from: NaiveDate,
    pub end: End,
}

impl Computed {
    /// What tells it from the other deadlines of its case: its letter, or its kind and year.
    #[must_use]
    pub fn key(&self) -> String {
        match (self.letter, self.year) {
            (Some(letter), _) => letter.to_string(),
            (None, Some(year)) => format!("{}_{year}", self.kind.as_str()),
            (None, None) => self.kind.as_str().to_owned(),
        }
    }
}

impl PatentKind {
    /// Within how many months after an earlier application its priority can be claimed (专利法第二十九条).
    #[must_use]
    pub const fn priority(self) -> Term {
        match self {
            Self::Invention | Self::UtilityModel => Term::Months(12),
            Self::Design => Term::Months(6),
        }
    }

    /// For how many years from its filing it is protected (专利法第四十二条): designs filed before June 2021 for ten.
    #[must_use]
    pub fn protected_years(self, filed: NaiveDate) -> u32 {
        match self {
            Self::Invention => 20,
            Self::UtilityModel => 10,
            Self::Design if (filed.year(), filed.month()) < (2021, 6) => 10,
            Self::Design => 15,
        }
    }
}

impl LetterKind {
    /// What it asks for, and within which term of its receipt.
    #[must_use]
    pub const fn asks(self) -> Option<(DeadlineKind, Term)> {
        match self {
            Self::Formality | Self::OfficeAction => Some((DeadlineKind::Answer, Term::Months(2))),
            Self::FirstOfficeAction => Some((DeadlineKind::Answer, Term::Months(4))),
            Self::SubstantiveExamination => Some((DeadlineKind::OwnAmendment, Term::Months(3))),
            Self::GrantNotice => Some((DeadlineKind::Registration, Term::Months(2))),
            Self::Rejection => Some((DeadlineKind::Reexamination, Term::Months(3))),
            Self::DeemedWithdrawn => Some((DeadlineKind::Restoration, Term::Months(2))),
            Self::Acceptance | Self::Publication | Self::Other => None,
        }
    }
}

/// The deadlines of a case, the earliest first. Of one that ended, only those that can still bring it back; of one that is
/// granted, those of its protection.
#[must_use]
pub fn deadlines(dates: &Dates, letters: &[Sent], calendar: &Calendar) -> Vec<Computed> {
    let mut found = Vec::new();
    let ended = matches!(dates.stage, PatentStage::Rejected | PatentStage::Withdrawn);
    match dates.filing_date.filter(|_| !ended) {
        Some(filed) => once_filed(dates, filed, letters, calendar, &mut found),
        None if ended => {}
        None => to_be_filed(dates, calendar, &mut found),
    }
    let matters = |deadline: &Computed| match dates.stage {
        PatentStage::Granted => false,
        PatentStage::Rejected | PatentStage::Withdrawn => {
            matches!(deadline.kind, DeadlineKind::Reexamination | DeadlineKind::Restoration)
        }
        _ => true,
    };
    found.extend(letters.iter().filter_map(|letter| of_letter(letter, calendar)).filter(matters));
    found.sort_by_key(|deadline| (deadline.end.due_on, deadline.kind.as_str(), deadline.letter));
    found
}

fn to_be_filed(dates: &Dates, calendar: &Calendar, found: &mut Vec<Computed>) {
    if let Some(priority) = dates.priority_date {
        found.push(moved(DeadlineKind::ClaimPriority, priority, dates.kind.priority().end(priority), calendar));
    }
}

fn once_filed(dates: &Dates, filed: NaiveDate, letters: &[Sent], calendar: &Calendar, found: &mut Vec<Computed>) {
    let first = dates.priority_date.unwrap_or(filed);
    // Another country's days off are not known here, so this one is never later than it is there.
    let abroad = End::fixed(dates.kind.priority().end(first));
    found.push(Computed { kind: DeadlineKind::ForeignFiling, letter: None, year: None, from: first, end: abroad });
    if let Some(granted) = dates.grant_date.filter(|_| dates.stage == PatentStage::Granted) {
        protection(dates.kind, (filed, granted), calendar, found);
        return;
    }
    found.push(application_fee(filed, letters, calendar));
    if dates.priority_date.is_none() {
        // What claims a priority itself, or is granted, is no ground for another (细则第三十五条).
        found.push(moved(DeadlineKind::DomesticPriority, filed, dates.kind.priority().end(filed), calendar));
    }
    match dates.kind {
        PatentKind::Invention if dates.stage != PatentStage::Examination => {
            found.push(moved(DeadlineKind::ExaminationRequest, first, Term::Years(3).end(first), calendar));
        }
        PatentKind::Invention => {}
        PatentKind::UtilityModel | PatentKind::Design => {
            found.push(moved(DeadlineKind::OwnAmendment, filed, Term::Months(2).end(filed), calendar));
        }
    }
}

/// Two months from the filing, or 15 days from the receipt of the acceptance: whichever is later.
fn application_fee(filed: NaiveDate, letters: &[Sent], calendar: &Calendar) -> Computed {
    let of_filing = (filed, Term::Months(2).end(filed));
    let accepted = letters.iter().filter(|letter| letter.kind == LetterKind::Acceptance).map(Sent::received_on);
    let (from, end) = accepted
        .map(|received| (received, Term::Days(15).end(received)))
        .chain([of_filing])
        .max_by_key(|(_, end)| *end)
        .unwrap_or(of_filing);
    moved(DeadlineKind::ApplicationFee, from, end, calendar)
}

/// The annuities of the years after that of the grant, which is paid with the registration (细则第一百一十四条). A year of
/// protection begins on the day of the filing (指南第五部分第九章), and its annuity is due before it does; six months from there
/// it can be paid late. The end of the protection itself is not moved by a day off.
fn protection(
    kind: PatentKind,
    (filed, granted): (NaiveDate, NaiveDate),
    calendar: &Calendar,
    found: &mut Vec<Computed>,
) {
    let years = kind.protected_years(filed);
    for year in 1..years {
        let begins = Term::Years(year).end(filed);
        if begins <= granted {
            continue;
        }
        let late = Term::Months(6).end(begins);
        for (kind, from, end) in [(DeadlineKind::Annuity, filed, begins), (DeadlineKind::LateAnnuity, begins, late)] {
            found.push(Computed { year: Some(year + 1), ..moved(kind, from, end, calendar) });
        }
    }
    let end = End::fixed(Term::Years(years).end(filed));
    found.push(Computed { kind: DeadlineKind::TermEnd, letter: None, year: None, from: filed, end });
}

fn of_letter(letter: &Sent, calendar: &Calendar) -> Option<Computed> {
    let (kind, usual) = letter.kind.asks()?;
    let from = letter.received_on();
    let end = letter.months.map_or(usual, Term::Months).end(from);
    Some(Computed { letter: Some(letter.id), ..moved(kind, from, end, calendar) })
}

fn moved(kind: DeadlineKind, from: NaiveDate, ends_on: NaiveDate, calendar: &Calendar) -> Computed {
    Computed { kind, letter: None, year: None, from, end: End::moved(ends_on, calendar) }
}

impl Sent {
    #[must_use]
    pub fn received_on(&self) -> NaiveDate {
        received_on(self.way, self.dated_on, self.entered_on)
    }
}
