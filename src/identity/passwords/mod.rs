//! Passwords: the rules for new ones (NIST SP 800-63B, 3.1.1.2) and their hashes, argon2id in PHC form.

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use unicode_normalization::UnicodeNormalization;

use crate::problem::FieldFault;

/// At least eight characters, and long ones are welcome. No other rule of composition.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;

/// The most used ones, which whoever guesses tries first.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common.txt").lines().filter(|line| !line.starts_with('#')).collect());

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    #[error("the cost of passwords is given as m=19456,t=2,p=1: KiB, passes, lanes; never below that")]
    Cost,
}

/// A password that somebody may take, in NFKC, so that it is the same from every keyboard.
pub struct NewPassword(String);

impl NewPassword {
    /// # Errors
    /// `too_short`, `too_long`, or `common` for one of the most used ones and for the login itself.
    pub fn parse(text: &str, login: &str) -> Result<Self, FieldFault> {
        let password: String = text.nfkc().collect();
        let length = password.chars().count();
        if length < *LENGTH.start() {
            return Err(FieldFault::new("too_short", "密码至少 8 个字符", "a password has at least 8 characters"));
        }
        if length > *LENGTH.end() {
            return Err(FieldFault::new("too_long", "密码至多 128 个字符", "a password has at most 128 characters"));
        }
        let lower = password.to_lowercase();
        if lower == login || COMMON.contains(lower.as_str()) {
            return Err(FieldFault::new(
                "common",
                "这个密码太常见，容易被猜到，请换一个",
                "this password is among those that are guessed first; choose another",
            ));
        }
        Ok(Self(password))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How dear a hash is. By default what OWASP names: 19 MiB, 2 passes, 1 lane.
#[derive(Clone, Debug, Default)]
pub struct Cost(Params);

impl FromStr for Cost {
    type Err = PasswordError;

    fn from_str(text: &str) -> Result<Self, PasswordError> {
        let mut numbers = text.split(',').zip(["m=", "t=", "p="]);
        let mut next = || numbers.next().and_then(|(part, name)| part.trim().strip_prefix(name)?.parse().ok());
        let (Some(m), Some(t), Some(p)) = (next(), next(), next()) else { return Err(PasswordError::Cost) };
        let params = Params::new(m, t, p, None).map_err(|_| PasswordError::Cost)?;
        let least = Params::default();
        let enough = m >= least.m_cost() && t >= least.t_cost() && p >= least.p_cost() && text.split(',').count() == 3;
        if enough { Ok(Self(params)) } else { Err(PasswordError::Cost) }
    }
}

/// Hashes and compares passwords at a cost.
pub struct Passwords {
    argon2: Argon2<'static>,
    /// A hash that no password has: verified for unknown logins, so that they take as long as known ones.
    nobody: String,
}

/// What came of comparing a password with a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    Wrong,
    Right,
    /// Right, but hashed when hashing was cheaper: to be hashed anew.
    Cheap,
}

impl Passwords {
    #[must_use]
    pub fn new(cost: &Cost) -> Self {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.0.clone());
        let (m, t, p) = (cost.0.m_cost(), cost.0.t_cost(), cost.0.p_cost());
        // Nothing that anybody types hashes to nothing but zeros.
        let nobody = format!("$argon2id$v=19$m={m},t={t},p={p}$bm9ib2R5IGhhcyBpdA${}", "A".repeat(43));
        Self { argon2, nobody }
    }

    /// The hash of a password, with a salt of its own.
    ///
    /// # Errors
    /// What the hashing library says.
    pub fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let hash = self.argon2.hash_password(password.nfkc().collect::<String>().as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|error| PasswordError::Hash(error.to_string()))
    }

    /// Is this the password? Takes as long whether or not there is a hash to compare with.
    #[must_use]
    pub fn compare(&self, password: &str, hash: Option<&str>) -> Compared {
        let password: String = password.nfkc().collect();
        let Ok(kept) = PasswordHash::new(hash.unwrap_or(&self.nobody)) else { return Compared::Wrong };
        let right = self.argon2.verify_password(password.as_bytes(), &kept).is_ok();
        if hash.is_none() || !right {
            return Compared::Wrong;
        }
        if self.is_dearer_than(&kept) { Compared::Cheap } else { Compared::Right }
    }

    fn is_dearer_than(&self, kept: &PasswordHash) -> bool {
        let now = self.argon2.params();
        Params::try_from(kept).is_ok_and(|then| then.m_cost() < now.m_cost() || then.t_cost() < now.t_cost())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<&'static str> {
        NewPassword::parse(text, "zhao-lixin").err().map(|fault| fault.code)
    }

    #[test]
    fn a_password_is_right_only_for_its_own_hash() -> Result<(), PasswordError> {
        let passwords = Passwords::new(&Cost::default());
        let kept = passwords.hash("correct horse")?;
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(passwords.compare("correct horse", Some(&kept)), Compared::Right);
        assert_eq!(passwords.compare("ｃorrect horse", Some(&kept)), Compared::Right);
        assert_eq!(passwords.compare("correct hors", Some(&kept)), Compared::Wrong);
        // An unknown login is compared with a hash like any other.
        let alike = |hash: &str| {
            let hash = PasswordHash::new(hash).expect("a hash");
            let output = hash.hash.map(|output| output.as_bytes().len());
            (Params::try_from(&hash).ok(), hash.algorithm.to_string(), hash.version, output)
        };
        assert_eq!(alike(&passwords.nobody), alike(&kept));
        assert_eq!(passwords.compare("", None), Compared::Wrong);
        Ok(())
    }

    #[test]
    fn a_hash_from_cheaper_days_is_told() -> Result<(), PasswordError> {
        let kept = Passwords::new(&Cost::default()).hash("correct horse")?;
        let dearer = Passwords::new(&"m=20480,t=3,p=1".parse()?);
        assert_eq!(dearer.compare("correct horse", Some(&kept)), Compared::Cheap);
        assert_eq!(dearer.compare("correct horse", Some(&dearer.hash("correct horse")?)), Compared::Right);
        Ok(())
    }

    #[test]
    fn a_cost_is_never_below_what_is_recommended() {
        for wrong in
            ["", "m=19456", "m=8,t=1,p=1", "m=19456,t=1,p=1", "t=2,m=19456,p=1", "m=19456,t=2,p=1,x=1", "m=x,t=2,p=1"]
        {
            assert!(wrong.parse::<Cost>().is_err(), "{wrong}");
        }
        assert!("m=65536,t=3,p=2".parse::<Cost>().is_ok());
    }

    #[test]
    fn a_new_password_is_long_enough_and_not_guessed_first() {
        assert_eq!(COMMON.len(), 10_000);
        assert_eq!(code("七个字的密码呀"), Some("too_short"));
        assert_eq!(code(&"长".repeat(129)), Some("too_long"));
        for common in ["iloveyou", "Password1", "1qaz2wsx3edc", "zhao-lixin", "ZHAO-lixin"] {
            assert_eq!(code(common), Some("common"), "{common}");
        }
        for good in ["八个字的密码可以", "correct horse battery", "        x"] {
            assert_eq!(code(good), None, "{good}");
        }
    }
}
