//! What callers ask of matching and search.

use deserr::Deserr;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::{Audience, Condition, Facet, Filter, MatchRequest, Query, Viewer, harden};
use crate::access;
use crate::http::flag;
use crate::identity::Caller;
use crate::problem::{Faults, FieldFault};
use crate::registry::Kind;
use crate::registry::fields::{
    Cooperation, ExpertCategory, IndustryCode, Line, Maturity, MoneyRange, OrganisationKind, OrganisationLabel,
    PolicyLevel, Prose, RegionCode, ResultForm, distinct,
};

/// The kinds that records of a kind are matched with: the contract and the handlers have them from here.
macro_rules! targets {
    ($($(#[$doc:meta])* $name:ident { $($kind:ident),+ })+) => {$(
        $(#[$doc])*
        pub struct $name;

        impl $name {
            pub const KINDS: &[Kind] = &[$(Kind::$kind),+];
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words = Self::KINDS.iter().map(|kind| kind.as_str());
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
            }
        }
        impl ToSchema for $name {}
    )+};
}

targets! {
    /// What a demand is matched with.
    OfDemand { Result, Expert }
    /// What a result is matched with.
    OfResult { Demand, Organisation }
    /// What an expert is matched with.
    OfExpert { Demand }
    /// What an organisation is matched with.
    OfOrganisation { Result, Expert, Policy }
}

/// What is looked for, and which conditions are hard.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MatchParameters {
    /// The kind of records to match with: described with each route, as each takes other kinds.
    #[deserr(try_from(String) = parse_kind -> FieldFault)]
    #[param(ignore)]
    pub kind: Kind,
    /// Conditions that must be met rather than weighed, separated by commas: `industry`, `region`, `maturity`,
    /// `cooperation`, `budget`.
    #[deserr(default, try_from(Option<String>) = parse_hard -> FieldFault)]
    #[param(inline, value_type = Option<HashSet<Condition>>, max_items = 5, style = Form, explode = false, example = json!(["maturity", "region"]))]
    pub hard: Vec<Condition>,
}

/// A text that is not registered, to be matched.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({
    "kind": "result", "title": "染厂废水颜色去不掉", "text": "我厂用活性染料，生化处理后颜色仍深，色度超标，想找脱色的办法。",
    "industries": ["C2645"], "maturity_from": 5, "hard": ["maturity"], "limit": 5
}))]
pub struct FreeText {
    /// The kind of records to match with.
    #[deserr(try_from(String) = parse_kind -> FieldFault)]
    pub kind: Kind,
    #[deserr(default)]
    #[schema(inline)]
    pub title: Option<Line<1, 200>>,
    #[schema(inline)]
    pub text: Prose<2, 20_000>,
    #[deserr(default, try_from(Vec<Line<1, 50>>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<Line<1, 50>>, max_items = 20, required = false)]
    pub keywords: Vec<Line<1, 50>>,
    #[deserr(default, try_from(Vec<IndustryCode>) = distinct::<20, _> -> FieldFault)]
    #[schema(inline, value_type = HashSet<IndustryCode>, max_items = 20, required = false)]
    pub industries: Vec<IndustryCode>,
    #[deserr(default)]
    #[schema(inline)]
    pub region: Option<RegionCode>,
    #[deserr(default, try_from(Vec<Cooperation>) = distinct::<6, _> -> FieldFault)]
    #[schema(value_type = HashSet<Cooperation>, max_items = 6, required = false)]
    pub cooperation: Vec<Cooperation>,
    /// The least technology readiness level wanted.
    #[deserr(default)]
    #[schema(inline)]
    pub maturity_from: Option<Maturity>,
    #[deserr(default)]
    pub budget: Option<MoneyRange>,
    /// Conditions that must be met rather than weighed.
    #[deserr(default, try_from(Vec<String>) = parse_conditions -> FieldFault)]
    #[schema(value_type = HashSet<Condition>, max_items = 5, required = false)]
    pub hard: Vec<Condition>,
    #[deserr(default = 20, try_from(i64) = parse_limit -> FieldFault)]
    #[schema(minimum = 1, maximum = 100, default = 20, required = false)]
    pub limit: i64,
}

/// What to search for, and among what.
#[derive(Deserr, IntoParams)]
#[deserr(error = Faults, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchParameters {
    /// Words; names also by pinyin or its initials.
    #[param(inline, example = "球墨铸铁 缩松")]
    pub q: Line<1, 500>,
    /// Kinds of records, separated by commas; all without it.
    #[deserr(default, try_from(Option<String>) = parse_kinds -> FieldFault)]
    #[param(inline, value_type = Option<HashSet<Kind>>, max_items = 5, style = Form, explode = false, example = json!(["result", "expert"]))]
    pub kind: Vec<Kind>,
    /// The industry or any below it.
    #[deserr(default)]
    #[param(inline)]
    pub industry: Option<IndustryCode>,
    /// The region or any below it.
    #[deserr(default)]
    #[param(inline)]
    pub region: Option<RegionCode>,
    #[deserr(default)]
    #[param(inline)]
    pub form: Option<ResultForm>,
    #[deserr(default)]
    #[param(inline)]
    pub cooperation: Option<Cooperation>,
    #[deserr(default)]
    #[param(inline)]
    pub category: Option<ExpertCategory>,
    #[deserr(default)]
    #[param(inline)]
    pub organisation_kind: Option<OrganisationKind>,
    #[deserr(default)]
    #[param(inline)]
    pub label: Option<OrganisationLabel>,
    #[deserr(default)]
    #[param(inline)]
    pub level: Option<PolicyLevel>,
    /// The least technology readiness level.
    #[deserr(default, try_from(Option<String>) = parse_maturity -> FieldFault)]
    #[param(value_type = Option<i32>, minimum = 1, maximum = 9)]
    pub maturity_from: Option<u8>,
    /// Whether records are found, too, that are near in meaning though they have none of the words. It takes some
    /// milliseconds more.
    #[deserr(default, try_from(Option<String>) = flag -> FieldFault)]
    #[param(inline, example = true)]
    pub meaning: Option<bool>,
}

impl FreeText {
    /// What it looks for.
    pub(super) fn query(self) -> Query {
        let industries = self.industries.iter().filter_map(|code| Facet::industry(code));
        let ways = self.cooperation.iter().filter_map(|way| Facet::value("cooperation", way.as_str()));
        let region = self.region.iter().filter_map(|code| Facet::region(code));
        Query {
            title: self.title.map(|title| title.to_string()).unwrap_or_default(),
            text: self.text.to_string(),
            keywords: self.keywords.iter().map(|keyword| keyword.to_string()).collect(),
            facets: industries.chain(ways).chain(region).collect(),
            maturity: self.maturity_from.map(Maturity::level),
            price: self.budget.map(|budget| (budget.min, budget.max)),
            deadline: None,
            meaning: None,
            spoken: None,
        }
    }
}

impl SearchParameters {
    /// What may be found.
    pub(super) fn filter(&self, caller: &Caller) -> Filter {
        let facets = [
            self.industry.as_ref().and_then(|code| Facet::industry(code)),
            self.region.as_ref().and_then(|code| Facet::region(code)),
            self.form.and_then(|word| Facet::value("form", word.as_str())),
            self.cooperation.and_then(|word| Facet::value("cooperation", word.as_str())),
            self.category.and_then(|word| Facet::value("category", word.as_str())),
            self.organisation_kind.and_then(|word| Facet::value("organisation_kind", word.as_str())),
            self.label.and_then(|word| Facet::value("label", word.as_str())),
            self.level.and_then(|word| Facet::value("level", word.as_str())),
        ];
        Filter {
            facets: facets.into_iter().flatten().map(|facet| vec![facet]).collect(),
            least_maturity: self.maturity_from,
            ..Filter::of(Viewer::of(caller))
        }
    }
}

pub(super) fn parse_kind(text: String) -> Result<Kind, FieldFault> {
    let found = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| crate::problem::not_allowed(&Kind::ALL.map(Kind::as_str)))
}

fn parse_kinds(text: Option<String>) -> Result<Vec<Kind>, FieldFault> {
    let list = text.as_deref().unwrap_or_default();
    let kinds: Result<Vec<Kind>, FieldFault> =
        list.split(',').filter(|word| !word.is_empty()).map(|word| parse_kind(word.to_owned())).collect();
    distinct::<5, _>(kinds?)
}

fn parse_hard(text: Option<String>) -> Result<Vec<Condition>, FieldFault> {
    let words = text.as_deref().unwrap_or_default().split(',').filter(|word| !word.is_empty());
    parse_conditions(words.map(str::to_owned).collect())
}

fn parse_conditions(words: Vec<String>) -> Result<Vec<Condition>, FieldFault> {
    let conditions: Result<Vec<Condition>, FieldFault> = words.iter().map(|word| Condition::parse(word)).collect();
    distinct::<5, _>(conditions?)
}

pub(super) fn parse_limit(limit: i64) -> Result<i64, FieldFault> {
    if (1..=100).contains(&limit) {
        return Ok(limit);
    }
    Err(FieldFault::new("out_of_range", "limit 为 1 到 100 的整数", "limit is an integer from 1 to 100"))
}

fn parse_maturity(text: Option<String>) -> Result<Option<u8>, FieldFault> {
    let level = text.map(|text| Maturity::parse(text.parse().unwrap_or_default())).transpose()?;
    Ok(level.map(Maturity::level))
}

/// Only what is offered or open is matched: published results and experts, open demands, enterprises.
pub(super) fn request_for(
    target: Kind,
    query: Query,
    asks: bool,
    hard: &[Condition],
    viewer: Viewer,
    limit: usize,
) -> MatchRequest {
    let mut filter = Filter { open: true, ..Filter::of(viewer) };
    harden(&mut filter, &query, asks, hard);
    MatchRequest { target, query, asks, filter, limit, after: None }
}

/// Is a record of this kind the side that asks, rather than the side that offers?
pub(super) const fn asks(kind: Kind) -> bool {
    matches!(kind, Kind::Demand | Kind::Organisation)
}

impl Viewer {
    /// The centre itself, which may see everything.
    pub(super) const fn centre() -> Self {
        Self { audience: Audience::STAFF, owner: None }
    }

    /// What a caller may find: what the table lets it read. A kind has no records for an audience that is not its own,
    /// so the widest of all kinds does for each.
    pub(super) fn of(caller: &Caller) -> Self {
        let readable = Kind::ALL.map(|kind| access::readable(caller, kind));
        let audience = readable.iter().filter_map(|records| records.audience()).max();
        let owner = caller.owner().filter(|_| readable.iter().any(|records| records.include_own()));
        Self { audience: audience.unwrap_or(Audience::PUBLIC), owner }
    }
}
