//! Is the audit log whole? Every hash is computed anew, outside the database.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::database::schema::audit_events;

/// Events read at once.
const BATCH: i64 = 5_000;

/// Where a chain ends. Noted elsewhere, it shows later that nothing was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub seq: i64,
    pub hash: [u8; 32],
}

impl fmt::Display for Head {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:", self.seq)?;
        self.hash.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// `SEQ:HASH` as it is printed.
impl FromStr for Head {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a head is a number, a colon and 64 hexadecimal digits";
        let (seq, digits) = text.trim().split_once(':').filter(|(_, digits)| digits.len() == 64).ok_or(WRONG)?;
        let mut hash = [0; 32];
        for (place, byte) in hash.iter_mut().enumerate() {
            let pair = digits.get(2 * place..2 * place + 2).ok_or(WRONG)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| WRONG)?;
        }
        Ok(Self { seq: seq.parse().map_err(|_| WRONG)?, hash })
    }
}

/// What came of looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// Every event is as it was noted; the head, if there are any.
    Whole(Option<Head>),
    /// The first event that is missing, was rewritten, or does not follow the one before.
    Broken { at: i64 },
    /// The log ends before the head that was noted elsewhere, or holds another event in its place.
    CutOff { noted: i64 },
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_events)]
struct Kept {
    seq: i64,
    at: DateTime<Utc>,
    action: String,
    actor: Option<Uuid>,
    role: String,
    session: Option<Uuid>,
    address: Option<String>,
    target_kind: Option<String>,
    target_id: Option<String>,
    request_id: Option<String>,
    details: String,
    hash: Vec<u8>,
}

impl Kept {
    /// The hash of the one before and of each field, its length before it, so that nothing can move between fields.
    fn expected(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut hasher = Sha256::new().chain_update(previous);
        let fields = [
            Some(self.seq.to_string()),
            Some(self.at.timestamp_micros().to_string()),
            Some(self.action.clone()),
            self.actor.map(|id| id.to_string()),
            Some(self.role.clone()),
            self.session.map(|id| id.to_string()),
            self.address.clone(),
            self.target_kind.clone(),
            self.target_id.clone(),
            self.request_id.clone(),
            Some(self.details.clone()),
        ];
        for field in fields {
            hasher.update(field.map_or_else(|| "-,".to_owned(), |text| format!("{}:{text},", text.len())));
        }
        hasher.finalize().into()
    }
}

/// Reads the whole log and looks whether it is as it was noted, up to the head noted elsewhere if there is one.
///
/// # Errors
/// What the database says.
pub async fn verify(noted: Option<Head>, connection: &mut AsyncPgConnection) -> QueryResult<Chain> {
    let mut last = Head { seq: 0, hash: [0; 32] };
    let mut found = noted.is_none();
    loop {
        let batch: Vec<Kept> = audit_events::table
            .filter(audit_events::seq.gt(last.seq))
            .order(audit_events::seq)
            .limit(BATCH)
            .select(Kept::as_select())
            .load(connection)
            .await?;
        if batch.is_empty() {
            break;
        }
        for event in batch {
            let hash = event.expected(&last.hash);
            if event.seq != last.seq + 1 || event.hash != hash {
                return Ok(Chain::Broken { at: last.seq + 1 });
            }
            last = Head { seq: event.seq, hash };
            found |= noted == Some(last);
        }
    }
    Ok(match noted {
        Some(noted) if !found => Chain::CutOff { noted: noted.seq },
        _ => Chain::Whole((last.seq > 0).then_some(last)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_printed() {
        let head = Head { seq: 7, hash: [0xab; 32] };
        assert_eq!(head.to_string().parse(), Ok(head));
        for wrong in [
            "",
            "7",
            "7:ab",
            "x:".to_owned().as_str(),
            &format!("7:{}", "g".repeat(64)),
            &format!("7:{}", "é".repeat(32)),
        ] {
            assert!(wrong.parse::<Head>().is_err(), "{wrong}");
        }
    }
}
