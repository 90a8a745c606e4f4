//! Resumption tokens: all that the next answer needs, so that nothing is kept for a harvester and a token is good for ever.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::MetadataFormat;
use super::arguments::Selection;

/// A selection as it is written in a token.
#[derive(Serialize, Deserialize)]
pub struct Token(MetadataFormat, Option<i64>, Option<i64>, Option<String>, Uuid, u64);

impl Token {
    /// The token by which a selection goes on after a record, so many having been given.
    #[must_use]
    pub fn written(selection: &Selection, last: Uuid, given: u64) -> String {
        let seconds = |moment: Option<DateTime<_>>| moment.map(|moment| moment.timestamp());
        let (from, until) = (seconds(selection.from), seconds(selection.until));
        let token = Self(selection.format, from, until, selection.set.clone(), last, given);
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
    }

    /// The selection of a token, if it is one.
    #[must_use]
    pub fn read(token: &str) -> Option<Selection> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let Self(format, from, until, set, last, given) = serde_json::from_slice(&bytes).ok()?;
        let moment =
            |seconds: Option<i64>| seconds.map_or(Some(None), |seconds| DateTime::from_timestamp(seconds, 0).map(Some));
        Some(Selection { format, from: moment(from)?, until: moment(until)?, set, after: Some((last, given)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back() {
        let selection = Selection {
            format: MetadataFormat::Fields,
            from: DateTime::from_timestamp(1_700_000_000, 0),
            until: None,
            set: Some("discipline:460".to_owned()),
            after: None,
        };
        let token = Token::written(&selection, Uuid::max(), 300);
        assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'), "{token}");
        assert_eq!(Token::read(&token), Some(Selection { after: Some((Uuid::max(), 300)), ..selection }));
        for wrong in ["", "x", "e30", &token[..token.len() - 4]] {
            assert_eq!(Token::read(wrong), None, "{wrong}");
        }
    }
}
