//! Accounts as the rest of the service sees them: who, in which role, for whom.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problem::FieldFault;
use crate::registry::fields::{partner_owner, vocabulary};

vocabulary! {
    /// What a caller may do.
    Role {
        /// Runs the service: accounts, partner sites and the audit log, and all that staff may.
        Admin = "admin",
        /// The centre's staff: writes everything.
        Staff = "staff",
        /// An enterprise: writes itself and its demands.
        Enterprise = "enterprise",
        /// An expert: writes its own record.
        Expert = "expert",
        /// A partner site: a program, within the scopes it was given.
        Partner = "partner",
        /// Whoever has not signed in.
        Public = "public",
    }
    /// What a partner site's token may be used for.
    Scope {
        ResultsRead = "results:read", ResultsWrite = "results:write", ExpertsRead = "experts:read",
        OrganisationsRead = "organisations:read", DemandsRead = "demands:read", PoliciesRead = "policies:read",
        MatchesRead = "matches:read", ChangesRead = "changes:read", Webhooks = "webhooks",
    }
}

impl Scope {
    /// What it opens, in words: Chinese, English.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::ResultsRead => ("读取成果", "Read results"),
            Self::ResultsWrite => ("登记和修改本站的成果", "Register and change the site's own results"),
            Self::ExpertsRead => ("读取专家", "Read experts"),
            Self::OrganisationsRead => ("读取单位", "Read organisations"),
            Self::DemandsRead => ("读取需求，包括对会员公开的", "Read demands, those for members among them"),
            Self::PoliciesRead => ("读取政策", "Read policies"),
            Self::MatchesRead => ("匹配和检索", "Match and search"),
            Self::ChangesRead => ("读取本站记录的历次版本", "Read the versions of the site's own records"),
            Self::Webhooks => ("登记本站的推送", "Keep the site's own webhooks"),
        }
    }
}

/// Someone signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub user: Uuid,
    /// The session, or the secret that a partner site's token was given for: what ends it ends the token.
    pub session: Uuid,
    pub role: Role,
    /// The organisation of an account of role `enterprise`.
    pub organisation: Option<Uuid>,
    /// The record of an account of role `expert`.
    pub expert: Option<Uuid>,
    /// The name of a partner site, as it stands in the source of its records.
    pub partner: Option<String>,
    /// What a partner site's token may be used for.
    pub scopes: Vec<Scope>,
    /// Whether a second factor was shown.
    pub strong: bool,
}

impl Member {
    /// Whose records are the member's own.
    #[must_use]
    pub fn owner(&self) -> Option<Uuid> {
        self.organisation.or(self.expert).or_else(|| self.partner.as_deref().map(partner_owner))
    }
}
