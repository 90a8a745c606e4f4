//! The table. Rows are read as: what, what it costs, and who may with which records and fields.

use super::grants::{Action, Fields, Grant, Rule, What};
use super::reach::Records;
use super::reach::Records::{All, Members, MembersAndOwn, Open, OpenAndOwn, OutsideCentre, Own, Readable};
use crate::identity::Role::{self, Admin, Enterprise, Expert, Partner, Public, Staff};
use crate::identity::Scope;
use crate::registry::Kind;

/// Every rule there is.
#[must_use]
pub fn rules() -> &'static [Rule] {
    TABLE
}

const fn to(role: Role, records: Records) -> Grant {
    Grant::to(role, records)
}

const fn site(scope: Scope, records: Records) -> Grant {
    Grant::to(Partner, records).within(scope)
}

const fn centre(role: Role) -> Grant {
    Grant::to(role, All).showing(Fields::Personal)
}

const fn own(role: Role, records: Records) -> Grant {
    Grant::to(role, records).showing(Fields::PersonalOfOwn)
}

/// Each side of an accepted docking sees how the other is reached.
const fn sides(role: Role, records: Records) -> Grant {
    Grant::to(role, records).showing(Fields::PersonalOfSides)
}

const fn records(kind: Kind, action: Action, grants: &'static [Grant]) -> Rule {
    Rule { what: What::Records(kind, action), cost: 1, strong: false, grants }
}

const fn operations(ids: &'static [&'static str], grants: &'static [Grant]) -> Rule {
    Rule { what: What::Operations(ids), cost: 1, strong: false, grants }
}

impl Rule {
    const fn costing(self, cost: u32) -> Self {
        Self { cost, ..self }
    }

    /// OWASP ASVS 4.0.3, 4.3.1: what administers the service takes more than a password.
    const fn strong(self) -> Self {
        Self { strong: true, ..self }
    }
}

const EVERYONE: &[Grant] =
    &[to(Public, All), to(Enterprise, All), to(Expert, All), to(Partner, All), to(Staff, All), to(Admin, All)];

const ANYONE_BY_WHAT_THEY_READ: &[Grant] = &[
    to(Public, Readable),
    to(Enterprise, Readable),
    to(Expert, Readable),
    site(Scope::MatchesRead, Readable),
    to(Staff, Readable),
    to(Admin, Readable),
];

const ANYONE_WHO_READS_POLICIES: &[Grant] = &[
    to(Public, Readable),
    to(Enterprise, Readable),
    to(Expert, Readable),
    site(Scope::PoliciesRead, Readable),
    to(Staff, Readable),
    to(Admin, Readable),
];

const CENTRE: &[Grant] = &[centre(Staff), centre(Admin)];

const PEOPLE: &[Grant] = &[own(Enterprise, Own), own(Expert, Own), own(Staff, Own), own(Admin, Own)];

const MEMBERS: &[Grant] = &[to(Enterprise, All), to(Expert, All), to(Staff, All), to(Admin, All)];

const SIDES: &[Grant] = &[to(Enterprise, Own), to(Expert, Own), to(Staff, All), to(Admin, All)];

const TEAMMATES: &[Grant] = &[to(Expert, Own), to(Staff, All), to(Admin, All)];

const WHO_NEEDS_A_TEAM: &[Grant] = &[to(Enterprise, Readable), to(Staff, Readable), to(Admin, Readable)];

const WHO_RUNS_ACCOUNTS: &[Grant] = &[to(Staff, OutsideCentre).showing(Fields::Personal), centre(Admin)];

const WHO_KEEPS_WEBHOOKS: &[Grant] = &[site(Scope::Webhooks, Own), to(Staff, Own), to(Admin, All)];

const WHO_IMPORTS: &[Grant] = &[site(Scope::ResultsWrite, Own), to(Staff, All), to(Admin, All)];

const ADMINS: &[Grant] = &[centre(Admin)];

const TABLE: &[Rule] = &[
    // Results: a partner site's own are those whose source it is.
    records(
        Kind::Result,
        Action::Read,
        &[
            to(Public, Open),
            to(Enterprise, OpenAndOwn),
            to(Expert, Open),
            site(Scope::ResultsRead, OpenAndOwn),
            centre(Staff),
            centre(Admin),
        ],
    ),
    records(Kind::Result, Action::Create, &[site(Scope::ResultsWrite, Own), centre(Staff), centre(Admin)]),
    records(Kind::Result, Action::Change, &[site(Scope::ResultsWrite, Own), centre(Staff), centre(Admin)]),
    records(Kind::Result, Action::Delete, &[site(Scope::ResultsWrite, Own), centre(Staff), centre(Admin)]),
    records(Kind::Result, Action::History, &[site(Scope::ChangesRead, Own), centre(Staff), centre(Admin)]),
    // Experts.
    records(
        Kind::Expert,
        Action::Read,
        &[
            to(Public, Open),
            sides(Enterprise, Open),
            own(Expert, OpenAndOwn),
            site(Scope::ExpertsRead, Open),
            centre(Staff),
            centre(Admin),
        ],
    ),
    records(Kind::Expert, Action::Create, CENTRE),
    records(Kind::Expert, Action::Change, &[own(Expert, Own), centre(Staff), centre(Admin)]),
    records(Kind::Expert, Action::Delete, CENTRE),
    records(Kind::Expert, Action::History, &[own(Expert, Own), centre(Staff), centre(Admin)]),
    // Organisations: all are published.
    records(
        Kind::Organisation,
        Action::Read,
        &[
            to(Public, Open),
            sides(Enterprise, OpenAndOwn),
            sides(Expert, Open),
            site(Scope::OrganisationsRead, Open),
            centre(Staff),
            centre(Admin),
        ],
    ),
    records(Kind::Organisation, Action::Create, CENTRE),
    records(Kind::Organisation, Action::Change, &[own(Enterprise, Own), centre(Staff), centre(Admin)]),
    records(Kind::Organisation, Action::Delete, CENTRE),
    records(Kind::Organisation, Action::History, &[own(Enterprise, Own), centre(Staff), centre(Admin)]),
    // Demands: those for members are seen by whoever has an account, those for the centre by it and their enterprise.
    records(
        Kind::Demand,
        Action::Read,
        &[
            to(Public, Open),
            to(Enterprise, MembersAndOwn),
            to(Expert, Members),
            site(Scope::DemandsRead, Members),
            centre(Staff),
            centre(Admin),
        ],
    ),
    records(Kind::Demand, Action::Create, &[to(Enterprise, Own), centre(Staff), centre(Admin)]),
    records(Kind::Demand, Action::Change, &[to(Enterprise, Own), centre(Staff), centre(Admin)]),
    records(Kind::Demand, Action::Delete, &[to(Enterprise, Own), centre(Staff), centre(Admin)]),
    records(Kind::Demand, Action::History, &[to(Enterprise, Own), centre(Staff), centre(Admin)]),
    // Policies.
    records(
        Kind::Policy,
        Action::Read,
        &[
            to(Public, Open),
            to(Enterprise, Open),
            to(Expert, Open),
            site(Scope::PoliciesRead, Open),
            centre(Staff),
            centre(Admin),
        ],
    ),
    records(Kind::Policy, Action::Create, CENTRE),
    records(Kind::Policy, Action::Change, CENTRE),
    records(Kind::Policy, Action::Delete, CENTRE),
    records(Kind::Policy, Action::History, CENTRE),
    // Matching and search show of each kind what the caller may read.
    operations(
        &[
            "list_demand_matches",
            "list_result_matches",
            "list_expert_matches",
            "list_organisation_matches",
            "match_text",
        ],
        ANYONE_BY_WHAT_THEY_READ,
    )
    .costing(5),
    operations(&["search"], ANYONE_BY_WHAT_THEY_READ).costing(2),
    operations(
        &[
            "list_matching_runs",
            "create_matching_run",
            "read_matching_run",
            "cancel_matching_run",
            "download_matching_run",
        ],
        CENTRE,
    ),
    // Dockings: a side's own are those that it is a side of.
    operations(
        &[
            "list_dockings",
            "create_docking",
            "read_docking",
            "create_docking_move",
            "undo_docking_move",
            "list_docking_moves",
            "replace_docking_contract",
            "replace_docking_outcome",
            "list_docking_contacts",
            "create_docking_contact",
            "list_docking_files",
            "download_docking_file",
        ],
        SIDES,
    ),
    operations(&["create_docking_file"], SIDES).costing(5),
    operations(&["read_statistics"], CENTRE).costing(2),
    // Events. An enterprise's or an expert's own are those in which it takes part.
    operations(&["list_events", "read_event"], MEMBERS),
    operations(
        &["list_participants", "read_participant", "replace_participant", "read_schedule", "read_timetable"],
        SIDES,
    ),
    operations(
        &["create_event", "replace_event", "create_participant", "read_event_rules", "replace_event_rules"],
        CENTRE,
    ),
    operations(&["create_schedule"], CENTRE).costing(20),
    // All records of a kind that the caller may read.
    operations(
        &["export_results", "export_experts", "export_organisations", "export_demands", "export_policies"],
        &[
            to(Public, Readable),
            to(Enterprise, Readable),
            to(Expert, Readable),
            site(Scope::ChangesRead, Readable),
            to(Staff, Readable),
            to(Admin, Readable),
        ],
    )
    .costing(20),
    // What changes, of each kind what the caller may read.
    operations(
        &["list_changes"],
        &[
            to(Public, Readable),
            to(Enterprise, Readable),
            to(Expert, Readable),
            site(Scope::ChangesRead, Readable),
            to(Staff, Readable),
            to(Admin, Readable),
        ],
    ),
    operations(&["harvest", "harvest_by_form"], EVERYONE).costing(5),
    // What search engines find.
    operations(&["read_sitemap_index", "read_sitemap"], EVERYONE).costing(5),
    operations(&["read_robots"], EVERYONE),
    // Imports: a site's own are those that it sent. Each row is written as its sender may.
    operations(&["create_import", "download_import_remarks"], WHO_IMPORTS).costing(20),
    operations(
        &[
            "list_imports",
            "read_import",
            "cancel_import",
            "list_import_rows",
            "read_import_mapping",
            "replace_import_mapping",
        ],
        WHO_IMPORTS,
    ),
    operations(&["download_import_template"], WHO_IMPORTS).costing(5),
    // Webhooks: one's own, and for admins all. What is sent is what their owner may read.
    operations(
        &[
            "list_webhooks",
            "create_webhook",
            "read_webhook",
            "replace_webhook",
            "delete_webhook",
            "create_webhook_secret",
            "remove_webhook_secret",
            "list_webhook_deliveries",
            "replay_webhook",
        ],
        WHO_KEEPS_WEBHOOKS,
    ),
    operations(&["test_webhook"], WHO_KEEPS_WEBHOOKS).costing(5),
    // The centre's own page, and how many people come.
    operations(&["read_centre", "read_site_visits", "count_site_visit"], EVERYONE),
    operations(
        &["read_policy_views"],
        &[
            to(Public, Readable),
            to(Enterprise, Readable),
            to(Expert, Readable),
            site(Scope::PoliciesRead, Readable),
            to(Staff, Readable),
            to(Admin, Readable),
        ],
    ),
    operations(&["replace_centre", "list_centre_versions"], CENTRE),
    // Expert service teams. An expert's own are those that they are named in, an enterprise's those that serve it.
    operations(&["list_expert_teams", "read_expert_team", "list_team_visits", "read_team_visit"], SIDES),
    operations(&["read_team_member", "replace_team_member", "create_team_visit", "replace_team_visit"], TEAMMATES),
    operations(&["create_expert_team", "replace_expert_team", "create_team_member", "delete_team_member"], CENTRE),
    operations(&["suggest_expert_team"], WHO_NEEDS_A_TEAM).costing(20),
    // Patent cases: an organisation's own are those that it applies for, an expert's those among whose inventors it is.
    operations(
        &[
            "list_patent_cases",
            "read_patent_case",
            "list_patent_moves",
            "list_patent_letters",
            "list_patent_deadlines",
            "list_patent_fees",
            "list_patent_documents",
            "download_patent_document",
        ],
        SIDES,
    ),
    operations(&["search_patent_case"], SIDES).costing(5),
    operations(
        &[
            "create_patent_case",
            "replace_patent_case",
            "create_patent_move",
            "create_patent_letter",
            "replace_patent_letter",
            "replace_patent_deadline",
            "create_patent_fee",
            "replace_patent_fee",
        ],
        CENTRE,
    ),
    operations(&["create_patent_document"], CENTRE).costing(5),
    // The calendar of working days.
    operations(&["list_calendar_days", "read_calendar_day"], MEMBERS),
    operations(&["replace_calendar_day", "delete_calendar_day"], CENTRE),
    // What is read out of a policy is seen by whoever may read it. An enterprise's own is what fits it.
    operations(
        &["list_policy_clauses", "read_policy_clause", "list_policy_files", "download_policy_file"],
        ANYONE_WHO_READS_POLICIES,
    ),
    operations(&["read_policy_presentation"], ANYONE_WHO_READS_POLICIES).costing(2),
    operations(&["replace_policy_clause_audience"], CENTRE),
    operations(&["create_policy_file"], CENTRE).costing(5),
    operations(&["list_enterprise_policies"], &[to(Enterprise, Own), to(Staff, All), to(Admin, All)]).costing(2),
    operations(&["read_policy_feed"], EVERYONE),
    // Records that may be the same, and what a person makes of them.
    operations(&["list_duplicates", "create_duplicate", "read_duplicate", "dismiss_duplicate"], CENTRE),
    operations(&["merge_duplicate", "undo_merge"], CENTRE).costing(5),
    // What one was told oneself.
    operations(&["list_notifications", "read_notification", "read_notifications"], PEOPLE),
    // What the service says of itself.
    operations(
        &[
            "list_industries",
            "read_industry",
            "list_regions",
            "read_region",
            "list_problem_types",
            "read_problem_type",
            "read_access_rules",
            "list_keys",
            "read_server_metadata",
            "live",
            "ready",
            "read_harvest_schema",
        ],
        EVERYONE,
    ),
    // The door. What compares secrets costs more.
    operations(&["create_session", "refresh_session", "issue_token", "accept_invitation", "reset_password"], EVERYONE)
        .costing(5),
    // One's own account.
    operations(
        &["read_own_account", "end_session", "end_all_sessions", "begin_second_factor", "confirm_second_factor"],
        PEOPLE,
    ),
    operations(&["remove_second_factor", "renew_recovery_codes"], PEOPLE).strong(),
    operations(&["change_password"], PEOPLE).costing(5),
    // The accounts of others.
    operations(
        &[
            "list_accounts",
            "read_account",
            "amend_account",
            "remove_second_factor_of_account",
            "create_password_reset",
            "list_invitations",
            "create_invitation",
            "revoke_invitation",
        ],
        WHO_RUNS_ACCOUNTS,
    )
    .strong(),
    operations(
        &[
            "list_partners",
            "create_partner",
            "read_partner",
            "replace_partner",
            "create_partner_secret",
            "revoke_partner_secret",
            "list_audit_events",
        ],
        ADMINS,
    )
    .strong(),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_operation_has_one_rule_and_a_role_one_grant_in_it() {
        let mut seen = HashSet::new();
        for rule in rules() {
            for id in rule.what.operations() {
                assert!(seen.insert(id.clone()), "{id} has two rules");
            }
            let roles: HashSet<&str> = rule.grants.iter().map(|grant| grant.role.as_str()).collect();
            assert_eq!(roles.len(), rule.grants.len(), "{:?}", rule.what);
        }
    }

    #[test]
    fn an_admin_may_what_staff_may_and_the_public_is_shown_nothing_personal() {
        for rule in rules() {
            assert!(rule.grant_of(Staff).is_none() || rule.grant_of(Admin).is_some(), "{:?}", rule.what);
            assert!(rule.grant_of(Public).is_none_or(|grant| grant.fields == Fields::Open), "{:?}", rule.what);
            assert!(!rule.strong || rule.grant_of(Public).is_none(), "{:?}", rule.what);
        }
    }
}
