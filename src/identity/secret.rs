//! The service's own secret: what seals the private keys in the database, and never lies there itself.

use std::io::Write;
use std::path::Path;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// Bytes of a nonce of XChaCha20-Poly1305: long enough to be drawn at random.
const NONCE: usize = 24;

#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("the secret must be 32 bytes in base64; make one with: openssl rand -base64 32")]
    Format,
    #[error("the secret cannot be kept in {file}: {source}")]
    File { file: String, source: std::io::Error },
}

/// 32 bytes that nobody else knows.
#[derive(Clone)]
pub struct Secret([u8; 32]);

/// It is never shown, whatever is logged.
impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret")
    }
}

impl FromStr for Secret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| SecretError::Format)?;
        bytes.try_into().map(Self).map_err(|_| SecretError::Format)
    }
}

impl Secret {
    /// The secret kept in a data folder, made at the first start, readable by this account only.
    ///
    /// # Errors
    /// If the file cannot be read or written, or holds no secret.
    pub fn kept_in(folder: &Path) -> Result<Self, SecretError> {
        use std::os::unix::fs::OpenOptionsExt;
        let file = folder.join("secret");
        let failed = |source| SecretError::File { file: file.display().to_string(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
        match made {
            Ok(mut new) => {
                let secret = Self(rand::random());
                new.write_all(STANDARD.encode(secret.0).as_bytes()).and_then(|()| new.sync_all()).map_err(failed)?;
                Ok(secret)
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                std::fs::read_to_string(&file).map_err(failed)?.parse()
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Seals bytes for a purpose; only the same secret and purpose open them.
    #[must_use]
    pub fn seal(&self, bytes: &[u8], purpose: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE] = rand::random();
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), Payload { msg: bytes, aad: purpose }).ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// What was sealed; nothing under another secret or for another purpose.
    #[must_use]
    pub fn open(&self, sealed: &[u8], purpose: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        self.cipher().decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: purpose }).ok()
    }

    /// A number for bytes and a purpose (HMAC-SHA-256, RFC 2104), which nobody finds without the secret.
    #[must_use]
    pub fn digest(&self, bytes: &[u8], purpose: &[u8]) -> [u8; 32] {
        let keyed = |key: &[u8], text: &[u8]| -> [u8; 32] {
            // A key of any length is one (RFC 2104, section 2).
            let mac = Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(text).finalize().into_bytes());
            mac.map(Into::into).unwrap_or_default()
        };
        keyed(&keyed(&self.0, purpose), bytes)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

/// A secret of somebody else's: random bits, shown once and kept as their SHA-256. There are too many to be guessed, so
/// that a slow hash would gain nothing.
pub struct OneTime(String);

impl OneTime {
    /// 256 random bits.
    #[must_use]
    pub fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        hash(&self.0)
    }

    /// The secret, to be sent to whom it is for.
    #[must_use]
    pub fn reveal(self) -> String {
        self.0
    }
}

impl Default for OneTime {
    fn default() -> Self {
        Self::new()
    }
}

/// The SHA-256 under which a random secret is kept.
#[must_use]
pub fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_and_purpose_open_what_was_sealed() -> Result<(), Box<dyn std::error::Error>> {
        let (ours, theirs) = (Secret([1; 32]), Secret([2; 32]));
        let sealed = ours.seal(b"key", b"a").ok_or("nothing sealed")?;
        assert_eq!(ours.open(&sealed, b"a").as_deref(), Some(b"key".as_slice()));
        assert_eq!(ours.open(&sealed, b"b"), None);
        assert_eq!(theirs.open(&sealed, b"a"), None);
        assert_eq!(ours.open(&sealed[..10], b"a"), None);
        assert_ne!(Some(sealed), ours.seal(b"key", b"a"));
        Ok(())
    }

    #[test]
    fn a_number_is_of_a_secret_and_a_purpose() {
        let (ours, theirs) = (Secret([1; 32]), Secret([2; 32]));
        assert_eq!(ours.digest(b"x", b"a"), ours.digest(b"x", b"a"));
        for other in [ours.digest(b"y", b"a"), ours.digest(b"x", b"b"), theirs.digest(b"x", b"a"), [0; 32]] {
            assert_ne!(ours.digest(b"x", b"a"), other);
        }
    }

    #[test]
    fn a_folder_keeps_one_secret() -> Result<(), Box<dyn std::error::Error>> {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir()?;
        let (first, second) = (Secret::kept_in(folder.path())?, Secret::kept_in(folder.path())?);
        assert_eq!(first.0, second.0);
        assert_eq!(std::fs::metadata(folder.path().join("secret"))?.permissions().mode() & 0o777, 0o600);
        assert_eq!(format!("{first:?}"), "Secret");
        assert!("c2hvcnQ=".parse::<Secret>().is_err());
        Ok(())
    }
}
