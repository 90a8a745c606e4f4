//! Signatures of messages (Standard Webhooks, "Signature scheme"): HMAC-SHA-256 over id, time and body, one for each secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a secret begins with where it is shown.
const PREFIX: &str = "whsec_";

/// A new secret: 32 random bytes, of the 24 to 64 that the specification asks for.
#[must_use]
pub fn new_secret() -> [u8; 32] {
    rand::random()
}

/// A secret as its owner is shown it.
#[must_use]
pub fn shown(secret: &[u8]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(secret))
}

/// The value of `webhook-signature` for a message that is sent at a time (seconds since 1970).
#[must_use]
pub fn sign(secrets: &[Vec<u8>], id: &str, time: i64, body: &[u8]) -> String {
    let signed = [format!("{id}.{time}.").as_bytes(), body].concat();
    let signatures: Vec<String> = secrets.iter().filter_map(|secret| signature(secret, &signed)).collect();
    signatures.join(" ")
}

fn signature(secret: &[u8], signed: &[u8]) -> Option<String> {
    let mac = Hmac::<Sha256>::new_from_slice(secret).ok()?.chain_update(signed).finalize().into_bytes();
    Some(format!("v1,{}", STANDARD.encode(mac)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification, on which its libraries agree.
    #[test]
    fn a_message_is_signed_as_the_specification_shows() {
        let secret = [1; 24].to_vec();
        assert_eq!(shown(&secret), "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB");
        let body = br#"{"type":"contact.created","timestamp":"2022-11-03T20:26:10.344522Z","data":{"id":"1f81eb52-5198-4599-803e-771906343485"}}"#;
        let header = sign(&[secret], "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", 1_674_087_231, body);
        assert_eq!(header, "v1,YR0kwLVOTYZHq4ZgXGYpi/MoMzVzebep1gSxQXanFMY=");
    }

    #[test]
    fn there_is_one_signature_for_each_secret() {
        let (one, two) = (vec![1; 32], vec![2; 32]);
        let both = sign(&[one.clone(), two.clone()], "a", 1, b"{}");
        assert_eq!(both, format!("{} {}", sign(&[one], "a", 1, b"{}"), sign(&[two], "a", 1, b"{}")));
        assert_eq!(new_secret().len(), 32);
    }
}
