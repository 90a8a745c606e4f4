//! What a harvester asks for, and what is wrong with it (section 3.6 of the protocol).

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use uuid::Uuid;

use super::MetadataFormat;
use super::token::Token;

/// What is wrong, by the names of the protocol, and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub code: &'static str,
    pub detail: String,
}

impl Fault {
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

fn bad(detail: impl Into<String>) -> Fault {
    Fault::new("badArgument", detail)
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    Identify,
    ListMetadataFormats(Option<String>),
    ListSets,
    GetRecord(String, MetadataFormat),
    List(Whole, Selection),
}

/// Records, or their headers alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    Headers,
    Records,
}

/// What of a list is wanted, and from where on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    pub format: MetadataFormat,
    pub from: Option<DateTime<Utc>>,
    /// Up to the end of this second.
    pub until: Option<DateTime<Utc>>,
    pub set: Option<String>,
    /// The last that was given, and how many were.
    pub after: Option<(Uuid, u64)>,
}

/// The arguments by name, as they came.
pub type Given = Vec<(String, String)>;

/// # Errors
/// `badVerb`, `badArgument`, `cannotDisseminateFormat`, `badResumptionToken`.
pub fn parse(given: &Given) -> Result<Verb, Fault> {
    let mut arguments = BTreeMap::new();
    for (name, value) in given {
        if arguments.insert(name.as_str(), value.as_str()).is_some() {
            let code = if name == "verb" { "badVerb" } else { "badArgument" };
            return Err(Fault::new(code, format!("{name} stands there twice")));
        }
    }
    let verb = arguments.remove("verb").ok_or_else(|| Fault::new("badVerb", "the verb is missing"))?;
    let mut arguments = Arguments(arguments);
    let parsed = match verb {
        "Identify" => Verb::Identify,
        "ListMetadataFormats" => Verb::ListMetadataFormats(arguments.take("identifier").map(str::to_owned)),
        "ListSets" => arguments.sets()?,
        "GetRecord" => {
            let identifier = arguments.need("identifier")?.to_owned();
            Verb::GetRecord(identifier, arguments.format()?)
        }
        "ListIdentifiers" => Verb::List(Whole::Headers, arguments.selection()?),
        "ListRecords" => Verb::List(Whole::Records, arguments.selection()?),
        _ => return Err(Fault::new("badVerb", "no such verb")),
    };
    match arguments.0.keys().next() {
        Some(name) => Err(bad(format!("{verb} takes no {}", printable(name)))),
        None => Ok(parsed),
    }
}

fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(50).collect()
}

struct Arguments<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Arguments<'a> {
    fn take(&mut self, name: &str) -> Option<&'a str> {
        self.0.remove(name)
    }

    fn need(&mut self, name: &str) -> Result<&'a str, Fault> {
        self.take(name).ok_or_else(|| bad(format!("{name} is missing")))
    }

    fn format(&mut self) -> Result<MetadataFormat, Fault> {
        let prefix = self.need("metadataPrefix")?;
        let format = MetadataFormat::ALL.into_iter().find(|format| format.as_str() == prefix);
        format.ok_or_else(|| Fault::new("cannotDisseminateFormat", "no such format: see ListMetadataFormats"))
    }

    /// All sets stand in one answer, so no token was ever given for them.
    fn sets(&mut self) -> Result<Verb, Fault> {
        match self.take("resumptionToken") {
            Some(_) => Err(Fault::new("badResumptionToken", "sets are given in one answer")),
            None => Ok(Verb::ListSets),
        }
    }

    fn selection(&mut self) -> Result<Selection, Fault> {
        if let Some(token) = self.take("resumptionToken") {
            if !self.0.is_empty() {
                return Err(bad("resumptionToken stands alone beside the verb"));
            }
            return Token::read(token).ok_or_else(|| Fault::new("badResumptionToken", "no such token was given out"));
        }
        let (from, until) = (self.take("from"), self.take("until"));
        if let (Some(from), Some(until)) = (from, until)
            && from.len() != until.len()
        {
            return Err(bad("from and until are not equally fine"));
        }
        let from = from.map(moment).transpose()?.map(|(first, _)| first);
        let until = until.map(moment).transpose()?.map(|(_, last)| last);
        if let (Some(from), Some(until)) = (from, until)
            && from > until
        {
            return Err(bad("from is later than until"));
        }
        let set = self.take("set").map(str::to_owned);
        Ok(Selection { format: self.format()?, from, until, set, after: None })
    }
}

/// The first and the last second that a datestamp means: a day, or one second (section 3.3).
fn moment(text: &str) -> Result<(DateTime<Utc>, DateTime<Utc>), Fault> {
    let wrong = || bad("a datestamp is YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ");
    let (first, length) = match text.len() {
        10 => (NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN)), 86_399),
        20 => (NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ").ok(), 0),
        _ => (None, 0),
    };
    let first = first.ok_or_else(wrong)?.and_utc();
    Ok((first, first + TimeDelta::seconds(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Result<Verb, &'static str> {
        let given: Given = serde_urlencoded::from_str(query).expect("a query");
        parse(&given).map_err(|fault| fault.code)
    }

    #[test]
    fn each_verb_takes_its_arguments_and_no_others() {
        assert_eq!(asked("verb=Identify"), Ok(Verb::Identify));
        assert_eq!(asked("verb=ListSets"), Ok(Verb::ListSets));
        assert_eq!(asked("verb=ListMetadataFormats&identifier=x"), Ok(Verb::ListMetadataFormats(Some("x".to_owned()))));
        let record = Verb::GetRecord("x".to_owned(), MetadataFormat::DublinCore);
        assert_eq!(asked("verb=GetRecord&identifier=x&metadataPrefix=oai_dc"), Ok(record));
        for (query, code) in [
            ("", "badVerb"),
            ("verb=", "badVerb"),
            ("verb=identify", "badVerb"),
            ("verb=Identify&verb=Identify", "badVerb"),
            ("verb=Identify&x=1", "badArgument"),
            ("verb=GetRecord&identifier=x", "badArgument"),
            ("verb=GetRecord&metadataPrefix=oai_dc", "badArgument"),
            ("verb=GetRecord&identifier=x&metadataPrefix=marc", "cannotDisseminateFormat"),
            ("verb=ListRecords", "badArgument"),
            ("verb=ListRecords&metadataPrefix=oai_dc&metadataPrefix=oai_dc", "badArgument"),
            ("verb=ListRecords&metadataPrefix=oai_dc&resumptionToken=x", "badArgument"),
            ("verb=ListRecords&resumptionToken=x", "badResumptionToken"),
            ("verb=ListSets&resumptionToken=x", "badResumptionToken"),
            ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-30", "badArgument"),
            ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-03T00:00:00", "badArgument"),
            ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-03&until=2026-02-03T00:00:00Z", "badArgument"),
            ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-03&until=2026-02-02", "badArgument"),
        ] {
            assert_eq!(asked(query), Err(code), "{query}");
        }
    }

    #[test]
    fn a_day_is_all_its_seconds() {
        let Ok(Verb::List(Whole::Headers, selection)) =
            asked("verb=ListIdentifiers&metadataPrefix=duijie&from=2026-02-03&until=2026-02-03&set=kind:result")
        else {
            panic!("a list");
        };
        let seconds = |moment: Option<DateTime<Utc>>| moment.map(|moment| moment.to_rfc3339());
        assert_eq!(seconds(selection.from).as_deref(), Some("2026-02-03T00:00:00+00:00"));
        assert_eq!(seconds(selection.until).as_deref(), Some("2026-02-03T23:59:59+00:00"));
        assert_eq!((selection.set.as_deref(), selection.format), (Some("kind:result"), MetadataFormat::Fields));
    }
}
