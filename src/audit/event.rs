//! What is noted of an event.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::{Address, Trace};
use crate::identity::Caller;
use crate::problem::FieldFault;
use crate::registry::fields::vocabulary;

vocabulary! {
    /// What happened.
    Action {
        SignedIn = "signed_in",
        SignInFailed = "sign_in_failed",
        SignedOut = "signed_out",
        SessionReused = "session_reused",
        TokenIssued = "token_issued",
        TokenRefused = "token_refused",
        Refused = "refused",
        PersonalDataViewed = "personal_data_viewed",
        RecordCreated = "record_created",
        RecordChanged = "record_changed",
        RecordDeleted = "record_deleted",
        InvitationCreated = "invitation_created",
        InvitationRevoked = "invitation_revoked",
        AccountCreated = "account_created",
        AccountChanged = "account_changed",
        PasswordChanged = "password_changed",
        PasswordResetCreated = "password_reset_created",
        PasswordReset = "password_reset",
        SecondFactorAdded = "second_factor_added",
        SecondFactorRemoved = "second_factor_removed",
        RecoveryCodesRenewed = "recovery_codes_renewed",
        PartnerCreated = "partner_created",
        PartnerChanged = "partner_changed",
        PartnerSecretCreated = "partner_secret_created",
        PartnerSecretRevoked = "partner_secret_revoked",
        KeysRotated = "keys_rotated",
        AuditRead = "audit_read",
        MatchingRunCreated = "matching_run_created",
        MatchingRunCancelled = "matching_run_cancelled",
        MatchingRunDownloaded = "matching_run_downloaded",
        ImportCreated = "import_created",
        ImportCancelled = "import_cancelled",
        ImportMappingChanged = "import_mapping_changed",
        DockingCreated = "docking_created",
        DockingMoved = "docking_moved",
        DockingMoveUndone = "docking_move_undone",
        DockingChanged = "docking_changed",
        DockingContactAdded = "docking_contact_added",
        DockingFileAdded = "docking_file_added",
        DockingFileDownloaded = "docking_file_downloaded",
        EventCreated = "event_created",
        EventChanged = "event_changed",
        EventScheduled = "event_scheduled",
        ParticipantInvited = "participant_invited",
        ParticipantChanged = "participant_changed",
        CentreChanged = "centre_changed",
        ExpertTeamCreated = "expert_team_created",
        ExpertTeamChanged = "expert_team_changed",
        TeamMemberInvited = "team_member_invited",
        TeamMemberChanged = "team_member_changed",
        TeamMemberRemoved = "team_member_removed",
        TeamVisitAdded = "team_visit_added",
        TeamVisitChanged = "team_visit_changed",
        PatentCaseCreated = "patent_case_created",
        PatentCaseChanged = "patent_case_changed",
        PatentCaseMoved = "patent_case_moved",
        PatentLetterAdded = "patent_letter_added",
        PatentLetterChanged = "patent_letter_changed",
        PatentDeadlineMarked = "patent_deadline_marked",
        PatentFeeAdded = "patent_fee_added",
        PatentFeeChanged = "patent_fee_changed",
        PatentDocumentAdded = "patent_document_added",
        PatentDocumentDownloaded = "patent_document_downloaded",
        CalendarChanged = "calendar_changed",
        PolicyClauseConfirmed = "policy_clause_confirmed",
        PolicyFileAdded = "policy_file_added",
        WebhookCreated = "webhook_created",
        WebhookChanged = "webhook_changed",
        WebhookDeleted = "webhook_deleted",
        WebhookSecretCreated = "webhook_secret_created",
        WebhookSecretRemoved = "webhook_secret_removed",
        WebhookReplayed = "webhook_replayed",
        DuplicateReported = "duplicate_reported",
        DuplicateDismissed = "duplicate_dismissed",
        RecordsMerged = "records_merged",
        MergeUndone = "merge_undone",
    }
}

/// Who, from where, on which request.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The account; none for the public and for whoever runs the program.
    pub actor: Option<Uuid>,
    /// `operator` for whoever runs the program.
    pub role: &'static str,
    pub session: Option<Uuid>,
    pub address: Option<String>,
    pub request_id: Option<String>,
}

impl Origin {
    /// The origin of a request by the caller that the gate found, or by nobody that is known.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let extensions = request.extensions();
        let caller = extensions.get::<Caller>();
        Self {
            actor: caller.and_then(Caller::user),
            role: caller.map_or("public", |caller| caller.role().as_str()),
            session: caller.and_then(Caller::session),
            address: Some(Address::of(request).0.to_string()),
            request_id: extensions.get::<Trace>().map(|trace| trace.request_id.clone()),
        }
    }

    /// Whoever runs the program on its machine.
    #[must_use]
    pub fn operator() -> Self {
        Self { role: "operator", ..Self::default() }
    }

    /// The same request, by the account that it turned out to be.
    #[must_use]
    pub fn by(&self, account: Uuid, role: &'static str) -> Self {
        Self { actor: Some(account), role, ..self.clone() }
    }
}

impl FromRequest for Origin {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// One event to be noted.
#[derive(Clone, Debug)]
pub struct Event {
    pub action: Action,
    /// The kind and the id of what it is about.
    pub target: Option<(&'static str, String)>,
    pub details: Value,
}

impl Event {
    #[must_use]
    pub fn new(action: Action) -> Self {
        Self { action, target: None, details: Value::Object(Map::new()) }
    }

    /// What it is about, if that is known.
    #[must_use]
    pub fn about(mut self, kind: &'static str, id: Option<&str>) -> Self {
        self.target = id.map(|id| (kind, printable(id)));
        self
    }

    /// The same for what has an id of ours.
    #[must_use]
    pub fn about_id(self, kind: &'static str, id: Uuid) -> Self {
        self.about(kind, Some(&id.to_string()))
    }

    /// More about it: an object, without secrets and without personal data.
    #[must_use]
    pub fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}

/// What a caller sent may be anything: no control characters, and not without end.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}
