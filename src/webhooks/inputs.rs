//! What is said of a webhook.

use deserr::Deserr;
use utoipa::ToSchema;

use super::WebhookEvent;
use crate::changes::Position;
use crate::identity::Role;
use crate::problem::{Faults, FieldFault, Problem};
use crate::registry::fields::at_least_one;

/// Where to send what.
#[derive(Clone, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"url": "https://partner.example.com/duijie", "types": ["result.changed", "demand.changed"]}))]
pub struct NewWebhook {
    /// A public https address without user or fragment, on port 443 or from 1024 on.
    #[schema(
        max_length = 2000,
        pattern = r"^https?://[^/\\?@#\s\u0000-\u001f\u007f-\u009f][^#\s\u0000-\u001f\u007f-\u009f]*$"
    )]
    pub url: String,
    /// What is sent. Partner sites are sent changes of records alone.
    #[deserr(try_from(Vec<WebhookEvent>) = at_least_one::<20, _> -> FieldFault)]
    #[schema(value_type = HashSet<WebhookEvent>, min_items = 1, max_items = 20)]
    pub types: Vec<WebhookEvent>,
    /// One that is off is sent nothing, and goes on where it stood once it is on again.
    #[deserr(default = true)]
    #[schema(default = true, required = false)]
    pub enabled: bool,
}

/// From where on to send again.
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(example = json!({"after": "q83vEjRWeJAAAAAAAAAAKgAAAAAAAAAB"}))]
pub struct NewReplay {
    /// A position that a message, an export or the change feed gave.
    #[deserr(try_from(String) = parse_position -> FieldFault)]
    #[schema(value_type = String, max_length = 40, pattern = "^[A-Za-z0-9_-]{32}$")]
    pub after: Position,
}

impl NewWebhook {
    /// # Errors
    /// `invalid-input` for what somebody in the role is not sent.
    pub fn allow(&self, role: Role) -> Result<(), Problem> {
        match self.types.iter().position(|event| !event.is_for(role)) {
            None => Ok(()),
            Some(place) => {
                let (zh, en) = ("合作站点只能订阅记录的变更", "partner sites are sent changes of records alone");
                let fault = FieldFault::new("not_for_role", zh, en);
                Err(Problem::invalid_field(&format!("/types/{place}"), fault))
            }
        }
    }
}

fn parse_position(text: String) -> Result<Position, FieldFault> {
    Position::parse(&text)
}
