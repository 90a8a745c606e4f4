//! A second factor at sign-in: an authenticator (TOTP, RFC 6238) that a person adds, and recovery codes for the day it is
//! lost. A code is good once.

pub mod routes;
mod store;

use chrono::Utc;
use diesel_async::AsyncPgConnection;
use totp_rs::{Builder, Totp};
use uuid::Uuid;

use super::secret::{Secret, hash};
use crate::problem::{Answer, Problem};

pub use store::{is_confirmed, remove};

/// Bytes of an authenticator's key: as long as what the hash gives (RFC 4226, 4, R6).
const KEY: usize = 20;
/// Codes handed out at once.
const RECOVERY_CODES: usize = 10;
/// Letters of a recovery code: 120 bits, so that its plain hash tells nothing (OWASP ASVS 4.0.3, 2.6.2).
const RECOVERY_LENGTH: usize = 24;
/// RFC 4648, base32: nothing that is taken for something else when it is copied from paper.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What came of asking for a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The account has none.
    NotNeeded,
    Missing,
    Wrong,
    Right,
}

/// What somebody shows as a second factor.
#[derive(Default)]
pub struct Proof {
    /// Six digits of the authenticator.
    pub code: Option<String>,
    pub recovery_code: Option<String>,
}

/// Looks at the proof of an account, and uses it up if it is right.
///
/// # Errors
/// What the database says.
pub async fn check(user: Uuid, proof: &Proof, secret: &Secret, connection: &mut AsyncPgConnection) -> Answer<Shown> {
    let Some(factor) = store::confirmed(user, connection).await? else { return Ok(Shown::NotNeeded) };
    let right = match (&proof.code, &proof.recovery_code) {
        (Some(code), _) => {
            let key =
                secret.open(&factor, user.as_bytes()).ok_or_else(|| Problem::internal("a factor of another secret"))?;
            match step_of(code, key)? {
                Some(step) => store::use_step(user, step, connection).await?,
                None => false,
            }
        }
        (None, Some(code)) => store::use_recovery_code(user, &hash(&plain(code)), connection).await?,
        (None, None) => return Ok(Shown::Missing),
    };
    Ok(if right { Shown::Right } else { Shown::Wrong })
}

/// The time step whose code this is, now or one step before or after.
fn step_of(code: &str, key: Vec<u8>) -> Answer<Option<i64>> {
    let now = u64::try_from(Utc::now().timestamp()).unwrap_or_default();
    let digits = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    let step = authenticator(key, "")?.check(if digits { code } else { "" }, now);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// SHA-1, six digits, thirty seconds: what every authenticator takes.
fn authenticator(key: Vec<u8>, login: &str) -> Answer<Totp> {
    let builder = Builder::new().with_secret(key).with_skew(1).with_account_name(login).with_issuer(Some("Duijie"));
    builder.build().map_err(Problem::internal)
}

/// Recovery codes, in groups to be read, and the hashes that are kept.
fn recovery_codes() -> (Vec<String>, Vec<Vec<u8>>) {
    let code = |_| {
        let letters: [u8; RECOVERY_LENGTH] = rand::random();
        letters.map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).iter().collect::<String>()
    };
    let plain: Vec<String> = (0..RECOVERY_CODES).map(code).collect();
    let hashes = plain.iter().map(|code| hash(code)).collect();
    let grouped = plain.iter().map(|code| {
        let groups: Vec<&str> =
            (0..RECOVERY_LENGTH).step_by(4).filter_map(|start| code.get(start..start + 4)).collect();
        groups.join("-")
    });
    (grouped.collect(), hashes)
}

/// A recovery code as it was made, however it was typed.
fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() -> Result<(), Box<dyn std::error::Error>> {
        // Appendix B, SHA-1; six digits of the eight.
        let totp = authenticator(b"12345678901234567890".to_vec(), "li").map_err(|problem| problem.to_string())?;
        for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(totp.generate(time).to_string(), code);
            assert!(totp.check(code, time + 30).is_some() && totp.check(code, time + 90).is_none());
        }
        Ok(())
    }

    #[test]
    fn a_recovery_code_is_read_however_it_was_typed() {
        let (codes, hashes) = recovery_codes();
        assert_eq!((codes.len(), hashes.len()), (RECOVERY_CODES, RECOVERY_CODES));
        for (code, kept) in codes.iter().zip(&hashes) {
            assert_eq!(code.len(), RECOVERY_LENGTH + 5);
            assert_eq!(&hash(&plain(&code.to_lowercase().replace('-', " "))), kept);
        }
        assert_ne!(codes[0], codes[1]);
    }
}
