//! One-time links: an invitation makes an account, a reset gives an account another password.
//!
//! A link bears 256 random bits behind `#`, where browsers keep them to themselves; the service keeps their hash alone.
//! Who made the link hands it over: face to face, by phone or by letter.

pub mod routes;
mod store;

use chrono::TimeDelta;

use super::secret::OneTime;

/// An invitation is good for a week.
const INVITATION: TimeDelta = TimeDelta::days(7);
/// A reset for a day.
const RESET: TimeDelta = TimeDelta::days(1);

/// What a link is for; the page that it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Invitation,
    PasswordReset,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::PasswordReset => "password_reset",
        }
    }

    /// The link to be handed over.
    fn link(self, base: &str, token: OneTime) -> String {
        let page = match self {
            Self::Invitation => "invitation",
            Self::PasswordReset => "password-reset",
        };
        format!("{base}/{page}#{}", token.reveal())
    }
}
