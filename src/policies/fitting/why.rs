//! Why a clause fits a firm, and what the firm lacks for it.

use serde::Serialize;
use utoipa::ToSchema;

use super::store::Fitting;
use crate::policies::audience::{Aspect, Reason};
use crate::registry::organisations::Organisation;

/// One thing that a clause asks for and the firm has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FittingReason)]
pub struct Why {
    pub aspect: Aspect,
    /// What the clause asks for and the firm has: `high_tech`, or a code at or above the firm's own. Nothing where the
    /// clause is for everybody.
    #[schema(max_length = 50)]
    pub value: String,
    /// The words of the policy that say so; none where staff have said it, or where it is the region of the policy itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 50)]
    pub words: Option<String>,
}

/// The one thing that a firm lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FittingStep)]
pub struct Step {
    /// A label to obtain, or something that the firm has not said of itself yet.
    pub aspect: Aspect,
    /// Any of these would do.
    #[schema(max_items = 200)]
    pub any_of: Vec<String>,
}

/// A firm as clauses ask for it.
pub struct Firm {
    labels: Vec<String>,
    scale: Vec<String>,
    industries: Vec<String>,
    regions: Vec<String>,
}

impl Firm {
    #[must_use]
    pub fn of(firm: &Organisation) -> Self {
        let part = |code: &str, length: usize| code.get(..length).unwrap_or(code).to_owned();
        let industry = firm.industry.as_ref().map(ToString::to_string);
        let region = firm.region.as_ref().map(ToString::to_string);
        Self {
            labels: firm.labels.iter().map(|label| label.as_str().to_owned()).collect(),
            scale: firm.scale.iter().map(|scale| scale.as_str().to_owned()).collect(),
            industries: industry
                .map(|code| vec![part(&code, 1), part(&code, 3), part(&code, 4), code])
                .unwrap_or_default(),
            regions: region.map(|code| vec![part(&code, 2) + "0000", part(&code, 4) + "00", code]).unwrap_or_default(),
        }
    }

    fn aspects<'f>(&'f self, clause: &'f Fitting) -> [(Aspect, &'f [String], &'f [String]); 4] {
        [
            (Aspect::Label, &clause.labels, &self.labels),
            (Aspect::Scale, &clause.scales, &self.scale),
            (Aspect::Industry, &clause.industries, &self.industries),
            (Aspect::Region, &clause.regions, &self.regions),
        ]
    }

    /// What the clause asks for and the firm has.
    #[must_use]
    pub fn why(&self, clause: &Fitting, reasons: &[Reason]) -> Vec<Why> {
        let mut why = Vec::new();
        for (aspect, asked, has) in self.aspects(clause) {
            why.extend(asked.iter().filter(|value| has.contains(value)).map(|value| {
                let reason = reasons.iter().find(|reason| reason.aspect == aspect && reason.value == **value);
                Why { aspect, value: value.clone(), words: reason.map(|reason| reason.words.clone()) }
            }));
        }
        if let Some(within) = clause.within.as_ref().filter(|within| self.regions.contains(within)) {
            why.push(Why { aspect: Aspect::Region, value: within.clone(), words: None });
        }
        why
    }

    /// What the firm lacks, if it is something.
    #[must_use]
    pub fn step(&self, clause: &Fitting) -> Option<Step> {
        let lacking = self
            .aspects(clause)
            .into_iter()
            .find(|(_, asked, has)| !asked.is_empty() && !asked.iter().any(|value| has.contains(value)));
        let named = lacking.map(|(aspect, asked, _)| Step { aspect, any_of: asked.to_vec() });
        let within = || clause.within.clone().filter(|within| !self.regions.contains(within));
        named.or_else(|| within().map(|within| Step { aspect: Aspect::Region, any_of: vec![within] }))
    }
}
