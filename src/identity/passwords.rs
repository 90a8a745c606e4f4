//! Passwords, kept as argon2id in PHC form.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};

/// NIST SP 800-63B, 3.1.1.2: at least eight characters, and long ones are welcome.
pub const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;

/// A password that nobody has, verified for unknown logins, so that they take as long as known ones.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash("nobody has this password").ok());

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has 8 to 128 characters")]
    Length,
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

/// Hashes a password with the parameters that OWASP names (19 MiB, 2 passes, 1 lane) and a salt of its own.
///
/// # Errors
/// If its length is outside [`LENGTH`].
pub fn hash(password: &str) -> Result<String, PasswordError> {
    if !LENGTH.contains(&password.chars().count()) {
        return Err(PasswordError::Length);
    }
    let hashed = Argon2::default().hash_password(password.as_bytes());
    hashed.map(|hash| hash.to_string()).map_err(|error| PasswordError::Hash(error.to_string()))
}

/// Is this the password? Takes as long whether or not there is a hash to compare with.
#[must_use]
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    let known = hash.is_some();
    let compared = hash.or(NOBODY.as_deref()).and_then(|hash| PasswordHash::new(hash).ok());
    let right = compared.is_some_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
    known && right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_right_only_for_its_own_hash() -> Result<(), PasswordError> {
        let kept = hash("correct horse")?;
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify("correct horse", Some(&kept)));
        assert!(!verify("correct hors", Some(&kept)));
        assert!(!verify("nobody has this password", None));
        Ok(())
    }

    #[test]
    fn lengths_count_characters() {
        assert!(matches!(hash("七个字的密码呀"), Err(PasswordError::Length)));
        assert!(hash("八个字的密码可以").is_ok());
    }
}
